/**
 * Interned byte strings. A kernel tree holds some hundred thousand identifiers; a table over one byte arena keeps
 * them in a few dozen bytes each and never makes a JavaScript string for a name that nobody asks for.
 */
import { asciiText } from "./byte-search.ts";
import { WordPlaces } from "./word-places.ts";

const WORD = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  if ((c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95) WORD[c] = 1;
  else if (c >= 48 && c <= 57) WORD[c] = 2;
}
const INITIAL_SLOTS = 1 << 16;
const SIEVE_BYTES = 1 << 18;
const MAX_AT_ONCE = 4096;

/** Some names of a table, told quickly from most words of a text. */
export interface NameSieve {
  readonly ids: readonly number[];
  /** A bit for each of them. */
  readonly wanted: Uint8Array;
  /** For each remainder of a hash whether one of them has it. */
  readonly slots: Uint8Array;
}

function sieveSlot(hash: number): number {
  return (hash ^ (hash >>> 15)) & (SIEVE_BYTES - 1);
}

export class NameTable {
  #slots = new Int32Array(INITIAL_SLOTS).fill(-1);
  #hashes = new Int32Array(1 << 15);
  #starts = new Int32Array((1 << 15) + 1);
  #arena = new Uint8Array(1 << 19);
  /** An entry for every name, so that the array stays one without holes. */
  #strings: (string | undefined)[] = [];
  #count = 0;
  #places: WordPlaces | null | undefined;
  /** Whose names `#places` lets through. */
  #learnt: NameSieve | null = null;

  get size(): number {
    return this.#count;
  }

  /** The id of bytes[start, end); a new one when the name was not seen before. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]!;
      if (id < 0) {
        this.#slots[slot] = this.#count;
        return this.#append(bytes, start, end, hash);
      }
      if (this.#hashes[id] === hash && this.#equals(id, bytes, start, end)) return id;
    }
  }

  /** The id of a name that is there, or -1. */
  find(name: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ (name.charCodeAt(i) & 0xff), 0x01000193);
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]!;
      if (id < 0) return -1;
      if (this.#hashes[id] === hash && this.#isText(id, name)) return id;
    }
  }

  /** The id of bytes[start, end), or -1 when it is not there. */
  findBytes(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]!;
      if (id < 0) return -1;
      if (this.#hashes[id] === hash && this.#equals(id, bytes, start, end)) return id;
    }
  }

  /** Lets these names through and most others not: nine of ten words of a text are told by their hash alone. */
  sieve(names: readonly number[]): NameSieve {
    const ids = [...new Set(names)];
    const wanted = new Uint8Array((this.#count + 7) >> 3);
    const slots = new Uint8Array(SIEVE_BYTES);
    for (const id of ids) {
      wanted[id >> 3]! |= 1 << (id & 7);
      slots[sieveSlot(this.#hashes[id]!)] = 1;
    }
    return { ids, wanted, slots };
  }

  isLetThrough(id: number, { wanted }: NameSieve): boolean {
    return ((wanted[id >> 3] ?? 0) & (1 << (id & 7))) !== 0;
  }

  /**
   * Marks every name of `bytes` that `sieve` was made of, and perhaps others of the table: one bit for each id. Names in
   * comments count; a number's letters are no name. `marks` must have a bit for each name of the table.
   */
  mark(bytes: Uint8Array, marks: Uint8Array, sieve: NameSieve): void {
    const places = this.#placesFor(sieve)?.find(bytes);
    if (places === null || places === undefined) this.#markEach(bytes, marks, sieve.slots);
    else
      for (const start of places) {
        let end = start;
        while (end < bytes.length && WORD[bytes[end]!] !== 0) end++;
        const id = WORD[bytes[start]!] === 1 ? this.findBytes(bytes, start, end) : -1;
        if (id >= 0) marks[id >> 3]! |= 1 << (id & 7);
      }
  }

  #placesFor(sieve: NameSieve): WordPlaces | null {
    if (this.#places === undefined) this.#places = WordPlaces.make();
    if (this.#places !== null && this.#learnt !== sieve) {
      this.#places.learn(sieve.ids.map((id) => this.#arena.subarray(this.#starts[id]!, this.#starts[id + 1]!)));
      this.#learnt = sieve;
    }
    return this.#places;
  }

  #markEach(bytes: Uint8Array, marks: Uint8Array, sieve: Uint8Array): void {
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = slots.length - 1;
    const end = bytes.length;
    for (let i = 0; i < end; i++) {
      let c = bytes[i]!;
      const kind = WORD[c]!;
      if (kind === 0) continue;
      const start = i;
      let hash = 0x811c9dc5;
      do {
        hash = Math.imul(hash ^ c, 0x01000193);
        if (++i === end) break;
        c = bytes[i]!;
      } while (WORD[c] !== 0);
      if (sieve[sieveSlot(hash)] === 0 || kind === 2) continue;
      for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
        const id = slots[slot]!;
        if (id < 0) break;
        if (hashes[id] !== hash || !this.#equals(id, bytes, start, i)) continue;
        marks[id >> 3]! |= 1 << (id & 7);
        break;
      }
    }
  }

  internString(name: string): number {
    const bytes = asciiBytes(name);
    return this.intern(bytes, 0, bytes.length);
  }

  /** The name with this id. */
  text(id: number): string {
    let text = this.#strings[id];
    if (text === undefined) {
      text = textOf(this.#arena, this.#starts[id]!, this.#starts[id + 1]!);
      this.#strings[id] = text;
    }
    return text;
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[id]!;
    if (this.#starts[id + 1]! - from !== end - start) return false;
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== this.#arena[j]) return false;
    return true;
  }

  #isText(id: number, name: string): boolean {
    const from = this.#starts[id]!;
    if (this.#starts[id + 1]! - from !== name.length) return false;
    for (let i = 0; i < name.length; i++) if ((name.charCodeAt(i) & 0xff) !== this.#arena[from + i]) return false;
    return true;
  }

  #append(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const id = this.#count++;
    this.#strings.push(undefined);
    const from = this.#starts[id]!;
    const to = from + (end - start);
    if (to > this.#arena.length) this.#arena = grown(this.#arena, Math.max(to, this.#arena.length * 2));
    if (id + 2 > this.#starts.length) this.#starts = grown(this.#starts, this.#starts.length * 2);
    if (id >= this.#hashes.length) this.#hashes = grown(this.#hashes, this.#hashes.length * 2);
    for (let i = start, j = from; i < end; i++, j++) this.#arena[j] = bytes[i]!;
    this.#starts[id + 1] = to;
    this.#hashes[id] = hash;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#count; id++) {
      const hash = this.#hashes[id]!;
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.#slots = slots;
  }
}

/** At once: what is put together letter by letter is a chain of pieces for whoever looks at it. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= MAX_AT_ONCE) return asciiText(bytes, start, end);
  return textOf(bytes, start, start + MAX_AT_ONCE) + textOf(bytes, start + MAX_AT_ONCE, end);
}

/** A longer array with the same beginning. */
export function grown<T extends Uint8Array | Int32Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}

function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0xff;
  return bytes;
}
