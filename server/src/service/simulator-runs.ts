/** Runs for the simulator's panel: rows from a stepper's record, a run that passes, running on by itself. */
import type { Stepper } from "../core/race/simulator.ts";
import type { NamedValue, StateView, ThreadView, TransitionView } from "../core/race/view.ts";
import { type LockInfo, type RunEnd, STATUS_LETTERS, type TraceRow } from "../protocol/simulator-view.ts";

/** A run by hand or by itself is at most this long; the panel is made for two thousand rows and copes with this. */
export const RUN_LIMIT = 10_000;

export function statusOf(view: StateView): string {
  return view.threads.map((thread) => STATUS_LETTERS[thread.status]).join("");
}

function heldBy(view: StateView, thread: number, locks: readonly LockInfo[]): ReadonlySet<number> {
  const held = new Set<number>();
  const state = view.threads[thread];
  if (!state) return held;
  for (const name of state.holds) {
    const lock = locks.findIndex((candidate) => candidate.name === name);
    if (lock >= 0) held.add(lock);
  }
  if (state.rcuReader) held.add(locks.length - 1);
  return held;
}

function changesOf(values: readonly NamedValue[], before: readonly NamedValue[] | undefined, of: string): string[] {
  return values
    .filter((value) => value.changed)
    .map((value) => {
      const old = before?.find((other) => other.name === value.name)?.value;
      return old === undefined || old === value.value
        ? `${of}${value.name} = ${value.value}`
        : `${of}${value.name} ${old} -> ${value.value}`;
    });
}

/** What a step changed, in words. */
export function describeChanges(before: StateView, after: StateView): string[] {
  const words: string[] = [];
  for (const slot of after.slots) {
    const old = before.slots[slot.index];
    if (slot.phaseChanged) words.push(`${slot.name}: ${old?.phase ?? "?"} -> ${slot.phase}`);
    for (const bit of slot.bits)
      if (bit.changed) words.push(`${slot.name}: ${bit.set ? "sets" : "clears"} ${bit.name}`);
    if (slot.hashChanged) words.push(`${slot.name} ${slot.hashPosition === null ? "leaves" : "enters"} the hash`);
    words.push(...changesOf(slot.fields, old?.fields, `${slot.name}.`));
    if (slot.waitersChanged) {
      words.push(`${slot.name}: wait queue ${slot.waiters.length === 0 ? "empty" : slot.waiters.join(", ")}`);
    }
  }
  for (const queue of after.queues) {
    if (queue.changed) words.push(`${queue.name}: ${queue.items.length === 0 ? "empty" : queue.items.join(", ")}`);
  }
  for (const group of after.groups) {
    const old = before.groups.find((other) => other.group === group.group)?.variables;
    words.push(...changesOf(group.variables, old, ""));
  }
  return words;
}

export interface Recorded {
  readonly rows: readonly TraceRow[];
  readonly initialStatus: string;
  /** The last state. */
  readonly last: StateView;
}

/** Threads on a wait queue before the step and on none after it. */
function sleepersWoken(before: StateView, after: StateView, by: number): number {
  const queued = (view: StateView) => view.slots.flatMap((slot) => slot.waiters).length;
  const woken = before.threads.filter(
    (thread) => thread.index !== by && thread.status === "asleep" && after.threads[thread.index]?.status !== "asleep",
  );
  // A thread that is enqueued but does not sleep yet is woken, too.
  return woken.length + Math.max(0, queued(before) - queued(after));
}

/** Rows of everything that the stepper has recorded; leaves it where it was. */
export function recordRows(
  stepper: Stepper,
  locks: readonly LockInfo[],
  wakingLabels: ReadonlySet<string> = new Set(),
): Recorded {
  const place = stepper.row;
  const trace = stepper.trace();
  const wakes = new Map<number, { thread: number; what: string }[]>();
  for (const { row, toThread, what } of trace.wakes) {
    // The trace counts steps from 0, as rows are counted here.
    const list = wakes.get(row) ?? [];
    list.push({ thread: toThread, what });
    wakes.set(row, list);
  }
  let before = stepper.jump(0);
  const initialStatus = statusOf(before);
  const rows = trace.steps.map((step, index): TraceRow => {
    const after = stepper.jump(index + 1);
    const held = heldBy(before, step.threadIndex, locks);
    const holds = heldBy(after, step.threadIndex, locks);
    const row: TraceRow = {
      thread: step.threadIndex,
      label: step.label,
      ...(step.file === undefined || step.line === undefined ? {} : { source: { file: step.file, line: step.line } }),
      // After a violation nobody has a next step, which says nothing about where the threads stood.
      status: endOf(after).kind === "violated" ? statusOf(before) : statusOf(after),
      took: [...holds].filter((lock) => !held.has(lock)),
      dropped: [...held].filter((lock) => !holds.has(lock)),
      wakes: wakes.get(index) ?? [],
      ...(wakingLabels.has(step.label) && sleepersWoken(before, after, step.threadIndex) === 0
        ? { lostWake: true }
        : {}),
      ...(step.spurious ? { spurious: true } : {}),
      changes: describeChanges(before, after),
    };
    before = after;
    return row;
  });
  stepper.jump(Math.min(place, rows.length));
  return { rows, initialStatus, last: before };
}

function isStuck(thread: ThreadView): boolean {
  if (thread.status === "finished") return false;
  return !thread.daemon || (thread.reason?.kind !== "queue" && thread.reason?.kind !== "grace-period");
}

/** How a run that has come to `last` ends. */
export function endOf(last: StateView): RunEnd {
  const broken = last.violations.find((violation) => !violation.artefact) ?? last.violations[0];
  const unfinished = last.threads.filter((thread) => thread.status !== "finished" && !thread.daemon);
  if (broken?.artefact) return { kind: "bound", invariant: broken.invariant, message: broken.message };
  // A violated invariant ends the run, and then nobody has a next step; in a deadlock everybody has a reason.
  const stuck =
    broken === undefined ||
    ((broken.invariant === "PROG" || broken.invariant === "WAKE") && unfinished.every((thread) => thread.reason));
  if (last.terminal && unfinished.length > 0 && stuck) {
    return {
      kind: "deadlock",
      ...(broken ? { invariant: broken.invariant } : {}),
      message: broken?.message ?? "Nobody can go on.",
      // A daemon that has work, or waits for what a stuck thread holds, is part of the picture; an idle one is not.
      waits: last.threads.filter(isStuck).map((thread) => {
        const holder = thread.reason?.holders[0];
        return {
          thread: thread.index,
          ...(holder === undefined ? {} : { holder }),
          why: thread.reason?.text ?? thread.status,
        };
      }),
    };
  }
  if (broken) return { kind: "violated", invariant: broken.invariant, message: broken.message };
  if (last.terminal || unfinished.length === 0) return { kind: "finished", message: "Every thread has finished." };
  const can = last.threads.filter((thread) => thread.status === "enabled").map((thread) => thread.name);
  return { kind: "open", message: can.length === 0 ? "Not at its end." : `${can.join(", ")} can go on.` };
}

function isOver(view: StateView): boolean {
  const threads = view.threads.filter((thread) => !thread.daemon);
  return view.violations.length > 0 || view.terminal || threads.every((thread) => thread.status === "finished");
}

/**
 * Threads take turns: who holds a lock goes on, otherwise the next one, so that a run shows its threads meeting, critical
 * section by critical section. Wake-ups without a wake only if nothing else can happen.
 */
function preferred(view: StateView, lastThread: number): readonly TransitionView[] {
  const count = Math.max(1, view.threads.length);
  const first = (view.threads[lastThread]?.holds.length ?? 0) > 0 ? lastThread : lastThread + 1;
  const distance = (transition: TransitionView) =>
    (transition.spurious ? count : 0) + ((transition.threadIndex - first + count) % count);
  return [...view.enabled].sort((a, b) => distance(a) - distance(b) || a.alternative - b.alternative);
}

function lastThreadOf(view: StateView): number {
  return Math.max(
    0,
    view.threads.findIndex((thread) => thread.moved),
  );
}

/** Goes on from where the stepper stands, threads taking turns, until nobody can, something breaks, or `steps` are done. */
export function runOn(stepper: Stepper, steps: number): void {
  let view = stepper.view;
  const runLength = new Map<number, number>();
  for (let i = 0; i < steps && stepper.row < RUN_LIMIT && !isOver(view); i++) {
    const last = lastThreadOf(view);
    const order = preferred(view, last);
    // A thread that polls would keep the turn for ever; after some steps in a row it is the others' turn.
    const turns = runLength.get(last) ?? 0;
    const choice = turns >= 12 ? (order.find((transition) => transition.threadIndex !== last) ?? order[0]) : order[0];
    if (!choice) return;
    runLength.set(last, choice.threadIndex === last ? turns + 1 : 0);
    view = stepper.step(choice.index);
  }
}

/** Equal for states that differ in nothing that can matter later; not in how the run came there. */
function stateKey(view: StateView): string {
  const plain = (values: readonly NamedValue[]) => values.map((value) => `${value.name}=${value.value}`).join();
  return [
    ...view.threads.map(
      (thread) => `${thread.next?.step ?? ""}/${thread.status}/${thread.rcuReader}/${plain(thread.locals)}`,
    ),
    ...view.slots.map(
      (slot) =>
        `${slot.phase}/${slot.hashPosition}/${slot.bits.map((bit) => (bit.set ? 1 : 0)).join("")}/${plain(slot.fields)}/${slot.waiters.join()}`,
    ),
    ...view.locks.map((lock) => String(lock.holder)),
    ...view.queues.map((queue) => queue.items.join()),
    ...view.groups.map((group) => plain(group.variables)),
  ].join("|");
}

/**
 * Looks for a run in which every thread finishes and nothing breaks, depth first. Yields now and then, so that the caller
 * can do other work; leaves the stepper at the end of the run, or at its start if none was found within `budget` steps.
 */
export function* findPassing(stepper: Stepper, budget = 20_000): Generator<void, boolean> {
  const seen = new Set<string>();
  const open: TransitionView[][] = [];
  let view = stepper.reset();
  seen.add(stateKey(view));
  open.push([...preferred(view, view.threads.length - 1)].reverse());
  for (let taken = 0; taken < budget; taken++) {
    if (taken % 16 === 15) yield;
    const choices = open[open.length - 1];
    if (!choices) break;
    const next = choices.pop();
    if (!next) {
      open.pop();
      if (open.length > 0) stepper.jump(open.length - 1);
      continue;
    }
    if (stepper.row !== open.length - 1) stepper.jump(open.length - 1);
    view = stepper.step(next.index);
    const threads = view.threads.filter((thread) => !thread.daemon);
    const stuck = view.terminal && threads.some((thread) => thread.status !== "finished");
    if (view.violations.length === 0 && !stuck && isOver(view)) return true;
    const key = stateKey(view);
    if (view.violations.length > 0 || stuck || seen.has(key) || open.length >= RUN_LIMIT) continue;
    seen.add(key);
    open.push([...preferred(view, next.threadIndex)].reverse());
  }
  stepper.reset();
  return false;
}
