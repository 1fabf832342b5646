/**
 * Whatever is typed, cut or mixed up: neither build crashes, and an incremental parse gives the tree of a fresh one.
 * Texts are the corpus and the fixtures, put together; everything is seeded.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { SyntaxParser, SyntaxTree } from "../../server/src/core/syntax/parser-port.ts";
import { reparse } from "../../server/src/core/syntax/reparse.ts";
import { edit, grammarFolder, nativeParser, showTree, type TestParser, wasmParser } from "./parsers.ts";

const SEED = 20_250_413;

const corpus = readdirSync(join(grammarFolder, "test", "corpus")).map((file) =>
  readFileSync(join(grammarFolder, "test", "corpus", file), "utf8")
    .split(/^={20,}\n.*\n={20,}\n/m)
    .slice(1)
    .map((part) => part.split(/^-{20,}\n/m)[0] ?? "")
    .join(""),
);

/** What people and broken tools insert. */
const PIECES = [
  "{", "}", "(", ")", "[", "]", ";", ",", "#", "\n", "\\\n", '"', "'", "/*", "*/", "//", " ", "\t",
  "\n#ifdef A\n", "\n#else\n", "\n#endif\n", "\n#if X\n", "\n#define Y 1\n", "else", "if (x)", "for_each_x(y)",
  "DEFINE_Z(w)", "__init ", "struct s", "*", "&", "=", "a", "0x1f", "case 1:", "do", "while", "typeof(x) y",
  "__must_hold(&l)", "\u00e4", "\u{1f600}", "\0",
] as const; // biome-ignore format: a table

interface Change {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(1_000_000),
  remove: fc.oneof(fc.constant(0), fc.nat(12), fc.nat(400)),
  insert: fc.oneof(
    fc.constant(""),
    fc.constantFrom(...PIECES),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join("")),
  ),
});

function apply(text: string, { at, remove, insert }: Change) {
  const start = at % (text.length + 1);
  return edit(text, start, Math.min(text.length, start + remove), insert);
}

const builds: { name: string; parser: TestParser | null }[] = [
  { name: "WASM", parser: null },
  { name: "native", parser: nativeParser() },
];

beforeAll(async () => {
  const [wasm] = builds;
  if (wasm !== undefined) wasm.parser = await wasmParser();
});

describe.each(builds)("$name", (build) => {
  test("incremental parsing gives the tree of a fresh parse, of broken text as well, over 2,000 edits", {
    timeout: 300_000,
  }, (context) => {
    const { parser } = build;
    if (parser === null) return context.skip("run `npm run build:native`");
    let edits = 0;
    let incrementally = 0;
    let broken = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.nat(1_000_000),
        fc.array(change, { minLength: 10, maxLength: 10 }),
        (source, from, changes) => {
          // A window of the source, so that edits meet each other; whole items, so that undoing ends without errors.
          const items = source.split(/\n(?=\n+\S)/);
          const first = from % items.length;
          const original = items.slice(first, first + 12).join("\n");
          let text = original;
          let tree = parser.parse(text);
          const undone: { start: number; end: number; insert: string }[] = [];
          const step = (next: ReturnType<typeof edit>) => {
            tree.edit(next.change);
            text = next.text;
            const before = !tree.rootNode.hasError;
            const incremental = reparse(parser as SyntaxParser, text, tree) as SyntaxTree;
            tree.delete();
            tree = incremental;
            edits++;
            const fresh = parser.parse(text);
            const sound = !fresh.rootNode.hasError;
            if (before && sound) incrementally++;
            if (!sound) broken++;
            expect(showTree(tree, true)).toBe(showTree(fresh, true));
            fresh.delete();
          };
          for (const one of changes) {
            const next = apply(text, one);
            const { startIndex, oldEndIndex, newEndIndex } = next.change;
            undone.push({ start: startIndex, end: newEndIndex, insert: text.slice(startIndex, oldEndIndex) });
            step(next);
          }
          for (const { start, end, insert } of undone.reverse()) step(edit(text, start, end, insert));
          expect(text).toBe(original);
          tree.delete();
        },
      ),
      { seed: SEED, numRuns: 120, endOnFailure: true },
    );
    expect(edits).toBeGreaterThanOrEqual(2000);
    expect(incrementally).toBeGreaterThanOrEqual(100);
    expect(broken).toBeGreaterThanOrEqual(500);
  });

  test("so it does over 2,000 edits that insert, remove and move whole items", { timeout: 300_000 }, (context) => {
    const { parser } = build;
    if (parser === null) return context.skip("run `npm run build:native`");
    const all = corpus.flatMap((source) => source.split(/\n(?=\n+\S)/));
    let sound = 0;
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(1000), item: fc.nat(100_000), remove: fc.boolean() }), {
          minLength: 20,
          maxLength: 20,
        }),
        (changes) => {
          const items: string[] = [];
          let text = "";
          let tree = parser.parse(text);
          for (const { at, item, remove } of changes) {
            const index = at % (items.length + 1);
            const start = items.slice(0, index).join("").length;
            const removed = remove ? items.splice(index, 1).join("") : "";
            const inserted = remove && removed !== "" ? "" : `${all[item % all.length]}\n`;
            if (inserted !== "") items.splice(index, 0, inserted);
            const next = edit(text, start, start + removed.length, inserted);
            tree.edit(next.change);
            text = next.text;
            const incremental = reparse(parser as SyntaxParser, text, tree) as SyntaxTree;
            tree.delete();
            tree = incremental;
            const fresh = parser.parse(text);
            if (!fresh.rootNode.hasError) sound++;
            expect(showTree(tree, true)).toBe(showTree(fresh, true));
            fresh.delete();
          }
          tree.delete();
        },
      ),
      { seed: SEED, numRuns: 110, endOnFailure: true },
    );
    expect(sound).toBeGreaterThanOrEqual(2000);
  });

  test("truncated and mixed texts parse to a tree of their length", { timeout: 300_000 }, (context) => {
    const { parser } = build;
    if (parser === null) return context.skip("run `npm run build:native`");
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.nat(1_000_000),
        fc.nat(3000),
        fc.array(change, { maxLength: 5 }),
        (source, from, length, changes) => {
          let text = source.slice(from % source.length, (from % source.length) + length);
          for (const one of changes) text = apply(text, one).text;
          const tree = parser.parse(text);
          expect(tree.rootNode.endIndex).toBeLessThanOrEqual(text.length);
          tree.delete();
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("texts that are deep, long or empty come back", { timeout: 120_000 }, (context) => {
    const { parser } = build;
    if (parser === null) return context.skip("run `npm run build:native`");
    const texts = [
      "",
      "f(".repeat(3000),
      "#ifdef A\n".repeat(3000),
      `${"#ifdef A\n".repeat(300)}int x;\n${"#endif\n".repeat(300)}`,
      `int x = ${"a(".repeat(500)}1${")".repeat(500)};`,
      `void f(void)\n{\n\tg(${'"text" '.repeat(5000)});\n}\n`,
      `${"A(b)\n".repeat(5000)}`,
      `/*${"*".repeat(70_000)}`,
      `f("${"x".repeat(70_000)}");`,
    ];
    for (const text of texts) {
      const tree = parser.parse(text);
      expect(tree.rootNode.startIndex).toBeLessThanOrEqual(text.length);
      tree.delete();
    }
  });
});
