/** In which contexts an operation runs. */
import type { FilesystemFacts } from "../analysis/filesystem-facts.ts";
import type { ContextName } from "../report/finding.ts";

const RECLAIM: ReadonlySet<ContextName> = new Set(["kswapd", "direct-reclaim", "memcg-reclaim", "assumed"]);

/**
 * ->free_inode runs in an RCU callback. ->drop_inode is called by iput() alone, which every way to evict() comes by, too: they
 * prune dentries first (fs/super.c super_cache_scan(), generic_shutdown_super()).
 */
export function operationContexts(facts: FilesystemFacts, operation: string): ContextName[] {
  const { contexts } = facts.contexts;
  if (operation === "free_inode") return ["rcu"];
  return [...contexts];
}

/** Those in which PF_MEMALLOC is set. A ->free_inode runs in an RCU callback, never in the reclaiming task. */
export function reclaimContexts(facts: FilesystemFacts, operation: string): ContextName[] {
  return operationContexts(facts, operation).filter((context) => RECLAIM.has(context));
}

/** "kswapd, direct-reclaim": for messages; the first two, and how many more. */
export function namesOf(contexts: readonly ContextName[]): string {
  if (contexts.includes("assumed") && contexts.length === 1) return "reclaim (assumed)";
  const reclaim = contexts.filter((context) => RECLAIM.has(context));
  return (reclaim.length > 0 ? reclaim : contexts).join(", ").replaceAll("-", " ");
}
