/**
 * The typestate of the inode under eviction, along every path of an operation and of what it calls: are its pages gone,
 * has clear_inode() run, is it unhashed, has work been queued? Paths that differ in one of these are kept apart, and
 * so is what is known of values on each (i_nlink, constants).
 */
import { Fact } from "../callgraph/reads.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { Expr, Step } from "../ir/ir.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import { plannerOf } from "./call-plan.ts";
import type { Edge, EffectGraph, Engine, GraphNode } from "./effect-graph.ts";
import { type EffectsBelow, effectsBelowOf, kindsOf, maskOf } from "./effects-below.ts";
import { Env } from "./env.ts";
import { argumentsKey, type CallEvent } from "./interpreter.ts";
import { afterEffect, afterRemoving, CLEARED, NO_PAGES, type TypeState, UNHASHED } from "./state-change.ts";
import type { Value } from "./value.ts";
import { idOf, isPure, type KeptSummaries, keptOf, type Reported, type Summary, type Walking } from "./walk-summary.ts";

export { CLEARED, NO_PAGES, PAGES_GONE, QUEUED, type TypeState, UNHASHED, WOKEN } from "./state-change.ts";

export const INODE: Value = { k: "symbol", name: "#inode" };

/** A place where the typestate matters, with the calls from the operation down to it. */
export interface StateEvent {
  readonly kind: EffectKind | "exit";
  readonly state: TypeState;
  readonly body: Body;
  /** Null for the end of the operation. */
  readonly event: CallEvent | null;
  /** Offset in `body`'s text. */
  readonly at: number;
  readonly primitive: string;
  /** Whether it concerns the inode under eviction itself, as far as the arguments tell. */
  readonly onInode: boolean;
  /** The calls that lead here, outermost first; empty in the operation itself. */
  readonly stack: readonly CallFrame[];
  readonly guard: number;
}

export interface CallFrame {
  readonly body: Body;
  readonly event: CallEvent;
  readonly via: string | null;
}

/** Told of every step that a walk takes, with the typestate before and those after it. */
export type StepObserver = (body: Body, step: number, before: TypeState, after: readonly TypeState[]) => void;

const INTERESTING: ReadonlySet<EffectKind> = new Set([
  "clear",
  "truncate",
  "remove-folios",
  "unhash",
  "wake",
  "dirty",
  "defer",
]);
const INTERESTING_MASK = maskOf(INTERESTING);
const PROTOCOL_MASK = maskOf(["clear", "unhash", "truncate"]);
const TRUNCATE_MASK = maskOf(["truncate"]);
const DEFER_MASK = maskOf(["defer"]);
const MAX_DEPTH = 12;
/** Exploration of one operation stops after this many steps; the operation is then marked as uncertain. */
const MAX_WORK = 400_000;

export class TypestateWalk {
  readonly events: StateEvent[] = [];
  readonly #engine: Engine;
  readonly #graph: EffectGraph;
  readonly #below: EffectsBelow;
  /** Null: under way. */
  readonly #summaries = new Map<string, Summary | null>();
  readonly #kept: KeptSummaries | null;
  #work = 0;

  readonly #tracksQueueing: boolean;
  readonly #observer: StepObserver | null;

  /** `tracksQueueing`: whether paths that queue work are to be told from those that don't (->evict_inode_async). */
  constructor(engine: Engine, graph: EffectGraph, tracksQueueing: boolean, observer: StepObserver | null = null) {
    this.#engine = engine;
    this.#observer = observer;
    this.#graph = graph;
    this.#tracksQueueing = tracksQueueing;
    this.#below = effectsBelowOf(graph);
    this.#kept = engine.reads === null || observer !== null ? null : keptOf(engine, graph.filesystem, tracksQueueing);
  }

  get limitHit(): boolean {
    return this.#work > MAX_WORK;
  }

  /** Walks an operation whose first parameter is the inode; `state` is what holds when it is called. */
  run(root: GraphNode, state: TypeState): void {
    const { body } = root.expansion;
    this.#walk(body, root, [INODE], Env.of([["#inode.i_sb", { k: "nonzero" }]]), state, [], {
      summary: null,
      cut: new Set(),
    });
    this.#kept?.prune();
  }

  /** The effects that lie below a node of the graph. */
  reaches(node: GraphNode): ReadonlySet<EffectKind> {
    return kindsOf(this.#below.of(node));
  }

  #walk(
    body: Body,
    node: GraphNode,
    args: readonly Value[],
    facts: Env,
    entry: TypeState,
    stack: readonly CallFrame[],
    walking: Walking,
  ): ReadonlySet<TypeState> {
    const { interpreter } = this.#engine;
    const start = Env.of(interpreter.entryEnv(body, args), facts);
    const exits = new Set<TypeState>();
    const { steps } = body.ir;
    // One environment for each step and typestate: paths with different typestates never mix.
    const envs: (Map<TypeState, Env> | undefined)[] = new Array(steps.length).fill(undefined);
    envs[body.ir.entry] = new Map([[entry, start]]);
    // Pairs: a step, and a typestate.
    const work: number[] = [body.ir.entry, entry];
    const reported: Reported = { keys: new Set(), walking };
    while (work.length > 0) {
      const state: TypeState = work.pop()!;
      const at = work.pop()!;
      if (++this.#work > MAX_WORK) break;
      if (walking.summary !== null) walking.summary.work++;
      const step = steps[at]!;
      const env = envs[at]!.get(state)!;
      const { calls, successors } = interpreter.take(step, env, body, this.#graph.mode);
      const after = this.#statesAfter(calls, body, node, env, state, stack, reported);
      this.#observer?.(body, at, state, after);
      if (step.k === "return") {
        for (const exit of after) {
          exits.add(exit);
          if (stack.length === 0)
            this.#report(
              {
                kind: "exit",
                state: exit,
                body,
                event: null,
                at: step.at,
                primitive: "",
                onInode: true,
                stack,
                guard: step.guard,
              },
              reported,
            );
        }
        continue;
      }
      // By number: an iterator makes an object for each turn until the engine has compiled the loop, and these are many.
      for (let s = 0; s < successors.length; s++) {
        const to = successors[s]![0];
        const next = successors[s]![1];
        // Whoever observes is told of the steps that do nothing, too.
        const target = this.#observer === null ? interpreter.landing(body, to) : to;
        if (target < 0) continue;
        for (let a = 0; a < after.length; a++) {
          const out = after[a]!;
          const marked = step.k === "branch" ? out | this.#emptyMapping(step, to === step.yes) : out;
          let states = envs[target];
          if (states === undefined) {
            states = new Map();
            envs[target] = states;
          }
          const before = states.get(marked);
          const joined = before === undefined ? next : before.join(next);
          if (before !== undefined && joined === before) continue;
          states.set(marked, joined);
          work.push(target, marked);
        }
      }
    }
    return exits;
  }

  /** `is_bad_inode(inode)` came out true: no page cache on this way. */
  #emptyMapping(step: Step & { k: "branch" }, holds: boolean): TypeState {
    const { emptyWhenTrue, emptyWhenFalse } = this.#engine.knowledge;
    const says = (test: Expr, when: boolean): boolean =>
      test.k === "call" && test.callee.k === "id" && (when ? emptyWhenTrue : emptyWhenFalse).has(test.callee.name);
    if (says(step.test, holds)) return NO_PAGES;
    if (!holds && step.test.k === "field" && this.#engine.knowledge.emptyMembers.has(step.test.name)) return NO_PAGES;
    // `is_bad_inode(inode) || !ip->blkno`: whichever operand it was, the inode is one that never came to life.
    return holds === step.sense && operandsOfOr(step.whole).some((operand) => says(operand, true)) ? NO_PAGES : 0;
  }

  #statesAfter(
    calls: readonly CallEvent[],
    body: Body,
    node: GraphNode,
    env: Env,
    state: TypeState,
    stack: readonly CallFrame[],
    reported: Reported,
  ): TypeState[] {
    let states: TypeState[] = [state];
    for (let c = 0; c < calls.length; c++) {
      const call = calls[c]!;
      if (states.length === 1) {
        states = this.#call(call, body, node, env, states[0]!, stack, reported);
        continue;
      }
      const next = new Set<TypeState>();
      for (const each of states)
        for (const out of this.#call(call, body, node, env, each, stack, reported)) next.add(out);
      states = [...next];
    }
    return states;
  }

  #call(
    call: CallEvent,
    body: Body,
    node: GraphNode,
    env: Env,
    state: TypeState,
    stack: readonly CallFrame[],
    reported: Reported,
  ): TypeState[] {
    let out = state;
    let handled = false;
    for (const effect of node.effects) {
      if (effect.event.call !== call.call) continue;
      const onInode = call.args.some((value) => value?.k === "symbol" && value.name.startsWith("#"));
      this.#report(
        {
          kind: effect.kind,
          state: out,
          body,
          event: call,
          at: call.call.at,
          primitive: effect.primitive,
          onInode,
          stack,
          guard: call.guard,
        },
        reported,
      );
      if (effect.kind !== "defer" || this.#tracksQueueing) out = afterEffect(effect.kind, out, call, onInode);
      handled ||= effect.kind === "clear" || effect.kind === "unhash" || effect.kind === "truncate";
    }
    if (handled) return [out];
    let exits: Set<TypeState> | null = null;
    for (let place = 0; place < node.edges.length; place++) {
      const edge = node.edges[place]!;
      if (edge.event.call !== call.call) continue;
      exits ??= new Set();
      for (const exit of this.#descend(edge, place, call, body, env, out, stack, reported)) exits.add(exit);
    }
    return exits === null || exits.size === 0 ? [out] : [...exits];
  }

  #descend(
    edge: Edge,
    place: number,
    call: CallEvent,
    body: Body,
    env: Env,
    state: TypeState,
    stack: readonly CallFrame[],
    reported: Reported,
  ): Iterable<TypeState> {
    const mask = this.#below.of(edge.target);
    const takesInode = call.args.some((value) => value?.k === "symbol" && value.name.startsWith("#"));
    const callee = edge.target.expansion.body;
    const frame: CallFrame = { body, event: call, via: edge.via };
    if ((state & UNHASHED) !== 0)
      for (const kind of kindsOf(mask))
        if (!INTERESTING.has(kind) || !takesInode)
          this.#report(
            {
              kind,
              state,
              body,
              event: call,
              at: call.call.at,
              primitive: "",
              onInode: false,
              stack,
              guard: call.guard,
            },
            reported,
          );
    if (!takesInode || (mask & INTERESTING_MASK) === 0) return [state];
    const { walking } = reported;
    if (stack.length >= MAX_DEPTH) {
      if (walking.summary !== null) walking.summary.isLimited = true;
      return [state];
    }
    if (
      (mask & PROTOCOL_MASK) === 0 &&
      (state & (CLEARED | UNHASHED)) === 0 &&
      !(this.#tracksQueueing && (mask & DEFER_MASK) !== 0)
    )
      return [afterRemoving(mask, state)];
    const facts = Env.of();
    let key = `${idOf(callee)}|${state}|${this.#graph.mode.name}:${argumentsKey(call.args)}|`;
    for (const [name, value] of env)
      if (name.startsWith("#")) {
        facts.set(name, value);
        key += `${name}=${value?.k}${value?.k === "bits" ? value.bits : ""},`;
      }
    const known = this.#summaries.get(key);
    if (known === null) {
      // Recursion: what the other way out does counts.
      walking.cut.add(key);
      return [state];
    }
    const deeper = [...stack, frame];
    const summary =
      known ?? this.#replay(key, edge.target, deeper) ?? this.#sumUp(key, edge.target, call.args, facts, state, deeper);
    this.#engine.reads?.read(summary.fact);
    const isFirst = known === undefined;
    const outer = walking.summary;
    if (outer !== null) {
      outer.items.push({ summary, frame, edge: place, isFirst });
      if (isFirst) {
        outer.height = Math.max(outer.height, summary.height + 1);
        outer.isLimited ||= summary.isLimited;
      }
    }
    if (isFirst) for (const each of summary.cut) walking.cut.add(each);
    return summary.exits;
  }

  /** Walks a callee. */
  #sumUp(
    key: string,
    node: GraphNode,
    args: readonly Value[],
    facts: Env,
    state: TypeState,
    stack: readonly CallFrame[],
  ): Summary {
    const { reads } = this.#engine;
    const summary: Summary = {
      key,
      expansion: node.expansion,
      exits: new Set(),
      items: [],
      below: node.edges.map((edge) => this.#below.of(edge.target)),
      fact: new Fact(),
      work: 0,
      height: 0,
      level: stack.length,
      isLimited: false,
      cut: new Set(),
    };
    const walking: Walking = { summary, cut: new Set() };
    const walk = (): ReadonlySet<TypeState> => {
      reads?.read(node.expansion.fact);
      plannerOf(this.#engine, this.#graph.filesystem).planOf(node.expansion);
      return this.#walk(node.expansion.body, node, args, facts, state, stack, walking);
    };
    this.#summaries.set(key, null);
    const exits = reads === null ? walk() : reads.track(summary.fact, walk);
    const mask = this.#below.of(node);
    const settled = new Set<TypeState>();
    for (const exit of exits) settled.add((mask & TRUNCATE_MASK) !== 0 ? exit : afterRemoving(mask, exit));
    summary.exits = settled;
    walking.cut.delete(key);
    summary.cut = walking.cut;
    this.#summaries.set(key, summary);
    if (!this.limitHit) this.#kept?.add(summary);
    return summary;
  }

  /** What was found of this callee in an earlier review, when nothing that it was found from has changed; null otherwise. */
  #replay(key: string, node: GraphNode, stack: readonly CallFrame[]): Summary | null {
    for (const kept of this.#kept?.get(key) ?? []) {
      const entered = new Map<string, Summary | null>();
      if (!this.#isValid(kept, node, stack.length, entered)) continue;
      let work = this.#work;
      for (const each of entered.values()) work += each?.work ?? 0;
      if (work > MAX_WORK) return null;
      this.#enter(kept, stack);
      return kept;
    }
    return null;
  }

  /** Whether a walk would give this again. `entered`: what has been summed up by then, beside what has been already. */
  #isValid(summary: Summary, node: GraphNode, level: number, entered: Map<string, Summary | null>): boolean {
    const { below, items, cut } = summary;
    if (summary.fact.stale || summary.expansion !== node.expansion || below.length !== node.edges.length) return false;
    if (summary.isLimited ? level !== summary.level : level + summary.height > MAX_DEPTH) return false;
    if (node.edges.some((edge, i) => this.#below.of(edge.target) !== below[i])) return false;
    const stateOf = (key: string): Summary | null | undefined =>
      entered.has(key) ? entered.get(key) : this.#summaries.get(key);
    for (const key of cut) if (stateOf(key) !== null) return false;
    entered.set(summary.key, null);
    for (const item of items) {
      if (!("summary" in item)) continue;
      const inner = item.summary;
      const now = stateOf(inner.key);
      // One that is under way gives another answer; so may one that was come to in another way.
      if (now === null) return false;
      if (now === inner || (now !== undefined && isPure(now) && isPure(inner))) continue;
      if (now !== undefined || !(item.isFirst || isPure(inner))) return false;
      if (!this.#isValid(inner, node.edges[item.edge]!.target, level + 1, entered)) return false;
    }
    entered.set(summary.key, summary);
    return true;
  }

  /** Reports what a kept summary holds, as if the callee had been walked. */
  #enter(summary: Summary, stack: readonly CallFrame[]): void {
    this.#summaries.set(summary.key, summary);
    this.#work += summary.work;
    for (const item of summary.items) {
      if (!("summary" in item)) this.events.push({ ...item, stack });
      else if (!this.#summaries.has(item.summary.key)) this.#enter(item.summary, [...stack, item.frame]);
    }
  }

  #report(event: StateEvent, { keys, walking }: Reported): void {
    const key = `${event.kind}|${event.state}|${event.at}|${event.primitive}`;
    if (keys.has(key)) return;
    keys.add(key);
    this.events.push(event);
    walking.summary?.items.push(event);
  }
}

function operandsOfOr(test: Expr): Expr[] {
  return test.k === "binary" && test.op === "||" ? [...operandsOfOr(test.left), ...operandsOfOr(test.right)] : [test];
}
