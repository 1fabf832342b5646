/** Assignments: to variables of the function, to i_state, to counters, to flags of the superblock. */
import type { Expr } from "../ir/ir.ts";
import type { Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn, topOf } from "./lowering-state.ts";
import { changeWord } from "./unlocked-steps.ts";
import { type Bit, binaryValue, complement, numberText, type Value } from "./values.ts";

/** `target op value`, then on to `next`. */
export function storeTo(
  lowering: Lowering,
  config: Config,
  target: Expr,
  op: string,
  value: Value,
  next: number,
): Outcome {
  const frame = topOf(config);
  if (target.k === "id") {
    const old = lowering.evaluator.evaluate(target, frame);
    const result = op === "=" ? value : binaryValue(op.slice(0, -1), old, value);
    return { k: "silent", config: goOn(config, next, target.name, result) };
  }
  const place =
    target.k === "unary" && target.op === "*"
      ? lowering.evaluator.evaluate(target.operand, frame)
      : lowering.evaluator.place(target, frame);
  const after = goOn(config, next);
  if (place.k === "variable") return storeInCaller(place, value, after);
  return storeAt(lowering, config, place, op, value, after);
}

/** `*ipp = ip`, where the caller gave `&ip`. */
function storeInCaller(place: Value & { k: "variable" }, value: Value, after: Config): Outcome {
  if (place.frame === null)
    return { k: "emit", do: `${place.name} = ${value.k === "slot" ? value.v : "none"}`, next: after };
  const frames = after.frames.map((frame) =>
    frame.id === place.frame ? { ...frame, env: new Map(frame.env).set(place.name, value) } : frame,
  );
  return { k: "silent", config: { ...after, frames } };
}

/** The same for a place that is known already. */
export function storeAt(
  lowering: Lowering,
  config: Config,
  place: Value,
  op: string,
  value: Value,
  after: Config,
): Outcome {
  const { evaluator } = lowering;
  if (place.k === "part") {
    const member = evaluator.member(place.object, place.member);
    if (member?.is === "flags") {
      if (op === "=") return writeState(lowering, config, place.v, op, value, after, member.domain);
      const compute = (old: Value): Value => binaryValue(op.slice(0, -1), old, value);
      return changeWord(lowering, config, place.v, member, compute, after);
    }
    if (member?.is === "number") {
      const text = numberText(value);
      const target = `${place.v}.${member.field}`;
      if (text === null) {
        lowering.assume(`${target} keeps its value`, config);
        return { k: "silent", config: after };
      }
      return { k: "emit", do: `${target} ${op} ${text}`, next: after };
    }
  }
  // inode->i_state.__state = ..: the place is the word, read bit by bit.
  if (place.k === "flags" && place.domain === "state") {
    const v = [...place.bits.values()]
      .map((bit) => /^(\w+)\./.exec(String(bit))?.[1])
      .find((each) => each !== undefined);
    if (v !== undefined) return writeState(lowering, config, v, op, value, after);
  }
  if (place.k === "object" && place.member !== null && evaluator.member(place.object, place.member)?.is === "flags")
    return writeVariables(lowering, place, op, value, after);
  return { k: "silent", config: after };
}

/** `op` is C's, or `whole`: the value is what the word will be, computed from what it is. */
export function writeState(
  lowering: Lowering,
  config: Config,
  v: string,
  op: string,
  value: Value,
  after: Config,
  domain = "state",
): Outcome {
  const old = lowering.evaluator.stateOf(v, domain);
  const result = op === "=" || op === "whole" ? value : binaryValue(op.slice(0, -1), old, value);
  const flags =
    result.k === "flags"
      ? result
      : result.k === "number" && result.value === 0
        ? { ...old, bits: new Map<string, Bit>(), others: 0 as const }
        : null;
  if (flags === null) {
    lowering.assume(`${v}->${domain === "state" ? "i_state" : "i_flags"} keeps its value`, config);
    return { k: "silent", config: after };
  }
  const isConstant = [...flags.bits.values()].every((bit) => typeof bit === "number");
  const parts: string[] = [];
  for (const bit of lowering.request.vocabulary.bitsOf(domain)) {
    const own = `${v}.${bit}`;
    const to = flags.bits.get(bit) ?? flags.others;
    if (to === own) continue;
    if (bit === "CLEAR" && to === 1) parts.push(`assert(ONCE, !${own}, "I_CLEAR is set a second time: evicted twice")`);
    // A whole word that has the flag as well does not mark the inode a second time: clear_inode().
    if (op === "=" && isConstant && to === 1) parts.push(`if (!${own}) { ${own} = 1 }`);
    else if (op === "=" && isConstant && to === 0) parts.push(`if (${own}) { ${own} = 0 }`);
    // A bit that is put back as it was read is not set a second time.
    else if (typeof to === "string" && /^\w+$/.test(to)) parts.push(`if (${own} != ${to}) { ${own} = ${to} }`);
    else parts.push(`${own} = ${to}`);
  }
  if (parts.length === 0) return { k: "silent", config: after };
  return { k: "emit", do: parts.join("; "), next: after };
}

/** What `|= mask`, `&= ~mask` do to i_state, for the accessors of 2026. */
export function changeState(
  lowering: Lowering,
  config: Config,
  v: string,
  change: { readonly set?: Value; readonly clear?: Value },
  after: Config,
): Outcome {
  const compute = (old: Value): Value => {
    const kept = change.clear === undefined ? old : binaryValue("&", old, complement(change.clear));
    return change.set === undefined ? kept : binaryValue("|", kept, change.set);
  };
  const word = lowering.evaluator.member("inode", "i_state");
  return changeWord(lowering, config, v, word?.is === "flags" ? word : { domain: "state" }, compute, after);
}

function writeVariables(
  lowering: Lowering,
  place: Value & { k: "object" },
  op: string,
  value: Value,
  after: Config,
): Outcome {
  const old = lowering.evaluator.read(place);
  const result = op === "=" ? value : binaryValue(op.slice(0, -1), old, value);
  if (result.k !== "flags") return { k: "silent", config: after };
  const parts: string[] = [];
  for (const [name, bit] of result.bits) if (bit !== name) parts.push(`${name} = ${bit}`);
  if (parts.length === 0) return { k: "silent", config: after };
  return { k: "emit", do: parts.join("; "), next: after };
}
