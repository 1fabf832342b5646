/** Addresses in the explorer's linear memory. Bytes; every entry is a 32-bit word. */

import type { Program } from "./program.ts";

/** Words at the start that JavaScript reads and writes between calls. */
export const HEADER = {
  count: 0,
  next: 4,
  transitions: 8,
  tableBase: 12,
  tableMask: 16,
  violationParent: 20,
  violation: 24,
  /** Stored state + 1; 0 = none. */
  artefactParent: 28,
  artefact: 32,
  /** States for which there is room. */
  capacity: 36,
  maxStates: 40,
  /** Result of `persistent`: its enabled transitions. */
  alone: 44,
  /** Bytes of successors that wait to be entered. */
  pending: 48,
  /** For `rehash`: the table before. */
  oldBase: 52,
  oldEntries: 56,
  /** 1: slots turned out not to be interchangeable. */
  slotsDiffer: 60,
} as const;

export const CHUNKS = 64;
export const MAX_CHUNKS = 4096;
/** States in a chunk: a power of two. */
export const CHUNK_BITS = 14;
export const CHUNK_STATES = 1 << CHUNK_BITS;
export const STATE = CHUNKS + MAX_CHUNKS * 4;
/** Successors of one state at most. */
export const MAX_MOVES = 1024;
/**
 * Successors are entered so many at a time: the table and the states that they are compared with are then fetched from
 * memory side by side and not one after the other.
 */
export const BATCH = 24;
/** So much room is kept free before each expansion. */
export const ROOM = MAX_MOVES + BATCH;

/** A successor that waits: its hash, its parent, then the state. */
export const PENDING = { hash: 0, parent: 4, state: 8 } as const;

export function pendingBytes(words: number): number {
  return PENDING.state + words * 4 + (words % 2) * 4;
}

/** Words of a thread's record. */
export const THREAD = {
  pcAddress: 0,
  pcShift: 4,
  pcMask: 8,
  row: 12,
  /** pc at the end; -1 for daemons, which never have to finish. */
  end: 16,
  bytes: 20,
} as const;

/** For each template the number of its first location, over all templates; each also has its end. */
export function rowOffsets(program: Program): number[] {
  let offset = 0;
  return program.templates.map((template) => {
    const first = offset;
    offset += template.locations.length + 1;
    return first;
  });
}

/** What `run` answers. */
export const ANSWER = { portion: 0, exhausted: 1, violation: 2, deadlock: 3, room: 4, limit: 5 } as const;

export interface Addresses {
  readonly state: number;
  readonly threads: number;
  readonly candidate: number;
  readonly spurious: number;
  readonly clash: number;
  readonly artefacts: number;
  readonly pending: number;
  /** Slots named from each location on. */
  readonly named: number;
  /** A state as it was before two slots were swapped. */
  readonly before: number;
  /** First free byte. */
  readonly end: number;
}

/** Function numbers, in order of emission; then two for each template. */
export const F = {
  enabled: 0,
  take: 1,
  clashes: 2,
  persistent: 3,
  canonicalize: 4,
  insert: 5,
  finish: 6,
  invariants: 7,
  restore: 8,
  expand: 9,
  run: 10,
  rehash: 11,
  flush: 12,
  address: 13,
  enter: 14,
  sortThreads: 15,
  named: 16,
  swapSlots: 17,
  checkSlots: 18,
} as const;
