/** From stored states back to the steps that led there, with the real threads' numbers. */
import { Expander, type Move, type Names, reduceProgram } from "./expander.ts";
import { NO_REDUCTIONS } from "./outcome.ts";
import type { Program } from "./program.ts";
import type { Search } from "./search.ts";

export interface PathEnd {
  /** Stored state in which the path ends, or from which one more expansion leads to `violation`. */
  readonly state: number;
  readonly violation?: number;
}

/**
 * Under symmetry stored states have equal threads and slots in an order of their own; this follows the permutations, so
 * that the moves can be replayed on the real ones from the first state.
 */
export function movesTo(expander: Expander, search: Search, end: PathEnd): Move[] {
  const chain: number[] = [];
  for (let at = end.state; at >= 0; at = search.parentOf(at)) chain.push(at);
  chain.reverse();
  const { program } = expander.reduced;
  const moves: Move[] = [];
  // What stands at each place of the stored state is called so in the real one.
  const names: Names = {
    threads: program.threads.map((thread) => thread.index),
    slots: Array.from({ length: program.slots.count }, (_, slot) => slot),
  };
  const real = (move: Move): Move => {
    const template = program.templates[program.threads[move.thread]?.template ?? 0];
    const thread = names.threads[move.thread] as number;
    // The environment has one transition for each slot.
    const transition = template?.environment === true ? (names.slots[move.transition] as number) : move.transition;
    return { thread, transition };
  };
  const follow = (from: Int32Array, accept: (state: Int32Array, violation: number) => boolean): boolean => {
    let path: Move[] | undefined;
    expander.expand(from, (state, violation, taken) => {
      if (!accept(state, violation)) return false;
      path = [...taken];
      return true;
    });
    if (path === undefined) return false;
    const state = Int32Array.from(from);
    for (const move of path) {
      moves.push(real(move));
      expander.take(state, move);
    }
    expander.canonicalize(state, names);
    return true;
  };
  // The first state itself may have been brought into canonical form.
  expander.canonicalize(Int32Array.from(program.initial), names);
  for (let i = 0; i + 1 < chain.length; i++) {
    const from = search.stateAt(chain[i] as number);
    const to = search.stateAt(chain[i + 1] as number);
    const found = follow(from, (state, violation) => violation === 0 && to.every((word, w) => word === state[w]));
    if (!found) throw new Error("a stored state is no successor of its parent");
  }
  if (end.violation !== undefined && end.state >= 0) {
    const from = search.stateAt(end.state);
    if (!follow(from, (_, violation) => violation === end.violation)) throw new Error("a violation cannot be replayed");
  }
  return moves;
}

/** The violation at the end of a run from the first state: with the real names, where symmetry found it with others. */
export function violationAfter(program: Program, moves: readonly Move[]): number {
  const expander = new Expander(reduceProgram(program, NO_REDUCTIONS));
  const state = Int32Array.from(program.initial);
  let violation = expander.invariantViolated(state);
  for (const move of moves) violation = expander.take(state, move) || expander.invariantViolated(state);
  return violation;
}
