/** Looks for short ASCII words in files' bytes. */

interface NativeSearch {
  indexOf(needle: string | Uint8Array, from?: number): number;
}

/** Node's Buffer searches natively, many times as fast as a loop; a plain Uint8Array does not. */
function native(bytes: Uint8Array): NativeSearch | null {
  return "latin1Slice" in bytes ? (bytes as unknown as NativeSearch) : null;
}

/** A short stretch of bytes as text. Not by a spread, which goes through an iterator. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
}

/** Offset of `word` in `bytes` from `from` on, or -1. */
export function findWord(bytes: Uint8Array, word: string, from = 0): number {
  const fast = native(bytes);
  if (fast !== null) return fast.indexOf(word, from);
  const first = word.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let k = 1;
    while (k < word.length && bytes[at + k] === word.charCodeAt(k)) k++;
    if (k === word.length) return at;
  }
  return -1;
}

/** A word to be looked for in thousands of files. */
export interface Needle {
  readonly text: string;
  readonly word: Uint8Array;
  /** A piece of the word that is looked for first, and where it stands in the word. */
  readonly probe: Uint8Array;
  readonly offset: number;
}

/**
 * Up to this length Node looks for a needle by memchr() of its first byte, which is by far the quickest where that byte
 * is rare; longer needles go byte by byte through a table of shifts.
 */
const PROBE_LENGTH = 7;
/** Letters of C sources, the rarest first. */
const RARE_FIRST = "zqjxkvwybhgmup";

export function makeNeedle(text: string): Needle {
  const word = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const rank = (at: number): number => {
    const index = RARE_FIRST.indexOf(text[at]!);
    return index < 0 ? RARE_FIRST.length : index;
  };
  let offset = 0;
  for (let at = 1; at + PROBE_LENGTH <= text.length; at++) if (rank(at) < rank(offset)) offset = at;
  return { text, word, probe: word.subarray(offset, offset + PROBE_LENGTH), offset };
}

export function holds(bytes: Uint8Array, { text, word, probe, offset }: Needle): boolean {
  const fast = native(bytes);
  if (fast === null) return findWord(bytes, text) >= 0;
  const at = fast.indexOf(probe);
  return at >= 0 && fast.indexOf(word, Math.max(0, at - offset)) >= 0;
}

/** An empty buffer of the kind that `bytes` is: Node's own are searched natively. */
export function bufferLike(bytes: Uint8Array, length: number): Uint8Array {
  const buffer = new ArrayBuffer(length);
  if (native(bytes) === null) return new Uint8Array(buffer);
  return (bytes.constructor as unknown as { from(buffer: ArrayBuffer): Uint8Array }).from(buffer);
}

/** The same bytes as a buffer of the kind that `sample` is: code that meets one kind alone is compiled once. */
export function wrapLike(sample: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (native(sample) === null || native(bytes) !== null) return bytes;
  const kind = sample.constructor as unknown as {
    from(buffer: ArrayBufferLike, at: number, length: number): Uint8Array;
  };
  return kind.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
