/** Rewrites of Linux 6.12 that say the same in other words, and lines that something else makes superfluous. */
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const replaceWriteback = replaceIn("fs/fs-writeback.c");

export const HARMLESS_LINES: readonly ProtocolMutation[] = [
  {
    id: "__inode_add_lru(): without i_count",
    edits: [replace("__inode_add_lru", "if (atomic_read(&inode->i_count))\n\t\treturn;", "")],
    invariants: [],
  },
  {
    id: "inode_unpin_lru_isolating(): wakes before it clears",
    edits: [
      replace(
        "inode_unpin_lru_isolating",
        "inode->i_state &= ~I_LRU_ISOLATING;",
        "inode_wake_up_bit(inode, __I_LRU_ISOLATING);",
      ),
      replace(
        "inode_unpin_lru_isolating",
        "ordering. */\n\tinode_wake_up_bit(inode, __I_LRU_ISOLATING);",
        "ordering. */\n\tinode->i_state &= ~I_LRU_ISOLATING;",
      ),
    ],
    invariants: [],
  },
  {
    id: "clear_inode(): without assertions",
    edits: [replace("clear_inode", "BUG_ON(!(inode->i_state & I_FREEING));\n\tBUG_ON(inode->i_state & I_CLEAR);", "")],
    invariants: [],
  },
  {
    id: "evict(): waits swapped",
    edits: [
      replace("evict", "inode_wait_for_lru_isolating(inode);", "inode_wait_for_writeback(inode);"),
      replace(
        "evict",
        "running writeback to finish.\n\t */\n\tinode_wait_for_writeback(inode);",
        "running writeback to finish.\n\t */\n\tinode_wait_for_lru_isolating(inode);",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes(): not the _safe walk",
    edits: [
      replace(
        "evict_inodes",
        "list_for_each_entry_safe(inode, next, &sb->s_inodes, i_sb_list)",
        "list_for_each_entry(inode, &sb->s_inodes, i_sb_list)",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes(): I_NEW not looked at, which always comes with a reference",
    edits: [replace("evict_inodes", "(I_NEW | I_FREEING | I_WILL_FREE)", "(I_FREEING | I_WILL_FREE)")],
    invariants: [],
  },
  {
    id: "find_inode_fast(): leaves RCU before it unlocks, with a reference",
    edits: [
      replace(
        "find_inode_fast",
        "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t\trcu_read_unlock();",
        "__iget(inode);\n\t\trcu_read_unlock();\n\t\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "__wait_on_freeing_inode(): leaves RCU before i_lock",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "spin_unlock(&inode->i_lock);\n\trcu_read_unlock();",
        "rcu_read_unlock();\n\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "__wait_on_freeing_inode(): finish before schedule",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "schedule();\n\tfinish_wait(wq_head, &wqe.wq_entry);",
        "finish_wait(wq_head, &wqe.wq_entry);\n\tschedule();",
      ),
    ],
    invariants: [],
  },
  {
    id: "inode_add_lru(): before I_SYNC cleared",
    edits: [
      replaceWriteback(
        "inode_sync_complete",
        "inode->i_state &= ~I_SYNC;\n\t/* If inode is clean an unused, put it into LRU now... */\n\tinode_add_lru(inode);",
        "inode_add_lru(inode);\n\tinode->i_state &= ~I_SYNC;",
      ),
    ],
    invariants: [],
  },
  {
    id: "discard_new_inode(): I_NEW before lock",
    edits: [
      replace(
        "discard_new_inode",
        "spin_lock(&inode->i_lock);\n\tWARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW;",
        "inode->i_state &= ~I_NEW;\n\tspin_lock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "unlock_new_inode(): state without lock",
    edits: [
      replace(
        "unlock_new_inode",
        "spin_lock(&inode->i_lock);\n\tWARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW & ~I_CREATING;",
        "spin_lock(&inode->i_lock);\n\tinode->i_state = inode->i_state & ~(I_NEW | I_CREATING);",
      ),
    ],
    invariants: [],
  },
  {
    id: "find_inode_fast(): do/while for goto",
    edits: [
      replace(
        "find_inode_fast",
        "rcu_read_lock();\nrepeat:",
        "bool again;\n\trcu_read_lock();\n\tdo {\n\tagain = false;",
      ),
      replace(
        "find_inode_fast",
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\t\tgoto repeat;",
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\t\tagain = true;\n\t\t\tbreak;",
      ),
      replace(
        "find_inode_fast",
        "\t}\n\trcu_read_unlock();\n\treturn NULL;",
        "\t}\n\t} while (again);\n\trcu_read_unlock();\n\treturn NULL;",
      ),
    ],
    invariants: [],
  },
  {
    id: "iput_final(): locals",
    edits: [
      replace(
        "iput_final",
        "if (!drop &&\n\t    !(inode->i_state & I_DONTCACHE) &&\n\t    (sb->s_flags & SB_ACTIVE)) {",
        "const bool active = sb->s_flags & SB_ACTIVE;\n\tconst bool cached = !(drop || (inode->i_state & I_DONTCACHE));\n\tif (cached && active) {",
      ),
    ],
    invariants: [],
  },
  {
    id: "iput_final(): inverted and return",
    edits: [
      replace(
        "iput_final",
        "if (!drop &&\n\t    !(inode->i_state & I_DONTCACHE) &&\n\t    (sb->s_flags & SB_ACTIVE)) {\n\t\t__inode_add_lru(inode, true);\n\t\tspin_unlock(&inode->i_lock);\n\t\treturn;\n\t}",
        "if (drop || (inode->i_state & I_DONTCACHE) || !(sb->s_flags & SB_ACTIVE))\n\t\tgoto out;\n\t__inode_add_lru(inode, true);\n\tspin_unlock(&inode->i_lock);\n\treturn;\nout:",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes(): switch to for(;;) list_first",
    edits: [
      replace(
        "dispose_list",
        "while (!list_empty(head)) {\n\t\tstruct inode *inode;\n\n\t\tinode = list_first_entry(head, struct inode, i_lru);",
        "struct inode *inode;\n\n\twhile ((inode = list_first_entry_or_null(head, struct inode, i_lru)) != NULL) {",
      ),
    ],
    invariants: [],
  },
  {
    id: "__wait_on_freeing_inode(): locals + guard",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "if (unlikely(inode_unhashed(inode))) {\n\t\tWARN_ON(is_inode_hash_locked);\n\t\tspin_unlock(&inode->i_lock);\n\t\treturn;\n\t}",
        "const bool gone = inode_unhashed(inode);\n\n\tif (gone)\n\t\tgoto unlock;",
      ),
      replace(
        "__wait_on_freeing_inode",
        "spin_lock(&inode_hash_lock);\n\trcu_read_lock();",
        "spin_lock(&inode_hash_lock);\n\trcu_read_lock();\n\treturn;\nunlock:\n\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "unlock_new_inode(): xchg-like local",
    edits: [
      replace(
        "unlock_new_inode",
        "inode->i_state &= ~I_NEW & ~I_CREATING;",
        "unsigned long state = inode->i_state;\n\n\tstate &= ~(I_NEW | I_CREATING);\n\tWRITE_ONCE(inode->i_state, state);",
      ),
    ],
    invariants: [],
  },
  {
    id: "unlock_new_inode(): clears without i_lock",
    edits: [
      replace(
        "unlock_new_inode",
        "spin_lock(&inode->i_lock);\n\tWARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW & ~I_CREATING;",
        "WARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW & ~I_CREATING;\n\tspin_lock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
];
