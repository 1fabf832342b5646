/**
 * The call graph of one filesystem's operations under one assumption about the task: nodes are functions with what is
 * known of their arguments, edges are calls that can be made, and each node has its effects.
 */
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { IndirectCalls } from "../callgraph/indirect.ts";
import type { LiveFunctions } from "../callgraph/live-functions.ts";
import type { Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, MacroRef } from "../callgraph/program.ts";
import { Fact, type Reads } from "../callgraph/reads.ts";
import type { TypeResolver } from "../callgraph/types.ts";
import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { bodyOf, type CallPlanner, type PlannedCall, plannerOf } from "./call-plan.ts";
import type { EffectSite } from "./effect.ts";
import { type Drawing, type Edge, GraphNode, isSameDrawing, isSameList, leadsToTheSame } from "./graph-node.ts";
import { argumentsKey, type CallEvent, type Expansion, type Interpreter, type Mode, serves } from "./interpreter.ts";
import type { Value } from "./value.ts";

export type { Edge, GraphNode } from "./graph-node.ts";

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
/** A graph that has given out more numbers than this for each of its nodes is made anew. */
const MAX_PLACES_PER_NODE = 4;

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
  /** Stale when anything in the graph is; what an edit did not touch is not noted again. */
  readonly fact = new Fact();
  readonly #engine: Engine;
  readonly #planner: CallPlanner;
  #nodes = new Map<Expansion, GraphNode>();
  /** Those of before an edit, until they are met again. */
  #known: ReadonlyMap<Expansion, GraphNode> = this.#nodes;
  /** The argument lists under which each function was met. */
  readonly #met = new Map<FunctionRef | MacroRef, Set<string>>();
  /** Called, and could not be read. */
  readonly #unreadable = new Set<FunctionRef | MacroRef>();
  readonly #roots: FunctionRef[] = [];
  readonly #pending: GraphNode[] = [];
  #limitHit = false;
  #isWhole = true;
  #places = 0;
  #traversal = 0;
  #version = 0;
  #effectsVersion = 0;
  /** What was found in a version before this one counts as changed. */
  #oldest = 0;
  /** Nodes that are not what they were before a version. */
  #renewed: { readonly version: number; readonly nodes: ReadonlySet<GraphNode> }[] = [];
  /** Nodes drawn again since the last version, with what they were in it. */
  #redrawn = new Map<GraphNode, Drawing>();
  /** There are nodes since the last version that were not there before. */
  #isLarger = false;
  #asksForTask = false;
  #asksForKswapd = false;

  constructor(engine: Engine, filesystem: Filesystem, mode: Mode) {
    this.#engine = engine;
    this.filesystem = filesystem;
    this.mode = mode;
    this.#planner = plannerOf(engine, filesystem);
    this.fact.isLasting = true;
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
    if (version < this.#oldest) return false;
    return !this.#renewed.some((each) => each.version > version && [...each.nodes].some((node) => nodes.has(node)));
  }

  /** In the order in which they are met on the way from the operations. */
  get nodes(): ReadonlyMap<Expansion, GraphNode> {
    return this.#nodes;
  }

  /** All nodes' numbers are smaller. */
  get places(): number {
    return this.#places;
  }

  /** The pointers that nothing is registered for, function by function. */
  get unresolved(): UnresolvedSite[] {
    const { reads } = this.#engine;
    const list = (): UnresolvedSite[] =>
      [...this.#nodes.keys()].flatMap((expansion) => this.#planner.planOf(expansion).unresolved);
    if (reads === null) return list();
    reads.read(this.fact);
    return reads.apart(list);
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
    if (this.#roots.includes(fn)) return this.#enter(fn);
    this.#roots.push(fn);
    const { reads } = this.#engine;
    const enter = (): GraphNode | null => this.#enter(fn);
    const node = reads === null ? enter() : reads.extend(this.fact, enter);
    this.#noteRedrawn();
    return node;
  }

  /**
   * After an edit: goes through the graph as if it were new, taking what the edit did not touch as it stands. False when
   * that is not easily done: then the graph is of no use any more.
   */
  refresh(roots: readonly FunctionRef[]): boolean {
    const { reads } = this.#engine;
    if (reads === null || this.#limitHit || !this.#isWhole || roots.some((fn, i) => fn !== this.#roots[i]))
      return false;
    if (this.#places > this.#nodes.size * MAX_PLACES_PER_NODE) return false;
    if (!this.fact.stale && roots.length === this.#roots.length) {
      reads.read(this.fact);
      return true;
    }
    this.#isWhole = false;
    this.#isWhole = reads.extend(this.fact, () => this.#renew(roots));
    return this.#isWhole;
  }

  /** It will not be refreshed any more. */
  retire(): void {
    this.fact.isLasting = false;
  }

  #renew(roots: readonly FunctionRef[]): boolean {
    for (const each of this.#unreadable) if (bodyOf(each, this.#engine.bodies) !== null) return false;
    const touched = this.#expandTouched();
    if (touched === null) return false;
    if (roots.length !== this.#roots.length || !this.#drawInPlace(touched)) this.#goThrough(roots);
    this.#noteRedrawn();
    return !this.#limitHit;
  }

  /** Expands anew what an edit touched; null when a function is not called as before. */
  #expandTouched(): GraphNode[] | null {
    const { bodies, interpreter } = this.#engine;
    const touched: GraphNode[] = [];
    for (const node of this.#nodes.values()) {
      const { expansion } = node;
      if (!expansion.fact.stale && this.#planner.freshPlanOf(expansion) === node.plan) continue;
      const body = bodyOf(expansion.body.definition, bodies);
      if (body === null || !interpreter.haveSameParameters(expansion.body, body)) return null;
      node.expansion = interpreter.expand(body, expansion.args, this.mode);
      node.plan = null;
      touched.push(node);
    }
    this.#setNodes([...this.#nodes.values()]);
    return touched;
  }

  #setNodes(nodes: readonly GraphNode[]): void {
    this.#nodes = new Map(nodes.map((node) => [node.expansion, node]));
    this.#known = this.#nodes;
    this.#asksForTask = nodes.some(({ expansion }) => expansion.asksForTask);
    this.#asksForKswapd = nodes.some(({ expansion }) => expansion.asksForKswapd);
  }

  /** Most edits leave a function's calls as they are: then the rest of the graph is what it was. False when they do not. */
  #drawInPlace(touched: readonly GraphNode[]): boolean {
    for (const node of touched) {
      const { calls, cut } = node;
      this.#draw(node, node.depth >= MAX_CHAIN - 1);
      const isSame = isSameList(calls, node.calls, (a, b) => a.target === b.target && a.key === b.key);
      if (!isSame || cut !== node.cut || this.#pending.length > 0) return false;
    }
    return true;
  }

  #goThrough(roots: readonly FunctionRef[]): void {
    this.#pending.length = 0;
    this.#nodes = new Map();
    this.#met.clear();
    this.#traversal++;
    this.#asksForTask = false;
    this.#asksForKswapd = false;
    this.#roots.length = roots.length;
    for (const root of roots) this.#enter(root);
    this.#known = this.#nodes;
  }

  #enter(fn: FunctionRef): GraphNode | null {
    const body = this.#bodyOf(fn);
    const node = body === null ? null : this.#make(body, [], 0);
    // Breadth first: each function is met by the shortest way.
    for (let i = 0; i < this.#pending.length; i++) this.#complete(this.#pending[i]!);
    this.#pending.length = 0;
    return node;
  }

  #bodyOf(definition: FunctionRef | MacroRef): Body | null {
    const body = bodyOf(definition, this.#engine.bodies);
    if (body === null) this.#unreadable.add(definition);
    return body;
  }

  #make(body: Body, args: readonly Value[], depth: number): GraphNode | null {
    return this.#meet(this.#engine.interpreter.expand(body, args, this.mode), depth);
  }

  #meet(expansion: Expansion, depth: number): GraphNode | null {
    let node = this.#nodes.get(expansion) ?? this.#known.get(expansion);
    if (node === undefined) node = new GraphNode(this.#places++, expansion, depth);
    return this.#arrive(node, depth) ? node : null;
  }

  /** False when there are too many nodes. */
  #arrive(node: GraphNode, depth: number): boolean {
    if (node.seen !== this.#traversal) {
      if (this.#nodes.size >= MAX_NODES) {
        this.#limitHit = true;
        return false;
      }
      node.seen = this.#traversal;
      node.depth = depth;
      this.#asksForTask ||= node.expansion.asksForTask;
      this.#asksForKswapd ||= node.expansion.asksForKswapd;
      this.#nodes.set(node.expansion, node);
      this.#pending.push(node);
    } else if (node.cut && depth < node.depth) {
      // Another operation gets here by a shorter way: what was left out is within reach now.
      node.depth = depth;
      this.#pending.push(node);
    }
    return true;
  }

  #complete(node: GraphNode): void {
    const isTooDeep = node.depth >= MAX_CHAIN - 1;
    if (node.plan === null || (isTooDeep ? node.edges.length > 0 : node.cut) || !this.#goOn(node))
      this.#draw(node, isTooDeep);
  }

  /** Goes where a drawn node leads; false when one of its calls leads elsewhere now. */
  #goOn(node: GraphNode): boolean {
    for (const { target, key } of node.calls) {
      const { expansion } = target;
      if (this.#isMet(expansion.body.definition, key) !== (key === "" || expansion.args.length > 0)) return false;
      this.#arrive(target, node.depth + 1);
    }
    return true;
  }

  #draw(node: GraphNode, isTooDeep: boolean): void {
    const isNew = node.isBlank;
    if (!isNew && !this.#redrawn.has(node)) {
      const { edges, effects, callbacks, calls } = node;
      this.#redrawn.set(node, { edges, effects, callbacks, calls });
    }
    const callbacks: Edge[] = [];
    const effects: EffectSite[] = [];
    const inOrder: Edge[] = [];
    node.cut = false;
    const plan = this.#planner.planOf(node.expansion);
    for (const call of plan.calls) {
      if (call.k === "effect") effects.push(call.site);
      else if (call.k === "callback") {
        const edge = this.#callback(call, node.depth + 1);
        if (edge === null) continue;
        callbacks.push(edge);
        inOrder.push(edge);
      } else if (isTooDeep) node.cut = true;
      else {
        const edge = this.#follow(call, node.depth + 1);
        if (edge === null) continue;
        inOrder.push(edge);
      }
    }
    node.edges = callbacks.length === 0 ? inOrder : inOrder.filter((edge) => !callbacks.includes(edge));
    node.effects = effects;
    node.callbacks = callbacks;
    node.calls = inOrder;
    node.plan = plan;
    if (isNew && inOrder.length + effects.length > 0) this.#isLarger = true;
  }

  #callback({ event, function: fn, name }: PlannedCall & { k: "callback" }, depth: number): Edge | null {
    const body = this.#bodyOf(fn);
    const target = body === null ? null : this.#make(body, [], depth);
    return target === null ? null : { event, target, via: name, doubt: null, key: "" };
  }

  /** What a graph before this one found of the call is taken where it is the same in this one. */
  #follow(call: PlannedCall & { k: "edge" }, depth: number): Edge | null {
    const { event, via, doubt, last } = call;
    const { reads, interpreter } = this.#engine;
    // The expansion is stale when the text of the function has changed.
    if (last !== null && !last.expansion.fact.stale && serves(last.expansion, this.mode)) {
      const { expansion, key } = last;
      if (this.#isMet(call.target, key)) {
        reads?.read(expansion.fact);
        const target = this.#meet(expansion, depth);
        return target === null ? null : { event, target, via, doubt, key };
      }
    }
    const body = this.#bodyOf(call.target);
    if (body === null) return null;
    const known = interpreter.relevantArguments(body, event.args);
    const key = argumentsKey(known);
    const isMet = this.#isMet(call.target, key);
    const target = isMet
      ? this.#meet(interpreter.expandKnown(body, known, key, this.mode), depth)
      : this.#make(body, [], depth);
    if (target === null) return null;
    if (isMet) call.last = { expansion: target.expansion, key };
    return { event, target, via, doubt, key };
  }

  /** Notes an argument list; beyond so many of one function its arguments are forgotten, and this is false. */
  #isMet(definition: FunctionRef | MacroRef, key: string): boolean {
    if (key === "") return true;
    let met = this.#met.get(definition);
    if (met === undefined) {
      met = new Set();
      this.#met.set(definition, met);
    }
    if (met.size < MAX_CONTEXTS_OF_A_BODY) met.add(key);
    return met.has(key);
  }

  #noteRedrawn(): void {
    const nodes = new Set<GraphNode>();
    let isSame = !this.#isLarger;
    for (const [node, before] of this.#redrawn) {
      if (isSameDrawing(node, before)) continue;
      nodes.add(node);
      isSame &&= leadsToTheSame(node, before);
    }
    this.#redrawn.clear();
    if (nodes.size === 0 && !this.#isLarger) return;
    this.#isLarger = false;
    if (!isSame) this.#effectsVersion++;
    this.#version++;
    if (nodes.size === 0) return;
    this.#renewed.push({ version: this.#version, nodes });
    if (this.#renewed.length > MAX_RENEWALS) this.#oldest = this.#renewed.shift()!.version;
  }
}
