/** The WASM parser in Node: reads the two modules from disk and hands their bytes to the shared implementation. */
import { readFileSync } from "node:fs";
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { createWasmParserFrom } from "../index/parser-web-tree-sitter.ts";
import { grammarPath, parserRuntimePath } from "./assets.ts";

/** Throws when a module is missing or has a wrong ABI. */
export async function createWasmParser(): Promise<SyntaxParser> {
  return createWasmParserFrom(readFileSync(parserRuntimePath()), readFileSync(grammarPath()));
}
