import { describe, expect, test } from "vitest";
import { parseFixture } from "./fixture.ts";
import { compareWithMarkers, parseMarkers } from "./markers.ts";

const tree = parseFixture(`
  //- /fs/foo/inode.c
  void f(void)
  {
  	g(); /* expect: dirty-under-memalloc error, nofail-under-memalloc error? */
  }
`);

describe("markers", () => {
  test("are read with file, line, rule, severity and whether they are required", () => {
    expect(parseMarkers(tree)).toEqual([
      { file: "fs/foo/inode.c", line: 3, rule: "dirty-under-memalloc", severity: "error", required: true },
      { file: "fs/foo/inode.c", line: 3, rule: "nofail-under-memalloc", severity: "error", required: false },
    ]);
  });

  test("that are mistyped are an error, not an expectation of nothing", () => {
    const bad = (entry: string) => parseFixture(`//- /a.c\nint a; /* expect: ${entry} */\n`);
    expect(() => parseMarkers(bad("dirty-under-memaloc error"))).toThrow(/a\.c:1: unknown rule/);
    expect(() => parseMarkers(bad("dirty-under-memalloc"))).toThrow(/not a marker entry/);
  });

  test("are compared in both directions: a miss and a false alarm both show", () => {
    const at = (line: number, rule: "dirty-under-memalloc" | "deferred-work") =>
      ({ file: "fs/foo/inode.c", line, rule, staticSeverity: "error" }) as const;
    expect(compareWithMarkers([at(3, "dirty-under-memalloc")], parseMarkers(tree))).toEqual([]);
    expect(compareWithMarkers([at(4, "deferred-work")], parseMarkers(tree))).toEqual([
      "missing: fs/foo/inode.c:3 dirty-under-memalloc error",
      "unexpected: fs/foo/inode.c:4 deferred-work error",
    ]);
  });
});
