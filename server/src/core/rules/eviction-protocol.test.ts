/** The sample trees with a fix of fs/inode.c taken out, in both idioms: found where it goes wrong, and only when asked for. */
import { describe, expect, test } from "vitest";
import { type FixtureName, type FixtureTree, readFixtureTree } from "../../../../test/support/fixture.ts";
import { createMemorySource } from "../../index/memory-source.ts";
import type { TreeSessionOptions } from "../../index/tree-session.ts";
import { createTreeSession } from "../../index/tree-session.ts";
import { createParser } from "../../node/create-parser.ts";
import type { KeptOutcome } from "../extract/filesystem/verdict.ts";
import { createStepper } from "../race/simulator.ts";
import type { Finding } from "../report/finding.ts";
import { NEVER_CANCELLED } from "../text/cancellation.ts";

const ONLY: TreeSessionOptions = { rules: ["eviction-protocol"] };

function sessionOf(tree: FixtureTree, options: TreeSessionOptions) {
  return createTreeSession({ files: createMemorySource(tree), parser: createParser, options });
}

async function findingsOf(tree: FixtureTree, options: TreeSessionOptions = ONLY): Promise<readonly Finding[]> {
  const { review } = await sessionOf(tree, options).review(NEVER_CANCELLED);
  return review.findings.filter((finding) => finding.rule === "eviction-protocol");
}

/** The tree with one piece of text replaced in one function of fs/inode.c; it must stand there once. */
function broken(name: FixtureName, fn: string, from: string, to: string): FixtureTree {
  const tree = readFixtureTree(name);
  const text = tree.get("fs/inode.c") ?? "";
  const start = text.search(new RegExp(`^[a-z][^;{}]*\\b${fn}\\([^;{}]*\\)\\s*\\{`, "m"));
  const end = text.indexOf("\n}", start);
  const body = text.slice(start, end);
  expect(body.split(from), `${fn}: ${from}`).toHaveLength(2);
  tree.set("fs/inode.c", text.slice(0, start) + body.replace(from, to) + text.slice(end));
  return tree;
}

const lineOf = (tree: FixtureTree, line: number): string =>
  (tree.get("fs/inode.c") ?? "").split("\n")[line - 1]?.trim() ?? "";

describe.each<FixtureName>(["sample", "sample-2026"])("%s", (name) => {
  test("the tree as it is has none", async () => {
    expect(await findingsOf(readFixtureTree(name))).toEqual([]);
  }, 300_000);

  test("a waiter that does not look whether the inode is unhashed: WAKE, where it sleeps", async () => {
    const tree = broken(name, "__wait_on_freeing_inode", "inode_unhashed(inode)", "0");
    const findings = await findingsOf(tree);
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(finding).toMatchObject({
        severity: "error",
        staticSeverity: "error",
        file: "fs/inode.c",
        filesystem: "fs/inode.c",
        simulation: { verdict: "violated", invariant: "WAKE", model: `finding-${finding.id}` },
      });
      expect(finding.message).toMatch(/\(WAKE, after \d+ steps: unlink \d+/);
      expect(lineOf(tree, finding.line)).toBe("schedule();");
    }
  }, 300_000);

  test("an iput() that hands evictions to a worker: one hint says that nothing is judged, and why", async () => {
    const findings = await findingsOf(
      broken(name, "iput", "iput_final(inode)", "queue_work(evict_wq, &inode->i_work)"),
    );
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ severity: "hint", function: "iput", file: "fs/inode.c" });
    expect(findings[0]?.message).toMatch(/^The eviction protocol is not judged: iput\(\) hands work to another thread/);
  }, 300_000);

  test("an eviction that wakes nobody: WAKE", async () => {
    const tree = readFixtureTree(name);
    const text = tree.get("fs/inode.c") ?? "";
    tree.set("fs/inode.c", text.replaceAll("smp_mb();\n\tinode_wake_up_bit(inode, __I_NEW);\n\tBUG_ON", "BUG_ON"));
    const findings = await findingsOf(tree);
    expect(new Set(findings.map((finding) => finding.simulation.invariant))).toEqual(new Set(["WAKE"]));
  }, 300_000);
});

describe("a violation", () => {
  const tree = () => broken("sample", "igrab", "!(inode->i_state & (I_FREEING | I_WILL_FREE))", "1");

  test("runs only when it is asked for", async () => {
    expect(await findingsOf(tree(), {})).toEqual([]);
    expect((await findingsOf(tree(), { simulate: "all" })).length).toBeGreaterThan(0);
  }, 240_000);

  test("its model is made again for the simulator, and its trace replays there", async () => {
    const session = sessionOf(tree(), ONLY);
    const { review } = await session.review(NEVER_CANCELLED);
    const [finding] = review.findings;
    if (finding === undefined) throw new Error("nothing was found");
    expect(finding.simulation.invariant).toBe("STATE");
    const model = await session.query({ name: "model", finding }, NEVER_CANCELLED);
    if (model === null || "reason" in model) throw new Error("no model");
    expect(model.id).toBe(finding.simulation.model);
    const replayed = createStepper(model).replay(finding.simulation.traceString ?? "");
    expect(replayed).not.toHaveProperty("error");
    const verdict = await session.query({ name: "verdict", finding }, NEVER_CANCELLED);
    expect(verdict?.simulation).toMatchObject({ verdict: "violated", invariant: "STATE" });
  }, 300_000);

  test("a comment on its line suppresses it", async () => {
    const [finding] = await findingsOf(tree());
    const allowed = tree();
    const lines = (allowed.get("fs/inode.c") ?? "").split("\n");
    const at = (finding?.line ?? 0) - 1;
    lines[at] = `${lines[at] ?? ""} /* evictscope: allow(eviction-protocol): tested elsewhere */`;
    allowed.set("fs/inode.c", lines.join("\n"));
    expect(await findingsOf(allowed)).toEqual([]);
  }, 300_000);

  test("a run can be cancelled between two scenarios", async () => {
    let asked = 0;
    const token = {
      get isCancellationRequested() {
        return ++asked > 60;
      },
    };
    await expect(sessionOf(tree(), ONLY).review(token)).rejects.toThrow(/[Cc]ancel/);
  }, 300_000);
});

test("scenarios whose outcome is kept are not explored again", async () => {
  const stored = new Map<string, KeptOutcome>();
  const outcomes = {
    get: (content: string) => stored.get(content) ?? null,
    put: (content: string, outcome: KeptOutcome) => void stored.set(content, outcome),
  };
  const reviewed = async () => {
    const session = createTreeSession({
      files: createMemorySource(readFixtureTree("sample")),
      parser: createParser,
      options: ONLY,
      outcomes,
    });
    return (await session.review(NEVER_CANCELLED)).review.findings;
  };
  expect(await reviewed()).toEqual([]);
  const kept = stored.size;
  expect(kept).toBeGreaterThan(10);
  outcomes.put = () => {
    throw new Error("explored again");
  };
  expect(await reviewed()).toEqual([]);
  expect(stored.size).toBe(kept);
}, 300_000);
