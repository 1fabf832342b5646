/** Endless runs that a choice of the scheduler keeps going, and those that go on whichever way it chooses. */
import { expect, test } from "vitest";
import type { RaceModel, Step } from "../race/model.ts";
import { explore } from "../race/simulator.ts";
import { endlessAnyway, isEndlessByChoice } from "./endless-run.ts";
import { AT_ANY_TIME, NOT_KNOWN } from "./lowered-step.ts";

/** A thread that looks at something again and again; `second` is where it goes when the choice is the second one. */
function modelOf(second: Step, mark: string): RaceModel {
  const head = { do: "skip()", label: `if (mapping_shrinkable(mapping)) ${mark}` };
  const steps: Step[] = [
    { id: "again", do: "skip()", label: "again:" },
    {
      id: "choice",
      choose: [
        [head, { goto: "again" }],
        [head, second],
      ],
    },
    { id: "over", do: "skip()", label: "over" },
  ];
  return {
    format: 1,
    id: "endless",
    title: "endless",
    summary: "A loop with a choice in it.",
    procedures: [{ name: "look", steps }],
    threads: [{ name: "looker", steps: [{ call: "look" }] }],
    invariants: ["PROG"],
  };
}

const anyway = (model: RaceModel) => {
  const outcome = explore(model);
  expect(isEndlessByChoice(outcome)).toBe(true);
  return endlessAnyway(outcome, model, (each) => explore(each));
};

test("a loop that both ways go on with is endless, and its run is one of the model", () => {
  const outcome = anyway(modelOf({ goto: "again" }, AT_ANY_TIME));
  expect(outcome).toMatchObject({ verdict: "violated", invariant: "PROG" });
  expect(outcome?.trace?.steps.some(({ label }) => label.includes(AT_ANY_TIME))).toBe(false);
});

test("one that a way leads out of is not", () => {
  expect(anyway(modelOf({ goto: "over" }, AT_ANY_TIME))).toBeNull();
});

test("nor is one with a condition of which nothing is known", () => {
  expect(anyway(modelOf({ goto: "again" }, NOT_KNOWN))).toBeNull();
});
