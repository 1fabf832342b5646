/** What to say about a state in which nothing can happen any more. */
import { Expander, type Move, reduceProgram } from "./expander.ts";
import { NO_REDUCTIONS } from "./outcome.ts";
import type { Program } from "./program.ts";
import { heldLocks, locationOf, lockName, pcOf, templateOf, waitsOn } from "./state-names.ts";
import type { Violation } from "./trace.ts";
import type { WaitReason } from "./view.ts";

/** Why a thread cannot take a step; undefined when it can, or has finished. */
export function waitReason(program: Program, state: Int32Array, threadIndex: number): WaitReason | undefined {
  const thread = program.threads[threadIndex];
  if (thread === undefined) return undefined;
  const location = locationOf(program, state, thread);
  const transitions = (location?.transitions ?? []).filter((transition) => transition.spurious !== true);
  const [transition] = transitions;
  if (transition === undefined) return undefined;
  if (transition.guardKind === "lock") {
    const names = transition.acquires.map((lock) => lockName(program, state, lock, thread));
    const holders = program.threads.filter(
      (other) => other.index !== threadIndex && heldLocks(program, state, other).some((name) => names.includes(name)),
    );
    const who = holders.map((holder) => holder.name).join(", ");
    const lock = names.join(" and ");
    return {
      kind: "lock",
      lock,
      holders: holders.map((holder) => holder.index),
      text: `waits for ${lock}${who === "" ? "" : ` held by ${who}`}`,
    };
  }
  if (transition.guardKind === "sleep") {
    const key = waitsOn(program, state, thread);
    const place = key === undefined ? "" : ` on ${program.slots.names[key.slot] ?? "?"} ${key.bit}`;
    return { kind: "sleep", holders: [], text: `asleep${place} until woken` };
  }
  if (transition.guardKind === "none") return undefined;
  const kind = transition.guardKind;
  const texts = transitions.map((one) => one.guardText).filter((text) => text !== "");
  return { kind, holders: [], text: `waits for ${texts.slice(0, 3).join(" or ")}` };
}

/** The violation for a state without a next step: a lost wake-up if only sleepers are left whom nobody can wake. */
export function describeStuck(program: Program, moves: readonly Move[]): Violation {
  const expander = new Expander(reduceProgram(program, NO_REDUCTIONS));
  const state = Int32Array.from(program.initial);
  for (const move of moves) expander.take(state, move);
  const stuck = program.threads.filter((thread) => {
    const template = templateOf(program, thread);
    return !template.daemon && pcOf(program, state, thread) !== template.end;
  });
  const parts = stuck.map((thread) => `${thread.name} ${waitReason(program, state, thread.index)?.text ?? "is stuck"}`);
  return { invariant: "PROG", kind: "deadlock", message: `deadlock: ${parts.join("; ")}` };
}
