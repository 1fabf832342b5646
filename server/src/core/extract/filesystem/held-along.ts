/** What is held at the end of a chain of calls, by the functions of the chain. */

import type { Body } from "../../ir/function-bodies.ts";
import type { CallExpr } from "../../ir/ir.ts";
import type { LockUse, SleepingLocks } from "./sleeping-locks.ts";

export interface ChainCall {
  readonly body: Body;
  /** The call by which the chain goes on. */
  readonly isNext: (call: CallExpr) => boolean;
}

export interface HeldLock extends LockUse {
  /** The function of the chain that takes it. */
  readonly at: number;
  /** Where what it takes is given back on every way: itself, or who calls it. Null where nobody of the chain does. */
  readonly top: number | null;
}

export function heldAlong(locks: SleepingLocks, chain: readonly ChainCall[]): readonly HeldLock[] {
  const held = new Map<string, LockUse & { readonly at: number }>();
  for (const [at, { body, isNext }] of chain.entries())
    for (const use of locks.heldAt(body, isNext)) {
      if (!use.takes) held.delete(use.lock);
      else if (!held.has(use.lock)) held.set(use.lock, { ...use, at });
    }
  return [...held.values()].map((use) => {
    let top = use.at;
    while (top >= 0 && !locks.isClear(chain[top]!.body, use.lock)) top--;
    return { ...use, top: top < 0 ? null : top };
  });
}
