/** kernel-c on real kernel trees: the figures that the grammar promises, without the comparisons with other tools. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { countErrors, parseWithMasking } from "../../server/src/core/syntax/masking.ts";
import type { SyntaxParser } from "../../server/src/core/syntax/parser-port.ts";
import { nativeParser, showTree, type TestParser, wasmParser } from "../grammar/parsers.ts";
import { describeWith, pathOf } from "../support/requirements.ts";

function sources(tree: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    (readdirSync(join(tree, folder), { recursive: true }) as string[])
      .filter((name) => name.endsWith(".c"))
      .map((name) => join(tree, folder, name)),
  );
}

const FOLDERS = ["fs", "mm", "block", "ipc", "security"];

let wasm: TestParser;

beforeAll(async () => {
  wasm = await wasmParser();
});

describeWith("kernel-6.12", "kernel-c on Linux 6.12", () => {
  test("at most 1 % of the files have an error, at most 0.5 % need masking", { timeout: 600_000 }, () => {
    const files = sources(pathOf("kernel-6.12"), FOLDERS);
    const wrong: string[] = [];
    const masked: string[] = [];
    for (const file of files) {
      const result = parseWithMasking(wasm as SyntaxParser, readFileSync(file, "latin1"));
      if (result === null) throw new Error("stopped");
      if (countErrors(result.tree) > 0) wrong.push(file);
      if (result.ranges.length > 0) masked.push(file);
      result.tree.delete();
    }
    expect(files.length).toBeGreaterThan(1800);
    expect(wrong.length, wrong.join("\n")).toBeLessThanOrEqual(files.length * 0.01);
    expect(masked.length, masked.join("\n")).toBeLessThanOrEqual(files.length * 0.005);
  });

  test("native and WASM give the same trees over fs", { timeout: 600_000 }, (context) => {
    const native = nativeParser();
    if (native === null) return context.skip("run `npm run build:native`");
    const shown = (parser: TestParser, text: string) => {
      const tree = parser.parse(text);
      const own = showTree(tree, true);
      const broken = tree.rootNode.hasError;
      tree.delete();
      if (!broken) return own;
      const masked = parseWithMasking(parser as SyntaxParser, text);
      const both = `${own}\n${masked === null ? "" : showTree(masked.tree, true)}`;
      masked?.tree.delete();
      return both;
    };
    for (const file of sources(pathOf("kernel-6.12"), ["fs"])) {
      const text = readFileSync(file, "latin1");
      expect(shown(native, text) === shown(wasm, text), file).toBe(true);
    }
  });
});

describeWith("kernel-6.1", "kernel-c on Linux 6.1", () => {
  test("at most 2 % of the files have an error", { timeout: 600_000 }, () => {
    const files = sources(pathOf("kernel-6.1"), FOLDERS);
    let wrong = 0;
    for (const file of files) {
      const result = parseWithMasking(wasm as SyntaxParser, readFileSync(file, "latin1"));
      if (result === null) throw new Error("stopped");
      if (countErrors(result.tree) > 0) wrong++;
      result.tree.delete();
    }
    expect(wrong).toBeLessThanOrEqual(files.length * 0.02);
  });
});
