/** Chooses the parser: native where it loads, else WASM. Both give the same trees. */
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { createNativeParser } from "./parser-native.ts";
import { createWasmParser } from "./parser-wasm.ts";

export interface ParserChoice {
  readonly parser: SyntaxParser;
  /** Why native was not taken, for the log; empty when it was, or when WASM was asked for. */
  readonly fallbackReason: string;
}

/**
 * The environment variable EVICTSCOPE_PARSER (`native` or `wasm`) forces one: `native` then throws when it does not
 * load. Throws when no parser can be made.
 */
export async function chooseParser(forced = process.env.EVICTSCOPE_PARSER): Promise<ParserChoice> {
  if (forced === "wasm") return { parser: await createWasmParser(), fallbackReason: "" };
  if (forced === "native") return { parser: createNativeParser(), fallbackReason: "" };
  if (forced !== undefined && forced !== "") {
    throw new Error(`EVICTSCOPE_PARSER is "${forced}": it must be "native" or "wasm"`);
  }
  try {
    return { parser: createNativeParser(), fallbackReason: "" };
  } catch (error) {
    return { parser: await createWasmParser(), fallbackReason: (error as Error).message };
  }
}

export async function createParser(): Promise<SyntaxParser> {
  return (await chooseParser()).parser;
}
