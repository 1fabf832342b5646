/** The eviction protocol of real kernels: it holds as shipped, and each fix that is taken out is missed by its invariant. */
import { beforeAll, describe, expect, test } from "vitest";
import { kept, VerdictCache } from "../../server/src/core/extract/filesystem/verdict.ts";
import type { ExtractionTree } from "../../server/src/core/extract/lowering-request.ts";
import { ExtractedProtocol } from "../../server/src/core/extract/protocol.ts";
import {
  PROTOCOL_OPTIONS,
  type StandardScenario,
  standardScenarios,
} from "../../server/src/core/extract/standard-scenarios.ts";
import type { Outcome } from "../../server/src/core/race/outcome.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import { extractionTree, PROTOCOL_FILES, protocolFilesOf } from "../support/extraction.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { applyEdits } from "./mutants/mutant.ts";
import { HARMLESS_CHANGES } from "./protocol-look-alikes.ts";
import { PROTOCOL_MUTATIONS, type ProtocolMutation } from "./protocol-mutations.ts";
import { MUTATIONS_OF_6_1 } from "./protocol-mutations-6-1.ts";
import { EVICT_MUTATIONS } from "./protocol-mutations-evict.ts";
import { GUARD_MUTATIONS, HARMLESS_GUARDS } from "./protocol-mutations-guards.ts";
import { LOOKUP_MUTATIONS } from "./protocol-mutations-lookup.ts";
import { LOOP_MUTATIONS } from "./protocol-mutations-loops.ts";
import { WRITEBACK_MUTATIONS } from "./protocol-mutations-writeback.ts";

const ALL_MUTATIONS = [
  ...PROTOCOL_MUTATIONS,
  ...LOOKUP_MUTATIONS,
  ...EVICT_MUTATIONS,
  ...WRITEBACK_MUTATIONS,
  ...LOOP_MUTATIONS,
  ...GUARD_MUTATIONS,
];
const ALL_HARMLESS = [...HARMLESS_CHANGES, ...HARMLESS_GUARDS];

interface Explored {
  readonly scenario: StandardScenario;
  readonly outcome: Outcome;
}

/** Outcomes by what the models say: a mutation leaves most of the scenarios as they are, and those are not tried again. */
const known = new VerdictCache();
const statesOf = new Map<string, number>();

/** The small scenarios first. */
function* exploreAll(tree: ExtractionTree): Iterable<Explored> {
  const protocol = new ExtractedProtocol(tree);
  const size = ({ model }: StandardScenario): number => statesOf.get(model.id) ?? 0;
  for (const scenario of [...standardScenarios(protocol)].sort((a, b) => size(a) - size(b))) {
    if (known.get(scenario.model)?.verdict === "holds") continue;
    const outcome = explore(scenario.model, PROTOCOL_OPTIONS);
    known.set(scenario.model, kept(outcome));
    yield { scenario, outcome };
  }
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
    for (const { scenario, outcome } of explored) statesOf.set(scenario.model.id, outcome.states);
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
    const ids = [...ALL_MUTATIONS, ...ALL_HARMLESS].map((mutation) => mutation.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

type Kernel = "kernel-6.1" | "kernel-6.12";

const broken = (kernel: Kernel, mutation: ProtocolMutation): Promise<ExtractionTree> =>
  extractionTree(
    protocolFilesOf(pathOf(kernel), (path, text) =>
      applyEdits(
        text,
        mutation.edits.filter((edit) => edit.file === path),
      ),
    ),
  );

async function expectFound(kernel: Kernel, mutation: ProtocolMutation): Promise<void> {
  const tree = await broken(kernel, mutation);
  const seen: string[] = [];
  for (const each of exploreAll(tree)) {
    const { outcome } = each;
    if (outcome.verdict === "holds") continue;
    seen.push(summary(each));
    if (outcome.invariant === undefined || !mutation.invariants.includes(outcome.invariant)) continue;
    const steps = outcome.trace?.steps ?? [];
    // Steps are the source's own lines, but for the threads' own (drivers, the filesystem, grace periods).
    const own = steps.filter(({ file }) => file !== undefined && PROTOCOL_FILES.includes(file));
    expect(own.length).toBeGreaterThan(steps.length / 3);
    if (mutation.through !== undefined) {
      const [first, last] = linesOf(tree, mutation.through);
      const through = steps.some(({ file, line = 0 }) => file === "fs/inode.c" && line >= first && line <= last);
      expect(through, `through ${mutation.through}()`).toBe(true);
    }
    // An endless run is the first that is met.
    expect(outcome.shortest).toBe(outcome.violation?.kind !== "lasso");
    return;
  }
  expect(seen, `one of ${mutation.invariants.join(", ")}`).toEqual("a violation");
}

async function expectSilence(kernel: Kernel, mutation: ProtocolMutation): Promise<void> {
  const explored = [...exploreAll(await broken(kernel, mutation))];
  expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
}

const named = (mutations: readonly ProtocolMutation[]) => mutations.map((each) => [each.id, each] as const);

describeWith("kernel-6.12", "Linux 6.12 with a fix taken out", () => {
  test.each(named(ALL_MUTATIONS))("%s", (_, mutation) => expectFound("kernel-6.12", mutation), 300_000);

  test.each(named(ALL_HARMLESS))(
    "nothing is found when %s",
    (_, mutation) => expectSilence("kernel-6.12", mutation),
    300_000,
  );
});

describeWith("kernel-6.1", "Linux 6.1 with a fix taken out", () => {
  /** Whether this kernel has the text that is edited. */
  const fits = (mutation: ProtocolMutation): boolean => {
    try {
      protocolFilesOf(pathOf("kernel-6.1"), (path, text) =>
        applyEdits(
          text,
          mutation.edits.filter((edit) => edit.file === path),
        ),
      );
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
    (_, mutation) => expectFound("kernel-6.1", mutation),
    300_000,
  );

  test.each(named(same.filter((each) => each.in61 === "harmless")))(
    "nothing is found when %s",
    (_, mutation) => expectSilence("kernel-6.1", mutation),
    300_000,
  );
});
