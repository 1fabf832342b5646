/**
 * Fixes of fs/xfs/xfs_icache.c taken out by hand, as small edits of Linux 6.12 held in memory: each must be found by the
 * scenarios of the private cache. Look-alikes stand below: what they take out, something else does as well.
 */
import { type ProtocolMutation, replaceIn } from "./bench.ts";

export const CACHE_FILE = "fs/xfs/xfs_icache.c";

const replace = replaceIn(CACHE_FILE);

const HIT_TEST = "(XFS_INEW | XFS_IRECLAIM | XFS_INACTIVATING)";
const MARK_FREED = "ip->i_flags = XFS_IRECLAIM;\n\tip->i_ino = 0;\n\tip->i_sick";

export const CACHE_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "a lookup takes an inode that is being reclaimed",
    edits: [replace("xfs_iget_cache_hit", HIT_TEST, "(XFS_INEW | XFS_INACTIVATING)")],
    invariants: ["UAF", "UNIQ", "ONCE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "a lookup takes an inode that another one is setting up",
    edits: [replace("xfs_iget_cache_hit", HIT_TEST, "(XFS_IRECLAIM | XFS_INACTIVATING)")],
    invariants: ["UNIQ", "STATE"],
    through: "xfs_iget_cache_hit",
  },
  {
    // xfs_inactive() has freed the number on disk; the flags still say that the inode needs it, which refuses the create.
    id: "a create does not wait for the inactivation that has freed its number",
    edits: [replace("xfs_iget_cache_hit", HIT_TEST, "(XFS_INEW | XFS_IRECLAIM)")],
    invariants: ["STATE"],
    through: "xfs_iget_cache_hit",
  },
  {
    id: "recycling does not set XFS_IRECLAIM",
    edits: [replace("xfs_iget_recycle", "ip->i_flags |= XFS_IRECLAIM;", "")],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "recycling does not set XFS_INEW",
    edits: [replace("xfs_iget_recycle", "ip->i_flags |= XFS_INEW;", "")],
    invariants: ["UNIQ"],
    through: "xfs_iget_recycle",
  },
  {
    id: "recycling sets XFS_INEW after it has given the locks back",
    edits: [
      replace("xfs_iget_recycle", "ip->i_flags |= XFS_INEW;", ""),
      replace(
        "xfs_iget_recycle",
        "spin_unlock(&pag->pag_ici_lock);\n\n\treturn 0;",
        "spin_unlock(&pag->pag_ici_lock);\n\txfs_iflags_set(ip, XFS_INEW);\n\n\treturn 0;",
      ),
    ],
    invariants: ["UNIQ", "STATE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "recycling does not ask for ILOCK",
    edits: [
      replace("xfs_iget_recycle", "if (!xfs_ilock_nowait(ip, XFS_ILOCK_EXCL))\n\t\treturn -EAGAIN;", ""),
      replace("xfs_iget_recycle", "xfs_iunlock(ip, XFS_ILOCK_EXCL);", ""),
      replace("xfs_iget_cache_hit", HIT_TEST, "(XFS_INEW | XFS_INACTIVATING)"),
    ],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
  },
  {
    id: "recycling leaves the VFS inode as it was: it is still marked as freeing",
    edits: [replace("xfs_iget_recycle", "inode->i_state = I_NEW;", "")],
    invariants: ["STATE", "ONCE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "the reclaimer takes inodes that are in use",
    edits: [replace("xfs_reclaim_igrab", "!__xfs_iflags_test(ip, XFS_IRECLAIMABLE) ||", "")],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
    through: "xfs_reclaim_igrab",
  },
  {
    id: "the reclaimer takes an inode that is being recycled",
    edits: [replace("xfs_reclaim_igrab", "__xfs_iflags_test(ip, XFS_IRECLAIM))", "0)")],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
    through: "xfs_reclaim_igrab",
  },
  {
    id: "the reclaimer marks the inode after it has given i_flags_lock back",
    edits: [
      replace(
        "xfs_reclaim_igrab",
        "__xfs_iflags_set(ip, XFS_IRECLAIM);\n\tspin_unlock(&ip->i_flags_lock);",
        "spin_unlock(&ip->i_flags_lock);\n\txfs_iflags_set(ip, XFS_IRECLAIM);",
      ),
    ],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
    through: "xfs_reclaim_igrab",
  },
  {
    id: "the inode is freed without waiting for RCU",
    edits: [
      replace(
        "__xfs_inode_free",
        "call_rcu(&VFS_I(ip)->i_rcu, xfs_inode_free_callback);",
        "xfs_inode_free_callback(&VFS_I(ip)->i_rcu);",
      ),
    ],
    invariants: ["UAF"],
    through: "xfs_iget_cache_hit",
  },
  {
    id: "the lookup leaves RCU before it locks the inode",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "spin_lock(&ip->i_flags_lock);\n\tif (ip->i_ino",
        "rcu_read_unlock();\n\tspin_lock(&ip->i_flags_lock);\n\trcu_read_lock();\n\tif (ip->i_ino",
      ),
    ],
    invariants: ["UAF"],
    through: "xfs_iget_cache_hit",
  },
  {
    id: "the inode is freed while it is in the index",
    edits: [
      replace(
        "xfs_reclaim_inode",
        "if (!radix_tree_delete(&pag->pag_ici_root,\n\t\t\t\tXFS_INO_TO_AGINO(ip->i_mount, ino)))\n\t\tASSERT(0);",
        "",
      ),
    ],
    invariants: ["UAF"],
    through: "__xfs_inode_free",
  },
  {
    id: "the inode is taken out of the index by the number that was cleared",
    edits: [
      replace("xfs_reclaim_inode", "XFS_INO_TO_AGINO(ip->i_mount, ino)", "XFS_INO_TO_AGINO(ip->i_mount, ip->i_ino)"),
    ],
    invariants: ["STATE", "UAF"],
    through: "xfs_reclaim_inode",
  },
  {
    id: "a freed inode stays recyclable, and its number is not cleared",
    edits: [replace("xfs_reclaim_inode", MARK_FREED, "ip->i_flags = XFS_IRECLAIMABLE;\n\tip->i_sick")],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
    through: "xfs_reclaim_inode",
  },
  {
    id: "a freed inode stays recyclable, and the lookup does not look at its number under i_flags_lock",
    edits: [
      replace("xfs_reclaim_inode", "ip->i_flags = XFS_IRECLAIM;", "ip->i_flags = XFS_IRECLAIMABLE;"),
      replace("xfs_iget_cache_hit", "if (ip->i_ino != ino)\n\t\tgoto out_skip;", ""),
    ],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "a freed inode stays recyclable, and the lookup looks at its number before it takes i_flags_lock",
    edits: [
      replace("xfs_reclaim_inode", "ip->i_flags = XFS_IRECLAIM;", "ip->i_flags = XFS_IRECLAIMABLE;"),
      replace(
        "xfs_iget_cache_hit",
        "spin_lock(&ip->i_flags_lock);\n\tif (ip->i_ino != ino)\n\t\tgoto out_skip;",
        "if (ip->i_ino != ino) {\n\t\trcu_read_unlock();\n\t\treturn -EAGAIN;\n\t}\n\tspin_lock(&ip->i_flags_lock);",
      ),
    ],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "a lookup takes a reference to an inode that is being evicted",
    edits: [replace("xfs_iget_cache_hit", "if (!igrab(inode))\n\t\t\tgoto out_skip;", "ihold(inode);")],
    invariants: ["STATE", "UAF", "UNIQ", "ONCE"],
    through: "xfs_iget_cache_hit",
  },
  {
    id: "a lookup recycles an inode that is yet to be inactivated",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "goto out_inodegc_flush;",
        "error = xfs_iget_recycle(pag, ip);\n\t\tif (error == -EAGAIN)\n\t\t\tgoto out_skip;\n\t\treturn error;",
      ),
    ],
    invariants: ["UNIQ", "ONCE", "STATE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "a lookup recycles an inode that is yet to be inactivated, or just is",
    edits: [
      replace("xfs_iget_cache_hit", HIT_TEST, "(XFS_INEW | XFS_IRECLAIM)"),
      replace("xfs_iget_cache_hit", "if (ip->i_flags & XFS_NEED_INACTIVE) {", "if (0) {"),
      replace(
        "xfs_iget_cache_hit",
        "if (ip->i_flags & XFS_IRECLAIMABLE) {\n",
        "if (ip->i_flags & (XFS_IRECLAIMABLE | XFS_NEED_INACTIVE)) {\n",
      ),
    ],
    invariants: ["UNIQ", "ONCE", "STATE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "the worker hands the inode to reclaim before it has cleaned up",
    edits: [
      replace(
        "xfs_inodegc_inactivate",
        "error = xfs_inactive(ip);\n\txfs_inodegc_set_reclaimable(ip);",
        "xfs_inodegc_set_reclaimable(ip);\n\terror = xfs_inactive(ip);",
      ),
    ],
    invariants: ["UNIQ", "ONCE", "UAF", "STATE"],
    through: "xfs_inodegc_inactivate",
  },
  {
    id: "an inode is queued for the worker and handed to reclaim",
    edits: [replace("xfs_inode_mark_reclaimable", "xfs_inodegc_queue(ip);\n\t\treturn;", "xfs_inodegc_queue(ip);")],
    invariants: ["UNIQ", "ONCE", "UAF", "STATE"],
    through: "xfs_inode_mark_reclaimable",
  },
  {
    id: "an inode that needs cleanup goes straight to reclaim",
    edits: [replace("xfs_inode_mark_reclaimable", "if (need_inactive) {", "if (0) {")],
    invariants: ["UNIQ"],
  },
  {
    id: "an inode is queued before it is marked",
    edits: [
      replace(
        "xfs_inodegc_queue",
        "spin_lock(&ip->i_flags_lock);\n\tip->i_flags |= XFS_NEED_INACTIVE;\n\tspin_unlock(&ip->i_flags_lock);",
        "",
      ),
      replace(
        "xfs_inodegc_queue",
        "llist_add(&ip->i_gclist, &gc->list);",
        "llist_add(&ip->i_gclist, &gc->list);\n\txfs_iflags_set(ip, XFS_NEED_INACTIVE);",
      ),
    ],
    invariants: ["UAF", "STATE", "ONCE", "UNIQ"],
    through: "xfs_inodegc_queue",
  },
  {
    id: "a new inode is put into the index before it is marked as new",
    edits: [
      replace("xfs_iget_cache_miss", "xfs_iflags_set(ip, XFS_INEW);", ""),
      replace(
        "xfs_iget_cache_miss",
        "spin_unlock(&pag->pag_ici_lock);\n\tradix_tree_preload_end();\n\n\t*ipp = ip;",
        "spin_unlock(&pag->pag_ici_lock);\n\tradix_tree_preload_end();\n\txfs_iflags_set(ip, XFS_INEW);\n\n\t*ipp = ip;",
      ),
    ],
    invariants: ["UNIQ", "STATE"],
    through: "xfs_iget_cache_miss",
  },
  {
    id: "a new inode is used although its number is in the index",
    edits: [replace("xfs_iget_cache_miss", "if (unlikely(error)) {", "if (0) {")],
    invariants: ["UNIQ"],
    through: "xfs_iget_cache_miss",
  },
  {
    id: "the lookup returns with i_flags_lock held",
    edits: [replace("xfs_iget_cache_hit", "out_error:\n\tspin_unlock(&ip->i_flags_lock);", "out_error:")],
    invariants: ["PROG"],
    through: "xfs_iget_cache_hit",
  },
  {
    id: "the reclaimer leaves with ILOCK held when it has freed nothing",
    edits: [replace("xfs_reclaim_inode", "out_iunlock:\n\txfs_iunlock(ip, XFS_ILOCK_EXCL);", "out_iunlock:")],
    invariants: ["PROG"],
    through: "xfs_reclaim_inode",
  },
  {
    id: "ILOCK is waited for under i_flags_lock",
    edits: [
      replace(
        "xfs_iget_recycle",
        "if (!xfs_ilock_nowait(ip, XFS_ILOCK_EXCL))\n\t\treturn -EAGAIN;",
        "xfs_ilock(ip, XFS_ILOCK_EXCL);",
      ),
    ],
    invariants: ["PROG"],
    through: "xfs_iget_recycle",
  },
  {
    id: "a new file is refused an inode that is free",
    edits: [replace("xfs_iget_check_free_state", "VFS_I(ip)->i_mode != 0", "VFS_I(ip)->i_mode == 0")],
    invariants: ["STATE"],
    through: "xfs_iget_check_free_state",
  },
  {
    id: "the inode of a new file is made with a mode",
    edits: [replace("xfs_inode_alloc", "VFS_I(ip)->i_mode = 0;", "VFS_I(ip)->i_mode = 1;")],
    invariants: ["STATE"],
  },
  {
    id: "a lookup of what is in memory returns inside RCU when there is nothing",
    edits: [
      replace(
        "xfs_iget",
        "rcu_read_unlock();\n\t\tif (flags & XFS_IGET_INCORE) {\n\t\t\terror = -ENODATA;\n\t\t\tgoto out_error_or_again;\n\t\t}",
        "if (flags & XFS_IGET_INCORE) {\n\t\t\terror = -ENODATA;\n\t\t\tgoto out_error_or_again;\n\t\t}\n\t\trcu_read_unlock();",
      ),
    ],
    invariants: ["PROG"],
    through: "xfs_iget",
  },
];

/** Changes that break nothing. */
export const CACHE_LOOK_ALIKES: readonly ProtocolMutation[] = [
  {
    id: "the lookup does not look at the number: XFS_IRECLAIM says as much",
    edits: [replace("xfs_iget_cache_hit", "if (ip->i_ino != ino)\n\t\tgoto out_skip;", "")],
    invariants: [],
  },
  {
    id: "XFS_NEED_INACTIVE is not looked at: igrab() refuses an inode with I_FREEING",
    edits: [replace("xfs_iget_cache_hit", "if (ip->i_flags & XFS_NEED_INACTIVE) {", "if (0) {")],
    invariants: [],
  },
  {
    id: "the flags are tested one after the other",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        `if (ip->i_flags & ${HIT_TEST})\n\t\tgoto out_skip;`,
        "if (ip->i_flags & XFS_INEW)\n\t\tgoto out_skip;\n\tif ((ip->i_flags & XFS_IRECLAIM) || xfs_is_inactivating(ip))\n\t\tgoto out_skip;",
      ),
      {
        file: CACHE_FILE,
        function: "xfs_iget_cache_hit",
        at: "above",
        text: "static bool xfs_is_inactivating(struct xfs_inode *ip)\n{\n\treturn __xfs_iflags_test(ip, XFS_INACTIVATING);\n}\n\n",
      },
    ],
    invariants: [],
  },
  {
    id: "the reclaimer tests both flags at once",
    edits: [
      replace(
        "xfs_reclaim_igrab",
        "!__xfs_iflags_test(ip, XFS_IRECLAIMABLE) ||\n\t    __xfs_iflags_test(ip, XFS_IRECLAIM)",
        "(ip->i_flags & (XFS_IRECLAIMABLE | XFS_IRECLAIM)) != XFS_IRECLAIMABLE",
      ),
    ],
    invariants: [],
  },
  {
    id: "the reclaimer does not lock the inode a last time",
    edits: [
      replace(
        "xfs_reclaim_inode",
        "xfs_ilock(ip, XFS_ILOCK_EXCL);\n\tASSERT(!ip->i_udquot && !ip->i_gdquot && !ip->i_pdquot);\n\txfs_iunlock(ip, XFS_ILOCK_EXCL);",
        "",
      ),
    ],
    invariants: [],
  },
  {
    id: "i_state is reached by the accessors of 2026",
    edits: [
      replace("xfs_reinit_inode", "state = inode->i_state;", "state = inode_state_read_once(inode);"),
      replace("xfs_reinit_inode", "inode->i_state = state;", "inode_state_assign_raw(inode, state);"),
      replace("xfs_iget_recycle", "inode->i_state = I_NEW;", "inode_state_assign_raw(inode, I_NEW);"),
    ],
    invariants: [],
  },
  {
    id: "a lookup of what is in memory recycles what is to be reclaimed",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "if ((flags & XFS_IGET_INCORE) &&\n\t    (ip->i_flags & XFS_IRECLAIMABLE))\n\t\tgoto out_skip;",
        "",
      ),
    ],
    invariants: [],
  },
  {
    id: "the worker changes the flags without i_flags_lock: XFS_INACTIVATING keeps the others away",
    edits: [
      replace("xfs_inodegc_set_reclaimable", "spin_lock(&ip->i_flags_lock);\n", ""),
      replace("xfs_inodegc_set_reclaimable", "spin_unlock(&ip->i_flags_lock);\n", ""),
    ],
    invariants: [],
  },
];
