/** The end of a function: its value goes to the caller, and what it was called with must be as it was. */
import type { Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn, topOf } from "./lowering-state.ts";
import { truthOf, type Value } from "./values.ts";

export function returnFrom(lowering: Lowering, config: Config, value: Value): Outcome {
  const frame = topOf(config);
  // A sleep may end without a wake-up, which alone takes the entry off: it would stay there when the stack is gone.
  if (config.waits === frame.id)
    return lowering.fails(config, "UAF", `${frame.function.body.name}() returns while it may still be on a wait queue`);
  const frames = config.frames.slice(0, -1);
  if (frames.length > 0) {
    const caller = { ...config, frames };
    const { into } = frame;
    return { k: "silent", config: into === null ? caller : goOn(caller, topOf(caller).ip, into, value) };
  }
  const [held, lost] = [lowering.heldBefore, config.locks].map((some, index, both) =>
    both[1 - index]?.find(({ text }) => !some.some((each) => each.text === text)),
  );
  if (held !== undefined)
    return lowering.fails(config, "PROG", `${frame.function.body.name}() returns while it holds ${held.text}`);
  if (lost !== undefined)
    return lowering.fails(
      config,
      "STATE",
      `${frame.function.body.name}() returns without ${lost.text}, which it was given`,
    );
  if (config.rcu > 0)
    return lowering.fails(
      config,
      "PROG",
      `${frame.function.body.name}() returns inside an RCU read-side critical section`,
    );
  const text = lowering.resultKind === null ? null : resultText(lowering, value);
  const done: Config = { ...config, frames: [] };
  return text === null ? { k: "end" } : { k: "emit", do: `result = ${text}`, next: done };
}

function resultText(lowering: Lowering, value: Value): string | null {
  if (lowering.resultKind === "slot") return value.k === "slot" ? value.v : "none";
  if (value.k === "slot") return `${value.v} != none`;
  const truth = truthOf(value);
  return truth === null ? "0" : String(truth);
}
