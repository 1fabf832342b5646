/** What the rules ask about one filesystem: its operations, what each can do and by which way, and the typestate. */
import type { Filesystem, OperationBinding } from "../callgraph/filesystem.ts";
import type { Program } from "../callgraph/program.ts";
import type { Body } from "../ir/function-bodies.ts";
import type { EvictionOperation } from "../report/finding.ts";
import { forgetPlans } from "./call-plan.ts";
import type { EffectSite } from "./effect.ts";
import { type Edge, EffectGraph, type Engine, type GraphNode, MAX_CHAIN } from "./effect-graph.ts";
import { type CallEvent, MODES, type Mode } from "./interpreter.ts";
import type { TreeContexts } from "./reclaim-roots.ts";
import { TypestateWalk } from "./typestate.ts";

/** From which an operation's findings set out. ->dirty_inode is reached from them, never a start of its own. */
export const STARTING_OPERATIONS: readonly EvictionOperation[] = [
  "evict_inode",
  "evict_inode_async",
  "destroy_inode",
  "free_inode",
  "drop_inode",
];

export interface Operation {
  readonly name: EvictionOperation;
  readonly binding: OperationBinding;
  readonly body: Body;
}

/** A call of the chain: made in `body` at `event`. */
export interface ChainStep {
  readonly body: Body;
  readonly event: CallEvent;
  readonly via: string | null;
}

/** An effect and the shortest way to it. */
export interface ReachedEffect {
  readonly site: EffectSite;
  /** The calls from the operation down; empty when the operation has the effect itself. */
  readonly chain: readonly ChainStep[];
  readonly doubt: string | null;
}

/** A call (or effect) in an operation's own body, with all that lies behind it. */
export interface Anchor {
  readonly operation: Operation;
  readonly event: CallEvent;
  readonly effects: readonly ReachedEffect[];
}

export class FilesystemFacts {
  readonly filesystem: Filesystem;
  readonly contexts: TreeContexts;
  readonly engine: Engine;
  readonly program: Program;
  readonly operations: readonly Operation[];
  readonly #graphs = new Map<Mode, EffectGraph>();
  readonly #anchors = new Map<string, readonly Anchor[]>();
  readonly #walks = new Map<EvictionOperation, TypestateWalk | null>();

  constructor(engine: Engine, program: Program, filesystem: Filesystem, contexts: TreeContexts) {
    this.engine = engine;
    this.program = program;
    this.filesystem = filesystem;
    this.contexts = contexts;
    const operations: Operation[] = [];
    for (const name of STARTING_OPERATIONS) {
      const binding = filesystem.operations.get(name);
      const body = binding?.function == null ? null : engine.bodies.of(binding.function);
      if (binding !== undefined && body !== null) operations.push({ name, binding, body });
    }
    this.operations = operations;
  }

  operation(name: EvictionOperation): Operation | undefined {
    return this.operations.find((each) => each.name === name);
  }

  graph(mode: Mode): EffectGraph {
    let graph = this.#graphs.get(mode);
    if (graph === undefined && mode !== MODES.reclaim) {
      // Where nothing looks at the task's flags, reclaim is like any other context.
      const reclaim = this.graph(MODES.reclaim);
      if (!reclaim.asksForTask) graph = reclaim;
    }
    if (graph === undefined) {
      const roots = this.operations.map(({ binding }) => binding.function!);
      graph = this.engine.reads === null ? undefined : keptGraph(this.engine, this.filesystem, mode);
      if (graph?.refresh(roots) === true) workOfCallbacks = new WeakMap();
      else {
        graph?.retire();
        graph = new EffectGraph(this.engine, this.filesystem, mode);
        for (const root of roots) graph.root(root);
      }
    }
    this.#graphs.set(mode, graph);
    return graph;
  }

  graphs(): Iterable<EffectGraph> {
    return new Set(this.#graphs.values());
  }

  /** Frees the graphs; what is asked for later is made again. */
  release(): void {
    if (this.engine.reads !== null && this.#graphs.size > 0) keepGraphs(this.engine, this.filesystem, this.#graphs);
    this.#graphs.clear();
    this.#anchors.clear();
    this.#walks.clear();
    if (this.engine.reads === null) forgetPlans(this.filesystem);
  }

  /** Whether what this filesystem does depends on being in reclaim. */
  asksForTask(): boolean {
    return this.graph(MODES.reclaim).asksForTask;
  }

  /** Whether what this filesystem does in reclaim depends on which reclaimer it is. */
  asksForKswapd(): boolean {
    return this.graph(MODES.reclaim).asksForKswapd;
  }

  /** Every call in the operation's body that can do something, with its effects, nearest first. */
  anchors(operation: Operation, mode: Mode): readonly Anchor[] {
    const key = `${operation.name}|${this.graph(mode).mode.name}`;
    let anchors = this.#anchors.get(key);
    if (anchors === undefined) {
      anchors = this.#findAnchors(operation, mode);
      this.#anchors.set(key, anchors);
    }
    return anchors;
  }

  #findAnchors(operation: Operation, mode: Mode): Anchor[] {
    const graph = this.graph(mode);
    const root = graph.root(operation.binding.function!);
    if (root === null) return [];
    const anchors: Anchor[] = [];
    const seen = new Set<number>();
    for (const event of root.expansion.events) {
      // Calls can begin at one place, as in FOO_I(inode)->ops->release(inode), but no two end at one.
      if (seen.has(event.call.end)) continue;
      seen.add(event.call.end);
      const same = (each: { event: CallEvent }): boolean => each.event.call === event.call;
      const effects: ReachedEffect[] = root.effects
        .filter(same)
        .map((site) => ({ site, chain: [], doubt: site.doubt }));
      effects.push(...reachedFrom(graph, root, root.edges.filter(same)));
      for (const callback of root.callbacks.filter(same)) effects.push(...deferred(root, callback));
      if (effects.length > 0) anchors.push({ operation, event, effects });
    }
    return anchors;
  }

  /** The typestate walk of an operation; null when the filesystem has no such operation. */
  typestate(name: EvictionOperation): TypestateWalk | null {
    let walk = this.#walks.get(name);
    if (walk === undefined) {
      const operation = this.operation(name);
      const graph = this.graph(MODES.any);
      const root = operation === undefined ? null : graph.root(operation.binding.function!);
      walk = null;
      if (root !== null) {
        walk = new TypestateWalk(this.engine, graph, name === "evict_inode_async");
        walk.run(root, 0);
      }
      this.#walks.set(name, walk);
    }
    return walk;
  }
}

interface KeptGraphs {
  readonly engine: Engine;
  readonly filesystem: Filesystem;
  readonly graphs: readonly EffectGraph[];
}

/** The graphs of the filesystems that were solved last: the next edit is most likely one in the same. */
const KEPT: KeptGraphs[] = [];
const FILESYSTEMS_KEPT = 3;

function keepGraphs(engine: Engine, filesystem: Filesystem, graphs: ReadonlyMap<Mode, EffectGraph>): void {
  const now = new Set(graphs.values());
  const at = KEPT.findIndex((each) => each.filesystem === filesystem);
  const dropped = at < 0 ? [] : KEPT.splice(at, 1);
  KEPT.unshift({ engine, filesystem, graphs: [...now] });
  dropped.push(...KEPT.splice(FILESYSTEMS_KEPT));
  for (const each of dropped) for (const graph of each.graphs) if (!now.has(graph)) graph.retire();
}

function keptGraph(engine: Engine, filesystem: Filesystem, mode: Mode): EffectGraph | undefined {
  const kept = KEPT.find((each) => each.engine === engine && each.filesystem === filesystem);
  return kept?.graphs.find((graph) => graph.mode === mode);
}

/** Every effect that lies below a node, nearest first. */
export function effectsBelow(root: GraphNode): ReachedEffect[] {
  const own = root.effects.map((site) => ({ site, chain: [], doubt: site.doubt }));
  return [...own, ...reachable(root, root.edges)];
}

interface Visit {
  readonly node: GraphNode;
  readonly parent: Visit | null;
  readonly step: ChainStep;
  readonly doubt: string | null;
  readonly length: number;
  /** The edge that it set out on. */
  readonly start: number;
}

interface Found {
  readonly site: EffectSite;
  readonly visit: Visit;
  readonly doubt: string | null;
}

interface Reach {
  version: number;
  /** The nodes that it was found from. */
  readonly seen: ReadonlySet<GraphNode>;
  readonly found: readonly Found[];
}

/** What lies below some edges of a graph; an edit leaves most of it as it was. */
const REACHES = new WeakMap<EffectGraph, Map<string, Reach>>();

function reachedFrom(graph: EffectGraph, root: GraphNode, starts: readonly Edge[]): ReachedEffect[] {
  let reaches = REACHES.get(graph);
  if (reaches === undefined) {
    reaches = new Map();
    REACHES.set(graph, reaches);
  }
  const key = starts.map(({ target, doubt }) => `${target.place} ${doubt ?? ""}`).join("|");
  let reach = reaches.get(key);
  if (reach === undefined || !graph.isAsOf(reach.version, reach.seen)) {
    reach = { version: graph.version, ...search(root, starts) };
    reaches.set(key, reach);
  }
  reach.version = graph.version;
  return reach.found.map((each) => reached(each, root, starts));
}

/** Breadth first over sure edges, and only then over doubtful ones: a chain without doubt is preferred to a shorter one with. */
function search(root: GraphNode, starts: readonly Edge[]): Omit<Reach, "version"> {
  const seen = new Set<GraphNode>();
  const behindCallbacks = new Set<GraphNode>();
  const found: Found[] = [];
  let doubtful: Visit[] = [];
  const queue: Visit[] = [];
  const visit = (from: GraphNode, edge: Edge, parent: Visit | null, start: number): void => {
    if (seen.has(edge.target)) return;
    const length = (parent?.length ?? 0) + 1;
    const tooLong = length >= MAX_CHAIN ? `the chain is ${MAX_CHAIN} calls long or more` : null;
    const doubt = parent?.doubt ?? edge.doubt ?? tooLong;
    const step = { body: from.expansion.body, event: edge.event, via: edge.via };
    const next = { node: edge.target, parent, step, doubt, length, start };
    if (edge.doubt !== null && parent?.doubt == null) {
      doubtful.push(next);
      return;
    }
    seen.add(edge.target);
    queue.push(next);
  };
  starts.forEach((edge, start) => {
    visit(root, edge, null, start);
  });
  for (let i = 0; ; i++) {
    if (i === queue.length) {
      // All that is sure has been seen.
      for (const each of doubtful) {
        if (seen.has(each.node)) continue;
        seen.add(each.node);
        queue.push(each);
      }
      doubtful = [];
      if (i === queue.length) break;
    }
    const here = queue[i]!;
    const { effects, edges, callbacks } = here.node;
    // By number: an iterator makes an object for each turn until the engine has compiled the loop, and these are many.
    for (let e = 0; e < effects.length; e++) {
      const site = effects[e]!;
      found.push({ site, visit: here, doubt: here.doubt ?? site.doubt });
    }
    for (let e = 0; e < edges.length; e++) visit(here.node, edges[e]!, here, here.start);
    for (const callback of callbacks) {
      for (const effect of deferred(here.node, callback))
        found.push({ site: effect.site, visit: here, doubt: here.doubt ?? effect.doubt });
      for (const node of workIn(callback.target).seen) behindCallbacks.add(node);
    }
  }
  for (const node of behindCallbacks) seen.add(node);
  return { seen, found };
}

function reachable(root: GraphNode, starts: readonly Edge[]): ReachedEffect[] {
  return search(root, starts).found.map((each) => reached(each, root, starts));
}

function reached({ site, visit, doubt }: Found, root: GraphNode, starts: readonly Edge[]): ReachedEffect {
  return new EffectByWay(site, doubt, visit, root, starts);
}

/** The chain is made when it is asked for: of thousands of effects a few are shown. */
class EffectByWay implements ReachedEffect {
  readonly site: EffectSite;
  readonly doubt: string | null;
  readonly #visit: Visit;
  readonly #root: GraphNode;
  readonly #starts: readonly Edge[];

  constructor(site: EffectSite, doubt: string | null, visit: Visit, root: GraphNode, starts: readonly Edge[]) {
    this.site = site;
    this.doubt = doubt;
    this.#visit = visit;
    this.#root = root;
    this.#starts = starts;
  }

  get chain(): readonly ChainStep[] {
    return chainOf(this.#visit, this.#root, this.#starts);
  }
}

/** It sets out where the root's text calls now. */
function chainOf(visit: Visit, root: GraphNode, starts: readonly Edge[]): ChainStep[] {
  const chain: ChainStep[] = [];
  let at = visit;
  for (; at.parent !== null; at = at.parent) chain.unshift(at.step);
  const { event, via } = starts[at.start]!;
  chain.unshift({ body: root.expansion.body, event, via });
  return chain;
}

interface CallbackWork {
  /** The first thing that it does beyond freeing memory; null when it does nothing else. */
  readonly effect: ReachedEffect | null;
  /** The nodes that this was found from. */
  readonly seen: ReadonlySet<GraphNode>;
}

const NO_WORK: CallbackWork = { effect: null, seen: new Set() };

/** Graphs are put right in place after an edit: then this begins anew. */
let workOfCallbacks = new WeakMap<GraphNode, CallbackWork>();

function workIn(callback: GraphNode): CallbackWork {
  const known = workOfCallbacks.get(callback);
  if (known !== undefined) return known;
  // A callback that leads back to itself adds nothing of its own.
  workOfCallbacks.set(callback, NO_WORK);
  const { seen, found } = search(callback, callback.edges);
  const behind: ReachedEffect[] = [
    ...callback.effects.map((site) => ({ site, chain: [], doubt: site.doubt })),
    ...found.map((each) => reached(each, callback, callback.edges)),
  ];
  const effect = behind.find((each) => WORK.has(each.site.kind) && each.doubt === null) ?? null;
  const work = { effect, seen: new Set([callback, ...seen]) };
  workOfCallbacks.set(callback, work);
  return work;
}

const WORK = new Set(["dirty", "transaction", "disk", "network", "wait", "lookup", "drop", "defer"]);

/** call_rcu() with a callback that does more than free memory is deferred work. */
function deferred(from: GraphNode, callback: Edge): ReachedEffect[] {
  const { effect } = workIn(callback.target);
  if (effect === null) return [];
  const what = `queues an RCU callback, ${callback.via}(), in which ${effect.site.primitive}() ${effect.site.what}`;
  const site: EffectSite = {
    kind: "defer",
    body: from.expansion.body,
    event: callback.event,
    primitive: "call_rcu",
    what,
    doubt: null,
  };
  return [{ site, chain: [], doubt: null }];
}
