import { expect, test } from "vitest";
import { oneLine } from "./one-line.ts";

test("line ends and control characters are written as JSON writes them", () => {
  expect(oneLine("a\nb\r\n\tc\u001b[31m\u0000")).toBe("a\\nb\\r\\n\\tc\\u001b[31m\\u0000");
  expect(oneLine("\u007f\u0085\u009b31m\u2028\u2029")).toBe("\\u007f\\u0085\\u009b31m\\u2028\\u2029");
});

test("all else stays: letters of any script, backslashes, quotes", () => {
  const text = 'C:\\x "ö" 漢字 \u{1f600} \\n';
  expect(oneLine(text)).toBe(text);
});
