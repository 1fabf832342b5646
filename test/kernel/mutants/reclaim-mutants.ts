/** Mutants of the rules about what runs in reclaim. */
import type { Mutant, MutantEdit } from "./mutant.ts";

/** Gives a filesystem without ->evict_inode one: `name`, with `body` between the emptying and clear_inode(). */
function withEvict(file: string, table: string, name: string, helpers: string, body: string): MutantEdit[] {
  return [
    {
      file,
      table,
      at: "above",
      text: `${helpers}
static void ${name}(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
${body}
	clear_inode(inode);
}

`,
    },
    { file, table, at: "start", text: `\n\t.evict_inode\t= ${name},` },
  ];
}

export const RECLAIM_MUTANTS: readonly Mutant[] = [
  {
    id: "dirty-under-memalloc in fs/hfs, shallow",
    rule: "dirty-under-memalloc",
    kind: "shallow",
    filesystem: "fs/hfs",
    found: true,
    edits: [
      {
        file: "fs/hfs/inode.c",
        function: "hfs_evict_inode",
        at: "before",
        anchor: "clear_inode(inode);",
        text: "if (!inode->i_nlink)\n\t\tmark_inode_dirty(inode);\n\t",
      },
    ],
  },
  {
    id: "dirty-under-memalloc in fs/befs, deep, through a table of functions",
    rule: "dirty-under-memalloc",
    kind: "deep",
    filesystem: "fs/befs",
    found: true,
    edits: withEvict(
      "fs/befs/linuxvfs.c",
      "befs_sops",
      "befs_mutant_evict",
      `
struct befs_mutant_ops {
	void (*release)(struct inode *inode);
};

static void befs_mutant_release(struct inode *inode)
{
	mark_inode_dirty_sync(inode);
}

static const struct befs_mutant_ops befs_mutant_ops = {
	.release = befs_mutant_release,
};

static void befs_mutant_drop(const struct befs_mutant_ops *ops, struct inode *inode)
{
	ops->release(inode);
}
`,
      "\tif (!inode->i_nlink)\n\t\tbefs_mutant_drop(&befs_mutant_ops, inode);",
    ),
  },
  {
    id: "dirty-under-memalloc in fs/pstore, guarded by PF_MEMALLOC",
    rule: "dirty-under-memalloc",
    kind: "guarded",
    filesystem: "fs/pstore",
    found: false,
    edits: [
      {
        file: "fs/pstore/inode.c",
        function: "pstore_evict_inode",
        at: "before",
        anchor: "clear_inode(inode);",
        text: "if (!inode->i_nlink && !(current->flags & PF_MEMALLOC))\n\t\tmark_inode_dirty(inode);\n\n\t",
      },
    ],
  },
  {
    id: "nofail-under-memalloc in fs/coda, shallow",
    rule: "nofail-under-memalloc",
    kind: "shallow",
    filesystem: "fs/coda",
    found: true,
    edits: [
      {
        file: "fs/coda/inode.c",
        function: "coda_evict_inode",
        at: "before",
        anchor: "truncate_inode_pages_final(",
        text: "kfree(kmalloc(64, GFP_NOFS | __GFP_NOFAIL));\n\t",
      },
    ],
  },
  {
    id: "nofail-under-memalloc in fs/romfs, deep, with the flag set on the way",
    rule: "nofail-under-memalloc",
    kind: "deep",
    filesystem: "fs/romfs",
    found: true,
    edits: withEvict(
      "fs/romfs/super.c",
      "romfs_super_ops",
      "romfs_mutant_evict",
      `
static void *romfs_mutant_allocate(size_t size, gfp_t gfp)
{
	return kzalloc(size, gfp);
}

static void romfs_mutant_note(struct inode *inode, gfp_t gfp)
{
	gfp |= __GFP_NOFAIL;
	kfree(romfs_mutant_allocate(64, gfp));
}
`,
      "\tromfs_mutant_note(inode, GFP_NOFS);",
    ),
  },
  {
    id: "nofail-under-memalloc in fs/qnx4, guarded: the flag is only set outside of reclaim",
    rule: "nofail-under-memalloc",
    kind: "guarded",
    filesystem: "fs/qnx4",
    found: false,
    edits: withEvict(
      "fs/qnx4/inode.c",
      "qnx4_sops",
      "qnx4_mutant_evict",
      `
static void qnx4_mutant_note(gfp_t gfp)
{
	kfree(kmalloc(64, gfp));
}
`,
      `	if (current->flags & PF_MEMALLOC)
		qnx4_mutant_note(GFP_ATOMIC);
	else
		qnx4_mutant_note(GFP_NOFS | __GFP_NOFAIL);`,
    ),
  },
  {
    id: "blocking-under-memalloc in fs/autofs, shallow",
    rule: "blocking-under-memalloc",
    kind: "shallow",
    filesystem: "fs/autofs",
    found: true,
    edits: [
      {
        file: "fs/autofs/inode.c",
        function: "autofs_evict_inode",
        at: "before",
        anchor: "clear_inode(inode);",
        text: "mutex_lock(&autofs_sbi(inode->i_sb)->wq_mutex);\n\tmutex_unlock(&autofs_sbi(inode->i_sb)->wq_mutex);\n\t",
      },
    ],
  },
  {
    id: "blocking-under-memalloc in fs/adfs, deep",
    rule: "blocking-under-memalloc",
    kind: "deep",
    filesystem: "fs/adfs",
    found: true,
    edits: withEvict(
      "fs/adfs/super.c",
      "adfs_sops",
      "adfs_mutant_evict",
      `
static int adfs_mutant_flush(struct super_block *sb)
{
	return sync_blockdev(sb->s_bdev);
}

static void adfs_mutant_settle(struct inode *inode)
{
	adfs_mutant_flush(inode->i_sb);
}
`,
      "\tif (!inode->i_nlink)\n\t\tadfs_mutant_settle(inode);",
    ),
  },
  {
    id: "blocking-under-memalloc in fs/efs, guarded in a helper",
    rule: "blocking-under-memalloc",
    kind: "guarded",
    filesystem: "fs/efs",
    found: false,
    edits: withEvict(
      "fs/efs/super.c",
      "efs_superblock_operations",
      "efs_mutant_evict",
      `
static void efs_mutant_settle(struct super_block *sb)
{
	if (current->flags & PF_MEMALLOC)
		return;
	sync_blockdev(sb->s_bdev);
}
`,
      "\tefs_mutant_settle(inode->i_sb);",
    ),
  },
  {
    id: "lookup-under-evict in fs/omfs, shallow",
    rule: "lookup-under-evict",
    kind: "shallow",
    filesystem: "fs/omfs",
    found: true,
    edits: [
      {
        file: "fs/omfs/inode.c",
        function: "omfs_evict_inode",
        at: "before",
        anchor: "clear_inode(inode);",
        text: "iput(ilookup(inode->i_sb, inode->i_ino + 1));\n\t",
      },
    ],
  },
  {
    id: "lookup-under-evict in fs/qnx6, deep, through the filesystem's own iget",
    rule: "lookup-under-evict",
    kind: "deep",
    filesystem: "fs/qnx6",
    found: true,
    edits: withEvict(
      "fs/qnx6/inode.c",
      "qnx6_sops",
      "qnx6_mutant_evict",
      `
struct inode *qnx6_iget(struct super_block *sb, unsigned ino);

static void qnx6_mutant_visit(struct inode *inode)
{
	struct inode *next = qnx6_iget(inode->i_sb, inode->i_ino + 1);

	if (!IS_ERR(next))
		iput(next);
}
`,
      "\tif (!inode->i_nlink)\n\t\tqnx6_mutant_visit(inode);",
    ),
  },
  {
    id: "lookup-under-evict in fs/isofs, guarded: only a worker looks up",
    rule: "lookup-under-evict",
    kind: "guarded",
    filesystem: "fs/isofs",
    found: false,
    edits: withEvict(
      "fs/isofs/inode.c",
      "isofs_sops",
      "isofs_mutant_evict",
      `
static struct super_block *isofs_mutant_sb;

static void isofs_mutant_worker(struct work_struct *work)
{
	iput(ilookup(isofs_mutant_sb, 1));
}

static DECLARE_WORK(isofs_mutant_work, isofs_mutant_worker);
`,
      "\tschedule_work(&isofs_mutant_work);",
    ),
  },
  {
    id: "iput-under-evict in fs/bfs, shallow",
    rule: "iput-under-evict",
    kind: "shallow",
    filesystem: "fs/bfs",
    found: true,
    edits: [
      {
        file: "fs/bfs/inode.c",
        function: "bfs_evict_inode",
        at: "before",
        anchor: "invalidate_inode_buffers(inode);",
        text: "iput(inode->i_private);\n\t",
      },
    ],
  },
  {
    id: "iput-under-evict in fs/affs, deep",
    rule: "iput-under-evict",
    kind: "deep",
    filesystem: "fs/affs",
    found: true,
    edits: [
      {
        file: "fs/affs/inode.c",
        function: "affs_evict_inode",
        at: "above",
        text: `static void affs_mutant_put(struct dentry *dentry)
{
	dput(dentry);
}

static void affs_mutant_release(struct inode *inode)
{
	if (inode->i_private)
		affs_mutant_put(inode->i_private);
}

`,
      },
      {
        file: "fs/affs/inode.c",
        function: "affs_evict_inode",
        at: "before",
        anchor: "invalidate_inode_buffers(inode);",
        text: "affs_mutant_release(inode);\n\t",
      },
    ],
  },
  {
    id: "iput-under-evict in fs/hugetlbfs, guarded by a constant argument",
    rule: "iput-under-evict",
    kind: "guarded",
    filesystem: "fs/hugetlbfs",
    found: false,
    edits: [
      {
        file: "fs/hugetlbfs/inode.c",
        function: "hugetlbfs_evict_inode",
        at: "above",
        text: `static void hugetlbfs_mutant_release(struct inode *inode, bool drop)
{
	if (drop)
		iput(inode->i_private);
}

`,
      },
      {
        file: "fs/hugetlbfs/inode.c",
        function: "hugetlbfs_evict_inode",
        at: "before",
        anchor: "clear_inode(inode);",
        text: "hugetlbfs_mutant_release(inode, false);\n\t",
      },
    ],
  },
];
