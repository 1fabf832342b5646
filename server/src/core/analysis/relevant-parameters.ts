/** Which parameters can change what a function does: those in a condition, those passed on, those called. */
import type { Expr, FunctionIr } from "../ir/ir.ts";

export function relevantParameters({ parameters, steps }: FunctionIr): readonly boolean[] {
  const search = new Search(parameters.map(({ name }) => name));
  // Mostly all of them are found in the first steps.
  for (let at = 0; at < steps.length && !search.isOver; at++) {
    const step = steps[at]!;
    if (step.k === "eval") search.look(step.expr, false);
    else if (step.k === "declare" && step.init !== null) search.look(step.init, true);
    else if (step.k === "branch") search.look(step.test, true);
    else if (step.k === "switch") search.look(step.value, true);
    else if (step.k === "return" && step.value !== null) search.look(step.value, true);
  }
  return search.found;
}

class Search {
  readonly found: boolean[];
  readonly #names: readonly string[];
  #missing: number;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.found = names.map(() => false);
    this.#missing = names.filter((name) => name !== "").length;
  }

  get isOver(): boolean {
    return this.#missing === 0;
  }

  look(expr: Expr, inTest: boolean): void {
    switch (expr.k) {
      case "id":
        if (inTest) this.#find(expr.name);
        return;
      case "field":
        this.look(expr.base, false);
        return;
      case "index":
        this.look(expr.base, false);
        this.look(expr.index, false);
        return;
      case "call":
        this.look(expr.callee, true);
        for (const arg of expr.args) this.look(arg, true);
        return;
      case "unary":
      case "cast":
        this.look(expr.operand, inTest);
        return;
      case "binary":
        this.look(expr.left, inTest);
        this.look(expr.right, inTest);
        return;
      case "assign":
        this.look(expr.right, true);
        this.look(expr.left, false);
        return;
      case "cond":
        this.look(expr.test, true);
        this.look(expr.yes, inTest);
        this.look(expr.no, inTest);
        return;
      case "init":
        for (const entry of expr.entries) this.look(entry.value, true);
        return;
      case "other":
        for (const part of expr.parts) this.look(part, true);
        return;
      default:
        return;
    }
  }

  #find(name: string): void {
    for (let at = 0; at < this.#names.length; at++) {
      if (this.found[at] || this.#names[at] !== name || name === "") continue;
      this.found[at] = true;
      this.#missing--;
    }
  }
}
