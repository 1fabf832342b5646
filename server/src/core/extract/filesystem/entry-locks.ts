/**
 * Locks and transactions that tie a lookup or a create to the eviction: it holds them while it calls iget_locked() or
 * insert_inode_locked(), which wait, and the eviction takes them. Others decide nothing, and are no part of a model.
 */
import type { FilesystemFacts, ReachedEffect } from "../../analysis/filesystem-facts.ts";
import { MODES } from "../../analysis/interpreter.ts";
import { lockIdentity } from "../../analysis/lock-scope.ts";
import { type CallExpr, guardOf } from "../../ir/ir.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import { type EntryKind, type EntryPath, entryPath } from "./entry-path.ts";
import { type ChainCall, heldAlong } from "./held-along.ts";
import { ownCallsOf } from "./own-calls.ts";
import { type SharedThing, transactionOf } from "./shared-things.ts";
import { sleepingLocksOf, type Taken } from "./sleeping-locks.ts";

export interface SharedLocks {
  /** As `struct.member`. */
  readonly names: ReadonlySet<string>;
  readonly things: readonly SharedThing[];
  /** The function of the chain that takes the first of them. */
  readonly top: number;
  readonly assumptions: readonly string[];
}

export const NO_LOCKS: SharedLocks = { names: new Set(), things: [], top: Number.MAX_SAFE_INTEGER, assumptions: [] };

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
      for (const effect of effects) {
        for (const { name, shared } of takenBy(facts, effect))
          found.set(name, { shared: shared && (found.get(name)?.shared ?? true) });
      }
  }
  return found;
}

export interface TakenBy {
  /** Of the shared thing. */
  readonly name: string;
  /** For reading only; a transaction has room for every handle. */
  readonly shared: boolean;
}

/** The lock that an effect takes, and the transaction in whose start it lies. */
export function takenBy({ engine }: Pick<FilesystemFacts, "engine">, effect: ReachedEffect): readonly TakenBy[] {
  const { site, chain, doubt } = effect;
  if (doubt !== null) return [];
  const { body, event, primitive } = site;
  const { transactions } = engine.knowledge;
  const names = [...chain.map((link) => link.body.name), body.name, primitive];
  const start = names.find((name) => transactions.has(name));
  const started = start === undefined ? [] : [{ name: transactionOf(transactions.get(start)!), shared: true }];
  if (site.kind !== "lock") return started;
  const guard = guardOf(event.call);
  const at = engine.knowledge.functions.get(primitive)?.lockArgument ?? 0;
  const lock = lockIdentity(guard !== null ? guard.args[0] : event.call.args[at], body, engine.types);
  return lock === null ? started : [{ name: lock, shared: /(^|_)down_read/.test(primitive) }, ...started];
}

function sharedLocks(
  facts: FilesystemFacts,
  path: EntryPath,
  operations: readonly EvictionOperation[] | undefined,
): SharedLocks {
  const { engine, program, filesystem } = facts;
  const taken = locksOfEviction(facts, operations);
  if (taken.size === 0) return NO_LOCKS;
  const calls = ownCallsOf(engine, program, filesystem);
  const locks = sleepingLocksOf({ engine, program, filesystem });
  const isUnclear = (lock: string): boolean => facts.operations.some(({ body }) => !locks.isClear(body, lock));
  const unclear = new Set<string>();
  const chain: ChainCall[] = [];
  for (const [i, definition] of path.chain.entries()) {
    const body = calls.bodyOf(definition);
    if (body === null) return NO_LOCKS;
    const next = path.chain[i + 1]?.name;
    const isNext = (call: CallExpr): boolean => {
      const name = call.callee.k === "id" ? call.callee.name : "";
      return next === undefined ? path.generic.has(name) : name === next;
    };
    chain.push({ body, isNext });
    for (const lock of taken.keys()) if (!locks.isTransaction(lock) && !locks.isClear(body, lock)) unclear.add(lock);
  }
  const names = new Set<string>();
  let first = Number.MAX_SAFE_INTEGER;
  for (const { lock, shared, top } of heldAlong(locks, chain)) {
    const other = taken.get(lock);
    // Readers do not keep one another out; between handles there is the commit.
    if (other === undefined || (other.shared && shared && !locks.isTransaction(lock))) continue;
    if (top === null || isUnclear(lock)) unclear.add(lock);
    if (unclear.has(lock)) continue;
    names.add(lock);
    first = Math.min(first, top ?? 0);
  }
  const assumptions = [...unclear].map(
    (lock) => `where ${path.chain.at(-1)!.name}() and the eviction hold ${lock} depends on the way: it is left out`,
  );
  return { names, things: [...names].map((name) => locks.thing(name)), top: first, assumptions };
}

/**
 * For the way that the filesystem's methods take to the hash; none where there is no such way.
 * @param operations of the eviction that is part of the model
 */
export function locksOfEntry(
  facts: FilesystemFacts,
  kind: EntryKind,
  operations?: readonly EvictionOperation[],
): SharedLocks {
  const path = entryPath(facts, kind);
  return path === null ? NO_LOCKS : sharedLocks(facts, path, operations);
}
