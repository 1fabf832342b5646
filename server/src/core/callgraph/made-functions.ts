/**
 * Functions that a macro's call at the top level makes: `BUFFER_FNS(Dirty, dirty)` makes set_buffer_dirty(). The call is
 * expanded, and what the expansion defines is read as if it stood behind the file's own text, each in the line of the
 * call. A macro may call others that make functions (PAGEFLAG() calls TESTPAGEFLAG()).
 */
import { type FunctionSpan, scanSkeleton } from "../syntax/skeleton.ts";
import { wrapLike } from "../text/byte-search.ts";
import { NameTable } from "../text/name-table.ts";
import type { MacroRef, MadeFunctions, Program, SourceFile } from "./program.ts";

/** The text of a byte range of a file. */
export type TextReader = (file: SourceFile, start: number, end: number) => string;

/** A macro's replacement, taken apart where a call's arguments come in. */
interface Template {
  readonly parameters: number;
  readonly parts: readonly (string | Hole)[];
}

interface Hole {
  readonly argument: number;
  /** `#name`: the argument's text as a string. */
  readonly isQuoted: boolean;
}

/** Macros that call macros. */
const MAX_DEPTH = 4;
/** All that one call may become, in characters: 6.12's largest has a tenth. */
const MAX_EXPANSION = 1 << 16;
/** A body behind a parameter list, or a call that may have one. */
const MAKES_SOMETHING = /\)\s*\{|^\s*[A-Za-z_]\w*\s*\(/;
const TOKEN =
  /\s*##\s*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|#\s*[A-Za-z_]\w*|[A-Za-z_]\w*|\d\w*|\s+|[^\s\w"'#]+|[\s\S]/g;
const ENCODER = new TextEncoder();

/** Finds them in all files of the program. `makesNothing`: macros whose calls are passed over. */
export function findMadeFunctions(
  program: Program,
  textOf: TextReader,
  makesNothing: ReadonlySet<string>,
): Map<string, MadeFunctions> {
  const maker = new Maker(program, textOf, makesNothing);
  const found = new Map<string, MadeFunctions>();
  for (const file of program.files.values()) {
    if (file.skeleton.invocations.length === 0) continue;
    const made = maker.makeFor(file);
    if (made !== null) found.set(file.path, made);
  }
  return found;
}

/** Finds those of one file; null when there are none. */
export function findMadeFunctionsIn(
  file: SourceFile,
  program: Program,
  textOf: TextReader,
  makesNothing: ReadonlySet<string>,
): MadeFunctions | null {
  return new Maker(program, textOf, makesNothing).makeFor(file);
}

class Maker {
  readonly #program: Program;
  readonly #textOf: TextReader;
  readonly #templates = new Map<MacroRef, Template | null>();
  /** For the names in expansions alone: a table is large to make. */
  readonly #names = new NameTable();

  readonly #makesNothing: ReadonlySet<string>;
  /** A file's bytes, of the kind that all files' are. */
  #sample: Uint8Array | null = null;

  constructor(program: Program, textOf: TextReader, makesNothing: ReadonlySet<string>) {
    this.#program = program;
    this.#textOf = textOf;
    this.#makesNothing = makesNothing;
  }

  makeFor(file: SourceFile): MadeFunctions | null {
    const parts: Uint8Array[] = [];
    const functions: { readonly span: FunctionSpan; readonly macro: string }[] = [];
    const macros = new Set<string>();
    let offset = file.size;
    for (const { name, start, open, end, line } of file.skeleton.invocations) {
      const macro = this.#program.names.text(name);
      const template = this.#templateOf(macro, file);
      if (template === null) continue;
      const used = new Set([macro]);
      const text = this.#expand(template, this.#textOf(file, open, end), file, used, 0);
      if (!text.includes("{")) continue;
      const bytes = this.#encode(`\n${text}`, file);
      const made = scanSkeleton(bytes, this.#program.names).functions;
      if (made.length === 0) continue;
      for (const span of made)
        functions.push({
          macro: this.#textOf(file, start, open).trim(),
          span: {
            ...span,
            start: span.start + offset,
            nameStart: span.nameStart + offset,
            body: span.body + offset,
            end: span.end + offset,
            line,
          },
        });
      for (const each of used) macros.add(each);
      parts.push(bytes);
      offset += bytes.length;
    }
    if (functions.length === 0) return null;
    const all = new Uint8Array(offset - file.size);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return { bytes: all, functions, macros };
  }

  #encode(text: string, file: SourceFile): Uint8Array {
    const bytes = ENCODER.encode(text);
    this.#sample ??= this.#program.read(file.path) ?? bytes;
    return wrapLike(this.#sample, bytes);
  }

  /** The macro that `name(...)` means in a file; null when it cannot make a function. */
  #templateOf(name: string, from: SourceFile): Template | null {
    if (this.#makesNothing.has(name)) return null;
    let best: MacroRef | null = null;
    let bestRank = 0;
    for (const each of this.#program.macrosNamed(name)) {
      if (!each.span.functionLike) continue;
      const rank = each.file === from ? 3 : each.file.directory === from.directory ? 2 : each.file.isHeader ? 1 : 0;
      // Among several in one place (one arm of a conditional is empty) the larger.
      const larger = best !== null && each.span.end - each.span.start > best.span.end - best.span.start;
      if (rank > bestRank || (rank === bestRank && rank > 0 && larger)) {
        best = each;
        bestRank = rank;
      }
    }
    if (best === null) return null;
    let template = this.#templates.get(best);
    if (template === undefined) {
      template = this.#read(best);
      this.#templates.set(best, template);
    }
    return template;
  }

  #read({ file, span }: MacroRef): Template | null {
    if (span.end - span.start > MAX_EXPANSION) return null;
    const text = this.#textOf(file, span.parameters, span.end)
      .replace(/\\\r?\n/g, " ")
      .replace(/\/\*[\s\S]*?\*\//g, " ");
    const close = text.indexOf(")");
    const replacement = text.slice(close + 1);
    if (close < 0 || !MAKES_SOMETHING.test(replacement)) return null;
    const parameters = text
      .slice(1, close)
      .split(",")
      .map((each) => each.trim().replace(/\s*\.\.\.$/, "") || "__VA_ARGS__");
    return { parameters: parameters.length, parts: takeApart(replacement, parameters) };
  }

  /** In one line. `call` is what stands from `(` to `)`. */
  #expand(template: Template, call: string, file: SourceFile, used: Set<string>, depth: number): string {
    const values = argumentsOf(call, template.parameters);
    const text = substitute(template, values);
    if (depth >= MAX_DEPTH || text.length > MAX_EXPANSION) return "";
    if (/\)\s*\{/.test(text)) return text.replace(/\s+/g, " ");
    // Calls of other macros, one behind the other.
    const bytes = this.#encode(text.replace(/\)\s*/g, ")\n"), file);
    const inner: string[] = [];
    for (const { name, open, end } of scanSkeleton(bytes, this.#names).invocations) {
      const macro = this.#names.text(name);
      const below = this.#templateOf(macro, file);
      if (below === null || used.size > 64) continue;
      used.add(macro);
      inner.push(this.#expand(below, decode(bytes, open, end), file, used, depth + 1));
    }
    return inner.join(" ");
  }
}

const DECODER = new TextDecoder("utf-8");

function decode(bytes: Uint8Array, start: number, end: number): string {
  return DECODER.decode(bytes.subarray(start, end));
}

/** What stands between the commas of `(a, (b, c))`; what is too much goes to the last. */
function argumentsOf(call: string, count: number): string[] {
  const values: string[] = [];
  let depth = 0;
  let from = 1;
  for (let i = 0; i < call.length; i++) {
    const c = call[i];
    if (c === "(") depth++;
    else if ((c === ")" && --depth === 0) || (c === "," && depth === 1 && values.length < count - 1)) {
      values.push(call.slice(from, i).trim());
      from = i + 1;
    }
  }
  return values;
}

function takeApart(replacement: string, parameters: readonly string[]): (string | Hole)[] {
  const places = new Map(parameters.map((name, argument) => [name, argument]));
  const parts: (string | Hole)[] = [];
  let text = "";
  for (const token of replacement.match(TOKEN) ?? []) {
    if (/^\s*##\s*$/.test(token)) continue;
    const isQuoted = token.startsWith("#");
    const argument = places.get(isQuoted ? token.slice(1).trim() : token);
    if (argument === undefined) text += token;
    else {
      parts.push(text, { argument, isQuoted });
      text = "";
    }
  }
  parts.push(text);
  return parts;
}

function substitute({ parts }: Template, values: readonly string[]): string {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else {
      const value = values[part.argument] ?? "";
      text += part.isQuoted ? JSON.stringify(value) : value;
    }
  }
  return text;
}
