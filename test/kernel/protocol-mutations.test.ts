/** The eviction protocol of real kernels: it holds as shipped, and each fix that is taken out is missed by its invariant. */
import { beforeAll, describe, expect, test } from "vitest";
import { ExtractedProtocol } from "../../server/src/core/extract/protocol.ts";
import { PROTOCOL_OPTIONS, standardScenarios } from "../../server/src/core/extract/standard-scenarios.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { PROTOCOL_FILES } from "../support/extraction.ts";
import {
  benchOfMutations,
  type Explored,
  mutatedFiles,
  named,
  type ProtocolMutation,
  summary,
} from "../support/protocol-mutations.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { HARMLESS_CHANGES } from "./protocol-look-alikes.ts";
import { HARMLESS_LINES } from "./protocol-look-alikes-lines.ts";
import { PROTOCOL_MUTATIONS } from "./protocol-mutations.ts";
import { MUTATIONS_OF_6_1 } from "./protocol-mutations-6-1.ts";
import { EVICT_MUTATIONS } from "./protocol-mutations-evict.ts";
import { GUARD_MUTATIONS, HARMLESS_GUARDS } from "./protocol-mutations-guards.ts";
import { LINE_MUTATIONS } from "./protocol-mutations-lines.ts";
import { LOOKUP_MUTATIONS } from "./protocol-mutations-lookup.ts";
import { LOOKUP_LINE_MUTATIONS } from "./protocol-mutations-lookup-lines.ts";
import { LOOP_MUTATIONS } from "./protocol-mutations-loops.ts";
import { WRITEBACK_MUTATIONS } from "./protocol-mutations-writeback.ts";

const ALL_MUTATIONS = [
  ...PROTOCOL_MUTATIONS,
  ...LOOKUP_MUTATIONS,
  ...EVICT_MUTATIONS,
  ...WRITEBACK_MUTATIONS,
  ...LOOP_MUTATIONS,
  ...GUARD_MUTATIONS,
  ...LINE_MUTATIONS,
  ...LOOKUP_LINE_MUTATIONS,
];
const ALL_HARMLESS = [...HARMLESS_CHANGES, ...HARMLESS_GUARDS, ...HARMLESS_LINES];

const { treeOf, exploreAll, expectFound, expectSilence } = benchOfMutations({
  files: PROTOCOL_FILES,
  share: 1 / 3,
  *scenarios(tree) {
    const protocol = new ExtractedProtocol(tree);
    yield* standardScenarios(protocol);
    expect(protocol.failures).toEqual([]);
  },
  explore: (model) => explore(model, PROTOCOL_OPTIONS),
});

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

describeWith("kernel-6.1", "Linux 6.1's eviction protocol", () => {
  test("holds in every standard scenario", async () => {
    const explored = [...exploreAll(await treeOf(pathOf("kernel-6.1")))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.length).toBeGreaterThanOrEqual(10);
  }, 300_000);
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

  test.each(named(ALL_HARMLESS))(
    "nothing is found when %s",
    (_, mutation) => expectSilence(pathOf("kernel-6.12"), mutation),
    300_000,
  );
});

describeWith("kernel-6.1", "Linux 6.1 with a fix taken out", () => {
  /** Whether this kernel has the text that is edited. */
  const fits = (mutation: ProtocolMutation): boolean => {
    try {
      mutatedFiles(pathOf("kernel-6.1"), mutation.edits);
      return true;
    } catch {
      return false;
    }
  };
  const same = ALL_MUTATIONS.filter(fits);

  test("most of them have the same text there", () => {
    expect(same.length).toBeGreaterThanOrEqual(120);
  });

  test.each(named([...same.filter((each) => each.in61 === undefined), ...MUTATIONS_OF_6_1]))(
    "%s",
    (_, mutation) => expectFound(pathOf("kernel-6.1"), mutation),
    300_000,
  );

  test.each(named(same.filter((each) => each.in61 === "harmless")))(
    "nothing is found when %s",
    (_, mutation) => expectSilence(pathOf("kernel-6.1"), mutation),
    300_000,
  );
});
