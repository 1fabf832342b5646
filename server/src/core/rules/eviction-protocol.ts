/**
 * The race simulator, run on the model that is extracted from the tree's own fs/inode.c, or from a filesystem's own inode
 * cache, finds an invariant violated: the standard scenarios (core/extract/standard-scenarios.ts) and those of private
 * caches (core/extract/private-cache-scenarios.ts), each explored to its end or to a bound of states.
 */

import { filesystemId } from "../callgraph/filesystem.ts";
import type { Program } from "../callgraph/program.ts";
import { endlessAnyway, isEndlessByChoice } from "../extract/endless-run.ts";
import { kept, VerdictCache } from "../extract/filesystem/verdict.ts";
import { NOT_KNOWN } from "../extract/lowered-step.ts";
import type { ExtractionTree } from "../extract/lowering-request.ts";
import { privateCacheScenarios } from "../extract/private-cache-scenarios.ts";
import { ExtractedProtocol } from "../extract/protocol.ts";
import { PROTOCOL_OPTIONS, type StandardScenario, standardScenarios } from "../extract/standard-scenarios.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { RaceModel } from "../race/model.ts";
import type { Outcome } from "../race/outcome.ts";
import { explore } from "../race/simulator.ts";
import type { TraceStep } from "../race/trace.ts";
import type { ContextName } from "../report/finding.ts";
import { type CancellationToken, NEVER_CANCELLED, throwIfCancelled } from "../text/cancellation.ts";
import type { Draft, Rule, TreeFacts } from "./rule.ts";

export const evictionProtocol: Rule = {
  id: "eviction-protocol",
  title: "Eviction protocol violated",
  description:
    "The race simulator, run on the model extracted from this tree's own fs/inode.c (or from a private inode cache), finds an invariant violated.",
  severity: "error",
  onDemand: true,
  *checkTree({ filesystems, token = NEVER_CANCELLED, outcomes }: TreeFacts): Iterable<Draft> {
    const [any] = filesystems;
    if (any === undefined) return;
    const { program, engine } = any;
    const tree: ExtractionTree = { program, bodies: engine.bodies, lookup: engine.lookup };
    const protocol = new ExtractedProtocol(tree, { token });
    const cache = CACHES.get(program) ?? new VerdictCache(outcomes);
    CACHES.set(program, cache);
    const generic = violationsIn(tree, standardScenarios(protocol), cache, token);
    // What generic code gets wrong is no finding of the filesystem that runs on it.
    const found = generic.length > 0 ? generic : violationsIn(tree, privateCacheScenarios(tree, token), cache, token);
    for (const violation of found) yield draftOf(violation);
    const put = protocol.functions.first("put");
    const failure = put === null ? undefined : protocol.failures.find(({ name }) => name === put.name);
    const body = put === null ? null : tree.bodies.of(put);
    if (failure !== undefined && body !== null) yield notJudged(body, failure.reason);
  },
};

/** The shortest one for each place where an invariant breaks. */
function violationsIn(
  tree: ExtractionTree,
  scenarios: Iterable<StandardScenario>,
  cache: VerdictCache,
  token: CancellationToken,
): readonly Violation[] {
  const shortest = new Map<string, Violation>();
  for (const scenario of scenarios) {
    throwIfCancelled(token);
    const outcome = exploreOnce(scenario.model, cache, token);
    const violation = outcome === null ? null : violationOf(tree, scenario, outcome);
    if (violation === null) continue;
    const key = `${violation.invariant} ${violation.place.body.name}:${violation.place.at}`;
    const known = shortest.get(key);
    if (known === undefined || violation.steps.length < known.steps.length) shortest.set(key, violation);
  }
  return [...shortest.values()];
}

interface Violation {
  readonly model: RaceModel;
  readonly outcome: Outcome;
  readonly invariant: string;
  readonly message: string;
  readonly steps: readonly TraceStep[];
  readonly place: { readonly body: Body; readonly at: number; readonly end: number };
}

const CACHES = new WeakMap<Program, VerdictCache>();

/** An edit changes few of the scenarios: of the others it is known that nothing is violated (null). */
function exploreOnce(model: RaceModel, cache: VerdictCache, token: CancellationToken): Outcome | null {
  // A trace shows lines, and those are no part of what the cache compares.
  const known = cache.get(model);
  if (known !== undefined && known.verdict !== "violated") return null;
  const run = (each: RaceModel): Outcome => {
    const outcome = explore(each, PROTOCOL_OPTIONS, token);
    throwIfCancelled(token);
    return outcome;
  };
  const outcome = run(model);
  cache.set(model, kept(outcome));
  return isEndlessByChoice(outcome) ? endlessAnyway(outcome, model, run) : outcome;
}

function violationOf(
  tree: ExtractionTree,
  { model, folder = "" }: StandardScenario,
  outcome: Outcome,
): Violation | null {
  const { violation, trace } = outcome;
  if (outcome.verdict !== "violated" || violation === undefined || trace === undefined) return null;
  for (const step of trace.steps.toReversed()) {
    if (step.file?.startsWith(folder) !== true) continue;
    const place = placeOf(tree, step);
    if (place !== null)
      return { model, outcome, invariant: violation.invariant, message: violation.message, steps: trace.steps, place };
  }
  return null;
}

/** The line of a step, in the function that it stands in. */
function placeOf(tree: ExtractionTree, { file: path, line }: TraceStep): Violation["place"] | null {
  const file = path === undefined ? undefined : tree.program.files.get(path);
  if (file === undefined || line === undefined) return null;
  for (const fn of file.functions) {
    if (fn.span.line > line) continue;
    const body = tree.bodies.of(fn);
    if (body === null) continue;
    const lines = body.text.split("\n");
    const text = lines[line - body.line];
    if (line < body.line || text === undefined) continue;
    const start = lines.slice(0, line - body.line).reduce((sum, each) => sum + each.length + 1, 0);
    const indent = text.length - text.trimStart().length;
    return { body, at: start + indent, end: start + text.trimEnd().length };
  }
  return null;
}

/** Who runs what, by the names of the scenarios' threads. */
const CONTEXTS: Readonly<Record<string, ContextName>> = { reclaim: "kswapd", umount: "umount", worker: "workqueue" };

function draftOf({ model, outcome, invariant, message, steps, place }: Violation): Draft {
  const { body, at, end } = place;
  const threads = [...new Set(steps.map((step) => step.thread))];
  const contexts = [...new Set(threads.filter((name) => name !== "RCU").map((name) => CONTEXTS[name] ?? "iput"))];
  const unknown = steps.find((step) => step.label.includes(NOT_KNOWN));
  const { traceString } = outcome.trace ?? {};
  return {
    rule: "eviction-protocol",
    severity: "error",
    operation: { name: model.id, body },
    at,
    end,
    first: invariant,
    chain: [{ body, at, via: null, guard: 0 }],
    ends: [{ body, at, what: message }],
    message: `${model.title}: ${message} (${invariant}, after ${steps.length} steps: ${interleavingOf(steps)})`,
    doubt:
      unknown === undefined
        ? null
        : `the run goes one of two ways at ${unknown.file ?? "?"}:${unknown.line ?? 0}, where nothing is known of the condition`,
    contexts,
    generic: filesystemId(body.file),
    simulation: {
      verdict: "violated",
      invariant,
      assumptions: model.assumptions ?? [],
      states: outcome.states,
      ...(traceString === undefined ? {} : { traceString }),
    },
  };
}

/** No scenario goes without the last put: the tree is told so, and why. */
function notJudged(body: Body, reason: string): Draft {
  return {
    rule: "eviction-protocol",
    severity: "hint",
    operation: { name: "protocol", body },
    at: 0,
    end: Math.max(1, body.text.indexOf("\n")),
    first: "not-judged",
    chain: [{ body, at: 0, via: null, guard: 0 }],
    ends: [{ body, at: 0, what: reason }],
    message: `The eviction protocol is not judged: ${reason}`,
    doubt: reason,
    contexts: ["iput"],
    generic: filesystemId(body.file),
  };
}

/** Switches between threads that a message shows; longer runs are cut in the middle. */
const MAX_RUNS = 12;

/** `unlink 1890-1872, lookup 1021-2391, unlink 724-749`: who ran from which line to which. */
function interleavingOf(steps: readonly TraceStep[]): string {
  const runs: { thread: string; first: number | null; last: number | null }[] = [];
  for (const step of steps) {
    const line = step.line ?? null;
    const current = runs[runs.length - 1];
    if (current?.thread !== step.thread) runs.push({ thread: step.thread, first: line, last: line });
    else {
      current.first ??= line;
      current.last = line ?? current.last;
    }
  }
  const texts = runs.map(({ thread, first, last }) => {
    if (first === null) return thread;
    return first === last ? `${thread} ${first}` : `${thread} ${first}-${last}`;
  });
  if (texts.length <= MAX_RUNS) return texts.join(", ");
  const half = MAX_RUNS / 2;
  return [...texts.slice(0, half), "...", ...texts.slice(-half)].join(", ");
}
