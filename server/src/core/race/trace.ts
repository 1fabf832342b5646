/** A run of a model: what threads did, one atomic step after the other. */
import type { ToggleSettings } from "./model.ts";

export interface TraceStep {
  /** Index into the trace's `threads`. */
  readonly threadIndex: number;
  readonly thread: string;
  /** Stable name of the step inside its thread: the model's `id`, or the path of procedure calls and numbers. */
  readonly step: string;
  readonly label: string;
  readonly file?: string;
  readonly line?: number;
  readonly endLine?: number;
  /** Which of the thread's alternatives at this place was taken (0 where there is only one). */
  readonly alternative: number;
  /** True when this step is a sleeper's wake-up without a wake (the environment's doing, not the thread's). */
  readonly spurious?: boolean;
}

/** A lock held over rows: drawn as a bar beside the lane. `from` and `to` are rows; no `to`: held at the end. */
export interface LockSpan {
  readonly threadIndex: number;
  readonly lock: string;
  readonly from: number;
  readonly to?: number;
}

/** A wait that a later step ended: drawn as an arrow from the waking to the woken thread. */
export interface WakeArrow {
  readonly fromThread: number;
  readonly toThread: number;
  /** Row of the step that wakes or releases. */
  readonly row: number;
  /** Row in which the waiter began to wait. */
  readonly since: number;
  readonly what: string;
}

export interface TraceThread {
  readonly name: string;
  readonly context: readonly string[];
}

export interface Trace {
  readonly modelId: string;
  readonly title: string;
  readonly toggles: ToggleSettings;
  readonly threads: readonly TraceThread[];
  readonly steps: readonly TraceStep[];
  readonly locks: readonly LockSpan[];
  readonly wakes: readonly WakeArrow[];
  /** A lasso: after the last step the run goes on with this one again. */
  readonly loopStart?: number;
  /** What is violated at the end, in words; absent for a passing run. */
  readonly violation?: Violation;
  /** Short string that replays this run: see trace-string.ts. */
  readonly traceString: string;
}

export interface Violation {
  /** UNIQ, ONCE, ... or the id of a user's invariant; `MODEL` for a defect of the model itself. */
  readonly invariant: string;
  /** `state`: an invariant does not hold. `assertion`: a step did what it may not. `deadlock`, `lasso`: PROG. */
  readonly kind: "state" | "assertion" | "deadlock" | "lasso" | "model";
  readonly message: string;
  /** True when the cause is one of the model's own bounds (no free slot, queue full): not a finding. */
  readonly artefact?: boolean;
}
