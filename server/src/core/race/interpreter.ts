/**
 * The program as closures over a typed array: the reference for what a transition does, used by the stepper, the lasso
 * search and wherever WebAssembly is not to be had. Closures are built from the compiled tree; no text is evaluated.
 */
import { applyOperator, type Cell, type Expr, type Program, type Stmt } from "./program.ts";

/** State array, offset of the state in it, first word of the running thread's block within the state. */
export type Evaluate = (s: Int32Array, o: number, base: number) => number;
type Run = (s: Int32Array, o: number, base: number) => number;

export interface RunnableTransition {
  readonly guard: Evaluate;
  /** Changes the state in place; 0 or the violation it committed (the state is then half-way). */
  readonly run: Run;
}

export interface Runnable {
  /** By template, then location. */
  readonly locations: readonly (readonly (readonly RunnableTransition[])[])[];
  readonly pc: readonly Evaluate[];
  readonly invariants: readonly { readonly violation: number; readonly holds: Evaluate }[];
}

export function makeRunnable(program: Program): Runnable {
  const temps = new Int32Array(program.temps + 1);
  const builder = new ClosureBuilder(program, temps);
  return {
    locations: program.templates.map((template) =>
      template.locations.map((location) =>
        location.transitions.map((t) => ({ guard: builder.expression(t.guard), run: builder.block(t.body) })),
      ),
    ),
    pc: program.templates.map((template) => builder.expression({ k: "cell", cell: template.pc })),
    invariants: program.invariants.map((one) => ({
      violation: one.violation,
      holds: builder.expression(one.holds),
    })),
  };
}

class ClosureBuilder {
  readonly #program: Program;
  readonly #temps: Int32Array;

  constructor(program: Program, temps: Int32Array) {
    this.#program = program;
    this.#temps = temps;
  }

  /** First word of the cell seen from thread `thread`, or relative to the running thread's base. */
  #place(cell: Cell, thread: number | undefined): { word: number; local: boolean } {
    if (cell.scope === "global") return { word: cell.word, local: false };
    if (thread === undefined) return { word: cell.word, local: true };
    return { word: cell.word + (this.#program.threads[thread]?.base ?? 0), local: false };
  }

  expression(e: Expr): Evaluate {
    switch (e.k) {
      case "const": {
        const { v } = e;
        return () => v;
      }
      case "temp": {
        const { temp } = e;
        const temps = this.#temps;
        return () => temps[temp] as number;
      }
      case "self":
        throw new Error("a thread's own index is not compiled");
      case "cell":
        return this.#load(e.cell, e.index, e.thread);
      case "not": {
        const a = this.expression(e.a);
        return (s, o, base) => (a(s, o, base) === 0 ? 1 : 0);
      }
      case "choice": {
        const c = this.expression(e.c);
        const a = this.expression(e.a);
        const b = this.expression(e.b);
        return (s, o, base) => (c(s, o, base) !== 0 ? a(s, o, base) : b(s, o, base));
      }
      case "bin": {
        const a = this.expression(e.a);
        const b = this.expression(e.b);
        const { op } = e;
        if (op === "&&") return (s, o, base) => (a(s, o, base) !== 0 && b(s, o, base) !== 0 ? 1 : 0);
        if (op === "||") return (s, o, base) => (a(s, o, base) !== 0 || b(s, o, base) !== 0 ? 1 : 0);
        if (op === "==") return (s, o, base) => (a(s, o, base) === b(s, o, base) ? 1 : 0);
        if (op === "+") return (s, o, base) => (a(s, o, base) + b(s, o, base)) | 0;
        if (op === "-") return (s, o, base) => (a(s, o, base) - b(s, o, base)) | 0;
        return (s, o, base) => applyOperator(op, a(s, o, base), b(s, o, base));
      }
    }
  }

  #load(cell: Cell, index: Expr | undefined, thread: number | undefined): Evaluate {
    const { word, local } = this.#place(cell, thread);
    const mask = cell.width >= 32 ? -1 : (1 << cell.width) - 1;
    const { shift, width, perWord, count } = cell;
    if (index === undefined) {
      if (local) return (s, o, base) => ((s[o + base + word] as number) >>> shift) & mask;
      return (s, o) => ((s[o + word] as number) >>> shift) & mask;
    }
    const i = this.expression(index);
    // An index outside is only ever evaluated under a check that reports it; it reads as 0 then.
    return (s, o, base) => {
      const at = i(s, o, base);
      if (at < 0 || at >= count) return 0;
      const w = o + word + (local ? base : 0) + ((at / perWord) | 0);
      return ((s[w] as number) >>> (shift + (at % perWord) * width)) & mask;
    };
  }

  block(list: readonly Stmt[]): Run {
    const parts = list.map((stmt) => this.statement(stmt));
    if (parts.length === 1) return parts[0] as Run;
    return (s, o, base) => {
      for (const part of parts) {
        const violation = part(s, o, base);
        if (violation !== 0) return violation;
      }
      return 0;
    };
  }

  statement(stmt: Stmt): Run {
    switch (stmt.k) {
      case "let": {
        const value = this.expression(stmt.value);
        const temps = this.#temps;
        const { temp } = stmt;
        return (s, o, base) => {
          temps[temp] = value(s, o, base);
          return 0;
        };
      }
      case "assert": {
        const c = this.expression(stmt.c);
        const { violation } = stmt;
        return (s, o, base) => (c(s, o, base) !== 0 ? 0 : violation);
      }
      case "if": {
        const c = this.expression(stmt.c);
        const then = this.block(stmt.yes);
        const otherwise = this.block(stmt.no);
        return (s, o, base) => (c(s, o, base) !== 0 ? then(s, o, base) : otherwise(s, o, base));
      }
      case "set":
        return this.#store(stmt.cell, stmt.index, stmt.thread, stmt.value);
    }
  }

  #store(cell: Cell, index: Expr | undefined, thread: number | undefined, value: Expr): Run {
    const { word, local } = this.#place(cell, thread);
    const mask = cell.width >= 32 ? -1 : (1 << cell.width) - 1;
    const { shift, width, perWord, count } = cell;
    const v = this.expression(value);
    const i = index === undefined ? undefined : this.expression(index);
    return (s, o, base) => {
      const at = i === undefined ? 0 : i(s, o, base);
      if (at < 0 || at >= count) return 0;
      const w = o + word + (local ? base : 0) + ((at / perWord) | 0);
      const bit = shift + (at % perWord) * width;
      s[w] = ((s[w] as number) & ~(mask << bit)) | ((v(s, o, base) & mask) << bit);
      return 0;
    };
  }
}
