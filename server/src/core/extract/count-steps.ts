/** Reference counts: atomic operations are one step each, atomic_dec_and_lock() is what lib/dec_and_lock.c does. */
import type { Expr } from "../ir/ir.ts";
import type { Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn, withoutVariable } from "./lowering-state.ts";
import { UNKNOWN, type Value } from "./values.ts";
import type { WordEntry } from "./vocabulary.ts";
import { type CallOp, lockOf } from "./word-steps.ts";
import { ownCounter } from "./work-steps.ts";

/** The counter that an atomic operation works on; null: one that the model does not have. */
function counterOf(lowering: Lowering, value: Value, expr?: Expr): string | null {
  if (value.k === "slot") return `${value.v}.count`;
  if (value.k !== "part") return ownCounter(lowering, value, expr);
  const member = lowering.evaluator.member(value.object, value.member);
  return member?.is === "number" ? `${value.v}.${member.field}` : null;
}

export function readCount(lowering: Lowering, config: Config, op: CallOp, value: Value): Outcome {
  const counter = counterOf(lowering, value, op.args[0]);
  if (counter === null) return lowering.answer(config, op, UNKNOWN);
  return lowering.answer(config, op, { k: "expression", text: counter, max: 7, shared: true });
}

export function takeReference(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  word: WordEntry,
  args: readonly Value[],
): Outcome {
  const counter = counterOf(lowering, args[0] ?? UNKNOWN, op.args[0]);
  if (counter === null) return lowering.answer(config, op, UNKNOWN);
  const site = lowering.siteOf(config);
  switch (word.op) {
    case "count-inc":
    case "count-dec":
      return { k: "emit", do: `${counter}${word.op === "count-inc" ? "++" : "--"}`, next: goOn(config, op.next) };
    case "count-inc-return": {
      if (op.into === null) return { k: "emit", do: `${counter}++`, next: goOn(config, op.next) };
      const v = lowering.local(`count:${site}`, "now", "number", 7);
      return {
        k: "emit",
        do: `${counter}++; ${v} = ${counter}`,
        next: goOn(config, op.next, op.into, { k: "expression", text: v, max: 7, shared: false }),
      };
    }
    case "count-dec-and-test": {
      const v = lowering.local(`count:${site}`, "last", "number", 1);
      return {
        k: "emit",
        do: `${counter}--; ${v} = ${counter} == 0`,
        next: goOn(config, op.next, op.into, { k: "expression", text: v, max: 1, shared: false }),
      };
    }
    case "count-add-unless": {
      const amount = word.amount ?? numberOf(args[1]);
      const unless = word.unless ?? numberOf(args[2]);
      if (amount === null || unless === null) return lowering.answer(config, op, UNKNOWN);
      const v = lowering.local(`count:${site}`, "done", "number", 1);
      const change = amount < 0 ? `${counter} -= ${-amount}` : `${counter} += ${amount}`;
      const text = `${v} = ${counter} != ${unless}; if (${v}) { ${change} }`;
      return {
        k: "emit",
        do: text,
        next: goOn(config, op.next, op.into, { k: "expression", text: v, max: 1, shared: false }),
      };
    }
    default:
      return lowering.answer(config, op, UNKNOWN);
  }
}

const numberOf = (value: Value | undefined): number | null => (value?.k === "number" ? value.value : null);

/**
 * Three steps: count down unless this is the last reference; take the lock; count down, and give the lock back when
 * somebody has taken a reference meanwhile. The hidden variable says which comes next.
 */
export function dropReference(lowering: Lowering, config: Config, op: CallOp, count: Value, lockValue: Value): Outcome {
  const counter = counterOf(lowering, count);
  const lock = lockOf(lowering, lockValue);
  if (counter === null || lock === null) return lowering.answer(config, op, UNKNOWN);
  const progress = `%!drop${lowering.siteOf(config)}`;
  const frame = config.frames[config.frames.length - 1];
  const done = frame?.env.get(progress);
  const finish = (value: 0 | 1, extra: Partial<Config> = {}): Config => {
    const after = goOn(config, op.next, op.into, { k: "number", value });
    return { ...withoutVariable(after, progress), ...extra };
  };
  const at = (step: number, extra: Partial<Config> = {}): Config => ({
    ...goOn(config, frame?.ip ?? 0, progress, { k: "number", value: step }),
    ...extra,
  });
  const step = done?.k === "number" ? done.value : 0;
  if (step === 0) {
    const v = lowering.local(`count:${progress}`, "done", "number", 1);
    return { k: "emit", do: `${v} = ${counter} != 1; if (${v}) { ${counter}-- }`, test: v, next: finish(0), no: at(1) };
  }
  if (step === 1) {
    if (config.locks.some((held) => held.text === lock.text))
      return lowering.fails(config, "PROG", `takes ${lock.text}, which it holds already: it waits for itself`);
    return { k: "emit", do: `lock(${lock.text})`, next: at(2, { locks: [...config.locks, lock] }) };
  }
  if (step === 2) return { k: "emit", do: `${counter}--`, test: `${counter} == 0`, next: finish(1), no: at(3) };
  return {
    k: "emit",
    do: `unlock(${lock.text})`,
    next: finish(0, { locks: config.locks.filter((held) => held.text !== lock.text) }),
  };
}
