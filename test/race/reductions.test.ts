/** The verdict does not depend on reductions or on the engine; both engines number the states alike. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import type { Outcome } from "../../server/src/core/race/outcome.ts";
import { explore, loadModel } from "../../server/src/core/race/simulator.ts";
import { randomModel } from "./random-models.ts";

const OFF = { partialOrder: false, symmetry: false, lockRegions: false };
const LIMIT = 60_000;

const sortOf = (outcome: Outcome): string => `${outcome.verdict}${outcome.violation?.kind === "lasso" ? " lasso" : ""}`;

function accepted(model: RaceModel): boolean {
  // Some random models sleep under a spin lock or hold a lock by a variable that changes: rightly rejected.
  return "model" in loadModel(model);
}

describe("random models", () => {
  it("give the same verdict with and without each reduction", () => {
    let seen = 0;
    fc.assert(
      fc.property(randomModel, (model) => {
        if (!accepted(model)) return;
        const full = explore(model, { reductions: OFF, maxStates: LIMIT });
        if (full.verdict === "bounded") return;
        seen++;
        for (const reductions of [
          {},
          { ...OFF, partialOrder: true },
          { ...OFF, symmetry: true },
          { ...OFF, lockRegions: true },
        ]) {
          const outcome = explore(model, { reductions, maxStates: LIMIT, directStates: 0 });
          expect(sortOf(outcome)).toBe(sortOf(full));
          expect(outcome.states).toBeLessThanOrEqual(full.verdict === "holds" ? full.states : LIMIT);
          if (full.verdict === "violated" && full.violation?.kind !== "lasso") {
            expect(outcome.trace?.steps.length).toBe(full.trace?.steps.length);
          }
        }
      }),
      { numRuns: 120 },
    );
    expect(seen).toBeGreaterThan(20);
  });

  it("give the same states, transitions and traces in both engines", () => {
    fc.assert(
      fc.property(randomModel, fc.boolean(), (model, reduced) => {
        if (!accepted(model)) return;
        const options = { maxStates: LIMIT, directStates: 0, lassos: false, ...(reduced ? {} : { reductions: OFF }) };
        const fast = explore(model, { ...options, engine: "wasm" });
        const slow = explore(model, { ...options, engine: "interpreter" });
        const comparable = ({ engine: _, bytes: __, ...rest }: Outcome): object => rest;
        expect(fast.engine).toBe("wasm");
        expect(comparable(fast)).toEqual(comparable(slow));
      }),
      { numRuns: 120 },
    );
  });
});
