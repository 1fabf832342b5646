import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readFixtureTree } from "../../../test/support/fixture.ts";
import { reviewNow, sessionOf } from "../../../test/support/review.ts";
import type { FindingVerdict, OutcomeStore } from "../core/extract/filesystem/verdict.ts";
import { NEVER_CANCELLED } from "../core/text/cancellation.ts";
import { clearOutcomes, outcomeStore } from "./outcome-store.ts";

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evictscope-outcomes-"));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (program = "a"): OutcomeStore => outcomeStore(folder, program, (line) => lines.push(line));

/** The verdicts of the sample tree's findings of one rule, and how many simulations had to be run. */
async function judge(store: OutcomeStore, edit = (text: string): string => text): Promise<[FindingVerdict[], number]> {
  let runs = 0;
  const counting: OutcomeStore = {
    get: (content) => store.get(content),
    put: (content, outcome) => {
      runs++;
      store.put(content, outcome);
    },
  };
  const tree = readFixtureTree("sample");
  for (const path of [...tree.keys()].filter((each) => /^fs\/.*\.c$/.test(each))) tree.set(path, edit(tree.get(path)!));
  const session = sessionOf(tree, counting);
  const verdicts: FindingVerdict[] = [];
  for (const finding of (await reviewNow(session)).findings)
    if (finding.rule === "dirty-under-memalloc" || finding.rule === "deferred-work")
      verdicts.push((await session.query({ name: "verdict", finding }, NEVER_CANCELLED))!);
  return [verdicts, runs];
}

test("a second session runs nothing and says the same, where lines have moved too", async () => {
  const [first, runs] = await judge(open());
  expect(runs).toBeGreaterThan(5);
  const [second, again] = await judge(open());
  expect(again).toBe(0);
  expect(second).toEqual(first);
  const [moved, afterMoving] = await judge(open(), (text) => `\n\n${text}`);
  expect(afterMoving).toBe(0);
  expect(moved.map(({ simulation }) => simulation.traceString)).toEqual(
    first.map(({ simulation }) => simulation.traceString),
  );
});

test("another build of the program runs its own, and what is cleared or damaged is run again", async () => {
  const [first, runs] = await judge(open());
  expect((await judge(open("b")))[1]).toBe(runs);
  for (const name of readdirSync(join(folder, "outcomes"))) writeFileSync(join(folder, "outcomes", name), "damaged");
  expect(await judge(open())).toEqual([first, runs]);
  expect(lines.length).toBeGreaterThan(0);
  clearOutcomes(folder);
  expect((await judge(open()))[1]).toBe(runs);
});
