/** Breadth-first search over all states, one portion at a time. */
import { Expander, type ReducedProgram } from "./expander.ts";
import { StateStore } from "./state-store.ts";

export type SearchResult =
  | { readonly kind: "exhausted" }
  /** The violation lies one expansion after the stored state `parent`. */
  | { readonly kind: "violation"; readonly parent: number; readonly violation: number }
  | { readonly kind: "deadlock"; readonly state: number }
  | { readonly kind: "limit"; readonly name: "maxStates" | "maxBytes"; readonly value: number };

export interface SearchLimits {
  readonly maxStates: number;
  readonly maxBytes: number;
}

/** An engine: the interpreter below or generated WebAssembly. */
export interface Search {
  readonly engine: "interpreter" | "wasm";
  readonly states: number;
  readonly transitions: number;
  readonly frontier: number;
  readonly bytes: number;
  /** An artefact that was met: one expansion after the stored state `parent`. */
  readonly artefact: { readonly parent: number; readonly violation: number } | undefined;
  /** Slots turned out not to be interchangeable: start again without that reduction. */
  readonly slotsDiffer: boolean;
  /** Expands about this many states more. */
  advance(states: number): SearchResult | undefined;
  stateAt(index: number): Int32Array;
  parentOf(index: number): number;
}

export interface SearchOptions extends SearchLimits {
  readonly checksDeadlock: boolean;
  /** Violations that are artefacts of the model's bounds: noted, not followed, and the search goes on. */
  readonly artefacts: ReadonlySet<number>;
}

export class InterpreterSearch implements Search {
  readonly engine = "interpreter";
  readonly #expander: Expander;
  readonly #store: StateStore;
  readonly #options: SearchOptions;
  readonly #current: Int32Array;
  #next = 0;
  #found: SearchResult | undefined;
  artefact: { readonly parent: number; readonly violation: number } | undefined;

  constructor(reduced: ReducedProgram, options: SearchOptions) {
    this.#expander = new Expander(reduced);
    this.#store = new StateStore(reduced.program.words);
    this.#options = options;
    this.#current = new Int32Array(reduced.program.words);
    const first = Int32Array.from(reduced.program.initial);
    const violation = this.#expander.invariantViolated(first);
    this.#expander.checkSlots(first);
    this.#expander.canonicalize(first);
    this.#store.add(first, -1);
    if (violation !== 0) this.#found = { kind: "violation", parent: -1, violation };
  }

  get slotsDiffer(): boolean {
    return this.#expander.slotsDiffer;
  }
  get states(): number {
    return this.#store.count;
  }
  get transitions(): number {
    return this.#expander.transitions;
  }
  get frontier(): number {
    return this.#store.count - this.#next;
  }
  get bytes(): number {
    return this.#store.bytes;
  }

  advance(states: number): SearchResult | undefined {
    if (this.#found !== undefined) return this.#found;
    const store = this.#store;
    const last = Math.min(this.#next + states, Number.MAX_SAFE_INTEGER);
    while (this.#next < last) {
      if (this.#next >= store.count) return { kind: "exhausted" };
      const from = this.#next++;
      store.copy(from, this.#current);
      const progress = this.#expander.expand(this.#current, (state, violation) => {
        if (violation === 0) {
          store.add(state, from);
          return false;
        }
        if (this.#options.artefacts.has(violation)) {
          this.artefact ??= { parent: from, violation };
          return false;
        }
        this.#found = { kind: "violation", parent: from, violation };
        return true;
      });
      if (this.#found !== undefined) return this.#found;
      if (progress === 0 && this.#options.checksDeadlock && !this.#expander.finished(this.#current)) {
        this.#found = { kind: "deadlock", state: from };
        return this.#found;
      }
      if (store.count > this.#options.maxStates) {
        return { kind: "limit", name: "maxStates", value: this.#options.maxStates };
      }
      if (store.bytes > this.#options.maxBytes) {
        return { kind: "limit", name: "maxBytes", value: this.#options.maxBytes };
      }
    }
    return undefined;
  }

  stateAt(index: number): Int32Array {
    const state = new Int32Array(this.#store.words);
    this.#store.copy(index, state);
    return state;
  }

  parentOf(index: number): number {
    return this.#store.parent(index);
  }
}
