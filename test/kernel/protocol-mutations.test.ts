/** The eviction protocol of real kernels: it holds as shipped, and each fix that is taken out is missed by its invariant. */
import { beforeAll, describe, expect, test } from "vitest";
import type { ExtractionTree } from "../../server/src/core/extract/lowering-request.ts";
import { ExtractedProtocol } from "../../server/src/core/extract/protocol.ts";
import { type StandardScenario, standardScenarios } from "../../server/src/core/extract/standard-scenarios.ts";
import type { Outcome } from "../../server/src/core/race/outcome.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { extractionTree, protocolFilesOf } from "../support/extraction.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { applyEdits } from "./mutants/mutant.ts";
import { HARMLESS_CHANGES } from "./protocol-look-alikes.ts";
import { PROTOCOL_MUTATIONS, type ProtocolMutation } from "./protocol-mutations.ts";
import { EVICT_MUTATIONS } from "./protocol-mutations-evict.ts";
import { LOOKUP_MUTATIONS } from "./protocol-mutations-lookup.ts";

const ALL_MUTATIONS = [...PROTOCOL_MUTATIONS, ...LOOKUP_MUTATIONS, ...EVICT_MUTATIONS];

const MAX_STATES = 500_000;

interface Explored {
  readonly scenario: StandardScenario;
  readonly outcome: Outcome;
}

function* exploreAll(tree: ExtractionTree): Iterable<Explored> {
  const protocol = new ExtractedProtocol(tree);
  for (const scenario of standardScenarios(protocol))
    yield { scenario, outcome: explore(scenario.model, { maxStates: MAX_STATES }) };
  expect(protocol.failures).toEqual([]);
}

const summary = ({ scenario, outcome }: Explored): string =>
  `${scenario.model.id}: ${outcome.verdict} ${outcome.invariant ?? ""} ${outcome.violation?.message ?? outcome.limit?.message ?? ""}`;

/** Line range of a function of fs/inode.c. */
function linesOf(tree: ExtractionTree, name: string): readonly [number, number] {
  const file = tree.program.files.get("fs/inode.c");
  const fn = file?.functions.find((each) => each.name === name);
  const body = fn === undefined ? null : tree.bodies.of(fn);
  if (body === null) throw new Error(`no ${name}()`);
  return [body.line, body.line + body.text.split("\n").length - 1];
}

describeWith("kernel-6.12", "Linux 6.12's eviction protocol", () => {
  let explored: Explored[];

  beforeAll(async () => {
    explored = [...exploreAll(await extractionTree(protocolFilesOf(pathOf("kernel-6.12"))))];
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
    const explored = [...exploreAll(await extractionTree(protocolFilesOf(pathOf("kernel-6.1"))))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.length).toBeGreaterThanOrEqual(10);
  }, 300_000);
});

describe("the mutations", () => {
  test("are at least ten, each with a name of its own", () => {
    expect(ALL_MUTATIONS.length).toBeGreaterThanOrEqual(10);
    const ids = [...ALL_MUTATIONS, ...HARMLESS_CHANGES].map((mutation) => mutation.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describeWith("kernel-6.12", "Linux 6.12 with a fix taken out", () => {
  const broken = (mutation: ProtocolMutation) =>
    extractionTree(
      protocolFilesOf(pathOf("kernel-6.12"), (path, text) =>
        applyEdits(
          text,
          mutation.edits.filter((edit) => edit.file === path),
        ),
      ),
    );

  test.each(ALL_MUTATIONS.map((mutation) => [mutation.id, mutation] as const))(
    "%s",
    async (_, mutation) => {
      const tree = await broken(mutation);
      const seen: string[] = [];
      for (const each of exploreAll(tree)) {
        const { outcome } = each;
        if (outcome.verdict === "holds") continue;
        seen.push(summary(each));
        if (outcome.invariant === undefined || !mutation.invariants.includes(outcome.invariant)) continue;
        const steps = outcome.trace?.steps ?? [];
        // Steps are the source's own lines, but for the threads' own (drivers, the filesystem, grace periods).
        expect(steps.filter((step) => step.file === "fs/inode.c").length).toBeGreaterThan(steps.length / 2);
        if (mutation.through !== undefined) {
          const [first, last] = linesOf(tree, mutation.through);
          const through = steps.some(({ file, line = 0 }) => file === "fs/inode.c" && line >= first && line <= last);
          expect(through, `through ${mutation.through}()`).toBe(true);
        }
        expect(outcome.shortest).toBe(true);
        return;
      }
      expect(seen, `one of ${mutation.invariants.join(", ")}`).toEqual("a violation");
    },
    300_000,
  );

  test.each(HARMLESS_CHANGES.map((mutation) => [mutation.id, mutation] as const))(
    "nothing is found when %s",
    async (_, mutation) => {
      const explored = [...exploreAll(await broken(mutation))];
      expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    },
    300_000,
  );
});
