/** The order in which a function's steps are best looked at. */
import type { FunctionIr, Step } from "../ir/ir.ts";

export interface StepOrder {
  /** The steps that control can come to, in reverse post order; the entry is the first. */
  readonly sequence: Int32Array;
  /** Where a step stands in `sequence`. */
  readonly position: Int32Array;
}

/** Takes time linear in the number of steps. */
export function stepOrder(ir: FunctionIr): StepOrder {
  const { steps, entry } = ir;
  const position = new Int32Array(steps.length).fill(-1);
  const post: number[] = [];
  const path: { readonly at: number; readonly targets: readonly number[]; next: number }[] = [];
  const enter = (at: number): void => {
    position[at] = 0;
    path.push({ at, targets: targetsOf(steps[at]!), next: 0 });
  };
  enter(entry);
  while (path.length > 0) {
    const top = path[path.length - 1]!;
    const target = top.targets[top.next++];
    if (target === undefined) {
      post.push(top.at);
      path.pop();
    } else if (target >= 0 && position[target] === -1) enter(target);
  }
  const sequence = Int32Array.from(post.reverse());
  sequence.forEach((at, place) => {
    position[at] = place;
  });
  return { sequence, position };
}

function targetsOf(step: Step): readonly number[] {
  switch (step.k) {
    case "eval":
    case "declare":
    case "nop":
      return [step.next];
    case "either":
      return step.targets;
    case "branch":
      return [step.yes, step.no];
    case "switch":
      return step.cases.map((each) => each.target);
    case "return":
      return [];
  }
}
