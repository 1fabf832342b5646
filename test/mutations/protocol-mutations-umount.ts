/** Linux 6.12 with a fix taken out: umount, the shrinker, and what evict() waits for. */
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const replaceWriteback = replaceIn("fs/fs-writeback.c");
const replaceSuper = replaceIn("fs/super.c");
const _WAKE = "inode_wake_up_bit(inode, __I_NEW);";

export const UMOUNT_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "inode_lru_isolate() moves the inode after it has given i_lock back",
    invariants: ["STATE", "ONCE", "UAF"],
    edits: [
      replace(
        "inode_lru_isolate",
        "list_lru_isolate_move(lru, &inode->i_lru, freeable);\n\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\tlist_lru_isolate_move(lru, &inode->i_lru, freeable);",
      ),
    ],
  },
  {
    id: "inode_lru_isolate() keeps i_lock of what was used lately",
    invariants: ["PROG", "STATE"],
    edits: [
      replace(
        "inode_lru_isolate",
        "inode->i_state &= ~I_REFERENCED;\n\t\tspin_unlock(&inode->i_lock);",
        "inode->i_state &= ~I_REFERENCED;",
      ),
    ],
  },
  {
    id: "inode_lru_isolate() pins the inode after it has given i_lock back",
    invariants: ["STATE", "UAF"],
    edits: [
      replace(
        "inode_lru_isolate",
        "inode_pin_lru_isolating(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\tinode->i_state |= I_LRU_ISOLATING;",
      ),
    ],
  },
  {
    id: "inode_lru_isolate() never unpins",
    invariants: ["PROG", "STATE"],
    edits: [replace("inode_lru_isolate", "inode_unpin_lru_isolating(inode);", "")],
  },
  {
    id: "inode_lru_isolate() unpins before it drops the pages",
    invariants: ["UAF", "STATE"],
    edits: [
      replace("inode_lru_isolate", "inode_unpin_lru_isolating(inode);", ""),
      replace(
        "inode_lru_isolate",
        "if (remove_inode_buffers(inode)) {",
        "inode_unpin_lru_isolating(inode);\n\t\tif (remove_inode_buffers(inode)) {",
      ),
    ],
  },
  {
    id: "inode_lru_isolate() takes dirty inodes",
    invariants: ["STATE"],
    edits: [replace("inode_lru_isolate", "~I_REFERENCED) ||", "~(I_REFERENCED | I_DIRTY_ALL)) ||")],
  },
  {
    id: "inode_lru_isolate() takes inodes that a last put writes back",
    invariants: ["ONCE", "UAF", "STATE"],
    edits: [replace("inode_lru_isolate", "~I_REFERENCED) ||", "~(I_REFERENCED | I_WILL_FREE)) ||")],
  },
  {
    id: "inode_lru_isolate() leaves alone only what is in use and has a flag",
    invariants: ["ONCE", "UAF", "STATE"],
    edits: [replace("inode_lru_isolate", "atomic_read(&inode->i_count) ||", "atomic_read(&inode->i_count) &&")],
  },
  {
    id: "inode_lru_isolate() holds a reference while it drops pages (before 2a0629834cd8)",
    invariants: ["PROG"],
    edits: [
      replace("inode_lru_isolate", "inode_pin_lru_isolating(inode);", "__iget(inode);"),
      replace("inode_lru_isolate", "inode_unpin_lru_isolating(inode);", "iput(inode);"),
    ],
  },
  {
    id: "inode_lru_isolate() forgets to take the LRU's lock again",
    invariants: ["STATE", "PROG"],
    edits: [replace("inode_lru_isolate", "spin_lock(lru_lock);\n\t\treturn LRU_RETRY;", "return LRU_RETRY;")],
  },
  {
    id: "inode_lru_list_del() changes the LRU without its lock",
    invariants: ["STATE", "UAF"],
    edits: [
      replace(
        "inode_lru_list_del",
        "if (list_lru_del_obj(&inode->i_sb->s_inode_lru, &inode->i_lru))",
        "list_del_init(&inode->i_lru);",
      ),
    ],
  },
  {
    id: "evict_inodes() stops at the first inode in use",
    invariants: ["UMNT"],
    edits: [
      replace(
        "evict_inodes",
        "if (atomic_read(&inode->i_count))\n\t\t\tcontinue;",
        "if (atomic_read(&inode->i_count))\n\t\t\tbreak;",
      ),
    ],
  },
  {
    id: "evict_inodes() stops at the first inode that somebody else evicts",
    invariants: ["UMNT"],
    edits: [
      replace(
        "evict_inodes",
        "I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tcontinue;",
        "I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tbreak;",
      ),
    ],
  },
  {
    id: "evict_inodes() looks at the flags before it has i_lock",
    invariants: ["ONCE", "UAF", "STATE"],
    edits: [
      replace(
        "evict_inodes",
        "if (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tcontinue;\n\t\t}",
        "",
      ),
      replace(
        "evict_inodes",
        "if (atomic_read(&inode->i_count))\n\t\t\tcontinue;",
        "if (atomic_read(&inode->i_count))\n\t\t\tcontinue;\n\t\tif (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE))\n\t\t\tcontinue;",
      ),
    ],
  },
  {
    id: "evict_inodes() misses I_FREEING",
    invariants: ["ONCE", "UAF", "STATE"],
    edits: [replace("evict_inodes", "(I_NEW | I_FREEING | I_WILL_FREE)", "(I_NEW | I_WILL_FREE)")],
  },
  {
    id: "evict_inodes() evicts each inode under the list's lock",
    invariants: ["PROG", "STATE"],
    edits: [replace("evict_inodes", "list_add(&inode->i_lru, &dispose);", "evict(inode);")],
  },
  {
    id: "evict_inodes() drops its list when it must rest",
    invariants: ["UMNT", "PROG", "WAKE"],
    edits: [
      replace(
        "evict_inodes",
        "cond_resched();\n\t\t\tdispose_list(&dispose);\n",
        "cond_resched();\n\t\t\tINIT_LIST_HEAD(&dispose);\n",
      ),
    ],
  },
  {
    id: "evict_inodes() rests under the list's lock, then goes to the wrong label",
    invariants: ["PROG", "STATE"],
    edits: [
      replace(
        "evict_inodes",
        "spin_unlock(&sb->s_inode_list_lock);\n\t\t\tcond_resched();\n\t\t\tdispose_list(&dispose);\n\t\t\tgoto again;",
        "cond_resched();\n\t\t\tgoto again;",
      ),
    ],
  },
  {
    id: "inode_sb_list_del(): list_del() for list_del_init()",
    invariants: ["STATE"],
    edits: [replace("inode_sb_list_del", "list_del_init(", "list_del(")],
  },
  {
    id: "inode_io_list_del(): list_del() for list_del_init()",
    invariants: ["STATE"],
    edits: [replaceWriteback("inode_io_list_del", "list_del_init(", "list_del(")],
  },
  {
    id: "inode_sync_complete() wakes for I_NEW",
    invariants: ["WAKE", "PROG"],
    edits: [replaceWriteback("inode_sync_complete", "__I_SYNC", "__I_NEW")],
  },
  {
    id: "inode_wait_for_writeback() waits for I_DIRTY",
    invariants: ["UAF", "STATE"],
    edits: [
      replaceWriteback(
        "inode_wait_for_writeback",
        "if (!(inode->i_state & I_SYNC))\n\t\treturn;",
        "if (!(inode->i_state & I_DIRTY))\n\t\treturn;",
      ),
    ],
  },
  {
    id: "inode_wait_for_writeback() waits on the bit of I_NEW",
    invariants: ["WAKE", "PROG"],
    edits: [replaceWriteback("inode_wait_for_writeback", "__I_SYNC", "__I_NEW")],
  },
  {
    id: "inode_wait_for_writeback() sleeps under i_lock",
    invariants: ["PROG"],
    edits: [
      replaceWriteback(
        "inode_wait_for_writeback",
        "spin_unlock(&inode->i_lock);\n\t\tschedule();\n\t\tspin_lock(&inode->i_lock);",
        "schedule();",
      ),
    ],
  },
  {
    id: "inode_wait_for_writeback() does not take i_lock again",
    invariants: ["STATE"],
    edits: [replaceWriteback("inode_wait_for_writeback", "schedule();\n\t\tspin_lock(&inode->i_lock);", "schedule();")],
  },
  {
    id: "generic_shutdown_super() leaves SB_ACTIVE set",
    invariants: ["UMNT"],
    edits: [replaceSuper("generic_shutdown_super", "sb->s_flags &= ~SB_ACTIVE;", "")],
  },
  {
    id: "generic_shutdown_super() clears SB_ACTIVE behind evict_inodes()",
    invariants: ["UMNT"],
    edits: [
      replaceSuper("generic_shutdown_super", "sb->s_flags &= ~SB_ACTIVE;", ""),
      replaceSuper(
        "generic_shutdown_super",
        "fsnotify_sb_delete(sb);",
        "sb->s_flags &= ~SB_ACTIVE;\n\t\tfsnotify_sb_delete(sb);",
      ),
    ],
  },
  {
    id: "generic_shutdown_super() does not evict",
    invariants: ["UMNT"],
    edits: [replaceSuper("generic_shutdown_super", "evict_inodes(sb);", "")],
  },
  {
    id: "generic_shutdown_super() evicts behind ->put_super",
    invariants: ["UMNT", "UAF"],
    edits: [
      replaceSuper("generic_shutdown_super", "evict_inodes(sb);", ""),
      replaceSuper("generic_shutdown_super", "sop->put_super(sb);", "sop->put_super(sb);\n\t\tevict_inodes(sb);"),
    ],
  },
  {
    id: "generic_shutdown_super() does not sync",
    invariants: ["STATE"],
    edits: [replaceSuper("generic_shutdown_super", "sync_filesystem(sb);", "")],
  },
  {
    id: "generic_shutdown_super() clears SB_ACTIVE only where there is ->put_super",
    invariants: ["UMNT"],
    edits: [
      replaceSuper(
        "generic_shutdown_super",
        "sb->s_flags &= ~SB_ACTIVE;",
        "if (!sop->put_super)\n\t\t\tsb->s_flags &= ~SB_ACTIVE;",
      ),
    ],
  },
  {
    id: "generic_shutdown_super() evicts before it syncs",
    invariants: ["STATE"],
    edits: [
      replaceSuper(
        "generic_shutdown_super",
        "sync_filesystem(sb);\n\t\tsb->s_flags &= ~SB_ACTIVE;",
        "sb->s_flags &= ~SB_ACTIVE;\n\t\tevict_inodes(sb);\n\t\tsync_filesystem(sb);",
      ),
    ],
  },
  {
    id: "destroy_inode() frees and hands to RCU",
    invariants: ["ONCE", "UAF"],
    edits: [
      replace(
        "destroy_inode",
        "call_rcu(&inode->i_rcu, i_callback);",
        "call_rcu(&inode->i_rcu, i_callback);\n\ti_callback(&inode->i_rcu);",
      ),
    ],
  },
  {
    id: "clear_inode() is left out where there is no ->evict_inode",
    invariants: ["STATE"],
    edits: [
      replace(
        "evict",
        "truncate_inode_pages_final(&inode->i_data);\n\t\tclear_inode(inode);",
        "truncate_inode_pages_final(&inode->i_data);",
      ),
    ],
  },
  {
    id: "pages are not truncated where there is no ->evict_inode",
    invariants: ["STATE"],
    edits: [
      replace("evict", "truncate_inode_pages_final(&inode->i_data);\n\t\tclear_inode(inode);", "clear_inode(inode);"),
    ],
  },
];
