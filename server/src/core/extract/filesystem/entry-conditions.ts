/**
 * The inode that a filesystem's own lookup or create has at hand: the names that stand for it in one function, and what a test of
 * them says of the slot that the model has for it.
 */
import type { Body } from "../../ir/function-bodies.ts";
import type { Expr } from "../../ir/ir.ts";

export interface AtHand {
  /** Locals and parameters that stand for the inode, or for the structure around it. */
  readonly names: ReadonlySet<string>;
  /** The slot of the model. */
  readonly slot: string;
}

/** The value of the word, in both idioms (include/linux/fs.h). */
const READS_STATE = /^inode_state_read/;

/**
 * The names that take the inode: what `isMade` says of an expression's value, and copies of it.
 * @param given names that stand for it from the start
 */
export function namesOf(
  body: Body,
  isMade: (expr: Expr) => boolean,
  given: readonly string[] = [],
): ReadonlySet<string> {
  const names = new Set(given);
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    for (const step of body.ir.steps) {
      const assigned = assignmentOf(step);
      if (assigned !== null && (isMade(bare(assigned.value)) || refersTo(assigned.value, names)))
        names.add(assigned.name);
    }
  }
  return names;
}

/** `x = value;` or `struct inode *x = value;` */
export function assignmentOf(
  step: Body["ir"]["steps"][number],
): { readonly name: string; readonly value: Expr } | null {
  if (step.k === "declare") return step.init === null ? null : { name: step.name, value: step.init };
  if (step.k !== "eval" || step.expr.k !== "assign" || step.expr.op !== "=" || step.expr.left.k !== "id") return null;
  return { name: step.expr.left.name, value: step.expr.right };
}

/** Without casts. */
export function bare(expr: Expr): Expr {
  return expr.k === "cast" ? bare(expr.operand) : expr;
}

/** `inode`, `&foo->vfs_inode`, `FOO_I(inode)`: the inode itself, or what it is a part of. */
export function refersTo(expr: Expr, names: ReadonlySet<string>): boolean {
  switch (expr.k) {
    case "id":
      return names.has(expr.name);
    case "cast":
      return refersTo(expr.operand, names);
    case "unary":
      return expr.op === "&" && expr.operand.k === "field" && refersTo(expr.operand.base, names);
    case "call":
      // FOO_I(inode), and no function that does something with it.
      return (
        expr.callee.k === "id" &&
        /_I$/.test(expr.callee.name) &&
        expr.args.length === 1 &&
        refersTo(expr.args[0]!, names)
      );
    default:
      return false;
  }
}

/**
 * What it means when the test of a branch holds, as an expression of the model; null when it is about something else. The IR has
 * taken likely(), `!`, && and || apart by then (lower-function.ts).
 */
export function meaningOf(test: Expr, at: AtHand): string | null {
  const { names, slot } = at;
  switch (test.k) {
    case "id":
      return names.has(test.name) ? `${slot} != none` : null;
    case "cast":
      return meaningOf(test.operand, at);
    case "call": {
      const [first] = test.args;
      if (test.callee.k !== "id" || first === undefined) return null;
      return /^IS_ERR(_OR_NULL)?$/.test(test.callee.name) && refersTo(first, names) ? `${slot} == none` : null;
    }
    case "binary": {
      if (test.op === "==" || test.op === "!=") {
        const other = isNull(test.right) ? test.left : isNull(test.left) ? test.right : null;
        return other !== null && refersTo(other, names) ? `${slot} ${test.op} none` : null;
      }
      const isNew =
        test.op === "&" && isState(test.left, names) && test.right.k === "id" && test.right.name === "I_NEW";
      return isNew ? `(${slot} != none && ${slot}.NEW)` : null;
    }
    default:
      return null;
  }
}

function isNull(expr: Expr): boolean {
  return (expr.k === "id" && expr.name === "NULL") || (expr.k === "num" && expr.value === 0);
}

/** inode->i_state, foo->vfs_inode.i_state, inode_state_read_once(inode). */
function isState(expr: Expr, names: ReadonlySet<string>): boolean {
  if (expr.k === "call")
    return (
      expr.callee.k === "id" && READS_STATE.test(expr.callee.name) && expr.args.some((arg) => refersTo(arg, names))
    );
  if (expr.k !== "field" || expr.name !== "i_state") return false;
  let base: Expr = expr.base;
  while (base.k === "field") base = base.base;
  return refersTo(base, names);
}
