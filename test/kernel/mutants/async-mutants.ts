/** Mutants of ->evict_inode_async, which a tree of 2024 does not have: the method itself is put in with them. */
import type { Mutant, MutantEdit } from "./mutant.ts";

/** The method of 2025's proposal, put into the tree: a field, its call in evict(), and evict()'s tail for workers. */
const ASYNC_METHOD: readonly MutantEdit[] = [
  {
    file: "include/linux/fs.h",
    struct: "super_operations",
    at: "start",
    text: "\n\tbool (*evict_inode_async)(struct inode *inode);",
  },
  {
    file: "include/linux/fs.h",
    function: "inode_unhashed",
    at: "above",
    text: "void evict_inode_complete(struct inode *inode);\n",
  },
  {
    file: "fs/inode.c",
    function: "evict",
    at: "above",
    text: `void evict_inode_complete(struct inode *inode)
{
	remove_inode_hash(inode);
	spin_lock(&inode->i_lock);
	inode_wake_up_bit(inode, __I_NEW);
	spin_unlock(&inode->i_lock);
	destroy_inode(inode);
}

`,
  },
  {
    file: "fs/inode.c",
    function: "evict",
    at: "before",
    anchor: "if (op->evict_inode) {",
    text: "if (op->evict_inode_async) {\n\t\tif (!op->evict_inode_async(inode))\n\t\t\treturn;\n\t} else ",
  },
];

function asyncMutant(file: string, table: string, evict: string, helpers: string, body: string): readonly MutantEdit[] {
  return [
    { file, table, at: "above", text: `${helpers}\nstatic bool ${evict}(struct inode *inode)\n{\n${body}\n}\n\n` },
    { file, table, at: "start", text: `\n\t.evict_inode_async = ${evict},` },
    ...ASYNC_METHOD,
  ];
}

function worker(prefix: string, body: string): string {
  return `
static struct inode *${prefix}_mutant_parked;

static void ${prefix}_mutant_worker(struct work_struct *work)
{
	struct inode *inode = ${prefix}_mutant_parked;

${body}
}

static DECLARE_WORK(${prefix}_mutant_work, ${prefix}_mutant_worker);
`;
}

const COMPLETE = "\ttruncate_inode_pages_final(&inode->i_data);\n\tclear_inode(inode);\n\tevict_inode_complete(inode);";

export const ASYNC_MUTANTS: readonly Mutant[] = [
  {
    id: "async-evict-contract in fs/cramfs, shallow: a path that does neither",
    rule: "async-evict-contract",
    kind: "shallow",
    filesystem: "fs/cramfs",
    found: true,
    edits: asyncMutant(
      "fs/cramfs/inode.c",
      "cramfs_ops",
      "cramfs_mutant_evict",
      "",
      `	if (inode->i_private)
		return false;
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	return true;`,
    ),
  },
  {
    id: "async-evict-contract in fs/romfs, deep: punts after an unhash two calls away",
    rule: "async-evict-contract",
    kind: "deep",
    filesystem: "fs/romfs",
    found: true,
    edits: asyncMutant(
      "fs/romfs/super.c",
      "romfs_super_ops",
      "romfs_mutant_evict_async",
      `${worker("romfs", COMPLETE)}
static void romfs_mutant_unhash(struct inode *inode)
{
	remove_inode_hash(inode);
}

static void romfs_mutant_forget(struct inode *inode)
{
	romfs_mutant_unhash(inode);
}
`,
      `	romfs_mutant_parked = inode;
	romfs_mutant_forget(inode);
	schedule_work(&romfs_mutant_work);
	return false;`,
    ),
  },
  {
    id: "async-evict-contract in fs/zonefs, deep: the worker does not complete",
    rule: "async-evict-contract",
    kind: "deep",
    filesystem: "fs/zonefs",
    found: true,
    edits: asyncMutant(
      "fs/zonefs/super.c",
      "zonefs_sops",
      "zonefs_mutant_evict",
      worker("zonefs", "\ttruncate_inode_pages_final(&inode->i_data);\n\tclear_inode(inode);"),
      `	zonefs_mutant_parked = inode;
	schedule_work(&zonefs_mutant_work);
	return false;`,
    ),
  },
  {
    id: "async-evict-contract in fs/adfs, guarded: done right",
    rule: "async-evict-contract",
    kind: "guarded",
    filesystem: "fs/adfs",
    found: false,
    edits: asyncMutant(
      "fs/adfs/super.c",
      "adfs_sops",
      "adfs_mutant_evict_async",
      worker("adfs", COMPLETE),
      `	if (inode->i_nlink) {
		truncate_inode_pages_final(&inode->i_data);
		clear_inode(inode);
		return true;
	}
	adfs_mutant_parked = inode;
	schedule_work(&adfs_mutant_work);
	return false;`,
    ),
  },
];
