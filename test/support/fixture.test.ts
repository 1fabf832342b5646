import { describe, expect, test } from "vitest";
import { parseFixture, takeCursor } from "./fixture.ts";

describe("parseFixture", () => {
  test("splits a string at its headers and removes the common indent", () => {
    const tree = parseFixture(`
      //- /fs/foo/inode.c
      int a;
        int b;

      //- /fs/foo/foo.h
      int c;
    `);
    expect([...tree]).toEqual([
      ["fs/foo/inode.c", "int a;\n  int b;\n"],
      ["fs/foo/foo.h", "int c;\n"],
    ]);
  });

  test("refuses text before the first header and two files of one name", () => {
    expect(() => parseFixture("int a;\n//- /a.c\n")).toThrow(/before the first/);
    expect(() => parseFixture("//- /a.c\n//- /a.c\n")).toThrow(/two files named a\.c/);
  });
});

test("takeCursor tells where $0 stood, 1-based", () => {
  expect(takeCursor("int a;\nint $0b;\n")).toEqual({ text: "int a;\nint b;\n", offset: 11, line: 2, column: 5 });
  expect(() => takeCursor("int a;")).toThrow(/no \$0/);
  expect(() => takeCursor("$0 $0")).toThrow(/two/);
});
