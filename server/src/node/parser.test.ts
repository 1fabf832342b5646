import { expect, test } from "vitest";
import type { SyntaxCursor, SyntaxParser } from "../core/syntax/parser-port.ts";
import { chooseParser } from "./create-parser.ts";
import { createNativeParser } from "./parser-native.ts";
import { createWasmParser } from "./parser-wasm.ts";

const TEXT = "/* é😀 */ static int f(struct inode *inode) { return g(inode->i_sb, 1) + ; }\n";

function outline(parser: SyntaxParser, text: string): string[] {
  const tree = parser.parse(text)!;
  const lines: string[] = [];
  const visit = (cursor: SyntaxCursor, depth: number): void => {
    lines.push(
      `${" ".repeat(depth)}${cursor.currentFieldName ?? ""}:${cursor.nodeType}@${cursor.startIndex}-${cursor.endIndex}`,
    );
    if (!cursor.gotoFirstChild()) return;
    do visit(cursor, depth + 1);
    while (cursor.gotoNextSibling());
    cursor.gotoParent();
  };
  const cursor = tree.rootNode.walk();
  visit(cursor, 0);
  cursor.delete();
  tree.delete();
  return lines;
}

function tryNative(): SyntaxParser | null {
  try {
    return createNativeParser();
  } catch {
    return null;
  }
}

test("offsets are UTF-16 units, also after text outside the basic plane", async () => {
  const parser = await createWasmParser();
  const tree = parser.parse(TEXT)!;
  expect(tree.rootNode.endIndex).toBe(TEXT.length);
  const definition = tree.rootNode.child(1)!;
  expect(TEXT.slice(definition.startIndex, definition.startIndex + 10)).toBe("static int");
  tree.delete();
});

test("a text of many slices parses whole, and a stopped parse answers null and leaves the parser usable", async () => {
  const parser = await createWasmParser();
  const long = "int f(void) { return 1; }\n".repeat(20_000);
  const tree = parser.parse(long)!;
  expect(tree.rootNode.endIndex).toBe(long.length);
  expect(tree.rootNode.hasError).toBe(false);
  tree.delete();
  expect(parser.parse(long, undefined, () => true)).toBeNull();
  const next = parser.parse("int a;")!;
  expect(next.rootNode.endIndex).toBe(6);
  next.delete();
});

test("an edited tree parses to the same tree as the new text from scratch", async () => {
  const parser = await createWasmParser();
  const before = "int f(void) { return 1; }";
  const after = "int f(void) { return 123; }";
  const tree = parser.parse(before)!;
  tree.edit({
    startIndex: 22,
    oldEndIndex: 22,
    newEndIndex: 24,
    startPosition: { row: 0, column: 22 },
    oldEndPosition: { row: 0, column: 22 },
    newEndPosition: { row: 0, column: 24 },
  });
  const edited = parser.parse(after, tree)!;
  expect(edited.rootNode.endIndex).toBe(after.length);
  expect(edited.rootNode.hasError).toBe(false);
  tree.delete();
  edited.delete();
});

const native = tryNative();
test.skipIf(native === null)("native and WASM give the same tree, node by node", async () => {
  const long = `${TEXT}int f(void) { return 1; }\n`.repeat(3000);
  expect(outline(native!, long)).toEqual(outline(await createWasmParser(), long));
  expect(native!.parse(long, undefined, () => true)).toBeNull();
  expect(native!.parse("int a;")!.rootNode.endIndex).toBe(6);
});

test("a forced parser is taken, and a word that names none is an error", async () => {
  expect((await chooseParser("wasm")).parser.kind).toBe("wasm");
  await expect(chooseParser("fast")).rejects.toThrow(/EVICTSCOPE_PARSER is "fast"/);
});
