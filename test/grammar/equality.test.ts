/**
 * What tree-sitter-c takes without an error keeps its tree, up to the differences that scripts/grammar-equality.mjs lists:
 * on the C of npm's packages, of the sample trees, and of the kernel's fs where it is there.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { compareOn } from "../../scripts/grammar-equality.mjs";
import { describeWith, pathOf, repositoryRoot } from "../support/requirements.ts";
import { stockWasmParser, type TestParser, wasmParser } from "./parsers.ts";

let parsers: { kernel: TestParser; stock: TestParser };

beforeAll(async () => {
  parsers = { kernel: walkable(await wasmParser()), stock: walkable(await stockWasmParser()) };
});

/** The comparison takes cursors from trees. */
function walkable({ parse }: TestParser): TestParser {
  return {
    parse: (text) => {
      const tree = parse(text);
      return Object.assign(tree, { walk: () => tree.rootNode.walk() });
    },
  };
}

/** How many of the files tree-sitter-c takes, and the differences that nothing explains. */
function compare(folder: string, under: readonly string[], name: RegExp) {
  let taken = 0;
  const unexplained: string[] = [];
  for (const start of under) {
    for (const file of readdirSync(join(folder, start), { recursive: true }) as string[]) {
      if (!name.test(file)) continue;
      const differences = compareOn(parsers, readFileSync(join(folder, start, file), "latin1"));
      if (differences === null) continue;
      taken++;
      for (const { parent, stock, kernel, index, why } of differences)
        if (why === null) unexplained.push(`${start}/${file} at ${index}: ${parent}: ${stock} -> ${kernel}`);
    }
  }
  return { taken, unexplained };
}

describe("kernel-c's trees are tree-sitter-c's", () => {
  test("on the C that npm's packages bring", { timeout: 300_000 }, () => {
    const packages = [
      "node_modules/node-api-headers",
      "node_modules/tree-sitter-c/src",
      "server/node_modules/tree-sitter/vendor",
    ];
    const { taken, unexplained } = compare(repositoryRoot, packages, /\.[ch]$/);
    expect(unexplained).toEqual([]);
    expect(taken).toBeGreaterThan(20);
  });
});

describeWith("kernel-6.12", "on Linux 6.12", () => {
  test("kernel-c's trees are tree-sitter-c's in fs, mm, block, ipc and security", { timeout: 600_000 }, () => {
    const { taken, unexplained } = compare(pathOf("kernel-6.12"), ["fs", "mm", "block", "ipc", "security"], /\.c$/);
    expect(unexplained).toEqual([]);
    expect(taken).toBeGreaterThan(500);
  });
});
