/**
 * Interchangeable inode slots. Renaming slots turns runs into runs as long as nothing tells them apart: no code that can
 * still run names one (`A`, `slot[2]`), and no allocation takes "the first free one" among free slots that differ. The
 * first is known for each location (what can be named from there on, which only shrinks along a run), the second is
 * checked in every state: a search that meets such a state has to be started again without this reduction.
 */
import { ALL_SLOTS, ALLOCATES, type Cell, type Program, type Template } from "./program.ts";
import { loadCell, storeCell } from "./state-access.ts";

/** A cell that holds a reference to a slot, or stands for one, seen from the state's start. */
export interface SlotReference {
  readonly cell: Cell;
  /** First word of the thread's block; 0 for a global. */
  readonly base: number;
  /** `slot`: 0 or slot + 1 in each element. `key`: 0 or slot * bits + bit + 1. `mask`: a bit for each slot. */
  readonly kind: "slot" | "key" | "mask";
}

export interface SlotSymmetry {
  readonly count: number;
  /** For each template and location (the end is last): slots that code from there on can name, and ALLOCATES. */
  readonly named: readonly (readonly number[])[];
  /** Slots that are never interchangeable. */
  readonly fixed: number;
  /** Some code takes the first free slot. */
  readonly allocates: boolean;
  /** One element for each slot. */
  readonly elements: readonly Cell[];
  readonly references: readonly SlotReference[];
  readonly keyBits: number;
  readonly phase: Cell | undefined;
}

/** Undefined where no two slots could ever be interchanged. */
export function slotSymmetry(program: Program): SlotSymmetry | undefined {
  const { count, fields } = program.slots;
  const fixed = program.invariantSlots & ALL_SLOTS;
  if (count < 2) return undefined;
  if (bitCount(((1 << count) - 1) & ~fixed) < 2) return undefined;
  const named = program.templates.map(futureNames);
  const references: SlotReference[] = [];
  for (const cell of program.cells) {
    if (cell.scope === "global" && cell.holds === "slot") references.push({ cell, base: 0, kind: "slot" });
  }
  for (const { template, base } of program.threads) {
    for (const cell of program.templates[template]?.locals ?? []) {
      if (cell.holds === "slot") references.push({ cell, base, kind: "slot" });
    }
    const key = program.waitKey[template];
    if (key !== undefined) references.push({ cell: key, base, kind: "key" });
    const mask = program.graceMask[template];
    if (mask !== undefined) references.push({ cell: mask, base, kind: "mask" });
  }
  return {
    count,
    named,
    fixed,
    allocates: named.some((list) => list.some((mask) => (mask & ALLOCATES) !== 0)),
    elements: [...fields.values(), ...program.locks.flatMap((lock) => (lock.perSlot ? [lock.cell] : []))],
    references,
    keyBits: program.waitBits.length,
    phase: fields.get("phase"),
  };
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function futureNames({ locations }: Template): number[] {
  const masks = new Array<number>(locations.length + 1).fill(0);
  let changed = true;
  while (changed) {
    changed = false;
    for (let l = locations.length - 1; l >= 0; l--) {
      let mask = masks[l] as number;
      for (const { slots, targets } of locations[l]?.transitions ?? []) {
        mask |= slots;
        for (const target of targets) mask |= masks[target] ?? 0;
      }
      if (mask === masks[l]) continue;
      masks[l] = mask;
      changed = true;
    }
  }
  return masks;
}

export class SlotSwapper {
  readonly #symmetry: SlotSymmetry;
  readonly #pcOf: (state: Int32Array, thread: number) => number;
  readonly #templates: readonly number[];
  readonly #before: Int32Array;

  constructor(program: Program, symmetry: SlotSymmetry, pcOf: (state: Int32Array, thread: number) => number) {
    this.#symmetry = symmetry;
    this.#pcOf = pcOf;
    this.#templates = program.threads.map((thread) => thread.template);
    this.#before = new Int32Array(program.words);
  }

  /** Slots named in the rest of the run, and ALLOCATES. */
  #named(state: Int32Array): number {
    let mask = this.#symmetry.fixed;
    for (const [thread, template] of this.#templates.entries()) {
      mask |= this.#symmetry.named[template]?.[this.#pcOf(state, thread)] ?? 0;
    }
    return mask;
  }

  /** False when an allocation to come can tell free slots apart: they differ, or somebody still knows one. */
  freeSlotsAlike(state: Int32Array): boolean {
    const { allocates, phase, count, elements, references, keyBits } = this.#symmetry;
    if (!allocates || phase === undefined) return true;
    const named = this.#named(state);
    if ((named & ALLOCATES) === 0) return true;
    let free = 0;
    for (let slot = 0; slot < count; slot++) if (loadCell(state, phase, slot, 0) === 0) free |= 1 << slot;
    if (free === 0) return true;
    if ((free & named) !== 0) return false;
    for (let slot = 0; slot < count; slot++) {
      if (((free >> slot) & 1) === 1 && elements.some((cell) => loadCell(state, cell, slot, 0) !== 0)) return false;
    }
    for (const { cell, base, kind } of references) {
      for (let i = 0; i < cell.count; i++) {
        const value = loadCell(state, cell, i, base);
        if (kind === "mask" ? (value & free) !== 0 : value !== 0 && this.#isFree(free, value, kind, keyBits))
          return false;
      }
    }
    return true;
  }

  #isFree(free: number, value: number, kind: "slot" | "key", keyBits: number): boolean {
    const slot = kind === "slot" ? value - 1 : Math.floor((value - 1) / keyBits);
    return ((free >> slot) & 1) === 1;
  }

  #swap(state: Int32Array, i: number, j: number): void {
    const { elements, references, keyBits } = this.#symmetry;
    for (const cell of elements) {
      const kept = loadCell(state, cell, i, 0);
      storeCell(state, cell, i, loadCell(state, cell, j, 0), 0);
      storeCell(state, cell, j, kept, 0);
    }
    for (const { cell, base, kind } of references) {
      for (let e = 0; e < cell.count; e++) {
        const value = loadCell(state, cell, e, base);
        if (value === 0) continue;
        let next = value;
        if (kind === "mask") {
          const differ = ((value >> i) ^ (value >> j)) & 1;
          next = value ^ ((differ << i) | (differ << j));
        } else {
          const width = kind === "slot" ? 1 : keyBits;
          const slot = Math.floor((value - 1) / width);
          if (slot === i) next = value + (j - i) * width;
          else if (slot === j) next = value - (j - i) * width;
        }
        if (next !== value) storeCell(state, cell, e, next, base);
      }
    }
  }

  /**
   * Swaps interchangeable slots as long as that makes the state smaller, word by word; `sortThreads` is called after each
   * swap and before the comparison. `slots`, if given, is permuted alike, as is `threads` by the caller.
   */
  canonicalize(state: Int32Array, sortThreads: () => void, names?: { slots: number[]; threads: number[] }): void {
    const { count } = this.#symmetry;
    const movable = ((1 << count) - 1) & ~this.#named(state);
    const before = this.#before;
    let again = true;
    while (again) {
      again = false;
      for (let i = 0; i < count; i++) {
        if (((movable >> i) & 1) === 0) continue;
        for (let j = i + 1; j < count; j++) {
          if (((movable >> j) & 1) === 0) continue;
          before.set(state);
          const threadsBefore = names === undefined ? undefined : [...names.threads];
          this.#swap(state, i, j);
          sortThreads();
          if (isSmaller(state, before)) {
            again = true;
            if (names !== undefined) exchange(names.slots, i, j);
            continue;
          }
          state.set(before);
          if (names !== undefined && threadsBefore !== undefined) names.threads.splice(0, Infinity, ...threadsBefore);
        }
      }
    }
  }
}

export function exchange(list: number[], i: number, j: number): void {
  const kept = list[i] as number;
  list[i] = list[j] as number;
  list[j] = kept;
}

function isSmaller(a: Int32Array, b: Int32Array): boolean {
  for (let w = 0; w < b.length; w++) {
    const d = (a[w] as number) - (b[w] as number);
    if (d !== 0) return d < 0;
  }
  return false;
}
