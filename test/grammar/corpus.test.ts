/** The corpus of kernel shapes: each text has the tree written under it, from both builds. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { grammarFolder, nativeParser, showTree, type TestParser, wasmParser } from "./parsers.ts";

interface Case {
  readonly file: string;
  readonly name: string;
  readonly text: string;
  readonly tree: string;
}

const folder = join(grammarFolder, "test", "corpus");
const cases = readdirSync(folder)
  .sort()
  .flatMap((file) => readCases(file));

function readCases(file: string): Case[] {
  const parts = readFileSync(join(folder, file), "utf8").split(/^={20,}\n(.*)\n={20,}\n/m);
  const found: Case[] = [];
  for (let index = 1; index + 1 < parts.length; index += 2) {
    const [text = "", tree = ""] = (parts[index + 1] ?? "").split(/^-{20,}\n/m);
    found.push({ file, name: parts[index] ?? "", text: text.replace(/^\n/, ""), tree: tree.trim() });
  }
  return found;
}

let wasm: TestParser;
const native = nativeParser();

beforeAll(async () => {
  wasm = await wasmParser();
});

test("there are at least 150 cases, all with names of their own", () => {
  expect(cases.length).toBeGreaterThanOrEqual(150);
  expect(new Set(cases.map((entry) => entry.name)).size).toBe(cases.length);
});

describe("each shape has its tree", () => {
  test.each(cases)("$file: $name", ({ text, tree }) => {
    const parsed = wasm.parse(text);
    expect(showTree(parsed)).toBe(tree);
    expect(tree).not.toMatch(/ERROR|MISSING/);
    parsed.delete();
  });
});

/** In the middle of something else a shape has the same tree as alone: nothing depends on what stands before. */
describe("a shape's tree is the same behind other code", () => {
  test.each(cases.filter(({ text }) => !text.startsWith("#")))("$file: $name", ({ text, tree }) => {
    const parsed = wasm.parse(`static int before(void)\n{\n\treturn 1;\n}\n\n${text}`);
    const items = showTree(parsed).split("\n");
    // The definition before it, then the items of the tree on its own.
    const rest = items.slice(items.findIndex((line, index) => index > 1 && /^ {2}\(/.test(line)));
    expect(rest.join("\n")).toBe(tree.split("\n").slice(1).join("\n"));
    parsed.delete();
  });
});

describe.skipIf(native === null)("the native build gives the same trees, anonymous nodes and ranges included", () => {
  test.each(cases)("$file: $name", ({ text }) => {
    const parsed = wasm.parse(text);
    expect(showTree(native?.parse(text) as never, true)).toBe(showTree(parsed, true));
    parsed.delete();
  });
});
