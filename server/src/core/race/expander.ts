/**
 * Successors of a state under a choice of reductions: the one definition of what the explorer explores. The WebAssembly
 * engine does the same and is compared with this in the tests; traces are always rebuilt here.
 */
import { ALWAYS, computeIndependence, type Independence, type IndexForm, NEVER } from "./independence.ts";
import { type Evaluate, makeRunnable, type Runnable } from "./interpreter.ts";
import { forgettingDeadLocals } from "./live-locals.ts";
import type { Reductions } from "./outcome.ts";
import type { Expr, Program, Template } from "./program.ts";
import { exchange, SlotSwapper, type SlotSymmetry, slotSymmetry } from "./slot-symmetry.ts";

/** One atomic step: thread and which of its transitions at that place. */
export interface Move {
  readonly thread: number;
  readonly transition: number;
}

/** Chains of steps longer than this are cut, so that expansion always ends. */
export const MAX_CHAIN = 10_000;

export interface ThreadGroup {
  readonly members: readonly number[];
  readonly bases: readonly number[];
  readonly words: number;
}

export interface ReducedProgram {
  readonly program: Program;
  readonly reductions: Reductions;
  readonly independence: Independence | undefined;
  /** Groups of interchangeable threads: bases and size of their blocks. */
  readonly groups: readonly ThreadGroup[];
  /** Set when slots may be interchanged. */
  readonly slots: SlotSymmetry | undefined;
}

export function reduceProgram(original: Program, reductions: Reductions): ReducedProgram {
  const program: Program = reductions.symmetry
    ? { ...original, templates: original.templates.map(forgettingDeadLocals) }
    : original;
  const needsTable = reductions.partialOrder || reductions.lockRegions;
  return {
    program,
    reductions,
    independence: needsTable ? computeIndependence(program, original) : undefined,
    groups: reductions.symmetry ? symmetricGroups(program) : [],
    slots: reductions.slots ? slotSymmetry(program) : undefined,
  };
}

function symmetricGroups(program: Program): ReducedProgram["groups"] {
  return program.templates.flatMap((_, t) => {
    const own = program.threads.filter((thread) => thread.template === t);
    const bases = own.map((thread) => thread.base);
    if (bases.length < 2) return [];
    return [{ members: own.map((thread) => thread.index), bases, words: (bases[1] as number) - (bases[0] as number) }];
  });
}

/** Which thread and slot stands at each place; permuted as a state is brought into its canonical form. */
export interface Names {
  readonly threads: number[];
  readonly slots: number[];
}

/** Receives a successor; `state` is reused afterwards. `violation` is 0 for a good one. Return true to stop. */
export type Visit = (state: Int32Array, violation: number, path: readonly Move[]) => boolean;

export class Expander {
  readonly reduced: ReducedProgram;
  readonly words: number;
  readonly #program: Program;
  readonly #runnable: Runnable;
  readonly #scratch: Int32Array;
  readonly #forms = new Map<IndexForm, Evaluate>();
  readonly #path: Move[] = [];
  readonly #swapper: SlotSwapper | undefined;
  /** Transitions executed so far. */
  transitions = 0;
  /** A state was met in which slots are not interchangeable after all: what was found has to be found again without. */
  slotsDiffer = false;

  constructor(reduced: ReducedProgram) {
    this.reduced = reduced;
    this.#program = reduced.program;
    this.words = reduced.program.words;
    this.#runnable = makeRunnable(reduced.program);
    this.#scratch = new Int32Array(this.words);
    if (reduced.slots !== undefined) {
      this.#swapper = new SlotSwapper(reduced.program, reduced.slots, (state, thread) => this.pc(state, thread));
    }
  }

  /** 0, or the first invariant that does not hold. */
  invariantViolated(state: Int32Array): number {
    for (const { violation, holds } of this.#runnable.invariants) if (holds(state, 0, 0) === 0) return violation;
    return 0;
  }

  pc(state: Int32Array, thread: number): number {
    const { template, base } = this.#program.threads[thread] as { template: number; base: number };
    return (this.#runnable.pc[template] as Evaluate)(state, 0, base);
  }

  /** Transitions of one thread that can be taken; spurious wake-ups only if asked for. */
  enabled(state: Int32Array, thread: number, spurious: boolean): number[] {
    const { template, base } = this.#program.threads[thread] as { template: number; base: number };
    const pc = this.pc(state, thread);
    const list: number[] = [];
    const transitions = (this.#program.templates[template] as Template).locations[pc]?.transitions ?? [];
    for (const [i, transition] of transitions.entries()) {
      if (transition.spurious === true && !spurious) continue;
      const runnable = this.#runnable.locations[template]?.[pc]?.[i];
      if (runnable !== undefined && runnable.guard(state, 0, base) !== 0) list.push(i);
    }
    return list;
  }

  /** Takes one step in place; 0 or the violation. */
  take(state: Int32Array, move: Move): number {
    const { template, base } = this.#program.threads[move.thread] as { template: number; base: number };
    const pc = this.pc(state, move.thread);
    this.transitions++;
    return this.#runnable.locations[template]?.[pc]?.[move.transition]?.run(state, 0, base) ?? 0;
  }

  /** A thread that may be run alone here, with its enabled transitions; chains also want exactly one. */
  persistent(state: Int32Array): { thread: number; enabled: number[] } | undefined {
    const table = this.reduced.independence;
    if (table === undefined) return undefined;
    const { threads } = this.#program;
    for (const thread of threads) {
      const pc = this.pc(state, thread.index);
      const row = (table.offset[thread.template] as number) + pc;
      if (table.candidate[row] !== 1) continue;
      const transitions = this.#program.templates[thread.template]?.locations[pc]?.transitions ?? [];
      const enabled = this.enabled(state, thread.index, true);
      // A sleeper that could only wake spuriously is stuck as far as deadlocks go: it must not be run alone.
      if (!enabled.some((i) => transitions[i]?.spurious !== true)) continue;
      if (threads.every((other) => other === thread || !this.#clashes(state, table, row, thread.base, other))) {
        return { thread: thread.index, enabled };
      }
    }
    return undefined;
  }

  #clashes(
    state: Int32Array,
    table: Independence,
    row: number,
    base: number,
    other: { index: number; template: number; base: number },
  ): boolean {
    const column = (table.offset[other.template] as number) + this.pc(state, other.index);
    const code = table.clash[row * table.size + column] as number;
    if (code === NEVER) return false;
    if (code === ALWAYS) return true;
    const conditions = table.conditions[code - 2] ?? [];
    return conditions.some(
      ({ mine, theirs }) => this.#form(mine)(state, 0, base) === this.#form(theirs)(state, 0, other.base),
    );
  }

  #form(form: IndexForm): Evaluate {
    let evaluate = this.#forms.get(form);
    if (evaluate === undefined) {
      const e: Expr =
        form.kind === "const"
          ? { k: "const", v: form.value }
          : form.kind === "local"
            ? { k: "bin", op: "+", a: { k: "cell", cell: form.cell }, b: { k: "const", v: form.offset } }
            : { k: "const", v: 0 };
      if (form.kind === "const") {
        const { value } = form;
        evaluate = () => value;
      } else evaluate = this.#compileForm(e);
      this.#forms.set(form, evaluate);
    }
    return evaluate;
  }

  #compileForm(e: Expr): Evaluate {
    if (e.k !== "bin" || e.a.k !== "cell" || e.b.k !== "const") return () => 0;
    const { word, shift, width } = e.a.cell;
    const mask = width >= 32 ? -1 : (1 << width) - 1;
    const offset = e.b.v;
    return (s, o, base) => (((s[o + base + word] as number) >>> shift) & mask) + offset;
  }

  /**
   * Calls `visit` for every successor to explore. Returns the number of steps that can be taken here other than spurious
   * wake-ups (0 means stuck or finished).
   */
  expand(state: Int32Array, visit: Visit): number {
    if (this.reduced.reductions.partialOrder) {
      const alone = this.persistent(state);
      if (alone !== undefined) {
        for (const transition of alone.enabled) {
          if (this.#follow(state, { thread: alone.thread, transition }, visit)) break;
        }
        return alone.enabled.length;
      }
    }
    let progress = 0;
    for (const thread of this.#program.threads) {
      const template = this.#program.templates[thread.template] as Template;
      const pc = this.pc(state, thread.index);
      for (const transition of this.enabled(state, thread.index, true)) {
        if (template.locations[pc]?.transitions[transition]?.spurious !== true) progress++;
        if (this.#follow(state, { thread: thread.index, transition }, visit)) return progress;
      }
    }
    return progress;
  }

  #follow(state: Int32Array, move: Move, visit: Visit): boolean {
    const scratch = this.#scratch;
    const path = this.#path;
    scratch.set(state);
    path.length = 0;
    path.push(move);
    let violation = this.take(scratch, move);
    if (violation === 0) violation = this.invariantViolated(scratch);
    if (this.reduced.reductions.lockRegions) {
      while (violation === 0 && path.length < MAX_CHAIN) {
        const alone = this.persistent(scratch);
        if (alone === undefined || alone.enabled.length !== 1) break;
        const next = { thread: alone.thread, transition: alone.enabled[0] as number };
        path.push(next);
        this.checkSlots(scratch);
        violation = this.take(scratch, next);
      }
    }
    if (violation === 0) this.checkSlots(scratch);
    if (violation === 0) this.canonicalize(scratch);
    return visit(scratch, violation, path);
  }

  /** Sets `slotsDiffer` when an allocation to come can tell free slots apart. */
  checkSlots(state: Int32Array): void {
    if (this.#swapper?.freeSlotsAlike(state) === false) this.slotsDiffer = true;
  }

  /** Sorts the blocks of interchangeable threads, and interchangeable slots. */
  canonicalize(state: Int32Array, names?: Names): void {
    this.#sortThreads(state, names);
    this.#swapper?.canonicalize(state, () => this.#sortThreads(state, names), names);
  }

  #sortThreads(state: Int32Array, names?: Names): void {
    for (const { bases, words, members } of this.reduced.groups) {
      for (let i = 1; i < bases.length; i++) {
        for (let j = i; j > 0; j--) {
          const a = bases[j - 1] as number;
          const b = bases[j] as number;
          if (compareBlocks(state, a, b, words) <= 0) break;
          for (let w = 0; w < words; w++) {
            const kept = state[a + w] as number;
            state[a + w] = state[b + w] as number;
            state[b + w] = kept;
          }
          if (names !== undefined) exchange(names.threads, members[j - 1] as number, members[j] as number);
        }
      }
    }
  }

  /** True when every thread that must finish has finished. */
  finished(state: Int32Array): boolean {
    return this.#program.threads.every((thread) => {
      const template = this.#program.templates[thread.template] as Template;
      return template.daemon || this.pc(state, thread.index) === template.end;
    });
  }
}

function compareBlocks(state: Int32Array, a: number, b: number, words: number): number {
  for (let w = 0; w < words; w++) {
    const difference = (state[a + w] as number) - (state[b + w] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
