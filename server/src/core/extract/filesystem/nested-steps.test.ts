import { expect, test } from "vitest";
import type { Step } from "../../race/model.ts";
import { mapSteps, someStep } from "./nested-steps.ts";

const STEPS: Step[] = [
  "a = 1",
  {
    if: "a",
    then: [{ call: "one" }],
    else: [{ while: "b", loop: [{ choose: [["b = 1"], [{ call: "two", with: { x: "A" } }]] }] }],
  },
];

test("a step is found in arms, loops and choices", () => {
  const calls = (name: string) => someStep(STEPS, (step) => typeof step !== "string" && step.call === name);
  expect([calls("one"), calls("two"), calls("three")]).toEqual([true, true, false]);
  expect(someStep(STEPS, (step) => step === "b = 1")).toBe(true);
});

test("each step is changed where it stands, and the given ones stay as they are", () => {
  const before = structuredClone(STEPS);
  const changed = mapSteps(STEPS, (step) =>
    step.call === undefined ? step : { ...step, with: { ...step.with, mine: "mine" } },
  );
  expect(changed).toEqual([
    "a = 1",
    {
      if: "a",
      then: [{ call: "one", with: { mine: "mine" } }],
      else: [{ while: "b", loop: [{ choose: [["b = 1"], [{ call: "two", with: { x: "A", mine: "mine" } }]] }] }],
    },
  ]);
  expect(STEPS).toEqual(before);
});
