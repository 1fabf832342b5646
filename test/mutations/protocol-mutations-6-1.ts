/** Linux 6.1 in its own words, where the text of 6.12 differs: lookups hold inode_hash_lock, and waits are bit waits. */
import type { ProtocolMutation } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const WAKE = "wake_up_bit(&inode->i_state, __I_NEW);";
const WAIT_IN_FIND = "__wait_on_freeing_inode(inode);";

export const MUTATIONS_OF_6_1: readonly ProtocolMutation[] = [
  {
    id: "evict() wakes nobody",
    edits: [replace("evict", WAKE, "")],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "evict() wakes before it unhashes",
    edits: [
      replace("evict", WAKE, ""),
      replace("evict", "remove_inode_hash(inode);", `${WAKE}\n\tremove_inode_hash(inode);`),
    ],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "evict() wakes the wrong bit",
    edits: [replace("evict", WAKE, "wake_up_bit(&inode->i_state, __I_SYNC);")],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "unlock_new_inode() wakes nobody",
    edits: [replace("unlock_new_inode", WAKE, "")],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "inode_sync_complete() wakes nobody",
    edits: [
      {
        ...replace("inode_sync_complete", "wake_up_bit(&inode->i_state, __I_SYNC);", ""),
        file: "fs/fs-writeback.c",
      },
    ],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "__wait_on_freeing_inode() enqueues after it has given i_lock back",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "prepare_to_wait(wq, &wait.wq_entry, TASK_UNINTERRUPTIBLE);\n\tspin_unlock(&inode->i_lock);\n\tspin_unlock(&inode_hash_lock);",
        "spin_unlock(&inode->i_lock);\n\tspin_unlock(&inode_hash_lock);\n\tprepare_to_wait(wq, &wait.wq_entry, TASK_UNINTERRUPTIBLE);",
      ),
    ],
    invariants: ["WAKE", "UAF", "PROG"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "__wait_on_freeing_inode() waits with inode_hash_lock held",
    edits: [
      replace("__wait_on_freeing_inode", "spin_unlock(&inode_hash_lock);\n\tschedule();", "schedule();"),
      replace("__wait_on_freeing_inode", "spin_lock(&inode_hash_lock);", ""),
    ],
    invariants: ["PROG"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "__wait_on_freeing_inode() waits for the wrong bit",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "bit_waitqueue(&inode->i_state, __I_NEW)",
        "bit_waitqueue(&inode->i_state, __I_SYNC)",
      ),
    ],
    invariants: ["WAKE", "PROG"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "__wait_on_freeing_inode() leaves its entry on the queue",
    edits: [replace("__wait_on_freeing_inode", "finish_wait(wq, &wait.wq_entry);", "")],
    invariants: ["UAF"],
    through: "__wait_on_freeing_inode",
  },
  {
    id: "find_inode_fast() steps over a dying inode",
    edits: [
      replace(
        "find_inode_fast",
        `${WAIT_IN_FIND}\n\t\t\tgoto repeat;`,
        "spin_unlock(&inode->i_lock);\n\t\t\tcontinue;",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "find_inode() goes on with the inode it has waited for",
    edits: [
      replace("find_inode", `${WAIT_IN_FIND}\n\t\t\tgoto repeat;`, `${WAIT_IN_FIND}\n\t\t\tspin_lock(&inode->i_lock);`),
    ],
    invariants: ["UAF", "STATE"],
    through: "find_inode",
  },
  {
    id: "find_inode_fast() looks again with inode_hash_lock held, which the evictor needs",
    edits: [replace("find_inode_fast", WAIT_IN_FIND, "spin_unlock(&inode->i_lock);")],
    invariants: ["PROG"],
    through: "find_inode_fast",
  },
  {
    id: "iget_locked() does not look again under the hash lock",
    edits: [replace("iget_locked", "old = find_inode_fast(sb, head, ino);", "old = NULL;")],
    invariants: ["UNIQ"],
    through: "iget_locked",
  },
  {
    id: "iget_locked() looks without inode_hash_lock",
    edits: [
      replace(
        "iget_locked",
        "again:\n\tspin_lock(&inode_hash_lock);\n\tinode = find_inode_fast(sb, head, ino);\n\tspin_unlock(&inode_hash_lock);",
        "again:\n\tinode = find_inode_fast(sb, head, ino);",
      ),
    ],
    invariants: ["UAF", "STATE"],
  },
];
