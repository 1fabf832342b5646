/**
 * What the simulator's panel draws: a model's outline, a run (rows of steps) and the state before and after each step.
 * The host computes all of it; the panel never interprets a model. Everything is plain JSON, so that the same shapes
 * cross the webview's message port, a worker's and the HTML report's.
 *
 * Rows and states: state 0 is the initial state, row `i` (0-based) leads from state `i` to state `i + 1`.
 * Threads, locks and slots are named by their index in {@link ModelView}.
 */

/** What a thread can do in a state: `r`eady, `b`locked (a guard or lock), `s`leeping on a wait queue, `d`one. */
export type ThreadStatus = "r" | "b" | "s" | "d";

export type ToggleValue = boolean | number | string;

export interface ThreadInfo {
  readonly name: string;
  /** One or two letters, unique in the model: the thread's sign wherever there is no room for its name. */
  readonly sign: string;
  /** kswapd, MEMALLOC, NOFS, worker, ... in the order the model gives them. */
  readonly context: readonly string[];
  readonly about?: string;
  /** Not a task but what the world does by itself (a grace period ends, a spurious wake-up). */
  readonly environment?: boolean;
}

export interface LockInfo {
  readonly name: string;
  readonly kind: "spin" | "sleeping" | "rcu" | "transaction";
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
  /** Names of the slots, in index order. */
  readonly slots: readonly string[];
  /** Every i_state bit that the model uses, so that a bit keeps its place whether set or not. */
  readonly bits: readonly string[];
  readonly invariants: readonly { readonly id: string; readonly about: string }[];
  readonly toggles: readonly ToggleInfo[];
  /** The verdict expected of the toggles' present values, where the entry states one. */
  readonly expected?: string;
}

export interface CatalogueItem {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  /** Further words that a search should find: affected versions, filesystems, rules. */
  readonly words: string;
  readonly threads: number;
  /** Invariants that break with every fix off; empty for an entry that holds. */
  readonly breaks: readonly string[];
}

/** One step of a run, with what the lanes need of the state after it. */
export interface TraceRow {
  readonly thread: number;
  readonly label: string;
  /** The step written as the model writes it, where that says more than the label. */
  readonly detail?: string;
  readonly source?: SourceLine;
  /** Status letters of all threads after this step ({@link ThreadStatus}). */
  readonly status: string;
  /** Locks taken and dropped by this step's thread. */
  readonly took: readonly number[];
  readonly dropped: readonly number[];
  /** The wait queue that this step enqueued its thread on or put it to sleep on. */
  readonly waitsOn?: string;
  /** Threads that this step woke; an empty list is a wake-up that found nobody. */
  readonly wakes?: readonly number[];
  /** What changed, in words: "A: count 1 -> 0". */
  readonly changes: readonly string[];
}

export type RunKind = "start" | "counterexample" | "passing" | "manual" | "pasted";

export interface RunEnd {
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

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

export interface WaiterView {
  readonly thread: number;
  readonly asleep: boolean;
  /** The bit or queue, e.g. `__I_NEW`. */
  readonly key: string;
}

export interface SlotView {
  readonly phase: "live" | "limbo" | "free";
  readonly ino: string;
  readonly generation: string;
  /** Set bits, by index in {@link ModelView.bits}. */
  readonly bits: readonly number[];
  readonly count: number;
  readonly nlink: number;
  /** Lists that it is on: lru, a private dispose list, sb, wb, deferred. */
  readonly lists: readonly string[];
  readonly waiters: readonly WaiterView[];
  readonly fields: readonly NamedValue[];
}

export interface LockView {
  readonly holders: readonly number[];
  readonly waiters: readonly number[];
}

export interface GaugeView {
  readonly name: string;
  readonly value: number;
  /** The size of the gauge, where there is one. */
  readonly of?: number;
}

export interface QueueView {
  readonly name: string;
  readonly items: readonly string[];
  readonly note?: string;
}

export interface ChoiceView {
  /** Opaque to the panel; sent back in `choose`. */
  readonly choice: number;
  readonly label: string;
  readonly source?: SourceLine;
}

export interface ThreadView {
  readonly status: ThreadStatus;
  /** The step that it stands before. */
  readonly next: string;
  /** The steps that it may take now; empty unless ready. */
  readonly choices: readonly ChoiceView[];
  /** Why it can't run: "waits for i_lock held by lookup". */
  readonly why?: string;
  readonly locals: readonly NamedValue[];
}

export interface StateView {
  readonly threads: readonly ThreadView[];
  readonly slots: readonly SlotView[];
  /** Slot indices in hash order, head first. */
  readonly chain: readonly number[];
  readonly locks: readonly LockView[];
  readonly memory: readonly GaugeView[];
  readonly queues: readonly QueueView[];
  readonly transactions: readonly NamedValue[];
  readonly fields: readonly NamedValue[];
  /** Invariants that this state breaks, with the message. */
  readonly broken: readonly { readonly invariant: string; readonly message: string }[];
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
