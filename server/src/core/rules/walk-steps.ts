/** Small walks over the steps and expressions of a function's IR. */
import type { Expr, Step } from "../ir/ir.ts";

/** The expressions that a step evaluates. */
export function expressionsOf(step: Step): Expr[] {
  switch (step.k) {
    case "eval":
      return [step.expr];
    case "declare":
      return step.init === null ? [] : [step.init];
    case "branch":
      return [step.test];
    case "switch":
      return [step.value];
    case "return":
      return step.value === null ? [] : [step.value];
    default:
      return [];
  }
}

/** The operands of an expression. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.k) {
    case "field":
      return [expr.base];
    case "index":
      return [expr.base, expr.index];
    case "call":
      return [expr.callee, ...expr.args];
    case "unary":
    case "cast":
      return [expr.operand];
    case "binary":
    case "assign":
      return [expr.left, expr.right];
    case "cond":
      return [expr.test, expr.yes, expr.no];
    case "init":
      return expr.entries.map((entry) => entry.value);
    case "other":
      return expr.parts;
    default:
      return [];
  }
}

/** The calls of a step, outermost first. */
export function callsIn(step: Step): (Expr & { k: "call" })[] {
  const calls: (Expr & { k: "call" })[] = [];
  const visit = (expr: Expr): void => {
    if (expr.k === "call") calls.push(expr);
    for (const part of partsOf(expr)) visit(part);
  };
  for (const expr of expressionsOf(step)) visit(expr);
  return calls;
}

/** Offsets of the calls of a step. */
export function callOffsets(step: Step): number[] {
  return callsIn(step).map((call) => call.at);
}

/** Where control can go from a step. */
export function nextOf(step: Step): readonly number[] {
  switch (step.k) {
    case "branch":
      return [step.yes, step.no];
    case "either":
      return step.targets;
    case "switch":
      return step.cases.map((each) => each.target);
    case "return":
      return [];
    default:
      return step.next < 0 ? [] : [step.next];
  }
}
