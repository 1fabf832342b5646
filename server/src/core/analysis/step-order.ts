/** The order in which a function's steps are best looked at. */
import type { FunctionIr, Step } from "../ir/ir.ts";

export interface StepOrder {
  /** The steps that control can come to and that do something, in reverse post order; the first is where it enters. */
  readonly sequence: Int32Array;
  /** Where a step stands in `sequence`. */
  readonly position: Int32Array;
  /** Where control that goes to a step comes to something: more than half of all steps do nothing. */
  readonly landing: Int32Array;
}

/** The way to the step at hand, and for each step on it how many of its targets have been tried; for each function again. */
let PATH = new Int32Array(1024);
let TRIED = new Int32Array(1024);

/** Takes time linear in the number of steps. */
export function stepOrder(ir: FunctionIr): StepOrder {
  const { steps, entry } = ir;
  const position = new Int32Array(steps.length).fill(-1);
  if (PATH.length < steps.length) {
    PATH = new Int32Array(2 * steps.length);
    TRIED = new Int32Array(2 * steps.length);
  }
  const path = PATH;
  const tried = TRIED;
  tried[0] = 0;
  const sequence = new Int32Array(steps.length);
  let first = steps.length;
  let depth = 0;
  const landing = landingsOf(steps);
  path[0] = landing[entry]! < 0 ? entry : landing[entry]!;
  position[path[0]] = 0;
  while (depth >= 0) {
    const at = path[depth]!;
    const next = targetOf(steps[at]!, tried[depth]!++);
    if (next === undefined) {
      sequence[--first] = at;
      depth--;
      continue;
    }
    const target = next < 0 ? next : landing[next]!;
    if (target >= 0 && position[target] === -1) {
      position[target] = 0;
      path[++depth] = target;
      tried[depth] = 0;
    }
  }
  for (let place = first; place < steps.length; place++) position[sequence[place]!] = place - first;
  return { sequence: sequence.subarray(first), position, landing };
}

function landingsOf(steps: readonly Step[]): Int32Array {
  const landing = new Int32Array(steps.length);
  for (let from = 0; from < steps.length; from++) {
    let at = from;
    // `for (;;);` goes round in a circle.
    for (let hops = 0; at >= 0 && hops < steps.length; hops++) {
      const step = steps[at]!;
      if (step.k !== "nop") break;
      at = step.next;
    }
    landing[from] = at;
  }
  return landing;
}

/** The step's target with this number; undefined: it has no more. */
function targetOf(step: Step, number: number): number | undefined {
  switch (step.k) {
    case "eval":
    case "declare":
    case "nop":
      return number === 0 ? step.next : undefined;
    case "either":
      return step.targets[number];
    case "branch":
      return number === 0 ? step.yes : number === 1 ? step.no : undefined;
    case "switch":
      return step.cases[number]?.target;
    case "return":
      return undefined;
  }
}
