/** SPIN as the second opinion: same verdicts over the whole catalogue and, unreduced, the same number of states. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";
import { compileModel } from "../../server/src/core/race/compile.ts";
import { hasLoops, LassoSearch } from "../../server/src/core/race/lasso.ts";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { NO_REDUCTIONS } from "../../server/src/core/race/outcome.ts";
import { writePromela } from "../../server/src/core/race/promela.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { describeWith, pathOf } from "../support/requirements.ts";

interface SpinAnswer {
  readonly errors: number;
  readonly states: number;
  readonly text: string;
}

describeWith("spin", "SPIN agrees", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "evictscope-spin-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // -o1 to -o3: SPIN would otherwise drop variables that are only written, and merge steps.
  function runSpin(promela: string, flags: readonly string[], options: readonly string[]): SpinAnswer {
    writeFileSync(join(folder, "model.pml"), promela);
    execFileSync(pathOf("spin"), ["-o1", "-o2", "-o3", "-a", "model.pml"], { cwd: folder, stdio: "pipe" });
    execFileSync("gcc", ["-O0", "-w", "-DNOREDUCE", "-DMEMLIM=2000", ...flags, "-o", "pan", "pan.c"], { cwd: folder });
    const text = execFileSync("./pan", ["-m1000000", ...options], { cwd: folder, encoding: "utf8" });
    const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
    return { errors: number(/errors: (\d+)/), states: number(/(\d+) states, stored/), text };
  }

  const cases = listModels().flatMap((model) =>
    (model.expected ?? []).map(
      (expected) => [`${model.id} ${JSON.stringify(expected.toggles)}`, model, expected] as const,
    ),
  );

  it.each(cases)("%s", (_, model, expected) => {
    const compiled = compileModel(model, expected.toggles);
    if ("errors" in compiled) throw new Error(compiled.errors[0]?.message);
    const safety = explore(model, { toggles: expected.toggles, reductions: NO_REDUCTIONS, lassos: false });
    const spin = runSpin(writePromela(compiled.program), ["-DSAFETY"], []);
    expect(spin.errors > 0, spin.text).toBe(safety.verdict === "violated");
    if (safety.verdict !== "holds") return;
    expect(spin.states).toBe(safety.states);
    if (!compiled.program.checksTermination || !hasLoops(compiled.program)) return;
    // Endless runs: weak fairness for each thread on both sides, and no spurious wake-ups on either.
    const calm: RaceModel = { ...model, spuriousWakeups: false };
    const quiet = compileModel(calm, expected.toggles);
    if ("errors" in quiet) throw new Error(quiet.errors[0]?.message);
    const lasso = new LassoSearch(quiet.program, 1_000_000, "weak").advance(1_000_000);
    const cycles = runSpin(writePromela(quiet.program, { property: "termination" }), ["-DNFAIR=5"], ["-a", "-f"]);
    expect(cycles.errors > 0, cycles.text).toBe(lasso?.kind === "lasso");
  });
});
