/** The eviction protocol of Linux 6.12: it holds as shipped, and each fix that is taken out is missed by its invariant. */
import { beforeAll, describe, expect, test } from "vitest";
import { describeWith, pathOf } from "../support/requirements.ts";
import { type Explored, named, summary } from "./bench.ts";
import { ALL_HARMLESS, ALL_MUTATIONS, protocolBench } from "./protocol-bench.ts";

const { treeOf, exploreAll, expectFound } = protocolBench;

describeWith("kernel-6.12", "Linux 6.12's eviction protocol", () => {
  let explored: Explored[];

  beforeAll(async () => {
    explored = [...exploreAll(await treeOf(pathOf("kernel-6.12")))];
  }, 300_000);

  test("holds in every standard scenario", () => {
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    const ids = explored.map(({ scenario }) => scenario.model.id.replace(/^protocol\./, ""));
    for (const wanted of [
      "evict-against-lookup-iget_locked",
      "evict-against-lookup-iget5_locked",
      "evict-against-create-insert_inode_locked",
      "second-evictor-evict_inodes",
      "reclaim-against-iput",
      "reclaim-against-unlink",
      "evict-against-igrab",
      "two-lookups-and-an-evictor-iget_locked",
      "two-lookups-and-an-evictor-iget5_locked",
      "lookup-against-create-insert_inode_locked",
      "put-at-umount-against-lookup",
      "worker-against-umount",
      "lazytime-put-against-umount",
      "put-at-umount-against-iget5_locked",
      "discard-against-iget_locked",
      "discard-against-iget5_locked",
      "finder-against-builder-ilookup",
      "failed-read-against-iget_locked",
      "two-creates-insert_inode_locked",
      "discard-of-insert_inode_locked4-against-iget5_locked",
      "put-at-umount-against-reclaim",
      "writeback-against-put",
      "writeback-against-unlink",
      "writeback-against-put-at-umount",
      "writeback-against-reclaim",
      "umount-of-two-inodes",
      "reclaim-of-two-inodes",
      "put-behind-umount",
      "lazytime-put-against-lookup",
      "discard-against-ilookup",
    ])
      expect(ids).toContain(wanted);
  });

  test("is small enough to be checked in the background", () => {
    for (const { outcome, scenario } of explored) expect(outcome.states, scenario.model.id).toBeLessThan(100_000);
  });

  test("each scenario lowers the tree's own functions", () => {
    const lowered = new Set(explored.flatMap(({ scenario }) => scenario.functions.flatMap((each) => each.inlined)));
    for (const name of [
      "evict",
      "iput",
      "iput_final",
      "find_inode",
      "find_inode_fast",
      "__wait_on_freeing_inode",
      "iget_locked",
      "iget5_locked",
      "inode_insert5",
      "insert_inode_locked",
      "igrab",
      "inode_lru_isolate",
      "prune_icache_sb",
      "dispose_list",
      "evict_inodes",
      "wait_on_inode",
      "remove_inode_hash",
      "destroy_inode",
    ])
      expect(lowered, name).toContain(name);
  });

  test("no scenario takes a way whose condition is not known", () => {
    for (const { scenario } of explored)
      expect(JSON.stringify(scenario.model), scenario.model.id).not.toContain("[either way]");
  });
});

describe("the mutations", () => {
  test("are at least ten, each with a name of its own", () => {
    expect(ALL_MUTATIONS.length).toBeGreaterThanOrEqual(10);
    const ids = [...ALL_MUTATIONS, ...ALL_HARMLESS].map((mutation) => mutation.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describeWith("kernel-6.12", "Linux 6.12 with a fix taken out", () => {
  test.each(named(ALL_MUTATIONS))("%s", (_, mutation) => expectFound(pathOf("kernel-6.12"), mutation), 300_000);
});
