import { ASYNC_MUTANTS } from "./async-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { PROTOCOL_MUTANTS, SIMULATED_MUTANTS } from "./protocol-mutants.ts";
import { RECLAIM_MUTANTS } from "./reclaim-mutants.ts";
import { STATE_MUTANTS } from "./state-mutants.ts";

/** Mutants that a review without simulation must find, or must not. */
export const STATIC_MUTANTS: readonly Mutant[] = [
  ...RECLAIM_MUTANTS,
  ...STATE_MUTANTS,
  ...PROTOCOL_MUTANTS,
  ...ASYNC_MUTANTS,
];

export const ALL_MUTANTS: readonly Mutant[] = [...STATIC_MUTANTS, ...SIMULATED_MUTANTS];
