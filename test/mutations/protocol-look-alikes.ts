/** Changes of fs/inode.c that look like a fix taken out and break nothing: the standard scenarios must hold. */
import type { ProtocolMutation } from "./bench.ts";
import { FILE, replace } from "./protocol-mutations.ts";

/** Changes that break nothing. */
export const HARMLESS_CHANGES: readonly ProtocolMutation[] = [
  {
    id: "the hash is left and the wake-up made by a helper",
    edits: [
      {
        file: FILE,
        function: "evict",
        at: "above",
        text: "static void evict_tail(struct inode *inode)\n{\n\tremove_inode_hash(inode);\n\tspin_lock(&inode->i_lock);\n\tinode_wake_up_bit(inode, __I_NEW);\n\tspin_unlock(&inode->i_lock);\n}\n\n",
      },
      replace("evict", "cd_forget(inode);\n\n\tremove_inode_hash(inode);", "cd_forget(inode);\n\n\tevict_tail(inode);"),
      replace("evict", "smp_mb();\n\tinode_wake_up_bit(inode, __I_NEW);", "smp_mb();"),
    ],
    invariants: [],
  },
  {
    id: "the first, unlocked look at i_count in evict_inodes() is left out",
    edits: [replace("evict_inodes", "if (atomic_read(&inode->i_count))\n\t\t\tcontinue;\n", "")],
    invariants: [],
  },
  {
    id: "find_inode_fast() tests the flags one after the other",
    edits: [
      replace(
        "find_inode_fast",
        "if (inode->i_state & (I_FREEING|I_WILL_FREE)) {",
        "if ((inode->i_state & I_FREEING) || (inode->i_state & I_WILL_FREE)) {",
      ),
    ],
    invariants: [],
  },
  {
    id: "__remove_inode_hash() does not take i_lock, which the wake-up does",
    edits: [
      replace("__remove_inode_hash", "spin_lock(&inode->i_lock);", ""),
      replace("__remove_inode_hash", "spin_unlock(&inode->i_lock);", ""),
    ],
    invariants: [],
  },
  {
    id: "evict() wakes without i_lock",
    edits: [
      replace("evict", "smp_mb();\n\tinode_wake_up_bit(inode, __I_NEW);", "smp_mb();"),
      replace("evict", "destroy_inode(inode);", "inode_wake_up_bit(inode, __I_NEW);\n\n\tdestroy_inode(inode);"),
    ],
    invariants: [],
  },
  {
    id: "evict() without its assertions",
    edits: [
      replace("evict", "BUG_ON(!(inode->i_state & I_FREEING));", ""),
      replace("evict", "BUG_ON(inode->i_state != (I_FREEING | I_CLEAR));", ""),
    ],
    invariants: [],
  },
  {
    id: "iput_final() keeps I_WILL_FREE beside I_FREEING until clear_inode() clears it",
    edits: [replace("iput_final", "state &= ~I_WILL_FREE;", "")],
    invariants: [],
  },
  {
    id: "iput_final() sets the flag without WRITE_ONCE()",
    edits: [
      replace("iput_final", "WRITE_ONCE(inode->i_state, state | I_FREEING);", "inode->i_state |= I_FREEING;"),
      replace("iput_final", "state &= ~I_WILL_FREE;", "inode->i_state &= ~I_WILL_FREE;"),
    ],
    invariants: [],
  },
  {
    id: "find_inode_fast() tests superblock and number at once",
    edits: [
      replace(
        "find_inode_fast",
        "if (inode->i_ino != ino)\n\t\t\tcontinue;\n\t\tif (inode->i_sb != sb)\n\t\t\tcontinue;",
        "if (inode->i_ino != ino || inode->i_sb != sb)\n\t\t\tcontinue;",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes() tests flags and count in one condition",
    edits: [
      replace(
        "evict_inodes",
        "spin_lock(&inode->i_lock);\n\t\tif (atomic_read(&inode->i_count)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tcontinue;\n\t\t}",
        "spin_lock(&inode->i_lock);",
      ),
      replace(
        "evict_inodes",
        "if (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE)) {",
        "if (atomic_read(&inode->i_count) || (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE))) {",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes() takes the inode off the LRU before it marks it",
    edits: [
      replace(
        "evict_inodes",
        "inode->i_state |= I_FREEING;\n\t\tinode_lru_list_del(inode);",
        "inode_lru_list_del(inode);\n\t\tinode->i_state |= I_FREEING;",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict() leaves the superblock's list only after ->evict_inode",
    edits: [
      replace("evict", "inode_sb_list_del(inode);", ""),
      replace("evict", "remove_inode_hash(inode);", "inode_sb_list_del(inode);\n\tremove_inode_hash(inode);"),
    ],
    invariants: [],
  },
  {
    id: "igrab() returns early",
    edits: [
      replace(
        "igrab",
        "if (!(inode->i_state & (I_FREEING|I_WILL_FREE))) {",
        "if (inode->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\tspin_unlock(&inode->i_lock);\n\t\treturn NULL;\n\t}\n\t{",
      ),
      replace("igrab", "} else {", "}\n\tif (0) {"),
    ],
    invariants: [],
  },
  {
    id: "unlock_new_inode() clears the flags one by one",
    edits: [
      replace(
        "unlock_new_inode",
        "inode->i_state &= ~I_NEW & ~I_CREATING;",
        "inode->i_state &= ~I_CREATING;\n\tinode->i_state &= ~I_NEW;",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes() starts again while somebody evicts or builds an inode",
    edits: [
      replace("evict_inodes", "if (atomic_read(&inode->i_count))\n\t\t\tcontinue;\n", ""),
      replace(
        "evict_inodes",
        "I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tcontinue;",
        "I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tspin_unlock(&sb->s_inode_list_lock);\n\t\t\tgoto again;",
      ),
    ],
    invariants: [],
  },
  {
    id: "lookups look again without sleeping while the evictor works, and keep no lock",
    edits: ["find_inode", "find_inode_fast"].map((fn) =>
      replace(
        fn,
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);",
        "spin_unlock(&inode->i_lock);\n\t\t\tif (is_inode_hash_locked) {\n\t\t\t\tspin_unlock(&inode_hash_lock);\n\t\t\t\tspin_lock(&inode_hash_lock);\n\t\t\t}",
      ),
    ),
    invariants: [],
  },
  {
    id: "__wait_on_freeing_inode() leaves the queue when it has its locks again",
    edits: [
      replace("__wait_on_freeing_inode", "schedule();\n\tfinish_wait(wq_head, &wqe.wq_entry);", "schedule();"),
      replace(
        "__wait_on_freeing_inode",
        "spin_lock(&inode_hash_lock);\n\trcu_read_lock();",
        "spin_lock(&inode_hash_lock);\n\trcu_read_lock();\n\tfinish_wait(wq_head, &wqe.wq_entry);",
      ),
    ],
    invariants: [],
  },
  {
    id: "iput_final() reads i_state before it has the lock again: nobody changes an inode with I_WILL_FREE",
    edits: [
      replace(
        "iput_final",
        "spin_lock(&inode->i_lock);\n\t\tstate = inode->i_state;",
        "state = inode->i_state;\n\t\tspin_lock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "inode_sync_complete() wakes before it clears I_SYNC, all under i_lock",
    edits: [
      {
        ...replace("inode_sync_complete", "inode->i_state &= ~I_SYNC;", "inode_wake_up_bit(inode, __I_SYNC);"),
        file: "fs/fs-writeback.c",
      },
      {
        ...replace(
          "inode_sync_complete",
          "ensures memory ordering. */\n\tinode_wake_up_bit(inode, __I_SYNC);",
          "ensures memory ordering. */\n\tinode->i_state &= ~I_SYNC;",
        ),
        file: "fs/fs-writeback.c",
      },
    ],
    invariants: [],
  },
  {
    id: "discard_new_inode() drops its reference by way of a helper",
    edits: [
      {
        file: FILE,
        function: "discard_new_inode",
        at: "above",
        text: "static void drop_discarded(struct inode *inode)\n{\n\tiput(inode);\n}\n\n",
      },
      replace("discard_new_inode", "iput(inode);", "drop_discarded(inode);"),
    ],
    invariants: [],
  },
];
