/** SPIN as the second opinion on models made from code: one finding of each rule, and the cells of the table of designs. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RaceModel, ToggleSettings } from "../../server/src/core/race/model.ts";
import { NO_REDUCTIONS } from "../../server/src/core/race/outcome.ts";
import { explore, modelToPromela } from "../../server/src/core/race/simulator.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

describeWith("spin", "SPIN agrees on models made from code", () => {
  let folder = "";
  let session: ReviewSession;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "evictscope-spin-"));
    session = sessionOf(readFixtureTree("sample"));
    await reviewNow(session);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function compare(model: RaceModel, toggles: ToggleSettings = {}): "violated" | "holds" {
    // -o1 to -o3: SPIN would otherwise drop variables that are only written, and merge steps.
    writeFileSync(join(folder, "model.pml"), modelToPromela(model, toggles));
    execFileSync(pathOf("spin"), ["-o1", "-o2", "-o3", "-a", "model.pml"], { cwd: folder, stdio: "pipe" });
    const flags = ["-O0", "-w", "-DNOREDUCE", "-DSAFETY", "-DMEMLIM=2000"];
    execFileSync("gcc", [...flags, "-o", "pan", "pan.c"], { cwd: folder });
    const text = execFileSync("./pan", ["-m1000000"], { cwd: folder, encoding: "utf8" });
    const errors = Number(/errors: (\d+)/.exec(text)?.[1] ?? Number.NaN);
    const states = Number(/(\d+) states, stored/.exec(text)?.[1] ?? Number.NaN);
    const ours = explore(model, { toggles, reductions: NO_REDUCTIONS, lassos: false });
    expect(errors > 0 ? "violated" : "holds", `${model.id}: ${text}`).toBe(ours.verdict);
    if (ours.verdict === "holds") expect(states, model.id).toBe(ours.states);
    return errors > 0 ? "violated" : "holds";
  }

  test("one finding of each rule", async () => {
    const { findings } = await reviewNow(session);
    const seen = new Set<string>();
    const verdicts = new Set<string>();
    for (const finding of findings) {
      if (seen.has(finding.rule)) continue;
      seen.add(finding.rule);
      const model = await session.query({ name: "model", finding }, NEVER_CANCELLED);
      if (model === null || "reason" in model) throw new Error(`${finding.rule} has no model`);
      verdicts.add(compare(model));
    }
    expect(seen.size).toBeGreaterThan(9);
    expect([...verdicts].sort()).toEqual(["holds", "violated"]);
  }, 120_000);

  test.each([
    ["sync", "lookup", "holds"],
    ["async-before-unhash", "umount", "holds"],
    ["async-after-unhash", "lookup", "violated"],
    ["deferred-parked", "umount", "holds"],
  ])(
    "the design %s, %s",
    async (design, question, expected) => {
      const asked = { name: "designModel", filesystem: "fs/jnlfs", design, question } as const;
      const model = await session.query(asked, NEVER_CANCELLED);
      expect(compare(model!)).toBe(expected);
    },
    60_000,
  );
});
