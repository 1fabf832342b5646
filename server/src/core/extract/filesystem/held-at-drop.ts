/**
 * A reference is dropped with a lock of the filesystem held: the eviction that this starts waits for ever where it takes that lock,
 * too. Only one that takes it on every way is taken to do so: what is dropped may be an inode for which it does not.
 */
import type { Operation } from "../../analysis/filesystem-facts.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { Step, VariableDeclaration } from "../../race/model.ts";
import { bodyOf, type ChainLocks, callText, NO_STEPS } from "./chain-steps.ts";
import { locksOfEviction } from "./entry-locks.ts";
import type { FindingScope } from "./finding-scope.ts";
import { declarationOf, lockStatement, sleepingLocksOf, unlockStatement } from "./sleeping-locks.ts";

export interface HeldAtDrop {
  /** For the functions of the finding's chain. */
  readonly chain: ChainLocks;
  /** What the inner eviction does with them. */
  readonly inner: readonly Step[];
  readonly variables: readonly VariableDeclaration[];
  readonly assumptions: readonly string[];
}

export const NOTHING_HELD: HeldAtDrop = {
  chain: { stepsOf: () => NO_STEPS },
  inner: [],
  variables: [],
  assumptions: [],
};

/** `inner`: the operation that evicts what the last call of the finding's chain drops. */
export function heldAtDrop(scope: FindingScope, inner: Operation): HeldAtDrop {
  const { finding, filesystem, engine, program } = scope;
  if (filesystem === null) return NOTHING_HELD;
  const facts = scope.facts(filesystem);
  const taken = locksOfEviction(facts, [inner.name]);
  if (taken.size === 0) return NOTHING_HELD;
  const locks = sleepingLocksOf({ engine, program, filesystem });
  const held = new Map<string, { readonly shared: boolean }>();
  for (const link of finding.chain) {
    const body = bodyOf({ engine, program }, link);
    if (body === null) return NOTHING_HELD;
    for (const use of locks.heldAt(body, (call) => positionIn(body, call.at).line === link.line)) {
      if (use.takes) held.set(use.lock, use);
      else held.delete(use.lock);
    }
  }
  const always = locks.takenAlways(inner.body);
  const names = new Set<string>();
  const steps: Step[] = [];
  const assumptions: string[] = [];
  for (const [lock, { shared }] of held) {
    const maybe = taken.get(lock);
    const surely = always.get(lock);
    if (maybe === undefined || (shared && maybe.shared)) continue;
    const call = surely === undefined || (shared && surely.shared) ? null : locks.callThatTakes(inner.body, lock);
    if (call === null) {
      assumptions.push(`the eviction of what is dropped does not take ${lock}, which is held meanwhile`);
      continue;
    }
    names.add(lock);
    const place = {
      label: `${callText(inner.body, call)} for B`,
      source: { file: inner.body.file.path, line: positionIn(inner.body, call.at).line },
    };
    steps.push(
      { ...place, do: "skip()" },
      { ...place, label: `has ${lock} for B`, do: lockStatement(lock) },
      { ...place, label: `gives ${lock} back`, do: unlockStatement(lock) },
    );
  }
  return {
    chain: { stepsOf: (body, call, leaves) => locks.stepsOf(body, call, names, leaves) },
    inner: steps,
    variables: [...names].map(declarationOf),
    assumptions,
  };
}
