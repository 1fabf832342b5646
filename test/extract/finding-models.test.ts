/** Every finding of the sample trees has a model made from its own code, and the verdict that the rule's row asks for. */
import { beforeAll, describe, expect, test } from "vitest";
import { type FindingVerdict, withVerdict } from "../../server/src/core/extract/filesystem/verdict.ts";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { createStepper, explore } from "../../server/src/core/race/simulator.ts";
import type { Finding, Review, RuleId } from "../../server/src/core/report/finding.ts";
import { findingModelId } from "../../server/src/core/report/simulation-models.ts";
import { Cancelled, NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { type FixtureName, type FixtureTree, readFixtureTree } from "../support/fixture.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

/** Any of these may be what is violated first; an empty list: it holds. Keys may name a filesystem. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "work-after-unhash": ["UNIQ", "GEN"],
  // Its index keeps lookups in order; its inodes are never hashed.
  "work-after-unhash fs/ownfs": [],
  "work-after-unhash ipc/postbox.c": [],
  "dirty-under-memalloc": ["DIRT"],
  "nofail-under-memalloc": ["RECL"],
  "blocking-under-memalloc": ["RECL"],
  "lookup-under-evict": ["PROG"],
  "iput-under-evict": ["PROG", "RECL"],
  "missing-clear-inode": ["STATE"],
  "missing-truncate-pages": ["STATE"],
  "dirty-after-clear": ["STATE"],
  "lookup-ignores-freeing": ["UAF", "UNIQ"],
  // All of them flush their queue in ->put_super.
  "deferred-work": [],
  "async-evict-contract": ["UNIQ", "PROG", "WAKE", "ONCE"],
};

describe.each(["sample", "sample-2026"] as const satisfies readonly FixtureName[])("the findings of %s", (name) => {
  let tree: FixtureTree;
  let session: ReviewSession;
  let review: Review;
  const models = new Map<string, RaceModel>();
  const verdicts = new Map<string, FindingVerdict>();

  beforeAll(async () => {
    tree = readFixtureTree(name);
    session = sessionOf(tree);
    review = await reviewNow(session);
    for (const finding of review.findings) {
      const model = await session.query({ name: "model", finding }, NEVER_CANCELLED);
      if (model !== null && !("reason" in model)) models.set(finding.id, model);
      const verdict = await session.query({ name: "verdict", finding }, NEVER_CANCELLED);
      if (verdict !== null) verdicts.set(finding.id, verdict);
    }
  }, 120_000);

  const say = (finding: Finding): string => `${finding.rule} ${finding.file}:${finding.line}`;

  test("each names its model before anything has run", () => {
    expect(review.findings.length).toBeGreaterThan(30);
    for (const { id, simulation } of review.findings)
      expect(simulation).toEqual({ model: findingModelId(id), verdict: "not-run", assumptions: [] });
  });

  test("each has a model and the verdict of its rule's row", () => {
    const wrong: string[] = [];
    for (const finding of review.findings) {
      const expected = EXPECTED[`${finding.rule} ${finding.filesystem}`] ?? EXPECTED[finding.rule];
      const simulation = verdicts.get(finding.id)?.simulation;
      const isRight =
        expected?.length === 0
          ? simulation?.verdict === "holds" && simulation.invariant === undefined
          : simulation?.verdict === "violated" && expected?.includes(simulation.invariant ?? "");
      if (!isRight) wrong.push(`${say(finding)}: ${simulation?.verdict} ${simulation?.invariant ?? ""}`);
      if (simulation?.model !== models.get(finding.id)?.id) wrong.push(`${say(finding)}: another model's verdict`);
    }
    expect(wrong).toEqual([]);
  });

  test("a counterexample replays on the model, and comes to where the finding's chain ends", () => {
    const ENDS_AT_EFFECT: ReadonlySet<RuleId> = new Set([
      "dirty-under-memalloc",
      "nofail-under-memalloc",
      "blocking-under-memalloc",
      "work-after-unhash",
      "dirty-after-clear",
      "missing-truncate-pages",
    ]);
    for (const finding of review.findings) {
      const { simulation, steps } = verdicts.get(finding.id)!;
      if (simulation.verdict !== "violated") continue;
      const stepper = createStepper(models.get(finding.id)!);
      expect(stepper.replay(simulation.traceString!), say(finding)).not.toHaveProperty("error");
      const trace = stepper.trace();
      expect(trace.violation?.invariant, say(finding)).toBe(simulation.invariant);
      expect(trace.steps).toHaveLength(steps!);
      const effect = finding.chain.at(-1)!;
      if (!ENDS_AT_EFFECT.has(finding.rule)) continue;
      const at = trace.steps.map(({ file, line }) => `${file}:${line}`);
      expect(at, say(finding)).toContain(`${effect.file}:${effect.line}`);
    }
  });

  test("every step that names a place names a line of the tree", () => {
    const wrong: string[] = [];
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) for (const each of value) visit(each);
      else if (typeof value === "object" && value !== null) {
        const { source } = value as { source?: { file: string; line: number } };
        if (source !== undefined) {
          const text = tree.get(source.file)?.split("\n")[source.line - 1];
          if (text === undefined || text.trim() === "") wrong.push(`${source.file}:${source.line}`);
        }
        for (const each of Object.values(value)) visit(each);
      }
    };
    for (const model of models.values()) visit(model);
    expect(wrong).toEqual([]);
  });

  test("the chain's own lines are steps of the model", () => {
    for (const finding of review.findings) {
      // The rules on ->evict_inode as a whole inline by what lies below, not by the chain.
      if (!/memalloc|under-evict/.test(finding.rule)) continue;
      const text = JSON.stringify(models.get(finding.id));
      for (const { file, line } of finding.chain)
        expect(text, say(finding)).toContain(`{"file":"${file}","line":${line}}`);
    }
  });

  test("no severity changes: nothing here is refuted", () => {
    for (const finding of review.findings) {
      const after = withVerdict(finding, verdicts.get(finding.id)!);
      expect(after.severity, say(finding)).toBe(finding.staticSeverity);
      expect(after.staticSeverity).toBe(finding.staticSeverity);
    }
  });

  test("a question that is cancelled has no answer", async () => {
    const finding = review.findings[0]!;
    await expect(session.query({ name: "verdict", finding }, { isCancellationRequested: true })).rejects.toThrow(
      Cancelled,
    );
  });

  test("fewer states than the model has: bounded, and nothing is lowered", async () => {
    // One that nobody has asked about: a counterexample that is known is not given up.
    const finding = { ...review.findings.find(({ rule }) => rule === "deferred-work")!, id: "0123456789abcdef" };
    const verdict = await session.query({ name: "verdict", finding, maxStates: 3 }, NEVER_CANCELLED);
    expect(verdict?.simulation.verdict).toBe("bounded");
    expect(verdict?.simulation.assumptions.at(-1)).toMatch(/limit of 3 states/);
    expect(verdict?.severity).toBe(finding.staticSeverity);
  });

  test("lines that move change no verdict", async () => {
    const finding = review.findings.find(({ rule }) => rule === "dirty-under-memalloc")!;
    const before = verdicts.get(finding.id)!;
    session.setDocument(finding.file, `\n\n${tree.get(finding.file)!}`);
    const moved = (await reviewNow(session)).findings.find(({ id }) => id === finding.id)!;
    expect(moved.line).toBe(finding.line + 2);
    const after = await session.query({ name: "verdict", finding: moved }, NEVER_CANCELLED);
    expect(after).toEqual(before);
    const model = await session.query({ name: "model", finding: moved }, NEVER_CANCELLED);
    expect(JSON.stringify(model)).toContain(`"line":${moved.chain[0]!.line}`);
    session.setDocument(finding.file, null);
    await reviewNow(session);
  });

  test("the exploration does not depend on the engine", () => {
    for (const model of [...models.values()].slice(0, 6)) {
      const [one, other] = (["wasm", "interpreter"] as const).map((engine) => explore(model, { engine }));
      expect([one!.verdict, one!.invariant]).toEqual([other!.verdict, other!.invariant]);
    }
  });
});
