/**
 * SyntaxParser over web-tree-sitter, for any host: the caller brings the bytes of the two WASM modules (from disk in
 * Node, by fetch in a worker), so that nothing here knows where they lie.
 */
import { type Edit, Language, Parser, type Tree } from "web-tree-sitter";
import type { SyntaxEdit, SyntaxParser, SyntaxTree } from "../core/syntax/parser-port.ts";

let runtime: Promise<void> | undefined;

/**
 * `runtimeModule` is web-tree-sitter.wasm, `grammarModule` the grammar in dylink.0 format. The runtime is initialised
 * once in a process, with the first module given. Throws when the grammar's ABI is not one the runtime takes.
 */
export async function createWasmParserFrom(
  runtimeModule: Uint8Array,
  grammarModule: Uint8Array,
): Promise<SyntaxParser> {
  // `wasmBinary` keeps emscripten from looking for the file itself, whose idea of the place is wrong once bundled.
  runtime ??= Parser.init({ wasmBinary: runtimeModule, locateFile: (name: string) => name } as unknown as Parameters<
    typeof Parser.init
  >[0]);
  await runtime;
  const language = await Language.load(grammarModule);
  const parser = new Parser();
  parser.setLanguage(language);
  return new WasmParser(parser);
}

class WasmParser implements SyntaxParser {
  readonly kind = "wasm";
  readonly #parser: Parser;

  constructor(parser: Parser) {
    this.#parser = parser;
  }

  parse(text: string, previous?: SyntaxTree, shouldStop?: () => boolean): SyntaxTree | null {
    // A string is copied into WASM memory at once; web-tree-sitter hands it over in its own slices of 10 KB.
    const tree = this.#parser.parse(text, (previous as unknown as Tree | undefined) ?? null, {
      progressCallback: (shouldStop ?? neverStop) as () => void,
    });
    // A stopped parser would resume the old text with the next call.
    if (tree === null) this.#parser.reset();
    return tree as SyntaxTree | null;
  }

  delete(): void {
    this.#parser.delete();
  }
}

function neverStop(): boolean {
  return false;
}

/** Compile-time check that an edit of ours is one of theirs. */
export type EditMatches = SyntaxEdit extends Omit<Edit, "editPoint" | "editRange"> ? true : never;
