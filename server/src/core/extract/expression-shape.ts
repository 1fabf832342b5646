/** Questions about an expression's shape. */
import type { Expr } from "../ir/ir.ts";

/** Whether evaluating it does anything: calls and assignments inside. */
export function hasEffects(expr: Expr): boolean {
  switch (expr.k) {
    case "call":
    case "assign":
      return true;
    case "field":
      return hasEffects(expr.base);
    case "index":
      return hasEffects(expr.base) || hasEffects(expr.index);
    case "unary":
      return expr.op === "++" || expr.op === "--" || hasEffects(expr.operand);
    case "binary":
      return hasEffects(expr.left) || hasEffects(expr.right);
    case "cond":
      return hasEffects(expr.test) || hasEffects(expr.yes) || hasEffects(expr.no);
    case "cast":
      return hasEffects(expr.operand);
    case "other":
      return expr.parts.some(hasEffects);
    default:
      return false;
  }
}

/** Where an expression stands in its function's text, as far as its parts say. */
export function placeOf(expr: Expr): number | undefined {
  switch (expr.k) {
    case "id":
    case "call":
    case "assign":
      return expr.at;
    case "field":
      return placeOf(expr.base) ?? expr.at;
    case "index":
      return placeOf(expr.base);
    case "unary":
    case "cast":
      return placeOf(expr.operand);
    case "binary":
      return placeOf(expr.left) ?? placeOf(expr.right);
    case "cond":
      return placeOf(expr.test);
    case "other":
      for (const part of expr.parts) {
        const at = placeOf(part);
        if (at !== undefined) return at;
      }
      return undefined;
    default:
      return undefined;
  }
}
