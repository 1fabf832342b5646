/** Linux 6.12 line by line: lookups, creates, waits and the helpers of include/linux. */
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const replaceFs = replaceIn("include/linux/fs.h");
const replaceWait = replaceIn("include/linux/writeback.h");
const replaceBad = replaceIn("fs/bad_inode.c");

export const LOOKUP_LINE_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "find_inode_fast(): continue after the wait",
    edits: [
      replace(
        "find_inode_fast",
        "is_inode_hash_locked);\n\t\t\tgoto repeat;",
        "is_inode_hash_locked);\n\t\t\tcontinue;",
      ),
    ],
    invariants: ["UAF"],
  },
  {
    id: "find_inode(): continue after the wait",
    edits: [
      replace("find_inode", "is_inode_hash_locked);\n\t\t\tgoto repeat;", "is_inode_hash_locked);\n\t\t\tcontinue;"),
    ],
    invariants: ["UAF"],
  },
  {
    id: "find_inode_fast(): returns inside RCU",
    edits: [
      replace(
        "find_inode_fast",
        "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t\trcu_read_unlock();",
        "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: ["PROG", "STATE"],
  },
  {
    id: "find_inode(): not found returns inside RCU",
    edits: [replace("find_inode", "rcu_read_unlock();\n\treturn NULL;", "return NULL;")],
    invariants: ["PROG", "STATE"],
  },
  {
    id: "find_inode_fast(): leaves RCU twice",
    edits: [
      replace(
        "find_inode_fast",
        "rcu_read_unlock();\n\treturn NULL;",
        "rcu_read_unlock();\n\trcu_read_unlock();\n\treturn NULL;",
      ),
    ],
    invariants: ["PROG", "STATE", "UAF"],
  },
  {
    id: "__wait_on_freeing_inode(): negated hash_locked",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "if (is_inode_hash_locked)\n\t\tspin_unlock",
        "if (!is_inode_hash_locked)\n\t\tspin_unlock",
      ),
    ],
    invariants: ["STATE"],
  },
  {
    id: "__wait_on_freeing_inode(): no RCU after the wait",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "spin_lock(&inode_hash_lock);\n\trcu_read_lock();",
        "spin_lock(&inode_hash_lock);",
      ),
    ],
    invariants: ["UAF"],
  },
  {
    id: "__wait_on_freeing_inode(): unhashed inverted",
    edits: [replace("__wait_on_freeing_inode", "unlikely(inode_unhashed(inode))", "!inode_unhashed(inode)")],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "__wait_on_freeing_inode(): unhashed keeps i_lock",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "WARN_ON(is_inode_hash_locked);\n\t\tspin_unlock(&inode->i_lock);",
        "WARN_ON(is_inode_hash_locked);",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "wait_on_inode(): wrong address",
    edits: [
      replaceWait(
        "wait_on_inode",
        "inode_state_wait_address(inode, __I_NEW)",
        "inode_state_wait_address(inode, __I_SYNC)",
      ),
    ],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "wait_on_inode(): inverted",
    edits: [
      replaceWait("wait_on_inode", "!(READ_ONCE(inode->i_state) & I_NEW)", "(READ_ONCE(inode->i_state) & I_NEW)"),
    ],
    invariants: ["PROG"],
  },
  {
    id: "wait_on_inode(): wrong flag",
    edits: [replaceWait("wait_on_inode", "READ_ONCE(inode->i_state) & I_NEW", "READ_ONCE(inode->i_state) & I_FREEING")],
    invariants: ["STATE"],
  },
  {
    id: "inode_unhashed(): inverted",
    edits: [replaceFs("inode_unhashed", "hlist_unhashed(&inode->i_hash)", "!hlist_unhashed(&inode->i_hash)")],
    invariants: ["UAF"],
  },
  {
    id: "inode_wake_up_bit(): wakes nothing",
    edits: [replaceFs("inode_wake_up_bit", "wake_up_var(inode_state_wait_address(inode, bit));", "")],
    invariants: ["WAKE"],
  },
  {
    id: "inode_wake_up_bit(): wrong bit",
    edits: [
      replaceFs(
        "inode_wake_up_bit",
        "inode_state_wait_address(inode, bit)",
        "inode_state_wait_address(inode, __I_SYNC)",
      ),
    ],
    invariants: ["WAKE"],
  },
  {
    id: "inode_bit_waitqueue(): wrong bit",
    edits: [
      replace(
        "inode_bit_waitqueue",
        "inode_state_wait_address(inode, bit)",
        "inode_state_wait_address(inode, __I_LRU_ISOLATING)",
      ),
    ],
    invariants: ["WAKE"],
  },
  {
    id: "__iget(): dec",
    edits: [replaceFs("__iget", "atomic_inc(&inode->i_count)", "atomic_dec(&inode->i_count)")],
    invariants: ["STATE"],
  },
  {
    id: "new_inode(): not on the list",
    edits: [replace("new_inode", "if (inode)\n\t\tinode_sb_list_add(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "inode_insert5(): not on the list",
    edits: [replace("inode_insert5", "if (list_empty(&inode->i_sb_list))\n\t\tinode_sb_list_add(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "inode_insert5(): list inverted",
    edits: [replace("inode_insert5", "if (list_empty(&inode->i_sb_list))", "if (!list_empty(&inode->i_sb_list))")],
    invariants: ["UMNT", "STATE"],
  },
  {
    id: "inode_insert5(): put on the list twice",
    edits: [
      replace(
        "inode_insert5",
        "if (list_empty(&inode->i_sb_list))\n\t\tinode_sb_list_add(inode);",
        "inode_sb_list_add(inode);",
      ),
    ],
    invariants: ["STATE"],
  },
  {
    id: "iget_locked(): not on the list",
    edits: [replace("iget_locked", "inode_sb_list_add(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "insert_inode_locked(): hash lock before add",
    edits: [
      replace(
        "insert_inode_locked",
        "if (likely(!old)) {",
        "if (likely(!old)) {\n\t\t\tspin_unlock(&inode_hash_lock);",
      ),
      replace(
        "insert_inode_locked",
        "spin_unlock(&inode->i_lock);\n\t\t\tspin_unlock(&inode_hash_lock);",
        "spin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "insert_inode_locked(): CREATING keeps lock",
    edits: [
      replace(
        "insert_inode_locked",
        "spin_unlock(&old->i_lock);\n\t\t\tspin_unlock(&inode_hash_lock);\n\t\t\treturn -EBUSY;",
        "spin_unlock(&inode_hash_lock);\n\t\t\treturn -EBUSY;",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "insert_inode_locked4(): CREATING after insert",
    edits: [
      replace("insert_inode_locked4", "inode->i_state |= I_CREATING;", ""),
      replace("insert_inode_locked4", "return 0;", "inode->i_state |= I_CREATING;\n\treturn 0;"),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "insert_inode_locked4(): inverted",
    edits: [replace("insert_inode_locked4", "old != inode", "old == inode")],
    invariants: ["STATE"],
  },
  {
    id: "ilookup5_nowait(): error pointer goes on",
    edits: [replace("ilookup5_nowait", "return IS_ERR(inode) ? NULL : inode;", "return inode;")],
    invariants: ["UAF"],
  },
  {
    id: "iget_locked(): error pointer goes on",
    edits: [replace("iget_locked", "if (IS_ERR(inode))\n\t\t\treturn NULL;", "")],
    invariants: ["UAF"],
  },
  {
    id: "inode_insert5(): error pointer goes on",
    edits: [replace("inode_insert5", "if (IS_ERR(old))\n\t\t\treturn NULL;", "")],
    invariants: ["UAF"],
  },
  {
    id: "ilookup(): error pointer goes on",
    edits: [replace("ilookup", "if (IS_ERR(inode))\n\t\t\treturn NULL;", "")],
    invariants: ["UAF"],
  },
  {
    id: "iget_failed(): unlocks before bad",
    edits: [
      replaceBad(
        "iget_failed",
        "make_bad_inode(inode);\n\tunlock_new_inode(inode);",
        "unlock_new_inode(inode);\n\tmake_bad_inode(inode);",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "iget_failed(): does not unlock",
    edits: [replaceBad("iget_failed", "unlock_new_inode(inode);", "")],
    invariants: ["STATE"],
  },
  {
    id: "iget5_locked(): destroys on equal",
    edits: [replace("iget5_locked", "inode != new", "inode == new")],
    invariants: ["UAF"],
  },
];
