/**
 * The names of the eviction protocol and what each means for an inode on its way out: for hovers and reports.
 * `source` names the place in the kernel tree that says so (file, function or document; no line numbers, they move).
 * Both idioms of i_state are here: the open-coded bits (to 6.18) and the inode_state_*() accessors (from 6.19).
 */
import type { RuleId } from "../report/finding.ts";

export interface VocabularyEntry {
  /** What the name is or does, in one sentence. */
  readonly meaning: string;
  /** What holds when control is here, or once the flag is set. */
  readonly holds: string;
  readonly rules: readonly RuleId[];
  readonly source: string;
}

type Row = readonly [name: string, meaning: string, holds: string, source: string, ...rules: RuleId[]];

const I_STATE = 'include/linux/fs.h, "Inode state bits"';
const EVICT = "fs/inode.c, evict()";
const SUPER_OPERATIONS = "Documentation/filesystems/vfs.rst, struct super_operations";

const ROWS: readonly Row[] = [
  // The operations.
  [
    "evict_inode",
    "super_operations method called by evict() to write out or delete what the inode still has, then empty and clear it.",
    "The inode is I_FREEING, has no references and is off the LRU, but **still in the inode hash**: a lookup of its number finds it and waits. It must return after truncate_inode_pages_final() and clear_inode(). Reclaim (kswapd included) comes here.",
    SUPER_OPERATIONS,
    "missing-clear-inode",
    "missing-truncate-pages",
    "dirty-under-memalloc",
  ],
  [
    "destroy_inode",
    "super_operations method that frees what ->alloc_inode() gave; called at the end of evict().",
    "The inode has **left the hash** and its waiters were woken: a new inode of the same number may already exist. Only memory may still be pending.",
    `${SUPER_OPERATIONS}; fs/inode.c, destroy_inode()`,
    "work-after-unhash",
  ],
  [
    "free_inode",
    "super_operations method that frees the inode's memory from an RCU callback.",
    "A grace period has passed since the unhash: no RCU walk can see the inode. It runs in softirq context and must not sleep.",
    `${SUPER_OPERATIONS}; fs/inode.c, i_callback()`,
    "work-after-unhash",
  ],
  [
    "drop_inode",
    "super_operations method that says, at the last iput(), whether the inode is evicted at once or kept in the cache.",
    "i_lock is held and i_count is 0: it must not sleep.",
    `${SUPER_OPERATIONS}; fs/inode.c, iput_final()`,
  ],
  [
    "dirty_inode",
    "super_operations method called when the inode is marked dirty; journalling filesystems start a transaction here.",
    "Reached from generic code by mark_inode_dirty(), also during eviction, and from the last iput() of a lazytime inode.",
    `${SUPER_OPERATIONS}; fs/fs-writeback.c, __mark_inode_dirty()`,
    "dirty-under-memalloc",
  ],
  [
    "evict_inode_async",
    "Proposed method: completes the eviction or hands it to a work queue before the inode leaves the hash.",
    "As for ->evict_inode. Whoever completes it unhashes and wakes; until then lookups wait.",
    '"Potential Linux Crash: WARNING in ext4_dirty_folio", linux-fsdevel, 2025',
    "async-evict-contract",
  ],
  // The walk through eviction.
  [
    "evict",
    "Takes an I_FREEING inode from its superblock's list to ->destroy_inode().",
    "Order: wait for writeback, ->evict_inode, remove_inode_hash(), wake the waiters of __I_NEW, ->destroy_inode.",
    EVICT,
    "eviction-protocol",
  ],
  [
    "iput",
    "Drops a reference; the last one decides (->drop_inode) between the cache and evict().",
    "May evict right here, in the caller's context: transactions, disk waits and nested evictions included. With I_DIRTY_TIME it dirties the inode before the last put.",
    "fs/inode.c, iput(), iput_final()",
    "iput-under-evict",
    "dirty-under-memalloc",
  ],
  [
    "iput_final",
    "Last reference gone: keeps the inode on the LRU or sets I_FREEING and evicts it.",
    "i_lock is held and i_count is 0 on entry; I_WILL_FREE is set while it writes the inode back.",
    "fs/inode.c, iput_final()",
  ],
  [
    "remove_inode_hash",
    "Takes the inode out of the inode hash.",
    "From here on a lookup of the number does **not** find this inode and may build a new one: everything that a new inode could collide with (on-disk free, truncation, transactions) must be finished.",
    `fs/inode.c, __remove_inode_hash(); ${EVICT}`,
    "work-after-unhash",
    "missing-wakeup",
  ],
  [
    "__remove_inode_hash",
    "Takes the inode out of the inode hash, under inode_hash_lock and i_lock.",
    "From here on a lookup of the number does **not** find this inode: nothing that a new inode could collide with may be pending.",
    "fs/inode.c, __remove_inode_hash()",
    "work-after-unhash",
    "missing-wakeup",
  ],
  [
    "truncate_inode_pages_final",
    "Empties the page cache of an inode that is being evicted, for good.",
    "Sets AS_EXITING so that reclaim leaves no shadow entries behind; waits for locked folios and writeback. Must come before clear_inode().",
    "mm/truncate.c, truncate_inode_pages_final()",
    "missing-truncate-pages",
  ],
  [
    "clear_inode",
    "Declares the inode clean and empty: i_state becomes I_FREEING | I_CLEAR.",
    "The mapping must be empty (BUG_ON nrpages). Afterwards the inode must not be dirtied: evict() has BUG_ON(i_state != (I_FREEING | I_CLEAR)).",
    "fs/inode.c, clear_inode()",
    "missing-clear-inode",
    "missing-truncate-pages",
    "dirty-after-clear",
  ],
  [
    "__wait_on_freeing_inode",
    "Lookup found an inode that is being freed: sleeps until evict() has unhashed it, then the lookup starts again.",
    "The sleeper is woken by the wake-up of __I_NEW that follows the unhash. Calling it from within an eviction can wait for an evictor that waits for this one.",
    "fs/inode.c, __wait_on_freeing_inode()",
    "lookup-under-evict",
    "missing-wakeup",
  ],
  [
    "inode_wake_up_bit",
    "Wakes those who wait on a bit of i_state.",
    "After remove_inode_hash() with __I_NEW, under i_lock, it releases the lookups in __wait_on_freeing_inode(). Without it they sleep for ever.",
    `${EVICT}; include/linux/fs.h, inode_wake_up_bit()`,
    "missing-wakeup",
  ],
  [
    "dispose_list",
    "Evicts the inodes on a private list, one after the other.",
    "The inodes still on the list are I_FREEING and hashed: lookups of them wait until their turn comes, so an eviction before them must not wait for such a lookup.",
    "fs/inode.c, dispose_list()",
    "lookup-under-evict",
  ],
  [
    "evict_inodes",
    "umount: evicts every unreferenced inode of a superblock.",
    "No new references can appear; deferred evictions must be finished before ->put_super().",
    "fs/inode.c, evict_inodes(); fs/super.c, generic_shutdown_super()",
    "async-evict-contract",
  ],
  [
    "inode_lru_isolate",
    "The inode shrinker's choice: skips used, dirty and referenced inodes, marks the others I_FREEING for dispose_list().",
    "lru lock and i_lock are held; the inode leaves the LRU together with I_FREEING being set.",
    "fs/inode.c, inode_lru_isolate()",
  ],
  [
    "prune_icache_sb",
    "The superblock shrinker's way into eviction by the inode LRU.",
    "kswapd or direct reclaim with __GFP_FS: PF_MEMALLOC is set.",
    "fs/super.c, super_cache_scan(); fs/inode.c, prune_icache_sb()",
    "dirty-under-memalloc",
    "nofail-under-memalloc",
  ],
  [
    "prune_dcache_sb",
    "The superblock shrinker's way into eviction by dentries: the last dentry's iput() evicts.",
    "kswapd or direct reclaim with __GFP_FS: PF_MEMALLOC is set. An inode with i_nlink == 0 can be evicted here.",
    "fs/super.c, super_cache_scan(); fs/dcache.c, prune_dcache_sb()",
    "dirty-under-memalloc",
  ],
  [
    "super_cache_scan",
    "->scan_objects of every superblock: prunes dentries, inodes and the filesystem's own objects.",
    "Declines unless __GFP_FS is allowed, so GFP_NOFS scopes cut the way from direct reclaim; kswapd always comes through.",
    "fs/super.c, super_cache_scan()",
  ],
  // Lookups.
  ...(
    ["iget_locked", "iget5_locked", "ilookup", "ilookup5", "insert_inode_locked", "insert_inode_locked4"] as const
  ).map(
    (name): Row => [
      name,
      "Looks an inode up in the inode hash.",
      "Waits in __wait_on_freeing_inode() when it finds one that is being freed: within an eviction this can wait for an evictor that waits for this one.",
      `fs/inode.c, ${name}()`,
      "lookup-under-evict",
    ],
  ),
  [
    "ilookup5_nowait",
    "Looks an inode up without waiting for I_NEW.",
    "In spite of its name it **still waits** for inodes that are being freed. Only find_inode_nowait() and the RCU look-ups do not.",
    "fs/inode.c, ilookup5_nowait(), find_inode()",
    "lookup-under-evict",
  ],
  [
    "find_inode_nowait",
    "Walks the hash with the caller's own test, under inode_hash_lock.",
    "Does not wait for freeing inodes: the test must check I_FREEING | I_WILL_FREE itself.",
    "fs/inode.c, find_inode_nowait()",
    "lookup-ignores-freeing",
  ],
  [
    "find_inode",
    "Walks a hash chain with a test function.",
    "An inode that is being freed is waited for, then the walk starts again.",
    "fs/inode.c, find_inode()",
  ],
  [
    "find_inode_fast",
    "Walks a hash chain by inode number.",
    "An inode that is being freed is waited for, then the walk starts again.",
    "fs/inode.c, find_inode_fast()",
  ],
  [
    "igrab",
    "Takes a reference unless the inode is being freed.",
    "Answers NULL for I_FREEING and I_WILL_FREE: safe without knowing the inode's state.",
    "fs/inode.c, igrab()",
  ],
  [
    "ihold",
    "Takes a reference where one is known to exist.",
    "Warns when i_count was 0: an inode in eviction must not be brought back by it.",
    "fs/inode.c, ihold()",
  ],
  // i_state.
  [
    "I_FREEING",
    "The inode is being freed; nobody may take a reference any more.",
    "Set under i_lock with i_count 0. The inode stays in the hash until evict() removes it; lookups wait, writeback starts nothing new.",
    I_STATE,
    "lookup-ignores-freeing",
  ],
  [
    "I_WILL_FREE",
    "The last iput() writes the inode back before it sets I_FREEING.",
    "Treated as I_FREEING by lookups and writeback.",
    I_STATE,
    "lookup-ignores-freeing",
  ],
  [
    "I_CLEAR",
    "Set by clear_inode(): the inode is clean and empty and can be destroyed.",
    "I_FREEING stays set. Dirtying the inode from here on is a bug that evict() asserts.",
    I_STATE,
    "dirty-after-clear",
  ],
  [
    "I_NEW",
    "The inode is being set up; others wait for it. Its bit is also what lookups of a freeing inode wait on.",
    "Waiters of a freeing inode are woken by __I_NEW without I_NEW ever having been set.",
    I_STATE,
    "missing-wakeup",
  ],
  [
    "__I_NEW",
    "Bit number of I_NEW; the wait-queue key of lookups that wait for a new or a freeing inode.",
    "Must be woken after an unhash of an inode that may be I_FREEING.",
    I_STATE,
    "missing-wakeup",
  ],
  ["I_SYNC", "Writeback of the inode is running.", "evict() waits for it before ->evict_inode.", I_STATE],
  ["I_REFERENCED", "The inode was used since the LRU last looked.", "The shrinker gives it another round.", I_STATE],
  ["I_DONTCACHE", "Evict the inode as soon as it is unused.", "The last iput() evicts instead of keeping it.", I_STATE],
  [
    "I_LRU_ISOLATING",
    "The inode is pinned while it is isolated from the LRU without i_lock.",
    "evict() waits for it: the pin is no reference.",
    I_STATE,
  ],
  [
    "I_CREATING",
    "The inode is being created; open-by-handle must not use it.",
    "Lookups by handle answer ESTALE.",
    I_STATE,
  ],
  [
    "I_DIRTY_TIME",
    "Only timestamps are dirty (lazytime).",
    "The last iput() of such an inode marks it dirty, in whichever context it runs.",
    `${I_STATE}; fs/inode.c, iput()`,
    "dirty-under-memalloc",
  ],
  [
    "i_nlink",
    "Number of names on disk.",
    "0 in ->evict_inode means: delete the inode on disk now. It **can** be 0 in reclaim, when the shrinker is the last holder.",
    "include/linux/fs.h, struct inode",
    "dirty-under-memalloc",
  ],
  [
    "inode_state_read",
    "Reads i_state (from 6.19).",
    "As reading inode->i_state before: I_FREEING and I_WILL_FREE mean the inode is on its way out.",
    "include/linux/fs.h, inode_state_read()",
    "lookup-ignores-freeing",
  ],
  [
    "inode_state_set",
    "Sets bits of i_state, under i_lock (from 6.19).",
    "Setting I_FREEING starts the eviction.",
    "include/linux/fs.h, inode_state_set()",
  ],
  [
    "inode_just_drop",
    "->drop_inode that always evicts (generic_delete_inode until 6.18).",
    "Every last iput() evicts at once: no inode of this filesystem waits on the LRU.",
    "fs/inode.c",
  ],
  [
    "generic_delete_inode",
    "->drop_inode that always evicts (inode_just_drop from 6.19).",
    "Every last iput() evicts at once: no inode of this filesystem waits on the LRU.",
    "fs/inode.c, generic_delete_inode()",
  ],
  // Memory.
  [
    "PF_MEMALLOC",
    "Task flag: this task is reclaiming memory and may use the reserves.",
    "Its allocations cannot reclaim: a __GFP_NOFAIL one loops or warns. Set in kswapd, in direct reclaim and in noreclaim scopes. Starting a transaction or dirtying here can need the memory that is to be freed.",
    "include/linux/sched.h; mm/page_alloc.c, __alloc_pages_slowpath()",
    "dirty-under-memalloc",
    "nofail-under-memalloc",
    "blocking-under-memalloc",
  ],
  [
    "PF_KSWAPD",
    "Task flag of kswapd.",
    "PF_MEMALLOC is set as well. Waiting here stops background reclaim of the node.",
    "include/linux/sched.h",
    "blocking-under-memalloc",
  ],
  [
    "current_is_kswapd",
    "True in kswapd.",
    "A guard with it cuts the way from kswapd, not the one from direct reclaim, which has PF_MEMALLOC set too.",
    "include/linux/swap.h",
  ],
  [
    "memalloc_noreclaim_save",
    "Sets PF_MEMALLOC until memalloc_noreclaim_restore().",
    "Between the two, allocations cannot reclaim.",
    "include/linux/sched/mm.h",
    "nofail-under-memalloc",
  ],
  [
    "memalloc_nofs_save",
    "Takes __GFP_FS from all allocations until memalloc_nofs_restore().",
    "Direct reclaim started in the scope does not enter super_cache_scan(). kswapd, which runs elsewhere, is not affected.",
    "include/linux/sched/mm.h; Documentation/core-api/gfp_mask-from-fs-io.rst",
  ],
  [
    "__GFP_NOFAIL",
    "The allocation must not fail; the allocator retries for ever.",
    "With PF_MEMALLOC it cannot reclaim and warns: never on a path that reclaim can take.",
    "include/linux/gfp_types.h; mm/page_alloc.c",
    "nofail-under-memalloc",
  ],
  [
    "GFP_NOFS",
    "Allocation that does not enter filesystems when it reclaims.",
    "Prevents recursion from direct reclaim; says nothing about code that is itself called from reclaim.",
    "include/linux/gfp_types.h; Documentation/core-api/gfp_mask-from-fs-io.rst",
  ],
  [
    "__GFP_FS",
    "The allocation may call into filesystems when it reclaims.",
    "super_cache_scan() runs only where it is set.",
    "include/linux/gfp_types.h; fs/super.c",
  ],
  // What eviction must not do in reclaim.
  [
    "mark_inode_dirty",
    "Marks the inode dirty; calls ->dirty_inode of the inode's filesystem.",
    "A journalling filesystem starts a transaction here. After clear_inode() it is a bug.",
    "fs/fs-writeback.c, __mark_inode_dirty()",
    "dirty-under-memalloc",
    "dirty-after-clear",
  ],
  [
    "mark_buffer_dirty",
    "Marks a buffer of the block device dirty.",
    "Dirties the **block device's** inode, not the filesystem's.",
    "fs/buffer.c, mark_buffer_dirty()",
    "dirty-under-memalloc",
  ],
  [
    "make_bad_inode",
    "Unhashes a live inode and replaces its operations by ones that fail.",
    "The inode is not I_FREEING: nobody waits for it, and it is evicted later, already unhashed.",
    "fs/bad_inode.c, make_bad_inode()",
    "work-after-unhash",
  ],
  [
    "iget_failed",
    "Gives up an inode that could not be read: makes it bad, unlocks and puts it.",
    "Its eviction finds a bad, unhashed inode.",
    "fs/bad_inode.c, iget_failed()",
  ],
  [
    "is_bad_inode",
    "True for an inode that make_bad_inode() took out of use.",
    "Its on-disk state is unknown: eviction must not write it.",
    "fs/bad_inode.c",
  ],
];

export const VOCABULARY: ReadonlyMap<string, VocabularyEntry> = new Map(
  ROWS.map(([name, meaning, holds, source, ...rules]) => [name, { meaning, holds, source, rules }]),
);
