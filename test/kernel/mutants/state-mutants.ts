/** Mutants of the rules about the order of an eviction's steps: unhash, empty, clear, wake. */
import type { Mutant } from "./mutant.ts";

export const STATE_MUTANTS: readonly Mutant[] = [
  {
    id: "work-after-unhash in fs/minix, shallow",
    rule: "work-after-unhash",
    kind: "shallow",
    filesystem: "fs/minix",
    found: true,
    edits: [
      {
        file: "fs/minix/inode.c",
        function: "minix_evict_inode",
        at: "before",
        anchor: "clear_inode(inode);",
        text: "remove_inode_hash(inode);\n\t",
      },
    ],
  },
  {
    id: "work-after-unhash in fs/sysv, deep: the unhash is behind two calls",
    rule: "work-after-unhash",
    kind: "deep",
    filesystem: "fs/sysv",
    found: true,
    edits: [
      {
        file: "fs/sysv/inode.c",
        function: "sysv_evict_inode",
        at: "above",
        text: `static void sysv_mutant_unhash(struct inode *inode)
{
	__remove_inode_hash(inode);
}

static void sysv_mutant_forget(struct inode *inode)
{
	if (!inode_unhashed(inode))
		sysv_mutant_unhash(inode);
}

`,
      },
      {
        file: "fs/sysv/inode.c",
        function: "sysv_evict_inode",
        at: "after",
        anchor: "clear_inode(inode);",
        text: "\n\tsysv_mutant_forget(inode);",
      },
    ],
  },
  {
    id: "work-after-unhash in fs/squashfs, deep: ->destroy_inode drops a dentry",
    rule: "work-after-unhash",
    kind: "deep",
    filesystem: "fs/squashfs",
    found: true,
    edits: [
      {
        file: "fs/squashfs/super.c",
        table: "squashfs_super_ops",
        at: "above",
        text: `static void squashfs_mutant_release(struct inode *inode)
{
	dput(inode->i_private);
}

static void squashfs_mutant_destroy(struct inode *inode)
{
	squashfs_mutant_release(inode);
}

`,
      },
      {
        file: "fs/squashfs/super.c",
        table: "squashfs_super_ops",
        at: "start",
        text: "\n\t.destroy_inode = squashfs_mutant_destroy,",
      },
    ],
  },
  {
    id: "work-after-unhash in fs/erofs, guarded: ->destroy_inode only frees memory",
    rule: "work-after-unhash",
    kind: "guarded",
    filesystem: "fs/erofs",
    found: false,
    edits: [
      {
        file: "fs/erofs/super.c",
        table: "erofs_sops",
        at: "above",
        text: `static void erofs_mutant_release(void *memory)
{
	kfree(memory);
}

static void erofs_mutant_destroy(struct inode *inode)
{
	erofs_mutant_release(inode->i_private);
	inode->i_private = NULL;
}

`,
      },
      {
        file: "fs/erofs/super.c",
        table: "erofs_sops",
        at: "start",
        text: "\n\t.destroy_inode = erofs_mutant_destroy,",
      },
    ],
  },
  {
    id: "missing-clear-inode in fs/hpfs, shallow",
    rule: "missing-clear-inode",
    kind: "shallow",
    filesystem: "fs/hpfs",
    found: true,
    edits: [
      {
        file: "fs/hpfs/inode.c",
        function: "hpfs_evict_inode",
        at: "start",
        text: "\n\tif (inode->i_private)\n\t\treturn;\n",
      },
    ],
  },
  {
    id: "missing-clear-inode in fs/kernfs, deep: a helper clears on one path only",
    rule: "missing-clear-inode",
    kind: "deep",
    filesystem: "fs/kernfs",
    found: true,
    edits: [
      {
        file: "fs/kernfs/inode.c",
        function: "kernfs_evict_inode",
        at: "above",
        text: `static void kernfs_mutant_clear_linked(struct inode *inode)
{
	if (inode->i_nlink)
		clear_inode(inode);
}

static void kernfs_mutant_clear(struct inode *inode)
{
	kernfs_mutant_clear_linked(inode);
}

`,
      },
      {
        file: "fs/kernfs/inode.c",
        function: "kernfs_evict_inode",
        at: "replace",
        anchor: "clear_inode(inode);",
        text: "kernfs_mutant_clear(inode);",
      },
    ],
  },
  {
    id: "missing-clear-inode in fs/ecryptfs, guarded: both arms of a helper clear",
    rule: "missing-clear-inode",
    kind: "guarded",
    filesystem: "fs/ecryptfs",
    found: false,
    edits: [
      {
        file: "fs/ecryptfs/super.c",
        function: "ecryptfs_evict_inode",
        at: "above",
        text: `static void ecryptfs_mutant_clear(struct inode *inode)
{
	if (inode->i_nlink) {
		clear_inode(inode);
		return;
	}
	inode->i_private = NULL;
	clear_inode(inode);
}

`,
      },
      {
        file: "fs/ecryptfs/super.c",
        function: "ecryptfs_evict_inode",
        at: "replace",
        anchor: "clear_inode(inode);",
        text: "ecryptfs_mutant_clear(inode);",
      },
    ],
  },
  {
    id: "missing-truncate-pages in fs/hfsplus, shallow",
    rule: "missing-truncate-pages",
    kind: "shallow",
    filesystem: "fs/hfsplus",
    found: true,
    edits: [
      {
        file: "fs/hfsplus/super.c",
        function: "hfsplus_evict_inode",
        at: "before",
        anchor: "truncate_inode_pages_final(",
        text: "if (inode->i_nlink)\n\t\t",
      },
    ],
  },
  {
    id: "missing-truncate-pages in fs/ufs, deep: a helper returns early",
    rule: "missing-truncate-pages",
    kind: "deep",
    filesystem: "fs/ufs",
    found: true,
    edits: [
      {
        file: "fs/ufs/inode.c",
        function: "ufs_evict_inode",
        at: "above",
        text: `static void ufs_mutant_empty_mapping(struct inode *inode)
{
	if (IS_SYNC(inode))
		return;
	truncate_inode_pages_final(&inode->i_data);
}

static void ufs_mutant_empty(struct inode *inode)
{
	ufs_mutant_empty_mapping(inode);
}

`,
      },
      {
        file: "fs/ufs/inode.c",
        function: "ufs_evict_inode",
        at: "replace",
        anchor: "truncate_inode_pages_final(&inode->i_data);",
        text: "ufs_mutant_empty(inode);",
      },
    ],
  },
  {
    id: "missing-truncate-pages in fs/proc, guarded: only bad inodes are skipped",
    rule: "missing-truncate-pages",
    kind: "guarded",
    filesystem: "fs/proc",
    found: false,
    edits: [
      {
        file: "fs/proc/inode.c",
        function: "proc_evict_inode",
        at: "before",
        anchor: "truncate_inode_pages_final(",
        text: "if (!is_bad_inode(inode))\n\t\t",
      },
    ],
  },
  {
    id: "dirty-after-clear in fs/udf, shallow",
    rule: "dirty-after-clear",
    kind: "shallow",
    filesystem: "fs/udf",
    found: true,
    edits: [
      {
        file: "fs/udf/inode.c",
        function: "udf_evict_inode",
        at: "after",
        anchor: "clear_inode(inode);",
        text: "\n\tmark_inode_dirty(inode);",
      },
    ],
  },
  {
    id: "dirty-after-clear in fs/ext2, deep",
    rule: "dirty-after-clear",
    kind: "deep",
    filesystem: "fs/ext2",
    found: true,
    edits: [
      {
        file: "fs/ext2/inode.c",
        function: "ext2_evict_inode",
        at: "above",
        text: `static void ext2_mutant_note(struct inode *inode)
{
	mark_inode_dirty_sync(inode);
}

static void ext2_mutant_settle(struct inode *inode)
{
	if (!inode->i_nlink)
		ext2_mutant_note(inode);
}

`,
      },
      {
        file: "fs/ext2/inode.c",
        function: "ext2_evict_inode",
        at: "after",
        anchor: "clear_inode(inode);",
        text: "\n\text2_mutant_settle(inode);",
      },
    ],
  },
  {
    id: "dirty-after-clear in fs/jfs, guarded: it is dirtied before",
    rule: "dirty-after-clear",
    kind: "guarded",
    filesystem: "fs/jfs",
    found: false,
    edits: [
      {
        file: "fs/jfs/inode.c",
        function: "jfs_evict_inode",
        at: "before",
        anchor: "clear_inode(inode);",
        text: "if (!(inode->i_state & I_CLEAR))\n\t\tmark_inode_dirty(inode);\n\t",
      },
    ],
  },
];
