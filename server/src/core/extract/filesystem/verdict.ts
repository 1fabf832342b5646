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

/** What is kept of an outcome. Plain data; nothing in it depends on where the code's lines are. */
export interface KeptOutcome extends Pick<Outcome, "verdict" | "invariant" | "limit" | "states"> {
  /** What is violated, in words. */
  readonly message?: string;
  /** Of the counterexample. */
  readonly steps?: number;
  readonly traceString?: string;
}

export function kept({ verdict, invariant, limit, states, violation, trace }: Outcome): KeptOutcome {
  return {
    verdict,
    ...(invariant === undefined || verdict !== "violated" ? {} : { invariant }),
    ...(limit === undefined ? {} : { limit }),
    states,
    ...(violation === undefined ? {} : { message: violation.message }),
    ...(trace === undefined ? {} : { steps: trace.steps.length, traceString: trace.traceString }),
  };
}

/** Outcomes of earlier runs by the content of their models. Neither throws. */
export interface OutcomeStore {
  get(content: string): KeptOutcome | null;
  put(content: string, outcome: KeptOutcome): void;
}

/** Outcomes by the content of the model: an edit elsewhere, or one that only moves lines, runs nothing again. */
export class VerdictCache {
  readonly #outcomes = new Map<string, KeptOutcome>();
  readonly #store: OutcomeStore | null;
  #size = 0;

  constructor(store: OutcomeStore | null = null) {
    this.#store = store;
  }

  get(model: RaceModel): KeptOutcome | undefined {
    const content = contentOf(model);
    const known = this.#outcomes.get(content);
    if (known !== undefined) return known;
    const stored = this.#store?.get(content) ?? undefined;
    if (stored !== undefined) this.#remember(content, stored);
    return stored;
  }

  set(model: RaceModel, outcome: KeptOutcome): void {
    const content = contentOf(model);
    this.#remember(content, outcome);
    this.#store?.put(content, outcome);
  }

  #remember(content: string, outcome: KeptOutcome): void {
    if (!this.#outcomes.has(content)) this.#size += content.length;
    this.#outcomes.set(content, outcome);
    for (const key of this.#outcomes.keys()) {
      if (this.#size <= MAX_CHARACTERS) return;
      this.#outcomes.delete(key);
      this.#size -= key.length;
    }
  }
}

/** Of all contents; a model has up to a hundred thousand. */
const MAX_CHARACTERS = 64 << 20;

/** The whole model but for the places of its steps and its prose (assumptions name places, too). Kept whole: a hash could meet another's. */
function contentOf(model: RaceModel): string {
  return JSON.stringify(model, (key, value) => (NO_CONTENT.has(key) ? undefined : value));
}

const NO_CONTENT: ReadonlySet<string> = new Set(["source", "sources", "title", "summary", "assumptions"]);

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
  return verdictOf(finding, model, outcomeOf(model, options.maxStates ?? MAX_VERDICT_STATES, cache, token));
}

/**
 * Models made from code are large programs with few states, whose threads name their inodes: the tables of the partial order
 * and the attempt to take slots for one another cost more than the states that they save.
 */
const OPTIONS = { directStates: 200_000, reductions: { slots: false } } as const;

/** Throws `Cancelled`. */
export function outcomeOf(
  model: RaceModel,
  maxStates: number,
  cache: VerdictCache,
  token: CancellationToken,
): KeptOutcome {
  const known = cache.get(model);
  if (known !== undefined && (known.verdict !== "bounded" || (known.limit?.value ?? 0) >= maxStates)) return known;
  const explored = explore(model, { maxStates, ...OPTIONS }, token);
  if (explored.limit?.name === "cancelled") throwIfCancelled(token);
  const outcome = kept(explored);
  cache.set(model, outcome);
  return outcome;
}

function notRun(finding: Finding, reason: string): FindingVerdict {
  const simulation = {
    model: findingModelId(finding.id),
    verdict: "not-run",
    assumptions: [`no model could be made: ${reason}`],
  } as const;
  return { finding: finding.id, simulation, severity: finding.staticSeverity };
}

function verdictOf(finding: Finding, model: RaceModel, outcome: KeptOutcome): FindingVerdict {
  const all = model.assumptions ?? [];
  // That a loop runs once leaves runs out; it takes nothing from one that was found.
  const assumptions = outcome.verdict === "violated" ? all.filter((text) => !LEAVES_OUT.test(text)) : all;
  const simulation: FindingSimulation = {
    model: model.id,
    verdict: outcome.verdict,
    ...(outcome.invariant === undefined ? {} : { invariant: outcome.invariant }),
    assumptions: outcome.limit === undefined ? assumptions : [...assumptions, outcome.limit.message],
    states: outcome.states,
    ...(outcome.traceString === undefined ? {} : { traceString: outcome.traceString }),
  };
  const { steps } = outcome;
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
