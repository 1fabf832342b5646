/** What every model of a finding is made from. */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { FilesystemFacts } from "../../analysis/filesystem-facts.ts";
import { type CallExpr, MODES, type Mode } from "../../analysis/interpreter.ts";
import type { TreeContexts } from "../../analysis/reclaim-roots.ts";
import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { Program } from "../../callgraph/program.ts";
import type { RaceModel, SourceSpan, Step } from "../../race/model.ts";
import type { Finding } from "../../report/finding.ts";
import { type ChainFailure, type ChainRequest, type ChainSteps, chainSteps } from "./chain-steps.ts";
import { type FindLine, lineFinder } from "./protocol.ts";

export interface FindingScope {
  readonly finding: Finding;
  readonly engine: Engine;
  readonly program: Program;
  readonly contexts: TreeContexts;
  /** Null for a finding of generic code. */
  readonly filesystem: Filesystem | null;
  readonly facts: (filesystem: Filesystem) => FilesystemFacts;
  readonly find: FindLine;
}

export function makeScope(parts: Omit<FindingScope, "find">): FindingScope {
  return { ...parts, find: lineFinder(parts.program, parts.engine) };
}

/** What a scenario gives beside id, title and summary, which follow from the finding. */
export type Scenario = Pick<RaceModel, "threads" | "invariants"> &
  Partial<Pick<RaceModel, "toggles" | "variables" | "slots" | "locks" | "queues" | "procedures" | "progress">> & {
    readonly assumptions: readonly string[];
    /** In a sentence: who races with whom, and what must not happen. */
    readonly summary: string;
  };

/** The way to the finding's effect; the name of the primitive stands in front of what is said of the effect. */
export function chainOf(
  scope: FindingScope,
  mode: Mode,
  effect: (label: string, source: SourceSpan, call: CallExpr) => readonly Step[],
  parameters: readonly string[] = [],
  shared?: ChainRequest["shared"],
): ChainSteps | ChainFailure {
  const { finding, engine, program } = scope;
  return chainSteps({
    engine,
    program,
    mode,
    chain: finding.chain,
    primitive: primitiveOf(finding),
    parameters,
    shared,
    effect,
  });
}

export function primitiveOf(finding: Finding): string | null {
  const last = finding.chain.at(-1);
  const end = finding.ends.find((each) => each.function === last?.function && each.line === last.line);
  return /^(\w+)\(\)/.exec(end?.what ?? finding.ends[0]?.what ?? "")?.[1] ?? null;
}

const RECLAIM = new Set(["kswapd", "direct-reclaim", "memcg-reclaim", "assumed"]);

export function reclaimMode(finding: Finding): Mode {
  const inKswapd = finding.contexts.includes("kswapd");
  const inDirect = finding.contexts.some((context) => context === "direct-reclaim" || context === "memcg-reclaim");
  return inKswapd === inDirect ? MODES.reclaim : inKswapd ? MODES.kswapd : MODES.direct;
}

export function runsInReclaim(finding: Finding): boolean {
  return finding.contexts.some((context) => RECLAIM.has(context));
}

/** "kswapd", or the reclaimer that the finding names. */
export function reclaimerOf(finding: Finding): string {
  if (finding.contexts.includes("kswapd") || finding.contexts.includes("assumed")) return "kswapd";
  return finding.contexts.find((context) => RECLAIM.has(context))?.replaceAll("-", " ") ?? "evictor";
}

/** What weakens every verdict on this finding, whatever the scenario. */
export function doubtsOf(finding: Finding): string[] {
  const doubts: string[] = [];
  if (finding.contexts.includes("assumed")) doubts.push("the tree has no mm/: that reclaim comes here is assumed");
  if (finding.confidenceReason !== undefined && !finding.contexts.includes("assumed"))
    doubts.push(finding.confidenceReason);
  return doubts;
}
