/**
 * The intermediate form of one function: expressions with the source offsets of their calls, and a control-flow graph
 * of small steps. Names are kept as written; what they mean is the business of the call graph and the knowledge base.
 * Offsets (`at`) count UTF-16 units from the start of the function's own text.
 */

export type Expr =
  | { readonly k: "num"; readonly value: number }
  | { readonly k: "str" }
  | { readonly k: "id"; readonly name: string; readonly at: number }
  | { readonly k: "field"; readonly base: Expr; readonly name: string; readonly at: number }
  | { readonly k: "index"; readonly base: Expr; readonly index: Expr }
  | {
      readonly k: "call";
      readonly callee: Expr;
      readonly args: readonly Expr[];
      readonly at: number;
      readonly end: number;
    }
  | { readonly k: "unary"; readonly op: string; readonly operand: Expr }
  | { readonly k: "binary"; readonly op: string; readonly left: Expr; readonly right: Expr }
  | { readonly k: "assign"; readonly op: string; readonly left: Expr; readonly right: Expr; readonly at: number }
  | { readonly k: "cond"; readonly test: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly k: "cast"; readonly type: TypeName; readonly operand: Expr }
  | { readonly k: "init"; readonly struct: string | null; readonly entries: readonly InitEntry[] }
  | { readonly k: "type"; readonly type: TypeName }
  /** Anything else: its parts still count. */
  | { readonly k: "other"; readonly parts: readonly Expr[] };

export interface InitEntry {
  readonly field: string | null;
  readonly value: Expr;
}

/** A declared type as far as the analysis needs it. */
export interface TypeName {
  /** The struct tag, or the typedef's name when it may stand for a struct; null for scalars. */
  readonly struct: string | null;
  readonly isTypedef: boolean;
  readonly pointers: number;
  /** `gfp_t`, `bool`, ... when it is neither. */
  readonly scalar: string | null;
}

export const UNKNOWN_TYPE: TypeName = { struct: null, isTypedef: false, pointers: 0, scalar: null };

export type Step =
  | { readonly k: "eval"; readonly expr: Expr; next: number; readonly guard: number }
  | {
      readonly k: "declare";
      readonly name: string;
      readonly type: TypeName;
      readonly init: Expr | null;
      next: number;
      readonly guard: number;
    }
  /** `whole` is the condition that `test` is an operand of; `sense`: which outcome of the test speaks for the whole. */
  | {
      readonly k: "branch";
      readonly test: Expr;
      readonly whole: Expr;
      readonly sense: boolean;
      yes: number;
      no: number;
      readonly guard: number;
      readonly at: number;
    }
  /** Both ways are possible: preprocessor arms, loop macros. */
  | { readonly k: "either"; targets: number[]; readonly guard: number }
  | { readonly k: "switch"; readonly value: Expr; cases: SwitchCase[]; readonly guard: number }
  | {
      readonly k: "return";
      readonly value: Expr | null;
      readonly at: number;
      readonly guard: number;
      readonly leaves?: Leaves;
    }
  | { readonly k: "nop"; next: number; readonly guard: number; leaves?: Leaves };

/**
 * The calls of guard(), scoped_guard() and CLASS() whose scope ends here, and `__free(name)(variable)` for variables that
 * are given back, innermost first (include/linux/cleanup.h).
 */
export type Leaves = readonly CallExpr[];
export type CallExpr = Expr & { readonly k: "call" };

export interface GuardCall {
  readonly class: string;
  readonly args: readonly Expr[];
  /** The scope is the statement that follows. */
  readonly isStatement: boolean;
  /** It may not be had: an `either` follows, whose first way is the scope and whose second is what is done instead. */
  readonly isConditional: boolean;
}

/**
 * guard(class)(args), CLASS(class, name)(args), scoped_guard(class, args), scoped_cond_guard(class, instead, args): what is
 * taken until the scope ends.
 */
export function guardOf(expr: Expr): GuardCall | null {
  if (expr.k !== "call") return null;
  const { callee } = expr;
  const statement = callee.k === "id" ? SCOPED_ARGUMENTS.get(callee.name) : undefined;
  const isPlain = callee.k === "call" && callee.callee.k === "id" && /^(guard|CLASS)$/.test(callee.callee.name);
  if (statement === undefined && !isPlain) return null;
  const [name] = callee.k === "call" ? callee.args : expr.args;
  if (name?.k !== "id") return null;
  return {
    class: name.name,
    args: statement === undefined ? expr.args : expr.args.slice(statement),
    isStatement: statement !== undefined,
    isConditional: statement === 2,
  };
}

/** How many arguments stand in front of the lock. */
const SCOPED_ARGUMENTS: ReadonlyMap<string, number> = new Map([
  ["scoped_guard", 1],
  ["scoped_cond_guard", 2],
]);

/** `__free(name)` of a variable, as the call that is made when its scope ends; null for anything else. */
export function cleanupOf({ callee, args }: CallExpr): { readonly name: string; readonly variable: Expr } | null {
  if (callee.k !== "call" || callee.callee.k !== "id" || callee.callee.name !== CLEANUP) return null;
  const [name] = callee.args;
  const [variable] = args;
  return name?.k === "id" && variable !== undefined ? { name: name.name, variable } : null;
}

export const CLEANUP = "__free";

export interface SwitchCase {
  /** null: default, or no case fits. */
  readonly value: Expr | null;
  readonly target: number;
}

/** A condition that must hold (or fail) for the steps under it to run. Linked to the one around it. */
export interface Guard {
  readonly test: Expr;
  readonly holds: boolean;
  readonly parent: number;
  readonly start: number;
  readonly end: number;
}

export interface Parameter {
  readonly name: string;
  readonly type: TypeName;
}

export interface FunctionIr {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly returns: TypeName;
  readonly entry: number;
  readonly steps: readonly Step[];
  /** Index 0 is "no guard". */
  readonly guards: readonly Guard[];
  /** ERROR and MISSING nodes in the function's tree: what is said of it is uncertain. */
  readonly parseErrors: number;
}
