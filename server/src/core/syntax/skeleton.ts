/**
 * The skeleton of a C file: what stands at its top level, found by one pass over the bytes, without a parse.
 * It holds function definitions, function-like macros, struct definitions, typedefs of structs, initialised
 * variables of struct type (ops tables) and every `.field = name` / `->field = name`. A byte loop reads the kernel
 * about twenty times as fast as a parser, so the whole tree gets a skeleton and only what eviction can reach is parsed.
 *
 * Preprocessor arms: the brace depth at `#if` is restored at `#else`/`#elif`, and `#endif` goes on from the end of the
 * first arm, as ctags does; definitions in all arms are found.
 */
import type { NameTable } from "../text/name-table.ts";

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

export interface MacroSpan {
  readonly name: number;
  /** Byte offset of the `#`. */
  readonly start: number;
  /** Byte offset of the `(` of the parameters, or of the body of an object-like macro. */
  readonly parameters: number;
  readonly end: number;
  readonly line: number;
  readonly functionLike: boolean;
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
  readonly macros: readonly MacroSpan[];
  readonly structs: readonly StructSpan[];
  readonly typedefs: readonly TypedefSpan[];
  readonly tables: readonly TableSpan[];
  readonly bindings: readonly FieldBinding[];
  readonly invocations: readonly InvocationSpan[];
  /** C files (not headers) that it includes, as written: their static functions are its own. */
  readonly includes: readonly string[];
  /** False when braces never closed or a comment never ended: what was found is kept, and the file is named to the user. */
  readonly complete: boolean;
}

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

type OpenFunction = Omit<FunctionSpan, "end">;

/** Written out: a spread takes a tenth of the whole scan. */
function closedAt({ name, start, nameStart, body, line, flags }: OpenFunction, end: number): FunctionSpan {
  return { name, start, nameStart, body, end, line, flags };
}

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
  return ANNOTATIONS.has(String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 64))));
}

/** Line numbers of positions, which mostly come in order. */
class LineCounter {
  readonly #bytes: Uint8Array;
  #position = 0;
  #line = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  at(position: number): number {
    const before = this.#position;
    if (position < before) this.#line -= newlines(this.#bytes, position, before);
    else this.#line += newlines(this.#bytes, before, position);
    this.#position = position;
    return this.#line;
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
  const functions: FunctionSpan[] = [];
  const macros: MacroSpan[] = [];
  const structs: StructSpan[] = [];
  const typedefs: TypedefSpan[] = [];
  const tables: TableSpan[] = [];
  const bindings: FieldBinding[] = [];
  const invocations: InvocationSpan[] = [];
  const includes: string[] = [];
  const conditionals: Conditional[] = [];
  const length = bytes.length;
  let complete = true;
  let i = 0;
  let mode = TOP;
  let depth = 0;
  let parens = 0;

  // The declaration that is being read at the top level.
  let headStart = -1;
  let candidate = -1; // start of the name before the parameter list
  let candidateEnd = -1;
  let candidateParen = -1;
  let lastIdent = -1;
  let lastIdentEnd = -1;
  let previousWasParen = false;
  let annotationOpen = false;
  let equals = false;
  let variable = -1;
  let variableEnd = -1;
  let tag = -1;
  let tagEnd = -1;
  let tagIsStruct = false;
  let afterStruct = false;
  let isTypedef = false;
  let flags = 0;

  // What is open now.
  let open: OpenFunction | null = null;
  let openTable = -1;
  let structOpen: { name: number; start: number; line: number } | null = null;
  let unnamedStruct: { start: number; end: number; line: number } | null = null;

  const lines = new LineCounter(bytes);

  const resetHead = (): void => {
    headStart = -1;
    candidate = -1;
    lastIdent = -1;
    previousWasParen = false;
    annotationOpen = false;
    equals = false;
    variable = -1;
    tag = -1;
    tagIsStruct = false;
    afterStruct = false;
    isTypedef = false;
    flags = 0;
    parens = 0;
    unnamedStruct = null;
  };

  /** Handles the directive whose `#` is at `hash`; returns where scanning goes on. */
  const directive = (hash: number): number => {
    let p = hash + 1;
    while (bytes[p] === 32 || bytes[p] === 9) p++;
    const end = wordAt(bytes, p);
    const stop = endOfDirective(bytes, end);
    if (matches(bytes, p, end, "define")) {
      let n = end;
      while (bytes[n] === 32 || bytes[n] === 9) n++;
      const nameEnd = wordAt(bytes, n);
      if (nameEnd > n)
        macros.push({
          name: names.intern(bytes, n, nameEnd),
          start: hash,
          parameters: nameEnd,
          end: stop,
          line: lines.at(hash),
          functionLike: bytes[nameEnd] === 40,
        });
    } else if (matches(bytes, p, end, "include")) {
      const open = bytes.indexOf(34, end);
      const close = open < 0 || open > stop ? -1 : bytes.indexOf(34, open + 1);
      if (close > 0 && close < stop && bytes[close - 1] === 99 && bytes[close - 2] === 46)
        includes.push(String.fromCharCode(...bytes.subarray(open + 1, Math.min(close, open + 256))));
    } else if (matches(bytes, p, end, "if") || matches(bytes, p, end, "ifdef") || matches(bytes, p, end, "ifndef")) {
      conditionals.push({ depth, parens, mode, firstArmDepth: -1, firstArmMode: mode });
      let n = end;
      while (bytes[n] === 32 || bytes[n] === 9) n++;
      if (matches(bytes, p, end, "if") && bytes[n] === 48 && !IS_WORD[bytes[n + 1] ?? 32]) {
        const next = skipDeadArm(bytes, stop + 1);
        return next < length ? directive(next) : length;
      }
    } else if (matches(bytes, p, end, "else") || matches(bytes, p, end, "elif")) {
      const top = conditionals[conditionals.length - 1];
      if (top !== undefined) {
        if (top.firstArmDepth < 0) {
          top.firstArmDepth = depth;
          top.firstArmMode = mode;
        }
        if (top.mode === TOP && mode !== TOP) {
          open = null;
          openTable = -1;
          structOpen = null;
          resetHead();
        }
        depth = top.depth;
        parens = top.parens;
        mode = top.mode;
      }
    } else if (matches(bytes, p, end, "endif")) {
      const top = conditionals.pop();
      if (top !== undefined && top.firstArmDepth >= 0 && top.firstArmDepth !== depth && mode === top.firstArmMode)
        depth = top.firstArmDepth;
    }
    return stop;
  };

  const isBlank = (c: number | undefined): boolean => c === 32 || c === 9 || c === 10 || c === 13;

  const isTagKeyword = (from: number, to: number): boolean =>
    matches(bytes, from, to, "struct") || matches(bytes, from, to, "union") || matches(bytes, from, to, "enum");

  /**
   * At a `{` that would open a function: where `struct tag` stands directly before it, macro calls without semicolons
   * came first (`LE64_BITMASK(...)` newline `struct tag {`), and the declaration starts with the keyword.
   */
  const tagBefore = (brace: number): void => {
    let p = brace;
    while (isBlank(bytes[p - 1])) p--;
    const tagWordEnd = p;
    while (p > candidateEnd && IS_WORD[bytes[p - 1]!]) p--;
    const tagWord = p;
    let keyword = tagWord;
    let keywordEnd = tagWordEnd;
    if (!isTagKeyword(keyword, keywordEnd)) {
      while (isBlank(bytes[p - 1])) p--;
      keywordEnd = p;
      while (p > candidateEnd && IS_WORD[bytes[p - 1]!]) p--;
      keyword = p;
      if (tagWord === tagWordEnd || !isTagKeyword(keyword, keywordEnd)) return;
      tag = tagWord;
      tagEnd = tagWordEnd;
    }
    candidate = -1;
    headStart = keyword;
    tagIsStruct = !matches(bytes, keyword, keywordEnd, "enum");
  };

  /** Records `.field = target` at the `=` of offset `at`. */
  const bindingAt = (at: number): void => {
    const next = bytes[at + 1];
    if (next === 61) return;
    let b = at - 1;
    while (b >= 0 && (bytes[b] === 32 || bytes[b] === 9)) b--;
    const fieldEnd = b + 1;
    while (b >= 0 && IS_WORD[bytes[b]!]) b--;
    const fieldStart = b + 1;
    if (fieldStart === fieldEnd || CLASS[bytes[fieldStart]!] !== IDENTIFIER) return;
    if (bytes[b] !== 46 && !(bytes[b] === 62 && bytes[b - 1] === 45)) return;
    let t = at + 1;
    while (bytes[t] === 32 || bytes[t] === 9 || bytes[t] === 10 || bytes[t] === 13) t++;
    if (bytes[t] === 38) t++;
    while (bytes[t] === 32) t++;
    const targetEnd = wordAt(bytes, t);
    if (targetEnd === t || CLASS[bytes[t]!] !== IDENTIFIER) return;
    let after = targetEnd;
    while (bytes[after] === 32 || bytes[after] === 9 || bytes[after] === 10 || bytes[after] === 13) after++;
    const c = bytes[after];
    if (c !== 44 && c !== 59 && c !== 125 && c !== 47 && c !== 35) return;
    bindings.push({
      field: names.intern(bytes, fieldStart, fieldEnd),
      target: names.intern(bytes, t, targetEnd),
      offset: fieldStart,
      line: lines.at(fieldStart),
      table: openTable,
      within: mode === FUNCTION ? functions.length : -1,
    });
  };

  // A directive may stand on the very first line.
  {
    let p = 0;
    while (bytes[p] === 32 || bytes[p] === 9) p++;
    if (bytes[p] === 35) i = directive(p);
  }

  while (i < length) {
    // `i` and `mode` are seen by the functions above, so the engine keeps them in memory: the hot loop has its own.
    const classes = mode === TOP ? CLASS : BODY_CLASS;
    let here = i;
    let c = bytes[here]!;
    let kind = classes[c]!;
    while (kind === PLAIN && ++here < length) {
      c = bytes[here]!;
      kind = classes[c]!;
    }
    i = here;
    if (here >= length) break;
    switch (kind) {
      case NEWLINE: {
        let p = here + 1;
        while (bytes[p] === 32 || bytes[p] === 9) p++;
        i = bytes[p] === 35 ? directive(p) : p;
        break;
      }
      case SLASH:
        if (bytes[i + 1] === 42) {
          let p = here + 2;
          while (p < length && !(bytes[p] === 42 && bytes[p + 1] === 47)) p++;
          if (p >= length) complete = false;
          i = p + 2;
        } else if (bytes[i + 1] === 47) {
          while (here < length && bytes[here] !== 10) here++;
          i = here;
        } else i++;
        break;
      case QUOTE: {
        let p = here + 1;
        while (p < length && bytes[p] !== c && bytes[p] !== 10) p += bytes[p] === 92 ? 2 : 1;
        i = bytes[p] === c ? p + 1 : p;
        break;
      }
      case DIGIT:
        i = wordAt(bytes, i);
        previousWasParen = false;
        break;
      case IDENTIFIER: {
        const end = wordAt(bytes, i);
        if (headStart < 0) headStart = i;
        if (parens === 0) {
          lastIdent = i;
          lastIdentEnd = end;
          if (afterStruct) {
            // Attributes may stand between `struct` and its tag.
            if (tag < 0 && !(bytes[i] === 95 && bytes[i + 1] === 95)) {
              tag = i;
              tagEnd = end;
              afterStruct = false;
            }
          } else if (matches(bytes, i, end, "struct") || matches(bytes, i, end, "union")) {
            if (candidate < 0 && tag < 0) {
              afterStruct = true;
              tagIsStruct = true;
            }
          } else if (matches(bytes, i, end, "typedef")) isTypedef = true;
          else if (matches(bytes, i, end, "static")) flags |= STATIC;
          else if (matches(bytes, i, end, "inline") || matches(bytes, i, end, "__always_inline")) flags |= INLINE;
        }
        i = end;
        break;
      }
      case PAREN_OPEN:
        if (parens === 0 && !equals && lastIdentEnd > 0 && lastIdent >= 0) {
          let b = i - 1;
          while (b >= 0 && (bytes[b] === 32 || bytes[b] === 9 || bytes[b] === 10 || bytes[b] === 13)) b--;
          if (b + 1 === lastIdentEnd) {
            if (isAnnotation(bytes, lastIdent, lastIdentEnd)) annotationOpen = true;
            else if (!previousWasParen && !isOneOf(bytes, lastIdent, lastIdentEnd, NOT_A_NAME)) {
              candidate = lastIdent;
              candidateEnd = lastIdentEnd;
              candidateParen = i;
            }
          }
        }
        parens++;
        i++;
        break;
      case PAREN_CLOSE:
        if (parens > 0) parens--;
        if (parens === 0) {
          if (!annotationOpen && !previousWasParen && !equals && candidate >= 0 && candidate === headStart) {
            const end = endOfInvocation(bytes, i + 1);
            if (end !== NO_INVOCATION) {
              if (!isExport(bytes, candidate))
                invocations.push({
                  name: names.intern(bytes, candidate, candidateEnd),
                  start: candidate,
                  open: candidateParen,
                  end: i + 1,
                  line: lines.at(candidate),
                });
              if (end === BARE_INVOCATION) {
                resetHead();
                i++;
                break;
              }
            }
          }
          if (!annotationOpen) previousWasParen = true;
          annotationOpen = false;
        }
        i++;
        break;
      case SEMICOLON:
        if (parens === 0 || headStart < 0) {
          if (isTypedef && lastIdent >= 0) {
            if (unnamedStruct !== null && tag < 0) {
              structs.push({ ...unnamedStruct, name: names.intern(bytes, lastIdent, lastIdentEnd) });
            } else if (tag >= 0 && candidate < 0 && lastIdent !== tag) {
              typedefs.push({
                name: names.intern(bytes, lastIdent, lastIdentEnd),
                struct: names.intern(bytes, tag, tagEnd),
              });
            }
          }
          resetHead();
        }
        i++;
        break;
      case EQUALS:
        if (mode === TOP) {
          if (parens === 0 && !equals) {
            equals = true;
            variable = lastIdent;
            variableEnd = lastIdentEnd;
          }
        } else if (mode !== STRUCT) bindingAt(i);
        i++;
        break;
      case BRACE_OPEN:
        if (mode !== TOP) {
          depth++;
          i++;
          break;
        }
        depth = 1;
        if (candidate >= 0 && parens === 0 && !equals) tagBefore(i);
        if (parens > 0) mode = OTHER;
        else if (equals) {
          mode = OTHER;
          if (tagIsStruct && tag >= 0 && variable >= 0) {
            mode = TABLE;
            openTable = tables.length;
            tables.push({
              struct: names.intern(bytes, tag, tagEnd),
              name: names.intern(bytes, variable, variableEnd),
              start: headStart,
              end: -1,
              line: lines.at(variable),
            });
          }
        } else if (candidate >= 0) {
          mode = FUNCTION;
          let nameStart = candidate;
          let nameEnd = candidateEnd;
          let functionFlags = flags;
          if (candidate === headStart) {
            // NAME(argument, ...) { } is a macro that defines the function named by its first argument.
            let a = candidateParen + 1;
            while (bytes[a] === 32 || bytes[a] === 10 || bytes[a] === 9) a++;
            const argumentEnd = wordAt(bytes, a);
            if (argumentEnd > a && isUpperCase(bytes, candidate, candidateEnd)) {
              functionFlags |= FROM_MACRO;
              // A system call's function has a name that nobody calls: truncate(2) is not a static truncate().
              if (!isSystemCall(bytes, candidate, candidateEnd)) {
                nameStart = a;
                nameEnd = argumentEnd;
              }
            }
          }
          open = {
            name: names.intern(bytes, nameStart, nameEnd),
            start: headStart,
            nameStart,
            body: i,
            line: lines.at(nameStart),
            flags: functionFlags,
          };
        } else if (tagIsStruct) {
          mode = STRUCT;
          structOpen = {
            name: tag >= 0 ? names.intern(bytes, tag, tagEnd) : -1,
            start: headStart,
            line: lines.at(headStart),
          };
        } else mode = OTHER;
        i++;
        break;
      case BRACE_CLOSE:
        i++;
        if (mode === TOP) break;
        if (--depth > 0) break;
        depth = 0;
        if (mode === FUNCTION) {
          if (open !== null) functions.push(closedAt(open, i));
          open = null;
          mode = TOP;
          resetHead();
        } else {
          if (mode === TABLE) {
            tables[openTable] = { ...tables[openTable]!, end: i };
            openTable = -1;
          } else if (mode === STRUCT && structOpen !== null) {
            const { name, start, line: at } = structOpen;
            if (name >= 0) structs.push({ name, start, end: i, line: at });
            else unnamedStruct = { start, end: i, line: at };
            structOpen = null;
            lastIdent = -1;
          }
          mode = TOP;
        }
        break;
    }
  }
  if (mode !== TOP) {
    complete = false;
    if (open !== null) functions.push(closedAt(open, length));
    if (openTable >= 0) tables[openTable] = { ...tables[openTable]!, end: length };
  }
  return { functions, macros, structs, typedefs, tables, bindings, invocations, includes, complete };
}

/** SYSCALL_DEFINE3 and COMPAT_SYSCALL_DEFINE3: the macro's name ends in DEFINE and a digit. */
function isSystemCall(bytes: Uint8Array, start: number, end: number): boolean {
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 64))).includes("SYSCALL_DEFINE");
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
