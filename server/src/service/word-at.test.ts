import { expect, test } from "vitest";
import { wordAt } from "./word-at.ts";

const LINE = "\tinode->i_state |= I_FREEING; /* 2nd */";

test.each([
  [1, "inode"],
  [6, "inode"],
  [8, "i_state"],
  [19, "I_FREEING"],
  [28, "I_FREEING"],
])("column %i is on %s", (column, word) => {
  expect(wordAt(LINE, column)?.text).toBe(word);
});

test.each([0, 17, 31, 500])("column %i is on nothing", (column) => {
  expect(wordAt(LINE, column)).toBeNull();
});

test("a generated line of megabytes is not searched to its end", () => {
  expect(wordAt(`${" ".repeat(1_000_000)}word`, 1_000_001)).toBeNull();
});
