/** Walks over a hash chain or a list of inodes: one step that goes to the next inode and looks whether there is one. */
import type { Expr } from "../ir/ir.ts";
import type { Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn, mapValues, topOf } from "./lowering-state.ts";
import type { MicroOp } from "./micro-op.ts";
import { firstOfList, firstSlot, nextOfList, slotAfter } from "./slot-walks.ts";
import { listOnStack } from "./stack-lists.ts";
import { UNKNOWN, type Value, ZERO } from "./values.ts";

/** The walk over the LRU that a list_lru_walk() is (word-steps.ts). */
export const LRU_WALK = "for_each_inode_of_lru";

/** Stands for the lock of a walk that was given up meanwhile. */
const LOST = "%lost";

/** Walks under this lock do not know where to go on any more: their next inode may have left the list. */
export function loseWalks(config: Config, lock: string): Config {
  return mapValues(config, (value) => (value.k === "slot" && value.by === lock ? { ...value, by: LOST } : value));
}

interface Order {
  readonly first: string;
  /** The lock that keeps the list as it is. */
  readonly lock?: string | undefined;
  /** The field by which the walk takes each inode off the list; the next one is then the first. */
  readonly takes?: string;
  readonly next: (cursor: string) => string;
}

export function startWalk(lowering: Lowering, config: Config, op: MicroOp & { k: "walk" }): Outcome {
  const frame = topOf(config);
  const order = orderOf(lowering, config, op);
  const [position] = op.args;
  if (order === null || position?.k !== "id") {
    lowering.assume(`${op.macro}() finds nothing that matters here`, config);
    return { k: "silent", config: goOn(config, op.exit) };
  }
  const cursor = frame.env.get(op.cursor) ?? ZERO;
  const readsAhead = /_safe/.test(op.macro) && op.args[1]?.k === "id";
  const isSafe = order.takes === undefined && readsAhead;
  const bodyStart = goOn(config, op.body);
  const { v, lost } = lowering.slotLocal(config, position.name, bodyStart);
  if (lost)
    return lowering.fails(
      config,
      "PROG",
      "goes on to the next inode again and again without giving back the lock of the last",
    );
  const from = cursor.k === "slot" ? cursor.v : null;
  if (cursor.k === "slot" && cursor.by === LOST)
    return lowering.fails(
      config,
      "UAF",
      "goes on to the next inode although the list's lock was given up meanwhile: that inode may be gone",
    );
  // _safe keeps the next inode, and so does the walk of the LRU (mm/list_lru.c, __list_lru_walk_one()).
  const keepsNext = isSafe || op.macro === LRU_WALK;
  const isHeld = order.lock !== undefined && config.locks.some(({ text }) => text === order.lock);
  const saved = isSafe ? lowering.local(`next:${lowering.siteOf(config)}`, nameOf(op.args[1]), "slot") : null;
  let text: string;
  if (from === null) text = `${v} = ${order.first}`;
  else text = `${v} = ${saved === null ? order.next(from) : saved}`;
  // The link to the next inode is in this one.
  if (order.takes !== undefined && from !== null && !readsAhead)
    text = `assert(UAF, ${from}.phase != FREE, "the walk goes on from an inode that has been freed"); ${text}`;
  if (order.takes !== undefined) text += `; if (${v} != none) { ${v}.${order.takes} = 0 }`;
  if (saved !== null) text += `; ${saved} = ${order.next(v)}`;
  const found = set(goOn(config, op.body), [
    [position.name, { k: "slot", v, sure: true }],
    [op.cursor, { k: "slot", v, sure: true, ...(keepsNext && isHeld ? { by: order.lock as string } : {}) }],
  ]);
  // A hash walk ends with NULL, a list walk with a pointer that is no inode.
  const done = set(goOn(config, op.exit), [[position.name, /^hlist/.test(op.macro) ? ZERO : UNKNOWN]]);
  return { k: "emit", do: text, test: `${v} != none`, next: found, no: done };
}

function set(config: Config, values: readonly (readonly [string, Value])[]): Config {
  let next = config;
  for (const [name, value] of values) next = goOn(next, topOf(next).ip, name, value);
  return next;
}

const nameOf = (expr: Expr | undefined): string => (expr?.k === "id" ? expr.name : "next");

/** Which inodes the walk goes over, by the member that links them and the list that it is given. */
function orderOf(lowering: Lowering, config: Config, op: MicroOp & { k: "walk" }): Order | null {
  const { slots } = lowering.request;
  if (op.macro === LRU_WALK) {
    const onLru = (slot: string): string => `${slot}.lru == LRU`;
    return { first: firstSlot(slots, onLru), lock: "lru_lock", next: (cursor) => slotAfter(cursor, slots, onLru) };
  }
  const link = op.args
    .map((arg) => (arg.k === "id" ? lowering.evaluator.member("inode", arg.name) : null))
    .find((member) => member?.is === "link");
  if (link?.is !== "link") return null;
  switch (link.link) {
    case "hash":
      lowering.usesNumber = true;
      return { first: "find(ino)", next: (cursor) => `find_next(${cursor})` };
    case "sb": {
      const onList = (slot: string): string => `${slot}.on_sb`;
      return { first: firstSlot(slots, onList), lock: link.lock, next: (cursor) => slotAfter(cursor, slots, onList) };
    }
    case "io": {
      const onList = (slot: string): string => `${slot}.on_io`;
      return { first: firstSlot(slots, onList), next: (cursor) => slotAfter(cursor, slots, onList) };
    }
    case "own": {
      const { field } = link;
      const first = firstSlot(slots, (slot) => `${slot}.${field}`);
      return { first, next: () => first, takes: field };
    }
    case "lru": {
      // The list comes in front of the member that links it.
      const list = op.args.at(-2);
      const flags = list === undefined ? null : listOnStack(lowering, lowering.evaluate(list, config));
      if (flags === null) return null;
      return { first: firstOfList(flags, slots), next: (cursor) => nextOfList(flags, cursor, slots) };
    }
  }
}
