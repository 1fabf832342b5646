/**
 * What a model is compiled to: cells in a packed state, and for each thread template locations with guarded atomic
 * transitions. Interpreter, WebAssembly generator, Promela writer and the static analyses all read this one form.
 */
import type { SourceSpan } from "./model.ts";

/**
 * A bit field of the state. `global`: `word` counts from the state's start; `local`: from the thread's block.
 * Element `i` of an array (count > 1) is in word `word + floor(i / perWord)` at bit `shift + (i % perWord) * width`.
 */
export interface Cell {
  readonly id: number;
  readonly name: string;
  readonly scope: "global" | "local";
  readonly count: number;
  /** Largest value; the smallest is 0. */
  max: number;
  /** Set by the layout. */
  width: number;
  perWord: number;
  word: number;
  shift: number;
  /** What the number means, for display and for symmetry. */
  readonly holds: "number" | "slot" | "flag";
  /** Local cells that other threads read or write (wait queue key, grace period mask). */
  readonly shared?: boolean;
}

export type BinaryOp = import("./expression.ts").BinaryOperator;

/** All arithmetic is on 32-bit signed integers; comparisons give 0 or 1; `&&`, `||`, `choice` do not evaluate in vain. */
export type Expr =
  | { readonly k: "const"; readonly v: number }
  /** `thread` given: that thread's local cell, seen from outside; else the running thread's. */
  | { readonly k: "cell"; readonly cell: Cell; readonly index?: Expr; readonly thread?: number }
  | { readonly k: "temp"; readonly temp: number }
  /** Index of the running thread. */
  | { readonly k: "self" }
  | { readonly k: "not"; readonly a: Expr }
  | { readonly k: "bin"; readonly op: BinaryOp; readonly a: Expr; readonly b: Expr }
  | { readonly k: "choice"; readonly c: Expr; readonly a: Expr; readonly b: Expr };

export type Stmt =
  | {
      readonly k: "set";
      readonly cell: Cell;
      readonly index?: Expr;
      readonly thread?: number;
      readonly value: Expr;
    }
  | { readonly k: "let"; readonly temp: number; readonly value: Expr }
  | { readonly k: "if"; readonly c: Expr; readonly yes: readonly Stmt[]; readonly no: readonly Stmt[] }
  /** Ends the transition with this violation unless the condition is true. */
  | { readonly k: "assert"; readonly c: Expr; readonly violation: number };

export interface ViolationText {
  readonly invariant: string;
  readonly message: string;
  readonly artefact: boolean;
  readonly kind: "state" | "assertion" | "model";
}

/** Why a guard may be false, for display and for fairness. */
export type GuardKind = "none" | "lock" | "condition" | "sleep" | "memory" | "grace-period" | "queue";

export interface LockUse {
  readonly cell: Cell;
  readonly name: string;
  readonly index?: Expr;
}

export interface Transition {
  readonly label: string;
  readonly source?: SourceSpan;
  readonly step: string;
  readonly guard: Expr;
  readonly guardKind: GuardKind;
  /** The guard in words of the model, for "waits until ...". */
  readonly guardText: string;
  readonly body: readonly Stmt[];
  /** Locations the body can lead to (it sets the pc itself); -1 is the end. */
  readonly targets: readonly number[];
  /** The first target is taken when this test is true: the label then gets ": yes" or ": no". */
  readonly test?: boolean;
  readonly spurious?: boolean;
  /** A trylock: `acquires` holds for the first target only. */
  readonly tries?: boolean;
  readonly acquires: readonly LockUse[];
  readonly releases: readonly LockUse[];
  /** Inode slots that it names, as a bit set, and ALLOCATES: what slot symmetry has to know. */
  readonly slots: number;
}

/** Bits of `Transition.slots` beyond those of the slots: takes the first free slot; tells slots apart by number. */
export const ALLOCATES = 1 << 16;
export const ALL_SLOTS = 0xffff;

export interface Location {
  readonly transitions: readonly Transition[];
  /** Locks held by the thread whenever it is here (static). */
  held: readonly LockUse[];
  /** Local cells read later on before they are written (static). */
  live: readonly Cell[];
}

export interface Template {
  readonly name: string;
  readonly context: readonly string[];
  readonly daemon: boolean;
  /** Environment (grace periods): no thread of the model; not shown as unfinished. */
  readonly environment: boolean;
  readonly locals: readonly Cell[];
  readonly pc: Cell;
  /** Location numbers are pc values, 0 first; `end` is the pc of a finished thread. */
  readonly locations: readonly Location[];
  readonly end: number;
  readonly entry: number;
  /** Waiting here for work is being idle (daemons). */
  readonly description: string;
}

export interface ThreadInstance {
  readonly index: number;
  readonly name: string;
  readonly template: number;
  /** First word of its block. */
  base: number;
}

export interface SlotCells {
  readonly count: number;
  readonly names: readonly string[];
  readonly fields: ReadonlyMap<string, Cell>;
  readonly ordered: boolean;
}

export interface ProgramInvariant {
  readonly violation: number;
  readonly holds: Expr;
}

export interface QueueCells {
  readonly name: string;
  readonly capacity: number;
  readonly items: Cell;
  readonly length: Cell;
}

export interface VariableCell {
  readonly name: string;
  readonly group: "memory" | "disk" | "transaction" | "superblock" | "other";
  readonly cell: Cell;
}

export interface Program {
  readonly modelId: string;
  /** Words of one state. */
  words: number;
  readonly cells: readonly Cell[];
  readonly templates: readonly Template[];
  readonly threads: readonly ThreadInstance[];
  readonly slots: SlotCells;
  readonly locks: readonly {
    readonly name: string;
    readonly kind: "spin" | "sleep";
    readonly cell: Cell;
    readonly perSlot: boolean;
  }[];
  readonly queues: readonly QueueCells[];
  readonly variables: readonly VariableCell[];
  readonly invariants: readonly ProgramInvariant[];
  /** Slots that invariants name, as a bit set. */
  readonly invariantSlots: number;
  readonly violations: readonly ViolationText[];
  readonly initial: Int32Array;
  readonly temps: number;
  /** Per template: the cells that say which wait queue the thread is on and whether it reads under RCU. */
  readonly waitKey: readonly (Cell | undefined)[];
  readonly rcuFlag: readonly (Cell | undefined)[];
  /** Bits of the slots whose grace period waits for the thread. */
  readonly graceMask: readonly (Cell | undefined)[];
  readonly waitBits: readonly string[];
  readonly checksDeadlock: boolean;
  readonly checksTermination: boolean;
  /** Six hexadecimal digits that change when the compiled program changes. */
  readonly fingerprint: string;
}

export const constant = (v: number): Expr => ({ k: "const", v });
export const TRUE: Expr = constant(1);
export const FALSE: Expr = constant(0);

export function isConst(e: Expr): e is { k: "const"; v: number } {
  return e.k === "const";
}

/** The value of an operator on two 32-bit integers: the one definition that every back end follows. */
export function applyOperator(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case "||":
      return a !== 0 || b !== 0 ? 1 : 0;
    case "&&":
      return a !== 0 && b !== 0 ? 1 : 0;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "&":
      return a & b;
    case "==":
      return a === b ? 1 : 0;
    case "!=":
      return a !== b ? 1 : 0;
    case "<":
      return a < b ? 1 : 0;
    case "<=":
      return a <= b ? 1 : 0;
    case ">":
      return a > b ? 1 : 0;
    case ">=":
      return a >= b ? 1 : 0;
    case "<<":
      return a << (b & 31);
    case ">>":
      return a >> (b & 31);
    case "+":
      return (a + b) | 0;
    case "-":
      return (a - b) | 0;
    case "*":
      return Math.imul(a, b);
    // Division by zero gives zero everywhere, so that no back end traps.
    case "/":
      return b === 0 ? 0 : (a / b) | 0;
    case "%":
      return b === 0 ? 0 : a % b;
  }
}

const BOOLEAN_OPS: ReadonlySet<string> = new Set(["||", "&&", "==", "!=", "<", "<=", ">", ">="]);

export function isBoolean(e: Expr): boolean {
  if (e.k === "not") return true;
  if (e.k === "const") return e.v === 0 || e.v === 1;
  if (e.k === "cell") return e.cell.max === 1;
  return e.k === "bin" && BOOLEAN_OPS.has(e.op);
}

/** Builds an operation, folding constants. */
export function binary(op: BinaryOp, a: Expr, b: Expr): Expr {
  if (isConst(a) && isConst(b)) return constant(applyOperator(op, a.v, b.v));
  if (op === "&&") {
    if (isConst(a)) return a.v === 0 ? FALSE : truth(b);
    if (isConst(b) && b.v !== 0) return truth(a);
  }
  if (op === "||") {
    if (isConst(a)) return a.v !== 0 ? TRUE : truth(b);
    if (isConst(b) && b.v === 0) return truth(a);
  }
  if ((op === "+" || op === "-") && isConst(b) && b.v === 0) return a;
  if (op === "+" && isConst(a) && a.v === 0) return b;
  // (x + 1) - 1: a slot reference made from a number and taken apart again.
  if (op === "-" && isConst(b) && a.k === "bin" && a.op === "+" && isConst(a.b))
    return binary("+", a.a, constant(a.b.v - b.v));
  return { k: "bin", op, a, b };
}

/** The expression as 0 or 1. */
export function truth(e: Expr): Expr {
  return isBoolean(e) ? e : binary("!=", e, constant(0));
}

export function not(a: Expr): Expr {
  if (isConst(a)) return constant(a.v === 0 ? 1 : 0);
  if (a.k === "not") return truth(a.a);
  return { k: "not", a };
}

export function choice(c: Expr, a: Expr, b: Expr): Expr {
  if (isConst(c)) return c.v !== 0 ? a : b;
  return { k: "choice", c, a, b };
}

export const all = (list: readonly Expr[]): Expr => list.reduce((a, b) => binary("&&", a, b), TRUE);
export const any = (list: readonly Expr[]): Expr => list.reduce((a, b) => binary("||", a, b), FALSE);

/** Smallest and largest value an expression can have, as far as can be told cheaply. */
export function range(e: Expr): readonly [number, number] {
  switch (e.k) {
    case "const":
      return [e.v, e.v];
    case "cell":
      return [0, e.cell.max];
    case "choice": {
      const [la, ha] = range(e.a);
      const [lb, hb] = range(e.b);
      return [Math.min(la, lb), Math.max(ha, hb)];
    }
    case "bin": {
      if (isBoolean(e)) return [0, 1];
      const [la, ha] = range(e.a);
      const [lb, hb] = range(e.b);
      if (e.op === "+") return [la + lb, ha + hb];
      if (e.op === "-") return [la - hb, ha - lb];
      return [-(2 ** 31), 2 ** 31 - 1];
    }
    case "not":
      return [0, 1];
    default:
      return [-(2 ** 31), 2 ** 31 - 1];
  }
}
