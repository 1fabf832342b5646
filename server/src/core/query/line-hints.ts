/** What holds where: the contexts of each function that eviction reaches, and the typestate where it changes. */
import { MODES } from "../analysis/interpreter.ts";
import type { FunctionRef } from "../callgraph/program.ts";
import { type Body, positionIn } from "../ir/function-bodies.ts";
import type { ContextName } from "../report/finding.ts";
import { operationContexts } from "../rules/contexts.ts";
import { callsIn } from "../rules/walk-steps.ts";
import { type CancellationToken, throwIfCancelled } from "../text/cancellation.ts";
import { findWay } from "./find-way.ts";
import type { LineHint } from "./queries.ts";
import type { QueryScope } from "./query-scope.ts";
import { describeState, nameOf, stateMap } from "./state-map.ts";

/** A screen has fewer; a client that asks for a whole file gets these. */
const MAX_HINTS = 400;

/** Hints for the lines of a filesystem's own file; none in generic code, where every filesystem's would differ. */
export function lineHints(
  scope: QueryScope,
  query: { readonly file: string; readonly fromLine: number; readonly toLine: number },
  token: CancellationToken,
): LineHint[] {
  const file = scope.program.files.get(query.file);
  const hints: LineHint[] = [];
  for (const fn of file?.functions ?? []) {
    throwIfCancelled(token);
    if (fn.span.line > query.toLine || hints.length >= MAX_HINTS) break;
    const filesystem = scope.reaching(fn).find((each) => each.owns(fn.file));
    if (filesystem === undefined) continue;
    const body = scope.engine.bodies.of(fn);
    if (body === null || positionIn(body, body.text.length).line < query.fromLine) continue;
    hints.push(...hintsOf(scope, fn, body, filesystem));
  }
  return hints.filter(({ line }) => line >= query.fromLine && line <= query.toLine).slice(0, MAX_HINTS);
}

function hintsOf(
  scope: QueryScope,
  fn: FunctionRef,
  body: Body,
  filesystem: QueryScope["filesystems"][number],
): LineHint[] {
  const facts = scope.facts(filesystem);
  const inReclaim = findWay(facts, MODES.reclaim, fn);
  const way = inReclaim ?? findWay(facts, MODES.any, fn);
  if (way === null) return [];
  const contexts = operationContexts(facts, way.operation.name).filter(
    (context) => inReclaim !== null || !RECLAIM.has(context),
  );
  const hints: LineHint[] = [
    endOfLine(body, body.text.indexOf(fn.name), contextText(contexts), contextDetail(way.operation.name, contexts)),
  ];
  const states = stateMap(facts, way.operation).get(body);
  if (states === undefined) return hints;
  const seen = new Set<number>();
  for (const [index, { before, after }] of [...states].toSorted(([a], [b]) => a - b)) {
    const gained = [...after].filter((state) => !before.has(state));
    const call = callsIn(body.ir.steps[index]!)[0];
    if (gained.length === 0 || call === undefined) continue;
    const hint = endOfLine(
      body,
      call.end,
      [...new Set(gained.map(nameOf))].join(" or "),
      [...new Set(gained.map(describeState))].join("\n"),
    );
    if (seen.has(hint.line)) continue;
    seen.add(hint.line);
    hints.push(hint);
  }
  return hints;
}

const RECLAIM: ReadonlySet<ContextName> = new Set(["kswapd", "direct-reclaim", "memcg-reclaim", "assumed"]);

/** `kswapd, direct-reclaim, ...`: the first two say enough for the end of a line. */
function contextText(contexts: readonly ContextName[]): string {
  const shown = contexts.slice(0, 2).map((context) => (context === "assumed" ? "reclaim (assumed)" : context));
  return contexts.length > 2 ? `${shown.join(", ")}, +${contexts.length - 2}` : shown.join(", ");
}

function contextDetail(operation: string, contexts: readonly ContextName[]): string {
  return `Reached from ->${operation}. Contexts: ${contexts.join(", ")}`;
}

function endOfLine(body: Body, at: number, text: string, detail: string): LineHint {
  const end = body.text.indexOf("\n", at);
  const { line, column } = positionIn(body, end < 0 ? body.text.length : end);
  return { line, column, text, detail };
}
