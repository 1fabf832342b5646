/** Small models for what the panel has to show: a fix that can be switched on, a loop, hostile names. */

import type { RaceModel } from "../../../server/src/core/race/model.ts";
import { loadModel } from "../../../server/src/core/race/simulator.ts";

function checked(json: unknown): RaceModel {
  const loaded = loadModel(json);
  if ("errors" in loaded) throw new Error(loaded.errors.map((error) => `${error.path}: ${error.message}`).join("\n"));
  return loaded.model;
}

/** A lookup that sleeps after the wake-up, unless it tests and enqueues itself under the lock that the unhash needs. */
export const LOST_WAKE = checked({
  format: 1,
  id: "lost-wake",
  title: "A sleeper that nobody wakes",
  kind: "lost-wakeup",
  summary: "The lookup tests, then enqueues itself; the wake-up comes in between.",
  toggles: [
    {
      name: "locked",
      description: "test and enqueue under the lock that the unhash needs",
      values: [false, true],
      default: false,
    },
  ],
  slots: { count: 1, initial: [{ ino: 1, hashed: 1, FREEING: 1 }] },
  locks: [{ name: "hash_lock", kind: "spin" }],
  threads: [
    {
      name: "evict",
      context: ["MEMALLOC"],
      steps: [
        { label: "spin_lock(&inode_hash_lock)", do: "lock(hash_lock)", source: { file: "fs/inode.c", line: 498 } },
        { label: "hlist_del_init_rcu(&inode->i_hash)", do: "hash_del(A)", source: { file: "fs/inode.c", line: 500 } },
        { label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" },
        { label: "inode_wake_up_bit(inode, __I_NEW)", do: "wake(A, NEW)", source: { file: "fs/inode.c", line: 750 } },
      ],
    },
    {
      name: "lookup",
      steps: [
        { when: "locked", label: "spin_lock(&inode_hash_lock)", do: "lock(hash_lock)" },
        {
          label: "if (!inode_unhashed(inode))",
          if: "A.hashed",
          // biome-ignore lint/suspicious/noThenProperty: the model language's word for a branch
          then: [
            { label: "prepare_to_wait()", do: "prepare_wait(A, NEW)" },
            { when: "locked", label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" },
            { label: "schedule()", do: "sleep()" },
            { label: "finish_wait()", do: "finish_wait()" },
          ],
          else: [{ when: "locked", label: "spin_unlock(&inode_hash_lock)", do: "unlock(hash_lock)" }],
        },
      ],
    },
  ],
  invariants: ["PROG", "WAKE"],
  spuriousWakeups: false,
  expected: [
    { toggles: {}, verdict: "violated", invariant: ["PROG", "WAKE"] },
    { toggles: { locked: true }, verdict: "holds" },
  ],
});

/** Two threads that step back for each other for ever. */
export const LIVELOCK = checked({
  format: 1,
  id: "livelock",
  title: "A retry that never ends",
  kind: "livelock",
  summary: "The lookup retries while the inode is being freed, and nobody frees it.",
  variables: [{ name: "freed", max: 1, group: "other" }],
  threads: [
    {
      name: "lookup",
      steps: [
        { label: "while (!freed)", while: "freed == 0", loop: [{ label: "cond_resched()", do: "freed = 0" }] },
        { label: "return inode", do: "freed = freed" },
      ],
    },
  ],
  invariants: ["PROG"],
});

/** Reclaim that takes a page to give two back: memory, a work queue, a transaction, a private list. */
export const RECLAIM = checked({
  format: 1,
  id: "reclaim",
  title: "Reclaim defers to a worker",
  kind: "design",
  summary: "kswapd queues the inode; the worker starts a transaction, takes a page and gives two back.",
  assumptions: ["One inode."],
  variables: [
    { name: "free", initial: 2, max: 4, group: "memory", description: "free pages" },
    { name: "reserve", initial: 3, max: 4, group: "memory" },
    { name: "handles", max: 2, group: "transaction" },
    { name: "active", initial: 1, max: 1, group: "superblock" },
  ],
  slots: {
    count: 2,
    initial: [
      { ino: 1, hashed: 1, nlink: 1 },
      { ino: 2, hashed: 2, count: 1, nlink: 1 },
    ],
  },
  locks: [{ name: "s_umount", kind: "sleep" }],
  queues: [{ name: "evict_work", capacity: 2 }],
  threads: [
    {
      name: "kswapd",
      context: ["MEMALLOC"],
      steps: [
        { label: "inode->i_state |= I_FREEING", do: "A.FREEING = 1" },
        { label: "queue_work(evict_work)", do: "queue(evict_work, A)" },
      ],
    },
    {
      name: "worker",
      context: ["worker", "NOFS"],
      locals: [{ name: "x", type: "slot" }],
      steps: [
        { label: "down_read(&sb->s_umount)", do: "lock(s_umount)" },
        { label: "the workqueue takes the inode", do: "pop(evict_work, x)" },
        { label: "journal_start()", do: "handles++; free--" },
        { label: "remove_inode_hash(inode)", do: "hash_del(x)" },
        { label: "journal_stop()", do: "handles--; free = free + 2" },
        { label: "up_read(&sb->s_umount)", do: "unlock(s_umount)" },
      ],
    },
  ],
  invariants: ["PROG"],
});

/** One slot, and a lock of it. */
export const ONE_SLOT = checked({
  format: 1,
  id: "one-slot",
  title: "One inode",
  summary: "Takes and drops its lock.",
  slots: { count: 1, initial: [{ ino: 1 }] },
  locks: [{ name: "i_lock", kind: "spin", per: "slot" }],
  threads: [{ name: "evict", steps: ["lock(i_lock[A])", "unlock(i_lock[A])"] }],
  invariants: ["PROG"],
});

export const MARKUP = "<img src=x onerror=window.hacked=1>";

/** Names that look like HTML wherever a model has a name. */
export const HOSTILE = checked({
  format: 1,
  id: "hostile",
  title: `Title ${MARKUP}`,
  kind: MARKUP,
  summary: `Summary ${MARKUP}`,
  assumptions: [MARKUP],
  sources: [{ text: MARKUP, url: "javascript:window.hacked=1" }],
  toggles: [{ name: "fix", description: MARKUP, values: [false, true], default: false }],
  variables: [{ name: "x", max: 1 }],
  threads: [
    { name: "one", description: MARKUP, steps: [{ label: `x = 1; ${MARKUP}`, do: "x = 1" }] },
    { name: "two", steps: [{ label: MARKUP, do: "x = 0" }] },
  ],
  invariants: [{ id: "never", description: MARKUP, always: "x == 0" }],
});
