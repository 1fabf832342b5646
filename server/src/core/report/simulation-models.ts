/** The names of the models that findings link to (docs/simulator.md). */
import type { RuleId } from "./finding.ts";

const MODELS: Readonly<Record<RuleId, string>> = {
  "work-after-unhash": "evict-async-after-unhash",
  "dirty-under-memalloc": "negative-dentry-race-last-holder",
  "nofail-under-memalloc": "nofail-alloc-in-memalloc",
  "blocking-under-memalloc": "kswapd-only-inode-reclaim",
  "lookup-under-evict": "evict-under-lru-walk",
  "iput-under-evict": "overlayfs-stacked-last-iput",
  "missing-clear-inode": "sync-evict-baseline",
  "missing-truncate-pages": "sync-evict-baseline",
  "deferred-work": "evict-async-linkage-and-umount",
  "dirty-after-clear": "sync-evict-baseline",
  "lookup-ignores-freeing": "drop-caches-misses-clear",
  "missing-wakeup": "freeing-wait-lost-wakeup-rcu",
  "async-evict-contract": "evict-async-after-unhash",
  "eviction-protocol": "sync-evict-baseline",
};

/** The model of the catalogue that shows what a rule is about, on an example: for a finding whose own code gives none. */
export function catalogueModel(rule: RuleId): string {
  return MODELS[rule];
}

/** The model that is made for a finding from the code at hand. */
export function findingModelId(findingId: string): string {
  return `finding-${findingId}`;
}

/** The finding that a model was made for; null for any other model. */
export function findingOfModel(modelId: string): string | null {
  return /^finding-([0-9a-f]{16})$/.exec(modelId)?.[1] ?? null;
}
