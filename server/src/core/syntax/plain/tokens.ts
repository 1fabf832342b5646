/**
 * The tokens of a function's text, in arrays that are used again for the next function. Comments and white space are
 * passed over. A text with a character that C does not have is not plain.
 */

export const END = 0;
export const NAME = 1;
export const NUMBER = 2;
export const STRING = 3;
export const CHARACTER = 4;
/** Words of C: what they may stand for is the reader's business. */
export const TYPE_WORD = 5; // int, bool, size_t: a type by itself
export const SIZE_WORD = 6; // unsigned, long
export const TAG_WORD = 7; // struct, union, enum
export const QUALIFIER = 8; // const, volatile
export const STORAGE = 9; // static, inline
export const STATEMENT_WORD = 10; // if, return
export const CONSTANT_WORD = 11; // true, NULL
export const SIZEOF = 12;
/** A word that only the full grammar takes: asm, typeof. */
export const FOREIGN = 13;
/** A preprocessor directive, to the end of its logical line. */
export const DIRECTIVE = 14;
export const OFFSETOF = 15;
/** Punctuation has the code of its first character, and 128 and more for the longer ones. */
export const ARROW = 128;
export const INCREMENT = 129;
export const DECREMENT = 130;
export const SHIFT_LEFT = 131;
export const SHIFT_RIGHT = 132;
export const LESS_EQUAL = 133;
export const GREATER_EQUAL = 134;
export const EQUAL = 135;
export const NOT_EQUAL = 136;
export const AND = 137;
export const OR = 138;
export const ELLIPSIS = 139;
/** `+=` and the like; `=` itself is its character. */
export const ASSIGN_WITH = 140;

const WORDS = new Map<string, number>();
for (const [kind, words] of [
  [
    TYPE_WORD,
    "bool char int float double void size_t ssize_t ptrdiff_t intptr_t uintptr_t charptr_t nullptr_t max_align_t " +
      "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t char8_t char16_t char32_t char64_t",
  ],
  [SIZE_WORD, "signed unsigned long short"],
  [TAG_WORD, "struct union enum"],
  [QUALIFIER, "const volatile"],
  [STORAGE, "static extern inline __inline __inline__ register"],
  [STATEMENT_WORD, "if else for while do switch case default return break continue goto"],
  [CONSTANT_WORD, "true false TRUE FALSE NULL nullptr"],
  [SIZEOF, "sizeof"],
  [OFFSETOF, "offsetof"],
  [
    FOREIGN,
    "typedef asm __asm__ __asm asm_inline _Generic __attribute__ __attribute __extension__ _Alignof alignof " +
      "__alignof__ __alignof _alignof alignas _Alignas __declspec __based __cdecl __clrcall __stdcall __fastcall " +
      "__thiscall __vectorcall __uptr __sptr __try __except __finally __leave defined __restrict _unaligned __unaligned " +
      "_Bool __forceinline auto thread_local __thread restrict __restrict__ constexpr _Atomic _Noreturn noreturn " +
      "_Nonnull typeof __typeof__ __typeof typeof_unqual __typeof_unqual__ __unqual_scalar_typeof CLASS_TYPE L u U u8",
  ],
] as const)
  for (const word of words.split(" ")) WORDS.set(word, kind);
// Prefixes of literals are names like any other where no quote follows.
for (const prefix of ["L", "u", "U", "u8"]) WORDS.delete(prefix);

/** Whether a word of C begins so and is so long: of most names nothing more need be looked at. */
const MAY_BE_WORD = new Uint8Array(128 << 5);
for (const word of WORDS.keys()) MAY_BE_WORD[(word.charCodeAt(0) << 5) | word.length] = 1;

const NAME_START = new Uint8Array(128);
const NAME_PART = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const letter = (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
  NAME_START[c] = letter ? 1 : 0;
  NAME_PART[c] = letter || (c >= 48 && c <= 57) ? 1 : 0;
}

/** `0x1f`, `10UL`; what has a dot or an exponent is not plain. */
const INTEGER = /(?:0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*/y;

export class Tokens {
  kinds = new Uint8Array(4096);
  starts = new Int32Array(4096);
  ends = new Int32Array(4096);
  count = 0;

  /** False when the text is not plain. */
  read(text: string): boolean {
    const length = text.length;
    let count = 0;
    let i = 0;
    let { kinds, starts, ends } = this;
    while (i < length) {
      const c = text.charCodeAt(i);
      if (c === 32 || c === 9 || c === 10 || c === 13) {
        i++;
        continue;
      }
      if (count + 2 >= kinds.length) {
        this.#grow();
        ({ kinds, starts, ends } = this);
      }
      const start = i;
      let kind = c;
      if (c >= 128) return false;
      if (NAME_START[c] === 1) {
        i++;
        while (i < length && NAME_PART[text.charCodeAt(i) & 127] === 1 && text.charCodeAt(i) < 128) i++;
        const next = i < length ? text.charCodeAt(i) : 0;
        // L"text", L'c', and letters beyond ASCII.
        if (next >= 128 || next === 36 || ((next === 34 || next === 39) && i - start <= 2)) return false;
        const size = i - start;
        const mayBeWord = size < 32 && MAY_BE_WORD[(c << 5) | size] === 1;
        kind = (mayBeWord ? WORDS.get(text.slice(start, i)) : undefined) ?? NAME;
      } else if (c >= 48 && c <= 57) {
        INTEGER.lastIndex = i;
        if (!INTEGER.test(text)) return false;
        i = INTEGER.lastIndex;
        const next = i < length ? text.charCodeAt(i) : 0;
        if (next >= 128 || NAME_PART[next] === 1 || (next === 46 && text.charCodeAt(i + 1) !== 46)) return false;
        kind = NUMBER;
      } else if (c === 34 || c === 39) {
        i = endOfLiteral(text, i, c);
        if (i < 0) return false;
        kind = c === 34 ? STRING : CHARACTER;
      } else if (c === 47) {
        const next = text.charCodeAt(i + 1);
        if (next === 42) {
          i = text.indexOf("*/", i + 2) + 2;
          if (i < 2) return false;
          continue;
        }
        if (next === 47) {
          const end = text.indexOf("\n", i);
          // A comment that a backslash carries on.
          if (end > 0 && text.charCodeAt(end - 1) === 92) return false;
          i = end < 0 ? length : end;
          continue;
        }
        kind = next === 61 ? ASSIGN_WITH : 47;
        i += next === 61 ? 2 : 1;
      } else if (c === 35) {
        if (!startsLine(text, i)) return false;
        i = endOfDirective(text, i);
        if (i < 0) return false;
        kind = DIRECTIVE;
      } else {
        kind = punctuation(text, i, c);
        if (kind === END) return false;
        i += lengthOf(kind, text, i);
      }
      kinds[count] = kind;
      starts[count] = start;
      ends[count] = i;
      count++;
    }
    kinds[count] = END;
    starts[count] = length;
    ends[count] = length;
    this.count = count;
    return true;
  }

  #grow(): void {
    const size = this.kinds.length * 2;
    const kinds = new Uint8Array(size);
    const starts = new Int32Array(size);
    const ends = new Int32Array(size);
    kinds.set(this.kinds);
    starts.set(this.starts);
    ends.set(this.ends);
    this.kinds = kinds;
    this.starts = starts;
    this.ends = ends;
  }
}

function endOfLiteral(text: string, from: number, quote: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) return i + 1;
    if (c === 10) return -1;
    if (c === 92) {
      i++;
      // A literal that goes on in the next line.
      if (text.charCodeAt(i) === 10 || text.charCodeAt(i) === 13) return -1;
    }
  }
  return -1;
}

function startsLine(text: string, at: number): boolean {
  for (let i = at - 1; i >= 0; i--) {
    const c = text.charCodeAt(i);
    if (c === 10) return true;
    if (c !== 32 && c !== 9) return false;
  }
  return true;
}

/** Of the `#` at `from`; -1 when a comment in it goes on behind the line. */
function endOfDirective(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 92) i += text.charCodeAt(i + 1) === 13 ? 2 : 1;
    else if (c === 10) return i;
    else if (c === 47 && text.charCodeAt(i + 1) === 42) {
      const end = text.indexOf("*/", i + 2);
      const line = text.indexOf("\n", i);
      if (end < 0 || (line >= 0 && end > line)) return -1;
      i = end + 1;
    }
  }
  return text.length;
}

/** The kind of the longest token of punctuation at `i`; END when there is none that is plain. */
function punctuation(text: string, i: number, c: number): number {
  const next = text.charCodeAt(i + 1);
  switch (c) {
    case 40: // (
    case 41: // )
    case 44: // ,
    case 58: // :
    case 59: // ;
    case 63: // ?
    case 91: // [
    case 93: // ]
    case 123: // {
    case 125: // }
    case 126: // ~
      return c;
    case 33: // !
      return next === 61 ? NOT_EQUAL : c;
    case 61: // =
      return next === 61 ? EQUAL : c;
    case 37: // %
    case 42: // *
    case 94: // ^
      return next === 61 ? ASSIGN_WITH : c;
    case 43: // +
      return next === 43 ? INCREMENT : next === 61 ? ASSIGN_WITH : c;
    case 45: // -
      return next === 45 ? DECREMENT : next === 62 ? ARROW : next === 61 ? ASSIGN_WITH : c;
    case 38: // &
      return next === 38 ? AND : next === 61 ? ASSIGN_WITH : c;
    case 124: // |
      return next === 124 ? OR : next === 61 ? ASSIGN_WITH : c;
    case 60: // <
      return next === 60 ? (text.charCodeAt(i + 2) === 61 ? ASSIGN_WITH : SHIFT_LEFT) : next === 61 ? LESS_EQUAL : c;
    case 62: // >
      return next === 62
        ? text.charCodeAt(i + 2) === 61
          ? ASSIGN_WITH
          : SHIFT_RIGHT
        : next === 61
          ? GREATER_EQUAL
          : c;
    case 46: // .
      if (next === 46) return text.charCodeAt(i + 2) === 46 ? ELLIPSIS : END;
      return next >= 48 && next <= 57 ? END : c;
    default:
      return END;
  }
}

function lengthOf(kind: number, text: string, i: number): number {
  if (kind < 128) return 1;
  if (kind === ELLIPSIS) return 3;
  return kind === ASSIGN_WITH && text.charCodeAt(i + 1) !== 61 ? 3 : 2;
}
