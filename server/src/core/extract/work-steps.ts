/** Work that a filesystem hands to a worker and waits for: queue_work(), flush_workqueue(), and counters of what is under way. */
import type { Expr } from "../ir/ir.ts";
import { type Outcome, placeOf } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { LoweringLimit } from "./lowering-limit.ts";
import { type Config, goOn } from "./lowering-state.ts";
import { ONE, UNKNOWN, type Value } from "./values.ts";
import { type CallOp, inodeOf } from "./word-steps.ts";

/** The model's queue of inodes whose eviction was handed on, and how many of them are not done. */
export const PUNTED = "punted";
export const UNDONE = "undone";

/** The queue of schedule_work(), which has no name at the call. */
const SYSTEM = "system_wq";

/** `sbi->wq` and `&wq` both end in `wq`; null for what has no name of its own. */
function lastName(expr: Expr | undefined): string | null {
  let at = expr;
  while (at?.k === "unary" || at?.k === "cast") at = at.operand;
  return at?.k === "field" || at?.k === "id" ? at.name : null;
}

/** `&EXAMPLE_I(inode)->work` lies in what holds the inode. */
function ownerOf(lowering: Lowering, config: Config, work: Expr | undefined): string | null {
  let at = work;
  while (at !== undefined) {
    const v = inodeOf(lowering.evaluate(at, config));
    if (v !== null) return v;
    if (at.k === "unary" || at.k === "cast") at = at.operand;
    else if (at.k === "field") at = at.base;
    else return null;
  }
  return null;
}

/** A queue is told from others by its member's or variable's name; a local of the function tells nothing. */
function queueName(config: Config, expr: Expr | undefined, isNamed: boolean): string {
  if (!isNamed) return SYSTEM;
  const name = lastName(expr);
  const frame = config.frames[config.frames.length - 1];
  if (name === null || (expr?.k === "id" && frame?.env.has(name) === true))
    throw new LoweringLimit("a queue of work whose name is not known");
  return name;
}

export function queueWork(lowering: Lowering, config: Config, op: CallOp, queue: number | null, work: number): Outcome {
  const v = ownerOf(lowering, config, op.args[work]);
  const item = lastName(op.args[work]);
  if (v === null || item === null)
    throw new LoweringLimit(`${config.frames.at(-1)?.function.body.name}() queues work that is no part of the inode`);
  lowering.queued.push({ work: item, queue: queueName(config, op.args[queue ?? 0], queue !== null) });
  return {
    k: "emit",
    do: `queue(${PUNTED}, ${v}); ${UNDONE}++`,
    next: goOn(config, op.next, op.into, ONE),
  };
}

/** Waits for all of a queue, or for one piece of work. */
export function drainWork(lowering: Lowering, config: Config, op: CallOp, queue: number | null): Outcome {
  const { waitsFor } = lowering.request;
  const name = queueName(config, op.args[queue ?? 0], queue !== null);
  if (waitsFor === undefined || (name !== waitsFor.queue && name !== waitsFor.work))
    return { k: "silent", config: goOn(config, op.next, op.into, UNKNOWN) };
  return { k: "emit", do: `wait(!${UNDONE})`, next: goOn(config, op.next, op.into, UNKNOWN) };
}

/** The variable of a counter that is no inode's: `&sbi->in_flight`. Null where the request does not want them. */
export function ownCounter(lowering: Lowering, value: Value, expr: Expr | undefined): string | null {
  const name = lastName(expr);
  if (lowering.request.waitsFor === undefined || value.k !== "unknown" || name === null) return null;
  const counter = `own.${name}`;
  lowering.counters.add(counter);
  return counter;
}

/** Whether a list is a variable of a function that is running: nobody else takes inodes off it. */
function isOwnList(config: Config, list: Value): boolean {
  if (list.k !== "name") return false;
  const body = config.frames.find(({ id }) => id === list.frame)?.function.body;
  const name = list.name.replace(/\W/g, "\\$&");
  return body !== undefined && new RegExp(`\\b(LIST_HEAD\\s*\\(\\s*|list_head\\s+)${name}\\b`).test(body.text);
}

/**
 * list_add(&inode->i_lru, &deferred), llist_add(&inode->i_deferred, &list): whoever takes the inode off that list may
 * finish its eviction, and nothing here says who that is.
 */
export function mayHandOn(lowering: Lowering, config: Config, op: CallOp, link: number, list: number): void {
  const linked = op.args[link];
  const value = linked === undefined ? UNKNOWN : lowering.evaluate(linked, config);
  const member = value.k === "part" ? lowering.evaluator.member(value.object, value.member) : null;
  const known = member?.is === "link" && member.link !== "lru";
  if (known || value.k === "slot" || ownerOf(lowering, config, linked) === null) return;
  const where = op.args[list];
  if (where !== undefined && isOwnList(config, lowering.evaluate(where, config))) return;
  throw new LoweringLimit(
    `${config.frames.at(-1)?.function.body.name}() puts the inode on a list of others (line ${placeOf(config).line}), who may finish the eviction`,
  );
}
