/** The WASM parser in a worker: the client brings the modules' bytes, which only it can read in every kind of host. */
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { createWasmParserFrom } from "../index/parser-web-tree-sitter.ts";

/** Bytes of web-tree-sitter.wasm and of the grammar. */
export interface ParserModules {
  readonly runtime: Uint8Array;
  readonly grammar: Uint8Array;
}

/** Throws when the client sent none, or a module does not load. */
export async function createWasmParser(modules: ParserModules | undefined): Promise<SyntaxParser> {
  if (modules === undefined) throw new Error("the client sent no parser (initializationOptions.parserModules)");
  return createWasmParserFrom(modules.runtime, modules.grammar);
}
