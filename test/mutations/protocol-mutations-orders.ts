/** Orders, masks and exits of Linux 6.12 changed: the last put, evict() and igrab(). */
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { FILE, replace } from "./protocol-mutations.ts";

const replaceFs = replaceIn("include/linux/fs.h");
const WAITS_FOR_WRITEBACK = "\tinode_wait_for_writeback(inode);\n\tspin_unlock(&inode->i_lock);";
const WAKE = "inode_wake_up_bit(inode, __I_NEW);";

export const ORDER_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "evict() waits for writeback only behind ->evict_inode",
    invariants: ["UAF", "STATE"],
    edits: [
      replace("evict", WAITS_FOR_WRITEBACK, "\tspin_unlock(&inode->i_lock);"),
      replace(
        "evict",
        "\tremove_inode_hash(inode);",
        "\tspin_lock(&inode->i_lock);\n\tinode_wait_for_writeback(inode);\n\tspin_unlock(&inode->i_lock);\n\tremove_inode_hash(inode);",
      ),
    ],
  },
  {
    id: "evict() waits for LRU isolation only behind ->evict_inode",
    in61: "another",
    invariants: ["UAF", "STATE"],
    edits: [
      replace("evict", "\tinode_wait_for_lru_isolating(inode);\n", ""),
      replace(
        "evict",
        "\tremove_inode_hash(inode);",
        "\tspin_lock(&inode->i_lock);\n\tinode_wait_for_lru_isolating(inode);\n\tspin_unlock(&inode->i_lock);\n\tremove_inode_hash(inode);",
      ),
    ],
  },
  {
    id: "evict() skips the cleanup of unhashed inodes",
    invariants: ["STATE"],
    edits: [
      replace(
        "evict",
        "if (op->evict_inode) {",
        "if (inode_unhashed(inode)) {\n\t\t;\n\t} else if (op->evict_inode) {",
      ),
    ],
  },
  {
    id: "evict() leaves the flusher's list only when the inode is dirty",
    invariants: ["UAF"],
    edits: [replace("evict", "if (!list_empty(&inode->i_io_list))", "if (inode->i_state & I_DIRTY_ALL)")],
  },
  {
    id: "evict() wakes only when I_NEW is set",
    invariants: ["WAKE", "PROG"],
    edits: [replace("evict", WAKE, `if (inode->i_state & I_NEW)\n\t\t${WAKE}`)],
  },
  {
    id: "evict() wakes only while the inode is hashed",
    invariants: ["WAKE", "PROG"],
    edits: [replace("evict", WAKE, `if (!inode_unhashed(inode))\n\t\t${WAKE}`)],
  },
  {
    id: "evict() lets the filesystem clean up twice",
    invariants: ["ONCE", "STATE"],
    edits: [replace("evict", "op->evict_inode(inode);", "op->evict_inode(inode);\n\t\top->evict_inode(inode);")],
  },
  {
    id: "evict() clears behind ->evict_inode, too",
    invariants: ["ONCE", "STATE"],
    edits: [replace("evict", "op->evict_inode(inode);\n\t} else {", "op->evict_inode(inode);\n\t}\n\t{")],
  },
  {
    id: "evict() destroys before the wake-up's lock is given back",
    invariants: ["UAF", "STATE"],
    edits: [
      replace(
        "evict",
        "\tspin_unlock(&inode->i_lock);\n\n\tdestroy_inode(inode);",
        "\tdestroy_inode(inode);\n\tspin_unlock(&inode->i_lock);",
      ),
    ],
  },
  {
    id: "evict() returns before it frees where there is no ->destroy_inode",
    invariants: ["UMNT"],
    edits: [
      replace("evict", "\tdestroy_inode(inode);", "\tif (!op->destroy_inode)\n\t\treturn;\n\tdestroy_inode(inode);"),
    ],
  },
  {
    id: "iput() keeps i_lock while it dirties for lazy times",
    invariants: ["PROG", "STATE"],
    edits: [
      replace(
        "iput",
        "atomic_inc(&inode->i_count);\n\t\t\tspin_unlock(&inode->i_lock);",
        "atomic_inc(&inode->i_count);",
      ),
    ],
  },
  {
    id: "iput() dirties what has no lazy times",
    invariants: ["PROG"],
    edits: [replace("iput", "(inode->i_state & I_DIRTY_TIME)", "!(inode->i_state & I_DIRTY_TIME)")],
  },
  {
    id: "iput() does not look again once it has the lock",
    invariants: ["ONCE", "UAF", "STATE"],
    edits: [
      replace(
        "iput",
        "if (atomic_dec_and_lock(&inode->i_count, &inode->i_lock)) {",
        "if (atomic_add_unless(&inode->i_count, -1, 1))\n\t\treturn;\n\tspin_lock(&inode->i_lock);\n\tatomic_dec(&inode->i_count);\n\t{",
      ),
    ],
  },
  {
    id: "iput() counts down to zero without a lock and goes",
    invariants: ["PROG", "UMNT"],
    edits: [
      replace(
        "iput",
        "if (atomic_dec_and_lock(&inode->i_count, &inode->i_lock)) {",
        "if (atomic_add_unless(&inode->i_count, -1, 0))\n\t\treturn;\n\tspin_lock(&inode->i_lock);\n\tif (atomic_dec_and_test(&inode->i_count)) {",
      ),
    ],
  },
  {
    id: "iput() takes the last reference without i_lock held when it looks at the flags",
    invariants: ["STATE", "ONCE", "UAF"],
    edits: [
      replace(
        "iput",
        "iput_final(inode);",
        "spin_unlock(&inode->i_lock);\n\t\tspin_lock(&inode->i_lock);\n\t\tiput_final(inode);",
      ),
    ],
  },
  {
    id: "iput() keeps i_lock when somebody else took a reference meanwhile",
    invariants: ["PROG", "STATE"],
    edits: [
      replace(
        "iput",
        "if (atomic_dec_and_lock(&inode->i_count, &inode->i_lock)) {",
        "if (atomic_add_unless(&inode->i_count, -1, 1))\n\t\treturn;\n\tspin_lock(&inode->i_lock);\n\tif (atomic_dec_and_test(&inode->i_count)) {",
      ),
    ],
  },
  {
    id: "iput_final() says I_WILL_FREE after it has given i_lock back",
    invariants: ["ONCE", "UAF", "STATE", "UNIQ"],
    edits: [
      replace(
        "iput_final",
        "WRITE_ONCE(inode->i_state, state | I_WILL_FREE);\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\tWRITE_ONCE(inode->i_state, state | I_WILL_FREE);",
      ),
    ],
  },
  {
    id: "iput_final() writes what it drops and not what it keeps",
    invariants: ["STATE"],
    edits: [replace("iput_final", "if (!drop) {", "if (drop) {")],
  },
  {
    id: "iput_final() forgets all other flags",
    invariants: ["UAF", "STATE"],
    edits: [
      replace("iput_final", "WRITE_ONCE(inode->i_state, state | I_FREEING);", "WRITE_ONCE(inode->i_state, I_FREEING);"),
    ],
  },
  {
    id: "iput_final() takes off the LRU what is not on it",
    invariants: ["STATE"],
    edits: [replace("iput_final", "if (!list_empty(&inode->i_lru))", "if (list_empty(&inode->i_lru))")],
  },
  {
    id: "iput_final() takes the inode off the LRU after it has given i_lock back",
    invariants: ["STATE", "UAF", "ONCE"],
    edits: [
      replace(
        "iput_final",
        "if (!list_empty(&inode->i_lru))\n\t\tinode_lru_list_del(inode);\n\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\tif (!list_empty(&inode->i_lru))\n\t\tinode_lru_list_del(inode);",
      ),
    ],
  },
  {
    id: "iput_final() says I_NEW for I_WILL_FREE",
    invariants: ["STATE", "ONCE", "UAF", "WAKE", "PROG"],
    edits: [replace("iput_final", "state | I_WILL_FREE", "state | I_NEW")],
  },
  {
    id: "iput_final() gives i_lock up before it decides",
    invariants: ["STATE", "ONCE", "UAF", "UNIQ"],
    edits: [
      replace(
        "iput_final",
        "state = inode->i_state;\n\tif (!drop) {",
        "spin_unlock(&inode->i_lock);\n\tspin_lock(&inode->i_lock);\n\tstate = inode->i_state;\n\tif (!drop) {",
      ),
    ],
  },
  {
    id: "igrab() does not look at I_WILL_FREE",
    invariants: ["STATE", "UAF", "ONCE"],
    edits: [replace("igrab", "(I_FREEING|I_WILL_FREE)", "I_FREEING")],
  },
  {
    id: "igrab() returns a dying inode",
    invariants: ["STATE", "UAF", "ONCE"],
    edits: [replace("igrab", "inode = NULL;", "")],
  },
  {
    id: "generic_drop_inode() keeps what is unlinked",
    invariants: ["PROG", "UMNT"],
    edits: [replaceFs("generic_drop_inode", "!inode->i_nlink || inode_unhashed(inode)", "inode_unhashed(inode)")],
  },
  {
    id: "igrab() believes a helper's out parameter, which says that an inode is dying when it is clear",
    invariants: ["STATE", "UAF"],
    edits: [
      {
        file: FILE,
        function: "igrab",
        at: "above",
        text: "static void look_at(struct inode *inode, bool *dying)\n{\n\t*dying = !!(inode->i_state & I_CLEAR);\n}\n\n",
      },
      replace(
        "igrab",
        "if (!(inode->i_state & (I_FREEING|I_WILL_FREE)))",
        "bool dying;\n\n\tlook_at(inode, &dying);\n\tif (!dying)",
      ),
    ],
  },
];
