/** What a typestate walk found of each function that it went into: kept, and taken again while nothing in it changes. */
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { Fact } from "../callgraph/reads.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { Engine } from "./effect-graph.ts";
import type { Expansion } from "./interpreter.ts";
import type { CallFrame, StateEvent, TypeState } from "./typestate.ts";

/** What a function does to the typestate when it is entered in one way, and what is to be reported of it. */
export interface Summary {
  readonly key: string;
  readonly expansion: Expansion;
  exits: ReadonlySet<TypeState>;
  /** Its own events and the calls it goes into, in their order; a call that was summed up before is not gone into again. */
  readonly items: (StateEvent | NestedWalk)[];
  /** What lay below each of the node's edges. */
  readonly below: readonly number[];
  readonly fact: Fact;
  /** Steps taken in the function itself. */
  work: number;
  /** Calls from here down to the deepest that was gone into. */
  height: number;
  /** Calls from the operation to here when it was summed up; it counts when a call was left out as too deep. */
  readonly level: number;
  isLimited: boolean;
  /** Walks around it that were under way, and were not gone into again for that. */
  cut: ReadonlySet<string>;
}

export interface NestedWalk {
  readonly summary: Summary;
  readonly frame: CallFrame;
  readonly edge: number;
  /** It was summed up for this call; otherwise it had been before. */
  readonly isFirst: boolean;
}

/** A walk that is under way: `summary` is null for the operation itself. */
export interface Walking {
  readonly summary: Summary | null;
  /** Calls that were cut because they were under way already. */
  readonly cut: Set<string>;
}

/** Beyond so many functions, those that an edit made useless are let go, and then the oldest. */
const MAX_KEPT = 10_000;
/** What is found of a recursive or a deep function depends on the way to it; edits go back and forth between a few. */
const MAX_OF_A_KEY = 4;

/** What was found of the callees of one filesystem's operations, the latest first. */
export class KeptSummaries {
  readonly #ofKeys = new Map<string, readonly Summary[]>();

  get(key: string): readonly Summary[] {
    return this.#ofKeys.get(key) ?? [];
  }

  add(summary: Summary): void {
    const others = this.get(summary.key).filter(({ fact }) => !fact.stale);
    this.#ofKeys.set(summary.key, [summary, ...others.slice(0, MAX_OF_A_KEY - 1)]);
  }

  prune(): void {
    const all = this.#ofKeys;
    if (all.size <= MAX_KEPT) return;
    for (const [key, list] of all) if (all.size > 2 * MAX_KEPT || list.every(({ fact }) => fact.stale)) all.delete(key);
  }
}

const KEPT = new WeakMap<Filesystem, { readonly engine: Engine; readonly summaries: readonly KeptSummaries[] }>();

/** What is kept of a filesystem's walks from one review to the next. */
export function keptOf(engine: Engine, filesystem: Filesystem, tracksQueueing: boolean): KeptSummaries {
  let kept = KEPT.get(filesystem);
  if (kept?.engine !== engine) {
    kept = { engine, summaries: [new KeptSummaries(), new KeptSummaries()] };
    KEPT.set(filesystem, kept);
  }
  return kept.summaries[tracksQueueing ? 1 : 0]!;
}

/** Whether it does not depend on how one came there. */
export function isPure(summary: Summary): boolean {
  return !summary.isLimited && summary.cut.size === 0;
}

/** What one walk has reported; the same from one place is said once. */
export interface Reported {
  readonly keys: Set<string>;
  readonly walking: Walking;
}

const BODY_IDS = new WeakMap<Body, number>();
let bodies = 0;

export function idOf(body: Body): number {
  let id = BODY_IDS.get(body);
  if (id === undefined) {
    id = ++bodies;
    BODY_IDS.set(body, id);
  }
  return id;
}
