/** A path through ->evict_inode returns without clear_inode(): evict() then hits BUG_ON(inode->i_state != (I_FREEING | I_CLEAR)). */
import { CLEARED, type StateEvent } from "../analysis/typestate.ts";
import { operationContexts } from "./contexts.ts";
import type { Rule } from "./rule.ts";

export const missingClearInode: Rule = {
  id: "missing-clear-inode",
  title: "clear_inode() missing on a path",
  description: "A path through ->evict_inode returns without clear_inode(); evict() stops the machine on it.",
  severity: "error",
  *check(facts) {
    const operation = facts.operation("evict_inode");
    const walk = facts.typestate("evict_inode");
    if (operation === undefined || walk === null || walk.limitHit) return;
    const exits = walk.events.filter((event) => event.kind === "exit" && (event.state & CLEARED) === 0);
    const seen = new Set<number>();
    for (const exit of exits) {
      if (seen.has(exit.at)) continue;
      seen.add(exit.at);
      yield {
        rule: "missing-clear-inode",
        severity: "error",
        operation,
        at: exit.at,
        end: endOfStatement(exit, operation.body.text),
        first: "return",
        chain: [{ body: exit.body, at: exit.at, via: null, guard: exit.guard }],
        ends: [{ body: exit.body, at: exit.at, what: "returns without clear_inode()" }],
        message: `${operation.body.name}() can return here without clear_inode(): evict() then finds i_state without I_CLEAR`,
        doubt: null,
        contexts: operationContexts(facts, "evict_inode"),
      };
    }
  },
};

function endOfStatement(exit: StateEvent, text: string): number {
  const semicolon = text.indexOf(";", exit.at);
  return text[exit.at] === "}" || semicolon < 0 ? exit.at + 1 : semicolon + 1;
}
