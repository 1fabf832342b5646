/**
 * More fixes of XFS's inode cache taken out by hand (private-cache-mutations.ts): of the index, its marks and its lock, of what
 * umount must find, of who is refused for ever, and of who has an inode without a reference. Look-alikes stand below.
 */
import { type ProtocolMutation, replaceIn } from "./bench.ts";

const replace = replaceIn("fs/xfs/xfs_icache.c");
const inHeader = replaceIn("fs/xfs/xfs_inode.h");

const LOCK = "spin_lock(&pag->pag_ici_lock);\n";
const UNLOCK = "spin_unlock(&pag->pag_ici_lock);\n";
const LAST_ILOCK =
  "xfs_ilock(ip, XFS_ILOCK_EXCL);\n\tASSERT(!ip->i_udquot && !ip->i_gdquot && !ip->i_pdquot);\n\txfs_iunlock(ip, XFS_ILOCK_EXCL);";
const UNLOCK_MARKED =
  "ASSERT(!ip->i_itemp || ip->i_itemp->ili_item.li_buf == NULL);\n\txfs_iunlock(ip, XFS_ILOCK_EXCL);";
const SETS_TAG = "xfs_perag_set_inode_tag(pag, XFS_INO_TO_AGINO(mp, ip->i_ino),\n\t\t\tXFS_ICI_RECLAIM_TAG);";

/** ILOCK is given back before the inode is marked as free. */
const EARLY_UNLOCK = [
  replace("xfs_reclaim_inode", "trace_xfs_inode_reclaiming(ip);", "xfs_iunlock(ip, XFS_ILOCK_EXCL);"),
  replace("xfs_reclaim_inode", UNLOCK_MARKED, ""),
];

export const CACHE_INDEX_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "the inode leaves the index without pag_ici_lock",
    edits: [replace("xfs_reclaim_inode", LOCK, "\n"), replace("xfs_reclaim_inode", UNLOCK, "\n")],
    invariants: ["UAF"],
    through: "xfs_reclaim_inode",
  },
  {
    id: "a new inode enters the index without pag_ici_lock",
    edits: [
      replace("xfs_iget_cache_miss", LOCK, "\n"),
      replace(
        "xfs_iget_cache_miss",
        `${UNLOCK}\tradix_tree_preload_end();\n\n\t*ipp`,
        "radix_tree_preload_end();\n\n\t*ipp",
      ),
      replace("xfs_iget_cache_miss", `out_preload_end:\n\t${UNLOCK}`, "out_preload_end:\n"),
    ],
    invariants: ["UAF"],
    through: "xfs_iget_cache_miss",
  },
  {
    id: "recycling takes the mark away without pag_ici_lock",
    edits: [replace("xfs_iget_recycle", LOCK, ""), replace("xfs_iget_recycle", UNLOCK, "")],
    invariants: ["UAF"],
    through: "xfs_iget_recycle",
  },
  {
    id: "an inode is marked for reclaim without pag_ici_lock",
    edits: [replace("xfs_inodegc_set_reclaimable", LOCK, ""), replace("xfs_inodegc_set_reclaimable", UNLOCK, "")],
    invariants: ["UAF"],
    through: "xfs_inodegc_set_reclaimable",
  },
  {
    id: "an inode is not marked for reclaim",
    edits: [replace("xfs_inodegc_set_reclaimable", SETS_TAG, "")],
    invariants: ["UMNT"],
  },
  {
    id: "an inode is marked with another mark than reclaim looks for",
    edits: [replace("xfs_inodegc_set_reclaimable", "XFS_ICI_RECLAIM_TAG", "XFS_ICI_BLOCKGC_TAG")],
    invariants: ["UMNT"],
  },
  {
    id: "marking does not reach the index",
    edits: [replace("xfs_perag_set_inode_tag", "radix_tree_tag_set(&pag->pag_ici_root, agino, tag);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "an inode is never made reclaimable",
    edits: [replace("xfs_inodegc_set_reclaimable", "ip->i_flags |= XFS_IRECLAIMABLE;", "")],
    invariants: ["PROG", "UMNT"],
  },
  {
    id: "an inode that needs no cleanup is not handed to reclaim",
    edits: [
      replace(
        "xfs_inode_mark_reclaimable",
        "xfs_qm_dqdetach(ip);\n\txfs_inodegc_set_reclaimable(ip);",
        "xfs_qm_dqdetach(ip);",
      ),
    ],
    invariants: ["PROG", "UMNT"],
  },
  {
    id: "an inode that needs cleanup is not put on the worker's list",
    edits: [replace("xfs_inodegc_queue", "llist_add(&ip->i_gclist, &gc->list);", "")],
    invariants: ["PROG", "UMNT"],
  },
  {
    id: "the worker goes on from an inode that it has handed to reclaim",
    edits: [
      replace(
        "xfs_inodegc_worker",
        "llist_for_each_entry_safe(ip, n, node, i_gclist)",
        "llist_for_each_entry(ip, node, i_gclist)",
      ),
    ],
    invariants: ["UAF"],
    through: "xfs_inodegc_worker",
  },
  {
    id: "the worker does not mark what it cleans up",
    edits: [replace("xfs_inodegc_worker", "xfs_iflags_set(ip, XFS_INACTIVATING);", "")],
    invariants: ["STATE"],
  },
  {
    id: "the worker cleans nothing up",
    edits: [replace("xfs_inodegc_inactivate", "error = xfs_inactive(ip);", "error = 0;")],
    invariants: ["UNIQ", "STATE"],
  },
  {
    id: "a reclaimer that cannot have the inode leaves XFS_IFLUSHING set",
    edits: [
      replace("xfs_reclaim_inode", "out_clear_flush:\n\txfs_iflags_clear(ip, XFS_IFLUSHING);", "out_clear_flush:"),
    ],
    invariants: ["UMNT", "PROG"],
    through: "xfs_reclaim_inode",
  },
  {
    id: "a reclaimer that cannot have the inode leaves XFS_IRECLAIM set",
    edits: [replace("xfs_reclaim_inode", "out:\n\txfs_iflags_clear(ip, XFS_IRECLAIM);", "out:\n\treturn;")],
    invariants: ["PROG", "UMNT"],
    through: "xfs_reclaim_inode",
  },
  {
    id: "a reclaimer that cannot have ILOCK leaves XFS_IRECLAIM set",
    edits: [replace("xfs_reclaim_inode", "goto out;", "return;")],
    invariants: ["PROG", "UMNT"],
    through: "xfs_reclaim_inode",
  },
  {
    id: "XFS_INEW stays set for ever",
    edits: [inHeader("xfs_finish_inode_setup", "xfs_iflags_clear(ip, XFS_INEW);", "")],
    invariants: ["PROG", "STATE"],
  },
  {
    id: "I_NEW stays set for ever",
    edits: [inHeader("xfs_finish_inode_setup", "unlock_new_inode(VFS_I(ip));", "")],
    invariants: ["STATE", "PROG"],
  },
  {
    id: "others may use an inode before it is set up",
    edits: [
      inHeader(
        "xfs_setup_existing_inode",
        "xfs_setup_iops(ip);\n\txfs_finish_inode_setup(ip);",
        "xfs_finish_inode_setup(ip);\n\txfs_setup_iops(ip);",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "an inode is set up although it is not new",
    edits: [replace("xfs_iget", "xfs_iflags_test(ip, XFS_INEW) && ", "")],
    invariants: ["STATE", "UNIQ"],
  },
  {
    id: "a new inode is not marked as new",
    edits: [replace("xfs_iget_cache_miss", "xfs_iflags_set(ip, XFS_INEW);", "")],
    invariants: ["UNIQ"],
  },
  {
    id: "a new inode is not put on the list of its superblock",
    edits: [replaceIn("fs/xfs/xfs_iops.c")("xfs_setup_inode", "inode_sb_list_add(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "an inode that came too late for the index is not freed",
    edits: [replace("xfs_iget_cache_miss", "xfs_inode_free(ip);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "an inode that came too late for the index takes the first one out",
    edits: [
      replace(
        "xfs_iget_cache_miss",
        "out_destroy:",
        `${LOCK}\tradix_tree_delete(&pag->pag_ici_root, agino);\n\t${UNLOCK}out_destroy:`,
      ),
    ],
    invariants: ["UNIQ", "UAF", "UMNT"],
  },
  {
    id: "a reclaimed inode is not freed",
    edits: [replace("xfs_reclaim_inode", "__xfs_inode_free(ip);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "the inode is freed before it leaves the index",
    edits: [
      replace("xfs_reclaim_inode", "ASSERT(xfs_inode_clean(ip));\n\n\t__xfs_inode_free(ip);\n", "\n"),
      replace("xfs_reclaim_inode", "XFS_STATS_INC(ip->i_mount, xs_ig_reclaims);", "__xfs_inode_free(ip);"),
    ],
    invariants: ["UAF"],
    through: "xfs_reclaim_inode",
  },
  {
    // Who writes its cluster, or frees it, looks at the number, and would lock an inode that is about to be freed.
    id: "the number of a freed inode is not cleared",
    edits: [replace("xfs_reclaim_inode", "ip->i_ino = 0;", "")],
    invariants: ["UAF"],
  },
  {
    id: "an inode is marked as free without i_flags_lock",
    edits: [
      replace(
        "xfs_reclaim_inode",
        "spin_lock(&ip->i_flags_lock);\n\tip->i_flags = XFS_IRECLAIM;",
        "ip->i_flags = XFS_IRECLAIM;",
      ),
      replace("xfs_reclaim_inode", "ip->i_checked = 0;\n\tspin_unlock(&ip->i_flags_lock);", "ip->i_checked = 0;"),
    ],
    invariants: ["UAF"],
  },
  {
    id: "an inode is marked as free without ILOCK, which is not asked for again",
    edits: [...EARLY_UNLOCK, replace("xfs_reclaim_inode", LAST_ILOCK, "")],
    invariants: ["UAF"],
  },
  {
    id: "the reclaimer tests before it takes i_flags_lock",
    edits: [
      replace("xfs_reclaim_igrab", "spin_lock(&ip->i_flags_lock);\n\tif (!__x", "if (!__x"),
      replace(
        "xfs_reclaim_igrab",
        "/* not a reclaim candidate. */\n\t\tspin_unlock(&ip->i_flags_lock);\n\t\treturn false;\n\t}",
        "return false;\n\t}\n\tspin_lock(&ip->i_flags_lock);",
      ),
    ],
    invariants: ["UAF", "UNIQ", "ONCE", "STATE"],
  },
  {
    id: "the lookup enters RCU when it has found the inode",
    edits: [
      replace(
        "xfs_iget",
        "rcu_read_lock();\n\tip = radix_tree_lookup(&pag->pag_ici_root, agino);",
        "ip = radix_tree_lookup(&pag->pag_ici_root, agino);\n\trcu_read_lock();",
      ),
    ],
    invariants: ["UAF"],
  },
  {
    id: "a lookup leaves RCU on one way only",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "spin_unlock(&ip->i_flags_lock);\n\t\trcu_read_unlock();\n\t\ttrace_xfs_iget_hit(ip);",
        "spin_unlock(&ip->i_flags_lock);",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "a lookup that cannot recycle returns with i_flags_lock held",
    edits: [replace("xfs_iget_cache_hit", "if (error == -EAGAIN)\n\t\t\tgoto out_skip;\n", "")],
    invariants: ["PROG"],
    through: "xfs_iget_cache_hit",
  },
  {
    id: "a lookup does not ask whether the inode is free on disk",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "error = xfs_iget_check_free_state(ip, flags);\n\tif (error)\n\t\tgoto out_error;",
        "",
      ),
    ],
    invariants: ["UNIQ", "STATE"],
  },
  {
    id: "a lookup goes on when igrab() has refused the inode",
    edits: [replace("xfs_iget_cache_hit", "if (!igrab(inode))\n\t\t\tgoto out_skip;", "igrab(inode);")],
    invariants: ["STATE", "UAF", "ONCE", "UNIQ"],
  },
  {
    // Meanwhile the inode can be evicted and recycled: igrab() takes one that is new.
    id: "a lookup gives i_flags_lock back before it takes its reference",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "if (!igrab(inode))\n\t\t\tgoto out_skip;\n\n\t\t/* We've got a live one. */\n\t\tspin_unlock(&ip->i_flags_lock);\n",
        "spin_unlock(&ip->i_flags_lock);\n\t\tif (!igrab(inode)) {\n\t\t\trcu_read_unlock();\n\t\t\treturn -EAGAIN;\n\t\t}\n",
      ),
    ],
    invariants: ["UNIQ", "STATE"],
    through: "xfs_iget_cache_hit",
  },
  {
    id: "a recycled inode keeps the flags of its last life",
    edits: [replace("xfs_iget_recycle", "ip->i_flags &= ~XFS_IRECLAIM_RESET_FLAGS;", "")],
    invariants: ["STATE"],
    through: "xfs_iget_recycle",
  },
  {
    id: "recycling gives i_flags_lock back before it sets XFS_IRECLAIM",
    edits: [
      replace(
        "xfs_iget_recycle",
        "ip->i_flags |= XFS_IRECLAIM;\n\n\tspin_unlock(&ip->i_flags_lock);",
        "spin_unlock(&ip->i_flags_lock);\n\txfs_iflags_set(ip, XFS_IRECLAIM);",
      ),
    ],
    invariants: ["UAF", "UNIQ", "STATE", "ONCE"],
  },
  {
    id: "recycling keeps ILOCK",
    edits: [
      replace(
        "xfs_iget_recycle",
        "error = xfs_reinit_inode(mp, inode);\n\txfs_iunlock(ip, XFS_ILOCK_EXCL);",
        "error = xfs_reinit_inode(mp, inode);",
      ),
    ],
    invariants: ["PROG"],
    through: "xfs_iget_recycle",
  },
];

/** Changes that break nothing. */
export const CACHE_INDEX_LOOK_ALIKES: readonly ProtocolMutation[] = [
  {
    id: "ILOCK is given back before the inode is marked as free: it is asked for again before the inode is freed",
    edits: EARLY_UNLOCK,
    invariants: [],
  },
  {
    id: "recycling leaves the mark: who finds the inode by it looks at its flags",
    edits: [
      replace(
        "xfs_iget_recycle",
        "xfs_perag_clear_inode_tag(pag, XFS_INO_TO_AGINO(mp, ip->i_ino),\n\t\t\tXFS_ICI_RECLAIM_TAG);",
        "",
      ),
    ],
    invariants: [],
  },
  {
    id: "an unlinked inode that is yet to be inactivated is waited for",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "if (VFS_I(ip)->i_nlink == 0) {\n\t\t\terror = -ENOENT;\n\t\t\tgoto out_error;\n\t\t}",
        "",
      ),
    ],
    invariants: [],
  },
  {
    id: "the reclaimer leaves in one place",
    edits: [
      replace(
        "xfs_reclaim_igrab",
        "/* not a reclaim candidate. */\n\t\tspin_unlock(&ip->i_flags_lock);\n\t\treturn false;",
        "goto out_unlock;",
      ),
      replace(
        "xfs_reclaim_igrab",
        "spin_unlock(&ip->i_flags_lock);\n\t\treturn false;\n\t}\n\n\t__x",
        "goto out_unlock;\n\t}\n\tgrabbed = true;\n\n\t__x",
      ),
      replace("xfs_reclaim_igrab", "ASSERT(rcu_read_lock_held());", "bool grabbed = false;\n"),
      replace(
        "xfs_reclaim_igrab",
        "\tspin_unlock(&ip->i_flags_lock);\n\treturn true;",
        "out_unlock:\n\tspin_unlock(&ip->i_flags_lock);\n\treturn grabbed;",
      ),
    ],
    invariants: [],
  },
  {
    id: "recycling changes the flags in one assignment",
    edits: [
      replace(
        "xfs_iget_recycle",
        "ip->i_flags &= ~XFS_IRECLAIM_RESET_FLAGS;\n\tip->i_flags |= XFS_INEW;",
        "ip->i_flags = (ip->i_flags & ~XFS_IRECLAIM_RESET_FLAGS) | XFS_INEW;",
      ),
    ],
    invariants: [],
  },
  {
    id: "the number is looked at before i_flags_lock is taken, too",
    edits: [
      replace(
        "xfs_iget_cache_hit",
        "spin_lock(&ip->i_flags_lock);\n\tif (ip",
        "if (READ_ONCE(ip->i_ino) != ino) {\n\t\trcu_read_unlock();\n\t\treturn -EAGAIN;\n\t}\n\tspin_lock(&ip->i_flags_lock);\n\tif (ip",
      ),
    ],
    invariants: [],
  },
  {
    id: "the flags and their lock are reached by macros",
    edits: [
      {
        file: "fs/xfs/xfs_icache.c",
        function: "xfs_iget_cache_hit",
        at: "above",
        text: "#define XFS_IBUSY (XFS_INEW | XFS_IRECLAIM | XFS_INACTIVATING)\n#define xfs_flags_lock(ip) spin_lock(&(ip)->i_flags_lock)\n#define xfs_is_busy(ip) ((ip)->i_flags & XFS_IBUSY)\n\n",
      },
      replace(
        "xfs_iget_cache_hit",
        "if (ip->i_flags & (XFS_INEW | XFS_IRECLAIM | XFS_INACTIVATING))",
        "if (xfs_is_busy(ip))",
      ),
      replace("xfs_iget_cache_hit", "spin_lock(&ip->i_flags_lock);", "xfs_flags_lock(ip);"),
    ],
    invariants: [],
  },
  {
    id: "the answer of radix_tree_delete() is kept",
    edits: [
      replace(
        "xfs_reclaim_inode",
        "if (!radix_tree_delete(&pag->pag_ici_root,\n\t\t\t\tXFS_INO_TO_AGINO(ip->i_mount, ino)))\n\t\tASSERT(0);",
        "struct xfs_inode *gone = radix_tree_delete(&pag->pag_ici_root,\n\t\t\t\tXFS_INO_TO_AGINO(ip->i_mount, ino));\n\tWARN_ON_ONCE(!gone);",
      ),
    ],
    invariants: [],
  },
];
