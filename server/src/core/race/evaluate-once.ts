/** Value of an expression in one state, for displays (the explorer uses closures or generated code). */
import { applyOperator, type Expr, type Program, type ThreadInstance } from "./program.ts";
import { loadCell } from "./state-access.ts";

export function evaluateOnce(program: Program, e: Expr, state: Int32Array, thread: ThreadInstance): number {
  const value = (one: Expr): number => evaluateOnce(program, one, state, thread);
  switch (e.k) {
    case "const":
      return e.v;
    case "temp":
      return 0;
    case "self":
      return thread.index;
    case "not":
      return value(e.a) === 0 ? 1 : 0;
    case "choice":
      return value(e.c) !== 0 ? value(e.a) : value(e.b);
    case "bin": {
      const a = value(e.a);
      if (e.op === "&&" && a === 0) return 0;
      if (e.op === "||" && a !== 0) return 1;
      return applyOperator(e.op, a, value(e.b));
    }
    case "cell": {
      const index = e.index === undefined ? 0 : value(e.index);
      if (index < 0 || index >= e.cell.count) return 0;
      const base = e.thread === undefined ? thread.base : (program.threads[e.thread]?.base ?? 0);
      return loadCell(state, e.cell, index, base);
    }
  }
}
