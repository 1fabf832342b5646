/**
 * An operation of a filesystem as procedures of a model, with the functions below it in place wherever something that the
 * model asks for lies below them.
 */

import type { EffectSite } from "../../analysis/effect.ts";
import type { GraphNode } from "../../analysis/effect-graph.ts";
import { Env } from "../../analysis/env.ts";
import type { FilesystemFacts } from "../../analysis/filesystem-facts.ts";
import type { CallEvent, Mode } from "../../analysis/interpreter.ts";
import { INODE } from "../../analysis/typestate.ts";
import type { Value } from "../../analysis/value.ts";
import { type Body, positionIn } from "../../ir/function-bodies.ts";
import type { Step as CodeStep } from "../../ir/ir.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, SourceSpan, Step } from "../../race/model.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import { callText, uniqueNames } from "./chain-steps.ts";
import { lowerFlow } from "./flow.ts";
import { changesLinks } from "./link-changes.ts";

export interface EffectPlace {
  readonly body: Body;
  readonly event: CallEvent;
  /** The inode under eviction, or its mapping, is among the arguments. */
  readonly onInode: boolean;
  readonly label: string;
  readonly source: SourceSpan;
}

export interface OperationRequest {
  readonly facts: FilesystemFacts;
  readonly operation: EvictionOperation;
  readonly mode: Mode;
  /** Functions below which one of these lies are put in place, if they are given the inode. */
  readonly kinds: ReadonlySet<EffectKind>;
  /** Functions that are put in place whatever lies below them: those of a chain. */
  readonly functions: ReadonlySet<string>;
  /** What an effect becomes; null where the model does not care. */
  readonly onEffect: (effect: EffectSite, place: EffectPlace) => readonly Step[] | null;
  readonly onReturn?: (body: Body, at: number) => readonly Step[];
  readonly onBranch?: (step: CodeStep & { readonly k: "branch" }, yes: boolean) => readonly Step[];
}

export interface OperationSteps {
  /** Parameter `inode`; the first is the operation's. Empty when nothing in it matters. */
  readonly procedures: readonly Procedure[];
  readonly assumptions: readonly string[];
}

const MAX_DEPTH = 12;
const FACTS = Env.of([["#inode.i_sb", { k: "nonzero" }]]);

export function operationSteps(request: OperationRequest): OperationSteps {
  const root = rootOf(request);
  if (root === null) return { procedures: [], assumptions: [`${request.operation} could not be read`] };
  const builder = new Builder(request);
  builder.lower(root, [INODE], 0);
  const procedures = builder.procedures();
  const { engine } = request.facts;
  const changes = changesLinks(engine, procedures, builder.bodies);
  return { procedures, assumptions: [...builder.assumptions, ...changes] };
}

function rootOf({ facts, operation, mode }: OperationRequest): GraphNode | null {
  const fn = facts.operation(operation)?.binding.function;
  return fn == null ? null : facts.graph(mode).root(fn);
}

class Builder {
  readonly assumptions = new Set<string>();
  readonly #request: OperationRequest;
  readonly #made = new Map<GraphNode, Omit<Procedure, "name"> | null>();
  readonly #nodes: GraphNode[] = [];
  readonly #below = new Map<GraphNode, ReadonlySet<EffectKind>>();

  constructor(request: OperationRequest) {
    this.#request = request;
  }

  procedures(): Procedure[] {
    const kept = this.#nodes.filter((node) => this.#made.get(node) != null);
    const names = uniqueNames(kept.map((node) => node.expansion.body.name));
    const nameOf = new Map(kept.map((node, i) => [token(this.#nodes.indexOf(node)), names[i]!]));
    const rename = (steps: readonly Step[]): Step[] =>
      JSON.parse(JSON.stringify(steps), (key, value) =>
        key === "call" ? (nameOf.get(value as string) ?? value) : value,
      ) as Step[];
    return kept.map((node, i) => {
      const { steps, ...rest } = this.#made.get(node)!;
      return { name: names[i]!, ...rest, steps: rename(steps) };
    });
  }

  get bodies(): Body[] {
    return this.#nodes.map((node) => node.expansion.body);
  }

  /** Whether anything of the function is in the model. */
  lower(node: GraphNode, args: readonly Value[], depth: number): boolean {
    const known = this.#made.get(node);
    if (known !== undefined) return known !== null;
    const { facts, mode, onReturn, onBranch } = this.#request;
    const { body } = node.expansion;
    this.#made.set(node, null);
    this.#nodes.push(node);
    const flow = lowerFlow({
      body,
      mode,
      interpreter: facts.engine.interpreter,
      args,
      facts: FACTS,
      onCall: (event) => this.#call(node, event, depth),
      ...(onBranch === undefined ? {} : { onBranch }),
      ...(onReturn === undefined ? {} : { onReturn: (at: number) => onReturn(body, at) }),
    });
    if (flow.steps.length === 0) return false;
    if (flow.cutsLoop) this.assumptions.add(`loops of ${body.name}() run once`);
    this.#made.set(node, { parameters: ["inode"], locals: flow.locals, steps: flow.steps });
    return true;
  }

  #call(node: GraphNode, event: CallEvent, depth: number): Step[] {
    const { body } = node.expansion;
    const onInode = event.args.some((value) => value?.k === "symbol" && value.name.startsWith("#"));
    const source = { file: body.file.path, line: positionIn(body, event.call.at).line };
    const label = callText(body, event.call);
    const steps: Step[] = [];
    let settled = false;
    for (const effect of node.effects) {
      if (effect.event.call !== event.call) continue;
      const made = this.#request.onEffect(effect, { body, event, onInode, label, source });
      if (made === null) continue;
      steps.push(...made);
      settled ||= effect.kind === "clear" || effect.kind === "unhash" || effect.kind === "truncate";
    }
    if (settled || depth >= MAX_DEPTH) return steps;
    const ways: Step[][] = [];
    for (const edge of node.edges) {
      if (edge.event.call !== event.call || !this.#isWanted(edge.target, onInode)) continue;
      const isNew = !this.#made.has(edge.target);
      if (!this.lower(edge.target, event.args, depth + 1)) {
        if (!isNew) this.assumptions.add(`${edge.target.expansion.body.name}() calls itself: that is left out`);
        continue;
      }
      ways.push([
        { do: "skip()", label, source },
        { call: token(this.#nodes.indexOf(edge.target)), with: { inode: "inode" } },
      ]);
    }
    if (ways.length === 1) steps.push(...ways[0]!);
    else if (ways.length > 1) steps.push({ choose: ways });
    return steps;
  }

  #isWanted(target: GraphNode, onInode: boolean): boolean {
    if (this.#request.functions.has(target.expansion.body.name)) return true;
    return onInode && [...this.#kindsBelow(target)].some((kind) => this.#request.kinds.has(kind));
  }

  #kindsBelow(node: GraphNode): ReadonlySet<EffectKind> {
    let kinds = this.#below.get(node);
    if (kinds === undefined) {
      kinds = kindsBelow(node);
      this.#below.set(node, kinds);
    }
    return kinds;
  }
}

/** Procedures are named when all are known. */
function token(index: number): string {
  return `node_${index}`;
}

export function kindsBelow(node: GraphNode): Set<EffectKind> {
  const kinds = new Set<EffectKind>();
  const seen = new Set<GraphNode>([node]);
  const work = [node];
  while (work.length > 0) {
    const each = work.pop()!;
    for (const effect of each.effects) kinds.add(effect.kind);
    for (const { target } of each.edges) {
      if (seen.has(target)) continue;
      seen.add(target);
      work.push(target);
    }
  }
  return kinds;
}
