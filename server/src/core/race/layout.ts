/** Where each cell lies in the packed state. */
import type { Cell, Template, ThreadInstance } from "./program.ts";

/** Bits that hold 0..max. */
export function bitsFor(max: number): number {
  return max <= 1 ? 1 : 32 - Math.clz32(max);
}

/** First fit, wide ones first: words of 32 bits; an array never straddles a word unless it fills several. */
function place(cells: readonly Cell[]): number {
  const used: number[] = [];
  const sorted = [...cells].sort((a, b) => b.width * b.count - a.width * a.count || a.id - b.id);
  for (const cell of sorted) {
    cell.width = bitsFor(cell.max);
    cell.perWord = Math.floor(32 / cell.width);
    if (cell.count > cell.perWord) {
      cell.word = used.length;
      cell.shift = 0;
      for (let left = cell.count; left > 0; left -= cell.perWord) used.push(32);
      continue;
    }
    const bits = cell.width * cell.count;
    // The top bit stays free where possible: words are signed integers, and a full-width field needs no mask.
    let word = used.findIndex((taken) => taken + bits <= 32);
    if (word < 0) {
      word = used.length;
      used.push(0);
    }
    cell.word = word;
    cell.shift = used[word] as number;
    used[word] = (used[word] as number) + bits;
  }
  return used.length;
}

/** Places all cells; sets the bases of the threads; returns the number of words of a state. */
export function layOut(cells: readonly Cell[], templates: readonly Template[], threads: ThreadInstance[]): number {
  for (const cell of cells) cell.width = bitsFor(cell.max);
  let next = place(cells.filter((cell) => cell.scope === "global"));
  const sizes = templates.map((template) => place(template.locals));
  for (const thread of threads) {
    thread.base = next;
    next += sizes[thread.template] as number;
  }
  return next;
}
