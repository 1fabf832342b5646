/** Looks for short ASCII words in files' bytes. */

interface NativeSearch {
  indexOf(text: string, from?: number): number;
}

/** Node's Buffer searches for text natively, many times as fast as a loop; a plain Uint8Array does not. */
function native(bytes: Uint8Array): NativeSearch | null {
  return "latin1Slice" in bytes ? (bytes as unknown as NativeSearch) : null;
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

export function containsAny(bytes: Uint8Array, words: readonly string[]): boolean {
  return words.some((word) => findWord(bytes, word) >= 0);
}
