/** clear_inode() is reached without the mapping having been emptied, for an inode that can have page cache. */
import { NO_PAGES, PAGES_GONE } from "../analysis/typestate.ts";
import { operationContexts } from "./contexts.ts";
import type { Rule } from "./rule.ts";
import { stateDraft } from "./state-draft.ts";

export const missingTruncatePages: Rule = {
  id: "missing-truncate-pages",
  title: "Page cache not emptied",
  description: "clear_inode() is reached without truncate_inode_pages_final(), for an inode that can have page cache: clear_inode() stops the machine on pages.",
  severity: "error",
  *check(facts) {
    const walk = facts.typestate("evict_inode");
    if (walk === null || walk.limitHit || !canHavePageCache(facts)) return;
    const seen = new Set<number>();
    for (const event of walk.events) {
      if (event.kind !== "clear" || !event.onInode || (event.state & (PAGES_GONE | NO_PAGES)) !== 0) continue;
      const at = event.stack[0]?.event.call.at ?? event.at;
      if (seen.has(at)) continue;
      seen.add(at);
      yield stateDraft(
        "missing-truncate-pages",
        "error",
        facts.operation("evict_inode")!,
        event,
        "clear_inode() with pages still in the mapping",
        `${facts.operation("evict_inode")!.body.name}() can reach clear_inode() without truncate_inode_pages_final()`,
        operationContexts(facts, "evict_inode"),
      );
    }
  },
};

/** Some code of the filesystem gives its inodes address space operations. */
function canHavePageCache(facts: import("../analysis/filesystem-facts.ts").FilesystemFacts): boolean {
  return facts.program.bindingsOf("a_ops").some((binding) => facts.filesystem.owns(binding.file));
}
