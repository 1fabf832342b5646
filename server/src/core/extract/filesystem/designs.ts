/**
 * The designs that were proposed for inode eviction in reclaim, as data: where the eviction of an inode runs, and what the
 * inode looks like meanwhile. The sources are the threads "Potential Linux Crash: WARNING in ext4_dirty_folio in Linux
 * kernel v6.13-rc5" (spring 2025) and "fs: Deferred inode reclaim" (2026).
 */
export interface Design {
  readonly id: string;
  readonly title: string;
  /** Where it comes from, in a few words. */
  readonly origin: string;
  /** Who runs the filesystem's eviction when reclaim has the last reference. */
  readonly runs: "reclaim" | "worker" | "nobody";
  /** Which of reclaim's ways into eviction hand the inode on. */
  readonly hands: "both" | "lru" | "deleted" | "none";
  /** State of an inode that waits for the worker. */
  readonly parked: "freeing" | "live";
  /** The inode leaves the hash before the filesystem's cleanup. */
  readonly unhashFirst: boolean;
  /** Lookups go through an index of the filesystem's own. */
  readonly ownIndex: boolean;
  /** Pages that reclaim may take from the reserve. */
  readonly reserve: number;
}

const SYNC = {
  runs: "reclaim",
  hands: "none",
  parked: "freeing",
  unhashFirst: false,
  ownIndex: false,
  reserve: 1,
} as const;

const WORKER = { ...SYNC, runs: "worker", hands: "both" } as const;

export const DESIGNS: readonly Design[] = [
  { ...SYNC, id: "sync", title: "synchronous, as today", origin: "Linux 6.12" },
  {
    ...SYNC,
    id: "error-return",
    title: "->evict_inode may fail, the inode is put back",
    origin: "LSFMM 2025",
    runs: "nobody",
    parked: "live",
  },
  {
    ...SYNC,
    id: "kswapd-only",
    title: "direct reclaim skips inodes, kswapd evicts them",
    origin: "2025 thread",
  },
  {
    ...SYNC,
    id: "reserves",
    title: "reclaim may dip into the atomic reserves",
    origin: "2025 thread",
    reserve: 2,
  },
  {
    ...WORKER,
    id: "private-cache",
    title: "XFS-style: unhash, then clean up under an index of one's own",
    origin: "XFS",
    unhashFirst: true,
    ownIndex: true,
  },
  {
    ...WORKER,
    id: "async-before-unhash",
    title: "->evict_inode_async punts before remove_inode_hash()",
    origin: "Dave Chinner, 2025-04-08",
  },
  {
    ...WORKER,
    id: "async-after-unhash",
    title: "->evict_inode_async punts after remove_inode_hash()",
    origin: "the broken twin",
    unhashFirst: true,
  },
  {
    ...WORKER,
    id: "deferred-freeing",
    title: "the LRU walk hands hard inodes on, I_FREEING set",
    origin: "Jan Kara, RFC 2026",
    hands: "lru",
  },
  {
    ...WORKER,
    id: "deferred-parked",
    title: "the LRU walk hands hard inodes on, I_FREEING not set",
    origin: "Jan Kara, RFC 2026, the other reading",
    hands: "lru",
    parked: "live",
  },
  {
    ...WORKER,
    id: "drop-inode",
    title: "->drop_inode keeps deleted inodes and queues them",
    origin: "gfs2",
    hands: "deleted",
    parked: "live",
  },
];

export const QUESTIONS = ["reclaim", "lookup", "create", "umount", "memory", "throttle"] as const;
export type Question = (typeof QUESTIONS)[number];

export const QUESTION_TITLES: Readonly<Record<Question, string>> = {
  reclaim: "Does a task with PF_MEMALLOC dirty anything or wait?",
  lookup: "Does a lookup of the same number stay in order with the eviction?",
  create: "Can the number be given away while the older inode still works on it?",
  umount: "Is the filesystem torn down while the eviction is under way?",
  memory: "Does the worker get going when memory is short?",
  throttle: "Is the backlog bounded?",
};

/** What else a design must bring for a question to be answered well; the model has it as the toggle `obligation`. */
export function obligationOf(design: Design, question: Question): string | null {
  const byWorker = design.runs === "worker";
  switch (question) {
    case "reclaim":
      if (design.hands === "lru") return "the last iput() hands the inode on too, not the walk of the LRU alone";
      if (design.hands === "deleted") return "reclaim leaves cached inodes with work of their own to the worker too";
      return null;
    case "lookup":
      if (design.runs === "nobody") return "putting an inode back wakes the lookups that wait for it";
      if (design.ownIndex) return "lookups go through an index of the filesystem's own that still shows the inode";
      if (byWorker && design.parked === "live") return "the worker looks at i_count again under i_lock";
      return null;
    case "create":
      return null;
    case "umount":
      if (design.runs === "nobody") return "an inode that is put back goes back to the superblock's list";
      if (!byWorker) return null;
      return design.parked === "live"
        ? "umount drains the queue before evict_inodes()"
        : "umount drains the queue after evict_inodes()";
    case "memory":
      return byWorker
        ? "the queue has a rescuer (WQ_MEM_RECLAIM), and a mempool what the eviction must allocate"
        : null;
    case "throttle":
      return byWorker ? "reclaim waits while the backlog is full" : null;
  }
}
