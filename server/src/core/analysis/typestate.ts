/**
 * The typestate of the inode under eviction, along every path of an operation and of what it calls: are its pages gone,
 * has clear_inode() run, is it unhashed, has work been queued? Paths that differ in one of these are kept apart, and
 * so is what is known of values on each (i_nlink, constants).
 */
import type { Body } from "../ir/function-bodies.ts";
import type { Expr, Step } from "../ir/ir.ts";
import type { EffectKind } from "../knowledge/knowledge.ts";
import type { Edge, EffectGraph, Engine, GraphNode } from "./effect-graph.ts";
import { type CallEvent, type Env, joinEnvs } from "./interpreter.ts";
import type { Value } from "./value.ts";

export const PAGES_GONE = 1;
export const CLEARED = 2;
export const UNHASHED = 4;
export const WOKEN = 8;
/** The mapping of this inode never holds a page (a bad inode, another kind of inode). */
export const NO_PAGES = 16;
export const QUEUED = 32;

export type TypeState = number;

export const INODE: Value = { k: "symbol", name: "#inode" };
const MAPPING = "#mapping";

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
const MAX_DEPTH = 12;
/** Exploration of one operation stops after this many steps; the operation is then marked as uncertain. */
const MAX_WORK = 400_000;

interface Summary {
  readonly exits: ReadonlySet<TypeState>;
}

export class TypestateWalk {
  readonly events: StateEvent[] = [];
  readonly #engine: Engine;
  readonly #graph: EffectGraph;
  readonly #reaches = new Map<GraphNode, ReadonlySet<EffectKind>>();
  readonly #summaries = new Map<string, Summary | null>();
  readonly #bodyIds = new Map<Body, number>();
  #work = 0;

  readonly #tracksQueueing: boolean;
  readonly #observer: StepObserver | null;

  /** `tracksQueueing`: whether paths that queue work are to be told from those that don't (->evict_inode_async). */
  constructor(engine: Engine, graph: EffectGraph, tracksQueueing: boolean, observer: StepObserver | null = null) {
    this.#engine = engine;
    this.#observer = observer;
    this.#graph = graph;
    this.#tracksQueueing = tracksQueueing;
  }

  get limitHit(): boolean {
    return this.#work > MAX_WORK;
  }

  /** Walks an operation whose first parameter is the inode; `state` is what holds when it is called. */
  run(root: GraphNode, state: TypeState): void {
    const { body } = root.expansion;
    this.#walk(body, root, [INODE], new Map([["#inode.i_sb", { k: "nonzero" }]]), state, []);
  }

  /** The effects that lie below a node of the graph. */
  reaches(node: GraphNode): ReadonlySet<EffectKind> {
    let known = this.#reaches.get(node);
    if (known !== undefined) return known;
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
    known = kinds;
    this.#reaches.set(node, known);
    return known;
  }

  #walk(
    body: Body,
    node: GraphNode,
    args: readonly Value[],
    facts: Env,
    entry: TypeState,
    stack: readonly CallFrame[],
  ): ReadonlySet<TypeState> {
    const { interpreter } = this.#engine;
    const start = new Map(interpreter.entryEnv(body, args));
    for (const [name, value] of facts) start.set(name, value);
    const exits = new Set<TypeState>();
    const { steps } = body.ir;
    // One environment for each step and typestate: paths with different typestates never mix.
    const envs = new Map<number, Map<TypeState, Env>>();
    envs.set(body.ir.entry, new Map([[entry, start]]));
    const work: [number, TypeState][] = [[body.ir.entry, entry]];
    const reported = new Set<string>();
    while (work.length > 0) {
      const [at, state] = work.pop()!;
      if (++this.#work > MAX_WORK) break;
      const step = steps[at]!;
      const env = envs.get(at)!.get(state)!;
      const after = this.#stepStates(step, body, node, env, state, stack, reported);
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
      for (const [target, next] of interpreter.successors(step, env, body, this.#graph.mode)) {
        if (target < 0) continue;
        for (const out of after) {
          const marked = step.k === "branch" ? out | this.#emptyMapping(step, target === step.yes) : out;
          const states = envs.get(target) ?? new Map<TypeState, Env>();
          envs.set(target, states);
          const before = states.get(marked);
          const joined = before === undefined ? next : joinEnvs(before, next);
          if (before !== undefined && joined === before) continue;
          states.set(marked, joined);
          work.push([target, marked]);
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

  #stepStates(
    step: Step,
    body: Body,
    node: GraphNode,
    env: Env,
    state: TypeState,
    stack: readonly CallFrame[],
    reported: Set<string>,
  ): TypeState[] {
    const calls: CallEvent[] = [];
    this.#engine.interpreter.transfer(step, env, body, this.#graph.mode, (event) => calls.push(event));
    let states: TypeState[] = [state];
    for (const call of calls) {
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
    reported: Set<string>,
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
    const edges = node.edges.filter((edge) => edge.event.call === call.call);
    if (edges.length === 0) return [out];
    const exits = new Set<TypeState>();
    for (const edge of edges)
      for (const exit of this.#descend(edge, call, body, env, out, stack, reported)) exits.add(exit);
    return exits.size === 0 ? [out] : [...exits];
  }

  #descend(
    edge: Edge,
    call: CallEvent,
    body: Body,
    env: Env,
    state: TypeState,
    stack: readonly CallFrame[],
    reported: Set<string>,
  ): Iterable<TypeState> {
    const below = this.reaches(edge.target);
    const takesInode = call.args.some((value) => value?.k === "symbol" && value.name.startsWith("#"));
    const callee = edge.target.expansion.body;
    const frame: CallFrame = { body, event: call, via: edge.via };
    if ((state & UNHASHED) !== 0)
      for (const kind of below)
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
    if (!takesInode || stack.length >= MAX_DEPTH || ![...below].some((kind) => INTERESTING.has(kind))) {
      return [state];
    }
    const touchesProtocol = below.has("clear") || below.has("unhash") || below.has("truncate");
    if (!touchesProtocol && (state & (CLEARED | UNHASHED)) === 0 && !(this.#tracksQueueing && below.has("defer")))
      return [afterRemoving(below, state)];
    const facts = new Map([...env].filter(([name]) => name.startsWith("#")));
    const key = `${this.#idOf(callee)}|${state}|${this.#engine.interpreter.keyOf(call.args, this.#graph.mode)}|${[...facts].map(([name, value]) => `${name}=${value?.k}${value?.k === "bits" ? value.bits : ""}`).join()}`;
    const known = this.#summaries.get(key);
    if (known === null) return [state]; // recursion: what the other way out does counts
    if (known !== undefined) return known.exits;
    this.#summaries.set(key, null);
    const exits = this.#walk(callee, edge.target, call.args, facts, state, [...stack, frame]);
    const settled = new Set<TypeState>();
    for (const exit of exits) settled.add(below.has("truncate") ? exit : afterRemoving(below, exit));
    this.#summaries.set(key, { exits: settled });
    return settled;
  }

  #idOf(body: Body): number {
    let id = this.#bodyIds.get(body);
    if (id === undefined) {
      id = this.#bodyIds.size;
      this.#bodyIds.set(body, id);
    }
    return id;
  }

  #report(event: StateEvent, reported: Set<string>): void {
    const key = `${event.kind}|${event.state}|${event.at}|${event.primitive}`;
    if (reported.has(key)) return;
    reported.add(key);
    this.events.push(event);
  }
}

function afterEffect(kind: EffectKind, state: TypeState, call: CallEvent, onInode: boolean): TypeState {
  switch (kind) {
    case "clear":
      return onInode ? state | CLEARED : state;
    case "truncate": {
      const mapping = call.args[0];
      const other =
        mapping !== undefined &&
        !(mapping.k === "symbol" && (mapping.name === MAPPING || mapping.name === "#inode")) &&
        mapping.k !== "nonzero";
      return other ? state : state | PAGES_GONE;
    }
    case "remove-folios":
      return state | PAGES_GONE;
    case "unhash":
      return onInode ? state | UNHASHED : state;
    case "wake":
      // Only a wake-up after the unhash counts, and only one of __I_NEW.
      return (state & UNHASHED) !== 0 && !wakesAnotherBit(call) ? state | WOKEN : state;
    case "defer":
      return state | QUEUED;
    default:
      return state;
  }
}

function wakesAnotherBit(call: CallEvent): boolean {
  return call.call.args.some((arg) => arg.k === "id" && /^__I_/.test(arg.name) && arg.name !== "__I_NEW");
}

/** Folios are removed one by one, in loops: a call that can do it, and nothing more, is taken to have emptied the mapping. */
function afterRemoving(below: ReadonlySet<EffectKind>, state: TypeState): TypeState {
  return below.has("remove-folios") ? state | PAGES_GONE : state;
}

function operandsOfOr(test: Expr): Expr[] {
  return test.k === "binary" && test.op === "||" ? [...operandsOfOr(test.left), ...operandsOfOr(test.right)] : [test];
}
