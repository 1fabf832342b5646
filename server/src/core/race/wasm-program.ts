/** Guards and bodies of a program as WebAssembly. All work on one state in place, at a fixed address. */

import { Code, type Operator } from "../wasm/encoder.ts";
import { type Cell, type Expr, isBoolean, type Program, type Stmt, type Template, truth } from "./program.ts";

const OPERATORS: Readonly<Record<string, Operator>> = {
  "|": "or",
  "^": "xor",
  "&": "and",
  "==": "eq",
  "!=": "ne",
  "<": "lt_s",
  "<=": "le_s",
  ">": "gt_s",
  ">=": "ge_s",
  "<<": "shl",
  ">>": "shr_s",
  "+": "add",
  "-": "sub",
  "*": "mul",
};

function maskOf(cell: Cell): number {
  return cell.width >= 32 ? -1 : (1 << cell.width) - 1;
}

/** True when evaluating `e` in vain is cheap and harmless (no indexed access). */
function isPlain(e: Expr, depth = 0): boolean {
  if (depth > 2) return false;
  switch (e.k) {
    case "const":
    case "temp":
      return true;
    case "cell":
      return e.index === undefined || e.index.k === "const";
    case "not":
      return isPlain(e.a, depth);
    case "bin":
      return e.op !== "/" && e.op !== "%" && isPlain(e.a, depth + 1) && isPlain(e.b, depth + 1);
    default:
      return false;
  }
}

export class ProgramWriter {
  readonly #program: Program;
  /** Byte address of the state that is worked on. */
  readonly #state: number;
  readonly #code: Code;
  /** Local with the byte address of the running thread's block, if there is one. */
  readonly #base: number | undefined;
  readonly #temps = new Map<number, number>();

  constructor(program: Program, state: number, code: Code, base: number | undefined) {
    this.#program = program;
    this.#state = state;
    this.#code = code;
    this.#base = base;
  }

  /** Pushes the address part that is not constant and returns the constant rest. */
  #address(cell: Cell, thread: number | undefined): number {
    if (cell.scope === "local" && thread === undefined) {
      this.#code.get(this.#base as number);
      return cell.word * 4;
    }
    this.#code.const(0);
    const base = cell.scope === "local" ? (this.#program.threads[thread as number]?.base ?? 0) : 0;
    return this.#state + (base + cell.word) * 4;
  }

  expression(e: Expr): void {
    const code = this.#code;
    switch (e.k) {
      case "const":
        code.const(e.v);
        return;
      case "temp":
        code.get(this.#temps.get(e.temp) as number);
        return;
      case "self":
        throw new Error("a thread's own index is not compiled");
      case "cell":
        this.#load(e.cell, e.index, e.thread);
        return;
      case "not":
        this.expression(e.a);
        code.op("eqz");
        return;
      case "choice":
        this.expression(e.c);
        code.if(
          () => this.expression(e.a),
          () => this.expression(e.b),
          true,
        );
        return;
      case "bin":
        this.#binary(e);
    }
  }

  #binary(e: Expr & { k: "bin" }): void {
    const code = this.#code;
    if (e.op === "&&" || e.op === "||") {
      const a = truth(e.a);
      const b = truth(e.b);
      this.expression(a);
      if (isPlain(b)) {
        this.expression(b);
        code.op(e.op === "&&" ? "and" : "or");
      } else if (e.op === "&&") {
        code.if(
          () => this.expression(b),
          () => code.const(0),
          true,
        );
      } else {
        code.if(
          () => code.const(1),
          () => this.expression(b),
          true,
        );
      }
      return;
    }
    if (e.op === "/" || e.op === "%") {
      const divisor = code.local();
      const value = code.local();
      this.expression(e.a);
      code.set(value);
      this.expression(e.b);
      code.tee(divisor).op("eqz");
      // By zero: zero. Division by -1 can overflow and is done by subtraction.
      code.if(
        () => code.const(0),
        () => {
          code.get(divisor).const(-1).op("eq");
          code.if(
            () => {
              if (e.op === "/") code.const(0).get(value).op("sub");
              else code.const(0);
            },
            () =>
              code
                .get(value)
                .get(divisor)
                .op(e.op === "/" ? "div_s" : "rem_s"),
            true,
          );
        },
        true,
      );
      return;
    }
    this.expression(e.a);
    this.expression(e.b);
    code.op(OPERATORS[e.op] as Operator);
  }

  #load(cell: Cell, index: Expr | undefined, thread: number | undefined): void {
    const code = this.#code;
    const mask = maskOf(cell);
    if (index === undefined || index.k === "const") {
      const i = index === undefined ? 0 : index.v;
      if (i < 0 || i >= cell.count) {
        code.const(0);
        return;
      }
      const offset = this.#address(cell, thread) + Math.floor(i / cell.perWord) * 4;
      code.load(offset);
      const shift = cell.shift + (i % cell.perWord) * cell.width;
      if (shift > 0) code.const(shift).op("shr_u");
      if (shift + cell.width < 32) code.const(mask).op("and");
      return;
    }
    if (cell.count <= cell.perWord) {
      const offset = this.#address(cell, thread);
      code.load(offset);
      this.#bit(cell, index);
      code.op("shr_u").const(mask).op("and");
      return;
    }
    const at = code.local();
    this.expression(index);
    code.set(at);
    this.#wordAddress(cell, thread, at);
    code.load(0);
    this.#bitOf(cell, at);
    code.op("shr_u").const(mask).op("and");
  }

  /** Pushes shift + index * width. */
  #bit(cell: Cell, index: Expr): void {
    const code = this.#code;
    this.expression(index);
    if (cell.width > 1) code.const(cell.width).op("mul");
    if (cell.shift > 0) code.const(cell.shift).op("add");
  }

  #bitOf(cell: Cell, at: number): void {
    this.#code.get(at).const(cell.perWord).op("rem_u").const(cell.width).op("mul");
  }

  #wordAddress(cell: Cell, thread: number | undefined, at: number): void {
    const code = this.#code;
    const offset = this.#address(cell, thread);
    code.const(offset).op("add");
    code.get(at).const(cell.perWord).op("div_u").const(2).op("shl").op("add");
  }

  /** `depth`: nothing; a failed assertion returns its violation from the function. */
  statements(list: readonly Stmt[]): void {
    for (const stmt of list) this.statement(stmt);
  }

  statement(stmt: Stmt): void {
    const code = this.#code;
    switch (stmt.k) {
      case "let": {
        let local = this.#temps.get(stmt.temp);
        if (local === undefined) {
          local = code.local();
          this.#temps.set(stmt.temp, local);
        }
        this.expression(stmt.value);
        code.set(local);
        return;
      }
      case "assert":
        this.expression(stmt.c);
        code.op("eqz");
        code.if(() => code.const(stmt.violation).return());
        return;
      case "if":
        this.expression(stmt.c);
        code.if(() => this.statements(stmt.yes), stmt.no.length > 0 ? () => this.statements(stmt.no) : undefined);
        return;
      case "set":
        this.#store(stmt.cell, stmt.index, stmt.thread, stmt.value);
    }
  }

  #store(cell: Cell, index: Expr | undefined, thread: number | undefined, value: Expr): void {
    const code = this.#code;
    const mask = maskOf(cell);
    const pushValue = (): void => {
      this.expression(value);
      const fits = isBoolean(value) || (value.k === "const" && value.v >= 0 && value.v <= cell.max);
      if (!fits && cell.width < 32) code.const(mask).op("and");
    };
    if (index === undefined || index.k === "const") {
      const i = index === undefined ? 0 : index.v;
      if (i < 0 || i >= cell.count) return;
      const extra = Math.floor(i / cell.perWord) * 4;
      const shift = cell.shift + (i % cell.perWord) * cell.width;
      const offset = this.#address(cell, thread) + extra;
      this.#address(cell, thread);
      code.load(offset);
      if (cell.width < 32) {
        code.const(~(mask << shift)).op("and");
        if (!(value.k === "const" && value.v === 0)) {
          pushValue();
          if (shift > 0) code.const(shift).op("shl");
          code.op("or");
        }
      } else {
        code.const(0).op("and");
        pushValue();
        code.op("or");
      }
      code.store(offset);
      return;
    }
    // The index may read what is written: evaluate everything first.
    const at = code.local();
    const bit = code.local();
    const kept = code.local();
    this.expression(index);
    code.set(at);
    pushValue();
    code.set(kept);
    // An index outside is reported by a check before; like the interpreter, write nothing then.
    code.get(at).const(cell.count).op("lt_u");
    code.if(() => {
      code.get(at);
      if (cell.count > cell.perWord) code.const(cell.perWord).op("rem_u");
      if (cell.width > 1) code.const(cell.width).op("mul");
      if (cell.shift > 0) code.const(cell.shift).op("add");
      code.set(bit);
      const address = code.local();
      this.#wordAddressSimple(cell, thread, at);
      code.tee(address).get(address).load(0);
      code.const(mask).get(bit).op("shl").const(-1).op("xor").op("and");
      code.get(kept).get(bit).op("shl").op("or").store(0);
    });
  }

  #wordAddressSimple(cell: Cell, thread: number | undefined, at: number): void {
    if (cell.count > cell.perWord) {
      this.#wordAddress(cell, thread, at);
      return;
    }
    const offset = this.#address(cell, thread);
    this.#code.const(offset).op("add");
  }
}

/** `(base) -> bit set of the template's transitions that can be taken at its pc`. */
export function enabledFunction(program: Program, template: Template, state: number): Code {
  const code = new Code(1);
  const writer = new ProgramWriter(program, state, code, 0);
  const pc: Expr = { k: "cell", cell: template.pc };
  code.switchOn(
    () => writer.expression(pc),
    template.locations.map((location) => () => {
      if (location.transitions.length === 0) code.const(0);
      for (const [i, transition] of location.transitions.entries()) {
        writer.expression(truth(transition.guard));
        if (i > 0) code.const(i).op("shl").op("or");
      }
    }),
    () => code.const(0),
  );
  return code;
}

/** `(base, transition) -> 0 or the violation`. */
export function takeFunction(program: Program, template: Template, state: number): Code {
  const code = new Code(2);
  const writer = new ProgramWriter(program, state, code, 0);
  const pc: Expr = { k: "cell", cell: template.pc };
  code.switchOn(
    () => writer.expression(pc),
    template.locations.map((location) => () => {
      const last = location.transitions.length - 1;
      for (const [i, transition] of location.transitions.entries()) {
        const run = (): void => {
          writer.statements(transition.body);
          code.const(0).return();
        };
        if (i === last) run();
        else {
          code.get(1).const(i).op("eq");
          code.if(run);
        }
      }
      code.const(0);
    }),
    () => code.const(0),
  );
  return code;
}

/** `() -> 0 or the first invariant that does not hold`. */
export function invariantFunction(program: Program, state: number): Code {
  const code = new Code(0);
  const writer = new ProgramWriter(program, state, code, undefined);
  for (const { holds, violation } of program.invariants) {
    writer.expression(holds);
    code.op("eqz");
    code.if(() => code.const(violation).return());
  }
  code.const(0);
  return code;
}
