/** Endless runs of an extracted model. */
import type { Outcome } from "../race/outcome.ts";
import { AT_ANY_TIME, NOT_KNOWN } from "./lowered-step.ts";

/**
 * Whether an endless run goes on because of a choice that the model leaves to the scheduler, the same way each time: a
 * condition of which nothing is known, or need_resched(). Such a run need not be one of the code.
 */
export function isEndlessByChoice({ violation, trace }: Outcome): boolean {
  if (violation?.kind !== "lasso" || trace === undefined) return false;
  return trace.steps
    .slice(trace.loopStart ?? 0)
    .some(({ label }) => label.includes(NOT_KNOWN) || label.includes(AT_ANY_TIME));
}
