/**
 * What the simulator's panel draws: a model's outline, a run (rows of steps) and the state before and after each step.
 * The host computes all of it; the panel never interprets a model. Everything is plain JSON, so that the same shapes
 * cross the webview's message port, a worker's and the HTML report's.
 *
 * Rows and states: state 0 is the initial state, row `i` (0-based) leads from state `i` to state `i + 1`.
 * Threads, locks and slots are named by their index in {@link ModelView}.
 */

import type { ToggleValue } from "../core/race/model.ts";
import type { ThreadStatus } from "../core/race/view.ts";

export type { ToggleValue } from "../core/race/model.ts";
export type {
  LockView,
  NamedValue,
  QueueView,
  SlotView,
  StateBit,
  StateView,
  ThreadStatus,
  ThreadView,
  TransitionView,
  VariableGroupView,
  WaitReason,
} from "../core/race/view.ts";

/** A row says how every thread stands in one letter each. */
export const STATUS_LETTERS: Readonly<Record<ThreadStatus, string>> = {
  enabled: "r",
  blocked: "b",
  asleep: "s",
  idle: "i",
  finished: "d",
};

export interface ThreadInfo {
  readonly name: string;
  /** One or two letters, unique in the model: the thread's sign wherever there is no room for its name. */
  readonly sign: string;
  /** kswapd, MEMALLOC, NOFS, worker, ... in the order the model gives them. */
  readonly context: readonly string[];
  readonly about?: string;
  /** Need not finish: waiting for work for ever is no deadlock. */
  readonly daemon?: boolean;
}

export interface LockInfo {
  readonly name: string;
  /** `rcu` stands for read-side sections, which any number of threads hold at once. */
  readonly kind: "spin" | "sleep" | "rcu";
}

export interface ToggleInfo {
  readonly name: string;
  readonly label: string;
  readonly about?: string;
  /** The values that it can take; a boolean toggle has `[false, true]`. */
  readonly values: readonly ToggleValue[];
  readonly value: ToggleValue;
  /** The model's own choice, shown as "changed" when `value` differs. */
  readonly standard: ToggleValue;
}

export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

export interface ModelView {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly summary: string;
  /** What the verdict rests on besides the steps (bounds, simplifications), one sentence each. */
  readonly assumptions: readonly string[];
  readonly sources: readonly string[];
  readonly threads: readonly ThreadInfo[];
  readonly locks: readonly LockInfo[];
  readonly invariants: readonly { readonly id: string; readonly about: string }[];
  readonly toggles: readonly ToggleInfo[];
  /** The verdict expected of the toggles' present values, where the entry states one. */
  readonly expected?: string;
}

/** One cell of the table of designs. */
export interface DesignCellView {
  /** "holds", the invariant that is violated, "-". */
  readonly text: string;
  /** `needs`: holds with what the design must bring. `none`: the question does not arise. */
  readonly kind: "holds" | "needs" | "violated" | "bounded" | "none";
  readonly about: string;
  /** The model that a click opens, as it is without what must be brought when `lacking`. */
  readonly model?: string;
  readonly lacking?: boolean;
}

export interface DesignRowView {
  readonly title: string;
  readonly origin: string;
  readonly cells: readonly DesignCellView[];
  /** What the design must bring. */
  readonly obligations: readonly string[];
}

/** The designs of inode eviction, compared on one filesystem's own steps. */
export interface DesignsView {
  readonly filesystem: string;
  readonly questions: readonly { readonly name: string; readonly about: string }[];
  readonly rows: readonly DesignRowView[];
  readonly assumptions: readonly string[];
}

export interface CatalogueItem {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  /** Further words that a search should find: affected versions, filesystems, rules. */
  readonly words: string;
  readonly threads: number;
  /** What the entry expects of its toggles' defaults; `unknown` where it says nothing of them. */
  readonly expected: "holds" | "violated" | "unknown";
  /** Invariants that are expected to break then, or with some other toggles where nothing is said of the defaults. */
  readonly breaks: readonly string[];
}

/** One step of a run, with what the lanes need of the state after it. */
export interface TraceRow {
  readonly thread: number;
  readonly label: string;
  readonly source?: SourceLine;
  /** Status letters of all threads after this step ({@link STATUS_LETTERS}). */
  readonly status: string;
  /** Locks taken and dropped by this step's thread. */
  readonly took: readonly number[];
  readonly dropped: readonly number[];
  /** Threads whose wait this step ended: by a wake-up, or by releasing what they waited for. */
  readonly wakes: readonly { readonly thread: number; readonly what: string }[];
  /** A wake-up that found nobody waiting. */
  readonly lostWake?: boolean;
  /** The sleeper woke without a wake-up: nobody's doing. */
  readonly spurious?: boolean;
  /** What changed, in words: "A.count 1 -> 0". */
  readonly changes: readonly string[];
}

export type RunKind = "start" | "counterexample" | "passing" | "manual" | "pasted";

export interface RunEnd {
  /** `open`: threads can still run. `bound`: one of the model's own bounds was met, which is no finding. */
  readonly kind: "open" | "finished" | "violated" | "deadlock" | "lasso" | "bound";
  readonly invariant?: string;
  readonly message: string;
  /** For a deadlock: who waits for whom, and why. */
  readonly waits?: readonly { readonly thread: number; readonly holder?: number; readonly why: string }[];
}

export interface Run {
  /** Changes with every run sent for the same panel; states and choices name it. */
  readonly id: number;
  readonly kind: RunKind;
  readonly rows: readonly TraceRow[];
  /** Status letters in the initial state. */
  readonly initialStatus: string;
  /** A lasso repeats the rows from here to the end for ever. */
  readonly loopStart?: number;
  readonly end: RunEnd;
  /** The run as a short string that can be pasted into a mail. */
  readonly traceString: string;
}

export interface VerdictView {
  readonly verdict: "violated" | "holds" | "bounded" | "cancelled";
  readonly invariant?: string;
  /** One sentence. */
  readonly message: string;
  readonly states: number;
  readonly transitions: number;
  readonly elapsedMs: number;
  readonly assumptions: readonly string[];
  /** Which limit was met, for `bounded`. */
  readonly limit?: string;
  /** The verdict the catalogue expects of these toggles, and whether this is it. */
  readonly expected?: string;
  readonly asExpected?: boolean;
}

export const EXPORT_FORMATS = ["text", "svg", "mermaid", "promela"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
