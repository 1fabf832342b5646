/** The mutants as data: every rule has its three, their anchors stand in the tree, and edits do what they say. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RULE_IDS } from "../../../server/src/core/report/finding.ts";
import { describeWith, pathOf } from "../../support/requirements.ts";
import { ALL_MUTANTS } from "./all-mutants.ts";
import { applyEdits, groupMutants, overlayOf } from "./mutant.ts";

describe("mutants", () => {
  test.each(RULE_IDS)("%s has at least two that must be found, one of them deep, and one guarded", (rule) => {
    const own = ALL_MUTANTS.filter((mutant) => mutant.rule === rule);
    expect(own.filter((mutant) => mutant.found).length).toBeGreaterThanOrEqual(2);
    expect(own.some((mutant) => mutant.kind === "deep")).toBe(true);
    expect(own.some((mutant) => mutant.kind === "guarded" && !mutant.found)).toBe(true);
  });

  test("groups never touch a filesystem twice, nor a file by different edits", () => {
    const groups = groupMutants(ALL_MUTANTS);
    expect(groups.flat()).toHaveLength(ALL_MUTANTS.length);
    for (const group of groups) {
      expect(new Set(group.map((mutant) => mutant.filesystem)).size).toBe(group.length);
      const edits = new Set(group.flatMap((mutant) => mutant.edits));
      for (const file of new Set([...edits].map((edit) => edit.file))) {
        const touching = group.filter((mutant) => mutant.edits.some((edit) => edit.file === file));
        const lists = touching.map((mutant) => mutant.edits.filter((edit) => edit.file === file));
        for (const list of lists) expect(list).toEqual(lists[0]);
      }
    }
  });

  const TEXT =
    "int g;\n\nstatic void f(struct inode *inode)\n{\n\ta();\n\tb();\n\tb();\n}\n\nstruct t t = {\n\t.x = 1,\n};\n";

  test("edits go where they say", () => {
    const edit = (rest: object) => applyEdits(TEXT, [{ file: "a.c", function: "f", text: "X", at: "start", ...rest }]);
    expect(edit({ at: "above" })).toContain("Xstatic void f(");
    expect(edit({ at: "start" })).toContain("{X\n\ta();");
    expect(edit({ at: "after", anchor: "a();" })).toContain("a();X\n");
    expect(edit({ at: "before", anchor: "a();" })).toContain("\tXa();");
    expect(edit({ at: "replace", anchor: "a();" })).toContain("{\n\tX\n\tb();");
    expect(applyEdits(TEXT, [{ file: "a.c", table: "t", at: "start", text: "X" }])).toContain("t = {X\n\t.x");
  });

  test("a missing or ambiguous anchor is an error", () => {
    const edit = { file: "a.c", function: "f", at: "after", text: "X" } as const;
    expect(() => applyEdits(TEXT, [{ ...edit, anchor: "b();" }])).toThrow(/not unique/);
    expect(() => applyEdits(TEXT, [{ ...edit, anchor: "c();" }])).toThrow(/no "c\(\);"/);
    expect(() => applyEdits(TEXT, [{ ...edit, function: "h", anchor: "a();" }])).toThrow(/no definition/);
  });
});

describeWith("kernel-6.12", "on Linux 6.12", () => {
  test.each(ALL_MUTANTS.map((mutant) => [mutant.id, mutant] as const))("%s finds its anchors", (_, mutant) => {
    const tree = pathOf("kernel-6.12");
    const read = (path: string) => readFileSync(join(tree, path), "utf8");
    for (const [path, text] of overlayOf([mutant], read)) expect(text).not.toBe(read(path));
  });
});
