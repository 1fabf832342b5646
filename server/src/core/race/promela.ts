/**
 * A program as Promela, for SPIN: one process for each thread, each a loop of `d_step`s guarded by an explicit program
 * counter. Every atomic step here is one there and all state is in global variables, so that without reductions SPIN
 * stores as many states as this explorer (docs/simulator.md, "The neutral encoding").
 */

import type { Cell, Expr, Program, Stmt, Template, ThreadInstance, Transition } from "./program.ts";
import { loadCell } from "./state-access.ts";

export interface PromelaOptions {
  /** `safety` (default): assertions, invariants and a monitor for deadlock. `termination`: `ltl ends`, for `-a -f`. */
  readonly property?: "safety" | "termination";
  /** Comment at the top: title and toggles. */
  readonly comment?: string;
}

export function writePromela(program: Program, options: PromelaOptions = {}): string {
  return new PromelaWriter(program, options).write();
}

class PromelaWriter {
  readonly #program: Program;
  readonly #safety: boolean;
  readonly #comment: string;
  readonly #names = new Map<Cell, string>();

  constructor(program: Program, options: PromelaOptions) {
    this.#program = program;
    this.#safety = options.property !== "termination";
    this.#comment = options.comment ?? program.modelId;
    const used = new Set<string>();
    for (const cell of program.cells) {
      const plain = cell.name.replace(/[^A-Za-z0-9]+/g, "_").toLowerCase();
      let name = `${cell.scope === "global" ? "g" : "l"}_${plain}`;
      if (used.has(name)) name += `_${cell.id}`;
      used.add(name);
      this.#names.set(cell, name);
    }
  }

  write(): string {
    const { program } = { program: this.#program };
    const lines = [`/* ${this.#comment.replace(/\*\//g, "* /")} */`];
    for (let i = 0; i < program.temps; i++) lines.push(`hidden int tmp${i};`);
    const locals = new Set(program.templates.flatMap((template) => template.locals));
    for (const cell of program.cells) {
      if (cell.scope === "global" && cell.word >= 0) lines.push(...this.#declare(cell, this.#name(cell), 0));
    }
    for (const thread of program.threads) {
      const template = this.#template(thread);
      for (const cell of template.locals) {
        if (locals.has(cell)) lines.push(...this.#declare(cell, this.#localName(cell, thread.index), thread.base));
      }
    }
    for (const thread of program.threads) lines.push(...this.#process(thread));
    if (this.#safety && program.checksDeadlock) lines.push(...this.#monitor());
    if (!this.#safety) lines.push(`ltl ends { <> (${this.#finished()}) }`);
    return `${lines.join("\n")}\n`;
  }

  #template(thread: ThreadInstance): Template {
    return this.#program.templates[thread.template] as Template;
  }

  #name(cell: Cell): string {
    return this.#names.get(cell) as string;
  }

  #localName(cell: Cell, thread: number): string {
    return `t${thread}_${this.#name(cell)}`;
  }

  #declare(cell: Cell, name: string, base: number): string[] {
    const type = cell.max === 1 ? "bit" : cell.max < 256 ? "byte" : cell.max < 32768 ? "short" : "int";
    const { initial } = this.#program;
    const values = Array.from({ length: cell.count }, (_, i) => loadCell(initial, cell, i, base));
    if (cell.count === 1) return [`${type} ${name} = ${values[0]};`];
    const same = values.every((value) => value === values[0]);
    // Arrays of bits are bytes in SPIN anyway; unequal first values need an initialiser list.
    return [
      `${cell.max === 1 ? "byte" : type} ${name}[${cell.count}] = ${same ? values[0] : `{${values.join(", ")}}`};`,
    ];
  }

  #process(thread: ThreadInstance): string[] {
    const template = this.#template(thread);
    const lines = [`active proctype p${thread.index}() { /* ${thread.name} */`, "end: do"];
    let any = false;
    for (const [l, location] of template.locations.entries()) {
      for (const transition of location.transitions) {
        if (!this.#safety && transition.spurious === true) continue;
        any = true;
        lines.push(`  :: d_step { ${this.#enabled(thread, l, transition)} -> /* ${comment(transition)} */`);
        const body = transition.body.map((stmt) => this.#statement(stmt, thread.index));
        const checks = this.#safety
          ? this.#program.invariants.map(({ holds }) => `assert(${this.#expression(holds, thread.index)});`)
          : [];
        lines.push(`     ${[...body, ...checks].join(" ")} }`);
      }
    }
    if (!any) lines.push("  :: (0) -> skip");
    return [...lines, "  od }"];
  }

  #enabled(thread: ThreadInstance, location: number, transition: Transition): string {
    const pc = this.#localName(this.#template(thread).pc, thread.index);
    return `(${pc} == ${location} && (${this.#expression(transition.guard, thread.index)}))`;
  }

  #finished(): string {
    const parts = this.#program.threads
      .filter((thread) => !this.#template(thread).daemon)
      .map((thread) => `${this.#localName(this.#template(thread).pc, thread.index)} == ${this.#template(thread).end}`);
    return parts.length === 0 ? "true" : parts.join(" && ");
  }

  /** Fails where nothing but spurious wake-ups is possible and somebody has not finished. */
  #monitor(): string[] {
    const guards = this.#program.threads.flatMap((thread) =>
      this.#template(thread).locations.flatMap((location, l) =>
        location.transitions.filter((t) => t.spurious !== true).map((t) => this.#enabled(thread, l, t)),
      ),
    );
    const stuck = [`!(${this.#finished()})`, ...guards.map((guard) => `!${guard}`)].join("\n     && ");
    return ["active proctype monitor() {", "end: do", `  :: d_step { (${stuck}) -> assert(false) }`, "  od }"];
  }

  #expression(e: Expr, self: number): string {
    switch (e.k) {
      case "const":
        return String(e.v);
      case "temp":
        return `tmp${e.temp}`;
      case "self":
        return String(self);
      case "not":
        return `!(${this.#expression(e.a, self)})`;
      case "choice":
        return `(${this.#expression(e.c, self)} -> ${this.#expression(e.a, self)} : ${this.#expression(e.b, self)})`;
      case "cell":
        return this.#reference(e.cell, e.index, e.thread, self);
      case "bin": {
        const a = this.#expression(e.a, self);
        const b = this.#expression(e.b, self);
        if (e.op === "/" || e.op === "%") return `((${b}) == 0 -> 0 : (${a}) ${e.op} (${b}))`;
        return `(${a} ${e.op} ${b})`;
      }
    }
  }

  #reference(cell: Cell, index: Expr | undefined, thread: number | undefined, self: number): string {
    const name = cell.scope === "global" ? this.#name(cell) : this.#localName(cell, thread ?? self);
    if (cell.count === 1) return name;
    return `${name}[${index === undefined ? "0" : this.#expression(index, self)}]`;
  }

  #statement(stmt: Stmt, self: number): string {
    switch (stmt.k) {
      case "let":
        return `tmp${stmt.temp} = ${this.#expression(stmt.value, self)};`;
      case "assert":
        return `assert(${this.#expression(stmt.c, self)});`;
      case "set":
        return `${this.#reference(stmt.cell, stmt.index, stmt.thread, self)} = ${this.#expression(stmt.value, self)};`;
      case "if": {
        const branch = (list: readonly Stmt[]): string =>
          list.length === 0 ? "skip" : list.map((one) => this.#statement(one, self)).join(" ");
        return `if :: (${this.#expression(stmt.c, self)}) -> ${branch(stmt.yes)} :: else -> ${branch(stmt.no)} fi;`;
      }
    }
  }
}

function comment(transition: Transition): string {
  return transition.label.replace(/[*/\n\\"]/g, " ").slice(0, 80);
}
