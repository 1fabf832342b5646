/**
 * The survey of races behind the catalogue, entry by entry: each is a model, is violated as the survey expects with its
 * fix off, and holds with it on. Where the model disagrees, it has to say so. That the models give these verdicts is
 * checked in catalogue.test.ts.
 */
import { expect, it } from "vitest";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";

/** Id, and the invariants that the survey expects to be violated; `differs`: the model finds another and explains it. */
const SURVEY: readonly (readonly [id: string, violated: readonly string[], differs?: "differs"])[] = [
  // Designs that the discussion of ->evict_inode began with.
  ["sync-evict-baseline", []],
  ["evict-error-putback", ["WAKE", "UNIQ", "UMNT"], "differs"],
  ["kswapd-only-inode-reclaim", ["RECL", "PROG"]],
  ["gfp-fs-reclaim-reenters-fs", ["PROG"]],
  ["nofail-alloc-in-memalloc", ["RECL"]],
  ["memalloc-uses-atomic-reserve", ["RECL"]],
  ["negative-dentry-race-last-holder", ["NLINK0"]],
  ["overlayfs-stacked-last-iput", ["RECL"]],
  ["lazytime-last-iput-dirties", ["RECL"], "differs"],
  ["xfs-private-cache-recycle", ["UAF", "UNIQ", "PROG"]],
  // Its obligations are the entries that follow.
  ["evict-async-hashed", []],
  ["evict-async-after-unhash", ["UNIQ"]],
  ["evict-async-linkage-and-umount", ["UMNT"]],
  ["create-steps-over-freeing", ["GEN"]],
  ["freeing-wait-under-fs-lock", ["PROG"]],
  ["evict-worker-needs-memory", ["PROG"]],
  ["deferred-backlog-no-backpressure", ["BOUND"]],
  ["deferred-evict-vs-freeze", ["PROG"]],
  // Proposals of 2025 and 2026.
  ["deferred-inode-reclaim-rfc", ["RECL", "UAF"]],
  ["deferred-list-revival", ["ONCE"]],
  ["hard-flag-set-late", ["RECL"]],
  ["gfs2-defer-in-drop-inode", ["GEN"]],
  ["passive-reference", ["ONCE"]],
  // Historical bugs.
  ["unhash-before-clear-inode", ["UNIQ"]],
  ["forced-final-iput-vs-prune", ["ONCE"]],
  ["freeing-wait-lost-wakeup-rcu", ["WAKE"]],
  ["bcachefs-own-hash-waiter", ["WAKE"]],
  ["f2fs-evict-gc-self-wait", ["PROG"]],
  ["gfs2-glock-vs-freeing", ["PROG"]],
  ["gfs2-dlm-in-reclaim", ["RECL"]],
  ["insert-inode-locked-under-write-lock", ["PROG"]],
  ["ext4-freeze-vs-evict-in-handle", ["PROG"]],
  ["ext4-ea-mbcache-vs-freeing", ["PROG"]],
  ["evict-under-lru-walk", ["PROG"]],
  ["ubifs-xattr-journal-abba", ["PROG"]],
  ["drop-caches-misses-clear", ["STATE", "UAF"]],
  ["flusher-iput-evicts", ["PROG", "UAF"]],
  ["wb-switch-vs-umount", ["UMNT"]],
  ["ihold-on-zero", ["STATE"]],
  ["fsnotify-connector-iput-vs-umount", ["UMNT"]],
  ["half-built-inode-discard", ["UNIQ"]],
  ["nfsd-iget-vs-create", ["UNIQ"]],
  ["ceph-iput-in-writepages", ["PROG"]],
  ["ceph-iput-in-dispatch", ["PROG"]],
  ["fuse-nodeid-reuse", ["UNIQ"], "differs"],
  ["xfs-evict-zeroes-mode", ["TAIL"]],
  ["xfs-rcu-lookup-of-dead", ["UAF"]],
  ["xfs-iget-waits-for-gc-with-agi", ["PROG"]],
  ["free-inode-vs-super", ["UAF"], "differs"],
  ["ino-number-collision-9p", ["UNIQ"], "differs"],
  ["evict-after-mount-data-freed", ["UAF"], "differs"],
];

const models = new Map(listModels().map((model) => [model.id, model]));

it("covers the survey, entry for entry", () => {
  expect([...models.keys()].sort()).toEqual(SURVEY.map(([id]) => id).sort());
});

it.each(SURVEY.map(([id, violated, differs]) => ({ id, violated, differs })))("$id", ({ id, violated, differs }) => {
  const model = models.get(id);
  const expected = model?.expected ?? [];
  const found = new Set(
    expected.filter(({ verdict }) => verdict === "violated").flatMap(({ invariant }) => invariant ?? []),
  );
  const missing = violated.filter((name) => !found.has(name));
  if (differs === "differs") {
    expect(missing).not.toEqual([]);
    expect(model?.notes ?? []).not.toEqual([]);
  } else expect(missing).toEqual([]);
  // A design that is broken by construction has its clean twin elsewhere.
  if (id !== "evict-async-after-unhash") expect(expected.some(({ verdict }) => verdict === "holds")).toBe(true);
  // Each toggle decides something: its values stand in the expected verdicts or are the default.
  for (const toggle of model?.toggles ?? []) {
    const used = new Set([toggle.default, ...expected.flatMap(({ toggles }) => toggles[toggle.name] ?? [])]);
    expect([toggle.name, toggle.values.filter((value) => !used.has(value))]).toEqual([toggle.name, []]);
  }
});
