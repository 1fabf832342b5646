/** What is known of a statement: typestate, contexts, what its call does, who gets here. */
import type { FilesystemFacts } from "../analysis/filesystem-facts.ts";
import { type CallExpr, MODES, type Mode } from "../analysis/interpreter.ts";
import type { Body } from "../ir/function-bodies.ts";
import { conditionsOf } from "../report/conditions.ts";
import type { ChainLink, ContextName } from "../report/finding.ts";
import { operationContexts } from "../rules/contexts.ts";
import { describeCall, describeKnownCall } from "./describe-call.ts";
import { findWay, linksOf, type Way, waysIntoEviction, wayToOperation } from "./find-way.ts";
import { callAt, functionAt, type PlaceInFunction, spanOf, statementAt, stepsIn, syntaxOf } from "./function-at.ts";
import type { ContextNote, Place, PlaceExplanation, ReachingOperation } from "./queries.ts";
import type { QueryScope } from "./query-scope.ts";
import { reachableSteps } from "./reachable-steps.ts";
import { describeStates, type StateMap, stateMap } from "./state-map.ts";

const MEMALLOC: ReadonlySet<ContextName> = new Set(["kswapd", "direct-reclaim", "memcg-reclaim", "assumed"]);

/** Null when the place lies in no function that eviction reaches, or on a way of the tree into eviction. */
export function explainPlace(scope: QueryScope, place: Place): PlaceExplanation | null {
  const here = functionAt(scope, place);
  if (here === null) return null;
  const filesystems = scope.reaching(here.function);
  const first = filesystems[0];
  if (first === undefined) return explainWayIn(scope, here, place);
  const facts = scope.facts(first);
  const way = findWay(facts, MODES.reclaim, here.function) ?? findWay(facts, MODES.any, here.function);
  if (way === null) return null;
  const syntax = syntaxOf(scope.parser, here.body);
  const statement = syntax === null ? null : statementAt(syntax, here.at);
  const steps = statement === null ? [] : stepsIn(here.body, statement.start, statement.end);
  const call = callAt(here.body, here.at);
  const states = statesAt(stateMap(facts, way.operation), way, here, steps);
  const contexts = contextsAt(scope, facts, way, here, steps, call);
  const own: ChainLink = { function: here.body.name, file: place.file, line: place.line };
  return {
    function: here.body.name,
    operation: {
      filesystem: first.id,
      table: first.table.name,
      operation: way.operation.name,
      function: way.operation.body.name,
    },
    others: filesystems.length - 1,
    statement: statement === null ? null : spanOf(here.body, statement.start, statement.end),
    before: describeStates(states.before, way.operation.name),
    after: describeStates(states.after, way.operation.name),
    contexts: contexts.notes,
    guardedFromReclaim: contexts.guarded,
    call: call === null ? null : describeCall(scope, facts, here.function, here.body, call),
    way: [...wayToOperation(scope, way.operation.name, conditionsAt(way, here.body, steps)), ...linksOf(way), own],
  };
}

/** Under which the statement runs, in the words in which a finding there would have them. */
function conditionsAt(way: Way, body: Body, steps: readonly number[]): readonly string[] {
  const calls = way.steps.map(({ node, edge }) => ({ body: node.expansion.body, guard: edge.event.guard }));
  const own = steps[0] === undefined ? undefined : body.ir.steps[steps[0]];
  return conditionsOf([...calls, { body, guard: own?.guard ?? 0 }]);
}

/** A function between kswapd (or a system call) and ->evict_inode. */
function explainWayIn(scope: QueryScope, here: PlaceInFunction, place: Place): PlaceExplanation | null {
  const ways = waysIntoEviction(scope.contexts).filter((way) =>
    way.chain.some((link) => link.function === here.body.name && link.file === place.file),
  );
  const shortest = ways[0];
  if (shortest === undefined) return null;
  const call = callAt(here.body, here.at);
  const to = shortest.chain.findIndex((link) => link.function === here.body.name);
  const operation: ReachingOperation = { filesystem: "", table: "", operation: "evict_inode", function: "" };
  const own: ChainLink = { function: here.body.name, file: place.file, line: place.line };
  return {
    function: here.body.name,
    operation,
    others: 0,
    statement: null,
    before: [],
    after: [],
    contexts: [...new Set(ways.map((way) => way.context))].map((context) => ({
      context,
      memalloc: MEMALLOC.has(context),
    })),
    guardedFromReclaim: false,
    call: call === null ? null : describeKnownCall(scope, here.body, call),
    way: [...shortest.chain.slice(0, to), own],
  };
}

interface States {
  readonly before: ReadonlySet<number>;
  readonly after: ReadonlySet<number>;
}

const NO_STATES: States = { before: new Set(), after: new Set() };

/** Those of the statement; in a function that the walk did not enter, those of the call by which control got there. */
function statesAt(map: StateMap, way: Way, here: PlaceInFunction, steps: readonly number[]): States {
  const ofBody = map.get(here.body);
  if (ofBody !== undefined) {
    const walked = steps.flatMap((step) => ofBody.get(step) ?? []);
    const first = walked[0];
    const last = walked[walked.length - 1];
    return first === undefined || last === undefined ? NO_STATES : { before: first.before, after: last.after };
  }
  for (const { node, edge } of way.steps.toReversed()) {
    const { body } = node.expansion;
    const ofCaller = map.get(body);
    if (ofCaller === undefined) continue;
    const { at, end } = edge.event.call;
    const step = stepsIn(body, at, end).flatMap((each) => ofCaller.get(each) ?? [])[0];
    // Nothing below changes the state, or the walk would have gone there.
    return step === undefined ? NO_STATES : { before: step.before, after: step.before };
  }
  return NO_STATES;
}

interface Contexts {
  readonly notes: readonly ContextNote[];
  readonly guarded: boolean;
}

function contextsAt(
  scope: QueryScope,
  facts: FilesystemFacts,
  way: Way,
  here: PlaceInFunction,
  steps: readonly number[],
  call: CallExpr | null,
): Contexts {
  const all = operationContexts(facts, way.operation.name);
  const runs = (mode: Mode): boolean => canRun(scope, facts, mode, here, steps, call);
  const inReclaim = runs(MODES.reclaim);
  const tells = inReclaim && facts.asksForKswapd();
  const inKswapd = tells ? runs(MODES.kswapd) : inReclaim;
  const inDirect = tells ? runs(MODES.direct) : inReclaim;
  const kept = all.filter((context) =>
    !MEMALLOC.has(context) ? true : context === "kswapd" ? inKswapd : context === "assumed" ? inReclaim : inDirect,
  );
  return {
    notes: kept.map((context) => ({ context, memalloc: MEMALLOC.has(context) })),
    guarded: !inReclaim && all.some((context) => MEMALLOC.has(context)),
  };
}

function canRun(
  scope: QueryScope,
  facts: FilesystemFacts,
  mode: Mode,
  here: PlaceInFunction,
  steps: readonly number[],
  call: CallExpr | null,
): boolean {
  const nodes = scope.nodesOf(facts, mode, here.function);
  if (call !== null) return nodes.some((node) => node.expansion.events.some((event) => event.call === call));
  if (steps.length === 0) return nodes.length > 0;
  return nodes.some((node) => {
    // An expansion that never looked at the task was made in another mode, and serves this one.
    const reachable = reachableSteps(scope.engine.interpreter, { ...node.expansion, mode });
    return steps.some((step) => reachable.has(step));
  });
}
