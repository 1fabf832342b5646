/** The WASM parser in a worker: fetches the two modules from the addresses that the client gave. */
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { createWasmParserFrom } from "../index/parser-web-tree-sitter.ts";

/** Addresses of web-tree-sitter.wasm and kernel-c.wasm. */
export interface ParserModuleUrls {
  readonly runtime: string;
  readonly grammar: string;
}

/** Throws with the address when a module can't be fetched. */
export async function createWasmParser(urls: ParserModuleUrls): Promise<SyntaxParser> {
  const [runtime, grammar] = await Promise.all([fetchBytes(urls.runtime), fetchBytes(urls.grammar)]);
  return createWasmParserFrom(runtime, grammar);
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
