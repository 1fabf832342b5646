/** Wait queues: a wait is enqueue, then sleep; a wake-up takes everybody off the queue. */
import type { Expr } from "../ir/ir.ts";
import type { Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn, topOf } from "./lowering-state.ts";
import { UNKNOWN, type Value } from "./values.ts";
import { type CallOp, inodeOf } from "./word-steps.ts";

/** The queue of a bit of an inode's i_state. */
export function queueOf(of: Value, bit: Value): Value {
  const v = inodeOf(of);
  return v === null || bit.k !== "wait-bit" ? UNKNOWN : { k: "queue", v, bit: bit.bit };
}

export function prepareWait(
  lowering: Lowering,
  config: Config,
  queue: Value,
  entry: Expr | undefined,
  after: Config,
): Outcome {
  if (queue.k !== "queue") {
    lowering.assume("a wait for something that the model does not have is over at once", config);
    return { k: "silent", config: { ...after, waits: POLLS } };
  }
  const waits = entry === undefined ? null : frameOf(lowering, config, entry);
  const { v } = queue;
  const late = lateOf(lowering);
  return {
    k: "emit",
    do: `${late} = ${v}.FREEING && !${v}.hashed && ${v}.woken; if (!${late}) { prepare_wait(${v}, ${queue.bit}) }`,
    next: waits === null ? after : { ...after, waits },
  };
}

/**
 * Says that the thread went to a queue behind its last wake-up. That is no mistake yet: it may look at the inode once more,
 * and leave instead of sleeping.
 */
function lateOf(lowering: Lowering): string {
  return lowering.local("%late", "late", "number", 1);
}

/** Stands where a frame would, for a wait on a queue that the model does not have. */
const POLLS = "%polls";

/** The frame on whose stack `&wait.wq_entry` lies; null: not known. */
function frameOf(lowering: Lowering, config: Config, entry: Expr): string | null {
  let at = entry;
  while (at.k === "unary" || at.k === "cast" || at.k === "field") at = at.k === "field" ? at.base : at.operand;
  if (at.k !== "id") return null;
  const value = lowering.evaluate(at, config);
  return value.k === "name" ? value.frame : null;
}

/** Why the thread may not sleep here, as a step that fails; null when it may. */
export function mayNotSleep(lowering: Lowering, config: Config, what = "sleeps"): Outcome | null {
  const spin = config.locks.find((held) => held.spin);
  if (spin !== undefined) return lowering.fails(config, "PROG", `${what} while it holds the spin lock ${spin.text}`);
  if (config.rcu > 0) return lowering.fails(config, "PROG", `${what} inside an RCU read-side critical section`);
  return null;
}

export function sleep(lowering: Lowering, config: Config, after: Config): Outcome {
  const stopped = mayNotSleep(lowering, config);
  if (stopped !== null) return stopped;
  // On a queue that the model does not have: whatever is waited for is looked at again.
  if (config.waits === POLLS) return { k: "silent", config: after };
  const message = "sleeps on an inode that was unhashed and woken before: nobody will wake it";
  // Who went there late is on no queue here, so that sleep() is over at once and the assertion fires.
  return { k: "emit", do: `sleep(); assert(WAKE, !${lateOf(lowering)}, "${message}")`, next: after };
}

export function finishWait(lowering: Lowering, { waits, ...after }: Config): Outcome {
  if (waits === POLLS) return { k: "silent", config: after };
  return { k: "emit", do: `finish_wait(); ${lateOf(lowering)} = 0`, next: after };
}

export function wake(lowering: Lowering, config: Config, queue: Value, after: Config): Outcome {
  if (queue.k !== "queue") {
    lowering.assume("a wake-up of something that the model does not have wakes nobody", config);
    return { k: "silent", config: after };
  }
  return { k: "emit", do: `wake(${queue.v}, ${queue.bit})`, next: after };
}

/** wait_on_bit(): look, enqueue, look again, sleep, from the start (kernel/sched/wait_bit.c, __wait_on_bit()). */
export function wait(lowering: Lowering, config: Config, op: CallOp, queue: Value): Outcome {
  if (queue.k !== "queue") {
    lowering.assume("a wait for something that the model does not have is over at once", config);
    return lowering.answer(config, op, UNKNOWN);
  }
  const progress = `%!wait${lowering.siteOf(config)}`;
  const frame = topOf(config);
  const at = (step: number): Config => goOn(config, frame.ip, progress, { k: "number", value: step });
  const done = (): Config => {
    const env = new Map(frame.env);
    env.delete(progress);
    const frames = [...config.frames.slice(0, -1), { ...frame, env }];
    return goOn({ ...config, frames }, op.next, op.into, { k: "number", value: 0 });
  };
  const state = frame.env.get(progress);
  const step = state?.k === "number" ? state.value : op.callee.k === "id" && op.callee.name.startsWith("__") ? 1 : 0;
  const bit = `${queue.v}.${queue.bit}`;
  switch (step) {
    case 0:
      return mayNotSleep(lowering, config) ?? { k: "emit", test: bit, next: at(1), no: done() };
    case 1:
      return { k: "emit", do: `prepare_wait(${queue.v}, ${queue.bit})`, next: at(2) };
    case 2:
      return { k: "emit", test: bit, next: at(3), no: at(4) };
    case 3:
      return mayNotSleep(lowering, config) ?? { k: "emit", do: "sleep()", next: at(1) };
    default:
      return { k: "emit", do: "finish_wait()", next: done() };
  }
}
