/**
 * Fixes of fs/bcachefs/fs.c taken out by hand, as small edits of Linux 6.12 held in memory: each must be found by the scenarios
 * of its inode table. Look-alikes stand below.
 */
import { type ProtocolMutation, replaceIn } from "./bench.ts";

const replace = replaceIn("fs/bcachefs/fs.c");

export const TABLE_MUTATIONS: readonly ProtocolMutation[] = [
  {
    id: "a lookup takes a reference to a dying inode",
    edits: [replace("bch2_inode_hash_find", "(inode->v.i_state & (I_FREEING|I_WILL_FREE))", "0")],
    invariants: ["STATE", "UNIQ", "UAF"],
  },
  {
    id: "a lookup misses I_WILL_FREE",
    edits: [replace("bch2_inode_hash_find", "(I_FREEING|I_WILL_FREE)", "I_FREEING")],
    invariants: ["STATE", "ONCE", "UAF"],
  },
  {
    id: "a lookup takes its reference without i_lock",
    edits: [
      replace(
        "bch2_inode_hash_find",
        "__iget(&inode->v);\n\t\tspin_unlock(&inode->v.i_lock);",
        "spin_unlock(&inode->v.i_lock);\n\t\t__iget(&inode->v);",
      ),
    ],
    invariants: ["STATE", "UAF", "ONCE"],
  },
  {
    id: "a lookup does not take a reference",
    edits: [replace("bch2_inode_hash_find", "__iget(&inode->v);", "")],
    invariants: ["STATE", "UAF", "ONCE"],
  },
  {
    id: "the unlinked inode leaves the table before it is deleted",
    edits: [
      replace(
        "bch2_evict_inode",
        "if (!delete)\n\t\tbch2_inode_hash_remove(c, inode);",
        "bch2_inode_hash_remove(c, inode);",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "the inode never leaves the table when it has links",
    edits: [replace("bch2_evict_inode", "if (!delete)\n\t\tbch2_inode_hash_remove(c, inode);", "")],
    invariants: ["UAF"],
  },
  {
    id: "the inode never leaves the table when it has none",
    edits: [
      replace(
        "bch2_evict_inode",
        "are still open:\n\t\t */\n\t\tbch2_inode_hash_remove(c, inode);",
        "are still open:\n\t\t */",
      ),
    ],
    invariants: ["UAF"],
  },
  {
    id: "the wait leaves its entry",
    edits: [replace("__wait_on_freeing_inode", "finish_wait(wq, &wait.wq_entry);", "")],
    invariants: ["UAF"],
  },
  {
    id: "a lookup waits with i_lock held",
    edits: [
      replace("__wait_on_freeing_inode", "spin_unlock(&inode->v.i_lock);\n\n", "\n"),
      replace(
        "__wait_on_freeing_inode",
        "finish_wait(wq, &wait.wq_entry);",
        "finish_wait(wq, &wait.wq_entry);\n\tspin_unlock(&inode->v.i_lock);",
      ),
    ],
    invariants: ["PROG"],
  },
  {
    id: "a lookup keeps i_lock of an inode that is leaving the table",
    edits: [replace("bch2_inode_hash_find", "spin_unlock(&inode->v.i_lock);\n\t\t\treturn NULL;", "return NULL;")],
    invariants: ["PROG"],
  },
  {
    id: "a lookup waits for an eviction with the key of the inode locked, which the evictor needs",
    edits: [
      replace("bch2_inode_hash_find", "bch2_trans_unlock(trans);", ""),
      replace("bch2_inode_hash_find", "int ret = bch2_trans_relock(trans);", "int ret = 0;"),
    ],
    invariants: ["PROG"],
  },
  {
    id: "a lookup goes on with the inode that it has waited for",
    edits: [replace("bch2_inode_hash_find", "goto repeat;", "spin_lock(&inode->v.i_lock);")],
    invariants: ["STATE", "UAF", "UNIQ"],
  },
  {
    id: "a lookup uses the inode that it could not insert",
    edits: [
      replace(
        "bch2_inode_hash_insert",
        "discard_new_inode(&inode->v);\n\t\treturn old;",
        "iput(&old->v);\n\t\treturn inode;",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "a lookup keeps the inode that it could not insert",
    edits: [replace("bch2_inode_hash_insert", "discard_new_inode(&inode->v);", "")],
    invariants: ["UNIQ", "UMNT", "PROG"],
  },
  {
    id: "an inode is given up that is not marked as new",
    edits: [replace("bch2_inode_hash_insert", "inode->v.i_state |= I_NEW;", "")],
    invariants: ["STATE"],
  },
  {
    id: "EI_INODE_HASHED stays set in an inode that could not be inserted",
    edits: [replace("bch2_inode_hash_insert", "clear_bit(EI_INODE_HASHED, &inode->ei_flags);", "")],
    invariants: ["STATE", "UAF"],
  },
  {
    id: "an inode is not put on the list of its superblock",
    edits: [replace("bch2_inode_hash_insert", "inode_sb_list_add(&inode->v);", "")],
    invariants: ["UMNT"],
  },
  {
    id: "an evicted inode stays on the filesystem's list",
    edits: [replace("bch2_evict_inode", "list_del_init(&inode->ei_vfs_inode_list);", "")],
    invariants: ["UAF"],
  },
  {
    id: "the flag that an inode is in the table is never set",
    edits: [replace("bch2_inode_hash_insert", "set_bit(EI_INODE_HASHED, &inode->ei_flags);", "")],
    invariants: ["UAF"],
  },
  {
    id: "a lookup that came too late, and finds nothing any more, goes on with nothing",
    edits: [replace("bch2_inode_hash_insert", "if (!old)\n\t\t\tgoto retry;", "")],
    invariants: ["UAF", "STATE"],
  },
  {
    // A temporary file has no links: its second inode would delete the first one's on disk, whose key the lookup has.
    id: "a second inode without links is evicted like the first",
    edits: [replace("bch2_inode_hash_insert", "set_nlink(&inode->v, 1);", "")],
    invariants: ["PROG", "UNIQ", "ONCE"],
  },
  {
    id: "an inode is filled in when it is in the table",
    edits: [
      replace(
        "bch2_inode_hash_init_insert",
        "bch2_vfs_inode_init(trans, inum, inode, bi, subvol);\n\n\treturn bch2_inode_hash_insert(trans->c, trans, inode);",
        "struct bch_inode_info *got = bch2_inode_hash_insert(trans->c, trans, inode);\n\tif (got == inode)\n\t\tbch2_vfs_inode_init(trans, inum, inode, bi, subvol);\n\treturn got;",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "a lookup does not end its transaction",
    edits: [replace("bch2_vfs_inode_get", "bch2_trans_put(trans);", "")],
    invariants: ["PROG"],
  },
  {
    id: "an inode leaves the table that is not in it",
    edits: [replace("bch2_inode_hash_remove", "if (remove) {", "{")],
    invariants: ["STATE", "UAF"],
  },
  {
    id: "an inode that could not be inserted is put, although it is new",
    edits: [replace("bch2_inode_hash_insert", "discard_new_inode(&inode->v);", "iput(&inode->v);")],
    invariants: ["STATE"],
  },
  {
    id: "a lookup keeps i_lock of the inode that it has found",
    edits: [
      replace("bch2_inode_hash_find", "__iget(&inode->v);\n\t\tspin_unlock(&inode->v.i_lock);", "__iget(&inode->v);"),
    ],
    invariants: ["PROG"],
  },
  {
    // Its inode was deleted meanwhile: what was read from disk is no more.
    id: "a lookup goes on when it cannot lock the key again",
    edits: [
      replace(
        "bch2_inode_hash_find",
        "int ret = bch2_trans_relock(trans);\n\t\t\t\tif (ret)\n\t\t\t\t\treturn ERR_PTR(ret);",
        "bch2_trans_relock(trans);",
      ),
    ],
    invariants: ["UNIQ"],
  },
  {
    id: "the eviction keeps the pages",
    edits: [replace("bch2_evict_inode", "truncate_inode_pages_final(&inode->v.i_data);", "")],
    invariants: ["STATE"],
  },
  {
    id: "an inode leaves the filesystem's list without its lock",
    edits: [
      replace("bch2_evict_inode", "mutex_lock(&c->vfs_inodes_lock);", ""),
      replace("bch2_evict_inode", "mutex_unlock(&c->vfs_inodes_lock);", ""),
    ],
    invariants: ["UAF"],
  },
  {
    id: "an inode enters the filesystem's list without its lock",
    edits: [
      replace("bch2_inode_hash_insert", "mutex_lock(&c->vfs_inodes_lock);", ""),
      replace("bch2_inode_hash_insert", "mutex_unlock(&c->vfs_inodes_lock);", ""),
    ],
    invariants: ["UAF"],
  },
  {
    id: "the unlinked inode is deleted when it has left the table",
    edits: [
      replace("bch2_evict_inode", "bch2_inode_rm(c, inode_inum(inode));\n", "\n"),
      replace(
        "bch2_evict_inode",
        "bch2_inode_hash_remove(c, inode);\n\t}\n\n\tmutex",
        "bch2_inode_hash_remove(c, inode);\n\t\tbch2_inode_rm(c, inode_inum(inode));\n\t}\n\n\tmutex",
      ),
    ],
    invariants: ["UNIQ", "STATE"],
  },
  {
    id: "a lookup looks at I_FREEING before it takes i_lock",
    edits: [
      replace(
        "bch2_inode_hash_find",
        "if (inode) {\n\t\tspin_lock(&inode->v.i_lock);",
        "if (inode) {\n\t\tif (!(inode->v.i_state & (I_FREEING|I_WILL_FREE))) {\n\t\t\tspin_lock(&inode->v.i_lock);\n\t\t\t__iget(&inode->v);\n\t\t\tspin_unlock(&inode->v.i_lock);\n\t\t\treturn inode;\n\t\t}\n\t\tspin_lock(&inode->v.i_lock);",
      ),
    ],
    invariants: ["STATE", "UAF", "ONCE", "UNIQ"],
  },
  {
    id: "the eviction does not call clear_inode()",
    edits: [replace("bch2_evict_inode", "clear_inode(&inode->v);", "")],
    invariants: ["STATE"],
  },
];

/** Changes that break nothing. */
export const TABLE_LOOK_ALIKES: readonly ProtocolMutation[] = [
  {
    id: "leaving the table wakes nobody: evict() does so afterwards",
    edits: [replace("bch2_inode_hash_remove", "inode_wake_up_bit(&inode->v, __I_NEW);", "")],
    invariants: [],
  },
  {
    id: "leaving the table wakes too early: evict() wakes afterwards",
    edits: [
      replace("bch2_inode_hash_remove", "inode_wake_up_bit(&inode->v, __I_NEW);", ""),
      replace("bch2_inode_hash_remove", "if (remove) {", "if (remove) {\n\t\tinode_wake_up_bit(&inode->v, __I_NEW);"),
    ],
    invariants: [],
  },
  {
    id: "the wait does not look at the table again: the flag said under i_lock that a wake-up is to come",
    edits: [
      replace(
        "__wait_on_freeing_inode",
        "if (__bch2_inode_hash_find(c, inum) == inode)\n\t\tschedule_timeout(HZ * 10);",
        "schedule_timeout(HZ * 10);",
      ),
    ],
    invariants: [],
  },
  {
    id: "EI_INODE_HASHED is set when the inode is in the table: lookups try again until then",
    edits: [
      replace("bch2_inode_hash_insert", "set_bit(EI_INODE_HASHED, &inode->ei_flags);", ""),
      replace(
        "bch2_inode_hash_insert",
        "inode_fake_hash(&inode->v);",
        "set_bit(EI_INODE_HASHED, &inode->ei_flags);\n\t\tinode_fake_hash(&inode->v);",
      ),
    ],
    invariants: [],
  },
  {
    id: "the table's lookup tests the flags one after the other",
    edits: [
      replace(
        "bch2_inode_hash_find",
        "(inode->v.i_state & (I_FREEING|I_WILL_FREE))",
        "(inode->v.i_state & I_FREEING) || (inode->v.i_state & I_WILL_FREE)",
      ),
    ],
    invariants: [],
  },
  {
    id: "the flag is cleared in the scope of a guard",
    edits: [
      replace(
        "bch2_inode_hash_remove",
        "spin_lock(&inode->v.i_lock);\n\tbool remove = test_and_clear_bit(EI_INODE_HASHED, &inode->ei_flags);\n\tspin_unlock(&inode->v.i_lock);",
        "bool remove;\n\n\tscoped_guard(spinlock, &inode->v.i_lock)\n\t\tremove = test_and_clear_bit(EI_INODE_HASHED, &inode->ei_flags);",
      ),
    ],
    invariants: [],
  },
  {
    id: "inodes with links leave the table where the others do",
    edits: [
      replace("bch2_evict_inode", "if (!delete)\n\t\tbch2_inode_hash_remove(c, inode);", ""),
      replace(
        "bch2_evict_inode",
        "are still open:\n\t\t */\n\t\tbch2_inode_hash_remove(c, inode);\n\t}",
        "are still open:\n\t\t */\n\t}\n\tbch2_inode_hash_remove(c, inode);",
      ),
    ],
    invariants: [],
  },
  {
    id: "the link that generic code looks at is not cleared, which nobody looks at any more",
    edits: [replace("bch2_inode_hash_remove", "inode->v.i_hash.pprev = NULL;\n", "")],
    invariants: [],
  },
  {
    id: "a lookup that finds nothing returns early",
    edits: [
      replace(
        "bch2_inode_hash_find",
        "if (inode) {\n\t\tspin_lock(&inode->v.i_lock);",
        "if (!inode)\n\t\treturn NULL;\n\t{\n\t\tspin_lock(&inode->v.i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "EI_INODE_HASHED is not looked at: who is about to leave the table is dying as well",
    edits: [
      replace(
        "bch2_inode_hash_find",
        "if (!test_bit(EI_INODE_HASHED, &inode->ei_flags)) {\n\t\t\tspin_unlock(&inode->v.i_lock);\n\t\t\treturn NULL;\n\t\t}\n",
        "",
      ),
    ],
    invariants: [],
  },
  {
    id: "a lookup that has waited finds nothing, and goes on to read",
    edits: [replace("bch2_inode_hash_find", "goto repeat;", "return NULL;")],
    invariants: [],
  },
  {
    id: "the flag is cleared without i_lock: who waits looks at the table again",
    edits: [
      replace("bch2_inode_hash_remove", "spin_lock(&inode->v.i_lock);\n", ""),
      replace("bch2_inode_hash_remove", "spin_unlock(&inode->v.i_lock);\n", ""),
    ],
    invariants: [],
  },
  {
    id: "the flag is cleared when the inode has left the table",
    edits: [
      replace(
        "bch2_inode_hash_remove",
        "spin_lock(&inode->v.i_lock);\n\tbool remove = test_and_clear_bit(EI_INODE_HASHED, &inode->ei_flags);\n\tspin_unlock(&inode->v.i_lock);",
        "bool remove = test_bit(EI_INODE_HASHED, &inode->ei_flags);",
      ),
      replace(
        "bch2_inode_hash_remove",
        "BUG_ON(ret);",
        "BUG_ON(ret);\n\t\tspin_lock(&inode->v.i_lock);\n\t\tclear_bit(EI_INODE_HASHED, &inode->ei_flags);\n\t\tspin_unlock(&inode->v.i_lock);",
      ),
    ],
    invariants: [],
  },
  {
    id: "the table's lookup is a while loop",
    edits: [
      replace(
        "bch2_inode_hash_find",
        "repeat:\n\tinode = __bch2_inode_hash_find(c, inum);\n\tif (inode) {",
        "while ((inode = __bch2_inode_hash_find(c, inum))) {",
      ),
      replace("bch2_inode_hash_find", "goto repeat;", "continue;"),
      replace(
        "bch2_inode_hash_find",
        "__iget(&inode->v);\n\t\tspin_unlock(&inode->v.i_lock);\n",
        "__iget(&inode->v);\n\t\tspin_unlock(&inode->v.i_lock);\n\t\tbreak;\n",
      ),
    ],
    invariants: [],
  },
  {
    id: "the filesystem's list is changed in the scope of a guard",
    edits: [
      replace("bch2_evict_inode", "mutex_lock(&c->vfs_inodes_lock);", "guard(mutex)(&c->vfs_inodes_lock);"),
      replace("bch2_evict_inode", "mutex_unlock(&c->vfs_inodes_lock);", ""),
    ],
    invariants: [],
  },
  {
    id: "the lock of the filesystem's list is taken in a helper",
    edits: [
      {
        file: "fs/bcachefs/fs.c",
        function: "bch2_evict_inode",
        at: "above",
        text: "static void bch2_lock_vfs_inodes(struct bch_fs *c)\n{\n\tmutex_lock(&c->vfs_inodes_lock);\n}\n\n",
      },
      replace("bch2_evict_inode", "mutex_lock(&c->vfs_inodes_lock);", "bch2_lock_vfs_inodes(c);"),
    ],
    invariants: [],
  },
  {
    id: "the lock of the filesystem's list is reached through a pointer",
    edits: [
      replace(
        "bch2_evict_inode",
        "mutex_lock(&c->vfs_inodes_lock);",
        "struct mutex *lock = &c->vfs_inodes_lock;\n\tmutex_lock(lock);",
      ),
      replace("bch2_evict_inode", "mutex_unlock(&c->vfs_inodes_lock);", "mutex_unlock(lock);"),
    ],
    invariants: [],
  },
  {
    id: "the flags of a dying inode are a macro's",
    edits: [
      {
        file: "fs/bcachefs/fs.c",
        function: "bch2_inode_hash_find",
        at: "above",
        text: "#define BCH_I_DYING (I_FREEING|I_WILL_FREE)\n#define bch2_i_dying(i) ((i)->v.i_state & BCH_I_DYING)\n\n",
      },
      replace("bch2_inode_hash_find", "(inode->v.i_state & (I_FREEING|I_WILL_FREE))", "bch2_i_dying(inode)"),
    ],
    invariants: [],
  },
];
