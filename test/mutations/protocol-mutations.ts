/**
 * Fixes of fs/inode.c taken out by hand, as small edits of Linux 6.12 held in memory: each must be found by the standard
 * scenarios, with one of the invariants that it breaks. More stand in protocol-mutations-*.ts, look-alikes that must not
 * be found in protocol-look-alikes.ts. Those whose text Linux 6.1 has are made there, too.
 */
import { type ProtocolMutation, replaceIn } from "./bench.ts";

export const FILE = "fs/inode.c";

export const replace = replaceIn(FILE);

export const PROTOCOL_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "__wait_on_freeing_inode() sleeps without looking whether the inode is unhashed",
    edits: [replace("__wait_on_freeing_inode", "unlikely(inode_unhashed(inode))", "0")],
    invariants: ["WAKE"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "evict() wakes nobody",
    edits: [replace("evict", "inode_wake_up_bit(inode, __I_NEW);", "")],
    invariants: ["WAKE"],
  },
  {
    id: "evict() wakes before it unhashes",
    edits: [
      replace(
        "evict",
        "remove_inode_hash(inode);",
        "spin_lock(&inode->i_lock);\n\tinode_wake_up_bit(inode, __I_NEW);\n\tspin_unlock(&inode->i_lock);\n\tremove_inode_hash(inode);",
      ),
      replace("evict", "smp_mb();\n\tinode_wake_up_bit(inode, __I_NEW);", "smp_mb();"),
    ],
    invariants: ["WAKE"],
  },
  {
    id: "evict() unhashes before ->evict_inode",
    edits: [
      replace("evict", "if (op->evict_inode) {", "remove_inode_hash(inode);\n\tif (op->evict_inode) {"),
      replace("evict", "cd_forget(inode);\n\n\tremove_inode_hash(inode);", "cd_forget(inode);"),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "evict() never unhashes",
    edits: [replace("evict", "remove_inode_hash(inode);", "")],
    invariants: ["UAF"],
  },
  {
    id: "evict() leaves the inode on the superblock's list",
    edits: [replace("evict", "inode_sb_list_del(inode);", "")],
    invariants: ["UAF"],
  },
  {
    id: "evict() does not wait for LRU isolation",
    edits: [replace("evict", "inode_wait_for_lru_isolating(inode);", "")],
    invariants: ["UAF", "STATE"],
  },
  {
    id: "evict_inodes() looks at i_count without i_lock alone",
    edits: [
      replace(
        "evict_inodes",
        "spin_lock(&inode->i_lock);\n\t\tif (atomic_read(&inode->i_count)) {",
        "spin_lock(&inode->i_lock);\n\t\tif (0) {",
      ),
    ],
    invariants: ["ONCE", "UAF"],
    through: "evict_inodes",
  },
  {
    id: "evict_inodes() takes inodes that somebody else is evicting",
    edits: [replace("evict_inodes", "(I_NEW | I_FREEING | I_WILL_FREE)", "I_NEW")],
    invariants: ["ONCE"],
    through: "evict_inodes",
  },
  {
    id: "evict_inodes() takes inodes that are being built",
    edits: [
      replace("evict_inodes", "(I_NEW | I_FREEING | I_WILL_FREE)", "(I_FREEING | I_WILL_FREE)"),
      replace("evict_inodes", "if (atomic_read(&inode->i_count))\n\t\t\tcontinue;", ""),
      replace(
        "evict_inodes",
        "spin_lock(&inode->i_lock);\n\t\tif (atomic_read(&inode->i_count)) {",
        "spin_lock(&inode->i_lock);\n\t\tif (0) {",
      ),
    ],
    invariants: ["ONCE", "UAF", "STATE"],
  },
  {
    id: "evict_inodes() leaves the inode on the LRU",
    edits: [replace("evict_inodes", "inode_lru_list_del(inode);", "")],
    invariants: ["STATE"],
  },
  {
    id: "evict_inodes() forgets what it has collected",
    edits: [
      replace(
        "evict_inodes",
        "spin_unlock(&sb->s_inode_list_lock);\n\n\tdispose_list(&dispose);",
        "spin_unlock(&sb->s_inode_list_lock);",
      ),
    ],
    invariants: ["UMNT", "WAKE", "PROG"],
  },
  {
    id: "find_inode_fast() takes a reference to a dying inode",
    edits: [replace("find_inode_fast", "inode->i_state & (I_FREEING|I_WILL_FREE)", "0")],
    invariants: ["STATE", "UAF", "UNIQ"],
    through: "find_inode_fast",
  },
  {
    id: "find_inode() takes a reference to a dying inode",
    edits: [replace("find_inode", "inode->i_state & (I_FREEING|I_WILL_FREE)", "0")],
    invariants: ["STATE", "UAF", "UNIQ"],
    through: "find_inode",
  },
  {
    id: "find_inode_fast() misses I_WILL_FREE",
    edits: [replace("find_inode_fast", "(I_FREEING|I_WILL_FREE)", "I_FREEING")],
    invariants: ["ONCE", "UAF", "STATE"],
    through: "find_inode_fast",
  },
  {
    id: "find_inode_fast() takes its reference without i_lock",
    edits: [
      replace(
        "find_inode_fast",
        "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\t__iget(inode);",
      ),
    ],
    invariants: ["STATE", "ONCE", "UAF"],
    through: "find_inode_fast",
  },
  {
    id: "__wait_on_freeing_inode() enqueues after it has given i_lock back",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "prepare_to_wait_event(wq_head, &wqe.wq_entry, TASK_UNINTERRUPTIBLE);\n\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\tprepare_to_wait_event(wq_head, &wqe.wq_entry, TASK_UNINTERRUPTIBLE);",
      ),
    ],
    invariants: ["WAKE"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "__wait_on_freeing_inode() sleeps with i_lock held",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "TASK_UNINTERRUPTIBLE);\n\tspin_unlock(&inode->i_lock);",
        "TASK_UNINTERRUPTIBLE);",
      ),
      replace("__wait_on_freeing_inode", "schedule();", "schedule();\n\tspin_unlock(&inode->i_lock);"),
    ],
    invariants: ["PROG"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "iput_final() marks the inode after it has given i_lock back",
    edits: [
      replace("iput_final", "WRITE_ONCE(inode->i_state, state | I_FREEING);", ""),
      replace(
        "iput_final",
        "spin_unlock(&inode->i_lock);\n\n\tevict(inode);",
        "spin_unlock(&inode->i_lock);\n\tinode->i_state |= I_FREEING;\n\n\tevict(inode);",
      ),
    ],
    invariants: ["ONCE", "UAF", "STATE", "UNIQ"],
    through: "iput_final",
  },
  {
    id: "iput_final() writes back without I_WILL_FREE",
    edits: [replace("iput_final", "WRITE_ONCE(inode->i_state, state | I_WILL_FREE);", "")],
    invariants: ["ONCE", "UAF", "STATE"],
    through: "iput_final",
  },
  {
    id: "iput() counts down before it takes the lock",
    edits: [
      replace("iput", "atomic_dec_and_lock(&inode->i_count, &inode->i_lock)", "atomic_dec_and_test(&inode->i_count)"),
      replace("iput", "iput_final(inode);", "spin_lock(&inode->i_lock);\n\t\tiput_final(inode);"),
      replace(
        "iput",
        "atomic_inc(&inode->i_count);\n\t\t\tspin_unlock(&inode->i_lock);",
        "atomic_inc(&inode->i_count);",
      ),
    ],
    invariants: ["ONCE", "UAF", "STATE"],
    through: "iput",
  },
  {
    id: "igrab() takes a reference to a dying inode",
    edits: [replace("igrab", "!(inode->i_state & (I_FREEING|I_WILL_FREE))", "1")],
    invariants: ["STATE", "UAF"],
    through: "igrab",
  },
  {
    id: "inode_lru_isolate() does not look at i_count",
    edits: [replace("inode_lru_isolate", "atomic_read(&inode->i_count) ||", "")],
    invariants: ["ONCE", "UAF", "STATE"],
    through: "inode_lru_isolate",
  },
  {
    id: "inode_lru_isolate() does not mark what it takes",
    edits: [replace("inode_lru_isolate", "inode->i_state |= I_FREEING;", "")],
    invariants: ["STATE", "ONCE", "UAF"],
    through: "inode_lru_isolate",
  },
  {
    id: "inode_lru_isolate() drops pages without pinning the inode",
    edits: [
      replace("inode_lru_isolate", "inode_pin_lru_isolating(inode);", ""),
      replace("inode_lru_isolate", "inode_unpin_lru_isolating(inode);", ""),
    ],
    invariants: ["UAF", "STATE"],
  },
  {
    id: "inode_unpin_lru_isolating() wakes nobody",
    edits: [replace("inode_unpin_lru_isolating", "inode_wake_up_bit(inode, __I_LRU_ISOLATING);", "")],
    invariants: ["PROG", "WAKE"],
  },
  {
    id: "insert_inode_locked() does not step over a dying inode",
    edits: [replace("insert_inode_locked", "old->i_state & (I_FREEING|I_WILL_FREE)", "0")],
    invariants: ["STATE", "UAF", "UNIQ"],
    through: "insert_inode_locked",
  },
  {
    id: "unlock_new_inode() wakes nobody",
    edits: [replace("unlock_new_inode", "inode_wake_up_bit(inode, __I_NEW);", "")],
    invariants: ["PROG", "WAKE"],
  },
  {
    id: "unlock_new_inode() leaves I_NEW set",
    edits: [replace("unlock_new_inode", "inode->i_state &= ~I_NEW & ~I_CREATING;", "")],
    invariants: ["STATE", "PROG", "WAKE"],
  },
  {
    id: "iget_locked() does not set I_NEW",
    edits: [replace("iget_locked", "inode->i_state = I_NEW;", "")],
    invariants: ["STATE", "UNIQ"],
  },
  {
    id: "iget_locked() does not look again under the hash lock",
    edits: [replace("iget_locked", "old = find_inode_fast(sb, head, ino, true);", "old = NULL;")],
    invariants: ["UNIQ"],
    through: "iget_locked",
  },
  {
    id: "iget_locked() does not wait until the inode is built",
    edits: [
      replace(
        "iget_locked",
        "wait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode))) {\n\t\t\tiput(inode);\n\t\t\tgoto again;\n\t\t}\n\t\treturn inode;",
        "return inode;",
      ),
    ],
    invariants: ["UNIQ", "STATE", "UAF"],
  },
  {
    id: "destroy_inode() frees without a grace period",
    edits: [replace("destroy_inode", "call_rcu(&inode->i_rcu, i_callback);", "free_inode_nonrcu(inode);")],
    invariants: ["UAF"],
  },
  {
    id: "dispose_list() clears I_FREEING",
    edits: [
      replace(
        "dispose_list",
        "evict(inode);",
        "spin_lock(&inode->i_lock);\n\t\tinode->i_state &= ~I_FREEING;\n\t\tspin_unlock(&inode->i_lock);\n\t\tevict(inode);",
      ),
    ],
    invariants: ["STATE"],
    through: "dispose_list",
  },
  {
    id: "find_inode_fast() returns with i_lock held",
    edits: [replace("find_inode_fast", "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);", "__iget(inode);")],
    invariants: ["PROG"],
  },
  {
    id: "clear_inode() forgets I_FREEING",
    edits: [replace("clear_inode", "I_FREEING | I_CLEAR", "I_CLEAR")],
    invariants: ["STATE"],
    through: "clear_inode",
  },
  {
    id: "find_inode_fast() returns an inode without a reference",
    edits: [replace("find_inode_fast", "__iget(inode);", "")],
    invariants: ["STATE", "UAF", "ONCE"],
    through: "find_inode_fast",
  },
  {
    id: "find_inode_fast() walks the chain outside of RCU",
    edits: [
      replace("find_inode_fast", "rcu_read_lock();\nrepeat:", "\nrepeat:"),
      replace(
        "__wait_on_freeing_inode",
        "if (is_inode_hash_locked)\n\t\tspin_lock(&inode_hash_lock);\n\trcu_read_lock();",
        "if (is_inode_hash_locked)\n\t\tspin_lock(&inode_hash_lock);",
      ),
    ],
    invariants: ["UAF"],
    through: "find_inode_fast",
  },
  {
    id: "neither the unhash nor the wake-up takes i_lock",
    edits: [
      replace("evict", "smp_mb();\n\tinode_wake_up_bit(inode, __I_NEW);", "smp_mb();"),
      replace(
        "evict",
        "spin_lock(&inode->i_lock);\n\t/*\n\t * Pairs",
        "inode_wake_up_bit(inode, __I_NEW);\n\tspin_lock(&inode->i_lock);\n\t/*\n\t * Pairs",
      ),
      replace("__remove_inode_hash", "spin_lock(&inode->i_lock);", ""),
      replace("__remove_inode_hash", "spin_unlock(&inode->i_lock);", ""),
    ],
    invariants: ["WAKE"],
  },
  {
    id: "iput_final() leaves the inode on the LRU",
    edits: [replace("iput_final", "if (!list_empty(&inode->i_lru))\n\t\tinode_lru_list_del(inode);", "")],
    invariants: ["STATE"],
  },
  {
    id: "insert_inode_locked() looks at nothing that is there",
    edits: [
      replace("insert_inode_locked", "likely(!old)", "1"),
      replace("insert_inode_locked", "break;", "spin_unlock(&old->i_lock);\n\t\t\tbreak;"),
    ],
    invariants: ["UNIQ"],
    through: "insert_inode_locked",
  },
  {
    id: "inode_insert5() does not look again under the hash lock",
    edits: [replace("inode_insert5", "old = find_inode(inode->i_sb, head, test, data, true);", "old = NULL;")],
    invariants: ["UNIQ"],
    through: "inode_insert5",
  },
  {
    id: "inode_insert5() marks the inode new after it can be found",
    edits: [
      replace(
        "inode_insert5",
        "inode->i_state |= I_NEW;\n\thlist_add_head_rcu(&inode->i_hash, head);\n\tspin_unlock(&inode->i_lock);",
        "hlist_add_head_rcu(&inode->i_hash, head);\n\tspin_unlock(&inode->i_lock);\n\tinode->i_state |= I_NEW;",
      ),
    ],
    invariants: ["UNIQ", "STATE"],
    through: "inode_insert5",
    in61: "harmless",
  },
  {
    id: "evict_inodes() gives i_lock back twice",
    edits: [
      replace(
        "evict_inodes",
        "inode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "inode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: ["STATE"],
    through: "evict_inodes",
  },
  {
    id: "evict_inodes() disposes under the list's lock",
    edits: [
      replace(
        "evict_inodes",
        "spin_unlock(&sb->s_inode_list_lock);\n\n\tdispose_list(&dispose);",
        "dispose_list(&dispose);\n\tspin_unlock(&sb->s_inode_list_lock);",
      ),
    ],
    invariants: ["PROG"],
  },
];
