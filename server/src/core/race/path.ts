/** From stored states back to the steps that led there, with the real threads' numbers. */
import type { Expander, Move } from "./expander.ts";
import type { Search } from "./search.ts";

export interface PathEnd {
  /** Stored state in which the path ends, or from which one more expansion leads to `violation`. */
  readonly state: number;
  readonly violation?: number;
}

/**
 * Under symmetry stored states have the blocks of equal threads sorted; this follows the permutations, so that the moves
 * can be replayed on the real threads from the first state.
 */
export function movesTo(expander: Expander, search: Search, end: PathEnd): Move[] {
  const chain: number[] = [];
  for (let at = end.state; at >= 0; at = search.parentOf(at)) chain.push(at);
  chain.reverse();
  const { program, groups } = expander.reduced;
  const moves: Move[] = [];
  let names = program.threads.map((thread) => thread.index);
  const follow = (from: Int32Array, accept: (state: Int32Array, violation: number) => boolean): boolean => {
    let path: Move[] | undefined;
    expander.expand(from, (state, violation, taken) => {
      if (!accept(state, violation)) return false;
      path = [...taken];
      return true;
    });
    if (path === undefined) return false;
    const real = Int32Array.from(from);
    for (const move of path) {
      moves.push({ thread: names[move.thread] as number, transition: move.transition });
      expander.take(real, move);
    }
    names = sortedNames(real, names);
    return true;
  };
  function sortedNames(state: Int32Array, before: readonly number[]): number[] {
    const after = [...before];
    for (const { bases, words } of groups) {
      const members = bases.map((base) => program.threads.findIndex((thread) => thread.base === base && words > 0));
      const order = members.map((_, i) => i);
      // The same insertion sort as canonicalize(): stable, so equal blocks keep their order.
      order.sort((x, y) => {
        for (let w = 0; w < words; w++) {
          const d = (state[(bases[x] as number) + w] as number) - (state[(bases[y] as number) + w] as number);
          if (d !== 0) return d;
        }
        return x - y;
      });
      for (const [i, member] of members.entries()) {
        after[member] = before[members[order[i] as number] as number] as number;
      }
    }
    return after;
  }
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
