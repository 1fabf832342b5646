/**
 * The skeleton of a C file: what stands at its top level, found by one pass over the bytes, without a parse.
 * It holds function definitions, function-like macros, struct definitions, typedefs of structs, initialised
 * variables of struct type (ops tables) and every `.field = name` / `->field = name`. A byte loop reads the kernel
 * about twenty times as fast as a parser, so the whole tree gets a skeleton and only what eviction can reach is parsed.
 *
 * Preprocessor arms: the brace depth at `#if` is restored at `#else`/`#elif`, and `#endif` goes on from the end of the
 * first arm, as ctags does; definitions in all arms are found.
 */
import { asciiText } from "../text/byte-search.ts";
import type { NameTable } from "../text/name-table.ts";
import { MacroSpans } from "./macro-spans.ts";

export const STATIC = 1;
export const INLINE = 2;
/** The definition came from a macro that takes the name as its argument (SYSCALL_DEFINE3(name, ...)). */
export const FROM_MACRO = 4;

export interface FunctionSpan {
  readonly name: number;
  /** Byte offset of the first byte of the declaration (after the last top-level `;` or `}`), comments skipped. */
  readonly start: number;
  readonly nameStart: number;
  /** Byte offset of the body's `{`. */
  readonly body: number;
  /** Byte offset after the body's `}`; the file's end when the body never closes. */
  readonly end: number;
  /** 1-based line of the name. */
  readonly line: number;
  readonly flags: number;
}

export interface StructSpan {
  readonly name: number;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

export interface TypedefSpan {
  readonly name: number;
  /** The struct tag that it stands for. */
  readonly struct: number;
}

/** A macro's call that stands by itself at the top level: `BUFFER_FNS(Dirty, dirty)`. */
export interface InvocationSpan {
  readonly name: number;
  readonly start: number;
  /** Byte offset of the `(`. */
  readonly open: number;
  /** Byte offset after the `)`. */
  readonly end: number;
  readonly line: number;
}

/** An initialised variable of struct type: `static const struct T name[] = { ... }`. */
export interface TableSpan {
  readonly struct: number;
  readonly name: number;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** `.field = target` in an initialiser, or `x->field = target;` in a body. */
export interface FieldBinding {
  readonly field: number;
  readonly target: number;
  readonly offset: number;
  readonly line: number;
  /** Index into `tables`, or -1. */
  readonly table: number;
  /** Index into `functions` of the body that it stands in, or -1. */
  readonly within: number;
}

export interface Skeleton {
  readonly functions: readonly FunctionSpan[];
  readonly macros: MacroSpans;
  readonly structs: readonly StructSpan[];
  readonly typedefs: readonly TypedefSpan[];
  readonly tables: readonly TableSpan[];
  readonly bindings: readonly FieldBinding[];
  readonly invocations: readonly InvocationSpan[];
  /** C files (not headers) that it includes, as written: their static functions are its own. */
  readonly includes: readonly string[];
  /** Headers that it includes, as written. */
  readonly headers: readonly number[];
  /** False when braces never closed or a comment never ended: what was found is kept, and the file is named to the user. */
  readonly complete: boolean;
}

/** Longer names of included files are no names. */
const MAX_INCLUDE_BYTES = 256;

const PLAIN = 0;
const IDENTIFIER = 1;
const BRACE_OPEN = 2;
const BRACE_CLOSE = 3;
const PAREN_OPEN = 4;
const PAREN_CLOSE = 5;
const SEMICOLON = 6;
const EQUALS = 7;
const QUOTE = 8;
const SLASH = 9;
const NEWLINE = 10;
const DIGIT = 11;

const CLASS = new Uint8Array(256);
const IS_WORD = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const letter = (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
  const digit = c >= 48 && c <= 57;
  IS_WORD[c] = letter || digit ? 1 : 0;
  CLASS[c] = letter ? IDENTIFIER : digit ? DIGIT : PLAIN;
}
for (const [text, kind] of [
  ["{", BRACE_OPEN],
  ["}", BRACE_CLOSE],
  ["(", PAREN_OPEN],
  [")", PAREN_CLOSE],
  [";", SEMICOLON],
  ["=", EQUALS],
  ['"', QUOTE],
  ["'", QUOTE],
  ["/", SLASH],
  ["\n", NEWLINE],
] as const)
  CLASS[text.charCodeAt(0)] = kind;
/** Inside a body only these matter; identifiers are passed over. */
const BODY_CLASS = CLASS.map((kind) =>
  kind === IDENTIFIER || kind === DIGIT || kind === PAREN_OPEN || kind === PAREN_CLOSE || kind === SEMICOLON
    ? PLAIN
    : kind,
);

/**
 * Annotations that take arguments and stand before or after a function's name (include/linux/compiler_attributes.h,
 * compiler_types.h, sparse's context annotations): their parentheses are not the parameter list.
 */
const ANNOTATIONS = new Set([
  "__attribute__",
  "__attribute",
  "__printf",
  "__scanf",
  "__must_hold",
  "__must_hold_shared",
  "__acquires",
  "__acquires_shared",
  "__releases",
  "__releases_shared",
  "__cond_acquires",
  "__cond_lock",
  "__aligned",
  "__section",
  "__alloc_size",
  "__realloc_size",
  "__assume_aligned",
  "__alias",
  "__diagnose_as",
  "__counted_by",
  "__no_sanitize",
  "__optimize",
  "__format_arg",
  "__nonnull",
  "__no_context_analysis",
  "__guarded_by",
  "typeof",
  "__typeof__",
  "__context__",
  "_Alignas",
  "__cleanup",
  "__diag_ignore_all",
  "__target",
  "__bpf_kfunc_args",
]);
/** By their length: a name before a parenthesis is compared with those of its own only. */
const NOT_A_NAME = byLength(
  "void int long char unsigned bool struct union enum return if while for switch sizeof".split(" "),
);

const TOP = 0;
const FUNCTION = 1;
const TABLE = 2;
const STRUCT = 3;
const OTHER = 4;

interface Conditional {
  depth: number;
  parens: number;
  mode: number;
  firstArmDepth: number;
  firstArmMode: number;
}

type Open<T extends { readonly end: number }> = Omit<T, "end"> & { end: number };

function byLength(words: readonly string[]): readonly (readonly string[])[] {
  const table: string[][] = [];
  for (let length = 0; length <= 8; length++) table.push(words.filter((word) => word.length === length));
  return table;
}

function isOneOf(bytes: Uint8Array, start: number, end: number, table: readonly (readonly string[])[]): boolean {
  const words = table[end - start];
  if (words === undefined) return false;
  for (const word of words) {
    let k = 0;
    while (k < word.length && bytes[start + k] === word.charCodeAt(k)) k++;
    if (k === word.length) return true;
  }
  return false;
}

/** All but one begin with an underscore. */
function isAnnotation(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 95 && !(bytes[start] === 116 && end - start === 6)) return false;
  return ANNOTATIONS.has(asciiText(bytes, start, Math.min(end, start + 64)));
}

/** Line numbers of positions near the place that a scan has come to. */
class LineCounter {
  readonly #bytes: Uint8Array;
  #position = 0;
  #line = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The scan has come to the next newline. */
  pass(newline: number): void {
    this.#position = newline + 1;
    this.#line++;
  }

  /** The scan goes on at `position`, over newlines that it did not look at. */
  goTo(position: number): void {
    this.#line = this.at(position);
    this.#position = position;
  }

  at(position: number): number {
    const here = this.#position;
    return position < here
      ? this.#line - newlines(this.#bytes, position, here)
      : this.#line + newlines(this.#bytes, here, position);
  }
}

function newlines(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let p = from; p < to; p++) if (bytes[p] === 10) count++;
  return count;
}

/** From the `#` of a directive to the end of its logical line; returns the offset of the newline. */
function endOfDirective(bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  let p = from;
  while (p < length) {
    const c = bytes[p]!;
    if (c === 10) {
      let back = p - 1;
      if (bytes[back] === 13) back--;
      if (bytes[back] !== 92) return p;
    } else if (c === 47 && bytes[p + 1] === 42) {
      p += 2;
      while (p < length && !(bytes[p] === 42 && bytes[p + 1] === 47)) p++;
      p++;
    } else if (c === 47 && bytes[p + 1] === 47) {
      while (p < length && bytes[p] !== 10) p++;
      continue;
    }
    p++;
  }
  return length;
}

function wordAt(bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  let p = from;
  while (p < length && IS_WORD[bytes[p]!] === 1) p++;
  return p;
}

function matches(bytes: Uint8Array, from: number, to: number, word: string): boolean {
  if (to - from !== word.length) return false;
  for (let k = 0; k < word.length; k++) if (bytes[from + k] !== word.charCodeAt(k)) return false;
  return true;
}

/** After `#if 0`: the offset of the `#` of the #else, #elif or #endif that ends the arm. */
function skipDeadArm(bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  let nesting = 0;
  let p = from;
  while (p < length) {
    let q = p;
    while (bytes[q] === 32 || bytes[q] === 9) q++;
    if (bytes[q] === 35) {
      const hash = q++;
      while (bytes[q] === 32 || bytes[q] === 9) q++;
      const end = wordAt(bytes, q);
      if (matches(bytes, q, end, "if") || matches(bytes, q, end, "ifdef") || matches(bytes, q, end, "ifndef"))
        nesting++;
      else if (matches(bytes, q, end, "endif")) {
        if (nesting === 0) return hash;
        nesting--;
      } else if (nesting === 0 && (matches(bytes, q, end, "else") || matches(bytes, q, end, "elif"))) return hash;
    }
    while (p < length && bytes[p] !== 10) p++;
    p++;
  }
  return length;
}

const NO_INVOCATION = 0;
const ENDED_INVOCATION = 1;
/** Without a semicolon: what comes next is another item. */
const BARE_INVOCATION = 2;

/** What stands behind the `)` of what may be a macro's call at the top level. */
function endOfInvocation(bytes: Uint8Array, from: number): number {
  let p = from;
  while (bytes[p] === 32 || bytes[p] === 9 || bytes[p] === 13) p++;
  if (bytes[p] === 59) return ENDED_INVOCATION;
  if (p >= bytes.length) return BARE_INVOCATION;
  if (bytes[p] !== 10) return NO_INVOCATION;
  while (bytes[p] === 10 || bytes[p] === 13) p++;
  // Another item begins in the first column, and is no annotation of this one.
  const c = bytes[p];
  if (c === undefined || c === 35) return BARE_INVOCATION;
  if (CLASS[c] !== IDENTIFIER || c === 95) return NO_INVOCATION;
  return BARE_INVOCATION;
}

/** EXPORT_SYMBOL() and MODULE_LICENSE(), of which there are ten thousands, make no functions. */
function isExport(bytes: Uint8Array, start: number): boolean {
  return matches(bytes, start, start + 7, "EXPORT_") || matches(bytes, start, start + 7, "MODULE_");
}

/** Reads one file's bytes. Never throws; takes time linear in their number. Names go to `names`. */
export function scanSkeleton(bytes: Uint8Array, names: NameTable): Skeleton {
  return new Scan(bytes, names).run();
}

/**
 * One pass over one file. A class, not a function full of closures: those are made anew for each file, and the engine
 * compiles what has inlined them again and again.
 */
class Scan {
  readonly #bytes: Uint8Array;
  readonly #names: NameTable;
  readonly #lines: LineCounter;
  readonly #functions: FunctionSpan[] = [];
  /** As MacroSpans takes them. */
  readonly #macros: number[] = [];
  readonly #structs: StructSpan[] = [];
  readonly #typedefs: TypedefSpan[] = [];
  readonly #tables: Open<TableSpan>[] = [];
  readonly #bindings: FieldBinding[] = [];
  readonly #invocations: InvocationSpan[] = [];
  readonly #includes: string[] = [];
  readonly #headers: number[] = [];
  readonly #conditionals: Conditional[] = [];
  #complete = true;
  #mode = TOP;
  #depth = 0;
  #parens = 0;

  // The declaration that is being read at the top level.
  #headStart = -1;
  /** The name before the parameter list. */
  #candidate = -1;
  #candidateEnd = -1;
  #candidateParen = -1;
  #lastIdent = -1;
  #lastIdentEnd = -1;
  #previousWasParen = false;
  #annotationOpen = false;
  #equals = false;
  #variable = -1;
  #variableEnd = -1;
  #tag = -1;
  #tagEnd = -1;
  #tagIsStruct = false;
  #afterStruct = false;
  #isTypedef = false;
  #flags = 0;

  // What is open now.
  #open: Open<FunctionSpan> | null = null;
  #openTable = -1;
  #structOpen: { readonly name: number; readonly start: number; readonly line: number } | null = null;
  #unnamedStruct: { readonly start: number; readonly end: number; readonly line: number } | null = null;

  constructor(bytes: Uint8Array, names: NameTable) {
    this.#bytes = bytes;
    this.#names = names;
    this.#lines = new LineCounter(bytes);
  }

  run(): Skeleton {
    const bytes = this.#bytes;
    const length = bytes.length;
    // A directive may stand on the very first line.
    let i = this.#startOfLine(0);
    while (i < length) {
      const classes = this.#mode === TOP ? CLASS : BODY_CLASS;
      let c = bytes[i]!;
      let kind = classes[c]!;
      while (kind === PLAIN && ++i < length) {
        c = bytes[i]!;
        kind = classes[c]!;
      }
      if (i >= length) break;
      switch (kind) {
        case NEWLINE:
          this.#lines.pass(i);
          i = this.#startOfLine(i + 1);
          break;
        case SLASH:
          i = bytes[i + 1] === 42 ? this.#comment(i) : bytes[i + 1] === 47 ? endOfLine(bytes, i) : i + 1;
          break;
        case QUOTE:
          i = endOfQuote(bytes, i, c);
          this.#lines.goTo(i);
          break;
        case DIGIT:
          i = wordAt(bytes, i);
          this.#previousWasParen = false;
          break;
        case IDENTIFIER:
          i = this.#identifier(i);
          break;
        case PAREN_OPEN:
          this.#openParen(i++);
          break;
        case PAREN_CLOSE:
          this.#closeParen(i++);
          break;
        case SEMICOLON:
          if (this.#parens === 0 || this.#headStart < 0) this.#endDeclaration();
          i++;
          break;
        case EQUALS:
          this.#assign(i++);
          break;
        case BRACE_OPEN:
          if (this.#mode !== TOP) this.#depth++;
          else this.#openBrace(i);
          i++;
          break;
        case BRACE_CLOSE:
          i++;
          if (this.#mode !== TOP && --this.#depth <= 0) this.#closeBrace(i);
          break;
      }
    }
    this.#endFile();
    return {
      functions: this.#functions,
      macros: this.#macros.length === 0 ? MacroSpans.NONE : new MacroSpans(this.#macros),
      structs: this.#structs,
      typedefs: this.#typedefs,
      tables: this.#tables,
      bindings: this.#bindings,
      invocations: this.#invocations,
      includes: this.#includes,
      headers: this.#headers,
      complete: this.#complete,
    };
  }

  #resetHead(): void {
    this.#headStart = -1;
    this.#candidate = -1;
    this.#lastIdent = -1;
    this.#previousWasParen = false;
    this.#annotationOpen = false;
    this.#equals = false;
    this.#variable = -1;
    this.#tag = -1;
    this.#tagIsStruct = false;
    this.#afterStruct = false;
    this.#isTypedef = false;
    this.#flags = 0;
    this.#parens = 0;
    this.#unnamedStruct = null;
  }

  /** At the first byte of a line; returns where scanning goes on. */
  #startOfLine(from: number): number {
    const bytes = this.#bytes;
    let p = from;
    while (bytes[p] === 32 || bytes[p] === 9) p++;
    return bytes[p] === 35 ? this.#directive(p) : p;
  }

  /** Handles the directive whose `#` is at `hash`; returns where scanning goes on. */
  #directive(hash: number): number {
    const bytes = this.#bytes;
    let p = hash + 1;
    while (bytes[p] === 32 || bytes[p] === 9) p++;
    const end = wordAt(bytes, p);
    const stop = endOfDirective(bytes, end);
    if (matches(bytes, p, end, "define")) this.#define(hash, end, stop);
    else if (matches(bytes, p, end, "include")) this.#include(end, stop);
    else if (matches(bytes, p, end, "if")) {
      this.#if();
      let n = end;
      while (bytes[n] === 32 || bytes[n] === 9) n++;
      if (bytes[n] === 48 && !IS_WORD[bytes[n + 1] ?? 32]) {
        const next = skipDeadArm(bytes, stop + 1);
        return next < bytes.length ? this.#directive(next) : bytes.length;
      }
    } else if (matches(bytes, p, end, "ifdef") || matches(bytes, p, end, "ifndef")) this.#if();
    else if (matches(bytes, p, end, "else") || matches(bytes, p, end, "elif")) this.#else();
    else if (matches(bytes, p, end, "endif")) this.#endif();
    this.#lines.goTo(stop);
    return stop;
  }

  #define(hash: number, from: number, stop: number): void {
    const bytes = this.#bytes;
    let n = from;
    while (bytes[n] === 32 || bytes[n] === 9) n++;
    const nameEnd = wordAt(bytes, n);
    if (nameEnd === n) return;
    const name = this.#names.intern(bytes, n, nameEnd);
    this.#macros.push(name, hash, nameEnd, stop, this.#lines.at(hash), bytes[nameEnd] === 40 ? 1 : 0);
  }

  #include(from: number, stop: number): void {
    const bytes = this.#bytes;
    let open = from;
    while (open < stop && bytes[open] !== 34 && bytes[open] !== 60) open++;
    const closing = bytes[open] === 34 ? 34 : 62;
    let close = open + 1;
    while (close < stop && bytes[close] !== closing) close++;
    if (close >= stop || close - open > MAX_INCLUDE_BYTES || bytes[close - 2] !== 46) return;
    if (bytes[close - 1] === 104) this.#headers.push(this.#names.intern(bytes, open + 1, close));
    else if (bytes[close - 1] === 99 && closing === 34) this.#includes.push(asciiText(bytes, open + 1, close));
  }

  #if(): void {
    const mode = this.#mode;
    this.#conditionals.push({
      depth: this.#depth,
      parens: this.#parens,
      mode,
      firstArmDepth: -1,
      firstArmMode: mode,
    });
  }

  #else(): void {
    const top = this.#conditionals[this.#conditionals.length - 1];
    if (top === undefined) return;
    if (top.firstArmDepth < 0) {
      top.firstArmDepth = this.#depth;
      top.firstArmMode = this.#mode;
    }
    if (top.mode === TOP && this.#mode !== TOP) {
      this.#open = null;
      this.#openTable = -1;
      this.#structOpen = null;
      this.#resetHead();
    }
    this.#depth = top.depth;
    this.#parens = top.parens;
    this.#mode = top.mode;
  }

  #endif(): void {
    const top = this.#conditionals.pop();
    if (
      top !== undefined &&
      top.firstArmDepth >= 0 &&
      top.firstArmDepth !== this.#depth &&
      this.#mode === top.firstArmMode
    )
      this.#depth = top.firstArmDepth;
  }

  #comment(at: number): number {
    const bytes = this.#bytes;
    const length = bytes.length;
    let p = at + 2;
    while (p < length && !(bytes[p] === 42 && bytes[p + 1] === 47)) p++;
    if (p >= length) this.#complete = false;
    this.#lines.goTo(p);
    return p + 2;
  }

  #identifier(at: number): number {
    const bytes = this.#bytes;
    const end = wordAt(bytes, at);
    if (this.#headStart < 0) this.#headStart = at;
    if (this.#parens > 0) return end;
    this.#lastIdent = at;
    this.#lastIdentEnd = end;
    if (this.#afterStruct) {
      // Attributes may stand between `struct` and its tag.
      if (this.#tag < 0 && !(bytes[at] === 95 && bytes[at + 1] === 95)) {
        this.#tag = at;
        this.#tagEnd = end;
        this.#afterStruct = false;
      }
    } else if (matches(bytes, at, end, "struct") || matches(bytes, at, end, "union")) {
      if (this.#candidate < 0 && this.#tag < 0) {
        this.#afterStruct = true;
        this.#tagIsStruct = true;
      }
    } else if (matches(bytes, at, end, "typedef")) this.#isTypedef = true;
    else if (matches(bytes, at, end, "static")) this.#flags |= STATIC;
    else if (matches(bytes, at, end, "inline") || matches(bytes, at, end, "__always_inline")) this.#flags |= INLINE;
    return end;
  }

  #openParen(at: number): void {
    const bytes = this.#bytes;
    if (this.#parens++ > 0 || this.#equals || this.#lastIdent < 0 || this.#lastIdentEnd <= 0) return;
    let b = at - 1;
    while (b >= 0 && isBlank(bytes[b])) b--;
    if (b + 1 !== this.#lastIdentEnd) return;
    if (isAnnotation(bytes, this.#lastIdent, this.#lastIdentEnd)) this.#annotationOpen = true;
    else if (!this.#previousWasParen && !isOneOf(bytes, this.#lastIdent, this.#lastIdentEnd, NOT_A_NAME)) {
      this.#candidate = this.#lastIdent;
      this.#candidateEnd = this.#lastIdentEnd;
      this.#candidateParen = at;
    }
  }

  #closeParen(at: number): void {
    if (this.#parens > 0) this.#parens--;
    if (this.#parens > 0) return;
    if (
      !this.#annotationOpen &&
      !this.#previousWasParen &&
      !this.#equals &&
      this.#candidate >= 0 &&
      this.#candidate === this.#headStart &&
      this.#invocation(at) === BARE_INVOCATION
    ) {
      this.#resetHead();
      return;
    }
    if (!this.#annotationOpen) this.#previousWasParen = true;
    this.#annotationOpen = false;
  }

  /** Notes the macro's call that ends at the `)`, if it is one. */
  #invocation(at: number): number {
    const bytes = this.#bytes;
    const end = endOfInvocation(bytes, at + 1);
    if (end !== NO_INVOCATION && !isExport(bytes, this.#candidate))
      this.#invocations.push({
        name: this.#names.intern(bytes, this.#candidate, this.#candidateEnd),
        start: this.#candidate,
        open: this.#candidateParen,
        end: at + 1,
        line: this.#lines.at(this.#candidate),
      });
    return end;
  }

  #endDeclaration(): void {
    if (this.#isTypedef && this.#lastIdent >= 0) {
      const bytes = this.#bytes;
      if (this.#unnamedStruct !== null && this.#tag < 0)
        this.#structs.push({
          ...this.#unnamedStruct,
          name: this.#names.intern(bytes, this.#lastIdent, this.#lastIdentEnd),
        });
      else if (this.#tag >= 0 && this.#candidate < 0 && this.#lastIdent !== this.#tag)
        this.#typedefs.push({
          name: this.#names.intern(bytes, this.#lastIdent, this.#lastIdentEnd),
          struct: this.#names.intern(bytes, this.#tag, this.#tagEnd),
        });
    }
    this.#resetHead();
  }

  #assign(at: number): void {
    if (this.#mode !== TOP) {
      if (this.#mode !== STRUCT) this.#binding(at);
    } else if (this.#parens === 0 && !this.#equals) {
      this.#equals = true;
      this.#variable = this.#lastIdent;
      this.#variableEnd = this.#lastIdentEnd;
    }
  }

  /** Records `.field = target` at the `=` of offset `at`. */
  #binding(at: number): void {
    const bytes = this.#bytes;
    if (bytes[at + 1] === 61) return;
    let b = at - 1;
    while (b >= 0 && (bytes[b] === 32 || bytes[b] === 9)) b--;
    const fieldEnd = b + 1;
    while (b >= 0 && IS_WORD[bytes[b]!]) b--;
    const fieldStart = b + 1;
    if (bytes[b] !== 46 && !(bytes[b] === 62 && bytes[b - 1] === 45)) return;
    if (fieldStart === fieldEnd || CLASS[bytes[fieldStart]!] !== IDENTIFIER) return;
    let t = at + 1;
    while (isBlank(bytes[t])) t++;
    if (bytes[t] === 38) t++;
    while (bytes[t] === 32) t++;
    const targetEnd = wordAt(bytes, t);
    if (targetEnd === t || CLASS[bytes[t]!] !== IDENTIFIER) return;
    let after = targetEnd;
    while (isBlank(bytes[after])) after++;
    const c = bytes[after];
    if (c !== 44 && c !== 59 && c !== 125 && c !== 47 && c !== 35) return;
    this.#bindings.push({
      field: this.#names.intern(bytes, fieldStart, fieldEnd),
      target: this.#names.intern(bytes, t, targetEnd),
      offset: fieldStart,
      line: this.#lines.at(fieldStart),
      table: this.#openTable,
      within: this.#mode === FUNCTION ? this.#functions.length : -1,
    });
  }

  #openBrace(at: number): void {
    const bytes = this.#bytes;
    this.#depth = 1;
    if (this.#candidate >= 0 && this.#parens === 0 && !this.#equals) this.#tagBefore(at);
    if (this.#parens > 0) this.#mode = OTHER;
    else if (this.#equals) {
      this.#mode = OTHER;
      if (this.#tagIsStruct && this.#tag >= 0 && this.#variable >= 0) {
        this.#mode = TABLE;
        this.#openTable = this.#tables.length;
        this.#tables.push({
          struct: this.#names.intern(bytes, this.#tag, this.#tagEnd),
          name: this.#names.intern(bytes, this.#variable, this.#variableEnd),
          start: this.#headStart,
          end: -1,
          line: this.#lines.at(this.#variable),
        });
      }
    } else if (this.#candidate >= 0) {
      this.#mode = FUNCTION;
      this.#open = this.#functionAt(at);
    } else if (this.#tagIsStruct) {
      this.#mode = STRUCT;
      this.#structOpen = {
        name: this.#tag >= 0 ? this.#names.intern(bytes, this.#tag, this.#tagEnd) : -1,
        start: this.#headStart,
        line: this.#lines.at(this.#headStart),
      };
    } else this.#mode = OTHER;
  }

  #functionAt(brace: number): Open<FunctionSpan> {
    const bytes = this.#bytes;
    let nameStart = this.#candidate;
    let nameEnd = this.#candidateEnd;
    let flags = this.#flags;
    if (this.#candidate === this.#headStart) {
      // NAME(argument, ...) { } is a macro that defines the function named by its first argument.
      let a = this.#candidateParen + 1;
      while (bytes[a] === 32 || bytes[a] === 10 || bytes[a] === 9) a++;
      const argumentEnd = wordAt(bytes, a);
      if (argumentEnd > a && isUpperCase(bytes, this.#candidate, this.#candidateEnd)) {
        flags |= FROM_MACRO;
        // A system call's function has a name that nobody calls: truncate(2) is not a static truncate().
        if (!isSystemCall(bytes, this.#candidate, this.#candidateEnd)) {
          nameStart = a;
          nameEnd = argumentEnd;
        }
      }
    }
    return {
      name: this.#names.intern(bytes, nameStart, nameEnd),
      start: this.#headStart,
      nameStart,
      body: brace,
      end: -1,
      line: this.#lines.at(nameStart),
      flags,
    };
  }

  /**
   * At a `{` that would open a function: where `struct tag` stands directly before it, macro calls without semicolons
   * came first (`LE64_BITMASK(...)` newline `struct tag {`), and the declaration starts with the keyword.
   */
  #tagBefore(brace: number): void {
    const bytes = this.#bytes;
    let p = brace;
    while (isBlank(bytes[p - 1])) p--;
    const tagWordEnd = p;
    while (p > this.#candidateEnd && IS_WORD[bytes[p - 1]!]) p--;
    const tagWord = p;
    let keyword = tagWord;
    let keywordEnd = tagWordEnd;
    if (!isTagKeyword(bytes, keyword, keywordEnd)) {
      while (isBlank(bytes[p - 1])) p--;
      keywordEnd = p;
      while (p > this.#candidateEnd && IS_WORD[bytes[p - 1]!]) p--;
      keyword = p;
      if (tagWord === tagWordEnd || !isTagKeyword(bytes, keyword, keywordEnd)) return;
      this.#tag = tagWord;
      this.#tagEnd = tagWordEnd;
    }
    this.#candidate = -1;
    this.#headStart = keyword;
    this.#tagIsStruct = !matches(bytes, keyword, keywordEnd, "enum");
  }

  /** `end`: the offset behind the `}`. */
  #closeBrace(end: number): void {
    this.#depth = 0;
    if (this.#mode === FUNCTION) {
      this.#closeFunction(end);
      this.#mode = TOP;
      this.#resetHead();
      return;
    }
    if (this.#mode === TABLE) {
      this.#tables[this.#openTable]!.end = end;
      this.#openTable = -1;
    } else if (this.#mode === STRUCT && this.#structOpen !== null) {
      const { name, start, line } = this.#structOpen;
      if (name >= 0) this.#structs.push({ name, start, end, line });
      else this.#unnamedStruct = { start, end, line };
      this.#structOpen = null;
      this.#lastIdent = -1;
    }
    this.#mode = TOP;
  }

  #closeFunction(end: number): void {
    if (this.#open === null) return;
    this.#open.end = end;
    this.#functions.push(this.#open);
    this.#open = null;
  }

  #endFile(): void {
    if (this.#mode === TOP) return;
    const { length } = this.#bytes;
    this.#complete = false;
    this.#closeFunction(length);
    if (this.#openTable >= 0) this.#tables[this.#openTable]!.end = length;
  }
}

function isBlank(c: number | undefined): boolean {
  return c === 32 || c === 9 || c === 10 || c === 13;
}

function isTagKeyword(bytes: Uint8Array, from: number, to: number): boolean {
  return matches(bytes, from, to, "struct") || matches(bytes, from, to, "union") || matches(bytes, from, to, "enum");
}

function endOfLine(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(10, from);
  return at < 0 ? bytes.length : at;
}

/** Behind the closing quote, or at the newline that ends the line before it. */
function endOfQuote(bytes: Uint8Array, at: number, quote: number): number {
  const length = bytes.length;
  let p = at + 1;
  while (p < length && bytes[p] !== quote && bytes[p] !== 10) p += bytes[p] === 92 ? 2 : 1;
  return bytes[p] === quote ? p + 1 : p;
}

/** SYSCALL_DEFINE3 and COMPAT_SYSCALL_DEFINE3: the macro's name ends in DEFINE and a digit. */
function isSystemCall(bytes: Uint8Array, start: number, end: number): boolean {
  return asciiText(bytes, start, Math.min(end, start + 64)).includes("SYSCALL_DEFINE");
}

function isUpperCase(bytes: Uint8Array, start: number, end: number): boolean {
  let letters = 0;
  for (let i = start; i < end; i++) {
    const c = bytes[i]!;
    if (c >= 97 && c <= 122) return false;
    if (c >= 65 && c <= 90) letters++;
  }
  return letters > 1;
}
