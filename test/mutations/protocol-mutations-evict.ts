/** More fixes taken out of Linux 6.12's fs/inode.c: the last put, reclaim, umount, and evict() itself. */
import type { ProtocolMutation } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const WAKE = "inode_wake_up_bit(inode, __I_NEW);";

export const EVICT_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "evict() wakes the wrong bit",
    edits: [replace("evict", WAKE, "inode_wake_up_bit(inode, __I_SYNC);")],
    invariants: ["WAKE"],
  },
  {
    id: "evict() frees before it wakes",
    edits: [
      replace("evict", `smp_mb();\n\t${WAKE}`, "smp_mb();"),
      replace("evict", "destroy_inode(inode);", `destroy_inode(inode);\n\t${WAKE}`),
    ],
    invariants: ["UAF", "WAKE", "STATE"],
    through: "evict",
  },
  {
    id: "evict() frees before it unhashes",
    edits: [
      replace("evict", "cd_forget(inode);\n\n\tremove_inode_hash(inode);", "cd_forget(inode);"),
      replace("evict", "destroy_inode(inode);", "destroy_inode(inode);\n\tremove_inode_hash(inode);"),
    ],
    invariants: ["UAF", "WAKE", "STATE"],
  },
  {
    id: "evict() never frees",
    edits: [replace("evict", "destroy_inode(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "evict() wakes before ->evict_inode",
    edits: [
      replace("evict", "inode_sb_list_del(inode);", `inode_sb_list_del(inode);\n\t${WAKE}`),
      replace("evict", `smp_mb();\n\t${WAKE}`, "smp_mb();"),
    ],
    invariants: ["WAKE"],
  },
  {
    id: "evict() keeps i_lock while the filesystem cleans up",
    edits: [
      replace(
        "evict",
        "inode_wait_for_writeback(inode);\n\tspin_unlock(&inode->i_lock);",
        "inode_wait_for_writeback(inode);",
      ),
      replace("evict", "if (S_ISCHR(inode->i_mode)", "spin_unlock(&inode->i_lock);\n\tif (S_ISCHR(inode->i_mode)"),
    ],
    invariants: ["PROG", "STATE"],
    through: "evict",
  },
  {
    id: "evict() does not call ->evict_inode",
    edits: [replace("evict", "op->evict_inode(inode);", "")],
    invariants: ["UNIQ", "STATE", "GEN", "ONCE"],
  },
  {
    id: "evict() returns with i_lock held",
    edits: [replace("evict", "(I_FREEING | I_CLEAR));\n\tspin_unlock(&inode->i_lock);", "(I_FREEING | I_CLEAR));")],
    invariants: ["PROG", "UAF", "STATE"],
  },
  {
    id: "evict() drops I_CLEAR",
    edits: [replace("evict", "remove_inode_hash(inode);", "inode->i_state = I_FREEING;\n\tremove_inode_hash(inode);")],
    invariants: ["STATE"],
    through: "evict",
  },
  {
    id: "iput_final() evicts without I_FREEING",
    edits: [
      replace("iput_final", "WRITE_ONCE(inode->i_state, state | I_FREEING);", "WRITE_ONCE(inode->i_state, state);"),
    ],
    invariants: ["STATE", "ONCE", "UAF"],
  },
  {
    id: "iput_final() caches unlinked inodes with i_lock given back first",
    edits: [
      replace(
        "iput_final",
        "__inode_add_lru(inode, true);\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\t__inode_add_lru(inode, true);",
      ),
    ],
    invariants: ["STATE", "UAF"],
    through: "iput_final",
  },
  {
    id: "iput_final() returns with i_lock held",
    edits: [
      replace(
        "iput_final",
        "__inode_add_lru(inode, true);\n\t\tspin_unlock(&inode->i_lock);",
        "__inode_add_lru(inode, true);",
      ),
    ],
    invariants: ["PROG", "STATE"],
  },
  {
    id: "iput_final() evicts under i_lock",
    edits: [
      replace(
        "iput_final",
        "inode_lru_list_del(inode);\n\tspin_unlock(&inode->i_lock);\n\n\tevict(inode);",
        "inode_lru_list_del(inode);\n\n\tevict(inode);",
      ),
    ],
    invariants: ["PROG", "STATE"],
    through: "iput_final",
  },
  {
    id: "iput_final() evicts twice",
    edits: [replace("iput_final", "evict(inode);", "evict(inode);\n\tevict(inode);")],
    invariants: ["UAF", "ONCE", "STATE"],
  },
  {
    id: "iput() drops the reference before it dirties for the lazy times",
    edits: [replace("iput", "atomic_inc(&inode->i_count);\n", "")],
    invariants: ["UAF", "STATE", "ONCE"],
    through: "iput",
  },
  {
    id: "iput() forgets to drop the reference again after the lazy times",
    edits: [replace("iput", "goto retry;", "return;")],
    invariants: ["UMNT"],
  },
  {
    id: "inode_lru_isolate() does not take i_lock",
    edits: [
      replace("inode_lru_isolate", "if (!spin_trylock(&inode->i_lock))\n\t\treturn LRU_SKIP;", ""),
      replace(
        "inode_lru_isolate",
        "list_lru_isolate(lru, &inode->i_lru);\n\t\tspin_unlock(&inode->i_lock);",
        "list_lru_isolate(lru, &inode->i_lru);",
      ),
      replace(
        "inode_lru_isolate",
        "inode->i_state &= ~I_REFERENCED;\n\t\tspin_unlock(&inode->i_lock);",
        "inode->i_state &= ~I_REFERENCED;",
      ),
      replace(
        "inode_lru_isolate",
        "inode_pin_lru_isolating(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "inode_pin_lru_isolating(inode);",
      ),
      replace("inode_lru_isolate", "freeable);\n\tspin_unlock(&inode->i_lock);", "freeable);"),
    ],
    invariants: ["ONCE", "STATE", "UAF"],
    through: "inode_lru_isolate",
  },
  {
    id: "inode_lru_isolate() spins for i_lock under the LRU's lock",
    edits: [
      replace(
        "inode_lru_isolate",
        "if (!spin_trylock(&inode->i_lock))\n\t\treturn LRU_SKIP;",
        "spin_lock(&inode->i_lock);",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "inode_lru_isolate() marks the inode after it has given i_lock back",
    edits: [
      replace("inode_lru_isolate", "inode->i_state |= I_FREEING;", ""),
      replace(
        "inode_lru_isolate",
        "freeable);\n\tspin_unlock(&inode->i_lock);",
        "freeable);\n\tspin_unlock(&inode->i_lock);\n\tinode->i_state |= I_FREEING;",
      ),
    ],
    invariants: ["ONCE", "STATE", "UAF"],
    through: "inode_lru_isolate",
  },
  {
    id: "inode_lru_isolate() drops pages under the LRU's lock",
    edits: [
      replace(
        "inode_lru_isolate",
        "spin_unlock(&inode->i_lock);\n\t\tspin_unlock(lru_lock);",
        "spin_unlock(&inode->i_lock);",
      ),
      replace("inode_lru_isolate", "spin_lock(lru_lock);\n\t\treturn LRU_RETRY;", "return LRU_RETRY;"),
    ],
    invariants: ["PROG", "STATE"],
  },
  {
    id: "dispose_list() forgets to take the inode off its list",
    edits: [replace("dispose_list", "list_del_init(&inode->i_lru);", "")],
    invariants: ["STATE", "UAF", "ONCE"],
  },
  {
    id: "dispose_list() never evicts",
    edits: [replace("dispose_list", "evict(inode);", "")],
    invariants: ["UMNT", "WAKE", "PROG", "UAF"],
  },
  {
    id: "evict_inodes() does not mark what it takes",
    edits: [replace("evict_inodes", "inode->i_state |= I_FREEING;", "")],
    invariants: ["STATE", "ONCE", "UAF"],
  },
  {
    id: "evict_inodes() marks after it has given i_lock back",
    edits: [
      replace("evict_inodes", "inode->i_state |= I_FREEING;", ""),
      replace(
        "evict_inodes",
        "inode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "inode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t\tinode->i_state |= I_FREEING;",
      ),
    ],
    invariants: ["STATE", "ONCE", "UAF"],
    through: "evict_inodes",
  },
  {
    id: "evict_inodes() misses I_WILL_FREE",
    edits: [replace("evict_inodes", "(I_NEW | I_FREEING | I_WILL_FREE)", "(I_NEW | I_FREEING)")],
    invariants: ["STATE", "ONCE", "UAF"],
  },
  {
    id: "evict_inodes() walks without the list's lock",
    edits: [
      replace("evict_inodes", "again:\n\tspin_lock(&sb->s_inode_list_lock);", "again:"),
      replace("evict_inodes", "need_resched()) {\n\t\t\tspin_unlock(&sb->s_inode_list_lock);", "need_resched()) {"),
      replace(
        "evict_inodes",
        "spin_unlock(&sb->s_inode_list_lock);\n\n\tdispose_list(&dispose);",
        "dispose_list(&dispose);",
      ),
    ],
    invariants: ["UAF", "ONCE", "STATE"],
    through: "evict_inodes",
  },
  {
    id: "evict_inodes() keeps i_lock when it skips",
    edits: [replace("evict_inodes", "I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);", "I_WILL_FREE)) {")],
    invariants: ["PROG", "STATE"],
  },
  {
    id: "evict_inodes() collects nothing",
    edits: [replace("evict_inodes", "list_add(&inode->i_lru, &dispose);", "")],
    invariants: ["UMNT", "WAKE", "PROG"],
  },
  {
    id: "clear_inode() never sets I_CLEAR",
    edits: [replace("clear_inode", "I_FREEING | I_CLEAR", "I_FREEING")],
    invariants: ["STATE"],
  },
  {
    id: "__remove_inode_hash() leaves the inode on the chain",
    edits: [replace("__remove_inode_hash", "hlist_del_init_rcu(&inode->i_hash);", "")],
    invariants: ["UAF", "WAKE", "STATE"],
  },
  {
    id: "__remove_inode_hash() works without inode_hash_lock, and i_lock is taken in the other order by a lookup's insertion",
    edits: [
      replace(
        "__remove_inode_hash",
        "spin_lock(&inode_hash_lock);\n\tspin_lock(&inode->i_lock);",
        "spin_lock(&inode->i_lock);\n\tspin_lock(&inode_hash_lock);",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "unlock_new_inode() wakes before it clears I_NEW",
    edits: [
      replace(
        "unlock_new_inode",
        "smp_mb();\n\tinode_wake_up_bit(inode, __I_NEW);",
        "smp_mb();\n\tinode->i_state &= ~I_NEW & ~I_CREATING;",
      ),
      replace(
        "unlock_new_inode",
        "WARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW & ~I_CREATING;",
        "inode_wake_up_bit(inode, __I_NEW);",
      ),
    ],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "unlock_new_inode() clears the wrong bit",
    edits: [replace("unlock_new_inode", "~I_NEW & ~I_CREATING", "~I_CREATING")],
    invariants: ["STATE", "PROG", "WAKE"],
  },
  {
    id: "unlock_new_inode() wakes the wrong bit",
    edits: [replace("unlock_new_inode", "inode_wake_up_bit(inode, __I_NEW);", "inode_wake_up_bit(inode, __I_SYNC);")],
    invariants: ["PROG", "WAKE"],
  },
];
