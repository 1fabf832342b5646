/**
 * One state of a model, ready for display and serialisable: no expression or packed value has to be understood by the
 * reader. `changed` marks what is different from the state before (the last step taken).
 */
import type { SourceSpan } from "./model.ts";

export interface NamedValue {
  readonly name: string;
  /** `3`, `A`, `none`: as text. */
  readonly value: string;
  readonly changed: boolean;
}

export type ThreadStatus =
  /** Can take a step now. */
  | "enabled"
  /** Waits for a lock or a condition. */
  | "blocked"
  /** Is on a wait queue and was not woken. */
  | "asleep"
  /** A daemon with nothing to do. */
  | "idle"
  | "finished";

/** What a thread waits for; `holders` are thread indexes. */
export interface WaitReason {
  readonly kind: "lock" | "condition" | "sleep" | "memory" | "grace-period" | "queue";
  /** In words, ready to show: `waits for i_lock[A] held by lookup`. */
  readonly text: string;
  readonly lock?: string;
  readonly holders: readonly number[];
}

export interface ThreadView {
  readonly index: number;
  readonly name: string;
  readonly context: readonly string[];
  readonly daemon: boolean;
  readonly status: ThreadStatus;
  /** The step it would take next; absent when finished. */
  readonly next?: { readonly step: string; readonly label: string; readonly source?: SourceSpan };
  /** Present unless enabled or finished. */
  readonly reason?: WaitReason;
  readonly holds: readonly string[];
  readonly rcuReader: boolean;
  readonly locals: readonly NamedValue[];
  /** True for the thread that took the last step. */
  readonly moved: boolean;
}

export interface StateBit {
  readonly name: string;
  readonly set: boolean;
  readonly changed: boolean;
}

export interface SlotView {
  readonly index: number;
  readonly name: string;
  readonly phase: "live" | "limbo" | "free";
  readonly phaseChanged: boolean;
  /** 1 = head of the hash chain; null = not hashed. */
  readonly hashPosition: number | null;
  readonly hashChanged: boolean;
  readonly bits: readonly StateBit[];
  /** ino, generation, count, nlink, lists and the model's own fields: only those that the model uses. */
  readonly fields: readonly NamedValue[];
  /** Names of threads on this slot's wait queues, with the bit: `lookup (__I_NEW)`. */
  readonly waiters: readonly string[];
  readonly waitersChanged: boolean;
}

export interface LockView {
  readonly name: string;
  readonly kind: "spin" | "sleep";
  readonly holder: number | null;
  readonly changed: boolean;
  /** Threads that wait for it. */
  readonly waiters: readonly number[];
}

export interface QueueView {
  readonly name: string;
  readonly capacity: number;
  readonly items: readonly string[];
  readonly changed: boolean;
}

export interface VariableGroupView {
  readonly group: "memory" | "disk" | "transaction" | "superblock" | "other";
  readonly variables: readonly NamedValue[];
}

/** One thing that can happen next. Pass `index` to `Stepper.step`. */
export interface TransitionView {
  readonly index: number;
  readonly threadIndex: number;
  readonly thread: string;
  readonly step: string;
  readonly label: string;
  readonly alternative: number;
  readonly source?: SourceSpan;
  readonly spurious?: boolean;
}

export interface StateView {
  readonly modelId: string;
  /** Number of steps taken to get here (0 = first state). */
  readonly row: number;
  readonly threads: readonly ThreadView[];
  readonly slots: readonly SlotView[];
  /** Slot names, head first. */
  readonly hashChain: readonly string[];
  readonly hashChainChanged: boolean;
  readonly locks: readonly LockView[];
  readonly queues: readonly QueueView[];
  readonly groups: readonly VariableGroupView[];
  readonly enabled: readonly TransitionView[];
  /** Invariants that do not hold here, in words; empty when all is well. */
  readonly violations: readonly { readonly invariant: string; readonly message: string; readonly artefact: boolean }[];
  /** True when nothing can happen any more: finished, or stuck (then `violations` says so). */
  readonly terminal: boolean;
  /** A text form of all this for screen readers and terminals. */
  readonly text: string;
}
