/** Parsed and lowered functions and macros, made when somebody asks and kept until their file changes. */
import type { FunctionRef, MacroRef, Program, SourceFile } from "../callgraph/program.ts";
import { type Ast, copyTree } from "../syntax/ast.ts";
import { readingsOf, takeMacroApart } from "../syntax/macro-text.ts";
import { parseWithMasking } from "../syntax/masking.ts";
import type { SyntaxParser } from "../syntax/parser-port.ts";
import { readPlainFunction } from "../syntax/plain/function.ts";
import type { NotesOfBody } from "./body-notes.ts";
import type { FunctionIr } from "./ir.ts";
import { lowerFunction } from "./lower-function.ts";

/** A function's IR with its own text, and where that text stands in its file. */
export interface Body {
  readonly name: string;
  readonly file: SourceFile;
  readonly definition: FunctionRef | MacroRef;
  /** Null for a macro. */
  readonly function: FunctionRef | null;
  readonly ir: FunctionIr;
  readonly text: string;
  /** 1-based line of the first character of `text`; follows edits above it. */
  readonly line: number;
  /** Characters that stand before the source's own text (macros are wrapped into a function). */
  readonly prefix: number;
  /** For BodyNotes. */
  readonly notes: NotesOfBody;
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

/** Bytes of files after which what was not asked for meanwhile goes: twice as many are kept at most. */
const MAX_RECENT_BYTES = 8 << 20;

interface FileBytes {
  readonly file: SourceFile;
  readonly generation: number;
  readonly bytes: Uint8Array | null;
}

export class FunctionBodies {
  readonly #program: Program;
  readonly #parser: SyntaxParser;
  #bodies = new Map<FunctionRef | MacroRef, Body | null>();
  /** What was read or asked for lately, and before that. */
  #recent = new Map<SourceFile, FileBytes>();
  #older: ReadonlyMap<SourceFile, FileBytes> = new Map();
  #recentBytes = 0;
  #last: FileBytes | null = null;
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

  /** Drops what was made from these: their text is another now. */
  forget(references: Iterable<FunctionRef | MacroRef>): void {
    for (const each of references) {
      const body = this.#bodies.get(each);
      if (body === undefined) continue;
      this.#bodies.delete(each);
      this.#parsed--;
      if (body === null || body.ir.parseErrors > 0) this.#withErrors--;
    }
  }

  /** Null when the function is too large, unreadable, or the parser finds no definition in it. */
  of(reference: FunctionRef): Body | null {
    this.#program.reads?.readText(reference);
    let body = this.#bodies.get(reference);
    if (body === undefined) {
      body = this.#lowerFunction(reference);
      this.#bodies.set(reference, body);
    }
    return body;
  }

  /** A function-like macro as if it were a function of its parameters. */
  ofMacro(reference: MacroRef): Body | null {
    this.#program.reads?.readText(reference);
    let body = this.#bodies.get(reference);
    if (body === undefined) {
      body = this.#lowerMacro(reference);
      this.#bodies.set(reference, body);
    }
    return body;
  }

  /** The bytes of a file. Those read last are kept: neighbours are asked for together, and headers again and again. */
  bytesOf(file: SourceFile): Uint8Array | null {
    if (this.#last?.file === file && this.#last.generation === file.generation) return this.#last.bytes;
    const { generation } = file;
    let entry = this.#recent.get(file);
    if (entry?.generation !== generation) {
      const older = this.#older.get(file);
      entry = older?.generation === generation ? older : { file, generation, bytes: this.#program.read(file.path) };
      this.#recentBytes += entry.bytes?.length ?? 0;
      if (this.#recentBytes > MAX_RECENT_BYTES) {
        this.#older = this.#recent;
        this.#recent = new Map();
        this.#recentBytes = entry.bytes?.length ?? 0;
      }
      this.#recent.set(file, entry);
    }
    this.#last = entry;
    return entry.bytes;
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
    let above = 0;
    for (let p = span.start; p < span.nameStart; p++) if (bytes[p] === 10) above++;
    return this.#count(this.#lower(reference, reference, text, -above, 0));
  }

  #lowerMacro(reference: MacroRef): Body | null {
    const { name, span, file } = reference;
    if (span.end - span.start > MAX_BODY_BYTES) return null;
    const definition = this.textOf(file, span.parameters, span.end);
    const parts = takeMacroApart(definition);
    if (parts === null) return null;
    // The replacement may start on a later line than the #define.
    let below = 0;
    for (const c of definition.slice(0, parts.offset)) if (c === "\n") below++;
    const head = `void ${name}(${parts.parameters.map((each) => `int ${each}`).join(", ")}) { `;
    let best: Lowered | null = null;
    for (const { before, after } of readingsOf(parts.replacement)) {
      const prefix = head + before;
      const lowered = this.#lower(reference, null, `${prefix}${parts.replacement}${after}}`, below, prefix.length);
      if (lowered !== null && (best === null || lowered.errors < best.errors)) best = lowered;
      if (best?.errors === 0) break;
    }
    return this.#count(best);
  }

  #count(lowered: Lowered | null): Body | null {
    if (lowered === null) return null;
    this.#parsed++;
    if (lowered.errors > 0) this.#withErrors++;
    return lowered.body;
  }

  /** `lines`: from the line of the definition's name to that of the text. Null when the parser was stopped. */
  #lower(
    reference: FunctionRef | MacroRef,
    fn: FunctionRef | null,
    text: string,
    lines: number,
    prefix: number,
  ): Lowered | null {
    const parsed = this.#read(text);
    if (parsed === null) return null;
    const ir = lowerFunction(reference.name, parsed.ast, parsed.text);
    if (ir === null) return { body: null, errors: Number.POSITIVE_INFINITY };
    return { body: new DefinitionBody(reference, fn, ir, text, lines, prefix), errors: ir.parseErrors };
  }

  /** Plain functions are read without the parser; it takes what is left. Null when it was stopped. */
  #read(text: string): { readonly ast: Ast; readonly text: string } | null {
    const plain = readPlainFunction(text);
    if (plain !== null) return { ast: plain, text };
    const parsed = parseWithMasking(this.#parser, text);
    if (parsed === null) return null;
    try {
      return { ast: copyTree(parsed.tree), text: parsed.text };
    } finally {
      parsed.tree.delete();
    }
  }
}

/** A class: objects with a getter that is written in place have no shape in common, and are slow to ask for anything. */
class DefinitionBody implements Body {
  readonly name: string;
  readonly file: SourceFile;
  readonly definition: FunctionRef | MacroRef;
  readonly function: FunctionRef | null;
  readonly ir: FunctionIr;
  readonly text: string;
  readonly prefix: number;
  readonly notes: NotesOfBody = [undefined, undefined];
  readonly #lines: number;

  constructor(
    definition: FunctionRef | MacroRef,
    fn: FunctionRef | null,
    ir: FunctionIr,
    text: string,
    lines: number,
    prefix: number,
  ) {
    this.name = definition.name;
    this.file = definition.file;
    this.definition = definition;
    this.function = fn;
    this.ir = ir;
    this.text = text;
    this.prefix = prefix;
    this.#lines = lines;
  }

  get line(): number {
    return this.definition.span.line + this.#lines;
  }
}

/** A body, null where the parser found no definition, and how many errors its text has. */
interface Lowered {
  readonly body: Body | null;
  readonly errors: number;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return DECODER.decode(bytes.subarray(start, end));
}

const LINE_STARTS = new WeakMap<Body, readonly number[]>();

function lineStartsOf(body: Body): readonly number[] {
  let starts = LINE_STARTS.get(body);
  if (starts === undefined) {
    const found = [0];
    for (let i = body.text.indexOf("\n"); i >= 0; i = body.text.indexOf("\n", i + 1)) found.push(i + 1);
    starts = found;
    LINE_STARTS.set(body, starts);
  }
  return starts;
}

/** Where an offset of the body's text stands in the file. */
export function positionIn(body: Body, at: number): SourcePosition {
  const starts = lineStartsOf(body);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return { line: body.line + low, column: Math.max(1, at - starts[low]! + 1 - (low === 0 ? body.prefix : 0)) };
}
