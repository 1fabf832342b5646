/** The inode is dirtied after clear_inode(). */
import { CLEARED } from "../analysis/typestate.ts";
import { operationContexts } from "./contexts.ts";
import type { Rule } from "./rule.ts";
import { stateDraft } from "./state-draft.ts";

export const dirtyAfterClear: Rule = {
  id: "dirty-after-clear",
  title: "Inode dirtied after clear_inode()",
  description:
    "The inode is dirtied after clear_inode(): evict() asserts i_state to be I_FREEING | I_CLEAR, and nobody writes a dying inode.",
  severity: "error",
  *check(facts) {
    for (const name of ["evict_inode", "evict_inode_async"] as const) {
      const walk = facts.typestate(name);
      const operation = facts.operation(name);
      if (walk === null || operation === undefined) continue;
      const seen = new Set<number>();
      for (const event of walk.events) {
        if (event.kind !== "dirty" || !event.onInode || (event.state & CLEARED) === 0 || event.primitive === "")
          continue;
        const at = event.stack[0]?.event.call.at ?? event.at;
        if (seen.has(at)) continue;
        seen.add(at);
        const message = `${operation.body.name}() can dirty the inode after clear_inode(): ${event.primitive}()`;
        yield stateDraft(
          "dirty-after-clear",
          "error",
          operation,
          event,
          `${event.primitive}() dirties the inode`,
          message,
          operationContexts(facts, name),
        );
      }
    }
  },
};
