/** From a place in a file to the function, the statement and the call that stand there. */

import type { CallExpr } from "../analysis/interpreter.ts";
import type { FunctionRef } from "../callgraph/program.ts";
import { type Body, positionIn } from "../ir/function-bodies.ts";
import type { Step } from "../ir/ir.ts";
import { callsIn } from "../rules/walk-steps.ts";
import { type Ast, type AstNode, childByField, copyTree } from "../syntax/ast.ts";
import { parseWithMasking } from "../syntax/masking.ts";
import type { SyntaxParser } from "../syntax/parser-port.ts";
import type { Place, Span } from "./queries.ts";
import type { QueryScope } from "./query-scope.ts";

export interface PlaceInFunction {
  readonly function: FunctionRef;
  readonly body: Body;
  /** Offset in the body's text. */
  readonly at: number;
}

/** The function whose text a place lies in; null outside of all, or when it can't be parsed. */
export function functionAt(scope: QueryScope, place: Place): PlaceInFunction | null {
  const file = scope.program.files.get(place.file);
  const bytes = file === undefined ? null : scope.engine.bodies.bytesOf(file);
  if (file === undefined || bytes === null) return null;
  const offset = lineStart(bytes, place.line);
  if (offset < 0) return null;
  const fn = file.functions.find(({ span }) => span.start < offset + place.column && offset < span.end);
  const body = fn === undefined ? null : scope.engine.bodies.of(fn);
  const at = body === null ? null : offsetIn(body, place);
  return fn === undefined || body === null || at === null ? null : { function: fn, body, at };
}

/** Byte offset at which a 1-based line begins; -1 behind the last. */
function lineStart(bytes: Uint8Array, line: number): number {
  let at = 0;
  for (let i = 1; i < line; i++) {
    const next = bytes.indexOf(10, at);
    if (next < 0) return -1;
    at = next + 1;
  }
  return at;
}

/** Offset in a function's text of a place in its file; null when it lies outside. */
export function offsetIn(body: Body, place: { readonly line: number; readonly column: number }): number | null {
  let start = 0;
  for (let line = body.line; line < place.line; line++) {
    const next = body.text.indexOf("\n", start);
    if (next < 0) return null;
    start = next + 1;
  }
  if (place.line < body.line) return null;
  const end = body.text.indexOf("\n", start);
  const at = start + place.column - 1;
  return at <= (end < 0 ? body.text.length : end) ? at : null;
}

export function spanOf(body: Body, start: number, end: number): Span {
  const from = positionIn(body, start);
  const to = positionIn(body, end);
  return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

/** A function's syntax tree, made anew: questions are few, and kept trees would be many. */
export function syntaxOf(parser: SyntaxParser, body: Body): Ast | null {
  const parsed = parseWithMasking(parser, body.text);
  if (parsed === null) return null;
  try {
    return copyTree(parsed.tree);
  } finally {
    parsed.tree.delete();
  }
}

const SIMPLE = new Set(["expression_statement", "declaration", "return_statement"]);
/** Statements of which only the condition is evaluated where they stand. */
const CONDITIONAL = new Set(["if_statement", "while_statement", "do_statement", "switch_statement", "for_statement"]);

/** The statement, or the condition of a compound one, that an offset lies in. */
export function statementAt(ast: Ast, at: number): { readonly start: number; readonly end: number } | null {
  let found: AstNode | null = null;
  const visit = (node: AstNode): void => {
    if (at < node.start || at > node.end) return;
    if (SIMPLE.has(node.type)) found = node;
    else if (CONDITIONAL.has(node.type)) found = childByField(node, "condition") ?? node;
    for (const child of node.children) visit(child);
  };
  visit(ast.root);
  return found;
}

/** The steps whose calls and operands lie in a range, in the order of the text. */
export function stepsIn(body: Body, start: number, end: number): number[] {
  const found: number[] = [];
  body.ir.steps.forEach((step, index) => {
    const at = anchorOf(step);
    if (at !== null && at >= start && at < end) found.push(index);
  });
  return found;
}

/** An offset that a step certainly lies at; null for one that stands for no text of its own. */
function anchorOf(step: Step): number | null {
  if (step.k === "return" || step.k === "branch") return step.at;
  const call = callsIn(step)[0];
  if (call !== undefined) return call.at;
  if (step.k === "eval" && (step.expr.k === "assign" || step.expr.k === "id" || step.expr.k === "field"))
    return step.expr.at;
  return null;
}

/** The innermost call that an offset lies in. */
export function callAt(body: Body, at: number): CallExpr | null {
  let found: CallExpr | null = null;
  for (const step of body.ir.steps)
    for (const call of callsIn(step)) {
      if (at < call.at || at > call.end) continue;
      if (found === null || call.end - call.at < found.end - found.at) found = call;
    }
  return found;
}
