/** Functions of Linux 6.12 in other idioms, that of 2026 among them, and orders that do not matter: nothing is found. */
import type { MutantEdit } from "../kernel/mutants/mutant.ts";
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { FILE, replace } from "./protocol-mutations.ts";

const replaceWait = replaceIn("include/linux/writeback.h");
const WAKE = "inode_wake_up_bit(inode, __I_NEW);";
const DYING = "inode->i_state & (I_FREEING|I_WILL_FREE)";
const REST_OF_SCAN =
  "spin_lock(&inode->i_lock);\n\t\tif (atomic_read(&inode->i_count)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tcontinue;\n\t\t}\n\t\tif (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tcontinue;\n\t\t}\n\n\t\tinode->i_state |= I_FREEING;\n\t\tinode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);";

const above = (fn: string, text: string): MutantEdit => ({ file: FILE, function: fn, at: "above", text });

export const HARMLESS_IDIOMS: readonly ProtocolMutation[] = [
  {
    id: "a helper with an out parameter says whether an inode is dying",
    edits: [
      above(
        "igrab",
        "static void look_at(struct inode *inode, bool *dying)\n{\n\t*dying = !!(inode->i_state & (I_FREEING | I_WILL_FREE));\n}\n\n",
      ),
      replace("igrab", `if (!(${DYING}))`, "bool dying;\n\n\tlook_at(inode, &dying);\n\tif (!dying)"),
    ],
    invariants: [],
  },
  {
    id: "igrab() by a switch",
    edits: [
      replace(
        "igrab",
        `if (!(${DYING}))`,
        `bool dying = true;\n\n\tswitch (${DYING}) {\n\tcase 0:\n\t\tdying = false;\n\t\tbreak;\n\tdefault:\n\t\tbreak;\n\t}\n\tif (!dying)`,
      ),
    ],
    invariants: [],
  },
  {
    id: "igrab() by a macro for the flags",
    edits: [
      above("igrab", "#define I_DYING (I_FREEING | I_WILL_FREE)\n\n"),
      replace("igrab", "(I_FREEING|I_WILL_FREE)", "I_DYING"),
    ],
    invariants: [],
  },
  {
    id: "igrab() takes references that are there already without the lock",
    edits: [
      replace(
        "igrab",
        "spin_lock(&inode->i_lock);",
        "if (atomic_inc_not_zero(&inode->i_count))\n\t\treturn inode;\n\tspin_lock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "iput() of 2026",
    edits: [
      replace(
        "iput",
        "if (atomic_dec_and_lock(&inode->i_count, &inode->i_lock)) {",
        "if (atomic_add_unless(&inode->i_count, -1, 1))\n\t\treturn;\n\tif ((READ_ONCE(inode->i_state) & I_DIRTY_TIME) && inode->i_nlink) {\n\t\tmark_inode_dirty_sync(inode);\n\t\tgoto retry;\n\t}\n\tspin_lock(&inode->i_lock);\n\tif (!atomic_dec_and_test(&inode->i_count)) {\n\t\tspin_unlock(&inode->i_lock);\n\t\treturn;\n\t}\n\t{",
      ),
    ],
    invariants: [],
  },
  {
    id: "iput_final() of 2026",
    edits: [
      replace(
        "iput_final",
        "state = inode->i_state;\n\tif (!drop) {\n\t\tWRITE_ONCE(inode->i_state, state | I_WILL_FREE);",
        "if (drop) {\n\t\tinode->i_state |= I_FREEING;\n\t} else {\n\t\tinode->i_state |= I_WILL_FREE;",
      ),
      replace(
        "iput_final",
        "state = inode->i_state;\n\t\tWARN_ON(state & I_NEW);\n\t\tstate &= ~I_WILL_FREE;",
        "WARN_ON(inode->i_state & I_NEW);\n\t\tstate = inode->i_state;\n\t\tstate &= ~I_WILL_FREE;\n\t\tstate |= I_FREEING;\n\t\tWRITE_ONCE(inode->i_state, state);",
      ),
      replace("iput_final", "\tWRITE_ONCE(inode->i_state, state | I_FREEING);\n", ""),
    ],
    invariants: [],
  },
  {
    id: "evict() waits in a helper that takes the lock",
    edits: [
      above(
        "evict",
        "static void wait_for_others(struct inode *inode)\n{\n\tguard(spinlock)(&inode->i_lock);\n\tinode_wait_for_lru_isolating(inode);\n\tinode_wait_for_writeback(inode);\n}\n\n",
      ),
      replace("evict", "spin_lock(&inode->i_lock);\n\tinode_wait_for_lru_isolating(inode);", ""),
      replace("evict", "inode_wait_for_writeback(inode);\n\tspin_unlock(&inode->i_lock);", "wait_for_others(inode);"),
    ],
    invariants: [],
  },
  {
    id: "evict() unhashes and wakes in one section",
    edits: [
      replace("evict", "\tremove_inode_hash(inode);\n", ""),
      replace(
        "evict",
        "spin_lock(&inode->i_lock);\n\t/*\n\t * Pairs",
        "spin_lock(&inode_hash_lock);\n\tspin_lock(&inode->i_lock);\n\tif (!inode_unhashed(inode))\n\t\thlist_del_init_rcu(&inode->i_hash);\n\tspin_unlock(&inode_hash_lock);\n\t/*\n\t * Pairs",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict() counts with #ifdef",
    edits: [
      replace(
        "evict",
        "inode_sb_list_del(inode);",
        "#ifdef CONFIG_DEBUG_FS\n\tthis_cpu_inc(nr_unused);\n#endif\n\tinode_sb_list_del(inode);",
      ),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes() with one helper for each inode",
    edits: [
      above(
        "evict_inodes",
        "static bool mark_for_eviction(struct inode *inode, struct list_head *dispose)\n{\n\tguard(spinlock)(&inode->i_lock);\n\tif (atomic_read(&inode->i_count) || (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE)))\n\t\treturn false;\n\tinode->i_state |= I_FREEING;\n\tinode_lru_list_del(inode);\n\tlist_add(&inode->i_lru, dispose);\n\treturn true;\n}\n\n",
      ),
      replace(
        "evict_inodes",
        `${REST_OF_SCAN}\n\t\tlist_add(&inode->i_lru, &dispose);`,
        "if (!mark_for_eviction(inode, &dispose))\n\t\t\tcontinue;",
      ),
    ],
    invariants: [],
  },
  {
    id: "dispose_list() by the safe walk",
    edits: [
      replace(
        "dispose_list",
        "while (!list_empty(head)) {\n\t\tstruct inode *inode;\n\n\t\tinode = list_first_entry(head, struct inode, i_lru);\n",
        "struct inode *inode, *next;\n\n\tlist_for_each_entry_safe(inode, next, head, i_lru) {\n",
      ),
    ],
    invariants: [],
  },
  {
    id: "find_inode_fast() tests outside of the loop",
    edits: [
      replace(
        "find_inode_fast",
        "spin_lock(&inode->i_lock);\n\t\tif (inode->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\t\t__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\t\tgoto repeat;\n\t\t}\n\t\tif (unlikely(inode->i_state & I_CREATING)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\trcu_read_unlock();\n\t\t\treturn ERR_PTR(-ESTALE);\n\t\t}\n\t\t__iget(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t\trcu_read_unlock();\n\t\treturn inode;\n\t}\n\trcu_read_unlock();\n\treturn NULL;",
        "break;\n\t}\n\tif (!inode) {\n\t\trcu_read_unlock();\n\t\treturn NULL;\n\t}\n\tspin_lock(&inode->i_lock);\n\tif (inode->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\t__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\tgoto repeat;\n\t}\n\tif (unlikely(inode->i_state & I_CREATING)) {\n\t\tspin_unlock(&inode->i_lock);\n\t\trcu_read_unlock();\n\t\treturn ERR_PTR(-ESTALE);\n\t}\n\t__iget(inode);\n\tspin_unlock(&inode->i_lock);\n\trcu_read_unlock();\n\treturn inode;",
      ),
    ],
    invariants: [],
  },
  {
    id: "find_inode() by scoped RCU",
    edits: [
      replace("find_inode", "rcu_read_lock();\nrepeat:", "guard(rcu)();\nrepeat:"),
      replace(
        "find_inode",
        "spin_unlock(&inode->i_lock);\n\t\t\trcu_read_unlock();\n\t\t\treturn ERR_PTR",
        "spin_unlock(&inode->i_lock);\n\t\t\treturn ERR_PTR",
      ),
      replace(
        "find_inode",
        "spin_unlock(&inode->i_lock);\n\t\trcu_read_unlock();\n\t\treturn inode;",
        "spin_unlock(&inode->i_lock);\n\t\treturn inode;",
      ),
      replace("find_inode", "\trcu_read_unlock();\n\treturn NULL;", "\treturn NULL;"),
    ],
    invariants: [],
  },
  {
    id: "__wait_on_freeing_inode() enqueues before it looks",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "if (unlikely(inode_unhashed(inode))) {\n\t\tWARN_ON(is_inode_hash_locked);\n\t\tspin_unlock(&inode->i_lock);\n\t\treturn;\n\t}\n\n\twq_head = inode_bit_waitqueue(&wqe, inode, __I_NEW);\n\tprepare_to_wait_event(wq_head, &wqe.wq_entry, TASK_UNINTERRUPTIBLE);",
        "wq_head = inode_bit_waitqueue(&wqe, inode, __I_NEW);\n\tprepare_to_wait_event(wq_head, &wqe.wq_entry, TASK_UNINTERRUPTIBLE);\n\tif (unlikely(inode_unhashed(inode))) {\n\t\tfinish_wait(wq_head, &wqe.wq_entry);\n\t\tspin_unlock(&inode->i_lock);\n\t\treturn;\n\t}",
      ),
    ],
    invariants: [],
  },
  {
    id: "wait_on_inode() as in 2026: a loop under i_lock",
    edits: [
      replaceWait(
        "wait_on_inode",
        "wait_var_event(inode_state_wait_address(inode, __I_NEW),\n\t\t       !(READ_ONCE(inode->i_state) & I_NEW));",
        "struct wait_bit_queue_entry wqe;\n\tstruct wait_queue_head *wq_head;\n\n\tspin_lock(&inode->i_lock);\n\tif (!(inode->i_state & I_NEW)) {\n\t\tspin_unlock(&inode->i_lock);\n\t\treturn;\n\t}\n\twq_head = inode_bit_waitqueue(&wqe, inode, __I_NEW);\n\tfor (;;) {\n\t\tprepare_to_wait_event(wq_head, &wqe.wq_entry, TASK_UNINTERRUPTIBLE);\n\t\tif (!(inode->i_state & I_NEW))\n\t\t\tbreak;\n\t\tspin_unlock(&inode->i_lock);\n\t\tschedule();\n\t\tspin_lock(&inode->i_lock);\n\t}\n\tfinish_wait(wq_head, &wqe.wq_entry);\n\tWARN_ON(inode->i_state & I_NEW);\n\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "unlock_new_inode() and discard_new_inode() share a helper",
    edits: [
      above(
        "unlock_new_inode",
        "static void finish_new(struct inode *inode, unsigned long flags)\n{\n\tspin_lock(&inode->i_lock);\n\tWARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~flags;\n\tsmp_mb();\n\tinode_wake_up_bit(inode, __I_NEW);\n\tspin_unlock(&inode->i_lock);\n}\n\n",
      ),
      replace(
        "unlock_new_inode",
        "spin_lock(&inode->i_lock);\n\tWARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW & ~I_CREATING;",
        "finish_new(inode, I_NEW | I_CREATING);",
      ),
      replace("unlock_new_inode", `smp_mb();\n\t${WAKE}\n\tspin_unlock(&inode->i_lock);`, ""),
      replace(
        "discard_new_inode",
        "spin_lock(&inode->i_lock);\n\tWARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW;",
        "finish_new(inode, I_NEW);",
      ),
      replace("discard_new_inode", `smp_mb();\n\t${WAKE}\n\tspin_unlock(&inode->i_lock);`, ""),
    ],
    invariants: [],
  },
  {
    id: "iget_locked() hashes by a helper",
    edits: [
      above(
        "iget_locked",
        "static void insert_new(struct inode *inode, struct hlist_head *head)\n{\n\tscoped_guard(spinlock, &inode->i_lock) {\n\t\tinode->i_state = I_NEW;\n\t\thlist_add_head_rcu(&inode->i_hash, head);\n\t}\n\tinode_sb_list_add(inode);\n}\n\n",
      ),
      replace(
        "iget_locked",
        "spin_lock(&inode->i_lock);\n\t\t\tinode->i_state = I_NEW;\n\t\t\thlist_add_head_rcu(&inode->i_hash, head);\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tinode_sb_list_add(inode);",
        "insert_new(inode, head);",
      ),
    ],
    invariants: [],
  },
  {
    id: "insert_inode_locked() waits for dying inodes, as in 2026",
    edits: [
      replace(
        "insert_inode_locked",
        "if (old->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\t\t\tspin_unlock(&old->i_lock);\n\t\t\t\tcontinue;\n\t\t\t}\n\t\t\tbreak;",
        "break;",
      ),
      replace(
        "insert_inode_locked",
        "struct inode *old = NULL;\n\t\tspin_lock(&inode_hash_lock);",
        "struct inode *old;\n\t\tspin_lock(&inode_hash_lock);\n\t\trcu_read_lock();\nrepeat:\n\t\told = NULL;",
      ),
      replace(
        "insert_inode_locked",
        "if (unlikely(old->i_state & I_CREATING)) {",
        "if (old->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\t\t__wait_on_freeing_inode(old, true);\n\t\t\tgoto repeat;\n\t\t}\n\t\trcu_read_unlock();\n\t\tif (unlikely(old->i_state & I_CREATING)) {",
      ),
      replace("insert_inode_locked", "if (likely(!old)) {", "if (likely(!old)) {\n\t\t\trcu_read_unlock();"),
    ],
    invariants: [],
  },
  {
    id: "inode_lru_isolate() takes an inode off the LRU after it has given i_lock back",
    invariants: [],
    edits: [
      replace(
        "inode_lru_isolate",
        "list_lru_isolate(lru, &inode->i_lru);\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\tlist_lru_isolate(lru, &inode->i_lru);",
      ),
    ],
  },
  {
    id: "igrab() looks at i_count alone",
    invariants: [],
    edits: [replace("igrab", "!(inode->i_state & (I_FREEING|I_WILL_FREE))", "atomic_read(&inode->i_count)")],
  },
  { id: "discard_new_inode() wakes nobody", invariants: [], edits: [replace("discard_new_inode", WAKE, "")] },
  {
    id: "__remove_inode_hash(): gives i_lock back before it takes the inode off",
    invariants: [],
    edits: [
      replace(
        "__remove_inode_hash",
        "hlist_del_init_rcu(&inode->i_hash);\n\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\thlist_del_init_rcu(&inode->i_hash);",
      ),
    ],
  },
];
