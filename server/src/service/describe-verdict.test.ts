import { expect, test } from "vitest";
import type { FindingSimulation } from "../core/report/finding.ts";
import { describeVerdict } from "./describe-verdict.ts";

const CASES: readonly [string | null, Partial<FindingSimulation>][] = [
  [null, { verdict: "not-run" }],
  ["race reachable", { verdict: "violated" }],
  ["race reachable in 9 steps (UNIQ)", { verdict: "violated", invariant: "UNIQ", traceString: "m#3fa2b1:a4bca.1,ab" }],
  // A string that another release wrote is no reason to say less than what is known.
  ["race reachable (WAKE)", { verdict: "violated", invariant: "WAKE", traceString: "?" }],
  ["holds: 41,302 states", { verdict: "holds", states: 41302 }],
  ["holds: 7 states", { verdict: "holds", states: 7 }],
  ["bounded at 5,000,000 states", { verdict: "bounded", states: 5_000_000 }],
  ["bounded: a limit was met", { verdict: "bounded" }],
];

test.each(CASES)("%s", (words, simulation) => {
  expect(describeVerdict({ model: "m", verdict: "not-run", assumptions: [], ...simulation })).toBe(words);
});
