/** Conditions of the source as a model sees them: what is tested, in its own words, and whether it is the link count. */
import type { Env } from "../../analysis/env.ts";
import type { Interpreter, Mode } from "../../analysis/interpreter.ts";
import type { Body } from "../../ir/function-bodies.ts";
import type { Expr, Step } from "../../ir/ir.ts";
import { inWords } from "../../report/conditions.ts";
import { partsOf } from "../../rules/walk-steps.ts";

/** Longer conditions are cut: a label is one line. */
const MAX_TEXT = 90;

export const INODE_SYMBOL = "#inode";

/** What the truth of a condition says of the link count of the inode under eviction. */
export interface LinkTest {
  /** When the condition holds: `zero`, `nonzero`, or nothing. */
  readonly holds: "zero" | "nonzero" | null;
  readonly fails: "zero" | "nonzero" | null;
}

/** The condition of a branch as the source writes it (of the whole `if`, also for one operand of `&&`). */
export function conditionText(body: Body, at: number): string {
  let depth = 0;
  for (let i = at; i < body.text.length; i++) {
    const c = body.text[i];
    if (c === "(" || c === "[") depth++;
    else if (c === ")" || c === "]") depth--;
    else if (depth === 0 && (c === ";" || c === "{")) return body.text.slice(at, i);
    if (depth <= 0 && c === ")") return body.text.slice(at, i + 1);
  }
  return body.text.slice(at);
}

/** `if (want_delete)` or `if (!want_delete)`: the label of the step that takes this way. */
export function wayLabel(body: Body, step: Step & { readonly k: "branch" }, yes: boolean): string {
  const operand = core(step.whole) === step.test ? null : printed(step.test);
  const text = operand === null ? inWords(conditionText(body, step.at), yes === step.sense) : inWords(operand, yes);
  return `if (${shortened(text)})`;
}

/** Without `!` and likely(). */
function core(expr: Expr): Expr {
  if (expr.k === "unary" && expr.op === "!") return core(expr.operand);
  if (expr.k === "call" && expr.callee.k === "id" && /^_*(un)?likely$/.test(expr.callee.name) && expr.args.length === 1)
    return core(expr.args[0]!);
  return expr;
}

export function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= MAX_TEXT ? line : `${line.slice(0, MAX_TEXT - 3)}...`;
}

/** An operand of `&&` or `||` put together again; null when part of it was not kept. */
function printed(expr: Expr): string | null {
  switch (expr.k) {
    case "id":
      return expr.name;
    case "num":
      return String(expr.value);
    case "field": {
      const base = printed(expr.base);
      return base === null ? null : `${base}->${expr.name}`;
    }
    case "unary": {
      const operand = printed(expr.operand);
      return operand === null ? null : `${expr.op}${operand}`;
    }
    case "binary": {
      const left = printed(expr.left);
      const right = printed(expr.right);
      return left === null || right === null ? null : `${left} ${expr.op} ${right}`;
    }
    case "call": {
      const callee = printed(expr.callee);
      const args = expr.args.map(printed);
      return callee === null || args.includes(null) ? null : `${callee}(${args.join(", ")})`;
    }
    default:
      return null;
  }
}

/** Reads `inode->i_nlink`, `inode->i_nlink == 0` and the like, where the inode is the one under eviction. */
export function linkTest(expr: Expr, env: Env, body: Body, mode: Mode, interpreter: Interpreter): LinkTest | null {
  if (expr.k === "unary" && expr.op === "!") {
    const inner = linkTest(expr.operand, env, body, mode, interpreter);
    return inner === null ? null : { holds: inner.fails, fails: inner.holds };
  }
  if (expr.k === "cast") return linkTest(expr.operand, env, body, mode, interpreter);
  if (expr.k === "field" && expr.name === "i_nlink") {
    const base = interpreter.evaluate(expr.base, env, body, mode);
    return base?.k === "symbol" && base.name === INODE_SYMBOL ? { holds: "nonzero", fails: "zero" } : null;
  }
  if (expr.k !== "binary") return null;
  if (expr.op === "&&") {
    // All operands hold when the whole does; which of them fails is not known when it doesn't.
    const left = linkTest(expr.left, env, body, mode, interpreter);
    const right = linkTest(expr.right, env, body, mode, interpreter);
    const holds = left?.holds ?? right?.holds ?? null;
    return holds === null ? null : { holds, fails: null };
  }
  if (expr.op === "||") {
    const left = linkTest(expr.left, env, body, mode, interpreter);
    const right = linkTest(expr.right, env, body, mode, interpreter);
    const fails = left?.fails ?? right?.fails ?? null;
    return fails === null ? null : { holds: null, fails };
  }
  const [test, other] = expr.left.k === "num" ? [expr.right, expr.left] : [expr.left, expr.right];
  if (other.k !== "num" || other.value !== 0) return null;
  const inner = linkTest(test, env, body, mode, interpreter);
  if (inner === null || inner.holds !== "nonzero") return null;
  if (expr.op === "==") return { holds: "zero", fails: "nonzero" };
  if (expr.op === "!=" || (expr.op === ">" && test === expr.left)) return inner;
  return null;
}

/**
 * Locals and parameters whose value never changes once it is there: assigned once at most, address never taken. What two
 * tests of one of them say is the same.
 */
export function stableNames(body: Body): ReadonlyMap<string, Expr | null> {
  const inits = new Map<string, Expr | null>();
  const changed = new Set<string>();
  const assign = (name: string, value: Expr | null): void => {
    if (inits.has(name)) changed.add(name);
    inits.set(name, value);
  };
  const visit = (expr: Expr): void => {
    if (expr.k === "assign" && expr.left.k === "id") {
      if (expr.op === "=") assign(expr.left.name, expr.right);
      else changed.add(expr.left.name);
    } else if (expr.k === "unary" && expr.operand.k === "id" && /^(&|\+\+|--)/.test(expr.op))
      changed.add(expr.operand.name);
    else if (expr.k === "unary" && /\+\+|--/.test(expr.op) && expr.operand.k === "id") changed.add(expr.operand.name);
    for (const part of partsOf(expr)) visit(part);
  };
  for (const { name } of body.ir.parameters) if (name !== "") inits.set(name, null);
  for (const step of body.ir.steps) {
    if (step.k === "declare") {
      if (step.init !== null) assign(step.name, step.init);
      if (step.init !== null) visit(step.init);
    } else if (step.k === "eval") visit(step.expr);
    else if (step.k === "branch") visit(step.test);
    else if (step.k === "switch") visit(step.value);
    else if (step.k === "return" && step.value !== null) visit(step.value);
  }
  for (const name of changed) inits.delete(name);
  return inits;
}
