/** What the built-in operations of the model language have in common. */
import type { ExpressionTree } from "./expression.ts";
import { describe, fail, type Lowered, lower, meaning, noteSlots, slotIndex } from "./lower-expression.ts";
import type { StepLowering } from "./lower-statement.ts";
import { binary, type Cell, constant, type Expr, FALSE, truth } from "./program.ts";

export type Args = readonly ExpressionTree[];
export interface Primitive {
  readonly parameters: string;
  readonly run: (step: StepLowering, args: Args) => void;
}

export const simple = (e: Expr): Lowered => ({ e, type: "number", none: FALSE, freed: FALSE });
export const at = (cell: Cell, index?: Expr): Expr => ({ k: "cell", cell, ...(index === undefined ? {} : { index }) });

export function global(step: StepLowering, name: string): Cell {
  const found = meaning(step.scope, name);
  if (found?.kind !== "variable")
    return fail(step.scope, `this needs a variable "${name}", which the model does not declare`);
  return found.cell;
}

export function field(step: StepLowering, name: string): Cell | undefined {
  return step.scope.world.fields.get(name);
}

/** Index of a slot argument; touching it is checked. */
export function slotArgument(step: StepLowering, tree: ExpressionTree, text: string): Expr {
  const index = slotIndex(step.scope, tree);
  step.touch(index, text);
  return index.e;
}

export function bitNumber(step: StepLowering, tree: ExpressionTree | undefined): number {
  const { waitBits } = step.scope.world;
  const bit = tree?.t === "name" ? waitBits.indexOf(tree.name) : -1;
  if (bit < 0) return fail(step.scope, `expected a wait bit (${waitBits.join(", ")})`);
  return bit;
}

/** Key of a wait queue: 1 + slot * bits + bit; 0 is "on no queue". */
export function waitKeyOf(step: StepLowering, index: Expr, bit: number): Expr {
  const bits = step.scope.world.waitBits.length;
  return binary("+", binary("*", index, constant(bits)), constant(1 + bit));
}

export function ownCell(step: StepLowering, cell: Cell | undefined, name: string): Cell {
  return cell ?? fail(step.scope, `${name} cannot be used here`);
}

/** Everything of a slot back to zero but the given fields. */
export function resetSlot(step: StepLowering, index: Expr, except: readonly string[]): void {
  for (const [name, cell] of step.scope.world.fields) if (!except.includes(name)) step.set(cell, constant(0), index);
}

export function unhash(step: StepLowering, index: Expr): void {
  const hashed = field(step, "hashed") as Cell;
  if (hashed.max === 1) {
    step.set(hashed, constant(0), index);
    return;
  }
  const rank = step.keep(at(hashed, index));
  step.when(truth(rank), () => {
    for (let other = 0; other < hashed.count; other++) {
      const here = at(hashed, constant(other));
      step.when(binary(">", here, rank), () => step.set(hashed, binary("-", here, constant(1)), constant(other)));
    }
    step.set(hashed, constant(0), index);
  });
}

/** Snapshot of the readers inside now: bit `bit` of each reader's grace mask. */
export function startGrace(step: StepLowering, bit: Expr): void {
  for (const peer of step.scope.world.peers) {
    if (peer.rcu === undefined || peer.graceMask === undefined) continue;
    const { thread } = peer;
    const mask: Expr = { k: "cell", cell: peer.graceMask, thread };
    step.when({ k: "cell", cell: peer.rcu, thread }, () => {
      step.set(peer.graceMask as Cell, binary("|", mask, binary("<<", constant(1), bit)), undefined, thread);
    });
  }
}

export function takeMemory(step: StepLowering, amount: Expr): void {
  const free = global(step, "free");
  const fromFree = step.keep(at(free));
  const reserve = meaning(step.scope, "reserve");
  step.when(
    binary(">=", fromFree, amount),
    () => step.set(free, binary("-", fromFree, amount)),
    () => {
      if (reserve?.kind !== "variable") return;
      const rest = binary("-", amount, fromFree);
      step.set(reserve.cell, binary("-", at(reserve.cell), rest));
      step.set(free, constant(0));
    },
  );
}

/** Memory that this thread may take: a PF_MEMALLOC task may go below all watermarks (mm/page_alloc.c:4142-4158). */
export function available(step: StepLowering): Expr {
  const free = at(global(step, "free"));
  const reserve = meaning(step.scope, "reserve");
  return step.memalloc && reserve?.kind === "variable" ? binary("+", free, at(reserve.cell)) : free;
}

export function one(step: StepLowering, args: Args): ExpressionTree {
  return args[0] ?? fail(step.scope, "an argument is missing");
}

export function number(step: StepLowering, tree: ExpressionTree): Expr {
  const value = lower(step.scope, tree);
  if (value.type === "slot") noteSlots(step.scope);
  step.touch(value, describe(tree));
  return value.e;
}

/** A slot as a value: what queues hold. */
export function slotValue(step: StepLowering, tree: ExpressionTree): Expr {
  const value = lower(step.scope, tree);
  if (value.type !== "slot") noteSlots(step.scope);
  step.touch(value, describe(tree));
  return value.e;
}
