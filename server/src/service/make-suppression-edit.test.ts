import { expect, test } from "vitest";
import { makeSuppressionEdit, REASON_LIMIT, refuseReason } from "./make-suppression-edit.ts";

function edit(text: string, anchor: number, reason = "it is safe"): string {
  const lines = text.split(/(?<=\n)/);
  const made = makeSuppressionEdit({
    rule: "iput-under-evict",
    reason,
    anchor,
    lineAt: (line) => lines[line] ?? "",
  });
  if ("refusal" in made) return `refused: ${made.refusal}`;
  const { range, newText } = made.edit;
  expect(range.start).toEqual({ line: anchor, character: 0 });
  lines.splice(anchor, 0, newText);
  return lines.join("");
}

test("the comment stands above the anchor, indented as it is", () => {
  expect(edit("{\n\t\tiput(inode);\n}\n", 1)).toBe(
    "{\n\t\t/* evictscope: allow(iput-under-evict): it is safe */\n\t\tiput(inode);\n}\n",
  );
});

test("the first line of a file works, too", () => {
  expect(edit("iput(inode);\n", 0)).toBe("/* evictscope: allow(iput-under-evict): it is safe */\niput(inode);\n");
});

test("CRLF stays CRLF", () => {
  expect(edit("{\r\n\tiput(inode);\r\n}\r\n", 1)).toBe(
    "{\r\n\t/* evictscope: allow(iput-under-evict): it is safe */\r\n\tiput(inode);\r\n}\r\n",
  );
});

test("inside a macro the new line is continued", () => {
  expect(edit("#define DROP(i) \\\n\tiput(i); \\\n\tdone()\n", 1)).toBe(
    "#define DROP(i) \\\n\t/* evictscope: allow(iput-under-evict): it is safe */ \\\n\tiput(i); \\\n\tdone()\n",
  );
});

test("the reason is trimmed, and refused when it is none", () => {
  expect(edit("iput(i);\n", 0, "  why  ")).toContain("): why */");
  expect(edit("iput(i);\n", 0, " ")).toMatch(/^refused: A reason is required/);
  expect(refuseReason("x".repeat(REASON_LIMIT + 1))).toMatch(/at most 300/);
  expect(refuseReason("a */ b")).toMatch(/\*\//);
  expect(refuseReason("fine")).toBeNull();
});
