/** The steps of a model with those that stand inside of them: in the arms of a test, in a loop, in a choice. */
import type { Step, StepObject } from "../../race/model.ts";

/** Whether one of them is like that. */
export function someStep(steps: readonly Step[], isWanted: (step: Step) => boolean): boolean {
  return steps.some(
    (step) =>
      isWanted(step) ||
      (typeof step !== "string" &&
        [step.then, step.else, step.loop, ...(step.choose ?? [])].some((each) => someStep(each ?? [], isWanted))),
  );
}

/** Each of them changed, the inner ones first; a step in short form stays. */
export function mapSteps(steps: readonly Step[], change: (step: StepObject) => StepObject): Step[] {
  return steps.map((step) => (typeof step === "string" ? step : change(withInner(step, change))));
}

function withInner(step: StepObject, change: (step: StepObject) => StepObject): StepObject {
  const inner = (each: readonly Step[]): Step[] => mapSteps(each, change);
  return {
    ...step,
    ...(step.then === undefined ? {} : { then: inner(step.then) }),
    ...(step.else === undefined ? {} : { else: inner(step.else) }),
    ...(step.loop === undefined ? {} : { loop: inner(step.loop) }),
    ...(step.choose === undefined ? {} : { choose: step.choose.map(inner) }),
  };
}
