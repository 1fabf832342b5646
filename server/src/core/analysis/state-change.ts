/** The typestate of an inode under eviction, and what each effect makes of it. */
import type { EffectKind } from "../knowledge/knowledge.ts";
import { maskOf } from "./effects-below.ts";
import type { CallEvent } from "./interpreter.ts";

export const PAGES_GONE = 1;
export const CLEARED = 2;
export const UNHASHED = 4;
export const WOKEN = 8;
/** The mapping of this inode never holds a page (a bad inode, another kind of inode). */
export const NO_PAGES = 16;
export const QUEUED = 32;

export type TypeState = number;

const MAPPING = "#mapping";
const REMOVE_MASK = maskOf(["remove-folios"]);

export function afterEffect(kind: EffectKind, state: TypeState, call: CallEvent, onInode: boolean): TypeState {
  switch (kind) {
    case "clear":
      return onInode ? state | CLEARED : state;
    case "truncate": {
      const mapping = call.args[0];
      const other =
        mapping !== undefined &&
        !(mapping.k === "symbol" && (mapping.name === MAPPING || mapping.name === "#inode")) &&
        mapping.k !== "nonzero";
      return other ? state : state | PAGES_GONE;
    }
    case "remove-folios":
      return state | PAGES_GONE;
    case "unhash":
      return onInode ? state | UNHASHED : state;
    case "wake":
      // Only a wake-up after the unhash counts, and only one of __I_NEW.
      return (state & UNHASHED) !== 0 && !wakesAnotherBit(call) ? state | WOKEN : state;
    case "defer":
      return state | QUEUED;
    default:
      return state;
  }
}

function wakesAnotherBit(call: CallEvent): boolean {
  return call.call.args.some((arg) => arg.k === "id" && /^__I_/.test(arg.name) && arg.name !== "__I_NEW");
}

/** Folios are removed one by one, in loops: a call that can do it, and nothing more, is taken to have emptied the mapping. */
export function afterRemoving(below: number, state: TypeState): TypeState {
  return (below & REMOVE_MASK) !== 0 ? state | PAGES_GONE : state;
}
