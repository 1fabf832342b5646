/** Fixes taken out of Linux 6.12: writeback beside the last put and reclaim, and what is left when all are through. */
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const replaceWriteback = replaceIn("fs/fs-writeback.c");
const replaceBad = replaceIn("fs/bad_inode.c");

export const WRITEBACK_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "iput_final() keeps what i_state was before it wrote back",
    edits: [replace("iput_final", "state = inode->i_state;\n\t\tWARN_ON(state & I_NEW);", "WARN_ON(state & I_NEW);")],
    invariants: ["PROG", "WAKE", "STATE"],
    through: "iput_final",
  },
  {
    id: "iput_final() evicts without writing back",
    edits: [replace("iput_final", "write_inode_now(inode, 1);", "")],
    invariants: ["STATE"],
  },
  {
    id: "inode_lru_isolate() takes an inode in any state",
    edits: [replace("inode_lru_isolate", "(inode->i_state & ~I_REFERENCED) ||", "")],
    invariants: ["STATE", "ONCE", "UAF"],
    through: "inode_lru_isolate",
  },
  {
    id: "evict() does not wait for writeback",
    edits: [replace("evict", "inode_wait_for_writeback(inode);", "")],
    invariants: ["UAF", "STATE"],
    through: "evict",
  },
  {
    id: "evict() leaves the inode on the flusher's list",
    edits: [replace("evict", "if (!list_empty(&inode->i_io_list))\n\t\tinode_io_list_del(inode);", "")],
    invariants: ["UAF"],
  },
  {
    id: "evict() leaves the flusher's list after the inode is freed",
    edits: [
      replace("evict", "if (!list_empty(&inode->i_io_list))\n\t\tinode_io_list_del(inode);", ""),
      replace("evict", "destroy_inode(inode);", "destroy_inode(inode);\n\tinode_io_list_del(inode);"),
    ],
    invariants: ["UAF"],
  },
  {
    id: "inode_sync_complete() wakes nobody",
    edits: [replaceWriteback("inode_sync_complete", "inode_wake_up_bit(inode, __I_SYNC);", "")],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "inode_sync_complete() leaves I_SYNC set",
    edits: [replaceWriteback("inode_sync_complete", "inode->i_state &= ~I_SYNC;", "")],
    invariants: ["PROG", "WAKE", "STATE"],
  },
  {
    id: "inode_wait_for_writeback() looks before it enqueues, and sleeps",
    edits: [
      replaceWriteback(
        "inode_wait_for_writeback",
        "if (!(inode->i_state & I_SYNC))\n\t\t\tbreak;\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);",
      ),
      replaceWriteback(
        "inode_wait_for_writeback",
        "spin_lock(&inode->i_lock);\n\t}",
        "spin_lock(&inode->i_lock);\n\t\tif (!(inode->i_state & I_SYNC))\n\t\t\tbreak;\n\t}",
      ),
      replaceWriteback(
        "inode_wait_for_writeback",
        "prepare_to_wait_event(wq_head, &wqe.wq_entry, TASK_UNINTERRUPTIBLE);",
        "spin_unlock(&inode->i_lock);\n\t\tprepare_to_wait_event(wq_head, &wqe.wq_entry, TASK_UNINTERRUPTIBLE);\n\t\tspin_lock(&inode->i_lock);",
      ),
    ],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "inode_wait_for_writeback() leaves its entry on the queue",
    edits: [replaceWriteback("inode_wait_for_writeback", "finish_wait(wq_head, &wqe.wq_entry);", "")],
    invariants: ["UAF"],
  },
  {
    id: "__wait_on_freeing_inode() leaves its entry on the queue",
    edits: [replace("__wait_on_freeing_inode", "finish_wait(wq_head, &wqe.wq_entry);", "")],
    invariants: ["UAF"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "inode_wait_for_lru_isolating() leaves its entry on the queue",
    edits: [replace("inode_wait_for_lru_isolating", "finish_wait(wq_head, &wqe.wq_entry);", "")],
    invariants: ["UAF"],
  },

  // What is left when everybody is through.
  {
    id: "discard_new_inode() keeps its reference",
    edits: [replace("discard_new_inode", "iput(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "iget_locked() keeps its reference to an inode that has left the hash",
    edits: [
      replace(
        "iget_locked",
        "return NULL;\n\t\twait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode))) {\n\t\t\tiput(inode);\n\t\t\tgoto again;\n\t\t}\n\t\treturn inode;",
        "return NULL;\n\t\twait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode))) {\n\t\t\tgoto again;\n\t\t}\n\t\treturn inode;",
      ),
    ],
    invariants: ["UMNT"],
  },
  {
    id: "iget_locked() goes on with an inode that has left the hash",
    edits: [
      replace(
        "iget_locked",
        "return NULL;\n\t\twait_on_inode(inode);\n\t\tif (unlikely(inode_unhashed(inode))) {\n\t\t\tiput(inode);\n\t\t\tgoto again;\n\t\t}\n\t\treturn inode;",
        "return NULL;\n\t\twait_on_inode(inode);\n\t\treturn inode;",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "ilookup() keeps its reference to an inode that has left the hash",
    edits: [replace("ilookup", "iput(inode);\n", "")],
    invariants: ["UMNT"],
  },
  {
    id: "iget_failed() leaves the inode in the hash",
    edits: [replaceBad("make_bad_inode", "remove_inode_hash(inode);", "")],
    invariants: ["UNIQ", "STATE"],
  },
  {
    id: "iget_failed() keeps its reference",
    edits: [replaceBad("iget_failed", "iput(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "insert_inode_locked() keeps its reference to the inode that has the number",
    edits: [replace("insert_inode_locked", "iput(old);\n\t\t\treturn -EBUSY;", "return -EBUSY;")],
    invariants: ["UMNT"],
  },
  {
    id: "insert_inode_locked4() keeps its reference to the inode that has the number",
    edits: [replace("insert_inode_locked4", "iput(old);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "iget_locked() keeps the inode that it has made in vain",
    edits: [replace("iget_locked", "destroy_inode(inode);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "iget5_locked() keeps the inode that it has made in vain",
    edits: [replace("iget5_locked", "if (unlikely(inode != new))\n\t\t\t\tdestroy_inode(new);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "igrab() takes two references",
    edits: [replace("igrab", "__iget(inode);", "__iget(inode);\n\t\t__iget(inode);")],
    invariants: ["UMNT"],
  },
  {
    id: "find_inode_fast() takes two references",
    edits: [replace("find_inode_fast", "__iget(inode);", "__iget(inode);\n\t\t__iget(inode);")],
    invariants: ["UMNT"],
  },
  {
    id: "dispose_list() evicts the first inode of its list alone",
    edits: [replace("dispose_list", "while (!list_empty(head))", "if (!list_empty(head))")],
    invariants: ["UMNT", "WAKE", "PROG"],
  },

  // Creates.
  {
    id: "insert_inode_locked() does not say that the inode is being created",
    edits: [replace("insert_inode_locked", "I_NEW | I_CREATING", "I_NEW")],
    invariants: ["UNIQ"],
  },
  {
    id: "insert_inode_locked4() does not say that the inode is being created",
    edits: [replace("insert_inode_locked4", "inode->i_state |= I_CREATING;", "")],
    invariants: ["UNIQ"],
  },
  {
    id: "insert_inode_locked4() takes another's inode for its own",
    edits: [replace("insert_inode_locked4", "if (old != inode) {", "if (0) {")],
    invariants: ["UNIQ"],
  },
  {
    id: "unlock_new_inode() leaves I_CREATING set",
    edits: [replace("unlock_new_inode", "~I_NEW & ~I_CREATING", "~I_NEW")],
    invariants: ["STATE"],
  },
];
