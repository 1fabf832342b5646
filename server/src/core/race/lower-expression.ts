/** Expression trees to compiled expressions, with the conditions under which evaluating them would be a fault. */
import type { CompileContext } from "./compile-context.ts";
import type { ExpressionTree } from "./expression.ts";
import {
  ALL_SLOTS,
  ALLOCATES,
  all,
  any,
  binary,
  type Cell,
  choice,
  constant,
  type Expr,
  FALSE,
  isConst,
  not,
  type QueueCells,
  range,
  TRUE,
  truth,
} from "./program.ts";

export type ValueType = "number" | "slot";

/** `none`, `freed`: true when evaluation would use no inode, or an inode that is free memory. */
export interface Lowered {
  readonly e: Expr;
  readonly type: ValueType;
  readonly none: Expr;
  readonly freed: Expr;
}

export type NameMeaning =
  | { readonly kind: "value"; readonly e: Expr; readonly type: ValueType }
  | { readonly kind: "variable"; readonly cell: Cell; readonly type: ValueType }
  | { readonly kind: "lock"; readonly cell: Cell; readonly perSlot: boolean }
  | { readonly kind: "queue"; readonly queue: QueueCells };

/** A thread as other threads see it: which of its cells take part in waking and grace periods. */
export interface Peer {
  readonly thread: number;
  readonly waitKey: Cell | undefined;
  readonly rcu: Cell | undefined;
  readonly graceMask: Cell | undefined;
}

export interface World {
  readonly context: CompileContext;
  readonly slotCount: number;
  readonly slotNames: readonly string[];
  readonly ordered: boolean;
  readonly fields: ReadonlyMap<string, Cell>;
  readonly globals: ReadonlyMap<string, NameMeaning>;
  readonly peers: readonly Peer[];
  readonly waitBits: readonly string[];
  readonly checkFreed: boolean;
}

export interface Place {
  readonly path: string;
  readonly thread?: string;
  readonly step?: string;
}

export interface Scope {
  readonly world: World;
  readonly locals: ReadonlyMap<string, NameMeaning>;
  readonly place: Place;
  /** Invariants and displays look at freed slots without touching them. */
  readonly observer: boolean;
}

const pure = (e: Expr, type: ValueType = "number"): Lowered => ({ e, type, none: FALSE, freed: FALSE });

export function fail(scope: Scope, message: string): never {
  const { path, thread, step } = scope.place;
  return scope.world.context.stop(path, message, {
    ...(thread === undefined ? {} : { thread }),
    ...(step === undefined ? {} : { step }),
  });
}

export function meaning(scope: Scope, name: string): NameMeaning | undefined {
  const { context, slotNames, globals } = scope.world;
  const local = scope.locals.get(name) ?? globals.get(name);
  if (local !== undefined) return local;
  const number = context.constants.get(name);
  if (number !== undefined) return { kind: "value", e: constant(number), type: "number" };
  if (name === "none") return { kind: "value", e: constant(0), type: "slot" };
  const slot = slotNames.indexOf(name);
  if (slot >= 0) return { kind: "value", e: constant(slot + 1), type: "slot" };
  return undefined;
}

/** Notes that the step tells slots apart: by this (0-based) index, or in a way that depends on their order. */
export function noteSlots(scope: Scope, index?: Expr): void {
  const { context } = scope.world;
  context.named |= index !== undefined && isConst(index) ? 1 << Math.max(0, Math.min(index.v, 15)) : ALL_SLOTS;
}

/** A slot and a number are put together: only `none` is the same whatever slots are called. */
function noteMixed(scope: Scope, a: Lowered, b: Lowered): void {
  if (a.type === b.type) return;
  const number = a.type === "number" ? a.e : b.e;
  if (!isConst(number) || number.v !== 0) noteSlots(scope);
}

/** The dotted name of a tree such as `disk.gen`, if it is one. */
export function dottedName(tree: ExpressionTree): string | undefined {
  if (tree.t === "name") return tree.name;
  if (tree.t !== "field") return undefined;
  const base = dottedName(tree.base);
  return base === undefined ? undefined : `${base}.${tree.field}`;
}

/** A slot's index (0-based) from a reference, and when that is a fault. */
export function slotIndex(scope: Scope, tree: ExpressionTree): Lowered {
  const value = lower(scope, tree);
  if (value.type !== "slot") fail(scope, `${describe(tree)} is a number, not an inode slot (write slot[..])`);
  return indexOfReference(scope, value);
}

export function indexOfReference(scope: Scope, value: Lowered): Lowered {
  const { world } = scope;
  const index = binary("-", value.e, constant(1));
  const isNone = range(value.e)[0] > 0 ? FALSE : binary("==", value.e, constant(0));
  const phase = world.fields.get("phase");
  let freed: Expr = value.freed;
  if (world.checkFreed && !scope.observer && phase !== undefined && !(isConst(value.e) && value.e.v === 0)) {
    const isFree = binary("==", { k: "cell", cell: phase, index }, constant(0));
    freed = any([freed, all([not(isNone), isFree])]);
  }
  return { e: index, type: "number", none: any([value.none, isNone]), freed };
}

export function fieldCell(scope: Scope, field: string): Cell {
  const cell = scope.world.fields.get(field);
  if (cell === undefined) {
    const known = [...scope.world.fields.keys()].join(", ");
    fail(scope, `an inode slot has no field "${field}" (it has ${known})`);
  }
  return cell;
}

export function describe(tree: ExpressionTree): string {
  switch (tree.t) {
    case "number":
      return String(tree.value);
    case "text":
      return JSON.stringify(tree.value);
    case "name":
      return tree.name;
    case "field":
      return `${describe(tree.base)}.${tree.field}`;
    case "index":
      return `${describe(tree.base)}[${describe(tree.index)}]`;
    case "call":
      return `${tree.name}(${tree.args.map(describe).join(", ")})`;
    case "not":
      return `!${describe(tree.a)}`;
    case "negate":
      return `-${describe(tree.a)}`;
    case "binary":
      return `(${describe(tree.a)} ${tree.op} ${describe(tree.b)})`;
    case "choice":
      return `(${describe(tree.c)} ? ${describe(tree.a)} : ${describe(tree.b)})`;
  }
}

/** A lock as named in a step: its cell and index. */
export function lowerLock(scope: Scope, tree: ExpressionTree): { cell: Cell; index?: Lowered; text: string } {
  const base = tree.t === "index" ? tree.base : tree;
  const name = dottedName(base);
  const found = name === undefined ? undefined : meaning(scope, name);
  if (found?.kind !== "lock") fail(scope, `${describe(tree)} is not a lock`);
  if (tree.t !== "index") {
    if (found.perSlot) fail(scope, `${name} is one lock for each slot: write ${name}[x]`);
    return { cell: found.cell, text: name as string };
  }
  if (!found.perSlot) fail(scope, `${name} is a single lock and takes no index`);
  const value = lower(scope, tree.index);
  const index = value.type === "slot" ? indexOfReference(scope, value) : value;
  if (value.type !== "slot") noteSlots(scope, value.e);
  return { cell: found.cell, index, text: describe(tree) };
}

function lowerField(scope: Scope, tree: ExpressionTree & { t: "field" }): Lowered {
  const dotted = dottedName(tree);
  const global = dotted === undefined ? undefined : scope.world.globals.get(dotted);
  if (global?.kind === "variable") return pure({ k: "cell", cell: global.cell }, global.type);
  const index = slotIndex(scope, tree.base);
  const cell = fieldCell(scope, tree.field);
  const value: Expr = { k: "cell", cell, index: index.e };
  const freed = tree.field === "phase" ? FALSE : index.freed;
  return {
    e: tree.field === "hashed" && cell.max > 1 ? binary("!=", value, constant(0)) : value,
    type: cell.holds === "slot" ? "slot" : "number",
    none: index.none,
    freed,
  };
}

function lowerIndex(scope: Scope, tree: ExpressionTree & { t: "index" }): Lowered {
  const name = dottedName(tree.base);
  if (name === "slot") {
    const index = lower(scope, tree.index);
    noteSlots(scope, index.type === "slot" ? undefined : index.e);
    const outside = fits(index.e, scope.world.slotCount)
      ? FALSE
      : any([binary("<", index.e, constant(0)), binary(">=", index.e, constant(scope.world.slotCount))]);
    return { ...index, e: binary("+", index.e, constant(1)), type: "slot", none: any([index.none, outside]) };
  }
  const found = name === undefined ? undefined : meaning(scope, name);
  if (found?.kind === "lock") {
    const lock = lowerLock(scope, tree);
    return {
      e: { k: "cell", cell: lock.cell, ...(lock.index ? { index: lock.index.e } : {}) },
      type: "number",
      none: lock.index?.none ?? FALSE,
      freed: lock.index?.freed ?? FALSE,
    };
  }
  if (found?.kind !== "variable" || found.cell.count === 1) fail(scope, `${describe(tree.base)} is not an array`);
  const index = lower(scope, tree.index);
  if (index.type === "slot") noteSlots(scope);
  const outside = any([binary("<", index.e, constant(0)), binary(">=", index.e, constant(found.cell.count))]);
  return {
    e: { k: "cell", cell: found.cell, index: index.e },
    type: found.type,
    none: any([index.none, isConst(index.e) || fits(index.e, found.cell.count) ? FALSE : outside]),
    freed: index.freed,
  };
}

function fits(e: Expr, count: number): boolean {
  const [least, most] = range(e);
  return least >= 0 && most < count;
}

function combine(op: "&&" | "||", a: Lowered, b: Lowered): Lowered {
  const reached = op === "&&" ? truth(a.e) : not(truth(a.e));
  return {
    e: binary(op, truth(a.e), truth(b.e)),
    type: "number",
    none: any([a.none, all([reached, b.none])]),
    freed: any([a.freed, all([reached, b.freed])]),
  };
}

function strict(e: Expr, parts: readonly Lowered[], type: ValueType = "number"): Lowered {
  return { e, type, none: any(parts.map((one) => one.none)), freed: any(parts.map((one) => one.freed)) };
}

export function lower(scope: Scope, tree: ExpressionTree): Lowered {
  switch (tree.t) {
    case "number":
      return pure(constant(tree.value));
    case "text":
      return fail(scope, `text ${describe(tree)} is not a value`);
    case "name": {
      const found = meaning(scope, tree.name);
      if (found === undefined) fail(scope, `unknown name "${tree.name}"`);
      if (found.kind === "value") {
        if (found.type === "slot" && !isConst(found.e)) noteSlots(scope);
        else if (found.type === "slot" && isConst(found.e) && found.e.v > 0) noteSlots(scope, constant(found.e.v - 1));
        return pure(found.e, found.type);
      }
      if (found.kind === "queue") fail(scope, `${tree.name} is a queue: use length(${tree.name})`);
      if (found.kind === "lock") {
        if (found.perSlot) fail(scope, `${tree.name} is one lock for each slot: write ${tree.name}[x]`);
        return pure({ k: "cell", cell: found.cell });
      }
      if (found.cell.count > 1) fail(scope, `${tree.name} is an array: write ${tree.name}[..]`);
      return pure({ k: "cell", cell: found.cell }, found.type);
    }
    case "field":
      return lowerField(scope, tree);
    case "index":
      return lowerIndex(scope, tree);
    case "call":
      return lowerCall(scope, tree);
    case "not": {
      const a = lower(scope, tree.a);
      return { ...a, e: not(truth(a.e)), type: "number" };
    }
    case "negate": {
      const a = lower(scope, tree.a);
      if (a.type === "slot") noteSlots(scope);
      return { ...a, e: binary("-", constant(0), a.e), type: "number" };
    }
    case "binary": {
      const a = lower(scope, tree.a);
      const b = lower(scope, tree.b);
      if (tree.op === "&&" || tree.op === "||") return combine(tree.op, a, b);
      if (tree.op === "==" || tree.op === "!=") noteMixed(scope, a, b);
      else if (a.type === "slot" || b.type === "slot") noteSlots(scope);
      return strict(binary(tree.op, a.e, b.e), [a, b]);
    }
    case "choice": {
      const c = lower(scope, tree.c);
      const a = lower(scope, tree.a);
      const b = lower(scope, tree.b);
      const yes = truth(c.e);
      noteMixed(scope, a, b);
      const pick = (key: "none" | "freed"): Expr => any([c[key], all([yes, a[key]]), all([not(yes), b[key]])]);
      return { e: choice(yes, a.e, b.e), type: a.type, none: pick("none"), freed: pick("freed") };
    }
  }
}

function argument(scope: Scope, tree: ExpressionTree & { t: "call" }, count: number): readonly ExpressionTree[] {
  if (tree.args.length !== count) {
    fail(scope, `${tree.name}() takes ${count} argument${count === 1 ? "" : "s"}, not ${tree.args.length}`);
  }
  return tree.args;
}

export function lowerQueue(scope: Scope, tree: ExpressionTree | undefined): QueueCells {
  const name = tree === undefined ? undefined : dottedName(tree);
  const found = name === undefined ? undefined : meaning(scope, name);
  if (found?.kind !== "queue") fail(scope, `${tree === undefined ? "nothing" : describe(tree)} is not a queue`);
  return found.queue;
}

function lowerCall(scope: Scope, tree: ExpressionTree & { t: "call" }): Lowered {
  const { world } = scope;
  switch (tree.name) {
    case "length":
      return pure({ k: "cell", cell: lowerQueue(scope, argument(scope, tree, 1)[0]).length });
    case "locked": {
      const lock = lowerLock(scope, argument(scope, tree, 1)[0] as ExpressionTree);
      const value: Expr = { k: "cell", cell: lock.cell, ...(lock.index ? { index: lock.index.e } : {}) };
      return strict(value, lock.index ? [lock.index] : []);
    }
    case "find":
    case "find_live": {
      // find(ino): the first slot of that number on the hash chain, or none. find_live() steps over dying ones.
      const ino = lower(scope, argument(scope, tree, 1)[0] as ExpressionTree);
      if (ino.type === "slot") noteSlots(scope);
      return strict(findOnChain(scope, ino.e, tree.name === "find_live"), [ino], "slot");
    }
    case "find_next": {
      // find_next(x): the next slot of x's number behind x; from the head when x has left the chain meanwhile.
      const index = slotIndex(scope, argument(scope, tree, 1)[0] as ExpressionTree);
      return { ...index, e: findBehind(scope, index.e), type: "slot" };
    }
    case "grace_over": {
      const index = slotIndex(scope, argument(scope, tree, 1)[0] as ExpressionTree);
      return pure(graceOver(world, index.e));
    }
    case "readers":
      return pure(
        any(world.peers.flatMap((p) => (p.rcu ? [{ k: "cell", cell: p.rcu, thread: p.thread } as Expr] : []))),
      );
    case "waiters": {
      // waiters(x): somebody is on one of the wait queues of x.
      const index = slotIndex(scope, argument(scope, tree, 1)[0] as ExpressionTree);
      const low = binary("*", index.e, constant(world.waitBits.length));
      return strict(
        any(
          world.peers.flatMap((p) => {
            if (p.waitKey === undefined) return [];
            const key: Expr = { k: "cell", cell: p.waitKey, thread: p.thread };
            return [all([binary(">", key, low), binary("<=", key, binary("+", low, constant(world.waitBits.length)))])];
          }),
        ),
        [index],
      );
    }
    case "free_slot":
      argument(scope, tree, 0);
      scope.world.context.named |= ALLOCATES;
      return pure(firstFree(scope), "slot");
    default:
      return fail(scope, `unknown function ${tree.name}()`);
  }
}

export function graceOver(world: World, index: Expr): Expr {
  return all(
    world.peers.flatMap((peer) => {
      if (peer.graceMask === undefined) return [];
      const mask: Expr = { k: "cell", cell: peer.graceMask, thread: peer.thread };
      return [not(binary("&", binary(">>", mask, index), constant(1)))];
    }),
  );
}

function findOnChain(scope: Scope, ino: Expr, live: boolean): Expr {
  const hashed = fieldCell(scope, "hashed");
  const number = scope.world.fields.get("ino");
  const dying = ["FREEING", "WILL_FREE"].flatMap((name) => scope.world.fields.get(name) ?? []);
  let result: Expr = constant(0);
  const ranks = Math.max(hashed.max, 1);
  for (let rank = ranks; rank >= 1; rank--) {
    for (let slot = scope.world.slotCount - 1; slot >= 0; slot--) {
      const index = constant(slot);
      const here = all([
        binary("==", { k: "cell", cell: hashed, index }, constant(rank)),
        number === undefined ? TRUE : binary("==", { k: "cell", cell: number, index }, ino),
        ...(live ? dying.map((cell) => not({ k: "cell", cell, index })) : []),
      ]);
      result = choice(here, constant(slot + 1), result);
    }
  }
  return result;
}

function findBehind(scope: Scope, from: Expr): Expr {
  const hashed = fieldCell(scope, "hashed");
  const number = scope.world.fields.get("ino");
  let result: Expr = constant(0);
  for (let rank = Math.max(hashed.max, 1); rank >= 1; rank--) {
    for (let slot = scope.world.slotCount - 1; slot >= 0; slot--) {
      const index = constant(slot);
      const here = all([
        binary("==", { k: "cell", cell: hashed, index }, constant(rank)),
        binary("<", { k: "cell", cell: hashed, index: from }, constant(rank)),
        number === undefined
          ? TRUE
          : binary("==", { k: "cell", cell: number, index }, { k: "cell", cell: number, index: from }),
      ]);
      result = choice(here, constant(slot + 1), result);
    }
  }
  return result;
}

function firstFree(scope: Scope): Expr {
  const phase = fieldCell(scope, "phase");
  let result: Expr = constant(0);
  for (let slot = scope.world.slotCount - 1; slot >= 0; slot--) {
    const isFree = binary("==", { k: "cell", cell: phase, index: constant(slot) }, constant(0));
    result = choice(isFree, constant(slot + 1), result);
  }
  return result;
}
