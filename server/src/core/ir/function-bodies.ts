/** Parsed and lowered functions and macros, made when somebody asks and kept until their file changes. */
import type { FunctionRef, MacroRef, Program, SourceFile } from "../callgraph/program.ts";
import { copyTree } from "../syntax/ast.ts";
import { parseWithMasking } from "../syntax/masking.ts";
import type { SyntaxParser } from "../syntax/parser-port.ts";
import type { FunctionIr } from "./ir.ts";
import { lowerFunction } from "./lower-function.ts";

/** A function's IR with its own text, and where that text stands in its file. */
export interface Body {
  readonly name: string;
  readonly file: SourceFile;
  /** Null for a macro. */
  readonly function: FunctionRef | null;
  readonly ir: FunctionIr;
  readonly text: string;
  /** 1-based line of the first character of `text`. */
  readonly line: number;
  /** Characters that stand before the source's own text (macros are wrapped into a function). */
  readonly prefix: number;
}

export interface SourcePosition {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
}

/** Bodies longer than this are not parsed: generated tables, not code (the longest function of 6.12's fs/ has 50 KB). */
export const MAX_BODY_BYTES = 1 << 20;

const DECODER = new TextDecoder("utf-8");

export class FunctionBodies {
  readonly #program: Program;
  readonly #parser: SyntaxParser;
  #bodies = new Map<FunctionRef | MacroRef, Body | null>();
  #bytes: { path: string; generation: number; bytes: Uint8Array | null } | null = null;
  #parsed = 0;
  #withErrors = 0;

  constructor(program: Program, parser: SyntaxParser) {
    this.#program = program;
    this.#parser = parser;
  }

  get parsed(): number {
    return this.#parsed;
  }

  get withErrors(): number {
    return this.#withErrors;
  }

  /** Drops what was made from this file. */
  forget(file: SourceFile): void {
    for (const key of this.#bodies.keys()) if (key.file === file) this.#bodies.delete(key);
  }

  /** Null when the function is too large, unreadable, or the parser finds no definition in it. */
  of(reference: FunctionRef): Body | null {
    let body = this.#bodies.get(reference);
    if (body === undefined) {
      body = this.#lowerFunction(reference);
      this.#bodies.set(reference, body);
    }
    return body;
  }

  /** A function-like macro as if it were a function of its parameters. */
  ofMacro(reference: MacroRef): Body | null {
    let body = this.#bodies.get(reference);
    if (body === undefined) {
      body = this.#lowerMacro(reference);
      this.#bodies.set(reference, body);
    }
    return body;
  }

  /** The bytes of a file; the last one read is kept, since neighbours are asked for together. */
  bytesOf(file: SourceFile): Uint8Array | null {
    if (this.#bytes?.path !== file.path || this.#bytes.generation !== file.generation)
      this.#bytes = { path: file.path, generation: file.generation, bytes: this.#program.read(file.path) };
    return this.#bytes.bytes;
  }

  /** The text of a byte range of a file. */
  textOf(file: SourceFile, start: number, end: number): string {
    const bytes = this.bytesOf(file);
    return bytes === null ? "" : decode(bytes, start, end);
  }

  #lowerFunction(reference: FunctionRef): Body | null {
    const { span, file } = reference;
    if (span.end - span.start > MAX_BODY_BYTES) return null;
    const bytes = this.bytesOf(file);
    if (bytes === null || bytes.length < span.end) return null;
    const text = decode(bytes, span.start, span.end);
    let line = span.line;
    for (let p = span.start; p < span.nameStart; p++) if (bytes[p] === 10) line--;
    return this.#lower(reference.name, file, reference, text, line, 0);
  }

  #lowerMacro(reference: MacroRef): Body | null {
    const { span, file } = reference;
    if (span.end - span.start > MAX_BODY_BYTES) return null;
    const definition = this.textOf(file, span.parameters, span.end).replace(/\\(\r?\n)/g, " $1");
    const close = definition.indexOf(")");
    if (close < 0) return null;
    const parameters = definition
      .slice(1, close)
      .split(",")
      .map((each) => each.trim().replace(/\.\.\.$/, "") || "__VA_ARGS__")
      .map((each) => `int ${each}`);
    const replacement = definition.slice(close + 1);
    const isStatement =
      /^\s*(do|if|for|while|switch|return|\{)\b|^\s*\{/.test(replacement) || hasOuterSemicolon(replacement);
    const prefix = `void ${reference.name}(${parameters.join(", ")}) { ${isStatement ? "" : "return "}`;
    let line = span.line;
    // The replacement may start on a later line than the #define.
    const before = definition.slice(0, close + 1);
    for (const c of before) if (c === "\n") line++;
    return this.#lower(reference.name, file, null, `${prefix}${replacement}\n; }`, line, prefix.length);
  }

  #lower(
    name: string,
    file: SourceFile,
    fn: FunctionRef | null,
    text: string,
    line: number,
    prefix: number,
  ): Body | null {
    const parsed = parseWithMasking(this.#parser, text);
    if (parsed === null) return null;
    const { tree } = parsed;
    try {
      const ir = lowerFunction(name, copyTree(tree), parsed.text);
      this.#parsed++;
      if (ir === null || ir.parseErrors > 0) this.#withErrors++;
      return ir === null ? null : { name, file, function: fn, ir, text, line, prefix };
    } finally {
      tree.delete();
    }
  }
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return DECODER.decode(bytes.subarray(start, end));
}

function hasOuterSemicolon(text: string): boolean {
  let depth = 0;
  for (const c of text.trimEnd()) {
    if (c === "(" || c === "{") depth++;
    else if (c === ")" || c === "}") depth--;
    else if (c === ";" && depth === 0) return true;
  }
  return false;
}

/** Where an offset of the body's text stands in the file. */
export function positionIn(body: Body, at: number): SourcePosition {
  let line = body.line;
  let lineStart = 0;
  const to = Math.min(at, body.text.length);
  for (let i = body.text.indexOf("\n"); i >= 0 && i < to; i = body.text.indexOf("\n", i + 1)) {
    line++;
    lineStart = i + 1;
  }
  return { line, column: Math.max(1, at - lineStart + 1 - (lineStart === 0 ? body.prefix : 0)) };
}
