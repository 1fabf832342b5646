/** The inode caches of XFS and bcachefs in real kernels: they hold as shipped, and each fix that is taken out is missed by its invariant. */
import { beforeAll, describe, expect, test } from "vitest";
import { PRIVATE_CACHES, PrivateCache } from "../../server/src/core/extract/private-cache.ts";
import { scenariosOf } from "../../server/src/core/extract/private-cache-scenarios.ts";
import { createStepper, explore } from "../../server/src/core/race/simulator.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { createMemorySource } from "../../server/src/index/memory-source.ts";
import { createTreeSession } from "../../server/src/index/tree-session.ts";
import { createParser } from "../../server/src/node/create-parser.ts";
import type { MutantEdit } from "../kernel/mutants/mutant.ts";
import { BCACHEFS_FILES, extractionTree, PROTOCOL_FILES, XFS_FILES } from "../support/extraction.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { benchOfMutations, type Explored, mutatedFiles, named, summary } from "./bench.ts";
import { CACHE_FILE, CACHE_LOOK_ALIKES, CACHE_MUTATIONS } from "./private-cache-mutations.ts";
import { CACHE_INDEX_LOOK_ALIKES, CACHE_INDEX_MUTATIONS } from "./private-cache-mutations-index.ts";
import { TABLE_LOOK_ALIKES, TABLE_MUTATIONS } from "./private-hash-mutations.ts";
import { replace } from "./protocol-mutations.ts";

function benchOf(id: string, files: readonly string[]) {
  return benchOfMutations({
    more: files,
    files: [...files, ...PROTOCOL_FILES],
    share: 1 / 2,
    *scenarios(tree) {
      for (const data of PRIVATE_CACHES.filter((each) => each.id === id)) {
        const cache = new PrivateCache(tree, data);
        yield* scenariosOf(cache);
        expect([...cache.failures, ...cache.generic.failures]).toEqual([]);
      }
    },
    explore: (model) => explore(model, { maxStates: 500_000 }),
  });
}

const { treeOf, exploreAll, expectFound, expectSilence } = benchOf("xfs", XFS_FILES);
const table = benchOf("bcachefs", BCACHEFS_FILES);

const XFS_MUTATIONS = [...CACHE_MUTATIONS, ...CACHE_INDEX_MUTATIONS];
const XFS_LOOK_ALIKES = [...CACHE_LOOK_ALIKES, ...CACHE_INDEX_LOOK_ALIKES];

const IDS = [
  "protocol.xfs.evict-against-lookup",
  "protocol.xfs.evict-against-two-lookups",
  "protocol.xfs.reclaim-against-two-lookups",
  "protocol.xfs.reclaim-against-cluster",
  "protocol.xfs.umount-behind-lookups",
  "protocol.xfs.umount-behind-worker",
  "protocol.xfs.inactivate-against-lookup",
  "protocol.xfs.inactivate-unlinked-against-lookup",
  "protocol.xfs.inactivate-against-lookup-in-memory",
  "protocol.xfs.inactivate-against-create",
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
    const { exploreAll } = benchOf("xfs", XFS_FILES);
    const explored = [...exploreAll(await treeOf(pathOf("kernel-6.1")))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.map(({ scenario }) => scenario.model.id)).toEqual(IDS);
    for (const { scenario } of explored)
      expect(JSON.stringify(scenario.model), scenario.model.id).not.toContain("[either way]");
  }, 300_000);
});

describeWith("kernel-6.12", "a cache with functions that nobody knows", () => {
  test("is judged without them, which the scenarios say", async () => {
    const files = mutatedFiles(pathOf("kernel-6.12"), [], XFS_FILES);
    const text = files.get(CACHE_FILE) ?? "";
    files.set(CACHE_FILE, text.replaceAll("xfs_reclaim_igrab", "xfs_take").replaceAll("llist_del_all", "gc_take_all"));
    files.set(CACHE_FILE, (files.get(CACHE_FILE) ?? "").replaceAll("xfs_inodegc_worker", "xfs_gc_run"));
    const { exploreAll } = benchOf("xfs", XFS_FILES);
    const explored = [...exploreAll(await extractionTree(files))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.map(({ scenario }) => scenario.model.id)).toEqual(IDS.slice(0, 4));
    for (const { scenario } of explored)
      for (const role of ["reclaim-grab", "worker"])
        expect(scenario.model.assumptions).toContain(`no ${role} is judged: the tree has none that is known`);
  }, 300_000);
});

describe("the mutations", () => {
  test("have names of their own", () => {
    const all = [...XFS_MUTATIONS, ...XFS_LOOK_ALIKES, ...TABLE_MUTATIONS, ...TABLE_LOOK_ALIKES];
    const ids = all.map((mutation) => mutation.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describeWith("kernel-6.12", "Linux 6.12's XFS with a fix taken out", () => {
  test.each(named(XFS_MUTATIONS))("%s", (_, mutation) => expectFound(pathOf("kernel-6.12"), mutation), 300_000);

  test.each(named(XFS_LOOK_ALIKES))(
    "nothing is found when %s",
    (_, mutation) => expectSilence(pathOf("kernel-6.12"), mutation),
    300_000,
  );
});

describeWith("kernel-6.12", "Linux 6.12's table of bcachefs inodes", () => {
  test("holds in every scenario, with the tree's own functions and no way whose condition is not known", async () => {
    const explored = [...table.exploreAll(await table.treeOf(pathOf("kernel-6.12")))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.map(({ scenario }) => scenario.model.id)).toEqual(
      [
        "evict-against-lookup",
        "evict-unlinked-against-lookup",
        "two-lookups",
        "two-lookups-of-unlinked",
        "umount-behind-lookups",
      ].map((id) => `protocol.bcachefs.${id}`),
    );
    const lowered = new Set(explored.flatMap(({ scenario }) => scenario.functions.flatMap((each) => each.inlined)));
    for (const name of [
      "bch2_vfs_inode_get",
      "bch2_inode_hash_find",
      "bch2_inode_hash_insert",
      "bch2_inode_hash_remove",
      "__wait_on_freeing_inode",
      "bch2_evict_inode",
      "discard_new_inode",
      "evict_inodes",
      "evict",
    ])
      expect(lowered, name).toContain(name);
    for (const { scenario } of explored)
      expect(JSON.stringify(scenario.model), scenario.model.id).not.toContain("[either way]");
  }, 300_000);

  test.each(named(TABLE_MUTATIONS))("%s", (_, mutation) => table.expectFound(pathOf("kernel-6.12"), mutation), 300_000);

  test.each(named(TABLE_LOOK_ALIKES))(
    "nothing is found when %s",
    (_, mutation) => table.expectSilence(pathOf("kernel-6.12"), mutation),
    300_000,
  );
});

describeWith("kernel-6.12", "a finding of the private cache", () => {
  const findingsOf = async (edits: readonly MutantEdit[]) => {
    const files = createMemorySource(mutatedFiles(pathOf("kernel-6.12"), edits, XFS_FILES));
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
