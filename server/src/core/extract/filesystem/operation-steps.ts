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
import { takenBy } from "./entry-locks.ts";
import { lowerFlow } from "./flow.ts";
import { changesLinks } from "./link-changes.ts";
import { stepsInPlace } from "./steps-in-place.ts";
import type { Ties } from "./ties.ts";

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
  /** Steps of a call, in front of those of its effects. */
  readonly onCall?: (callee: string, place: EffectPlace) => readonly Step[];
  /** A call of the operation's own body below which one of these lies, and that has no other steps, is one: it is seen to run. */
  readonly shows?: ReadonlySet<EffectKind>;
  readonly onReturn?: (body: Body, at: number) => readonly Step[];
  readonly onBranch?: (step: CodeStep & { readonly k: "branch" }, yes: boolean) => readonly Step[];
  /**
   * Where putting each function in place at each of its calls would make too large a model, a function beside `functions`
   * is one choice among what lies below it, or nothing. Said in `assumptions`.
   */
  readonly opensLarge?: boolean;
  /** What the threads of the model share: functions that take any of it are put in place, too. */
  readonly ties?: Ties | undefined;
}

export interface OperationSteps {
  /** Parameter `inode`; the first is the operation's. Empty when nothing in it matters. */
  readonly procedures: readonly Procedure[];
  readonly assumptions: readonly string[];
}

const MAX_DEPTH = 12;
/** Steps of one thread; the language takes 2,000 (compile-thread.ts), and the protocol around the operation needs some. */
const MAX_STEPS = 1200;
/** Steps of a function that stays as it is in a model that would be too large. */
const SMALL_STEPS = 20;
/** Functions that an assumption names; it counts the others. */
const NAMED = 3;
const FACTS = Env.of([["#inode.i_sb", { k: "nonzero" }]]);

export function operationSteps(request: OperationRequest): OperationSteps {
  const root = rootOf(request);
  if (root === null) return { procedures: [], assumptions: [`${request.operation} could not be read`] };
  const builder = new Builder(request);
  builder.lower(root, [INODE], 0);
  if (request.opensLarge === true) builder.openIfLarge(root);
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
  readonly #request: OperationRequest;
  /** By the function whose steps they are about. */
  readonly #assumptions = new Map<GraphNode, Set<string>>();
  /** Functions that are being lowered. */
  readonly #underWay = new Set<GraphNode>();
  readonly #opened: GraphNode[] = [];
  readonly #made = new Map<GraphNode, Omit<Procedure, "name"> | null>();
  readonly #nodes: GraphNode[] = [];
  /** What the effects in a function itself became. */
  readonly #ownEffects = new Map<GraphNode, Step[][]>();
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

  openIfLarge(root: GraphNode): void {
    const stepsOf = (name: string): readonly Step[] | null => {
      const node = nodeOf(name, this.#nodes);
      return node === null ? null : (this.#made.get(node)?.steps ?? null);
    };
    const sizeOf = (node: GraphNode): number => stepsInPlace(this.#made.get(node)?.steps ?? [], stepsOf);
    if (sizeOf(root) <= MAX_STEPS) return;
    const isOpened = (node: GraphNode): boolean =>
      node !== root && !this.#request.functions.has(node.expansion.body.name) && sizeOf(node) > SMALL_STEPS;
    const beside = this.#nodes.filter(isOpened);
    for (const node of beside) {
      const ways = [...this.#effectsBelow(node).values()];
      this.#made.set(node, { parameters: ["inode"], steps: [{ choose: [...ways, []] }] });
      this.#opened.push(node);
    }
  }

  get assumptions(): string[] {
    const opened = new Set(this.#opened);
    const said = new Set<string>();
    for (const [node, texts] of this.#assumptions) if (!opened.has(node)) for (const text of texts) said.add(text);
    if (this.#opened.length > 0) {
      const first = this.#opened.slice(0, NAMED).map((node) => `${node.expansion.body.name}()`);
      const more = this.#opened.length - first.length;
      const names = more > 0 ? `${first.join(", ")} and ${more} more` : first.join(", ");
      said.add(`${names}: each does one of what lies below it, or nothing; in place they take over ${MAX_STEPS} steps`);
    }
    return [...said];
  }

  #assume(node: GraphNode, text: string): void {
    const known = this.#assumptions.get(node);
    if (known === undefined) this.#assumptions.set(node, new Set([text]));
    else known.add(text);
  }

  /** By the words and the place that they stand at. */
  #effectsBelow(node: GraphNode, seen = new Set<GraphNode>()): Map<string, Step[]> {
    const found = new Map<string, Step[]>();
    if (seen.has(node)) return found;
    seen.add(node);
    for (const steps of this.#ownEffects.get(node) ?? []) found.set(JSON.stringify(steps), steps);
    for (const { target } of node.edges)
      for (const [key, steps] of this.#effectsBelow(target, seen)) found.set(key, steps);
    return found;
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
    this.#underWay.add(node);
    const flow = lowerFlow({
      body,
      mode,
      interpreter: facts.engine.interpreter,
      args,
      facts: FACTS,
      onCall: (event) => this.#call(node, event, depth),
      shared: this.#request.ties?.flow(body),
      ...(onBranch === undefined ? {} : { onBranch }),
      ...(onReturn === undefined ? {} : { onReturn: (at: number) => onReturn(body, at) }),
    });
    this.#underWay.delete(node);
    if (flow.steps.length === 0) return false;
    if (flow.cutsLoop) this.#assume(node, `loops of ${body.name}() run once`);
    this.#made.set(node, { parameters: ["inode"], locals: flow.locals, steps: flow.steps });
    return true;
  }

  #call(node: GraphNode, event: CallEvent, depth: number): Step[] {
    const { body } = node.expansion;
    const onInode = event.args.some((value) => value?.k === "symbol" && value.name.startsWith("#"));
    const source = { file: body.file.path, line: positionIn(body, event.call.at).line };
    const label = callText(body, event.call);
    const { callee } = event.call;
    const name = callee.k === "id" ? callee.name : "";
    const steps: Step[] = [...(this.#request.onCall?.(name, { body, event, onInode, label, source }) ?? [])];
    let settled = false;
    for (const effect of node.effects) {
      if (effect.event.call !== event.call) continue;
      const made = this.#request.onEffect(effect, { body, event, onInode, label, source });
      if (made === null) continue;
      steps.push(...made);
      this.#ownEffects.set(node, [...(this.#ownEffects.get(node) ?? []), [...made]]);
      settled ||= effect.kind === "clear" || effect.kind === "unhash" || effect.kind === "truncate";
    }
    if (settled || depth >= MAX_DEPTH) return steps;
    const ways: Step[][] = [];
    for (const edge of node.edges) {
      if (edge.event.call !== event.call || !this.#isWanted(edge.target, onInode)) continue;
      if (this.#underWay.has(edge.target)) {
        this.#assume(node, `${edge.target.expansion.body.name}() calls itself: that is left out`);
        continue;
      }
      if (!this.lower(edge.target, event.args, depth + 1)) continue;
      ways.push([
        { do: "skip()", label, source },
        { call: token(this.#nodes.indexOf(edge.target)), with: { inode: "inode" } },
      ]);
    }
    if (ways.length === 1) steps.push(...ways[0]!);
    else if (ways.length > 1) steps.push({ choose: ways });
    if (steps.length === 0 && depth === 0 && this.#isShown(node, event)) return [{ do: "skip()", label, source }];
    return steps;
  }

  #isShown(node: GraphNode, { call }: CallEvent): boolean {
    const { shows } = this.#request;
    if (shows === undefined) return false;
    const below = node.edges.flatMap(({ event, target }) => (event.call === call ? [...this.#kindsBelow(target)] : []));
    const own = node.effects.flatMap(({ event, kind }) => (event.call === call ? [kind] : []));
    return [...own, ...below].some((kind) => shows.has(kind));
  }

  #isWanted(target: GraphNode, onInode: boolean): boolean {
    if (this.#request.functions.has(target.expansion.body.name) || this.#takesBelow(target)) return true;
    return onInode && [...this.#kindsBelow(target)].some((kind) => this.#request.kinds.has(kind));
  }

  #takesBelow(root: GraphNode): boolean {
    const { facts, ties } = this.#request;
    if (ties === undefined || ties.names.size === 0) return false;
    const seen = new Set<GraphNode>([root]);
    for (const node of seen) {
      const { body } = node.expansion;
      for (const site of node.effects)
        if (takenBy(facts, { site, chain: [], doubt: site.doubt }).some(({ name }) => ties.names.has(name)))
          return true;
      // What a start does within is the start's own.
      if (!facts.engine.knowledge.transactions.has(body.name)) for (const { target } of node.edges) seen.add(target);
    }
    return false;
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

function nodeOf(name: string, nodes: readonly GraphNode[]): GraphNode | null {
  return name.startsWith("node_") ? (nodes[Number(name.slice("node_".length))] ?? null) : null;
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
