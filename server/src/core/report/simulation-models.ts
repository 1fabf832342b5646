/** Which model of the catalogue shows what a rule is about (docs/simulator.md; the table of partners in the rules' pages). */
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

/** The id of a catalogue model. */
export function simulationModel(rule: RuleId): string {
  return MODELS[rule];
}
