/**
 * The words of a filesystem that keeps its inodes in a resizable hash table (include/linux/rhashtable.h), as data: the chain of
 * the model is that table, whose own locks are in its functions.
 */
import type { VocabularyData } from "./vocabulary.ts";

/** fs/bcachefs/fs.c, fs.h of 6.12. */
export const BCACHEFS_WORDS: Partial<VocabularyData> = {
  words: [
    // inode_fake_hash(): hashed as far as generic code can see, while the table has it (bch2_inode_hash_insert(), _remove()).
    { names: ["inode_unhashed", "hlist_unhashed"], op: "statement", yields: "!$0.HASHED" },
    { names: ["hlist_fake"], op: "ignore", value: 1 },
    {
      names: ["inode_fake_hash"],
      op: "statement",
      does: "read_inode($0); $0.pending = !$0.nlink",
      assume: "what was read from disk counts from when the table has the inode",
    },
    { names: ["to_bch_ei", "inode_inum"], op: "value", of: 0 },

    { names: ["rhashtable_lookup_fast"], op: "index-find", number: 1 },
    { names: ["rhashtable_lookup_insert_key"], op: "index-insert", number: 1, inode: 2 },
    { names: ["rhashtable_remove_fast"], op: "index-remove", inode: 1 },
    { names: ["test_bit"], op: "bit", does: "test", bit: 0, word: 1 },
    { names: ["set_bit"], op: "bit", does: "set", bit: 0, word: 1 },
    { names: ["clear_bit"], op: "bit", does: "clear", bit: 0, word: 1 },
    { names: ["test_and_clear_bit"], op: "bit", does: "test-and-clear", bit: 0, word: 1 },

    { names: ["bch2_trans_get"], op: "object", object: "trans" },
    {
      names: ["lockrestart_do"],
      op: "lock",
      lock: 0,
      member: "%inode_key",
      yields: "!disk.allocated",
      assume:
        "a transaction that reads an inode keeps its key locked until it is unlocked or over, and does not restart but for that",
    },
    { names: ["bch2_trans_unlock", "bch2_trans_put"], op: "unlock", lock: 0, member: "%inode_key" },
    { names: ["bch2_trans_relock"], op: "lock", lock: 0, member: "%inode_key", yields: "!disk.allocated" },
    { names: ["bch2_new_inode", "__bch2_new_inode"], op: "alloc", assume: "allocating an inode succeeds" },
    {
      names: ["bch2_vfs_inode_init"],
      op: "statement",
      does: "$2.built = 1; $2.nlink = disk.linked",
      assume: "an inode is filled in from disk in one step",
    },
    {
      names: ["bch2_inode_rm"],
      op: "statement",
      does: "$1.pending = 0; disk.allocated = 0",
      briefly: "inode_key",
      sleeps: true,
      assume: "an inode is deleted on disk in one step, while nobody has its key locked",
    },
    { names: ["bch2_quota_acct"], op: "ignore", value: 0 },
  ],
  members: {
    inode: {
      // struct bch_inode_info and the struct inode in it are one slot.
      v: { is: "object", object: "inode" },
      hash: { is: "link", link: "hash" },
      ei_inum: { is: "number-of-inode" },
      ei_vfs_inode_list: { is: "link", link: "own", field: "listed", lock: "vfs_inodes_lock" },
      ei_flags: { is: "flags", domain: "ei" },
      ei_quota_reserved: { is: "value", value: 0 },
    },
    fs: { vfs_inodes_lock: { is: "lock", lock: "vfs_inodes_lock" } },
    trans: { "%inode_key": { is: "lock", lock: "inode_key" }, c: { is: "object", object: "fs" } },
    sb: { s_fs_info: { is: "object", object: "fs" } },
  },
  locks: [
    { name: "inode_key", kind: "sleep", description: "the lock of the inode's key in the btree" },
    { name: "vfs_inodes_lock", kind: "sleep", description: "c->vfs_inodes_lock" },
  ],
  slotFlags: { ei: { EI_INODE_HASHED: ["HASHED"], EI_INODE_ERROR: [], EI_INODE_SNAPSHOT: [] } },
  fields: [
    { name: "built", max: 1, description: "filled in, so that it can be used" },
    { name: "listed", max: 1, description: "on the filesystem's list of inodes in memory (c->vfs_inodes_list)" },
    { name: "HASHED", max: 1, description: "EI_INODE_HASHED" },
  ],
  objects: { bch_inode_info: "inode", btree_trans: "trans", bch_fs: "fs" },
  follow: ["^fs/bcachefs/fs\\.[ch]$"],
};
