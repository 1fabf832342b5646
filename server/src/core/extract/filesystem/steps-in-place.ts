/** How large a piece of a model is once each procedure stands in place of its calls, as a thread is compiled. */
import type { Step } from "../../race/model.ts";

/** Number of steps; `stepsOf` gives those of a procedure, or null for one that counts as a single step. */
export function stepsInPlace(steps: readonly Step[], stepsOf: (procedure: string) => readonly Step[] | null): number {
  const known = new Map<string, number>();
  const sizeOf = (name: string): number => {
    let size = known.get(name);
    if (size === undefined) {
      // A procedure that calls itself is refused when the thread is compiled; here it must only end.
      known.set(name, 1);
      const called = stepsOf(name);
      size = called === null ? 1 : count(called);
      known.set(name, size);
    }
    return size;
  };
  const count = (each: readonly Step[]): number => each.reduce((sum, step) => sum + one(step), 0);
  const one = (step: Step): number => {
    if (typeof step === "string") return 1;
    const own = step.do !== undefined || step.if !== undefined || step.while !== undefined ? 1 : 0;
    const inside = [step.then, step.else, step.loop, ...(step.choose ?? [])];
    return (
      own + inside.reduce((sum, each) => sum + count(each ?? []), 0) + (step.call === undefined ? 0 : sizeOf(step.call))
    );
  };
  return count(steps);
}
