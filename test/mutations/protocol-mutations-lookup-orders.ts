/** Orders, masks and exits of Linux 6.12 changed: lookups, creates and waits. */
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const replaceBad = replaceIn("fs/bad_inode.c");
const _WAKE = "inode_wake_up_bit(inode, __I_NEW);";
const DYING = "(I_FREEING|I_WILL_FREE)";
const SOMEBODY_WAS_FASTER =
  "inode = old;\n\t\twait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode))) {\n\t\t\tiput(inode);\n\t\t\tgoto again;\n\t\t}";

export const LOOKUP_ORDER_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "find_inode_fast() enters RCU again each time",
    invariants: ["PROG", "STATE"],
    edits: [replace("find_inode_fast", "rcu_read_lock();\nrepeat:", "repeat:\n\trcu_read_lock();")],
  },
  {
    id: "find_inode() never enters RCU",
    invariants: ["STATE", "UAF"],
    edits: [replace("find_inode", "rcu_read_lock();\nrepeat:", "repeat:\n\t;")],
  },
  {
    id: "find_inode_fast() takes an inode that is being built for none",
    invariants: ["UNIQ"],
    edits: [
      replace(
        "find_inode_fast",
        "if (unlikely(inode->i_state & I_CREATING)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\trcu_read_unlock();\n\t\t\treturn ERR_PTR(-ESTALE);",
        "if (inode->i_state & I_NEW) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\trcu_read_unlock();\n\t\t\treturn NULL;",
      ),
    ],
  },
  {
    id: "find_inode() takes the reference first and lets a dying inode go without it",
    invariants: ["STATE", "ONCE", "UAF"],
    edits: [
      replace(
        "find_inode",
        "spin_lock(&inode->i_lock);\n\t\tif",
        "__iget(inode);\n\t\tspin_lock(&inode->i_lock);\n\t\tif",
      ),
      replace(
        "find_inode",
        "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t\trcu_read_unlock();\n\t\treturn inode;",
        "spin_unlock(&inode->i_lock);\n\t\trcu_read_unlock();\n\t\treturn inode;",
      ),
    ],
  },
  {
    id: "find_inode_fast() looks for I_CLEAR alone",
    invariants: ["STATE", "ONCE", "UAF", "UNIQ"],
    edits: [replace("find_inode_fast", DYING, "I_CLEAR")],
  },
  {
    id: "find_inode_fast() unlocks a dying inode and waits",
    invariants: ["STATE", "WAKE"],
    edits: [
      replace(
        "find_inode_fast",
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);",
        "spin_unlock(&inode->i_lock);\n\t\t\t__wait_on_freeing_inode(inode, is_inode_hash_locked);",
      ),
    ],
  },
  {
    id: "__wait_on_freeing_inode() leaves the queue only where it had inode_hash_lock",
    invariants: ["UAF"],
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "finish_wait(wq_head, &wqe.wq_entry);\n\tif (is_inode_hash_locked)\n\t\tspin_lock(&inode_hash_lock);",
        "if (is_inode_hash_locked) {\n\t\tfinish_wait(wq_head, &wqe.wq_entry);\n\t\tspin_lock(&inode_hash_lock);\n\t}",
      ),
    ],
  },
  {
    id: "__wait_on_freeing_inode() looks at the inode outside of RCU",
    invariants: ["UAF"],
    edits: [replace("__wait_on_freeing_inode", "schedule();", "if (!inode_unhashed(inode))\n\t\tschedule();")],
  },
  {
    id: "__wait_on_freeing_inode() sleeps until the inode is unhashed",
    invariants: ["UAF", "WAKE"],
    edits: [replace("__wait_on_freeing_inode", "schedule();", "while (!inode_unhashed(inode))\n\t\tschedule();")],
  },
  {
    id: "__wait_on_freeing_inode() takes inode_hash_lock in any case",
    invariants: ["PROG", "STATE"],
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "if (is_inode_hash_locked)\n\t\tspin_lock(&inode_hash_lock);\n\trcu",
        "spin_lock(&inode_hash_lock);\n\trcu",
      ),
    ],
  },
  {
    id: "__wait_on_freeing_inode() wakes nobody's bit: it waits for I_LRU_ISOLATING",
    invariants: ["WAKE", "PROG"],
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "inode_bit_waitqueue(&wqe, inode, __I_NEW)",
        "inode_bit_waitqueue(&wqe, inode, __I_LRU_ISOLATING)",
      ),
    ],
  },
  {
    id: "__wait_on_freeing_inode() does not sleep, under inode_hash_lock",
    invariants: ["PROG"],
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "if (is_inode_hash_locked)\n\t\tspin_unlock(&inode_hash_lock);\n\tschedule();",
        "",
      ),
      replace("__wait_on_freeing_inode", "if (is_inode_hash_locked)\n\t\tspin_lock(&inode_hash_lock);\n\trcu", "rcu"),
    ],
  },
  {
    id: "iget_locked() says that it holds inode_hash_lock when it does not",
    invariants: ["STATE", "PROG"],
    edits: [replace("iget_locked", "find_inode_fast(sb, head, ino, false)", "find_inode_fast(sb, head, ino, true)")],
  },
  {
    id: "iget_locked() does not say that it holds inode_hash_lock",
    invariants: ["PROG", "STATE"],
    edits: [replace("iget_locked", "find_inode_fast(sb, head, ino, true)", "find_inode_fast(sb, head, ino, false)")],
  },
  {
    id: "iget_locked() does not wait for the inode of the one that was faster",
    invariants: ["UNIQ", "STATE", "UAF"],
    edits: [replace("iget_locked", SOMEBODY_WAS_FASTER, "inode = old;")],
  },
  {
    id: "iget_locked() goes on with the unread inode of the one that was faster",
    invariants: ["UNIQ"],
    edits: [replace("iget_locked", SOMEBODY_WAS_FASTER, "inode = old;\n\t\twait_on_inode(inode);")],
  },
  {
    id: "iget_locked() keeps its reference to the unread inode of the one that was faster",
    invariants: ["UMNT"],
    edits: [
      replace(
        "iget_locked",
        SOMEBODY_WAS_FASTER,
        "inode = old;\n\t\twait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode)))\n\t\t\tgoto again;",
      ),
    ],
  },
  {
    id: "iget_locked() waits for the one that was faster with inode_hash_lock held",
    invariants: ["PROG", "STATE"],
    edits: [
      replace("iget_locked", "spin_unlock(&inode_hash_lock);\n\t\tdestroy_inode(inode);", "destroy_inode(inode);"),
      replace(
        "iget_locked",
        SOMEBODY_WAS_FASTER,
        SOMEBODY_WAS_FASTER.replace(
          "wait_on_inode(inode);",
          "wait_on_inode(inode);\n\t\tspin_unlock(&inode_hash_lock);",
        ),
      ),
    ],
  },
  {
    id: "iget_locked() looks before it has inode_hash_lock",
    invariants: ["UNIQ"],
    edits: [
      replace(
        "iget_locked",
        "spin_lock(&inode_hash_lock);\n\t\t/* We released the lock, so.. */\n\t\told = find_inode_fast(sb, head, ino, true);",
        "old = find_inode_fast(sb, head, ino, false);\n\t\tspin_lock(&inode_hash_lock);",
      ),
    ],
  },
  {
    id: "iget5_locked() destroys what it has inserted when it is the one that was made",
    invariants: ["UAF", "UMNT", "STATE"],
    edits: [replace("iget5_locked", "if (unlikely(inode != new))\n\t\t\t\tdestroy_inode(new);", "destroy_inode(new);")],
  },
  {
    id: "iget5_locked_rcu() says that it holds inode_hash_lock",
    invariants: ["STATE", "PROG"],
    edits: [
      replace("iget5_locked_rcu", "find_inode(sb, head, test, data, false)", "find_inode(sb, head, test, data, true)"),
    ],
  },
  {
    id: "iget5_locked_rcu() does not wait until the inode is built",
    invariants: ["UNIQ", "STATE"],
    edits: [replace("iget5_locked_rcu", "wait_on_inode(inode);", "")],
  },
  {
    id: "iget5_locked_rcu() keeps its reference",
    invariants: ["UMNT"],
    edits: [replace("iget5_locked_rcu", "iput(inode);\n", "")],
  },
  {
    id: "iget5_locked_rcu() keeps the inode that it has made in vain",
    invariants: ["UMNT"],
    edits: [replace("iget5_locked_rcu", "if (unlikely(inode != new))\n\t\t\tdestroy_inode(new);", "")],
  },
  {
    id: "inode_insert5() goes on with an inode that has left the hash",
    invariants: ["UNIQ"],
    edits: [
      replace("inode_insert5", "if (unlikely(inode_unhashed(old))) {\n\t\t\tiput(old);\n\t\t\tgoto again;\n\t\t}", ""),
    ],
  },
  {
    id: "inode_insert5() keeps its reference to an inode that has left the hash",
    invariants: ["UMNT"],
    edits: [replace("inode_insert5", "iput(old);\n\t\t\tgoto again;", "goto again;")],
  },
  {
    id: "inode_insert5() leaves by the wrong label",
    invariants: ["STATE", "PROG"],
    edits: [replace("inode_insert5", "return old;\n", "inode = old;\n\t\tgoto unlock;\n")],
  },
  {
    id: "inode_insert5() finds without inode_hash_lock",
    invariants: ["UNIQ", "STATE"],
    edits: [
      replace(
        "inode_insert5",
        "spin_lock(&inode_hash_lock);\n\told = find_inode(inode->i_sb, head, test, data, true);",
        "old = find_inode(inode->i_sb, head, test, data, false);",
      ),
      replace("inode_insert5", "spin_unlock(&inode_hash_lock);\n\t\tif (IS_ERR(old))", "if (IS_ERR(old))"),
      replace(
        "inode_insert5",
        "spin_lock(&inode->i_lock);\n\tinode->i_state |= I_NEW;",
        "spin_lock(&inode_hash_lock);\n\tspin_lock(&inode->i_lock);\n\tinode->i_state |= I_NEW;",
      ),
    ],
  },
  {
    id: "inode_insert5() hashes the old inode again",
    invariants: ["STATE", "UAF", "UNIQ", "PROG"],
    edits: [
      replace(
        "inode_insert5",
        "wait_on_inode(old);",
        "wait_on_inode(old);\n\t\thlist_add_head_rcu(&old->i_hash, head);",
      ),
    ],
  },
  {
    id: "ilookup5() does not wait until the inode is built",
    invariants: ["UNIQ", "STATE"],
    edits: [replace("ilookup5", "wait_on_inode(inode);", "")],
  },
  {
    id: "ilookup5() goes on with an inode that has left the hash",
    invariants: ["UNIQ"],
    edits: [
      replace("ilookup5", "if (unlikely(inode_unhashed(inode))) {\n\t\t\tiput(inode);\n\t\t\tgoto again;\n\t\t}", ""),
    ],
  },
  {
    id: "ilookup5() keeps its reference to an inode that has left the hash",
    invariants: ["UMNT"],
    edits: [replace("ilookup5", "iput(inode);\n", "")],
  },
  {
    id: "ilookup5_nowait() does not take inode_hash_lock",
    invariants: ["STATE"],
    edits: [
      replace("ilookup5_nowait", "spin_lock(&inode_hash_lock);", ""),
      replace("ilookup5_nowait", "spin_unlock(&inode_hash_lock);", ""),
    ],
  },
  {
    id: "ilookup5_nowait() does not say that it holds inode_hash_lock",
    invariants: ["PROG"],
    edits: [
      replace("ilookup5_nowait", "find_inode(sb, head, test, data, true)", "find_inode(sb, head, test, data, false)"),
    ],
  },
  {
    id: "ilookup() puts what it returns",
    invariants: ["STATE", "UAF", "ONCE"],
    edits: [replace("ilookup", "\t}\n\treturn inode;", "\t\tiput(inode);\n\t}\n\treturn inode;")],
  },
  {
    id: "insert_inode_locked() does not look at I_WILL_FREE",
    invariants: ["STATE", "UAF", "ONCE", "PROG"],
    edits: [replace("insert_inode_locked", "(I_FREEING|I_WILL_FREE)", "I_FREEING")],
  },
  {
    id: "insert_inode_locked() takes its reference after it has given the old i_lock back",
    invariants: ["STATE", "UAF", "ONCE"],
    edits: [
      replace(
        "insert_inode_locked",
        "__iget(old);\n\t\tspin_unlock(&old->i_lock);",
        "spin_unlock(&old->i_lock);\n\t\t__iget(old);",
      ),
    ],
  },
  {
    id: "insert_inode_locked() keeps its reference to an inode that has left the hash",
    invariants: ["UMNT"],
    edits: [replace("insert_inode_locked", "return -EBUSY;\n\t\t}\n\t\tiput(old);\n", "return -EBUSY;\n\t\t}\n")],
  },
  {
    id: "insert_inode_locked() waits with inode_hash_lock held",
    invariants: ["PROG", "STATE"],
    edits: [
      replace(
        "insert_inode_locked",
        "spin_unlock(&old->i_lock);\n\t\tspin_unlock(&inode_hash_lock);\n\t\twait_on_inode(old);",
        "spin_unlock(&old->i_lock);\n\t\twait_on_inode(old);\n\t\tspin_unlock(&inode_hash_lock);",
      ),
    ],
  },
  {
    id: "insert_inode_locked() marks the inode after it has given the locks back",
    invariants: ["UNIQ", "STATE"],
    edits: [
      replace("insert_inode_locked", "inode->i_state |= I_NEW | I_CREATING;", ""),
      replace(
        "insert_inode_locked",
        "spin_unlock(&inode_hash_lock);\n\t\t\treturn 0;",
        "spin_unlock(&inode_hash_lock);\n\t\t\tinode->i_state |= I_NEW | I_CREATING;\n\t\t\treturn 0;",
      ),
    ],
  },
  {
    id: "insert_inode_locked() looks without the old inode's i_lock",
    invariants: ["STATE", "UAF", "ONCE", "PROG"],
    edits: [
      replace(
        "insert_inode_locked",
        "spin_lock(&old->i_lock);\n\t\t\tif (old->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\t\t\tspin_unlock(&old->i_lock);\n\t\t\t\tcontinue;\n\t\t\t}\n\t\t\tbreak;",
        "if (old->i_state & (I_FREEING|I_WILL_FREE))\n\t\t\t\tcontinue;\n\t\t\tspin_lock(&old->i_lock);\n\t\t\tbreak;",
      ),
    ],
  },
  {
    id: "insert_inode_locked() says that it is free when the old one stays",
    invariants: ["UNIQ"],
    edits: [replace("insert_inode_locked", "iput(old);\n\t\t\treturn -EBUSY;", "iput(old);\n\t\t\treturn 0;")],
  },
  {
    id: "insert_inode_locked() gives up an inode of a dying number as busy, with its lock",
    invariants: ["PROG", "STATE"],
    edits: [
      replace(
        "insert_inode_locked",
        "spin_unlock(&old->i_lock);\n\t\t\t\tcontinue;",
        "spin_unlock(&inode_hash_lock);\n\t\t\t\treturn -EBUSY;",
      ),
    ],
  },
  {
    id: "insert_inode_locked4() takes an error for success",
    invariants: ["UNIQ", "STATE"],
    edits: [replace("insert_inode_locked4", "if (old != inode) {", "if (old && old != inode) {")],
  },
  {
    id: "unlock_new_inode() forgets every flag",
    invariants: ["UAF", "STATE"],
    edits: [replace("unlock_new_inode", "inode->i_state &= ~I_NEW & ~I_CREATING;", "inode->i_state = 0;")],
  },
  {
    id: "discard_new_inode() drops its reference before it wakes",
    invariants: ["UAF", "STATE"],
    edits: [
      replace("discard_new_inode", "\tiput(inode);", ""),
      replace(
        "discard_new_inode",
        "lockdep_annotate_inode_mutex_key(inode);\n",
        "lockdep_annotate_inode_mutex_key(inode);\n\tiput(inode);\n",
      ),
    ],
  },
  {
    id: "discard_new_inode() clears I_CREATING alone",
    invariants: ["STATE", "UNIQ", "PROG"],
    edits: [replace("discard_new_inode", "~I_NEW", "~I_CREATING")],
  },
  {
    id: "iget_failed() drops its reference before it unlocks",
    invariants: ["STATE", "UAF"],
    edits: [
      replaceBad("iget_failed", "unlock_new_inode(inode);\n\tiput(inode);", "iput(inode);\n\tunlock_new_inode(inode);"),
    ],
  },
  {
    id: "iget_failed() drops its reference twice",
    invariants: ["STATE", "UAF", "ONCE"],
    edits: [replaceBad("iget_failed", "iput(inode);", "iput(inode);\n\tiput(inode);")],
  },
];
