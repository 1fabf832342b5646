/** The ways by which the kernel comes to a finding's operation, one for each context. */
import type { ContextName, ContextRoot, Finding } from "./finding.ts";

/** A condition is in source words: the operation names its inode as it likes. */
const WITHOUT_LINKS = /^(!\s*[\w>.()-]*\bi_nlink|[\w>.()-]*\bi_nlink == 0)$/;

/**
 * True for what reclaim comes to by way of the last iput() alone: iput_final() calls ->drop_inode, and keeps no inode without
 * links for the walk of the LRU.
 */
export function needsLastIput(operation: string, conditions: readonly string[]): boolean {
  return operation === "drop_inode" || conditions.some((condition) => WITHOUT_LINKS.test(condition));
}

/** The shortest way for each context of the finding: others differ in how the kernel came to reclaim at all. */
export function waysIn(finding: Finding, contexts: readonly ContextRoot[]): ReadonlyMap<ContextName, ContextRoot> {
  const byIput = needsLastIput(finding.operation, finding.conditions);
  const shortest = new Map<ContextName, ContextRoot>();
  for (const root of contexts) {
    if (!finding.contexts.includes(root.context)) continue;
    const way = byIput && root.byLastIput !== undefined ? { ...root, chain: root.byLastIput } : root;
    const known = shortest.get(root.context);
    if (known === undefined || way.chain.length < known.chain.length) shortest.set(root.context, way);
  }
  return shortest;
}
