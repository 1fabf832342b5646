/** The model of one finding: its scenario by rule, with the invariants that the rule is about. */
import type { RaceModel } from "../../race/model.ts";
import type { Finding, RuleId } from "../../report/finding.ts";
import { findingModelId } from "../../report/simulation-models.ts";
import type { ChainFailure } from "./chain-steps.ts";
import { doubtsOf, type FindingScope, type Scenario } from "./finding-scope.ts";
import { wakeScenario, walkerScenario } from "./hash-scenarios.ts";
import { lookupScenario, nestedScenario } from "./nested-scenarios.ts";
import { reclaimScenario } from "./reclaim-scenario.ts";
import { tailScenario } from "./tail-scenario.ts";
import { asyncContractScenario, umountScenario } from "./umount-scenario.ts";
import { unhashedScenario } from "./unhashed-scenario.ts";

type Build = (scope: FindingScope) => Scenario | ChainFailure;

/** The partner threads of each rule and its invariants. `eviction-protocol` brings models of its own. */
const SCENARIOS: Readonly<Partial<Record<RuleId, Build>>> = {
  "dirty-under-memalloc": reclaimScenario,
  "nofail-under-memalloc": reclaimScenario,
  "blocking-under-memalloc": reclaimScenario,
  "work-after-unhash": unhashedScenario,
  "lookup-under-evict": lookupScenario,
  "iput-under-evict": nestedScenario,
  "missing-clear-inode": tailScenario,
  "missing-truncate-pages": tailScenario,
  "dirty-after-clear": tailScenario,
  "lookup-ignores-freeing": walkerScenario,
  "missing-wakeup": wakeScenario,
  "deferred-work": umountScenario,
  "async-evict-contract": asyncContractScenario,
};

/** Prose in a model is bounded (race/validate.ts). */
const MAX_TITLE = 300;

/** Throws nothing: where no model can be made, the reason says why. */
export function findingModel(scope: FindingScope): RaceModel | ChainFailure {
  const { finding } = scope;
  const build = SCENARIOS[finding.rule];
  if (build === undefined) return { reason: `no scenario of this release fits ${finding.rule}` };
  const scenario = build(scope);
  if ("reason" in scenario) return scenario;
  const { assumptions, summary, ...parts } = scenario;
  return {
    format: 1,
    id: findingModelId(finding.id),
    title: titleOf(finding),
    kind: finding.rule,
    summary,
    sources: [{ text: `${finding.function}()`, file: finding.file, line: finding.line, mark: "read" }],
    assumptions: [...new Set([...doubtsOf(finding), ...assumptions])],
    ...parts,
  };
}

function titleOf({ message }: Finding): string {
  return message.length <= MAX_TITLE ? message : `${message.slice(0, MAX_TITLE - 3)}...`;
}
