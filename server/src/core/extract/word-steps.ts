/** Calls of words of the vocabulary to steps of the model. */

import { bitStep } from "./bit-steps.ts";
import { dropReference, readCount, takeReference } from "./count-steps.ts";
import { deleteFromIndex, findInIndex, insertIntoIndex, removeFromIndex, tagInIndex } from "./index-steps.ts";
import { firstInode, isEmpty, linkInto, lruStep, makeAnew, unlink, walkLru } from "./list-steps.ts";
import { type Outcome, placeOf } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { LoweringLimit } from "./lowering-limit.ts";
import { type Config, forEachLive, goOn, type HeldLock, topOf } from "./lowering-state.ts";
import type { MicroOp } from "./micro-op.ts";
import { changeState, storeAt, writeState } from "./store-steps.ts";
import { bitValue, EITHER, negate, notBit, ONE, slotNamedBy, truthOf, UNKNOWN, type Value, ZERO } from "./values.ts";
import type { WordEntry } from "./vocabulary.ts";
import { finishWait, mayNotSleep, prepareWait, queueOf, sleep, wait, wake } from "./wait-steps.ts";

import { loseWalks } from "./walk-steps.ts";
import { drainWork, mayHandOn, queueWork } from "./work-steps.ts";

/** Critical sections inside one another, and locks that the model does not have, are counted up to here. */
const MAX_RCU = 4;
const MAX_OTHERS = 3;

export type CallOp = MicroOp & { k: "call" };

export function runWord(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  word: WordEntry,
  args: readonly Value[],
): Outcome {
  const arg = (index: number): Value => args[index] ?? UNKNOWN;
  const after = goOn(config, op.next);
  switch (word.op) {
    case "lock":
      return takeLock(
        lowering,
        config,
        lockArgument(word, args),
        goOn(config, op.next, op.into, resultOf(word.yields ?? "0")),
      );
    case "lock-is-held": {
      const lock = lockOf(lowering, arg(word.lock));
      if (lock === null || config.locks.some((held) => held.text === lock.text)) return { k: "silent", config: after };
      return lowering.fails(config, "STATE", `goes on without ${lock.text}, which it must hold here`);
    }
    case "lock-object": {
      const value: Value = { k: "object", object: word.object, member: null };
      const lock: Value = { ...value, member: word.member };
      return takeLock(lowering, config, lock, goOn(config, op.next, op.into, value));
    }
    case "unlock":
      return releaseLock(lowering, config, lockArgument(word, args), after);
    case "trylock":
      return tryLock(lowering, config, op, lockArgument(word, args));
    case "value":
      return lowering.answer(config, op, wholeInode(arg(word.of)));
    case "assign": {
      const target = op.args[word.target];
      if (target === undefined) return lowering.answer(config, op, UNKNOWN);
      const frame = topOf(config);
      if (target.k === "id") return { k: "silent", config: goOn(config, op.next, target.name, arg(word.value)) };
      return storeAt(lowering, config, lowering.evaluator.place(target, frame), "=", arg(word.value), after);
    }
    case "state-read": {
      const v = inodeOf(arg(0));
      return lowering.answer(config, op, v === null ? UNKNOWN : lowering.evaluator.stateOf(v));
    }
    case "state-set":
    case "state-clear":
    case "state-replace":
    case "state-assign": {
      const v = inodeOf(arg(0));
      if (v === null) return lowering.answer(config, op, UNKNOWN);
      if (word.op === "state-assign") return writeState(lowering, config, v, "=", arg(1), after);
      if (word.op === "state-set") return changeState(lowering, config, v, { set: arg(1) }, after);
      if (word.op === "state-clear") return changeState(lowering, config, v, { clear: arg(1) }, after);
      return changeState(lowering, config, v, { clear: arg(1), set: arg(2) }, after);
    }
    case "assert":
      return assertion(lowering, config, op, failing(word, args));
    case "count-read":
      return readCount(lowering, config, op, arg(0));
    case "count-inc":
    case "count-dec":
    case "count-inc-return":
    case "count-dec-and-test":
    case "count-add-unless":
      return takeReference(lowering, config, op, word, args);
    case "dec-and-lock":
      return dropReference(lowering, config, op, arg(word.count), arg(word.lock));
    case "is-empty":
      return isEmpty(lowering, config, op, arg(0));
    case "link-add":
      mayHandOn(lowering, config, op, word.link, word.list);
      return linkInto(lowering, config, op, arg(word.link), arg(word.list), word.moves === true);
    case "link-del":
      return unlink(lowering, config, op, arg(word.link), word.poisons === true);
    case "link-init":
      return makeAnew(lowering, config, op, arg(word.link));
    case "list-first":
      return firstInode(lowering, config, op, arg(0), word.orNull === true);
    case "lru-add":
    case "lru-del":
    case "lru-isolate":
      return lruStep(lowering, config, op, word.op, arg(word.link));
    case "lru-isolate-move":
      mayHandOn(lowering, config, op, word.link, word.list);
      return linkInto(lowering, config, op, arg(word.link), arg(word.list), true);
    case "lru-walk":
      return walkLru(lowering, config, op, args);
    case "wait-queue":
      return lowering.answer(config, op, queueOf(arg(word.of), arg(word.bit)));
    case "prepare-wait":
      return prepareWait(lowering, config, arg(word.queue), op.args[word.queue + 1], after);
    case "sleep":
      return sleep(lowering, config, after);
    case "finish-wait":
      return finishWait(lowering, after);
    case "wait-event":
      return lowering.answer(config, op, UNKNOWN);
    case "wait-on-bit":
      return wait(lowering, config, op, queueOf(arg(word.of), arg(word.bit)));
    case "wait-on-queue":
      return wait(lowering, config, op, arg(word.queue));
    case "wake": {
      const queue = word.queue === undefined ? queueOf(arg(word.of ?? 0), arg(word.bit ?? 1)) : arg(word.queue);
      return wake(lowering, config, queue, after);
    }
    case "rcu-lock":
      if (config.rcu >= MAX_RCU)
        return lowering.fails(
          config,
          "PROG",
          "enters an RCU read-side critical section again and again, and leaves none",
        );
      if (config.rcu > 0) return { k: "silent", config: { ...after, rcu: config.rcu + 1 } };
      return { k: "emit", do: "rcu_read_lock()", next: { ...after, rcu: 1 } };
    case "rcu-unlock":
      if (config.rcu === 0)
        return lowering.fails(
          config,
          "UAF",
          "leaves an RCU read-side critical section that it is not in: what it has seen there may be gone",
        );
      if (config.rcu > 1) return { k: "silent", config: { ...after, rcu: config.rcu - 1 } };
      return { k: "emit", do: "rcu_read_unlock()", next: { ...after, rcu: 0 } };
    case "call-rcu":
    case "free": {
      const v = args.map(inodeOf).find((each) => each !== null);
      if (v == null) return lowering.answer(config, op, UNKNOWN);
      return {
        k: "emit",
        do: `${lastLook(lowering, v)}; ${word.op === "free" ? "free_inode" : "call_rcu"}(${v})`,
        next: after,
      };
    }
    case "alloc": {
      const { v } = lowering.slotLocal(config, op.into ?? "inode", after);
      lowering.usesNumber = true;
      return {
        k: "emit",
        do: `new_inode(${v}, ino)`,
        next: goOn(config, op.next, op.into, { k: "slot", v, sure: true }),
      };
    }
    case "index-find":
      return findInIndex(lowering, config, op, arg(word.number));
    case "index-insert":
      return insertIntoIndex(lowering, config, op, arg(word.number), arg(word.inode), word.lock);
    case "index-delete":
      return deleteFromIndex(lowering, config, op, arg(word.number), word.lock);
    case "index-tag":
      return tagInIndex(lowering, config, op, word, arg(word.number), arg(word.tag));
    case "index-remove":
      return removeFromIndex(lowering, config, op, arg(word.inode));
    case "bit":
      return bitStep(lowering, config, op, word.does, arg(word.bit), arg(word.word));
    case "procedure": {
      const stopped = mayNotSleep(lowering, config, "may sleep");
      if (stopped !== null) return stopped;
      lowering.procedures.add(word.procedure);
      return {
        k: "emit",
        call: { procedure: word.procedure, with: {} },
        next: goOn(config, op.next, op.into, UNKNOWN),
      };
    }
    case "object":
      return lowering.answer(config, op, { k: "object", object: word.object, member: null });
    case "is-error": {
      const value = arg(0);
      return lowering.answer(config, op, value.k === "error" ? ONE : value.k === "unknown" ? UNKNOWN : ZERO);
    }
    case "is-error-or-null": {
      const value = arg(0);
      if (value.k === "error") return lowering.answer(config, op, ONE);
      const truth = truthOf(value);
      if (truth === null) return lowering.answer(config, op, UNKNOWN);
      if (typeof truth === "number") return lowering.answer(config, op, truth === 1 ? ZERO : ONE);
      return lowering.answer(config, op, { k: "expression", text: negateTest(truth), max: 1, shared: false });
    }
    case "error":
      return lowering.answer(config, op, { k: "error" });
    case "memalloc":
      return lowering.answer(config, op, EITHER);
    case "queue-work":
      return queueWork(lowering, config, op, word.queue, word.work);
    case "drain":
      return drainWork(lowering, config, op, word.queue);
    case "defer":
      throw new LoweringLimit(
        `${topOf(config).function.body.name}() hands work to another thread (line ${placeOf(config).line ?? 0}), which may finish the eviction`,
      );
    case "hand-on":
      lowering.assume("what is handed to another task here is done there, and this task does not wait for it", config);
      return lowering.answer(config, op, ONE);
    case "ignore":
      return lowering.answer(config, op, word.value === undefined ? EITHER : { k: "number", value: word.value });
    case "statement":
      return statement(lowering, config, op, word, args);
  }
}

/** Nothing may still lead to an inode that is about to be freed, and nobody may wait for it (races.md 0.2: UAF, WAKE). */
function lastLook({ request }: Lowering, v: string): string {
  const own = Object.values(request.vocabulary.data.members.inode ?? {}).flatMap((member) =>
    member.is === "link" && member.link === "own"
      ? `assert(UAF, !${v}.${member.field}, "the inode is destroyed while it is still on a list of its filesystem")`
      : [],
  );
  return [
    ...own,
    `assert(UAF, !${v}.hashed, "the inode is destroyed while lookups still find it")`,
    `assert(UAF, !${v}.on_sb, "the inode is destroyed while it is still on the list of its superblock")`,
    `assert(UAF, !${v}.on_io, "the inode is destroyed while it is still on a list of the flusher")`,
    // The slab's constructor does not run again (inode_init_once()).
    `assert(STATE, !${v}.poisoned && !${v}.list_poisoned, "the inode is destroyed with a link that list_del() has poisoned: the next one in its memory seems to be on a list")`,
    `assert(WAKE, !waiters(${v}), "the inode is destroyed while somebody still sleeps on it: nobody will wake him")`,
  ].join("; ");
}

function negateTest(text: string): string {
  return text.endsWith(" != none") ? text.replace(" != none", " == none") : negate(text);
}

/** The variable that holds the inode that a pointer, or the address of a part of it, leads to. */
export function inodeOf(value: Value): string | null {
  return value.k === "slot" || value.k === "part" ? value.v : null;
}

/** container_of() gets back from a part to the whole. */
function wholeInode(value: Value): Value {
  return value.k === "part" ? { k: "slot", v: value.v, sure: true } : value;
}

// --- locks --------------------------------------------------------------------------------------------------------

export interface LockName {
  readonly text: string;
  readonly v: string | null;
  readonly spin: boolean;
}

export function lockOf(lowering: Lowering, value: Value): LockName | null {
  const { evaluator } = lowering;
  let name: string | null = null;
  let v: string | null = null;
  if (value.k === "part") {
    const member = evaluator.member(value.object, value.member);
    if (member?.is === "lock") name = member.lock;
    v = value.v;
  } else if (value.k === "object" && value.member !== null) {
    if (value.object === "global-lock") name = value.member;
    else {
      const member = evaluator.member(value.object, value.member);
      if (member?.is === "lock") name = member.lock;
    }
  }
  const word = lowering.request.vocabulary.data.locks.find((each) => each.name === name);
  if (name === null || word === undefined) return null;
  lowering.locksUsed.add(name);
  return {
    text: word.per === "slot" ? `${name}[${v}]` : name,
    v: word.per === "slot" ? v : null,
    spin: word.kind === "spin",
  };
}

/** A filesystem's wrapper is given the inode, not its lock. */
function lockArgument(word: WordEntry & { op: "lock" | "unlock" | "trylock" }, args: readonly Value[]): Value {
  const value = args[word.lock] ?? UNKNOWN;
  if (word.member === undefined) return value;
  if (value.k === "object" && value.member === null) return { ...value, member: word.member };
  if (value.k !== "slot") return value;
  return { k: "part", v: value.v, member: word.member, object: "inode" };
}

export function takeLock(lowering: Lowering, config: Config, value: Value, after: Config): Outcome {
  const lock = lockOf(lowering, value);
  if (lock === null) {
    lowering.assume("locks that the model does not have are left out", config);
    return { k: "silent", config: { ...after, others: Math.min((config.others ?? 0) + 1, MAX_OTHERS) } };
  }
  if (config.locks.some((held) => held.text === lock.text))
    return lowering.fails(config, "PROG", `takes ${lock.text}, which it holds already: it waits for itself`);
  const [lost, again] = lostLocks(config);
  if (lost !== undefined && again !== undefined)
    return lowering.fails(config, "PROG", `has lost ${lost.text} and ${again.text}, which it holds`);
  const stopped = lock.spin ? null : mayNotSleep(lowering, config, `sleeps on ${lock.text}`);
  if (stopped !== null) return stopped;
  return { k: "emit", do: `lock(${lock.text})`, next: { ...after, locks: [...after.locks, lock] } };
}

/**
 * Locks of inodes that no variable names any more: nobody can give them back. One may be due to what is not known of the
 * code; a loop that loses one each time would go on for ever here, and in the kernel until the first comes round again.
 */
function lostLocks(config: Config): HeldLock[] {
  const named = new Set<string | null>();
  forEachLive(config, (_frame, _name, value) => named.add(slotNamedBy(value)));
  return config.locks.filter(({ v }) => v !== null && !named.has(v));
}

export function releaseLock(lowering: Lowering, config: Config, value: Value, after: Config): Outcome {
  const lock = lockOf(lowering, value);
  if (lock === null) return { k: "silent", config: { ...after, others: Math.max((config.others ?? 0) - 1, 0) } };
  if (!config.locks.some((held) => held.text === lock.text))
    return lowering.fails(config, "STATE", `gives back ${lock.text}, which it does not hold`);
  const left = { ...after, locks: after.locks.filter((held) => held.text !== lock.text) };
  return { k: "emit", do: `unlock(${lock.text})`, next: loseWalks(left, lock.text) };
}

function tryLock(lowering: Lowering, config: Config, op: CallOp, value: Value): Outcome {
  const lock = lockOf(lowering, value);
  if (lock === null) return lowering.answer(config, op, ONE);
  if (config.locks.some((held) => held.text === lock.text)) return lowering.answer(config, op, ZERO);
  const yes = goOn(config, op.next, op.into, ONE);
  const no = goOn(config, op.next, op.into, ZERO);
  return { k: "emit", test: `trylock(${lock.text})`, next: { ...yes, locks: [...yes.locks, lock] }, no };
}

// --- assertions, statements ---------------------------------------------------------------------------------------

/** The value that makes an assertion fire when it is true. */
function failing(word: WordEntry & { op: "assert" }, args: readonly Value[]): Value {
  const value = word.condition === undefined ? ONE : (args[word.condition] ?? UNKNOWN);
  if (word.must !== true) return value;
  const truth = truthOf(value);
  return truth === null ? UNKNOWN : bitValue(notBit(truth), true);
}

function assertion(lowering: Lowering, config: Config, op: CallOp, condition: Value): Outcome {
  const truth = truthOf(condition);
  if (truth === null || truth === 0) return lowering.answer(config, op, condition.k === "unknown" ? UNKNOWN : ZERO);
  const { label } = placeOf(config);
  const name = op.callee.k === "id" ? op.callee.name : "BUG_ON";
  const message = `${label === "" ? name : label} fires`;
  // To find I_CLEAR where it must not be is to evict a second time.
  const invariant = typeof truth === "string" && /\.CLEAR$/.test(truth) && !truth.includes(" ") ? "ONCE" : "STATE";
  if (truth === 1) return lowering.fails(config, "STATE", message);
  return {
    k: "emit",
    do: `assert(${invariant}, ${negate(truth)}, "${message}")`,
    next: goOn(config, op.next, op.into, ZERO),
  };
}

function resultOf(yields: string | null): Value {
  if (yields === null) return UNKNOWN;
  if (/^\d+$/.test(yields)) return { k: "number", value: Number(yields) };
  return { k: "expression", text: yields, max: 1, shared: true };
}

function eachSlot({ request }: Lowering, text: string): string {
  if (!text.includes("$each")) return text;
  return Array.from({ length: request.slots }, (_, i) => text.replaceAll("$each", `slot[${i}]`)).join("; ");
}

function withLock(lowering: Lowering, { briefly }: WordEntry & { op: "statement" }, text: string): string {
  if (briefly === undefined) return text;
  lowering.locksUsed.add(briefly);
  return `wait(!locked(${briefly})); ${text}`;
}

function statement(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  word: WordEntry & { op: "statement" },
  args: readonly Value[],
): Outcome {
  let complete = true;
  const fill = (text: string): string =>
    text.replace(/\$(\d)/g, (_, index: string) => {
      const v = inodeOf(args[Number(index)] ?? UNKNOWN);
      if (v === null) complete = false;
      return v ?? "none";
    });
  const does = word.does === undefined ? null : withLock(lowering, word, eachSlot(lowering, fill(word.does)));
  const yields = word.yields === undefined ? null : fill(word.yields);
  if (!complete) {
    lowering.assume("an operation on an object that is no inode of the scenario is left out", config);
    return lowering.answer(config, op, UNKNOWN);
  }
  const stopped = word.sleeps === true ? mayNotSleep(lowering, config, "may sleep") : null;
  if (stopped !== null) return stopped;
  const value = resultOf(yields);
  const next = goOn(config, op.next, op.into, value);
  if (does === null) return { k: "silent", config: next };
  return { k: "emit", do: does, next };
}
