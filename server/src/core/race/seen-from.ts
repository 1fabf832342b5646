/** Rewriting of compiled expressions. */
import { binary, choice, constant, type Expr, not } from "./program.ts";

/** The expression with the running thread's own cells named as thread `thread`'s: what others can look at. */
export function seenFrom(e: Expr, thread: number): Expr {
  switch (e.k) {
    case "const":
    case "temp":
      return e;
    case "self":
      return constant(thread);
    case "cell": {
      const index = e.index === undefined ? {} : { index: seenFrom(e.index, thread) };
      if (e.cell.scope === "global") return { k: "cell", cell: e.cell, ...index };
      return { k: "cell", cell: e.cell, thread: e.thread ?? thread, ...index };
    }
    case "not":
      return not(seenFrom(e.a, thread));
    case "bin":
      return binary(e.op, seenFrom(e.a, thread), seenFrom(e.b, thread));
    case "choice":
      return choice(seenFrom(e.c, thread), seenFrom(e.a, thread), seenFrom(e.b, thread));
  }
}
