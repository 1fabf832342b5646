/**
 * The words of filesystems that keep their inodes in an index of their own, as data. The chain of the model is that index:
 * such inodes only look hashed to generic code.
 */
import type { VocabularyData } from "./vocabulary.ts";

/** A new life of the VFS inode (xfs_reinit_inode(), inode_init_always()): nobody may use it before it is set up again. */
const NEW_LIFE = "$1.count = 1; $1.built = 0";

const INDEX_LOCK = "pag_ici_lock";
/** By the number of the mark. */
const RECLAIM_TAG = { 0: "tagged" };

/** fs/xfs/xfs_icache.c, xfs_inode.h, xfs_super.c of 6.1 to 6.12. */
export const XFS_WORDS: Partial<VocabularyData> = {
  words: [
    // hlist_add_fake() (xfs_iops.c, xfs_setup_inode()): hashed as far as generic code can see.
    { names: ["inode_unhashed", "hlist_unhashed"], op: "ignore", value: 0 },
    { names: ["hlist_fake"], op: "ignore", value: 1 },
    { names: ["VFS_I", "VFS_IC", "XFS_I"], op: "value", of: 0 },
    { names: ["XFS_INO_TO_AGINO"], op: "value", of: 1 },
    { names: ["xfs_perag_get"], op: "object", object: "perag" },

    { names: ["radix_tree_lookup"], op: "index-find", number: 1 },
    { names: ["radix_tree_insert"], op: "index-insert", number: 1, inode: 2, lock: INDEX_LOCK },
    { names: ["radix_tree_delete"], op: "index-delete", number: 1, lock: INDEX_LOCK },
    {
      names: ["radix_tree_tag_set"],
      op: "index-tag",
      number: 1,
      tag: 2,
      fields: RECLAIM_TAG,
      sets: true,
      lock: INDEX_LOCK,
    },
    {
      names: ["radix_tree_tag_clear"],
      op: "index-tag",
      number: 1,
      tag: 2,
      fields: RECLAIM_TAG,
      sets: false,
      lock: INDEX_LOCK,
    },
    // Whether other inodes have the mark: what is told to the index of the allocation groups, and nothing here.
    { names: ["radix_tree_tagged"], op: "ignore", value: 0 },
    {
      names: ["xfs_ilock"],
      op: "lock",
      lock: 0,
      member: "%ilock",
      assume: "ILOCK is one exclusive lock for each inode",
    },
    { names: ["xfs_ilock_nowait"], op: "trylock", lock: 0, member: "%ilock" },
    { names: ["xfs_iunlock"], op: "unlock", lock: 0, member: "%ilock" },

    { names: ["llist_add"], op: "link-add", link: 0, list: 1 },
    // The worker of a scenario runs when its list is not empty.
    { names: ["llist_del_all"], op: "ignore", value: 1 },
    // Worker and reclaimer are threads of the scenario: they run at any time.
    {
      names: [
        "queue_delayed_work",
        "mod_delayed_work",
        "mod_delayed_work_on",
        "flush_delayed_work",
        "xfs_inodegc_queue_all",
        "xfs_reclaim_work_queue",
      ],
      op: "ignore",
      assume: "work that is queued runs at any time, and nobody waits for it",
    },

    { names: ["inode_init_always", "inode_init_always_gfp"], op: "statement", does: NEW_LIFE, yields: "0" },
    {
      names: ["xfs_setup_iops"],
      op: "statement",
      does: "$0.built = 1",
      assume: "an inode can be used once xfs_setup_iops() has run",
    },
    {
      names: ["xfs_inode_from_disk"],
      op: "statement",
      does: "read_inode($0); $0.mode = disk.allocated",
      yields: "0",
      assume: "reading an inode from disk takes one step and succeeds",
    },
    {
      names: ["xfs_inode_needs_inactive"],
      op: "statement",
      yields: "$0.pending",
      assume: "xfs_inode_needs_inactive() is what the scenario says",
    },
    {
      names: ["xfs_inactive"],
      op: "statement",
      does: [
        'assert(UNIQ, !$0.count, "an inode is inactivated while somebody uses it")',
        "$0.pending = 0",
        "if ($0.nlink == 0) { $0.mode = 0; disk.allocated = 0 }",
      ].join("; "),
      yields: "0",
      sleeps: true,
      assume: "inactivation takes one step: it cleans up, and frees the number of an unlinked inode",
    },
    { names: ["delay"], op: "statement", sleeps: true },

    { names: ["ASSERT_ALWAYS"], op: "assert", condition: 0, must: true },
    // No code without CONFIG_XFS_DEBUG.
    { names: ["ASSERT"], op: "ignore", unread: true },
    { names: ["xfs_verify_ino"], op: "ignore", value: 1 },
    { names: ["XFS_INO_TO_AGNO"], op: "ignore", value: 0 },
    // Whether a new file's inode is read before it is overwritten.
    { names: ["xfs_has_v3inodes", "xfs_has_ikeep"], op: "ignore" },
    // An inode that is pinned or dirty is left for later.
    { names: ["xfs_ipincount"], op: "statement", yields: "$0.pinned" },
    { names: ["xfs_inode_clean"], op: "statement", yields: "!$0.pinned" },
    {
      names: ["xfs_imap", "xfs_imap_to_bp", "radix_tree_preload", "xlog_is_shutdown", "xfs_is_shutdown"],
      op: "ignore",
      value: 0,
      assume: "reading succeeds, and the filesystem is not shut down",
    },
    {
      names: [
        "xfs_perag_put",
        "radix_tree_preload_end",
        "rwsem_is_locked",
        "xfs_qm_dqdetach",
        "xfs_diflags_to_iflags",
        "xfs_update_stable_writes",
        "set_nlink",
        "inode_fake_hash",
        "hlist_add_fake",
        "mapping_set_folio_min_order",
        "mapping_set_large_folios",
        "xfs_idestroy_fork",
        "xfs_ifork_zap_attr",
        "xfs_inode_item_destroy",
      ],
      op: "ignore",
    },
  ],
  members: {
    // struct xfs_inode and the struct inode in it are one slot.
    inode: {
      i_ino: { is: "number", field: "i_ino" },
      i_mode: { is: "number", field: "mode" },
      i_flags: { is: "flags", domain: "xfs", lock: "i_flags_lock" },
      i_flags_lock: { is: "lock", lock: "i_flags_lock" },
      "%ilock": { is: "lock", lock: "ilock" },
      i_vnode: { is: "object", object: "inode" },
      i_gclist: { is: "link", link: "own", field: "queued" },
      i_sick: { is: "value", value: 0 },
      i_nblocks: { is: "value", value: 0 },
      i_delayed_blks: { is: "value", value: 0 },
    },
    mount: { m_sb: { is: "object", object: "mount" }, sb_agcount: { is: "value", value: 1 } },
    perag: { pag_ici_lock: { is: "lock", lock: INDEX_LOCK } },
  },
  locks: [
    { name: "i_flags_lock", kind: "spin", per: "slot", description: "ip->i_flags_lock" },
    { name: "ilock", kind: "sleep", per: "slot", description: "ip->i_lock (XFS_ILOCK)" },
    { name: INDEX_LOCK, kind: "spin", description: "pag->pag_ici_lock" },
  ],
  // Recycling takes I_FREEING back: what the language says of FREEING does not hold for this flag here.
  stateFlags: { I_FREEING: ["DYING"] },
  slotFlags: {
    xfs: {
      XFS_IRECLAIM: ["IRECLAIM"],
      XFS_IRECLAIMABLE: ["IRECLAIMABLE"],
      XFS_INEW: ["INEW"],
      XFS_IFLUSHING: ["IFLUSHING"],
      XFS_NEED_INACTIVE: ["NEED_INACTIVE"],
      XFS_INACTIVATING: ["INACTIVATING"],
      XFS_ALL_IRECLAIM_FLAGS: ["IRECLAIMABLE", "IRECLAIM", "NEED_INACTIVE", "INACTIVATING"],
      XFS_IRECLAIM_RESET_FLAGS: ["IRECLAIMABLE", "IRECLAIM", "NEED_INACTIVE", "INACTIVATING"],
      XFS_ISTALE: [],
      XFS_IDONTCACHE: [],
      XFS_ITRUNCATED: [],
      XFS_EOFBLOCKS_RELEASED: [],
      XFS_IDIRTY_RELEASE: [],
      XFS_IPINNED: [],
      XFS_IEOFBLOCKS: [],
      XFS_ICOWBLOCKS: [],
      XFS_IRECOVERY: [],
      XFS_IQUOTAUNCHECKED: [],
      XFS_IREMAPPING: [],
    },
  },
  fields: [
    { name: "DYING", max: 1, description: "I_FREEING" },
    { name: "i_ino", max: 1, description: "ip->i_ino is the number (0: it has been cleared)" },
    { name: "mode", max: 1, description: "i_mode says that the inode is allocated" },
    { name: "tagged", max: 1, description: "XFS_ICI_RECLAIM_TAG of its entry in the index" },
    { name: "pinned", max: 1, description: "dirty, or pinned in the log" },
    { name: "queued", max: 1, description: "on the list of the inactivation worker" },
    { name: "built", max: 1, description: "set up, so that it can be used" },
    { name: "IRECLAIM", max: 1, description: "XFS_IRECLAIM" },
    { name: "IRECLAIMABLE", max: 1, description: "XFS_IRECLAIMABLE" },
    { name: "INEW", max: 1, description: "XFS_INEW" },
    { name: "IFLUSHING", max: 1, description: "XFS_IFLUSHING" },
    { name: "NEED_INACTIVE", max: 1, description: "XFS_NEED_INACTIVE" },
    { name: "INACTIVATING", max: 1, description: "XFS_INACTIVATING" },
  ],
  numbers: {
    EEXIST: 17,
    ENODATA: 61,
    // No inode has it.
    NULLAGINO: 2,
    XFS_ICI_RECLAIM_TAG: 0,
    XFS_ICI_BLOCKGC_TAG: 1,
    EFSCORRUPTED: 117,
    XFS_IGET_CREATE: 1,
    XFS_IGET_UNTRUSTED: 2,
    XFS_IGET_DONTCACHE: 4,
    XFS_IGET_INCORE: 8,
    XFS_IGET_NORETRY: 16,
  },
  objects: { xfs_inode: "inode", xfs_perag: "perag", xfs_mount: "mount" },
  // __xfs_inode_free() hands the inode to RCU.
  relevant: ["i_rcu"],
  follow: ["^fs/xfs/xfs_(icache|inode|iops|super)\\.[ch]$"],
};
