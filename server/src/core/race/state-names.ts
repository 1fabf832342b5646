/** Names for what a packed state holds: slots, locks with their index, wait queues. */

import { evaluateOnce } from "./evaluate-once.ts";
import type { Cell, Location, LockUse, Program, Template, ThreadInstance } from "./program.ts";
import { loadCell } from "./state-access.ts";

export function templateOf(program: Program, thread: ThreadInstance): Template {
  return program.templates[thread.template] as Template;
}

export function pcOf(program: Program, state: Int32Array, thread: ThreadInstance): number {
  return loadCell(state, templateOf(program, thread).pc, 0, thread.base);
}

/** The location a thread is at; undefined when it has finished. */
export function locationOf(program: Program, state: Int32Array, thread: ThreadInstance): Location | undefined {
  return templateOf(program, thread).locations[pcOf(program, state, thread)];
}

export function slotName(program: Program, reference: number): string {
  return reference === 0 ? "none" : (program.slots.names[reference - 1] ?? `slot ${reference}`);
}

/** `i_lock[A]`, with the index as it is in this state. */
export function lockName(program: Program, state: Int32Array, lock: LockUse, thread: ThreadInstance): string {
  const declared = program.locks.find((one) => one.cell === lock.cell)?.name ?? lock.name;
  if (lock.index === undefined) return declared;
  const index = evaluateOnce(program, lock.index, state, thread);
  return `${declared}[${program.slots.names[index] ?? index}]`;
}

export function heldLocks(program: Program, state: Int32Array, thread: ThreadInstance): string[] {
  const location = locationOf(program, state, thread);
  return (location?.held ?? []).map((lock) => lockName(program, state, lock, thread));
}

/** Slot and bit of the wait queue that a thread is on. */
export function waitsOn(
  program: Program,
  state: Int32Array,
  thread: ThreadInstance,
): { readonly slot: number; readonly bit: string } | undefined {
  const cell: Cell | undefined = program.waitKey[thread.template];
  const key = cell === undefined ? 0 : loadCell(state, cell, 0, thread.base);
  if (key === 0) return undefined;
  const bits = program.waitBits.length;
  return { slot: Math.floor((key - 1) / bits), bit: `__I_${program.waitBits[(key - 1) % bits] ?? "?"}` };
}
