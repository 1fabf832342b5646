/** Loops of Linux 6.12 that never end: runs that go on for ever although everybody who can move does. */
import type { ProtocolMutation } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const WAIT_IN_FIND = "__wait_on_freeing_inode(inode, is_inode_hash_locked);";

export const LOOP_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "find_inode_fast() looks again with inode_hash_lock held, which the evictor needs",
    edits: [replace("find_inode_fast", WAIT_IN_FIND, "spin_unlock(&inode->i_lock);")],
    invariants: ["PROG"],
    through: "find_inode_fast",
  },
  {
    id: "find_inode() looks again with inode_hash_lock held, which the evictor needs",
    edits: [replace("find_inode", WAIT_IN_FIND, "spin_unlock(&inode->i_lock);")],
    invariants: ["PROG"],
    through: "find_inode",
  },
  {
    id: "evict() wakes, and neither unhashes nor frees: lookups look again for ever",
    edits: [
      replace("evict", "remove_inode_hash(inode);", ""),
      replace("evict", "destroy_inode(inode);", ""),
      replace(
        "find_inode_fast",
        WAIT_IN_FIND,
        "spin_unlock(&inode->i_lock);\n\t\t\tif (is_inode_hash_locked) {\n\t\t\t\tspin_unlock(&inode_hash_lock);\n\t\t\t\tspin_lock(&inode_hash_lock);\n\t\t\t}",
      ),
    ],
    invariants: ["PROG", "WAKE"],
  },
  {
    id: "iget_locked() looks again although the inode stays in the hash",
    edits: [
      replace(
        "iget_locked",
        "return NULL;\n\t\twait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode))) {\n\t\t\tiput(inode);\n\t\t\tgoto again;\n\t\t}\n\t\treturn inode;",
        "return NULL;\n\t\twait_on_inode(inode);\n\t\tif (!inode_unhashed(inode)) {\n\t\t\tiput(inode);\n\t\t\tgoto again;\n\t\t}\n\t\treturn inode;",
      ),
    ],
    invariants: ["PROG"],
    through: "iget_locked",
  },
  {
    id: "ilookup() looks again although the inode stays in the hash",
    edits: [replace("ilookup", "unlikely(inode_unhashed(inode))", "!inode_unhashed(inode)")],
    invariants: ["PROG"],
    through: "ilookup",
  },
  {
    id: "inode_insert5() looks again although the inode stays in the hash",
    edits: [replace("inode_insert5", "unlikely(inode_unhashed(old))", "!inode_unhashed(old)")],
    invariants: ["PROG"],
    through: "inode_insert5",
  },
  {
    id: "insert_inode_locked() tries again although the number is taken",
    edits: [replace("insert_inode_locked", "iput(old);\n\t\t\treturn -EBUSY;", "iput(old);\n\t\t\tcontinue;")],
    invariants: ["PROG"],
    through: "insert_inode_locked",
  },
  {
    id: "iput() tries again without having dirtied for the lazy times",
    edits: [replace("iput", "mark_inode_dirty_sync(inode);", "")],
    invariants: ["PROG"],
    through: "iput",
  },
  {
    id: "dispose_list() never takes the inode off its list and never evicts",
    edits: [replace("dispose_list", "list_del_init(&inode->i_lru);", ""), replace("dispose_list", "evict(inode);", "")],
    invariants: ["PROG", "UMNT"],
  },
];
