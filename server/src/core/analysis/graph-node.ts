/** A node of an effect graph: a function with what is known of its arguments, and where its calls lead. */
import type { CallPlan } from "./call-plan.ts";
import type { EffectSite } from "./effect.ts";
import { maskOf } from "./effects-below.ts";
import type { CallEvent, Expansion } from "./interpreter.ts";

export interface Edge {
  readonly event: CallEvent;
  readonly target: GraphNode;
  /** The pointer as written, for an indirect call. */
  readonly via: string | null;
  readonly doubt: string | null;
  /** The arguments, as far as they tell calls of the target apart; "" for nothing known. */
  readonly key: string;
}

const NO_EDGES: readonly Edge[] = [];
const NO_EFFECTS: readonly EffectSite[] = [];

/** What a function's plan of calls comes to in a graph. */
export interface Drawing {
  readonly edges: readonly Edge[];
  readonly effects: readonly EffectSite[];
  /** Functions handed to call_rcu(): they run later. */
  readonly callbacks: readonly Edge[];
  /** Edges and callbacks in the order of the calls. */
  readonly calls: readonly Edge[];
}

export class GraphNode implements Drawing {
  /** Its number in the graph; it keeps it through edits. */
  readonly place: number;
  expansion: Expansion;
  /** Calls from the nearest operation. */
  depth: number;
  /** Calls were left out because the chain would have become too long. */
  cut = false;
  edges: readonly Edge[] = NO_EDGES;
  effects: readonly EffectSite[] = NO_EFFECTS;
  callbacks: readonly Edge[] = NO_EDGES;
  calls: readonly Edge[] = NO_EDGES;
  /** What it was drawn from; null before that. Another graph may have had it made anew meanwhile. */
  plan: CallPlan | null = null;
  /** The last traversal that came here. */
  seen = -1;

  constructor(place: number, expansion: Expansion, depth: number) {
    this.place = place;
    this.expansion = expansion;
    this.depth = depth;
  }

  /** Whether nobody has looked yet where its calls lead. */
  get isBlank(): boolean {
    return this.calls === NO_EDGES;
  }
}

export function isSameDrawing(a: Drawing, b: Drawing): boolean {
  return isSameList(a.calls, b.calls, isSameEdge) && isSameList(a.effects, b.effects, (x, y) => x === y);
}

function isSameEdge(a: Edge, b: Edge): boolean {
  return a.event === b.event && a.target === b.target && a.via === b.via && a.doubt === b.doubt;
}

/** Whether what lies below has not changed. */
export function leadsToTheSame(a: Drawing, b: Drawing): boolean {
  const kinds = ({ effects }: Drawing): number => maskOf(effects.map(({ kind }) => kind));
  return kinds(a) === kinds(b) && isSameList(a.edges, b.edges, (x, y) => x.target === y.target);
}

export function isSameList<T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((each, i) => isSame(each, b[i]!));
}
