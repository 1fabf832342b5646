/**
 * SyntaxParser over native tree-sitter: three to four times as fast as WASM, where it loads. Loading fails on systems
 * whose C++ library is older than the prebuilt module's, or when a grammar addon is not built; callers fall back.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import type { SyntaxNode, SyntaxParser, SyntaxTree } from "../core/syntax/parser-port.ts";
import { repositoryRoot } from "./assets.ts";

/** Units of UTF-16 in a slice: native tree-sitter refuses a string over its 32 K buffer, so text goes in slices. */
const SLICE = 16 * 1024;

interface NativeTree {
  readonly rootNode: SyntaxNode;
  edit(edit: unknown): unknown;
}
interface NativeParser {
  setLanguage(language: unknown): void;
  parse(
    input: (offset: number) => string,
    previous: NativeTree | null,
    options: { progressCallback: () => boolean },
  ): NativeTree | null | undefined;
  reset(): void;
}
interface NativeModule {
  new (): NativeParser;
  readonly Tree: { readonly prototype: { delete?: () => void } };
  readonly TreeCursor: { readonly prototype: { delete?: () => void } };
}

/** Throws when the addon or a native grammar does not load; the message says which and why, in one line. */
export function createNativeParser(): SyntaxParser {
  const Native = loadModule("tree-sitter", "tree-sitter") as NativeModule;
  const language = loadGrammar();
  // Trees and cursors of the native module are garbage collected: delete() exists in the port for WASM alone.
  Native.Tree.prototype.delete ??= nothing;
  Native.TreeCursor.prototype.delete ??= nothing;
  const parser = new Native();
  parser.setLanguage(language);
  return new NativeSyntaxParser(parser);
}

class NativeSyntaxParser implements SyntaxParser {
  readonly kind = "native";
  readonly #parser: NativeParser;

  constructor(parser: NativeParser) {
    this.#parser = parser;
  }

  parse(text: string, previous?: SyntaxTree, shouldStop?: () => boolean): SyntaxTree | null {
    const tree = this.#parser.parse(
      (offset) => text.slice(offset, offset + SLICE),
      (previous as NativeTree | undefined) ?? null,
      { progressCallback: shouldStop ?? neverStop },
    );
    if (tree === null || tree === undefined) {
      this.#parser.reset();
      return null;
    }
    return tree as SyntaxTree;
  }

  delete(): void {
    // Garbage collected.
  }
}

/** The kernel's C where its addon was built (`npm run build:native`), else nothing: both parsers must give one tree. */
function loadGrammar(): unknown {
  const root = repositoryRoot();
  const folder = root === null ? "tree-sitter-kernel-c" : join(root, "grammars/kernel-c");
  return loadModule(folder, "the native kernel-c grammar");
}

function loadModule(name: string, what: string): unknown {
  const root = repositoryRoot();
  const bases = [import.meta.url, ...(root === null ? [] : [join(root, "server", "package.json")])];
  let reason = "not installed";
  for (const base of bases) {
    try {
      return createRequire(base)(name) as unknown;
    } catch (error) {
      const message = (error as Error).message.split("\n", 1)[0] ?? "";
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND" || reason === "not installed") reason = message;
    }
  }
  throw new Error(`${what} does not load: ${reason}`);
}

function neverStop(): boolean {
  return false;
}

function nothing(): void {}
