/**
 * Who else meets the inodes of a filesystem's own index: the log, who finds an inode without a reference, who changes the
 * index for another inode, and umount, which reclaims what is left.
 */
import type { Step, ThreadDeclaration, VariableDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import type { PrivateCacheData } from "./private-cache.ts";
import { callOf } from "./scenario-threads.ts";
import { firstSlot } from "./slot-walks.ts";
import { changing, DAMAGED, INDEX } from "./unlocked-steps.ts";

/** Threads that umount waits for. */
export const USERS = "users";
/** The worker has taken inodes off its list and is not through with them. */
const BUSY = "worker.busy";

export const umountVariables = (users: number): readonly VariableDeclaration[] => [
  { name: "sb.active", initial: 1, max: 1, group: "superblock" },
  { name: USERS, initial: users, max: users },
  { name: BUSY, initial: 0, max: 1 },
];

export const asUser = (thread: ThreadDeclaration): ThreadDeclaration => ({
  ...thread,
  steps: [...thread.steps, { label: `${thread.name} has left the mount`, do: `${USERS}--` }],
});

interface IndexWalk {
  /** Where it goes when the inode is not there, or not to be had. */
  readonly none: string;
  /** Only an inode with the index's mark counts. */
  readonly marked?: boolean;
  /** Statements before it begins, each with its `;`. */
  readonly before?: string;
}

/** Enters RCU and finds the inode in the index. */
const findSteps = ({ none, marked = false, before = "" }: IndexWalk): readonly Step[] => [
  { label: "rcu_read_lock()", do: `${before}rcu_read_lock()` },
  {
    label: `find the inode in the index${marked ? ", by its mark" : ""}`,
    do: "seen = find(1)",
    if: `seen == none${marked ? " || !seen.tagged" : ""}`,
    then: [{ do: "rcu_read_unlock()" }, { goto: none }],
  },
];

/** One turn of the reclaimer's walk over the index (fs/xfs/xfs_icache.c, xfs_icwalk_ag()). */
export const reclaimSteps = (grab: Fragment, reclaim: Fragment, walk: IndexWalk): readonly Step[] => [
  ...findSteps(walk),
  callOf(grab, { inode: "seen", result: "mine" }),
  { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
  { label: "not to be freed", if: "!mine", then: [{ goto: walk.none }] },
  callOf(reclaim, { inode: "seen" }),
];

/** What the scenario's inode has changed reaches the disk. */
export const logThread: ThreadDeclaration = {
  name: "log",
  steps: [{ label: "the inode is written: it is clean and pinned no more", do: "A.pinned = 0" }],
};

/** An inode of another number enters the index, or leaves it. */
export function neighbourThread(lock: string): ThreadDeclaration {
  return {
    name: "neighbour",
    steps: [
      {
        label: "the index changes for another inode, under its lock",
        do: `wait(!locked(${lock})); assert(UAF, !${changing(INDEX)}, "${DAMAGED(INDEX)}")`,
      },
    ],
  };
}

/**
 * Who writes a cluster of inodes, or frees it, finds them in the index and has no reference (fs/xfs/xfs_inode.c,
 * xfs_ifree_mark_inode_stale()): under RCU it asks whether the inode has its number, and locks it.
 */
export function clusterThread({ flags, inode }: NonNullable<PrivateCacheData["cluster"]>): ThreadDeclaration {
  const leave: readonly Step[] = [
    { label: "spin_unlock(&ip->i_flags_lock)", do: `unlock(${flags}[seen])` },
    { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
  ];
  return {
    name: "cluster",
    locals: [{ name: "seen", type: "slot" }],
    steps: [
      ...findSteps({ none: "over" }),
      { label: "spin_lock(&ip->i_flags_lock)", do: `lock(${flags}[seen])` },
      { label: "another inode, or one that is being freed", if: "!seen.i_ino", then: [...leave, { goto: "over" }] },
      {
        label: "lock the inode, unless somebody else has it",
        if: `trylock(${inode}[seen])`,
        then: [
          ...leave,
          { label: "the inode's cluster is written, or freed", do: "skip()" },
          { label: "unlock the inode", do: `unlock(${inode}[seen])` },
        ],
        else: leave,
      },
      { id: "over", label: "the cluster is done", do: "seen = none" },
    ],
  };
}

/** Cleans up whatever is queued. */
export function workerThread(worker: Fragment, slots: number, busy = false): ThreadDeclaration {
  const queued = firstSlot(slots, (slot) => `${slot}.queued`);
  return {
    name: "worker",
    context: ["worker"],
    daemon: true,
    steps: [
      { id: "again", label: "work is queued", do: `wait(${queued} != none)${busy ? `; ${BUSY} = 1` : ""}` },
      callOf(worker, {}),
      ...(busy ? [{ label: "the work is done", do: `${BUSY} = 0` }] : []),
      { goto: "again" },
    ],
  };
}

/** Umount when nobody is left: it evicts what the others have left in memory, and `drain`s what it has destroyed. */
export function umountThread(umount: Fragment, drain: readonly Step[] = []): ThreadDeclaration {
  return {
    name: "umount",
    locals: [
      { name: "seen", type: "slot" },
      { name: "mine", max: 1 },
      { name: "passes", max: 3 },
    ],
    steps: [
      { label: "nobody uses the mount", do: `wait(!${USERS})` },
      { label: "sb->s_flags &= ~SB_ACTIVE", do: "sb.active = 0" },
      callOf(umount, {}),
      ...drain,
      { label: "->put_super(sb)", do: "put_super()" },
    ],
  };
}

/**
 * What is left to do once everything is evicted (fs/xfs/xfs_mount.c, xfs_unmountfs()): wait for the worker, then free what the
 * index has `marked`, or all that it has. Nobody else reclaims any more, and everything is clean: an inode that cannot be had now is left behind.
 */
export function drainOf(grab: Fragment, reclaim: Fragment, slots: number, marked: boolean): readonly Step[] {
  const queued = firstSlot(slots, (slot) => `${slot}.queued`);
  return [
    { label: "wait for the worker", do: `wait(${queued} == none && !${BUSY})` },
    {
      label: "free what is left in the index",
      while: `passes < ${slots}`,
      loop: reclaimSteps(grab, reclaim, { none: "freed", marked, before: "passes++; " }),
    },
    { id: "freed", label: "the index has been walked", do: "seen = none; mine = 0; passes = 0" },
  ];
}
