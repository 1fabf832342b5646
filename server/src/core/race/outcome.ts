/** What an exploration is asked for and what it answers. */
import type { ToggleSettings } from "./model.ts";
import type { Trace, Violation } from "./trace.ts";

/** Each can be switched off; the verdict does not depend on them, only time and states do. */
export interface Reductions {
  /** Steps that no other thread can observe or prevent are not interleaved (persistent sets, lock regions). */
  readonly partialOrder: boolean;
  /** Identical threads are not told apart, nor what locals hold that are never read again. */
  readonly symmetry: boolean;
  /** Inode slots that nothing names any more are not told apart. */
  readonly slots: boolean;
  /** Chains of such steps are taken as one. */
  readonly lockRegions: boolean;
}

export const ALL_REDUCTIONS: Reductions = { partialOrder: true, symmetry: true, slots: true, lockRegions: true };
export const NO_REDUCTIONS: Reductions = { partialOrder: false, symmetry: false, slots: false, lockRegions: false };

/** All limits are counts, never times, so that every face of the product says the same. */
export interface ExploreOptions {
  readonly toggles?: ToggleSettings;
  readonly reductions?: Partial<Reductions>;
  /** States kept at most (default 5,000,000). */
  readonly maxStates?: number;
  /** Bytes for states at most (default 1 GiB). */
  readonly maxBytes?: number;
  /** `auto` (default): generated WebAssembly where the host has it, else the interpreter. Same answers. */
  readonly engine?: "auto" | "wasm" | "interpreter";
  /**
   * So many states are first explored without partial order and lock regions, whose tables cost more than a small model
   * (default 40,000; 0: none). The search goes on from there when a counterexample has to be shortened.
   */
  readonly directStates?: number;
  /** Look for the shortest counterexample (default true). False: the first one met, which is quicker. */
  readonly shortest?: boolean;
  /** Check fair termination too when the model asks for it (default true). */
  readonly lassos?: boolean;
}

export interface Progress {
  /** `search`: for violated invariants and deadlocks. `shorten`: for a shorter trace. `lasso`: for livelocks. */
  readonly phase: "search" | "shorten" | "lasso";
  readonly states: number;
  readonly transitions: number;
  /** Found but not yet expanded. */
  readonly frontier: number;
  readonly bytes: number;
}

export interface Outcome {
  readonly modelId: string;
  readonly toggles: ToggleSettings;
  /**
   * `holds`: every state was seen and no invariant is violated. `violated`: see `trace`.
   * `bounded`: a limit was met first (`limit` says which), or only artefacts of the model's bounds were found.
   */
  readonly verdict: "violated" | "holds" | "bounded";
  readonly invariant?: string;
  readonly violation?: Violation;
  readonly trace?: Trace;
  /** False when the trace could not be proved to be as short as possible. */
  readonly shortest?: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Bytes of states kept. */
  readonly bytes: number;
  readonly limit?: {
    readonly name: "maxStates" | "maxBytes" | "cancelled" | "model-bound";
    readonly value: number;
    readonly message: string;
  };
  readonly engine: "wasm" | "interpreter";
  /** Those that the verdict was found with. */
  readonly reductions: Reductions;
  readonly assumptions: readonly string[];
}
