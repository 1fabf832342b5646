/** Atomic operations on single bits of a word of flags: test_bit(), set_bit(), test_and_clear_bit() (include/linux/bitops.h). */
import type { Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn } from "./lowering-state.ts";
import { UNKNOWN, type Value, ZERO } from "./values.ts";
import type { Operation } from "./vocabulary.ts";
import { type CallOp, inodeOf } from "./word-steps.ts";

export function bitStep(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  does: (Operation & { op: "bit" })["does"],
  bit: Value,
  word: Value,
): Outcome {
  const v = inodeOf(word);
  if (v === null || bit.k !== "flags") return lowering.answer(config, op, UNKNOWN);
  const [name] = bit.bits.keys();
  // A flag that the model does not have is never set.
  if (name === undefined) return lowering.answer(config, op, ZERO);
  const field = `${v}.${name}`;
  const after = goOn(config, op.next);
  switch (does) {
    case "test":
      return lowering.answer(config, op, { k: "expression", text: field, max: 1, shared: true });
    case "set":
      return { k: "emit", do: `${field} = 1`, next: after };
    case "clear":
      return { k: "emit", do: `${field} = 0`, next: after };
    case "test-and-clear": {
      const was = lowering.local(`bit:${lowering.siteOf(config)}`, "was_set", "number", 1);
      const value: Value = { k: "expression", text: was, max: 1, shared: false };
      return { k: "emit", do: `${was} = ${field}; ${field} = 0`, next: goOn(config, op.next, op.into, value) };
    }
  }
}
