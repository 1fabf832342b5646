/** The questions on simulation: a finding's model and verdict. */
import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { Program } from "../../callgraph/program.ts";
import type { QueryScope } from "../../query/query-scope.ts";
import type { RaceModel } from "../../race/model.ts";
import { loadModel } from "../../race/simulator.ts";
import type { Finding } from "../../report/finding.ts";
import { findingModelId } from "../../report/simulation-models.ts";
import { type CancellationToken, throwIfCancelled } from "../../text/cancellation.ts";
import { privateCacheModel } from "../private-cache-scenarios.ts";
import { ExtractedProtocol } from "../protocol.ts";
import { protocolModel } from "../standard-scenarios.ts";
import type { ChainFailure } from "./chain-steps.ts";
import { cellModel, type DesignTable, designTable } from "./design-table.ts";
import { findingModel } from "./finding-model.ts";
import { makeScope } from "./finding-scope.ts";
import { lineFinder } from "./protocol.ts";
import { type FindingVerdict, judge, VerdictCache } from "./verdict.ts";

/** A tree's verdicts outlive its reviews: most edits change few models. */
const CACHES = new WeakMap<Program, VerdictCache>();

function cacheOf({ program, outcomes }: QueryScope): VerdictCache {
  let cache = CACHES.get(program);
  if (cache === undefined) {
    cache = new VerdictCache(outcomes);
    CACHES.set(program, cache);
  }
  return cache;
}

export function answerModel(scope: QueryScope, { finding }: { readonly finding: Finding }): RaceModel | ChainFailure {
  if (finding.rule === "eviction-protocol") {
    const tree = { program: scope.program, bodies: scope.engine.bodies, lookup: scope.engine.lookup };
    const id = findingModelId(finding.id);
    const model =
      protocolModel(new ExtractedProtocol(tree), finding.operation, id) ??
      privateCacheModel(tree, finding.operation, id);
    return model ?? { reason: "the tree has no such functions any more" };
  }
  const model = findingModel(
    makeScope({
      finding,
      engine: scope.engine,
      program: scope.program,
      contexts: scope.contexts,
      filesystem: scope.filesystem(finding.filesystem, finding.table) ?? null,
      facts: (filesystem) => scope.facts(filesystem),
    }),
  );
  if ("reason" in model) return model;
  const loaded = loadModel(model);
  if ("model" in loaded) return loaded.model;
  const [first] = loaded.errors;
  return { reason: `the model made of it is not valid: ${first?.path ?? ""} ${first?.message ?? ""}` };
}

export function answerVerdict(
  scope: QueryScope,
  { finding, maxStates }: { readonly finding: Finding; readonly maxStates?: number },
  token: CancellationToken,
): FindingVerdict {
  const model = answerModel(scope, { finding });
  // Making it takes as long as exploring most.
  throwIfCancelled(token);
  return judge(finding, model, cacheOf(scope), token, maxStates === undefined ? {} : { maxStates });
}

interface DesignsOf {
  readonly filesystem: string;
  /** The super_operations table, where a filesystem has several. */
  readonly table?: string;
}

/** Null when the tree has no such filesystem. Throws `Cancelled`. */
export function answerDesigns(scope: QueryScope, asked: DesignsOf, token: CancellationToken): DesignTable | null {
  const filesystem = wanted(scope, asked);
  if (filesystem === undefined) return null;
  const find = lineFinder(scope.program, scope.engine);
  return designTable(scope.facts(filesystem), find, cacheOf(scope), token);
}

export function answerDesignModel(
  scope: QueryScope,
  asked: DesignsOf & { readonly design: string; readonly question: string },
): RaceModel | null {
  const filesystem = wanted(scope, asked);
  if (filesystem === undefined) return null;
  return cellModel(scope.facts(filesystem), lineFinder(scope.program, scope.engine), asked.design, asked.question);
}

/** The table that evicts, where a filesystem has several. */
function wanted(scope: QueryScope, { filesystem, table }: DesignsOf): Filesystem | undefined {
  const named = scope.filesystems.filter(
    (each) => each.id === filesystem && (table === undefined || each.table.name === table),
  );
  return named.find((each) => each.operations.has("evict_inode")) ?? named[0];
}
