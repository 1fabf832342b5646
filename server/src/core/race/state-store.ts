/** All states found, packed one after the other in the order of discovery, with a hash table and their parents. */

const FIRST_CAPACITY = 1024;

export class StateStore {
  readonly words: number;
  count = 0;
  #states: Int32Array;
  #parents: Int32Array;
  #table: Int32Array;

  constructor(words: number) {
    this.words = words;
    this.#states = new Int32Array(FIRST_CAPACITY * words);
    this.#parents = new Int32Array(FIRST_CAPACITY);
    this.#table = new Int32Array(FIRST_CAPACITY * 2).fill(-1);
  }

  get bytes(): number {
    return this.#states.byteLength + this.#parents.byteLength + this.#table.byteLength;
  }

  /** Number of the state and whether it is new. `parent` is kept for a new one (-1 for the first). */
  add(state: Int32Array, parent: number): { readonly index: number; readonly added: boolean } {
    const mask = this.#table.length - 1;
    let at = hashWords(state, 0, this.words) & mask;
    while (true) {
      const index = this.#table[at] as number;
      if (index < 0) break;
      if (this.#equal(index, state)) return { index, added: false };
      at = (at + 1) & mask;
    }
    if (this.count === this.#parents.length) this.#growStates();
    const index = this.count++;
    this.#states.set(state.length === this.words ? state : state.subarray(0, this.words), index * this.words);
    this.#parents[index] = parent;
    this.#table[at] = index;
    if (this.count * 2 > this.#table.length) this.#growTable();
    return { index, added: true };
  }

  /** Number of a state that is there, or -1. */
  find(state: Int32Array): number {
    const mask = this.#table.length - 1;
    for (let at = hashWords(state, 0, this.words) & mask; ; at = (at + 1) & mask) {
      const index = this.#table[at] as number;
      if (index < 0 || this.#equal(index, state)) return index;
    }
  }

  #equal(index: number, state: Int32Array): boolean {
    const start = index * this.words;
    for (let w = 0; w < this.words; w++) if (this.#states[start + w] !== state[w]) return false;
    return true;
  }

  #growStates(): void {
    const states = new Int32Array(this.#states.length * 2);
    states.set(this.#states);
    this.#states = states;
    const parents = new Int32Array(this.#parents.length * 2);
    parents.set(this.#parents);
    this.#parents = parents;
  }

  #growTable(): void {
    this.#table = new Int32Array(this.#table.length * 2).fill(-1);
    const mask = this.#table.length - 1;
    for (let index = 0; index < this.count; index++) {
      let at = hashWords(this.#states, index * this.words, this.words) & mask;
      while ((this.#table[at] as number) >= 0) at = (at + 1) & mask;
      this.#table[at] = index;
    }
  }

  copy(index: number, into: Int32Array): void {
    const start = index * this.words;
    for (let w = 0; w < this.words; w++) into[w] = this.#states[start + w] as number;
  }

  parent(index: number): number {
    return this.#parents[index] as number;
  }
}

/** The WebAssembly engine has its own: states are numbered in the order in which they are found, whatever the hash. */
export function hashWords(state: Int32Array, start: number, words: number): number {
  let hash = 0x9e3779b9 | 0;
  for (let w = 0; w < words; w++) {
    hash = Math.imul(hash ^ (state[start + w] as number), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
