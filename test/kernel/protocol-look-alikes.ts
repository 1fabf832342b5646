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
];
