/** docs/simulator.md: its example works, and every operation is in its table. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { PRIMITIVES } from "../../server/src/core/race/primitives.ts";
import { explore, loadModel } from "../../server/src/core/race/simulator.ts";

const guide = readFileSync(new URL("../../docs/simulator.md", import.meta.url), "utf8");

it("the example is a valid model with the verdicts it states", () => {
  const json = JSON.parse(/```json\n([\s\S]*?)```/.exec(guide)?.[1] ?? "null") as RaceModel;
  expect(loadModel(json)).toEqual({ model: json });
  for (const { toggles, verdict } of json.expected ?? []) expect(explore(json, { toggles }).verdict).toBe(verdict);
  expect(json.expected?.length).toBe(2);
});

it("names every operation", () => {
  for (const name of Object.keys(PRIMITIVES)) expect(guide).toContain(`${name}(`);
});

it("counts the catalogue", () => {
  expect(guide).toContain(`holds ${listModels().length} of them`);
});
