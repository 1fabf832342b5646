/** Every entry of the catalogue is valid and gives the verdicts it promises, whichever reductions are used. */
import { describe, expect, it } from "vitest";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";
import { NO_REDUCTIONS } from "../../server/src/core/race/outcome.ts";
import { createStepper, explore, loadModel } from "../../server/src/core/race/simulator.ts";

describe.each(listModels().map((model) => [model.id, model] as const))("%s", (_, model) => {
  it("is a valid model", () => {
    expect(loadModel(model)).toEqual({ model });
    expect(model.expected?.length ?? 0).toBeGreaterThan(0);
    expect(model.sources?.length ?? 0).toBeGreaterThan(0);
  });

  it.each((model.expected ?? []).map((one) => [JSON.stringify(one.toggles), one] as const))("%s", (__, expected) => {
    const outcome = explore(model, { toggles: expected.toggles });
    expect(outcome.verdict, outcome.violation?.message ?? outcome.limit?.message).toBe(expected.verdict);
    if (expected.invariant !== undefined) expect(expected.invariant).toContain(outcome.invariant);
    const full = explore(model, { toggles: expected.toggles, reductions: NO_REDUCTIONS });
    expect(full.verdict).toBe(expected.verdict);
    expect(full.states).toBeGreaterThanOrEqual(outcome.states);
    const reduced = explore(model, { toggles: expected.toggles, directStates: 0 });
    expect(reduced.verdict).toBe(expected.verdict);
    expect(reduced.trace?.steps.length).toBe(outcome.trace?.steps.length);
    if (expected.verdict === "holds") expect(reduced.states).toBeLessThanOrEqual(outcome.states);
    if (outcome.trace === undefined) return;
    // The trace is as short as the search without reductions finds it, and replays to the same violation.
    if (outcome.violation?.kind !== "lasso") expect(outcome.trace.steps.length).toBe(full.trace?.steps.length);
    const stepper = createStepper(model, expected.toggles);
    const replayed = stepper.replay(outcome.trace.traceString);
    expect(replayed).not.toHaveProperty("error");
    if (outcome.violation?.kind !== "lasso") {
      expect(stepper.view.violations.map((one) => one.invariant)).toContain(outcome.invariant);
    }
    expect(stepper.trace().traceString).toBe(outcome.trace.traceString);
  });
});
