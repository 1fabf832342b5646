/**
 * Locks that tie a lookup or a create to the eviction: it holds them while it calls iget_locked() or insert_inode_locked(), which
 * wait, and the eviction takes them. Others decide nothing, and are no part of a model.
 */
import type { EffectSite } from "../../analysis/effect.ts";
import type { FilesystemFacts } from "../../analysis/filesystem-facts.ts";
import { MODES } from "../../analysis/interpreter.ts";
import { lockIdentity } from "../../analysis/lock-scope.ts";
import { guardOf } from "../../ir/ir.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import { type EntryKind, type EntryPath, entryPath } from "./entry-path.ts";
import { ownCallsOf } from "./own-calls.ts";
import { type LockUse, sleepingLocksOf, type Taken } from "./sleeping-locks.ts";

export interface SharedLocks {
  /** As `struct.member`. */
  readonly names: ReadonlySet<string>;
  /** The function of the chain that takes the first of them. */
  readonly top: number;
  readonly assumptions: readonly string[];
}

export const NO_LOCKS: SharedLocks = { names: new Set(), top: Number.MAX_SAFE_INTEGER, assumptions: [] };

/** What an eviction takes, itself or below: whether it only reads. Doubtful ways are left out. */
export function locksOfEviction(
  facts: FilesystemFacts,
  operations: readonly EvictionOperation[] = ["evict_inode", "destroy_inode"],
): Taken {
  const found = new Map<string, { readonly shared: boolean }>();
  for (const name of operations) {
    const operation = facts.operation(name);
    if (operation === undefined) continue;
    for (const { effects } of facts.anchors(operation, MODES.any))
      for (const { site, doubt } of effects) {
        if (site.kind !== "lock" || doubt !== null) continue;
        const lock = lockOf(facts, site);
        if (lock === null) continue;
        const shared = /(^|_)down_read/.test(site.primitive) && (found.get(lock)?.shared ?? true);
        found.set(lock, { shared });
      }
  }
  return found;
}

/** The lock that an effect of kind `lock` takes. */
export function lockOf({ engine }: Pick<FilesystemFacts, "engine">, site: EffectSite): string | null {
  const { body, event, primitive } = site;
  const guard = guardOf(event.call);
  const at = engine.knowledge.functions.get(primitive)?.lockArgument ?? 0;
  return lockIdentity(guard !== null ? guard.args[0] : event.call.args[at], body, engine.types);
}

export function sharedLocks(facts: FilesystemFacts, path: EntryPath): SharedLocks {
  const { engine, program, filesystem } = facts;
  const taken = locksOfEviction(facts);
  if (taken.size === 0) return NO_LOCKS;
  const calls = ownCallsOf(engine, program, filesystem);
  const locks = sleepingLocksOf({ engine, program, filesystem });
  const held = new Map<string, { readonly use: LockUse; readonly at: number }>();
  const unclear = new Set<string>();
  for (const { body } of facts.operations)
    for (const lock of taken.keys()) if (!locks.isClear(body, lock)) unclear.add(lock);
  for (const [i, definition] of path.chain.entries()) {
    const body = calls.bodyOf(definition);
    if (body === null) return NO_LOCKS;
    const next = path.chain[i + 1]?.name;
    const isTarget = (name: string): boolean => (next === undefined ? path.generic.has(name) : name === next);
    for (const lock of taken.keys()) if (!locks.isClear(body, lock)) unclear.add(lock);
    for (const use of locks.heldAt(body, ({ callee }) => callee.k === "id" && isTarget(callee.name))) {
      if (!use.takes) held.delete(use.lock);
      else if (!held.has(use.lock)) held.set(use.lock, { use, at: i });
    }
  }
  const names = new Set<string>();
  let top = Number.MAX_SAFE_INTEGER;
  for (const [lock, { use, at }] of held) {
    const other = taken.get(lock);
    if (other === undefined || unclear.has(lock) || (other.shared && use.shared)) continue;
    names.add(lock);
    top = Math.min(top, at);
  }
  const assumptions = [...unclear].map(
    (lock) => `where ${path.chain.at(-1)!.name}() and the eviction hold ${lock} depends on the way: it is left out`,
  );
  return { names, top, assumptions };
}

/** The same for the way that the filesystem's methods take to the hash; none where there is no such way. */
export function locksOfEntry(facts: FilesystemFacts, kind: EntryKind): SharedLocks {
  const path = entryPath(facts, kind);
  return path === null ? NO_LOCKS : sharedLocks(facts, path);
}
