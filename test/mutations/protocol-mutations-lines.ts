/** Linux 6.12 line by line: statements of the last put, eviction, reclaim, umount and writeback swapped, inverted or left out. */
import { type ProtocolMutation, replaceIn } from "./bench.ts";
import { replace } from "./protocol-mutations.ts";

const replaceWriteback = replaceIn("fs/fs-writeback.c");
const replaceFs = replaceIn("include/linux/fs.h");

export const LINE_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "iput(): unlocks before it takes the reference back for lazy times",
    edits: [
      replace(
        "iput",
        "atomic_inc(&inode->i_count);\n\t\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\t\tatomic_inc(&inode->i_count);",
      ),
    ],
    invariants: ["UAF", "ONCE", "STATE"],
  },
  { id: "iput(): without null check", edits: [replace("iput", "if (!inode)\n\t\treturn;", "")], invariants: ["UAF"] },
  {
    id: "iput_final(): drop inverted",
    edits: [replace("iput_final", "drop = generic_drop_inode(inode);", "drop = !generic_drop_inode(inode);")],
    invariants: ["PROG"],
  },
  {
    id: "iput_final(): SB_ACTIVE not looked at",
    edits: [replace("iput_final", "&&\n\t    (sb->s_flags & SB_ACTIVE)", "")],
    invariants: ["UMNT"],
  },
  {
    id: "iput_final(): I_FREEING -> I_WILL_FREE",
    edits: [replace("iput_final", "state | I_FREEING", "state | I_WILL_FREE")],
    invariants: ["STATE"],
  },
  {
    id: "iput_final(): writes before it unlocks",
    edits: [
      replace(
        "iput_final",
        "spin_unlock(&inode->i_lock);\n\n\t\twrite_inode_now(inode, 1);",
        "write_inode_now(inode, 1);\n\t\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "iput_final(): no lock after writing",
    edits: [
      replace(
        "iput_final",
        "write_inode_now(inode, 1);\n\n\t\tspin_lock(&inode->i_lock);",
        "write_inode_now(inode, 1);",
      ),
    ],
    invariants: ["STATE"],
  },
  {
    id: "iput_final(): !drop || active",
    edits: [
      replace(
        "iput_final",
        "if (!drop &&\n\t    !(inode->i_state & I_DONTCACHE) &&\n\t    (sb->s_flags & SB_ACTIVE))",
        "if (!drop || (sb->s_flags & SB_ACTIVE))",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "__inode_add_lru(): adds FREEING inodes",
    edits: [replace("__inode_add_lru", "I_SYNC | I_FREEING | I_WILL_FREE", "I_SYNC")],
    invariants: ["STATE", "UAF"],
  },
  {
    id: "__inode_add_lru(): sets I_FREEING for I_REFERENCED",
    edits: [replace("__inode_add_lru", "inode->i_state |= I_REFERENCED", "inode->i_state |= I_FREEING")],
    invariants: ["STATE"],
  },
  {
    id: "inode_unpin_lru_isolating(): without i_lock",
    edits: [
      replace("inode_unpin_lru_isolating", "spin_lock(&inode->i_lock);", ""),
      replace("inode_unpin_lru_isolating", "spin_unlock(&inode->i_lock);", ""),
    ],
    invariants: ["STATE"],
  },
  {
    id: "inode_unpin_lru_isolating(): clears the wrong flag",
    edits: [replace("inode_unpin_lru_isolating", "&= ~I_LRU_ISOLATING", "&= ~I_SYNC")],
    invariants: ["PROG"],
  },
  {
    id: "inode_wait_for_lru_isolating(): waits once",
    edits: [
      replace(
        "inode_wait_for_lru_isolating",
        "spin_lock(&inode->i_lock);\n\t}",
        "spin_lock(&inode->i_lock);\n\t\tbreak;\n\t}",
      ),
      replace("inode_wait_for_lru_isolating", "WARN_ON(inode->i_state & I_LRU_ISOLATING);", ""),
    ],
    invariants: ["STATE", "UAF"],
  },
  {
    id: "inode_wait_for_lru_isolating(): waits for the wrong bit",
    edits: [
      replace(
        "inode_wait_for_lru_isolating",
        "inode_bit_waitqueue(&wqe, inode, __I_LRU_ISOLATING)",
        "inode_bit_waitqueue(&wqe, inode, __I_SYNC)",
      ),
    ],
    invariants: ["WAKE", "PROG"],
  },
  {
    id: "inode_wait_for_lru_isolating(): inverted return",
    edits: [
      replace(
        "inode_wait_for_lru_isolating",
        "if (!(inode->i_state & I_LRU_ISOLATING))\n\t\treturn;",
        "if (inode->i_state & I_LRU_ISOLATING)\n\t\treturn;",
      ),
    ],
    invariants: ["STATE"],
  },
  {
    id: "inode_wait_for_writeback(): waits once",
    edits: [
      replaceWriteback(
        "inode_wait_for_writeback",
        "spin_lock(&inode->i_lock);\n\t}",
        "spin_lock(&inode->i_lock);\n\t\tbreak;\n\t}",
      ),
    ],
    invariants: ["STATE", "UAF"],
  },
  {
    id: "inode_sb_list_add(): without its lock",
    edits: [
      replace("inode_sb_list_add", "spin_lock(&inode->i_sb->s_inode_list_lock);", ""),
      replace("inode_sb_list_add", "spin_unlock(&inode->i_sb->s_inode_list_lock);", ""),
    ],
    invariants: ["UAF"],
  },
  {
    id: "inode_sb_list_del(): without its lock",
    edits: [
      replace("inode_sb_list_del", "spin_lock(&inode->i_sb->s_inode_list_lock);", ""),
      replace("inode_sb_list_del", "spin_unlock(&inode->i_sb->s_inode_list_lock);", ""),
    ],
    invariants: ["UAF"],
  },
  {
    id: "inode_sb_list_del(): inverted",
    edits: [replace("inode_sb_list_del", "!list_empty(&inode->i_sb_list)", "list_empty(&inode->i_sb_list)")],
    invariants: ["UAF"],
  },
  {
    id: "__remove_inode_hash(): without inode_hash_lock",
    edits: [
      replace("__remove_inode_hash", "spin_lock(&inode_hash_lock);", ""),
      replace("__remove_inode_hash", "spin_unlock(&inode_hash_lock);", ""),
    ],
    // UAF in 6.1, whose lookups walk the chain under this lock and not under RCU.
    invariants: ["STATE", "WAKE", "UAF"],
  },
  {
    id: "__remove_inode_hash(): with hlist_del_rcu",
    edits: [replace("__remove_inode_hash", "hlist_del_init_rcu", "hlist_del_rcu")],
    invariants: ["WAKE", "UNIQ"],
  },
  {
    id: "clear_inode(): |= I_CLEAR",
    edits: [replace("clear_inode", "inode->i_state = I_FREEING | I_CLEAR;", "inode->i_state |= I_CLEAR;")],
    invariants: ["STATE"],
  },
  {
    id: "evict(): LRU assertion inverted",
    edits: [replace("evict", "BUG_ON(!list_empty(&inode->i_lru));", "BUG_ON(list_empty(&inode->i_lru));")],
    invariants: ["STATE"],
  },
  {
    id: "evict(): io list inverted",
    edits: [replace("evict", "if (!list_empty(&inode->i_io_list))", "if (list_empty(&inode->i_io_list))")],
    invariants: ["UAF"],
  },
  {
    id: "evict(): waits without i_lock",
    edits: [
      replace(
        "evict",
        "spin_lock(&inode->i_lock);\n\tinode_wait_for_lru_isolating(inode);",
        "inode_wait_for_lru_isolating(inode);",
      ),
      replace(
        "evict",
        "inode_wait_for_writeback(inode);\n\tspin_unlock(&inode->i_lock);",
        "inode_wait_for_writeback(inode);",
      ),
    ],
    invariants: ["STATE"],
  },
  {
    id: "evict(): unhashes unlinked inodes only",
    edits: [replace("evict", "remove_inode_hash(inode);", "if (!inode->i_nlink)\n\t\tremove_inode_hash(inode);")],
    invariants: ["UAF"],
  },
  {
    id: "evict(): leaves the sb list after it frees",
    edits: [
      replace("evict", "inode_sb_list_del(inode);", ""),
      replace("evict", "destroy_inode(inode);", "destroy_inode(inode);\n\tinode_sb_list_del(inode);"),
    ],
    invariants: ["UAF"],
  },
  {
    id: "evict(): under RCU",
    edits: [
      replace("evict", "if (op->evict_inode) {", "rcu_read_lock();\n\tif (op->evict_inode) {"),
      replace("evict", "destroy_inode(inode);", "destroy_inode(inode);\n\trcu_read_unlock();"),
    ],
    invariants: ["PROG"],
  },
  {
    id: "evict(): destroys twice",
    edits: [replace("evict", "destroy_inode(inode);", "destroy_inode(inode);\n\tdestroy_inode(inode);")],
    invariants: ["ONCE"],
  },
  {
    id: "dispose_list(): evicts before it takes the inode off",
    edits: [
      replace(
        "dispose_list",
        "list_del_init(&inode->i_lru);\n\n\t\tevict(inode);",
        "evict(inode);\n\t\tlist_del_init(&inode->i_lru);",
      ),
    ],
    invariants: ["STATE", "UAF"],
  },
  {
    id: "dispose_list(): list_del for list_del_init",
    edits: [replace("dispose_list", "list_del_init(", "list_del(")],
    invariants: ["STATE"],
  },
  {
    id: "dispose_list(): while for if inverted",
    edits: [replace("dispose_list", "while (!list_empty(head))", "while (list_empty(head))")],
    invariants: ["UAF"],
  },
  {
    id: "evict_inodes(): goes on with next after it has given up the lock",
    edits: [
      replace(
        "evict_inodes",
        "dispose_list(&dispose);\n\t\t\tgoto again;",
        "dispose_list(&dispose);\n\t\t\tspin_lock(&sb->s_inode_list_lock);",
      ),
    ],
    invariants: ["UAF", "STATE"],
  },
  {
    id: "evict_inodes(): on the list before it left the LRU",
    edits: [
      replace(
        "evict_inodes",
        "inode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);\n\t\tlist_add(&inode->i_lru, &dispose);",
        "list_add(&inode->i_lru, &dispose);\n\t\tinode_lru_list_del(inode);\n\t\tspin_unlock(&inode->i_lock);",
      ),
    ],
    invariants: ["STATE"],
  },
  {
    id: "evict_inodes(): disposes under the lock on resched",
    edits: [
      replace(
        "evict_inodes",
        "spin_unlock(&sb->s_inode_list_lock);\n\t\t\tcond_resched();\n\t\t\tdispose_list(&dispose);\n\t\t\tgoto again;",
        "cond_resched();\n\t\t\tdispose_list(&dispose);\n\t\t\tspin_unlock(&sb->s_inode_list_lock);\n\t\t\tgoto again;",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "evict_inodes(): takes inodes in use",
    edits: [
      replace("evict_inodes", "if (atomic_read(&inode->i_count))\n\t\t\tcontinue;", ""),
      replace("evict_inodes", "if (atomic_read(&inode->i_count)) {", "if (!atomic_read(&inode->i_count)) {"),
    ],
    invariants: ["ONCE"],
  },
  {
    id: "inode_lru_isolate(): LRU_RETRY for a lock that is taken",
    edits: [replace("inode_lru_isolate", "return LRU_SKIP", "return LRU_RETRY")],
    invariants: ["PROG"],
  },
  {
    id: "inode_lru_isolate(): says REMOVED although it gave up the lock",
    edits: [replace("inode_lru_isolate", "return LRU_RETRY", "return LRU_REMOVED")],
    invariants: ["UAF", "STATE"],
  },
  {
    id: "inode_lru_isolate(): says SKIP although it gave up the lock",
    edits: [replace("inode_lru_isolate", "return LRU_RETRY", "return LRU_SKIP")],
    invariants: ["UAF", "STATE"],
  },
  {
    id: "inode_lru_isolate(): marks before it looks at pages",
    edits: [
      replace(
        "inode_lru_isolate",
        "if (inode_has_buffers(inode)",
        "inode->i_state |= I_FREEING;\n\tif (inode_has_buffers(inode)",
      ),
    ],
    invariants: ["ONCE"],
  },
  {
    id: "inode_lru_isolate(): I_WILL_FREE",
    edits: [replace("inode_lru_isolate", "inode->i_state |= I_FREEING;", "inode->i_state |= I_WILL_FREE;")],
    invariants: ["STATE"],
  },
  {
    id: "inode_lru_isolate(): forgets the list",
    edits: [
      replace(
        "inode_lru_isolate",
        "list_lru_isolate_move(lru, &inode->i_lru, freeable);",
        "list_lru_isolate(lru, &inode->i_lru);",
      ),
    ],
    invariants: ["UMNT", "WAKE", "PROG", "UAF"],
  },
  {
    id: "inode_lru_isolate(): unpins under the LRU's lock",
    edits: [
      replace(
        "inode_lru_isolate",
        "inode_unpin_lru_isolating(inode);\n\t\tspin_lock(lru_lock);",
        "spin_lock(lru_lock);\n\t\tinode_unpin_lru_isolating(inode);",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "inode_lru_isolate(): i_count before i_lock",
    edits: [
      replace(
        "inode_lru_isolate",
        "if (!spin_trylock(&inode->i_lock))",
        "int busy = atomic_read(&inode->i_count);\n\n\tif (!spin_trylock(&inode->i_lock))",
      ),
      replace("inode_lru_isolate", "atomic_read(&inode->i_count) ||\n", "busy ||\n"),
    ],
    invariants: ["ONCE", "UAF", "STATE"],
  },
  {
    id: "inode_lru_isolate(): state before i_lock",
    edits: [
      replace(
        "inode_lru_isolate",
        "if (!spin_trylock(&inode->i_lock))",
        "unsigned long seen = inode->i_state;\n\n\tif (!spin_trylock(&inode->i_lock))",
      ),
      replace("inode_lru_isolate", "(inode->i_state & ~I_REFERENCED) ||", "(seen & ~I_REFERENCED) ||"),
    ],
    invariants: ["ONCE", "UAF", "STATE"],
  },
  {
    id: "prune_icache_sb(): forgets what it has taken",
    edits: [replace("prune_icache_sb", "dispose_list(&freeable);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "remove_inode_hash(): inverted",
    edits: [replaceFs("remove_inode_hash", "!inode_unhashed(inode)", "inode_unhashed(inode)")],
    invariants: ["UAF"],
  },
  {
    id: "generic_drop_inode(): &&",
    edits: [
      replaceFs(
        "generic_drop_inode",
        "!inode->i_nlink || inode_unhashed(inode)",
        "!inode->i_nlink && inode_unhashed(inode)",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "generic_drop_inode(): nlink inverted",
    edits: [replaceFs("generic_drop_inode", "!inode->i_nlink ||", "inode->i_nlink ||")],
    invariants: ["PROG"],
  },
  {
    id: "inode_io_list_del(): without list lock takes nothing off",
    edits: [replaceWriteback("inode_io_list_del", "list_del_init(&inode->i_io_list);", "")],
    invariants: ["UAF"],
  },
  {
    id: "inode_io_list_del(): keeps i_lock",
    edits: [replaceWriteback("inode_io_list_del", "spin_unlock(&inode->i_lock);", "")],
    invariants: ["PROG"],
  },
  {
    id: "destroy_inode(): frees without RCU in helper",
    edits: [replace("destroy_inode", "call_rcu(&inode->i_rcu, i_callback);", "i_callback(&inode->i_rcu);")],
    invariants: ["UAF"],
  },
  {
    id: "inode_lru_isolate(): trylock negation lost",
    edits: [replace("inode_lru_isolate", "if (!spin_trylock(&inode->i_lock))", "if (spin_trylock(&inode->i_lock))")],
    invariants: ["PROG"],
  },
  {
    id: "inode_lru_isolate(): REFERENCED cleared outside the lock",
    edits: [
      replace(
        "inode_lru_isolate",
        "inode->i_state &= ~I_REFERENCED;\n\t\tspin_unlock(&inode->i_lock);",
        "spin_unlock(&inode->i_lock);\n\t\tinode->i_state &= ~I_REFERENCED;",
      ),
    ],
    invariants: ["STATE"],
  },
];
