/** Changes of fs/inode.c that look like a fix taken out and break nothing: the standard scenarios must hold. */
import { FILE, type ProtocolMutation, replace } from "./protocol-mutations.ts";

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
];
