/** Functions of Linux 6.12 rewritten with guard() and scoped_guard(), as they are and with a scope that is too short. */
import type { ProtocolMutation } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const DYING = "inode->i_state & (I_FREEING|I_WILL_FREE)";

export const GUARD_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "igrab() takes its reference behind the scope of its guard",
    edits: [
      replace(
        "igrab",
        "spin_lock(&inode->i_lock);",
        `bool dying = true;\n\n\tscoped_guard(spinlock, &inode->i_lock)\n\t\tdying = ${DYING};`,
      ),
      replace(
        "igrab",
        `if (!(${DYING})) {\n\t\t__iget(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t} else {\n\t\tspin_unlock(&inode->i_lock);`,
        "if (!dying) {\n\t\t__iget(inode);\n\t} else {",
      ),
    ],
    invariants: ["STATE", "UAF", "ONCE"],
    through: "igrab",
  },
  {
    id: "unlock_new_inode() wakes behind the scope of its guard, and clears I_NEW after that",
    edits: [
      replace(
        "unlock_new_inode",
        "spin_lock(&inode->i_lock);\n\tWARN_ON(!(inode->i_state & I_NEW));\n\tinode->i_state &= ~I_NEW & ~I_CREATING;",
        "{\n\t\tguard(spinlock)(&inode->i_lock);\n\t\tWARN_ON(!(inode->i_state & I_NEW));\n\t}",
      ),
      replace(
        "unlock_new_inode",
        "inode_wake_up_bit(inode, __I_NEW);\n\tspin_unlock(&inode->i_lock);",
        "inode_wake_up_bit(inode, __I_NEW);\n\tscoped_guard(spinlock, &inode->i_lock) {\n\t\tinode->i_state &= ~I_NEW & ~I_CREATING;\n\t}",
      ),
    ],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "evict() keeps its guard while it frees the inode",
    edits: [
      replace(
        "evict",
        "spin_lock(&inode->i_lock);\n\t/*\n\t * Pairs",
        "guard(spinlock)(&inode->i_lock);\n\t/*\n\t * Pairs",
      ),
      replace("evict", "(I_FREEING | I_CLEAR));\n\tspin_unlock(&inode->i_lock);", "(I_FREEING | I_CLEAR));"),
    ],
    invariants: ["UAF", "PROG", "STATE"],
    in61: "another",
  },
  {
    id: "iput_final() evicts in the scope of a guard",
    edits: [
      replace(
        "iput_final",
        "WRITE_ONCE(inode->i_state, state | I_FREEING);",
        "spin_unlock(&inode->i_lock);\n\tguard(spinlock)(&inode->i_lock);\n\tWRITE_ONCE(inode->i_state, state | I_FREEING);",
      ),
      replace("iput_final", "inode_lru_list_del(inode);\n\tspin_unlock(&inode->i_lock);", "inode_lru_list_del(inode);"),
    ],
    invariants: ["PROG", "STATE", "ONCE", "UAF"],
  },
];

export const HARMLESS_GUARDS: readonly ProtocolMutation[] = [
  {
    id: "igrab(), unlock_new_inode() and evict() hold their locks by guards",
    edits: [
      replace("igrab", "spin_lock(&inode->i_lock);", "guard(spinlock)(&inode->i_lock);"),
      replace(
        "igrab",
        `if (!(${DYING})) {\n\t\t__iget(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t} else {\n\t\tspin_unlock(&inode->i_lock);`,
        `if (!(${DYING})) {\n\t\t__iget(inode);\n\t} else {`,
      ),
      replace("unlock_new_inode", "spin_lock(&inode->i_lock);", "CLASS(spinlock, held)(&inode->i_lock);"),
      replace("unlock_new_inode", "spin_unlock(&inode->i_lock);", ""),
      replace(
        "evict",
        "spin_lock(&inode->i_lock);\n\t/*\n\t * Pairs",
        "scoped_guard(spinlock, &inode->i_lock) {\n\t/*\n\t * Pairs",
      ),
      replace("evict", "(I_FREEING | I_CLEAR));\n\tspin_unlock(&inode->i_lock);", "(I_FREEING | I_CLEAR));\n\t}"),
    ],
    invariants: [],
  },
  {
    id: "evict_inodes() skips what it must leave alone out of the scope of a guard",
    edits: [
      replace(
        "evict_inodes",
        "spin_lock(&inode->i_lock);\n\t\tif (atomic_read(&inode->i_count)) {\n\t\t\tspin_unlock(&inode->i_lock);\n\t\t\tcontinue;\n\t\t}",
        "{\n\t\t\tguard(spinlock)(&inode->i_lock);\n\t\tif (atomic_read(&inode->i_count))\n\t\t\tcontinue;",
      ),
      replace("evict_inodes", "I_WILL_FREE)) {\n\t\t\tspin_unlock(&inode->i_lock);", "I_WILL_FREE)) {"),
      replace(
        "evict_inodes",
        "inode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);",
        "inode_lru_list_del(inode);\n\t\t}",
      ),
    ],
    invariants: [],
  },
];
