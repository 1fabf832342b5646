import { expect, test } from "vitest";
import { NameTable } from "../text/name-table.ts";
import { scanSkeleton } from "./skeleton.ts";

/** The text of each function, and the names of the structs, that the skeleton finds. */
function outline(text: string) {
  const names = new NameTable();
  const skeleton = scanSkeleton(new TextEncoder().encode(text), names);
  return {
    functions: skeleton.functions.map(({ start, end }) => text.slice(start, end)),
    structs: skeleton.structs.map(({ name }) => names.text(name)),
    complete: skeleton.complete,
  };
}

test("the arm behind #if 0 starts after its directive, and its #endif closes it", () => {
  const text =
    "#if 0\nint dead(void) {\n#else\nint first(void) { return 0; }\n#endif\nint second(void) { return 1; }\n";
  expect(outline(text)).toEqual({
    functions: ["int first(void) { return 0; }", "int second(void) { return 1; }"],
    structs: [],
    complete: true,
  });
});

test.each(["struct tag", "union tag", "enum tag", "enum"])(
  "macro calls before `%s {` make no function of it",
  (head) => {
    const found = outline(
      `BITMASK(A, struct x, flags, 0, 1)\nBITMASK(B, struct x, flags, 1, 2)\n\n${head} {\n\tA\n};\nint f(void) { return 0; }\n`,
    );
    expect(found.functions).toEqual(["int f(void) { return 0; }"]);
    expect(found.structs).toEqual(/^(struct|union) tag/.test(head) ? ["tag"] : []);
  },
);

test("a function that returns a struct stays one", () => {
  const text = "struct tag f(struct tag *t) { return *t; }";
  expect(outline(text).functions).toEqual([text]);
});
