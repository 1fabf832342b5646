/**
 * The call graph of one filesystem's operations under one assumption about the task: nodes are functions with what is
 * known of their arguments, edges are calls that can be made, and each node has its effects.
 */
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { IndirectCalls } from "../callgraph/indirect.ts";
import type { LiveFunctions } from "../callgraph/live-functions.ts";
import type { Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, MacroRef } from "../callgraph/program.ts";
import type { Reads } from "../callgraph/reads.ts";
import type { TypeResolver } from "../callgraph/types.ts";
import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { bodyOf, type CallPlanner, type PlannedCall, plannerOf } from "./call-plan.ts";
import type { EffectSite } from "./effect.ts";
import { maskOf } from "./effects-below.ts";
import { argumentsKey, type CallEvent, type Expansion, type Interpreter, type Mode } from "./interpreter.ts";
import type { Value } from "./value.ts";

export interface Edge {
  readonly event: CallEvent;
  readonly target: GraphNode;
  /** The pointer as written, for an indirect call. */
  readonly via: string | null;
  readonly doubt: string | null;
}

export interface GraphNode {
  /** How many nodes there were before it. */
  readonly place: number;
  expansion: Expansion;
  /** Calls from the nearest operation. */
  depth: number;
  /** Calls were left out because the chain would have become too long. */
  cut: boolean;
  edges: Edge[];
  effects: EffectSite[];
  /** Functions handed to call_rcu(): they run later. */
  callbacks: Edge[];
}

export interface UnresolvedSite {
  readonly body: Body;
  readonly event: CallEvent;
  readonly expression: string;
}

/** Limits are counts, so that editor and command line agree. */
export const MAX_NODES = 60_000;
/**
 * Calls of a chain. A longer one hangs on more conditions than anybody has checked together: on Linux 6.12 none of those
 * that were looked at could happen (an NFS open context's last reference dropped by the truncation of an inode that it pins).
 */
export const MAX_CHAIN = 16;

const MAX_CONTEXTS_OF_A_BODY = 16;
const MAX_RENEWALS = 100;

export interface Engine {
  readonly bodies: FunctionBodies;
  readonly lookup: Lookup;
  readonly types: TypeResolver;
  readonly indirect: IndirectCalls;
  readonly interpreter: Interpreter;
  readonly knowledge: Knowledge;
  readonly live: LiveFunctions;
  /** Where edits are followed. */
  readonly reads: Reads | null;
}

export class EffectGraph {
  readonly filesystem: Filesystem;
  readonly mode: Mode;
  #nodes = new Map<Expansion, GraphNode>();
  readonly #engine: Engine;
  readonly #planner: CallPlanner;
  /** The argument lists under which each function was met. */
  readonly #met = new Map<FunctionRef | MacroRef, Set<string>>();
  readonly #roots: FunctionRef[] = [];
  #limitHit = false;
  #version = 0;
  #effectsVersion = 0;
  #grown = 0;
  /** Nodes that took an edited function's new text. */
  #renewed: { readonly version: number; readonly nodes: ReadonlySet<GraphNode> }[] = [];
  #asksForTask = false;
  #asksForKswapd = false;

  constructor(engine: Engine, filesystem: Filesystem, mode: Mode) {
    this.#engine = engine;
    this.filesystem = filesystem;
    this.mode = mode;
    this.#planner = plannerOf(engine, filesystem);
  }

  /** Changes with everything in the graph. */
  get version(): number {
    return this.#version;
  }

  /** Changes when a node has effects of other kinds, or leads elsewhere. */
  get effectsVersion(): number {
    return this.#effectsVersion;
  }

  /** Whether none of these nodes changed since the graph had this version. */
  isAsOf(version: number, nodes: ReadonlySet<GraphNode>): boolean {
    if (version < this.#grown) return false;
    return !this.#renewed.some((each) => each.version > version && [...each.nodes].some((node) => nodes.has(node)));
  }

  get nodes(): ReadonlyMap<Expansion, GraphNode> {
    return this.#nodes;
  }

  /** The pointers that nothing is registered for, function by function. */
  get unresolved(): UnresolvedSite[] {
    return [...this.#nodes.keys()].flatMap((expansion) => this.#planner.planOf(expansion).unresolved);
  }

  get limitHit(): boolean {
    return this.#limitHit;
  }

  /** Whether any function of it looks at the task's flags. */
  get asksForTask(): boolean {
    return this.#asksForTask;
  }

  /** ... and asks whether the task is kswapd. */
  get asksForKswapd(): boolean {
    return this.#asksForKswapd;
  }

  /** The node of a function called with unknown arguments; null when it cannot be parsed. */
  root(fn: FunctionRef): GraphNode | null {
    const body = this.#engine.bodies.of(fn);
    if (!this.#roots.includes(fn)) this.#roots.push(fn);
    return body === null ? null : this.#nodeOf(body, []);
  }

  /**
   * After an edit: puts what changed inside functions in place, when every function that was met still leads to the same
   * ones. False when it does not, or when that is not easily told: then the graph is of no use any more.
   */
  refresh(roots: readonly FunctionRef[]): boolean {
    if (this.#limitHit || roots.length !== this.#roots.length || roots.some((fn, i) => fn !== this.#roots[i]))
      return false;
    const { reads, bodies, interpreter } = this.#engine;
    const renewed = new Map<Expansion, Expansion>();
    for (const { expansion, cut } of this.#nodes.values()) {
      if (!expansion.fact.stale && this.#planner.isFresh(expansion)) {
        reads?.read(expansion.fact);
        this.#planner.planOf(expansion);
        continue;
      }
      const body = bodyOf(expansion.body.definition, bodies);
      if (cut || body === null || !interpreter.haveSameParameters(expansion.body, body)) return false;
      renewed.set(expansion, interpreter.expand(body, expansion.args, this.mode));
    }
    const drafts = new Map<GraphNode, GraphNode>();
    for (const [old, now] of renewed) {
      const node = this.#nodes.get(old)!;
      const draft = this.#drawAgain(node, now, renewed);
      if (draft === null) return false;
      drafts.set(node, draft);
    }
    const kinds = ({ effects }: GraphNode): number => maskOf(effects.map(({ kind }) => kind));
    for (const [node, draft] of drafts) {
      if (kinds(node) !== kinds(draft)) this.#effectsVersion++;
      Object.assign(node, draft);
    }
    const nodes = [...this.#nodes.values()];
    this.#nodes = new Map(nodes.map((node) => [node.expansion, node]));
    this.#asksForTask = nodes.some((node) => node.expansion.asksForTask);
    this.#asksForKswapd = nodes.some((node) => node.expansion.asksForKswapd);
    if (drafts.size > 0) this.#renewed.push({ version: ++this.#version, nodes: new Set(drafts.keys()) });
    // What is older than the oldest that is remembered counts as changed.
    if (this.#renewed.length > MAX_RENEWALS) this.#grown = this.#renewed.shift()!.version;
    return true;
  }

  /** A node as it is made from a function's new text; null when it leads elsewhere than before. */
  #drawAgain(node: GraphNode, now: Expansion, renewed: ReadonlyMap<Expansion, Expansion>): GraphNode | null {
    const edges: Edge[] = [];
    const callbacks: Edge[] = [];
    const effects: EffectSite[] = [];
    for (const call of this.#planner.planOf(now).calls) {
      if (call.k === "effect") {
        effects.push(call.site);
        continue;
      }
      const isCallback = call.k === "callback";
      const list = isCallback ? callbacks : edges;
      const body = bodyOf(isCallback ? call.function : call.target, this.#engine.bodies);
      if (body === null) continue;
      const before = (isCallback ? node.callbacks : node.edges)[list.length];
      const expansion = this.#known(body, isCallback ? [] : call.event.args);
      if (before === undefined || expansion === null) return null;
      const target = before.target.expansion;
      if ((renewed.get(target) ?? target) !== expansion) return null;
      const [via, doubt] = isCallback ? [call.name, null] : [call.via, call.doubt];
      list.push({ event: call.event, target: before.target, via, doubt });
    }
    if (edges.length !== node.edges.length || callbacks.length !== node.callbacks.length) return null;
    return { place: node.place, depth: node.depth, cut: node.cut, expansion: now, edges, effects, callbacks };
  }

  /** The expansion of a call whose arguments this graph has met; null otherwise. */
  #known(body: Body, args: readonly Value[]): Expansion | null {
    const { interpreter } = this.#engine;
    const key = argumentsKey(interpreter.relevantArguments(body, args));
    if (key !== "" && !this.#met.get(body.definition)?.has(key)) return null;
    return interpreter.expand(body, args, this.mode);
  }

  #nodeOf(body: Body, args: readonly Value[]): GraphNode | null {
    const first = this.#make(body, args, 0);
    // Breadth first: each function is met by the shortest way.
    for (let i = 0; i < this.#pending.length; i++) this.#complete(this.#pending[i]!);
    this.#pending.length = 0;
    return first;
  }

  readonly #pending: GraphNode[] = [];

  #make(body: Body, args: readonly Value[], depth: number): GraphNode | null {
    return this.#meet(this.#engine.interpreter.expand(body, this.#limited(body, args), this.mode), depth);
  }

  /** The target of a planned call. What a graph before this one found is taken where it was met in this one, too. */
  #follow(call: PlannedCall & { k: "edge" }, body: Body, depth: number): GraphNode | null {
    const { last } = call;
    if (last !== null && last.mode === this.mode && last.expansion.body === body && !last.expansion.fact.stale)
      if (this.#nodes.has(last.expansion)) {
        this.#engine.reads?.read(last.expansion.fact);
        return this.#meet(last.expansion, depth);
      }
    const node = this.#make(body, call.event.args, depth);
    if (node !== null) call.last = { mode: this.mode, expansion: node.expansion };
    return node;
  }

  #meet(expansion: Expansion, depth: number): GraphNode | null {
    let node = this.#nodes.get(expansion);
    if (node === undefined) {
      if (this.#nodes.size >= MAX_NODES) {
        this.#limitHit = true;
        return null;
      }
      this.#asksForTask ||= expansion.asksForTask;
      this.#asksForKswapd ||= expansion.asksForKswapd;
      node = { place: this.#nodes.size, expansion, depth, cut: false, edges: [], effects: [], callbacks: [] };
      this.#nodes.set(expansion, node);
      this.#pending.push(node);
    } else if (node.cut && depth < node.depth) {
      // Another operation gets here by a shorter way: what was left out is within reach now.
      node.depth = depth;
      node.cut = false;
      node.edges.length = 0;
      node.effects.length = 0;
      node.callbacks.length = 0;
      this.#pending.push(node);
    }
    return node;
  }

  /** Beyond so many different argument lists of one function its arguments are forgotten. */
  #limited(body: Body, args: readonly Value[]): readonly Value[] {
    if (args.length === 0) return args;
    const key = argumentsKey(this.#engine.interpreter.relevantArguments(body, args));
    if (key === "") return args;
    let met = this.#met.get(body.definition);
    if (met === undefined) {
      met = new Set();
      this.#met.set(body.definition, met);
    }
    if (met.has(key)) return args;
    if (met.size >= MAX_CONTEXTS_OF_A_BODY) return [];
    met.add(key);
    return args;
  }

  #complete(node: GraphNode): void {
    this.#effectsVersion++;
    this.#grown = ++this.#version;
    const { calls } = this.#planner.planOf(node.expansion);
    for (const call of calls) {
      if (call.k === "effect") node.effects.push(call.site);
      else if (call.k === "callback") {
        const body = this.#engine.bodies.of(call.function);
        const target = body === null ? null : this.#make(body, [], node.depth + 1);
        if (target !== null) node.callbacks.push({ event: call.event, target, via: call.name, doubt: null });
      } else if (!this.#isTooDeep(node)) {
        const body = bodyOf(call.target, this.#engine.bodies);
        const target = body === null ? null : this.#follow(call, body, node.depth + 1);
        if (target !== null) node.edges.push({ event: call.event, target, via: call.via, doubt: call.doubt });
      }
    }
  }

  #isTooDeep(node: GraphNode): boolean {
    if (node.depth < MAX_CHAIN - 1) return false;
    node.cut = true;
    return true;
  }
}
