/**
 * Mutations of the eviction protocol as data, and what is asked of each: a fix that is taken out is found, with one of the
 * invariants that it breaks and a shortest trace of the sources' own lines; a change that breaks nothing is not.
 */
import { expect } from "vitest";
import { kept, VerdictCache } from "../../server/src/core/extract/filesystem/verdict.ts";
import type { ExtractionTree } from "../../server/src/core/extract/lowering-request.ts";
import type { StandardScenario } from "../../server/src/core/extract/standard-scenarios.ts";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import type { Outcome } from "../../server/src/core/race/outcome.ts";
import { applyEdits, type MutantEdit } from "../kernel/mutants/mutant.ts";
import { extractionTree, protocolFilesOf } from "../support/extraction.ts";
import type { FixtureTree } from "../support/fixture.ts";

export interface ProtocolMutation {
  readonly id: string;
  readonly edits: readonly MutantEdit[];
  /** Any of these may be the one found; none: nothing may be found. */
  readonly invariants: readonly string[];
  /** The violating trace goes through this function. */
  readonly through?: string;
  /** What it is in Linux 6.1, where not the same: there lookups hold inode_hash_lock and no RCU. */
  readonly in61?: "harmless" | "another";
}

/** Makes edits that replace an anchor in a function of one file. */
export const replaceIn =
  (file: string) =>
  (fn: string, anchor: string, text: string): MutantEdit => ({ file, function: fn, at: "replace", anchor, text });

/** The protocol's files of a kernel, and `more`, with the edits made. Throws when the kernel has not the text. */
export function mutatedFiles(root: string, edits: readonly MutantEdit[], more: readonly string[] = []): FixtureTree {
  const of = (path: string) => edits.filter((edit) => edit.file === path);
  return protocolFilesOf(root, (path, text) => applyEdits(text, of(path)), more);
}

export interface Explored {
  readonly scenario: StandardScenario;
  readonly outcome: Outcome;
}

export const summary = ({ scenario, outcome }: Explored): string =>
  `${scenario.model.id}: ${outcome.verdict} ${outcome.invariant ?? ""} ${outcome.violation?.message ?? outcome.limit?.message ?? ""}`;

/** Line range of a function in one of these files. */
function linesOf(tree: ExtractionTree, files: readonly string[], name: string) {
  for (const path of files) {
    const fn = tree.program.files.get(path)?.functions.find((each) => each.name === name);
    const body = fn === undefined ? null : tree.bodies.of(fn);
    if (body !== null) return { path, first: body.line, last: body.line + body.text.split("\n").length - 1 };
  }
  throw new Error(`no ${name}()`);
}

export interface MutationBench {
  /** Files beside the protocol's. */
  readonly more?: readonly string[];
  /** Where the steps of a violation stand. */
  readonly files: readonly string[];
  /** At least this share of a violation's steps stands there: the others are the threads' own. */
  readonly share: number;
  /** The scenarios of a tree, and a check at their end. */
  readonly scenarios: (tree: ExtractionTree) => Iterable<StandardScenario>;
  readonly explore: (model: RaceModel) => Outcome;
}

export interface BenchOfMutations {
  readonly treeOf: (root: string, mutation?: ProtocolMutation) => Promise<ExtractionTree>;
  /** The small scenarios first. Models that hold, by what they say, are not tried again. */
  readonly exploreAll: (tree: ExtractionTree) => Iterable<Explored>;
  readonly expectFound: (root: string, mutation: ProtocolMutation) => Promise<void>;
  readonly expectSilence: (root: string, mutation: ProtocolMutation) => Promise<void>;
}

export function benchOfMutations(bench: MutationBench): BenchOfMutations {
  const known = new VerdictCache();
  const statesOf = new Map<string, number>();
  const size = ({ model }: StandardScenario): number => statesOf.get(model.id) ?? 0;

  const treeOf = (root: string, mutation?: ProtocolMutation): Promise<ExtractionTree> =>
    extractionTree(mutatedFiles(root, mutation?.edits ?? [], bench.more));

  function* exploreAll(tree: ExtractionTree): Iterable<Explored> {
    for (const scenario of [...bench.scenarios(tree)].sort((a, b) => size(a) - size(b))) {
      const { model } = scenario;
      if (known.get(model)?.verdict === "holds") continue;
      const outcome = bench.explore(model);
      known.set(model, kept(outcome));
      if (!statesOf.has(model.id)) statesOf.set(model.id, outcome.states);
      yield { scenario, outcome };
    }
  }

  return {
    treeOf,
    exploreAll,
    async expectFound(root, mutation) {
      const tree = await treeOf(root, mutation);
      const seen: string[] = [];
      for (const each of exploreAll(tree)) {
        const { outcome } = each;
        if (outcome.verdict === "holds") continue;
        seen.push(summary(each));
        if (outcome.invariant === undefined || !mutation.invariants.includes(outcome.invariant)) continue;
        const steps = outcome.trace?.steps ?? [];
        const own = steps.filter(({ file }) => file !== undefined && bench.files.includes(file));
        expect(own.length).toBeGreaterThan(steps.length * bench.share);
        if (mutation.through !== undefined) {
          const { path, first, last } = linesOf(tree, bench.files, mutation.through);
          const through = steps.some(({ file, line = 0 }) => file === path && line >= first && line <= last);
          expect(through, `through ${mutation.through}()`).toBe(true);
        }
        // An endless run is the first that is met.
        expect(outcome.shortest).toBe(outcome.violation?.kind !== "lasso");
        return;
      }
      expect(seen, `one of ${mutation.invariants.join(", ")}`).toEqual("a violation");
    },
    async expectSilence(root, mutation) {
      const explored = [...exploreAll(await treeOf(root, mutation))];
      expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    },
  };
}

/** Rows for test.each(). */
export const named = (mutations: readonly ProtocolMutation[]) => mutations.map((each) => [each.id, each] as const);
