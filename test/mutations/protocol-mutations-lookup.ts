/** More fixes taken out of Linux 6.12's fs/inode.c: what a lookup or a create looks at and waits for. */
import type { ProtocolMutation } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const WAIT_IN_ILOOKUP = "wait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode))) {";

export const LOOKUP_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "find_inode() misses I_WILL_FREE",
    edits: [replace("find_inode", "(I_FREEING|I_WILL_FREE)", "I_FREEING")],
    invariants: ["ONCE", "UAF", "STATE"],
    through: "find_inode",
  },
  {
    id: "find_inode_fast() misses I_FREEING",
    edits: [replace("find_inode_fast", "(I_FREEING|I_WILL_FREE)", "I_WILL_FREE")],
    invariants: ["STATE", "UAF", "UNIQ"],
    through: "find_inode_fast",
  },
  {
    id: "find_inode() looks at the flags before it takes i_lock",
    edits: [
      replace(
        "find_inode",
        "spin_lock(&inode->i_lock);\n\t\tif (inode->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\t\t__wait_on_freeing_inode",
        "if (inode->i_state & (I_FREEING|I_WILL_FREE)) {\n\t\t\tspin_lock(&inode->i_lock);\n\t\t\t__wait_on_freeing_inode",
      ),
      replace(
        "find_inode",
        "if (unlikely(inode->i_state & I_CREATING))",
        "spin_lock(&inode->i_lock);\n\t\tif (unlikely(inode->i_state & I_CREATING))",
      ),
    ],
    invariants: ["STATE", "UAF", "UNIQ"],
    through: "find_inode",
  },
  {
    id: "find_inode_fast() steps over a dying inode",
    edits: [
      replace(
        "find_inode_fast",
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\t\tgoto repeat;",
        "spin_unlock(&inode->i_lock);\n\t\t\tcontinue;",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "find_inode() steps over a dying inode",
    edits: [
      replace(
        "find_inode",
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\t\tgoto repeat;",
        "spin_unlock(&inode->i_lock);\n\t\t\tcontinue;",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "find_inode_fast() goes on with the inode it has waited for",
    edits: [
      replace(
        "find_inode_fast",
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\t\tgoto repeat;",
        "__wait_on_freeing_inode(inode, is_inode_hash_locked);\n\t\t\tspin_lock(&inode->i_lock);",
      ),
    ],
    invariants: ["UAF", "STATE"],
    through: "find_inode_fast",
  },
  {
    id: "find_inode() does not take its reference",
    edits: [replace("find_inode", "__iget(inode);", "")],
    invariants: ["STATE", "UAF", "ONCE"],
    through: "find_inode",
  },
  {
    id: "find_inode() takes its reference without i_lock",
    edits: [
      replace(
        "find_inode",
        "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\t__iget(inode);",
      ),
    ],
    invariants: ["STATE", "ONCE", "UAF"],
    through: "find_inode",
  },
  {
    id: "find_inode_fast() leaves RCU before it locks the inode",
    edits: [
      replace(
        "find_inode_fast",
        "if (inode->i_sb != sb)\n\t\t\tcontinue;\n\t\tspin_lock(&inode->i_lock);",
        "if (inode->i_sb != sb)\n\t\t\tcontinue;\n\t\trcu_read_unlock();\n\t\tspin_lock(&inode->i_lock);\n\t\trcu_read_lock();",
      ),
    ],
    invariants: ["UAF"],
    through: "find_inode_fast",
    in61: "another",
  },
  {
    id: "find_inode_fast() returns without i_lock given back when it finds an inode being created",
    edits: [
      replace(
        "find_inode_fast",
        "spin_unlock(&inode->i_lock);\n\t\t\trcu_read_unlock();\n\t\t\treturn ERR_PTR(-ESTALE);",
        "rcu_read_unlock();\n\t\t\treturn ERR_PTR(-ESTALE);",
      ),
    ],
    invariants: ["PROG"],
    through: "find_inode_fast",
  },
  {
    id: "__wait_on_freeing_inode() waits under RCU",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "spin_unlock(&inode->i_lock);\n\trcu_read_unlock();",
        "spin_unlock(&inode->i_lock);",
      ),
      replace(
        "__wait_on_freeing_inode",
        "spin_lock(&inode_hash_lock);\n\trcu_read_lock();",
        "spin_lock(&inode_hash_lock);",
      ),
    ],
    invariants: ["PROG"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "__wait_on_freeing_inode() waits with inode_hash_lock held",
    edits: [
      replace("__wait_on_freeing_inode", "if (is_inode_hash_locked)\n\t\tspin_unlock(&inode_hash_lock);", ""),
      replace("__wait_on_freeing_inode", "if (is_inode_hash_locked)\n\t\tspin_lock(&inode_hash_lock);", ""),
    ],
    invariants: ["PROG"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "__wait_on_freeing_inode() waits for the wrong bit",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "inode_bit_waitqueue(&wqe, inode, __I_NEW)",
        "inode_bit_waitqueue(&wqe, inode, __I_SYNC)",
      ),
    ],
    invariants: ["WAKE"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "__wait_on_freeing_inode() looks at the hash before and not while it holds i_lock",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "if (unlikely(inode_unhashed(inode))) {",
        "spin_unlock(&inode->i_lock);\n\tbool gone = inode_unhashed(inode);\n\tspin_lock(&inode->i_lock);\n\tif (gone) {",
      ),
    ],
    invariants: ["WAKE"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "iget_locked() drops the hash lock before it inserts",
    edits: [
      replace(
        "iget_locked",
        "if (!old) {\n\t\t\tinode->i_ino = ino;",
        "if (!old) {\n\t\t\tspin_unlock(&inode_hash_lock);\n\t\t\tspin_lock(&inode_hash_lock);\n\t\t\tinode->i_ino = ino;",
      ),
    ],
    invariants: ["UNIQ"],
    through: "iget_locked",
  },
  {
    id: "iget_locked() hashes the inode before it is marked new",
    edits: [
      replace(
        "iget_locked",
        "spin_lock(&inode->i_lock);\n\t\t\tinode->i_state = I_NEW;\n\t\t\thlist_add_head_rcu(&inode->i_hash, head);\n\t\t\tspin_unlock(&inode->i_lock);",
        "hlist_add_head_rcu(&inode->i_hash, head);\n\t\t\tspin_lock(&inode->i_lock);\n\t\t\tinode->i_state = I_NEW;\n\t\t\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: ["UNIQ", "STATE"],
    through: "iget_locked",
    in61: "harmless",
  },
  {
    id: "iget_locked() never hashes what it makes",
    edits: [replace("iget_locked", "hlist_add_head_rcu(&inode->i_hash, head);", "")],
    invariants: ["UNIQ"],
  },
  {
    id: "iget_locked() keeps inode_hash_lock",
    edits: [
      replace(
        "iget_locked",
        "inode_sb_list_add(inode);\n\t\t\tspin_unlock(&inode_hash_lock);",
        "inode_sb_list_add(inode);",
      ),
    ],
    invariants: ["PROG", "STATE"],
  },
  {
    id: "iget_locked() frees the inode that it has found",
    edits: [
      replace(
        "iget_locked",
        "destroy_inode(inode);\n\t\tif (IS_ERR(old))",
        "destroy_inode(old);\n\t\tif (IS_ERR(old))",
      ),
    ],
    invariants: ["UAF", "STATE", "UNIQ"],
  },
  {
    id: "iget_locked() puts what it has found twice",
    edits: [
      replace(
        "iget_locked",
        "destroy_inode(inode);\n\t\tif (IS_ERR(old))\n\t\t\treturn NULL;\n\t\tinode = old;",
        "destroy_inode(inode);\n\t\tif (IS_ERR(old))\n\t\t\treturn NULL;\n\t\tinode = old;\n\t\tiput(old);",
      ),
    ],
    invariants: ["UAF", "ONCE", "STATE"],
  },
  {
    id: "inode_insert5() does not hash",
    edits: [replace("inode_insert5", "hlist_add_head_rcu(&inode->i_hash, head);", "")],
    invariants: ["UNIQ"],
  },
  {
    id: "inode_insert5() does not mark the inode new",
    edits: [replace("inode_insert5", "inode->i_state |= I_NEW;", "")],
    invariants: ["STATE", "UNIQ"],
  },
  {
    id: "inode_insert5() does not wait until the inode is built",
    edits: [replace("inode_insert5", "wait_on_inode(old);", "")],
    invariants: ["UNIQ", "STATE", "UAF"],
  },
  {
    id: "inode_insert5() waits for the inode with inode_hash_lock held",
    edits: [
      replace("inode_insert5", "spin_unlock(&inode_hash_lock);\n\t\tif (IS_ERR(old))", "if (IS_ERR(old))"),
      replace("inode_insert5", "wait_on_inode(old);", "wait_on_inode(old);\n\t\tspin_unlock(&inode_hash_lock);"),
    ],
    invariants: ["PROG", "STATE"],
    through: "inode_insert5",
  },
  {
    id: "ilookup() does not wait until the inode is built",
    edits: [replace("ilookup", WAIT_IN_ILOOKUP, "if (unlikely(inode_unhashed(inode))) {")],
    invariants: ["UNIQ", "STATE", "UAF"],
  },
  {
    id: "find_inode_fast() takes an inode whose creation has failed",
    edits: [replace("find_inode_fast", "unlikely(inode->i_state & I_CREATING)", "0")],
    invariants: ["UNIQ"],
    through: "find_inode_fast",
  },
  {
    id: "find_inode() takes an inode whose creation has failed",
    edits: [replace("find_inode", "unlikely(inode->i_state & I_CREATING)", "0")],
    invariants: ["UNIQ"],
    through: "find_inode",
  },
  {
    id: "discard_new_inode() lets the inode be taken for a whole one",
    edits: [replace("discard_new_inode", "inode->i_state &= ~I_NEW;", "inode->i_state &= ~I_NEW & ~I_CREATING;")],
    invariants: ["UNIQ"],
    through: "discard_new_inode",
  },
  {
    id: "discard_new_inode() leaves I_NEW set",
    edits: [replace("discard_new_inode", "inode->i_state &= ~I_NEW;", "")],
    invariants: ["STATE", "PROG", "WAKE"],
  },
  {
    id: "discard_new_inode() drops the reference with i_lock held",
    edits: [
      replace(
        "discard_new_inode",
        "spin_unlock(&inode->i_lock);\n\tiput(inode);",
        "iput(inode);\n\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: ["PROG"],
    through: "discard_new_inode",
  },
  {
    id: "igrab() misses I_WILL_FREE",
    edits: [replace("igrab", "(I_FREEING|I_WILL_FREE)", "I_WILL_FREE")],
    invariants: ["STATE", "UAF"],
    through: "igrab",
  },
  {
    id: "igrab() takes its reference without i_lock",
    edits: [
      replace(
        "igrab",
        "__iget(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\t__iget(inode);",
      ),
    ],
    invariants: ["STATE", "UAF", "ONCE"],
    through: "igrab",
  },
  {
    id: "igrab() returns an inode without a reference",
    edits: [replace("igrab", "__iget(inode);", "")],
    invariants: ["STATE", "UAF", "ONCE"],
    through: "igrab",
  },
  {
    id: "insert_inode_locked() keeps the old inode's i_lock when it steps over",
    edits: [replace("insert_inode_locked", "spin_unlock(&old->i_lock);\n\t\t\t\tcontinue;", "continue;")],
    invariants: ["PROG", "STATE"],
    through: "insert_inode_locked",
  },
  {
    id: "insert_inode_locked() does not mark the inode new",
    edits: [replace("insert_inode_locked", "inode->i_state |= I_NEW | I_CREATING;", "")],
    invariants: ["STATE", "UNIQ"],
  },
  {
    id: "insert_inode_locked() drops a reference too many",
    edits: [replace("insert_inode_locked", "__iget(old);", "")],
    invariants: ["STATE", "UAF", "ONCE"],
  },
];
