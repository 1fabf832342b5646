/** The typestate before and after each step of an operation's walk, and in words. */
import type { FilesystemFacts, Operation } from "../analysis/filesystem-facts.ts";
import { MODES } from "../analysis/interpreter.ts";
import {
  CLEARED,
  NO_PAGES,
  PAGES_GONE,
  QUEUED,
  type TypeState,
  TypestateWalk,
  UNHASHED,
  WOKEN,
} from "../analysis/typestate.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { EvictionOperation } from "../report/finding.ts";

export interface StepStates {
  readonly before: Set<TypeState>;
  readonly after: Set<TypeState>;
}

/** Body -> step -> states. */
export type StateMap = ReadonlyMap<Body, ReadonlyMap<number, StepStates>>;

const KNOWN = new WeakMap<Operation, StateMap>();

/** The states of every step that a walk of the operation meets. Kept as long as the operation's facts. */
export function stateMap(facts: FilesystemFacts, operation: Operation): StateMap {
  let map = KNOWN.get(operation);
  if (map === undefined) {
    map = walk(facts, operation);
    KNOWN.set(operation, map);
  }
  return map;
}

function walk(facts: FilesystemFacts, operation: Operation): StateMap {
  const map = new Map<Body, Map<number, StepStates>>();
  const graph = facts.graph(MODES.any);
  const root = graph.root(operation.binding.function!);
  if (root === null) return map;
  const observer = (body: Body, step: number, before: TypeState, after: readonly TypeState[]): void => {
    const ofBody = map.get(body) ?? new Map<number, StepStates>();
    map.set(body, ofBody);
    const states = ofBody.get(step) ?? { before: new Set(), after: new Set() };
    ofBody.set(step, states);
    states.before.add(before);
    for (const each of after) states.after.add(each);
  };
  new TypestateWalk(facts.engine, graph, operation.name === "evict_inode_async", observer).run(root, 0);
  return map;
}

/** What holds whenever an operation runs that evict() does not call in the state `freeing`. */
const FIXED: Readonly<Partial<Record<EvictionOperation, string>>> = {
  destroy_inode: "unhashed, waiters woken: a lookup no longer finds the inode",
  free_inode: "destroyed: an RCU grace period has passed, nobody holds the inode",
  drop_inode: "unused: the last reference is gone, i_lock is held, I_FREEING is not set yet",
};

/** States in words, in the order of an inode's life; one line for each that differs in what a reader sees. */
export function describeStates(states: Iterable<TypeState>, operation: EvictionOperation): string[] {
  const fixed = FIXED[operation];
  if (fixed !== undefined) return [fixed];
  return [...new Set([...states].toSorted((a, b) => a - b).map(describeState))];
}

/** `pages-gone: I_FREEING, hashed, page cache empty`. */
export function describeState(state: TypeState): string {
  const has = (bit: TypeState): boolean => (state & bit) !== 0;
  const details = [
    has(CLEARED) ? "I_FREEING | I_CLEAR" : "I_FREEING",
    has(UNHASHED) ? "unhashed" : "hashed",
    has(PAGES_GONE) ? "page cache empty" : has(NO_PAGES) ? "no page cache on this way" : "page cache not emptied",
  ];
  if (has(WOKEN)) details.push("waiters woken");
  if (has(QUEUED)) details.push("work queued");
  return `${nameOf(state)}: ${details.join(", ")}`;
}

/** The state's name in the life of an inode: freeing, pages-gone, cleared, unhashed, woken. */
export function nameOf(state: TypeState): string {
  if ((state & WOKEN) !== 0) return "woken";
  if ((state & UNHASHED) !== 0) return "unhashed";
  if ((state & CLEARED) !== 0) return "cleared";
  return (state & PAGES_GONE) !== 0 ? "pages-gone" : "freeing";
}
