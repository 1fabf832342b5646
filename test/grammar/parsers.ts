/** Both builds of kernel-c, and tree-sitter-c, behind one small interface for the grammar's tests. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Language, Parser } from "web-tree-sitter";
import type { SyntaxCursor, SyntaxEdit, SyntaxTree } from "../../server/src/core/syntax/parser-port.ts";
import { repositoryRoot } from "../support/requirements.ts";

const require = createRequire(join(repositoryRoot, "server", "package.json"));
export const grammarFolder = join(repositoryRoot, "grammars", "kernel-c");

export interface TestParser {
  parse(text: string, previous?: SyntaxTree): SyntaxTree;
}

interface NativeParser {
  setLanguage(language: unknown): void;
  parse(input: (offset: number) => string, previous?: unknown): SyntaxTree;
}

/** The WASM build, the one that always serves. */
export async function wasmParser(file = join(grammarFolder, "kernel-c.wasm")): Promise<TestParser> {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(file)));
  return { parse: (text, previous) => parser.parse(text, previous as never) as unknown as SyntaxTree };
}

export function wasmLanguage(): Promise<Language> {
  return Parser.init().then(() => Language.load(readFileSync(join(grammarFolder, "kernel-c.wasm"))));
}

/** tree-sitter-c's own WASM build, from npm. */
export function stockWasmParser(): Promise<TestParser> {
  return wasmParser(join(repositoryRoot, "node_modules", "tree-sitter-c", "tree-sitter-c.wasm"));
}

/** The native build; null until `npm run build:native` has been run. */
export function nativeParser(): TestParser | null {
  if (!existsSync(join(grammarFolder, "build", "kernel-c.node"))) return null;
  try {
    return nativeParserOf(grammarFolder);
  } catch {
    // tree-sitter's own addon does not load here.
    return null;
  }
}

export function stockNativeParser(): TestParser {
  return nativeParserOf(join(repositoryRoot, "node_modules", "tree-sitter-c", "bindings", "node"));
}

function nativeParserOf(grammar: string): TestParser {
  const Native = require("tree-sitter") as (new () => NativeParser) & {
    readonly TreeCursor: { readonly prototype: { delete?: () => void } };
  };
  // The native module frees trees and cursors itself.
  Native.TreeCursor.prototype.delete ??= () => {};
  const parser = new Native();
  parser.setLanguage(require(grammar));
  return {
    parse: (text, previous) => {
      const tree = parser.parse((offset) => text.slice(offset, offset + 16384), previous);
      (tree as { delete?: () => void }).delete ??= () => {};
      return tree;
    },
  };
}

/**
 * A tree as text: every named node with its field and, with `positions`, its range; missing nodes are marked.
 * The format is that of tree-sitter's corpus files.
 */
export function showTree(tree: SyntaxTree, positions = false): string {
  const cursor = tree.rootNode.walk() as SyntaxCursor & { delete?: () => void };
  let shown = "";
  const visit = (depth: number) => {
    const { nodeType, nodeIsMissing } = cursor;
    const visible = cursor.nodeIsNamed || nodeIsMissing || positions;
    if (visible) {
      const field = cursor.currentFieldName ? `${cursor.currentFieldName}: ` : "";
      const range = positions ? ` ${cursor.startIndex}-${cursor.endIndex}` : "";
      shown += `${shown === "" ? "" : `\n${"  ".repeat(depth)}`}${field}(${nodeIsMissing ? "MISSING " : ""}${nodeType}${range}`;
    }
    if (cursor.gotoFirstChild()) {
      do visit(visible ? depth + 1 : depth);
      while (cursor.gotoNextSibling());
      cursor.gotoParent();
    }
    if (visible) shown += ")";
  };
  visit(0);
  cursor.delete?.();
  return shown;
}

/** Where an offset lies; columns in UTF-16 units, as both bindings count them. */
export function pointAt(text: string, index: number): { row: number; column: number } {
  const before = text.slice(0, index);
  return { row: before.split("\n").length - 1, column: index - (before.lastIndexOf("\n") + 1) };
}

/** The edit that replaces `text.slice(start, oldEnd)` by `inserted`, and the text after it. */
export function edit(
  text: string,
  start: number,
  oldEnd: number,
  inserted: string,
): { change: SyntaxEdit; text: string } {
  const after = text.slice(0, start) + inserted + text.slice(oldEnd);
  const newEnd = start + inserted.length;
  return {
    text: after,
    change: {
      startIndex: start,
      oldEndIndex: oldEnd,
      newEndIndex: newEnd,
      startPosition: pointAt(text, start),
      oldEndPosition: pointAt(text, oldEnd),
      newEndPosition: pointAt(after, newEnd),
    },
  };
}
