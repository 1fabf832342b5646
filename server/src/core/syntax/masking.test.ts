import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskAlternatives } from "./masking.ts";

/** The text with what was masked shown as dots. */
function shown(text: string): string {
  const { text: masked, ranges } = maskAlternatives(text);
  expect(masked).toHaveLength(text.length);
  let result = masked;
  for (const { start, end } of ranges) {
    expect(masked.slice(start, end).trim()).toBe("");
    result = result.slice(0, start) + result.slice(start, end).replace(/ /g, ".") + result.slice(end);
  }
  return result;
}

describe("an arm that cannot stand beside the arm before it is blanked", () => {
  test("an open brace in each arm", () => {
    expect(shown("#ifdef A\n if (x) {\n#else\n {\n#endif\n  f();\n }\n")).toBe(
      "#ifdef A\n if (x) {\n#else\n..\n#endif\n  f();\n }\n".replace("..", ".."),
    );
  });

  test("the end of a call in each arm", () => {
    expect(shown("g(a,\n#if defined(A)\n  1);\n#else\n  0);\n#endif\n")).toBe(
      "g(a,\n#if defined(A)\n  1);\n#else\n.....\n#endif\n",
    );
  });

  test("the last element without a comma in each arm", () => {
    expect(shown("x = {\n#ifdef A\n 1, 2\n#else\n 3, 4\n#endif\n};\n")).toBe(
      "x = {\n#ifdef A\n 1, 2\n#else\n.....\n#endif\n};\n",
    );
  });

  test("a statement in each arm of an if that goes on with else", () => {
    expect(shown("if (x)\n#ifdef A\n f();\n#else\n g();\n#endif\nelse\n h();\n")).toBe(
      "if (x)\n#ifdef A\n f();\n#else\n.....\n#endif\nelse\n h();\n",
    );
  });

  test("every arm after the first", () => {
    expect(shown("#if A\nint f(int a)\n#elif B\nint f(long a)\n#else\nint f(void)\n#endif\n{\n}\n")).toBe(
      `#if A\nint f(int a)\n#elif B\n${".".repeat(13)}\n#else\n${".".repeat(11)}\n#endif\n{\n}\n`,
    );
  });
});

describe("what a grammar can take stays", () => {
  test.each([
    ["whole statements", "#ifdef A\n f();\n#else\n g();\n#endif\n"],
    ["whole functions", "#ifdef A\nint f(void)\n{\n}\n#else\nstatic inline int f(void) { return 0; }\n#endif\n"],
    ["elements with their commas", "x = {\n#ifdef A\n .a = 1,\n#else\n .a = 2,\n#endif\n};\n"],
    ["one arm alone, cut", "#ifdef A\n if (x)\n  f();\n else\n#endif\n  g();\n"],
    ["case labels", "switch (x) {\n#ifdef A\n case 1:\n#else\n case 2:\n#endif\n  f();\n}\n"],
    ["brackets in strings, characters and comments", "#ifdef A\n f(\"{\", '(');\n#else\n g(); /* } */ // {\n#endif\n"],
  ])("%s", (_, text) => {
    expect(maskAlternatives(text)).toEqual({ text, ranges: [] });
  });
});

test("text under #if 0 is blanked, whatever it says", () => {
  expect(shown("#if 0\nCurrently disabled, isn't it:\n#endif\nint x;\n")).toBe(
    `#if 0\n${"Currently disabled, isn't it:".replace(/./g, ".")}\n#endif\nint x;\n`,
  );
});

test("a comment of several lines is no code", () => {
  const text = "#ifdef A\n/* if (x) {\n ( */\n f();\n#else\n g();\n#endif\n";
  expect(maskAlternatives(text).ranges).toEqual([]);
});

test("a conditional inside a blanked arm needs no blanking of its own", () => {
  const text = "#ifdef A\n{\n#else\n if (x) {\n#ifdef B\n (\n#else\n )\n#endif\n#endif\n}\n";
  const { ranges } = maskAlternatives(text);
  expect(ranges).toHaveLength(1);
});

test("any text keeps its length and its lines, and masking twice changes nothing more", () => {
  const piece = fc.constantFrom(
    "#if 0\n",
    "#ifdef A\n",
    "#else\n",
    "#elif B\n",
    "#endif\n",
    "{",
    "}",
    "(",
    ")",
    "if (x)",
    "else",
    ";",
    ",",
    '"',
    "'",
    "/*",
    "*/",
    "//",
    "\\\n",
    "\n",
    " f",
    "\t",
    "ä\u{1f600}",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join("");
      const masked = maskAlternatives(text);
      expect(masked.text.length).toBe(text.length);
      expect([...masked.text.matchAll(/\n/g)].map((match) => match.index)).toEqual(
        [...text.matchAll(/\n/g)].map((match) => match.index),
      );
      const outside = (range: { start: number; end: number }, at: number) => at < range.start || at >= range.end;
      for (let at = 0; at < text.length; at++) {
        if (masked.ranges.every((range) => outside(range, at))) expect(masked.text[at]).toBe(text[at]);
      }
    }),
    { seed: 6, numRuns: 500 },
  );
});

test("a deep nest of conditionals is no trouble", () => {
  const text = `${"#ifdef A\n".repeat(5000)}int x;\n${"#endif\n".repeat(5000)}`;
  expect(maskAlternatives(text).text).toHaveLength(text.length);
});

test("a function that starts in an arm is read from that arm's head on", () => {
  expect(shown("int f(int a)\n#else\nint f(int b)\n#endif\n{\n#ifdef A\n\tg();\n#endif\n}\n")).toBe(
    "int f(int a)\n.....\n..... .....\n......\n{\n#ifdef A\n\tg();\n#endif\n}\n".replace("..... .....", "............"),
  );
  expect(shown("int f(void)\n#endif\n{\n}\n")).toBe("int f(void)\n......\n{\n}\n");
});
