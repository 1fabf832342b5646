/** The verdict does not depend on reductions or on the engine; both engines number the states alike. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import type { Outcome } from "../../server/src/core/race/outcome.ts";
import { explore, loadModel } from "../../server/src/core/race/simulator.ts";
import { randomModel, randomSlotModel } from "./random-models.ts";

const OFF = { partialOrder: false, symmetry: false, slots: false, lockRegions: false };
const LIMIT = 60_000;

const sortOf = (outcome: Outcome): string => `${outcome.verdict}${outcome.violation?.kind === "lasso" ? " lasso" : ""}`;

function accepted(model: RaceModel): boolean {
  // Some random models sleep under a spin lock or hold a lock by a variable that changes: rightly rejected.
  return "model" in loadModel(model);
}

describe.each([
  ["random models", randomModel],
  ["random models of many slots", randomSlotModel],
] as const)("%s", (_name, models) => {
  it("give the same verdict with and without each reduction", () => {
    let seen = 0;
    fc.assert(
      fc.property(models, (model) => {
        if (!accepted(model)) return;
        const full = explore(model, { reductions: OFF, maxStates: LIMIT });
        if (full.verdict === "bounded") return;
        seen++;
        for (const reductions of [
          {},
          { ...OFF, partialOrder: true },
          { ...OFF, symmetry: true },
          { ...OFF, slots: true },
          { ...OFF, symmetry: true, slots: true },
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
      { numRuns: 80 },
    );
    expect(seen).toBeGreaterThan(20);
  });

  it("give the same states, transitions and traces in both engines", () => {
    fc.assert(
      fc.property(models, fc.boolean(), (model, reduced) => {
        if (!accepted(model)) return;
        const options = { maxStates: LIMIT, directStates: 0, lassos: false, ...(reduced ? {} : { reductions: OFF }) };
        const fast = explore(model, { ...options, engine: "wasm" });
        const slow = explore(model, { ...options, engine: "interpreter" });
        const comparable = ({ engine: _, bytes: __, ...rest }: Outcome): object => rest;
        expect(fast.engine).toBe("wasm");
        expect(comparable(fast)).toEqual(comparable(slow));
      }),
      { numRuns: 80 },
    );
  });
});

describe("interchangeable slots", () => {
  const fill = (steps: readonly string[]): RaceModel => ({
    format: 1,
    id: "fill",
    title: "fill",
    summary: "fill",
    slots: { count: 3, initial: [{ count: 0 }, { count: 0 }, { count: 0 }] },
    threads: [1, 2].map((n) => ({
      name: `t${n}`,
      locals: [{ name: "p", type: "slot" as const }],
      steps: [{ choose: ["A", "B", "C"].map((slot) => [`p = ${slot}`]) }, "p.count++", ...steps],
    })),
    invariants: ["PROG"],
  });
  const states = (model: RaceModel, slots: boolean): number =>
    explore(model, { reductions: { ...OFF, slots }, lassos: false }).states;

  it("are counted once when nothing tells them apart any more", () => {
    const model = fill(["p.count++"]);
    expect(states(model, true)).toBeLessThan(states(model, false));
  });
  it("are told apart as long as a step to come names them", () => {
    const model = fill(["p.count++", "wait(A.count + B.count * 2 + C.count * 3 > 0)"]);
    expect(states(model, true)).toBeGreaterThan(states(fill(["p.count++", "skip()"]), true));
  });
  it("are given up when an allocation can tell free ones apart", () => {
    const model: RaceModel = {
      ...fill([]),
      threads: [
        {
          name: "t",
          locals: [
            { name: "p", type: "slot" },
            { name: "q", type: "slot" },
          ],
          steps: ["p = find(0)", "free_inode(p)", "new_inode(q)", "assert(STATE, p != q)"],
        },
      ],
      slots: { count: 3, initial: [{ count: 1, hashed: 1 }, { count: 1 }, { count: 1 }] },
    };
    const outcome = explore(model, { reductions: { ...OFF, slots: true } });
    expect(outcome).toMatchObject({ verdict: "violated", invariant: "STATE", reductions: { slots: false } });
  });
});
