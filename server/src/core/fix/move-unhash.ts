/** Moves an unhash behind the clean-up that follows it: until then a lookup of the number waits for this inode. */
import { type CallExpr, MODES } from "../analysis/interpreter.ts";
import { callsIn } from "../rules/walk-steps.ts";
import { WORK } from "../rules/work-after-unhash.ts";
import type { AstNode } from "../syntax/ast.ts";
import { bodyEdit, type FixSite, lineEnd, lineStart, statementOf } from "./fix-site.ts";
import type { Fixer } from "./fixer.ts";

export const moveUnhash: Fixer = {
  fix: "move-unhash",
  rules: ["work-after-unhash"],
  make(site) {
    const { body, ast, operation } = site;
    if (operation.name !== "evict_inode" && operation.name !== "evict_inode_async") return null;
    const call = unhashBefore(site);
    const unhash = call === null ? null : statementOf(ast, call.at);
    if (unhash === null || !unhash.inBlock || unhash.node.type !== "expression_statement") return null;
    const siblings = unhash.parent.children;
    const from = siblings.indexOf(unhash.node);
    // The wake-up belongs to the unhash: it goes along.
    let to = from;
    while (to + 1 < siblings.length && isWakeUp(site, siblings[to + 1]!)) to++;
    const moved = siblings.slice(from, to + 1);
    const start = lineStart(body.text, moved[0]!.start);
    const end = lineEnd(body.text, moved[moved.length - 1]!.end);
    const lines = body.text.slice(start, end);
    if (operation.name === "evict_inode_async") {
      // evict() unhashes when the method is done, the worker when it completes the eviction.
      const why = "the inode stays hashed until the eviction is complete, which unhashes it";
      return {
        title: "Leave the unhash to the completion of the eviction",
        edits: [bodyEdit(body, start, end, "", why)],
      };
    }
    const last = lastWork(site, siblings, to + 1);
    if (last === undefined) return null;
    const target = lineEnd(body.text, last.end);
    return {
      title: "Move the unhash behind the clean-up",
      edits: [
        bodyEdit(body, start, end, "", "a lookup finds this inode, and waits, until it is cleaned up"),
        bodyEdit(body, target, target, lines, "nothing that a new inode of this number could meet is pending any more"),
      ],
    };
  },
};

/** The nearest unhash of the inode in front of the finding, in the operation itself. */
function unhashBefore(site: FixSite): CallExpr | null {
  let found: CallExpr | null = null;
  for (const effect of nodeEffects(site)) {
    const { call } = effect.event;
    if (effect.kind === "unhash" && call.at < site.at && (found === null || call.at > found.at)) found = call;
  }
  return found;
}

function nodeEffects(site: FixSite) {
  return site.facts.graph(MODES.any).root(site.operation.binding.function!)?.effects ?? [];
}

/** `spin_lock(&inode->i_lock)`, the wake-up, and the unlock. */
function isWakeUp(site: FixSite, node: AstNode): boolean {
  const text = site.body.text.slice(node.start, node.end);
  if (node.type !== "expression_statement") return false;
  if (/^spin_(un)?lock\(&\w+->i_lock\);$/.test(text) || /^smp_mb\(\);$/.test(text)) return true;
  return nodeEffects(site).some(
    ({ kind, event }) => kind === "wake" && event.call.at >= node.start && event.call.end <= node.end,
  );
}

/** The last statement of a block, from an index on, that does work. */
function lastWork(site: FixSite, siblings: readonly AstNode[], from: number): AstNode | undefined {
  const work = site.facts
    .anchors(site.operation, MODES.any)
    .filter((anchor) => anchor.effects.some((effect) => WORK.has(effect.site.kind)))
    .map((anchor) => anchor.event.call.at);
  const calls = new Set(site.body.ir.steps.flatMap((step) => callsIn(step).map((call) => call.at)));
  return siblings.slice(from).findLast((node) => work.some((at) => calls.has(at) && at >= node.start && at < node.end));
}
