/** Which kinds of effect lie below each node of a graph, one bit for each kind. */
import { EFFECT_KINDS, type EffectKind } from "../knowledge/knowledge.ts";
import type { EffectGraph, GraphNode } from "./effect-graph.ts";

const BITS = new Map(EFFECT_KINDS.map((kind, i) => [kind, 1 << i]));
const SETS = new Map<number, ReadonlySet<EffectKind>>();

export function maskOf(kinds: Iterable<EffectKind>): number {
  let mask = 0;
  for (const kind of kinds) mask |= BITS.get(kind)!;
  return mask;
}

/** The kinds of a mask, in the order of the knowledge base. */
export function kindsOf(mask: number): ReadonlySet<EffectKind> {
  let kinds = SETS.get(mask);
  if (kinds === undefined) {
    kinds = new Set(EFFECT_KINDS.filter((kind) => (mask & BITS.get(kind)!) !== 0));
    SETS.set(mask, kinds);
  }
  return kinds;
}

const OF_GRAPHS = new WeakMap<EffectGraph, EffectsBelow>();

export function effectsBelowOf(graph: EffectGraph): EffectsBelow {
  let below = OF_GRAPHS.get(graph);
  if (below === undefined) {
    below = new EffectsBelow(graph);
    OF_GRAPHS.set(graph, below);
  }
  return below;
}

export class EffectsBelow {
  readonly #graph: EffectGraph;
  #masks = new Int32Array(0);
  #version = -1;

  constructor(graph: EffectGraph) {
    this.#graph = graph;
  }

  /** What the node and all that it calls do. */
  of(node: GraphNode): number {
    // A graph grows when somebody asks for another root.
    if (this.#version !== this.#graph.effectsVersion) this.#compute();
    return this.#masks[node.place]!;
  }

  /** From callees to callers, again and again until nothing is added: most calls lead to nodes that were met later. */
  #compute(): void {
    const nodes = [...this.#graph.nodes.values()];
    const masks = new Int32Array(this.#graph.places);
    // By number: an iterator makes an object for each turn until the engine has compiled the loop, and these are many.
    for (let at = 0; at < nodes.length; at++) {
      const { place, effects } = nodes[at]!;
      for (let e = 0; e < effects.length; e++) masks[place]! |= BITS.get(effects[e]!.kind)!;
    }
    for (let changed = true; changed; ) {
      changed = false;
      for (let at = nodes.length - 1; at >= 0; at--) {
        const { place, edges } = nodes[at]!;
        const before = masks[place]!;
        let mask = before;
        for (let e = 0; e < edges.length; e++) mask |= masks[edges[e]!.target.place]!;
        if (mask === before) continue;
        masks[place] = mask;
        changed = true;
      }
    }
    this.#masks = masks;
    this.#version = this.#graph.effectsVersion;
  }
}
