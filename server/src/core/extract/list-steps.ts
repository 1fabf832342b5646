/** Links of inodes: hash chain, LRU, list of the superblock, writeback list, and lists on a thread's stack. */
import type { Body } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";
import type { Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn, topOf } from "./lowering-state.ts";
import type { MicroFunction, MicroOp } from "./micro-op.ts";
import { firstOfList, listFlag, listIsEmpty, noSlot, setListFlag } from "./slot-walks.ts";
import { listOnStack } from "./stack-lists.ts";
import { changeList } from "./unlocked-steps.ts";
import { UNKNOWN, type Value } from "./values.ts";
import { LRU_WALK } from "./walk-steps.ts";
import { type CallOp, inodeOf } from "./word-steps.ts";

type LinkName = "hash" | "lru" | "sb" | "io" | "own";

/** `field`: where a filesystem's own link stands; `lock`: what guards the list. */
interface Link {
  readonly v: string;
  readonly link: LinkName;
  readonly field: string;
  readonly lock?: string | undefined;
}

function linkOf(lowering: Lowering, value: Value): Link | null {
  if (value.k === "slot") return { v: value.v, link: "hash", field: "" };
  if (value.k !== "part") return null;
  const member = lowering.evaluator.member(value.object, value.member);
  if (member?.is !== "link") return null;
  const { v } = value;
  if (member.link === "own") return { v, link: "own", field: member.field, lock: member.lock };
  return { v, link: member.link, field: "", lock: member.lock };
}

export function isEmpty(lowering: Lowering, config: Config, op: CallOp, value: Value): Outcome {
  const text = (() => {
    const link = linkOf(lowering, value);
    if (link !== null)
      return {
        hash: `!${link.v}.hashed && !${link.v}.poisoned`,
        lru: `${link.v}.lru == LRU_NONE`,
        sb: `!${link.v}.on_sb && !${link.v}.list_poisoned`,
        io: `!${link.v}.on_io && !${link.v}.list_poisoned`,
        own: `!${link.v}.${link.field}`,
      }[link.link];
    const list = listOnStack(lowering, value);
    if (list !== null) return listIsEmpty(list, lowering.request.slots);
    if (value.k === "object" && value.object === "sb" && value.member !== null) {
      const member = lowering.evaluator.member("sb", value.member);
      if (member?.is === "list" && member.list === "sb")
        return noSlot(lowering.request.slots, (slot) => `${slot}.on_sb`);
    }
    return null;
  })();
  if (text === null) return lowering.answer(config, op, UNKNOWN);
  return lowering.answer(config, op, { k: "expression", text, max: 1, shared: true });
}

/** list_add() and its kin; `moves`: it may be on another list. */
export function linkInto(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  what: Value,
  where: Value,
  moves: boolean,
): Outcome {
  const after = goOn(config, op.next);
  const link = linkOf(lowering, what);
  if (link === null) return { k: "silent", config: after };
  const { v } = link;
  const alone = (condition: string): string =>
    moves ? "" : `assert(STATE, ${condition}, "the inode is put on a list while it is on another"); `;
  switch (link.link) {
    case "hash":
      return { k: "emit", do: `hash_add(${v}); ${v}.poisoned = 0`, next: after };
    case "sb":
      return changeList(lowering, config, link, `${alone(`!${v}.on_sb`)}${v}.on_sb = 1; ${v}.list_poisoned = 0`, after);
    case "io":
      return changeList(lowering, config, link, `${v}.on_io = 1; ${v}.list_poisoned = 0`, after);
    case "own":
      return changeList(lowering, config, { link: link.field, lock: link.lock }, `${v}.${link.field} = 1`, after);
    case "lru": {
      const list = listOnStack(lowering, where);
      const free = alone(`${v}.lru != LRU && ${v}.lru != LRU_PRIVATE`);
      if (list === null) return { k: "emit", do: `${free}${v}.lru = LRU`, next: after };
      return {
        k: "emit",
        do: `${free}${v}.lru = LRU_PRIVATE; ${setListFlag(list, v, lowering.request.slots, 1)}`,
        next: after,
      };
    }
  }
}

/** What list_del() leaves in i_lru: on no list, and not empty. The reclaim of the catalogue's models has no part in this. */
const POISONED = "LRU_DEFERRED";

/** `poisons`: list_del(), hlist_del() and hlist_del_rcu() leave a link that does not look empty. */
export function unlink(lowering: Lowering, config: Config, op: CallOp, what: Value, poisons: boolean): Outcome {
  const after = goOn(config, op.next);
  const link = linkOf(lowering, what);
  if (link === null) return { k: "silent", config: after };
  const { v } = link;
  const poison = poisons ? `; ${v}.list_poisoned = 1` : "";
  switch (link.link) {
    case "hash":
      return { k: "emit", do: `hash_del(${v})${poisons ? `; ${v}.poisoned = 1` : ""}`, next: after };
    case "sb":
      return changeList(lowering, config, link, `${v}.on_sb = 0${poison}`, after);
    case "io":
      return changeList(lowering, config, link, `${v}.on_io = 0${poison}`, after);
    case "own":
      return changeList(lowering, config, { link: link.field, lock: link.lock }, `${v}.${link.field} = 0`, after);
    case "lru": {
      const { slots } = lowering.request;
      const own = [...new Set(lowering.lists.values())].map((list) => `; ${setListFlag(list, v, slots, 0)}`);
      return { k: "emit", do: `${v}.lru = ${poisons ? POISONED : "LRU_NONE"}${own.join("")}`, next: after };
    }
  }
}

/** INIT_LIST_HEAD(): what was on a list on the stack is on no list that anybody looks at. */
export function makeAnew(lowering: Lowering, config: Config, op: CallOp, value: Value): Outcome {
  const after = goOn(config, op.next);
  const list = listOnStack(lowering, value);
  if (list === null) return { k: "silent", config: after };
  const flags = Array.from({ length: lowering.request.slots }, (_, i) => `${listFlag(list, i)} = 0`);
  return { k: "emit", do: flags.join("; "), next: after };
}

/** list_first_entry() of a list on the stack; list_entry() of an inode's own link. */
export function firstInode(lowering: Lowering, config: Config, op: CallOp, value: Value, orNull: boolean): Outcome {
  const v = inodeOf(value);
  if (v !== null) return lowering.answer(config, op, { k: "slot", v, sure: true });
  const list = listOnStack(lowering, value);
  if (list === null) {
    lowering.assume("a list that is no list of inodes is empty", config);
    return lowering.answer(config, op, UNKNOWN);
  }
  const local = lowering.slotLocal(config, op.into ?? "inode", goOn(config, op.next));
  if (local.lost)
    return lowering.fails(config, "PROG", "goes on to the next inode without giving back the lock of the last");
  return {
    k: "emit",
    do: `${local.v} = ${firstOfList(list, lowering.request.slots)}`,
    next: goOn(config, op.next, op.into, { k: "slot", v: local.v, sure: !orNull }),
  };
}

/** list_lru_add(), list_lru_del(): one step under the lock of the LRU; list_lru_isolate(): the caller holds it. */
export function lruStep(
  lowering: Lowering,
  config: Config,
  op: CallOp,
  what: "lru-add" | "lru-del" | "lru-isolate",
  value: Value,
): Outcome {
  const link = linkOf(lowering, value);
  if (link === null || link.link !== "lru") return lowering.answer(config, op, UNKNOWN);
  const { v } = link;
  if (what === "lru-isolate") return { k: "emit", do: `${v}.lru = LRU_NONE`, next: goOn(config, op.next) };
  lowering.locksUsed.add("lru_lock");
  const parts: string[] = config.locks.some((held) => held.text === "lru_lock") ? [] : ["wait(!locked(lru_lock))"];
  if (what === "lru-del")
    parts.push(
      `assert(ONCE, ${v}.lru != LRU_PRIVATE, "the inode is taken off a list of inodes that somebody else is about to evict")`,
    );
  const before = what === "lru-add" ? "LRU_NONE" : "LRU";
  const change = `${v}.lru = ${what === "lru-add" ? "LRU" : "LRU_NONE"}`;
  if (op.into === null) {
    parts.push(`if (${v}.lru == ${before}) { ${change} }`);
    return { k: "emit", do: parts.join("; "), next: goOn(config, op.next) };
  }
  const done = lowering.local(`lru:${lowering.siteOf(config)}`, "moved", "number", 1);
  parts.push(`${done} = ${v}.lru == ${before}; if (${done}) { ${change} }`);
  return {
    k: "emit",
    do: parts.join("; "),
    next: goOn(config, op.next, op.into, { k: "expression", text: done, max: 1, shared: false }),
  };
}

// --- list_lru_walk() ------------------------------------------------------------------------------------------------

/** LRU_REMOVED_RETRY and LRU_RETRY (include/linux/list_lru.h). */
const RETRY = [1, 4];

/**
 * Each inode of the LRU to the callback, under the LRU's lock (mm/list_lru.c, __list_lru_walk_one()). A callback that is
 * given the lock returns with it; one that is not (Linux 6.13) has given it back when it wants the walk to start again.
 */
export function walkLru(lowering: Lowering, config: Config, op: CallOp, args: readonly Value[]): Outcome {
  const index = args.findIndex((arg) => arg.k === "function");
  const isolate = args[index];
  const body = isolate?.k === "function" ? lowering.tree.bodies.of(isolate.function) : null;
  if (isolate?.k !== "function" || body === null) {
    lowering.assume("a walk over the LRU with an unknown callback does nothing", config);
    return lowering.answer(config, op, UNKNOWN);
  }
  const takesLock = body.ir.parameters.length >= 4;
  const frame = topOf(config);
  const micro = lruWalk(frame.function.body, takesLock);
  const lru: Value = { k: "object", object: "lru", member: null };
  const lock: Value = { k: "object", object: "lru", member: "lock" };
  return {
    k: "silent",
    config: lowering.enter(config, micro, [lru, lock, isolate, args[index + 1] ?? UNKNOWN], op.into, op.next),
  };
}

const walks = new WeakMap<Body, Map<boolean, MicroFunction>>();

function lruWalk(caller: Body, takesLock: boolean): MicroFunction {
  const known = walks.get(caller)?.get(takesLock);
  if (known !== undefined) return known;
  const id = (name: string): Expr => ({ k: "id", name, at: 0 });
  const call = (name: string, args: readonly Expr[], next: number, into: string | null = null): MicroOp => ({
    k: "call",
    into,
    callee: id(name),
    args,
    at: 0,
    next,
  });
  const item: Expr = { k: "unary", op: "&", operand: { k: "field", base: id("item"), name: "i_lru", at: 0 } };
  const status = (value: number): Expr => ({ k: "binary", op: "==", left: id("status"), right: { k: "num", value } });
  const given = takesLock ? [item, id("lru"), id("lock"), id("arg")] : [item, id("lru"), id("arg")];
  const ops: MicroOp[] = [
    call("spin_lock", [id("lock")], 1),
    { k: "let", name: "%walk", value: { k: "num", value: 0 }, at: 0, next: 2 },
    { k: "walk", macro: LRU_WALK, args: [id("item")], cursor: "%walk", at: 0, body: 3, exit: 6 },
    call("isolate", given, 4, "status"),
    {
      k: "branch",
      test: { k: "binary", op: "||", left: status(RETRY[0] as number), right: status(RETRY[1] as number) },
      at: 0,
      yes: takesLock ? 8 : 0,
      no: 5,
    },
    call("%lock_is_held", [id("lock")], 2),
    call("spin_unlock", [id("lock")], 7),
    { k: "return", value: null, at: 0 },
    call("%lock_is_held", [id("lock")], 1),
  ];
  const everything = new Set(["lru", "lock", "isolate", "arg", "%walk", "item"]);
  const type = { struct: null, isTypedef: false, pointers: 0, scalar: null };
  const micro: MicroFunction = {
    // Shown at its call, as what a header's function does.
    body: {
      ...caller,
      name: "list_lru_walk",
      file: { ...caller.file, isHeader: true },
      ir: { ...caller.ir, parameters: ["lru", "lock", "isolate", "arg"].map((name) => ({ name, type })) },
    },
    ops,
    entry: 0,
    live: ops.map((_, i) => (i === 4 ? new Set([...everything, "status"]) : everything)),
  };
  const own = walks.get(caller) ?? new Map<boolean, MicroFunction>();
  own.set(takesLock, micro);
  walks.set(caller, own);
  return micro;
}
