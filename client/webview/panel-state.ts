/** What the panel shows at the moment, and what follows from it. No DOM. */
import type { PanelMemory } from "../../server/src/protocol/simulator.ts";
import type {
  CatalogueItem,
  ModelView,
  Run,
  StateView,
  VerdictView,
} from "../../server/src/protocol/simulator-view.ts";
import { type Geometry, geometryOf } from "./lanes/geometry.ts";

export interface Exploring {
  readonly phase: "search" | "shorten" | "lasso";
  readonly states: number;
  readonly transitions: number;
  readonly frontier: number;
}

/** Rows per second while playing. */
export const SPEEDS = [0.5, 1, 2, 4, 8, 16] as const;

export class PanelState {
  catalogue: readonly CatalogueItem[] = [];
  /** The host can compare designs. */
  designs = false;
  model: ModelView | undefined;
  run: Run | undefined;
  geometry: Geometry | undefined;
  /** The state shown: 0 is the initial one, `run.rows.length` the last. */
  at = 0;
  verdict: VerdictView | undefined;
  exploring: Exploring | undefined;
  error: string | undefined;
  playing = false;
  speed = 2;
  /** Times that the playback went round a lasso. */
  turns = 0;
  readonly states = new Map<number, StateView>();

  setRun(run: Run, at: number): void {
    // A step taken by hand keeps the run's beginning; the host gives the new run another id, so states are asked anew.
    this.states.clear();
    this.run = run;
    this.geometry = this.model ? geometryOf(this.model, run) : undefined;
    this.at = Math.max(0, Math.min(at, run.rows.length));
    this.turns = 0;
  }

  get length(): number {
    return this.run?.rows.length ?? 0;
  }

  get current(): StateView | undefined {
    return this.states.get(this.at);
  }

  get previous(): StateView | undefined {
    return this.at > 0 ? this.states.get(this.at - 1) : undefined;
  }

  /** Where playing goes next; undefined at the end of a run that has no loop. */
  next(): number | undefined {
    if (this.at < this.length) return this.at + 1;
    const loop = this.run?.loopStart;
    return loop !== undefined && this.length > loop ? loop + 1 : undefined;
  }

  memory(): PanelMemory | undefined {
    if (!this.model || !this.run) return undefined;
    return {
      model: this.model.id,
      toggles: this.model.toggles.map(({ name, value }) => ({ name, value })),
      trace: this.run.traceString,
      at: this.at,
    };
  }

  /** States around the present one that are not here yet, as one range to ask for. */
  missing(): { readonly from: number; readonly to: number } | undefined {
    const from = Math.max(0, this.at - 8);
    const to = Math.min(this.length, this.at + 24);
    const wanted = [this.at - 1, this.at].filter((i) => i >= 0 && !this.states.has(i));
    const soon = this.at + 6 <= this.length && !this.states.has(this.at + 6);
    if (wanted.length === 0 && !soon) return undefined;
    let first = from;
    while (first < to && this.states.has(first)) first++;
    let last = to;
    while (last > first && this.states.has(last)) last--;
    return { from: first, to: last };
  }
}

/** Reads what was stored before a reload; anything unexpected is as good as nothing. */
export function readMemory(stored: unknown): PanelMemory | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const { model, toggles, trace, at } = stored as Partial<Record<keyof PanelMemory, unknown>>;
  if (typeof model !== "string" || typeof trace !== "string" || typeof at !== "number" || !Array.isArray(toggles)) {
    return undefined;
  }
  return { model, toggles: toggles as PanelMemory["toggles"], trace, at };
}
