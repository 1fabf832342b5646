/** Endless runs of an extracted model. */
import type { RaceModel, Step } from "../race/model.ts";
import type { Outcome } from "../race/outcome.ts";
import { AT_ANY_TIME, NOT_KNOWN } from "./lowered-step.ts";

const loopOf = ({ trace }: Outcome) => trace?.steps.slice(trace.loopStart ?? 0) ?? [];

/**
 * Whether an endless run goes on because of a choice that the model leaves to the scheduler, the same way each time: a
 * condition of which nothing is known, or need_resched(). Such a run need not be one of the code.
 */
export function isEndlessByChoice(outcome: Outcome): boolean {
  if (outcome.violation?.kind !== "lasso") return false;
  return loopOf(outcome).some(({ label }) => label.includes(NOT_KNOWN) || label.includes(AT_ANY_TIME));
}

/** The ways that each choice has. */
const WAYS = [0, 1] as const;

/**
 * The endless run of a model that has one whichever way its choices go, as long as each always goes the same way: what
 * mapping_shrinkable() answers in a loop does not make the loop. `outcome` is one that is endless by choice. Null: the choice
 * may lead out, or nothing is known of it.
 */
export function endlessAnyway(
  outcome: Outcome,
  model: RaceModel,
  explore: (model: RaceModel) => Outcome,
): Outcome | null {
  if (loopOf(outcome).some(({ label }) => label.includes(NOT_KNOWN))) return null;
  let found: Outcome | null = null;
  for (const way of WAYS) {
    const decided = explore(withChoicesMade(model, way));
    if (decided.violation?.kind !== "lasso" || isEndlessByChoice(decided)) return null;
    found ??= decided;
  }
  return found;
}

/** The other ways are shut, so that a run of this model is one of the model that it was made from, step by step. */
function withChoicesMade(model: RaceModel, way: number): RaceModel {
  const made = (step: Step): Step => {
    if (typeof step === "string" || step.choose === undefined) return step;
    const heads = step.choose.map(([head]) => head);
    const isFree = heads.every((head) => typeof head === "object" && head.label?.includes(AT_ANY_TIME) === true);
    if (!isFree) return step;
    const choose = step.choose.map(([head, ...rest], index) => {
      const label = typeof head === "object" ? (head.label ?? "").replace(AT_ANY_TIME, "").trim() : "";
      return [{ ...(head as object), label, ...(index === way ? {} : { do: "wait(0)" }) }, ...rest];
    });
    return { ...step, choose };
  };
  const procedures = model.procedures?.map((procedure) => ({ ...procedure, steps: procedure.steps.map(made) }));
  return procedures === undefined ? model : { ...model, procedures };
}
