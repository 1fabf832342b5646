/** Moves replayed on the full program: a trace with labels, lock bars and wake arrows. */
import { Expander, type Move, reduceProgram } from "./expander.ts";
import type { ToggleSettings } from "./model.ts";
import { NO_REDUCTIONS } from "./outcome.ts";
import type { Program, Transition } from "./program.ts";
import { locationOf, lockName, pcOf, waitsOn } from "./state-names.ts";
import type { LockSpan, Trace, TraceStep, Violation, WakeArrow } from "./trace.ts";
import { writeTraceString } from "./trace-string.ts";

export interface TraceRequest {
  readonly program: Program;
  readonly title: string;
  readonly toggles: ToggleSettings;
  readonly moves: readonly Move[];
  readonly loopStart?: number;
  readonly violation?: Violation;
}

type Open = { -readonly [K in keyof LockSpan]: LockSpan[K] };

export function buildTrace(request: TraceRequest): Trace {
  const { program, moves } = request;
  const expander = new Expander(reduceProgram(program, NO_REDUCTIONS));
  const state = Int32Array.from(program.initial);
  const steps: TraceStep[] = [];
  const spans: Open[] = [];
  const wakes: WakeArrow[] = [];
  const encoded: Move[] = [];
  const waiting = new Map<number, { row: number; what: string }>();
  /** Row since which a thread stands at its present place, and which lock was released meanwhile by whom. */
  const arrived = program.threads.map(() => 0);
  const freed = new Map<string, { row: number; thread: number }>();
  for (const [row, move] of moves.entries()) {
    const thread = program.threads[move.thread];
    if (thread === undefined) break;
    const enabled = expander.enabled(state, move.thread, true);
    const alternative = enabled.indexOf(move.transition);
    const transition = locationOf(program, state, thread)?.transitions[move.transition];
    if (transition === undefined || alternative < 0) throw new Error(`step ${row + 1} of the trace cannot be taken`);
    const named = [...transition.acquires, ...transition.releases].map((lock) =>
      lockName(program, state, lock, thread),
    );
    expander.take(state, move);
    const pc = pcOf(program, state, thread);
    const got = transition.tries !== true || pc === transition.targets[0];
    for (const [i, name] of named.entries()) {
      if (i < transition.acquires.length) {
        if (!got) continue;
        spans.push({ threadIndex: move.thread, lock: name, from: row });
        const release = freed.get(name);
        const since = arrived[move.thread] as number;
        if (release !== undefined && release.thread !== move.thread && since < release.row) {
          wakes.push({ fromThread: release.thread, toThread: move.thread, row: release.row, since, what: name });
        }
        freed.delete(name);
      } else {
        const open = spans.find(
          (span) => span.threadIndex === move.thread && span.lock === name && span.to === undefined,
        );
        if (open !== undefined) open.to = row;
        freed.set(name, { row, thread: move.thread });
      }
    }
    arrived[move.thread] = row;
    for (const other of program.threads) {
      const key = waitsOn(program, state, other);
      const before = waiting.get(other.index);
      if (key !== undefined && before === undefined) {
        waiting.set(other.index, { row, what: `${program.slots.names[key.slot] ?? "?"} ${key.bit}` });
      } else if (key === undefined && before !== undefined) {
        waiting.delete(other.index);
        if (other.index !== move.thread) {
          wakes.push({ fromThread: move.thread, toThread: other.index, row, since: before.row, what: before.what });
        }
      }
    }
    encoded.push({ thread: move.thread, transition: alternative });
    steps.push({
      threadIndex: move.thread,
      thread: thread.name,
      step: transition.step,
      label: labelOf(transition, pc),
      alternative,
      ...(transition.source === undefined
        ? {}
        : {
            file: transition.source.file,
            line: transition.source.line,
            ...(transition.source.endLine === undefined ? {} : { endLine: transition.source.endLine }),
          }),
      ...(transition.spurious === true ? { spurious: true } : {}),
    });
  }
  const loop = request.loopStart === undefined ? {} : { loopStart: request.loopStart };
  return {
    modelId: program.modelId,
    title: request.title,
    toggles: request.toggles,
    threads: program.threads.map((thread) => ({
      name: thread.name,
      context: program.templates[thread.template]?.context ?? [],
    })),
    steps,
    locks: spans,
    wakes,
    ...loop,
    ...(request.violation === undefined ? {} : { violation: request.violation }),
    traceString: writeTraceString({
      modelId: program.modelId,
      toggles: request.toggles,
      fingerprint: program.fingerprint,
      steps: encoded,
      ...loop,
    }),
  };
}

/** A test's label says which way it went. */
export function labelOf(transition: Transition, pcAfter: number): string {
  if (transition.test !== true || transition.targets[0] === transition.targets[1]) return transition.label;
  return `${transition.label}: ${pcAfter === transition.targets[0] ? "yes" : "no"}`;
}
