/** The inode cache of XFS in real kernels: it holds as shipped, and each fix that is taken out is missed by its invariant. */
import { beforeAll, describe, expect, test } from "vitest";
import type { ExtractionTree } from "../../server/src/core/extract/lowering-request.ts";
import { PRIVATE_CACHES, PrivateCache } from "../../server/src/core/extract/private-cache.ts";
import { scenariosOf } from "../../server/src/core/extract/private-cache-scenarios.ts";
import type { StandardScenario } from "../../server/src/core/extract/standard-scenarios.ts";
import type { Outcome } from "../../server/src/core/race/outcome.ts";
import { createStepper, explore } from "../../server/src/core/race/simulator.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { createMemorySource } from "../../server/src/index/memory-source.ts";
import { createTreeSession } from "../../server/src/index/tree-session.ts";
import { createParser } from "../../server/src/node/create-parser.ts";
import { extractionTree, protocolFilesOf, XFS_FILES } from "../support/extraction.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { applyEdits, type MutantEdit } from "./mutants/mutant.ts";
import { CACHE_FILE, CACHE_LOOK_ALIKES, CACHE_MUTATIONS } from "./private-cache-mutations.ts";
import { type ProtocolMutation, replace } from "./protocol-mutations.ts";

const MAX_STATES = 500_000;

interface Explored {
  readonly scenario: StandardScenario;
  readonly outcome: Outcome;
}

function* exploreAll(tree: ExtractionTree): Iterable<Explored> {
  for (const data of PRIVATE_CACHES) {
    const cache = new PrivateCache(tree, data);
    for (const scenario of scenariosOf(cache))
      yield { scenario, outcome: explore(scenario.model, { maxStates: MAX_STATES }) };
    expect([...cache.failures, ...cache.generic.failures]).toEqual([]);
  }
}

const filesOf = (root: string, edits: readonly MutantEdit[] = []) =>
  protocolFilesOf(
    root,
    (path, text) =>
      applyEdits(
        text,
        edits.filter((edit) => edit.file === path),
      ),
    XFS_FILES,
  );

const treeOf = (root: string, mutation?: ProtocolMutation) => extractionTree(filesOf(root, mutation?.edits));

const summary = ({ scenario, outcome }: Explored): string =>
  `${scenario.model.id}: ${outcome.verdict} ${outcome.invariant ?? ""} ${outcome.violation?.message ?? outcome.limit?.message ?? ""}`;

const IDS = [
  "protocol.xfs.evict-against-lookup",
  "protocol.xfs.reclaim-against-two-lookups",
  "protocol.xfs.inactivate-against-lookup",
  "protocol.xfs.inactivate-unlinked-against-lookup",
  "protocol.xfs.evict-and-inactivate-against-lookup",
];

describeWith("kernel-6.12", "Linux 6.12's XFS inode cache", () => {
  let explored: Explored[];

  beforeAll(async () => {
    explored = [...exploreAll(await treeOf(pathOf("kernel-6.12")))];
  }, 300_000);

  test("holds in every scenario", () => {
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.map(({ scenario }) => scenario.model.id)).toEqual(IDS);
  });

  test("is small enough to be checked in the background", () => {
    for (const { outcome, scenario } of explored) expect(outcome.states, scenario.model.id).toBeLessThan(100_000);
  });

  test("each scenario lowers the tree's own functions", () => {
    const lowered = new Set(explored.flatMap(({ scenario }) => scenario.functions.flatMap((each) => each.inlined)));
    for (const name of [
      "xfs_iget",
      "xfs_iget_cache_hit",
      "xfs_iget_cache_miss",
      "xfs_iget_recycle",
      "xfs_reinit_inode",
      "xfs_inode_alloc",
      "xfs_reclaim_igrab",
      "xfs_reclaim_inode",
      "__xfs_inode_free",
      "xfs_inodegc_worker",
      "xfs_inodegc_queue",
      "xfs_inodegc_set_reclaimable",
      "xfs_inode_mark_reclaimable",
      "xfs_fs_destroy_inode",
      "xfs_fs_drop_inode",
      "xfs_setup_inode",
      "evict",
      "igrab",
      "unlock_new_inode",
    ])
      expect(lowered, name).toContain(name);
  });

  test("no scenario takes a way whose condition is not known", () => {
    for (const { scenario } of explored)
      expect(JSON.stringify(scenario.model), scenario.model.id).not.toContain("[either way]");
  });
});

describeWith("kernel-6.1", "Linux 6.1's XFS inode cache", () => {
  test("holds in every scenario", async () => {
    const explored = [...exploreAll(await treeOf(pathOf("kernel-6.1")))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.map(({ scenario }) => scenario.model.id)).toEqual(IDS);
    for (const { scenario } of explored)
      expect(JSON.stringify(scenario.model), scenario.model.id).not.toContain("[either way]");
  }, 300_000);
});

describeWith("kernel-6.12", "a cache with functions that nobody knows", () => {
  test("is judged without them, which the scenarios say", async () => {
    const files = filesOf(pathOf("kernel-6.12"));
    const text = files.get(CACHE_FILE) ?? "";
    files.set(CACHE_FILE, text.replaceAll("xfs_reclaim_igrab", "xfs_take").replaceAll("llist_del_all", "gc_take_all"));
    files.set(CACHE_FILE, (files.get(CACHE_FILE) ?? "").replaceAll("xfs_inodegc_worker", "xfs_gc_run"));
    const explored = [...exploreAll(await extractionTree(files))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.map(({ scenario }) => scenario.model.id)).toEqual(IDS.slice(0, 2));
    for (const { scenario } of explored)
      for (const role of ["reclaim-grab", "worker"])
        expect(scenario.model.assumptions).toContain(`no ${role} is judged: the tree has none that is known`);
  }, 300_000);
});

describe("the mutations", () => {
  test("have names of their own", () => {
    const ids = [...CACHE_MUTATIONS, ...CACHE_LOOK_ALIKES].map((mutation) => mutation.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

/** Line range of a function of the cache. */
function linesOf(tree: ExtractionTree, name: string): readonly [number, number] {
  const fn = tree.program.files.get(CACHE_FILE)?.functions.find((each) => each.name === name);
  const body = fn === undefined ? null : tree.bodies.of(fn);
  if (body === null) throw new Error(`no ${name}()`);
  return [body.line, body.line + body.text.split("\n").length - 1];
}

describeWith("kernel-6.12", "Linux 6.12's XFS with a fix taken out", () => {
  test.each(CACHE_MUTATIONS.map((mutation) => [mutation.id, mutation] as const))(
    "%s",
    async (_, mutation) => {
      const tree = await treeOf(pathOf("kernel-6.12"), mutation);
      const seen: string[] = [];
      for (const each of exploreAll(tree)) {
        const { outcome } = each;
        if (outcome.verdict === "holds") continue;
        seen.push(summary(each));
        if (outcome.invariant === undefined || !mutation.invariants.includes(outcome.invariant)) continue;
        const steps = outcome.trace?.steps ?? [];
        // Steps are the sources' own lines, but for the threads' own.
        expect(steps.filter((step) => step.file !== undefined).length).toBeGreaterThan(steps.length / 2);
        expect(steps.some((step) => step.file === CACHE_FILE)).toBe(true);
        if (mutation.through !== undefined) {
          const [first, last] = linesOf(tree, mutation.through);
          const through = steps.some(({ file, line = 0 }) => file === CACHE_FILE && line >= first && line <= last);
          expect(through, `through ${mutation.through}()`).toBe(true);
        }
        expect(outcome.shortest).toBe(true);
        return;
      }
      expect(seen, `one of ${mutation.invariants.join(", ")}`).toEqual("a violation");
    },
    300_000,
  );

  test.each(CACHE_LOOK_ALIKES.map((mutation) => [mutation.id, mutation] as const))(
    "nothing is found when %s",
    async (_, mutation) => {
      const explored = [...exploreAll(await treeOf(pathOf("kernel-6.12"), mutation))];
      expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    },
    300_000,
  );
});

describeWith("kernel-6.12", "a finding of the private cache", () => {
  const findingsOf = async (edits: readonly MutantEdit[]) => {
    const files = createMemorySource(filesOf(pathOf("kernel-6.12"), edits));
    const session = createTreeSession({ files, parser: createParser, options: { rules: ["eviction-protocol"] } });
    const { review } = await session.review(NEVER_CANCELLED);
    return { session, findings: review.findings.filter((each) => each.rule === "eviction-protocol") };
  };
  const broken = CACHE_MUTATIONS.find(({ id }) => id === "recycling does not set XFS_IRECLAIM")?.edits ?? [];

  test("stands in the filesystem's file, and its trace replays", async () => {
    const { session, findings } = await findingsOf(broken);
    const [finding] = findings;
    if (finding === undefined) throw new Error("nothing is found");
    expect(finding).toMatchObject({
      severity: "error",
      file: CACHE_FILE,
      filesystem: "fs/xfs",
      simulation: { verdict: "violated", invariant: "UAF" },
    });
    expect(finding.message).toMatch(/^XFS: .*\(UAF, after \d+ steps: /);
    const model = await session.query({ name: "model", finding }, NEVER_CANCELLED);
    if (model === null || "reason" in model) throw new Error("no model");
    expect(createStepper(model).replay(finding.simulation.traceString ?? "")).not.toHaveProperty("error");
  }, 300_000);

  test("is none of the filesystem when generic code is broken", async () => {
    const generic = replace("igrab", "!(inode->i_state & (I_FREEING|I_WILL_FREE))", "1");
    const { findings } = await findingsOf([...broken, generic]);
    expect(new Set(findings.map((finding) => finding.file))).toEqual(new Set(["fs/inode.c"]));
  }, 300_000);

  test("there is none as shipped", async () => {
    expect((await findingsOf([])).findings).toEqual([]);
  }, 300_000);
});
