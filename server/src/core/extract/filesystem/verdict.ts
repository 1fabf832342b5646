/** Runs a finding's model and says what follows from it for the finding. */
import type { RaceModel } from "../../race/model.ts";
import type { Outcome } from "../../race/outcome.ts";
import { explore } from "../../race/simulator.ts";
import type { Finding, FindingSimulation, Severity } from "../../report/finding.ts";
import { findingModelId } from "../../report/simulation-models.ts";
import type { CancellationToken } from "../../text/cancellation.ts";
import { throwIfCancelled } from "../../text/cancellation.ts";
import type { ChainFailure } from "./chain-steps.ts";

/** States of one finding's model at most. Recorded in the review's limits. */
export const MAX_VERDICT_STATES = 5_000_000;

/** What the simulator says of one finding. Plain data: it travels between threads. */
export interface FindingVerdict {
  readonly finding: string;
  readonly simulation: FindingSimulation;
  readonly severity: Severity;
  /** Why the severity is not the static one. */
  readonly reason?: string;
  /** Steps of the counterexample. */
  readonly steps?: number;
}

/** Outcomes by the content of the model: an edit elsewhere, or one that only moves lines, runs nothing again. */
export class VerdictCache {
  readonly #outcomes = new Map<string, Outcome>();

  get(model: RaceModel): Outcome | undefined {
    return this.#outcomes.get(contentOf(model));
  }

  set(model: RaceModel, outcome: Outcome): void {
    this.#outcomes.set(contentOf(model), outcome);
    for (const key of this.#outcomes.keys()) {
      if (this.#outcomes.size <= MAX_CACHED) return;
      this.#outcomes.delete(key);
    }
  }
}

const MAX_CACHED = 4096;

/** The whole model but for the places of its steps and its prose. Kept whole: a hash could meet another's. */
function contentOf(model: RaceModel): string {
  return JSON.stringify(model, (key, value) => (NO_CONTENT.has(key) ? undefined : value));
}

const NO_CONTENT: ReadonlySet<string> = new Set(["source", "sources", "title", "summary"]);

export interface VerdictOptions {
  readonly maxStates?: number;
}

/** Throws `Cancelled`. */
export function judge(
  finding: Finding,
  model: RaceModel | ChainFailure,
  cache: VerdictCache,
  token: CancellationToken,
  options: VerdictOptions = {},
): FindingVerdict {
  if ("reason" in model) return notRun(finding, model.reason);
  const maxStates = options.maxStates ?? MAX_VERDICT_STATES;
  let outcome = cache.get(model);
  if (outcome === undefined || (outcome.verdict === "bounded" && (outcome.limit?.value ?? 0) < maxStates)) {
    outcome = explore(model, { maxStates }, token);
    if (outcome.limit?.name === "cancelled") throwIfCancelled(token);
    cache.set(model, outcome);
  }
  return verdictOf(finding, model, outcome);
}

function notRun(finding: Finding, reason: string): FindingVerdict {
  const simulation = {
    model: findingModelId(finding.id),
    verdict: "not-run",
    assumptions: [`no model could be made: ${reason}`],
  } as const;
  return { finding: finding.id, simulation, severity: finding.staticSeverity };
}

function verdictOf(finding: Finding, model: RaceModel, outcome: Outcome): FindingVerdict {
  const all = model.assumptions ?? [];
  // That a loop runs once leaves runs out; it takes nothing from one that was found.
  const assumptions = outcome.verdict === "violated" ? all.filter((text) => !LEAVES_OUT.test(text)) : all;
  const simulation: FindingSimulation = {
    model: model.id,
    verdict: outcome.verdict,
    ...(outcome.invariant === undefined || outcome.verdict !== "violated" ? {} : { invariant: outcome.invariant }),
    assumptions: outcome.limit === undefined ? assumptions : [...assumptions, outcome.limit.message],
    states: outcome.states,
    ...(outcome.trace === undefined ? {} : { traceString: outcome.trace.traceString }),
  };
  const steps = outcome.trace?.steps.length;
  const base = { finding: finding.id, simulation, ...(steps === undefined ? {} : { steps }) };
  const refuted = outcome.verdict === "holds" && assumptions.length === 0 && finding.staticSeverity !== "hint";
  if (!refuted) return { ...base, severity: finding.staticSeverity };
  const reason = `the simulator refutes it: ${model.invariants.map(nameOf).join(", ")} holds in all ${outcome.states.toLocaleString("en")} states of this code's model`;
  return { ...base, severity: "hint", reason };
}

const LEAVES_OUT = / runs? once$/;

function nameOf(invariant: RaceModel["invariants"][number]): string {
  return typeof invariant === "string" ? invariant : invariant.id;
}

/** The finding as the simulator leaves it. */
export function withVerdict(finding: Finding, verdict: FindingVerdict): Finding {
  const { severity, simulation, reason } = verdict;
  return { ...finding, severity, simulation, ...(reason === undefined ? {} : { confidenceReason: reason }) };
}
