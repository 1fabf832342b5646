/**
 * Fair termination: a run that goes on for ever although every thread that can always move does move (weak fairness), and
 * a thread that can take a lock again and again does take it (strong fairness). Such a run ends in a cycle of states: a
 * lasso. Spurious wake-ups may lead to it but may not keep it going.
 *
 * Works on the full state graph (no reductions): a component of the graph is fair unless some thread is enabled in all of
 * its states without ever moving; states in which a thread could take a lock but never does are cut out and the rest is
 * looked at again (as for Streett automata).
 */
import { Expander, type Move, reduceProgram } from "./expander.ts";
import { NO_REDUCTIONS } from "./outcome.ts";
import type { Program, Template } from "./program.ts";
import { StateStore } from "./state-store.ts";

export type Fairness = "strong" | "weak";

export type LassoResult =
  | { readonly kind: "none" }
  | {
      readonly kind: "lasso";
      readonly moves: readonly Move[];
      readonly loopStart: number;
      readonly threads: readonly number[];
    }
  | { readonly kind: "limit"; readonly value: number };

/** True when no thread has a loop in its code: then every run ends and nothing has to be searched. */
export function hasLoops(program: Program): boolean {
  return program.templates.some((template) => !template.environment && codeHasLoop(template));
}

function codeHasLoop(template: Template): boolean {
  const mark = new Int8Array(template.locations.length);
  const visit = (start: number): boolean => {
    const stack = [{ l: start, next: 0 }];
    mark[start] = 1;
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { l: number; next: number };
      const targets = (template.locations[top.l]?.transitions ?? []).flatMap((t) => (t.spurious ? [] : t.targets));
      const target = targets[top.next++];
      if (target === undefined) {
        mark[top.l] = 2;
        stack.pop();
      } else if (target < template.locations.length) {
        if (mark[target] === 1) return true;
        if (mark[target] === 0) {
          mark[target] = 1;
          stack.push({ l: target, next: 0 });
        }
      }
    }
    return false;
  };
  return template.locations.some((_, l) => mark[l] === 0 && visit(l));
}

export class LassoSearch {
  readonly #program: Program;
  readonly #expander: Expander;
  readonly #store: StateStore;
  readonly #maxStates: number;
  readonly #fairness: Fairness;
  readonly #current: Int32Array;
  #next = 0;
  /** Edges in order of their first state: [target, thread + 64 * transition + spurious bit]. */
  #edges = new Int32Array(4096);
  #edgeCount = 0;
  readonly #first: number[] = [];
  /** Bit sets of threads by state. */
  readonly #enabled: number[] = [];
  readonly #lockable: number[] = [];
  /** 1 when a thread that must finish has not. */
  readonly #unfinished: number[] = [];

  constructor(program: Program, maxStates: number, fairness: Fairness = "strong") {
    this.#program = program;
    this.#expander = new Expander(reduceProgram(program, NO_REDUCTIONS));
    this.#store = new StateStore(program.words);
    this.#maxStates = maxStates;
    this.#fairness = fairness;
    this.#current = new Int32Array(program.words);
    this.#store.add(program.initial, -1);
  }

  get states(): number {
    return this.#store.count;
  }
  get transitions(): number {
    return this.#edgeCount;
  }
  get frontier(): number {
    return this.#store.count - this.#next;
  }
  get bytes(): number {
    return this.#store.bytes + this.#edges.byteLength;
  }

  advance(states: number): LassoResult | undefined {
    const last = this.#next + states;
    while (this.#next < last) {
      if (this.#next >= this.#store.count) {
        this.#first.push(this.#edgeCount);
        return this.#analyse();
      }
      this.#expand(this.#next++);
      if (this.#store.count > this.#maxStates) return { kind: "limit", value: this.#maxStates };
    }
    return undefined;
  }

  #expand(from: number): void {
    const program = this.#program;
    const state = this.#current;
    this.#store.copy(from, state);
    this.#first.push(this.#edgeCount);
    let enabled = 0;
    let lockable = 0;
    const next = new Int32Array(program.words);
    for (const thread of program.threads) {
      const location = program.templates[thread.template]?.locations[this.#expander.pc(state, thread.index)];
      for (const t of this.#expander.enabled(state, thread.index, true)) {
        const transition = location?.transitions[t];
        const spurious = transition?.spurious === true;
        if (!spurious) enabled |= 1 << thread.index;
        if (!spurious && (transition?.guardKind === "lock" || transition?.tries === true))
          lockable |= 1 << thread.index;
        next.set(state);
        if (this.#expander.take(next, { thread: thread.index, transition: t }) !== 0) continue;
        this.#edge(this.#store.add(next, from).index, thread.index | (t << 5) | (spurious ? 1 << 30 : 0));
      }
    }
    this.#enabled.push(enabled);
    this.#lockable.push(lockable);
    this.#unfinished.push(this.#expander.finished(state) ? 0 : 1);
  }

  #edge(target: number, code: number): void {
    if (this.#edgeCount * 2 + 2 > this.#edges.length) {
      const grown = new Int32Array(this.#edges.length * 2);
      grown.set(this.#edges);
      this.#edges = grown;
    }
    this.#edges[this.#edgeCount * 2] = target;
    this.#edges[this.#edgeCount * 2 + 1] = code;
    this.#edgeCount++;
  }

  #analyse(): LassoResult {
    // Components come in no order; the one entered first gives the shortest way in.
    let best: { states: Set<number>; entry: number } | undefined;
    const work: (Set<number> | undefined)[] = [undefined];
    while (work.length > 0) {
      const inside = work.pop();
      for (const component of this.#components(inside)) {
        const verdict = this.#fair(component);
        if (verdict === true) {
          const entry = component.reduce((least, one) => Math.min(least, one), Number.MAX_SAFE_INTEGER);
          if (best === undefined || entry < best.entry) best = { states: new Set(component), entry };
        } else if (verdict !== false) work.push(verdict);
      }
    }
    if (best === undefined) return { kind: "none" };
    return this.#lasso(best.states, best.entry);
  }

  /** True: fair and somebody unfinished. A set: look at these states alone. */
  #fair(component: readonly number[]): boolean | Set<number> {
    if (this.#unfinished[component[0] as number] === 0) return false;
    const inside = new Set(component);
    let moves = 0;
    let always = -1;
    let lockable = 0;
    for (const state of component) {
      always &= this.#enabled[state] as number;
      lockable |= this.#lockable[state] as number;
      this.#eachEdge(state, inside, (_, thread) => {
        moves |= 1 << thread;
      });
    }
    if ((always & ~moves) !== 0) return false;
    const starved = this.#fairness === "strong" ? lockable & ~moves : 0;
    if (starved === 0) return true;
    return new Set(component.filter((state) => ((this.#lockable[state] as number) & starved) === 0));
  }

  #eachEdge(
    from: number,
    inside: ReadonlySet<number> | undefined,
    visit: (to: number, thread: number, move: number) => void,
  ): void {
    const last = this.#first[from + 1] as number;
    for (let e = this.#first[from] as number; e < last; e++) {
      const to = this.#edges[e * 2] as number;
      const code = this.#edges[e * 2 + 1] as number;
      if ((code & (1 << 30)) !== 0) continue;
      if (inside === undefined || inside.has(to)) visit(to, code & 31, (code >> 5) & 0xffffff);
    }
  }

  /** Strongly connected components with at least one edge inside. */
  #components(inside: ReadonlySet<number> | undefined): number[][] {
    const n = this.#store.count;
    const index = new Int32Array(n).fill(-1);
    const low = new Int32Array(n);
    const onStack = new Uint8Array(n);
    const stack: number[] = [];
    const result: number[][] = [];
    let counter = 0;
    const callState: number[] = [];
    const callEdge: number[] = [];
    const roots = inside === undefined ? undefined : [...inside];
    for (let r = 0; r < (roots === undefined ? n : roots.length); r++) {
      const root = roots === undefined ? r : (roots[r] as number);
      if (index[root] !== -1) continue;
      callState.push(root);
      callEdge.push(this.#first[root] as number);
      index[root] = low[root] = counter++;
      stack.push(root);
      onStack[root] = 1;
      while (callState.length > 0) {
        const top = callState.length - 1;
        const state = callState[top] as number;
        const e = callEdge[top] as number;
        if (e < (this.#first[state + 1] as number)) {
          callEdge[top] = e + 1;
          if (((this.#edges[e * 2 + 1] as number) & (1 << 30)) !== 0) continue;
          const to = this.#edges[e * 2] as number;
          if (inside !== undefined && !inside.has(to)) continue;
          if (index[to] === -1) {
            index[to] = low[to] = counter++;
            stack.push(to);
            onStack[to] = 1;
            callState.push(to);
            callEdge.push(this.#first[to] as number);
          } else if (onStack[to] === 1) low[state] = Math.min(low[state] as number, index[to] as number);
          continue;
        }
        callState.pop();
        callEdge.pop();
        const parent = callState[callState.length - 1];
        if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[state] as number);
        if (low[state] !== index[state]) continue;
        const component: number[] = [];
        let member: number;
        do {
          member = stack.pop() as number;
          onStack[member] = 0;
          component.push(member);
        } while (member !== state);
        if (component.length > 1 || this.#loopsOnItself(state)) result.push(component);
      }
    }
    return result;
  }

  #loopsOnItself(state: number): boolean {
    let found = false;
    this.#eachEdge(state, undefined, (to) => {
      if (to === state) found = true;
    });
    return found;
  }

  /** The way in, and a round trip in which every thread moves or is seen disabled. */
  #lasso(inside: ReadonlySet<number>, entry: number): LassoResult {
    const moves: Move[] = [];
    const chain: number[] = [];
    for (let at = entry; at >= 0; at = this.#store.parent(at)) chain.push(at);
    chain.reverse();
    for (let i = 0; i + 1 < chain.length; i++)
      moves.push(this.#moveBetween(chain[i] as number, chain[i + 1] as number));
    const loopStart = moves.length;
    let at = entry;
    const threads = new Set<number>();
    const go = (reached: (state: number, lastThread: number) => boolean): void => {
      const path = this.#shortest(inside, at, reached);
      for (const { to, move } of path) {
        moves.push(move);
        threads.add(move.thread);
        at = to;
      }
    };
    for (const thread of this.#program.threads) {
      const bit = 1 << thread.index;
      const disabled = [...inside].some((state) => ((this.#enabled[state] as number) & bit) === 0);
      const strict =
        this.#fairness === "strong" && [...inside].some((s) => ((this.#lockable[s] as number) & bit) !== 0);
      if (disabled && !strict) {
        if (((this.#enabled[at] as number) & bit) !== 0 && !threads.has(thread.index)) {
          go((state) => ((this.#enabled[state] as number) & bit) === 0);
        }
      } else if (!threads.has(thread.index)) {
        let moves = false;
        for (const state of inside) this.#eachEdge(state, inside, (_, t) => (moves ||= t === thread.index));
        if (moves) go((_, last) => last === thread.index);
      }
    }
    if (at !== entry || moves.length === loopStart) go((state, last) => state === entry && last >= 0);
    return { kind: "lasso", moves, loopStart, threads: [...threads] };
  }

  #moveBetween(from: number, to: number): Move {
    const last = this.#first[from + 1] as number;
    for (let e = this.#first[from] as number; e < last; e++) {
      if (this.#edges[e * 2] !== to) continue;
      const code = this.#edges[e * 2 + 1] as number;
      return { thread: code & 31, transition: (code >> 5) & 0xffffff };
    }
    throw new Error("a stored state is no successor of its parent");
  }

  #shortest(
    inside: ReadonlySet<number>,
    from: number,
    reached: (state: number, lastThread: number) => boolean,
  ): { to: number; move: Move }[] {
    const back = new Map<number, { from: number; move: Move }>();
    const queue = [from];
    let hit: { from: number; to: number; move: Move } | undefined;
    for (let i = 0; i < queue.length && hit === undefined; i++) {
      const state = queue[i] as number;
      this.#eachEdge(state, inside, (to, thread, transition) => {
        if (hit !== undefined) return;
        const move = { thread, transition };
        if (reached(to, thread)) hit = { from: state, to, move };
        else if (!back.has(to) && to !== from) {
          back.set(to, { from: state, move });
          queue.push(to);
        }
      });
    }
    if (hit === undefined) return [];
    const path = [{ to: hit.to, move: hit.move }];
    for (let at = hit.from; at !== from; ) {
      const step = back.get(at) as { from: number; move: Move };
      path.unshift({ to: at, move: step.move });
      at = step.from;
    }
    return path;
  }
}
