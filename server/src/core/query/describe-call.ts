/** What one call does: its own effects, the nearest of each kind behind it, its gfp flags, where a pointer leads. */
import type { EffectSite } from "../analysis/effect.ts";
import type { GraphNode } from "../analysis/effect-graph.ts";
import { effectsBelow, type FilesystemFacts } from "../analysis/filesystem-facts.ts";
import { type CallExpr, MODES } from "../analysis/interpreter.ts";
import type { Value } from "../analysis/value.ts";
import type { FunctionRef } from "../callgraph/program.ts";
import { type Body, positionIn } from "../ir/function-bodies.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { ChainLink } from "../report/finding.ts";
import { spanOf } from "./function-at.ts";
import type { CallEffect, CallExplanation, CallTarget } from "./queries.ts";
import type { QueryScope } from "./query-scope.ts";

/** Effects that tell a reader nothing by themselves. */
const SILENT = new Set(["remove-folios"]);
const TARGETS_SHOWN = 12;

export function describeCall(
  scope: QueryScope,
  facts: FilesystemFacts,
  fn: FunctionRef,
  body: Body,
  call: CallExpr,
): CallExplanation {
  const effects = new Map<string, CallEffect>();
  const targets = new Map<string, CallTarget>();
  const gfp = new Set<string>();
  let via: string | null = null;
  let unresolved = false;
  for (const mode of scope.modesOf(facts)) {
    const underMemalloc = mode === MODES.reclaim;
    for (const node of scope.nodesOf(facts, mode, fn)) {
      for (const site of node.effects) {
        if (site.event.call === call) add(effects, site, [], site.doubt, underMemalloc);
      }
      for (const edge of [...node.edges, ...node.callbacks]) {
        if (edge.event.call !== call) continue;
        via ??= edge.via;
        const target = edge.target.expansion.body;
        targets.set(`${target.file.path}:${target.name}`, targetOf(target));
        const first = linkOf(body, call, edge.via);
        for (const below of effectsBelow(edge.target))
          add(
            effects,
            below.site,
            [first, ...below.chain.map((step) => linkOf(step.body, step.event.call, step.via))],
            edge.doubt ?? below.doubt,
            underMemalloc,
          );
      }
      for (const flag of gfpOf(scope, node, call)) gfp.add(flag);
    }
    unresolved ||= facts.graph(mode).unresolved.some((site) => site.body === body && site.event.call === call);
  }
  return {
    name: nameOf(call),
    span: spanOf(body, call.at, call.end),
    via: call.callee.k === "id" ? null : via,
    targets: [...targets.values()].slice(0, TARGETS_SHOWN),
    effects: [...effects.values()],
    gfp: [...gfp],
    unresolved,
  };
}

/** What the knowledge base says of a call outside of any eviction. */
export function describeKnownCall(scope: QueryScope, body: Body, call: CallExpr): CallExplanation | null {
  const name = nameOf(call);
  const entry = call.callee.k === "id" ? scope.engine.knowledge.functions.get(name) : undefined;
  if (entry?.effects === undefined) return null;
  const what = `${name}() ${entry.what ?? ""}`.trim();
  return {
    name,
    span: spanOf(body, call.at, call.end),
    via: null,
    targets: [],
    effects: entry.effects.map((kind) => ({ kind, what, chain: [], doubt: null, underMemalloc: false })),
    gfp: [],
    unresolved: false,
  };
}

export function nameOf(call: CallExpr): string {
  return call.callee.k === "id" || call.callee.k === "field" ? call.callee.name : "";
}

/** The nearest of each kind is kept; one without doubt wins over a nearer one with. */
function add(
  effects: Map<string, CallEffect>,
  site: EffectSite,
  chain: readonly ChainLink[],
  doubt: string | null,
  underMemalloc: boolean,
): void {
  if (SILENT.has(site.kind)) return;
  const known = effects.get(site.kind);
  if (known !== undefined && (known.doubt === null || doubt !== null)) {
    if (underMemalloc && !known.underMemalloc) effects.set(site.kind, { ...known, underMemalloc });
    return;
  }
  const end = linkOf(site.body, site.event.call, null);
  effects.set(site.kind, {
    kind: site.kind,
    what: `${site.primitive}() ${site.what}`.trim(),
    chain: chain.length === 0 ? [] : [...chain, end],
    doubt,
    underMemalloc: underMemalloc || (known?.underMemalloc ?? false),
  });
}

function linkOf(body: Body, call: CallExpr, via: string | null): ChainLink {
  const { line } = positionIn(body, call.at);
  return { function: body.name, file: body.file.path, line, ...(via === null ? {} : { via }) };
}

function targetOf(body: Body): CallTarget {
  return { function: body.name, file: body.file.path, line: body.function?.span.line ?? body.line };
}

/** The flags of an allocation's gfp argument, in the kernel's names. */
function gfpOf(scope: QueryScope, node: GraphNode, call: CallExpr): string[] {
  const { knowledge } = scope.engine;
  const entry = call.callee.k === "id" ? knowledge.functions.get(call.callee.name) : undefined;
  if (entry?.gfp === undefined) return [];
  const event = node.expansion.events.find((each) => each.call === call);
  return event === undefined ? [] : gfpNames(event.args[entry.gfp], knowledge);
}

/** The fewest names that say what is known to be set: GFP_NOFS before its three bits. */
export function gfpNames(value: Value, knowledge: Knowledge): string[] {
  if (value?.k !== "bits") return [];
  let left = value.bits & value.known;
  const names: string[] = [];
  const flags = [...knowledge.constants]
    .filter(([name]) => /^(__)?GFP_/.test(name))
    .toSorted((a, b) => bitsIn(b[1]) - bitsIn(a[1]));
  for (const [name, bits] of flags) {
    // A composite that is only partly known may be another one.
    if (bits === 0 || (left & bits) !== bits || (!name.startsWith("__") && value.known !== -1)) continue;
    names.push(name);
    left &= ~bits;
  }
  return names;
}

function bitsIn(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
