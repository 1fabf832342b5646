/** The questions on simulation: a finding's model and verdict. */
import type { Program } from "../../callgraph/program.ts";
import type { QueryScope } from "../../query/query-scope.ts";
import type { RaceModel } from "../../race/model.ts";
import { loadModel } from "../../race/simulator.ts";
import type { Finding } from "../../report/finding.ts";
import type { CancellationToken } from "../../text/cancellation.ts";
import type { ChainFailure } from "./chain-steps.ts";
import { findingModel } from "./finding-model.ts";
import { makeScope } from "./finding-scope.ts";
import { type FindingVerdict, judge, VerdictCache } from "./verdict.ts";

/** A tree's verdicts outlive its reviews: most edits change few models. */
const CACHES = new WeakMap<Program, VerdictCache>();

export function answerModel(scope: QueryScope, { finding }: { readonly finding: Finding }): RaceModel | ChainFailure {
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
  let cache = CACHES.get(scope.program);
  if (cache === undefined) {
    cache = new VerdictCache();
    CACHES.set(scope.program, cache);
  }
  const model = answerModel(scope, { finding });
  return judge(finding, model, cache, token, maxStates === undefined ? {} : { maxStates });
}
