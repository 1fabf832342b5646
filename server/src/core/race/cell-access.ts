/** Which cells an expression or a transition reads and writes. */
import type { Cell, Expr, Stmt, Transition } from "./program.ts";

export interface Access {
  readonly cell: Cell;
  readonly index?: Expr;
  /** Another thread's cell, seen from the running one. */
  readonly thread?: number;
  readonly write: boolean;
}

export function readsOf(e: Expr, into: (access: Access) => void): void {
  switch (e.k) {
    case "cell":
      into({
        cell: e.cell,
        write: false,
        ...(e.index === undefined ? {} : { index: e.index }),
        ...(e.thread === undefined ? {} : { thread: e.thread }),
      });
      if (e.index !== undefined) readsOf(e.index, into);
      return;
    case "not":
      readsOf(e.a, into);
      return;
    case "bin":
      readsOf(e.a, into);
      readsOf(e.b, into);
      return;
    case "choice":
      readsOf(e.c, into);
      readsOf(e.a, into);
      readsOf(e.b, into);
  }
}

export function accessesOfBody(body: readonly Stmt[], into: (access: Access) => void): void {
  for (const stmt of body) {
    switch (stmt.k) {
      case "set":
        readsOf(stmt.value, into);
        if (stmt.index !== undefined) readsOf(stmt.index, into);
        into({
          cell: stmt.cell,
          write: true,
          ...(stmt.index === undefined ? {} : { index: stmt.index }),
          ...(stmt.thread === undefined ? {} : { thread: stmt.thread }),
        });
        break;
      case "let":
        readsOf(stmt.value, into);
        break;
      case "if":
        readsOf(stmt.c, into);
        accessesOfBody(stmt.yes, into);
        accessesOfBody(stmt.no, into);
        break;
      case "assert":
        readsOf(stmt.c, into);
    }
  }
}

export function accessesOf(transition: Transition, into: (access: Access) => void): void {
  readsOf(transition.guard, into);
  accessesOfBody(transition.body, into);
}

/** Text that is equal for equal expressions. */
export function expressionKey(e: Expr): string {
  switch (e.k) {
    case "const":
      return String(e.v);
    case "cell":
      return `c${e.cell.id}${e.thread === undefined ? "" : `@${e.thread}`}${e.index === undefined ? "" : `[${expressionKey(e.index)}]`}`;
    case "temp":
      return `t${e.temp}`;
    case "self":
      return "self";
    case "not":
      return `!(${expressionKey(e.a)})`;
    case "bin":
      return `(${expressionKey(e.a)}${e.op}${expressionKey(e.b)})`;
    case "choice":
      return `(${expressionKey(e.c)}?${expressionKey(e.a)}:${expressionKey(e.b)})`;
  }
}
