/** Values that were read in one step and are needed after another one are kept in locals of the procedure. */
import type { Emission } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, forEachLive, isPending, mapValues, topOf } from "./lowering-state.ts";
import { keyOf, readsShared, UNKNOWN, type Value } from "./values.ts";

/** What was read before this step and is needed after it is kept in locals: a step of its own, at the place of the reading. */
export function readFirst(lowering: Lowering, config: Config, outcome: Emission): Emission | null {
  const needed = new Map<string, Value>();
  for (const next of [outcome.next, outcome.no])
    if (next !== undefined)
      forEachLive(next, (frame, name, value) => {
        if (!isPending(value)) return;
        const before = config.frames[frame]?.env.get(name);
        if (before !== undefined && keyOf(before) === keyOf(value)) needed.set(keyOf(value), value);
      });
  if (needed.size === 0) return null;
  const parts: string[] = [];
  let next = config;
  for (const [key, value] of needed) {
    const name = lowering.local(
      `kept:${topOf(config).id}:${key}`,
      "seen",
      "number",
      value.k === "expression" ? value.max : 1,
    );
    let kept: Value = UNKNOWN;
    if (value.k === "expression") {
      parts.push(`${name} = ${value.text}`);
      kept = { k: "expression", text: name, max: value.max, shared: false };
    } else if (value.k === "flags") {
      const bits = new Map(value.bits);
      for (const [bit, text] of value.bits) {
        if (typeof text !== "string" || !readsShared(text)) continue;
        const flag = lowering.local(
          `kept:${topOf(config).id}:${key}:${bit}`,
          `${name}_${bit.replace(/\W/g, "_")}`,
          "number",
          1,
        );
        parts.push(`${flag} = ${text}`);
        bits.set(bit, flag);
      }
      kept = { ...value, bits };
    }
    next = mapValues(next, (each) => (keyOf(each) === key ? kept : each));
  }
  return { k: "emit", do: parts.join("; "), next };
}
