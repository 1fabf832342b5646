/** Which variables are still needed where: what is not needed does not tell two ways through the code apart. */
import type { Expr } from "../ir/ir.ts";
import type { MicroOp } from "./micro-op.ts";

function namesIn(expr: Expr | null, into: Set<string>): void {
  if (expr === null) return;
  switch (expr.k) {
    case "id":
      into.add(expr.name);
      return;
    case "field":
      namesIn(expr.base, into);
      return;
    case "index":
      namesIn(expr.base, into);
      namesIn(expr.index, into);
      return;
    case "call":
      namesIn(expr.callee, into);
      for (const arg of expr.args) namesIn(arg, into);
      return;
    case "unary":
    case "cast":
      namesIn(expr.operand, into);
      return;
    case "binary":
    case "assign":
      namesIn(expr.left, into);
      namesIn(expr.right, into);
      return;
    case "cond":
      namesIn(expr.test, into);
      namesIn(expr.yes, into);
      namesIn(expr.no, into);
      return;
    case "other":
      for (const part of expr.parts) namesIn(part, into);
      return;
    default:
  }
}

function successorsOf(op: MicroOp): readonly number[] {
  switch (op.k) {
    case "let":
    case "store":
    case "call":
    case "jump":
      return [op.next];
    case "branch":
      return [op.yes, op.no];
    case "either":
      return op.targets;
    case "switch":
      return op.cases.map((each) => each.target);
    case "walk":
      return [op.body, op.exit];
    case "return":
      return [];
  }
}

function usesAndDefinition(op: MicroOp): { uses: Set<string>; defines: string | null } {
  const uses = new Set<string>();
  let defines: string | null = null;
  switch (op.k) {
    case "let":
      namesIn(op.value, uses);
      defines = op.name;
      break;
    case "store":
      namesIn(op.target, uses);
      namesIn(op.value, uses);
      break;
    case "call":
      namesIn(op.callee, uses);
      for (const arg of op.args) namesIn(arg, uses);
      defines = op.into;
      break;
    case "branch":
      namesIn(op.test, uses);
      break;
    case "switch":
      namesIn(op.value, uses);
      break;
    case "walk":
      // The first argument is the variable that it sets, in the _safe kind the second one too.
      for (const arg of op.args.slice(/_safe/.test(op.macro) ? 2 : 1)) namesIn(arg, uses);
      uses.add(op.cursor);
      if (op.args[0]?.k === "id") defines = op.args[0].name;
      break;
    case "return":
      namesIn(op.value, uses);
      break;
    default:
  }
  return { uses, defines };
}

/** Variables whose value may still be read, before each operation. */
export function liveBefore(ops: readonly MicroOp[]): ReadonlySet<string>[] {
  const live = ops.map(() => new Set<string>());
  const facts = ops.map(usesAndDefinition);
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = ops.length - 1; i >= 0; i--) {
      const here = live[i] as Set<string>;
      const before = here.size;
      const { uses, defines } = facts[i] as { uses: Set<string>; defines: string | null };
      for (const name of uses) here.add(name);
      for (const target of successorsOf(ops[i] as MicroOp))
        for (const name of live[target] ?? []) if (name !== defines) here.add(name);
      if (here.size !== before) changed = true;
    }
  }
  return live;
}
