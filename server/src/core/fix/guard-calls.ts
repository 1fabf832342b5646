/** Puts a condition in front of a finding's call: of each call of that function in the operation, which are one finding. */
import type { FixEdit } from "../query/queries.ts";
import { callsIn } from "../rules/walk-steps.ts";
import type { AstNode } from "../syntax/ast.ts";
import { bodyEdit, type FixSite, indentOf, type StatementPlace, statementOf, wrapBranch } from "./fix-site.ts";

/** The statements that are such calls and no more; null when one of them is part of something else. */
export function callStatements(site: FixSite): readonly StatementPlace[] | null {
  const calls = site.body.ir.steps.flatMap(callsIn);
  const own = calls.find(({ at, callee }) => at === site.at && callee.k === "id");
  if (own?.callee.k !== "id") return null;
  const { name } = own.callee;
  const places = new Map<AstNode, StatementPlace>();
  for (const { at, callee } of calls) {
    if (callee.k !== "id" || callee.name !== name) continue;
    const place = statementOf(site.ast, at);
    if (place?.node.type !== "expression_statement" || place.node.start !== at) return null;
    places.set(place.node, place);
  }
  return [...places.values()];
}

/** `lines` makes the guarded statement from the call's text: its lines without indentation. */
export function guardCalls(
  site: FixSite,
  places: readonly StatementPlace[],
  lines: (call: string) => readonly string[],
  why: string,
): FixEdit[] {
  const { body } = site;
  return places.flatMap(({ node, inBlock }) => {
    const guarded = lines(body.text.slice(node.start, node.end));
    if (!inBlock) return wrapBranch(site, node, guarded, why);
    return [bodyEdit(body, node.start, node.end, guarded.join(`\n${indentOf(body.text, node.start)}`), why)];
  });
}
