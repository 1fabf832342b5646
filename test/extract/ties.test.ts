/** Locks and transactions of a filesystem in the models of its findings: who comes for the number holds what the eviction takes. */
import { expect, test } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { explore } from "../../server/src/core/race/simulator.ts";
import type { RuleId } from "../../server/src/core/report/finding.ts";
import { modelOfFinding, ownRunOf, reviewedWith } from "../support/own-filesystem.ts";

const FILE = "fs/tiefs/inode.c";
const LOCK = "	mutex_lock(&TIEFS_SB(inode->i_sb)->big_lock);\n";
const UNLOCK = "	mutex_unlock(&TIEFS_SB(inode->i_sb)->big_lock);\n";

interface Parts {
  readonly lookup?: string;
  /** Of the eviction. */
  readonly operation?: string;
  readonly evict: string;
  /** The function that calls iget_locked() takes the lock itself, and file handles come to it. */
  readonly inner?: boolean;
  readonly more?: string;
}

const LOOKUP = `	mutex_lock(&TIEFS_SB(dir->i_sb)->big_lock);
	inode = tiefs_iget(dir->i_sb, tiefs_find(dir, dentry));
	mutex_unlock(&TIEFS_SB(dir->i_sb)->big_lock);`;
const WITHOUT = "	inode = tiefs_iget(dir->i_sb, tiefs_find(dir, dentry));";

/** `TAKE;` and `GIVE;` where the inner function takes or gives back the lock. */
const withLock = (text: string, isInner: boolean): string =>
  text
    .replace(/\tTAKE;\n/g, isInner ? "\tmutex_lock(&TIEFS_SB(sb)->big_lock);\n" : "")
    .replace(/\tGIVE;\n/g, isInner ? "\tmutex_unlock(&TIEFS_SB(sb)->big_lock);\n" : "")
    .replace(/HANDLES;\n/, isInner ? HANDLES : "");
const HANDLES = `static const struct export_operations tiefs_export_operations = {
	.fh_to_dentry = tiefs_fh_to_dentry,
};
`;

const textOf = (parts: Parts): string => withLock(plainText(parts), parts.inner === true);

const plainText = ({
  lookup = LOOKUP,
  operation = "evict_inode",
  evict,
  more = "",
}: Parts): string => `#include <linux/fs.h>
#include <linux/buffer_head.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

struct tiefs_sb_info {
	struct mutex big_lock;
	struct buffer_head *bitmap;
};

static struct tiefs_sb_info *TIEFS_SB(struct super_block *sb)
{
	return sb->s_fs_info;
}

static struct inode *tiefs_iget(struct super_block *sb, unsigned long ino)
{
	struct buffer_head *bh;
	struct inode *inode;

	TAKE;
	inode = iget_locked(sb, ino);
	if (inode->i_state & I_NEW) {
		bh = sb_bread(sb, ino);
		brelse(bh);
		unlock_new_inode(inode);
	}
	GIVE;
	return inode;
}

static struct dentry *tiefs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct inode *inode;

${lookup}
	return d_splice_alias(inode, dentry);
}

static void tiefs_work(struct work_struct *work)
{
}

${more}
static bool tiefs_${operation}(struct inode *inode)
{
${evict}
}

HANDLES;
static const struct inode_operations tiefs_dir_operations = {
	.lookup = tiefs_lookup,
};

static const struct super_operations tiefs_sops = {
	.${operation} = tiefs_${operation},
};
`;

async function modelOf(rule: RuleId, parts: Parts): Promise<{ model: RaceModel; text: string }> {
  const text = textOf(parts);
  return { model: await modelOfFinding(await reviewedWith(FILE, text), "fs/tiefs", rule), text };
}

/** Punts after the unhash, and takes the lock before that. */
const PUNTS = `${LOCK}	mark_buffer_dirty(TIEFS_SB(inode->i_sb)->bitmap);
${UNLOCK}	remove_inode_hash(inode);
	INIT_WORK(&inode->i_work, tiefs_work);
	queue_work(tiefs_wq, &inode->i_work);
	return false;`;

test("async contract: a lookup that holds the lock waits for an eviction that takes it", async () => {
  const parts = { operation: "evict_inode_async", evict: PUNTS };
  const { model, text } = await modelOf("async-evict-contract", parts);
  const stuck = { ...model, invariants: ["PROG"] } as RaceModel;
  expect(explore(stuck)).toMatchObject({ verdict: "violated", invariant: "PROG" });
  const run = ownRunOf(stuck, FILE, text);
  expect(run).toContain("lookup: mutex_lock(&TIEFS_SB(dir->i_sb)->big_lock);");
  expect(run).toContain("evictor: mutex_lock(&TIEFS_SB(inode->i_sb)->big_lock);");
});

test("async contract: without the lock held neither waits for the other, and nothing of it is in the model", async () => {
  const parts = { operation: "evict_inode_async", evict: PUNTS, lookup: WITHOUT };
  const { model } = await modelOf("async-evict-contract", parts);
  expect(JSON.stringify(model)).not.toContain("big_lock is held");
});

const LATE = `	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	remove_inode_hash(inode);
`;
const WORKS = "	mark_buffer_dirty(TIEFS_SB(inode->i_sb)->bitmap);\n";

test("work after the unhash with the lock that every lookup holds: none comes between", async () => {
  const parts = { inner: true, lookup: WITHOUT, evict: LOCK + LATE + WORKS + UNLOCK };
  const { model } = await modelOf("work-after-unhash", parts);
  expect(explore(model)).toMatchObject({ verdict: "holds" });
  expect(model.assumptions?.join("\n")).toMatch(/comes this way, with tiefs_sb_info\.big_lock/);
});

test.each<readonly [string, Parts]>([
  ["taken after the unhash", { inner: true, lookup: WITHOUT, evict: LATE + LOCK + WORKS + UNLOCK }],
  ["that a lookup by number does not take", { evict: LOCK + LATE + WORKS + UNLOCK }],
])("and with one %s: a lookup does", async (_, parts) => {
  const { model } = await modelOf("work-after-unhash", parts);
  expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
});

test("a nested lookup with a lock held, which the other eviction takes on its way to the same lookup", async () => {
  const evict = `	truncate_inode_pages_final(&inode->i_data);
${LOCK}	tiefs_iget(inode->i_sb, 3);
${UNLOCK}	clear_inode(inode);
	return true;`;
  const { model, text } = await modelOf("lookup-under-evict", { evict });
  expect(explore(model)).toMatchObject({ verdict: "violated", invariant: "PROG" });
  expect(ownRunOf(model, FILE, text)).toContainEqual(
    expect.stringMatching(/: mutex_lock\(&TIEFS_SB\(inode->i_sb\)->big_lock\);$/),
  );
});

test("work after the unhash: the number is free where the filesystem frees it, and its clean-up is seen", async () => {
  const frees = "	tiefs_free_inode(inode);\n";
  const more = { lookup: WITHOUT, more: `void tiefs_free_inode(struct inode *inode)\n{\n${WORKS}}\n` };
  const { model, text } = await modelOf("work-after-unhash", {
    ...more,
    evict: `${frees}	sync_dirty_buffer(TIEFS_SB(inode->i_sb)->bitmap);\n${LATE}${WORKS}`,
  });
  expect(model.assumptions?.join("\n")).not.toMatch(/was not found/);
  const run = ownRunOf(model, FILE, text);
  expect(run).toContain("evictor: tiefs_free_inode(inode);");
  expect(run).toContain("evictor: sync_dirty_buffer(TIEFS_SB(inode->i_sb)->bitmap);");
  const created = explore(model, { toggles: { partner: "create" } });
  expect(created).toMatchObject({ verdict: "violated", invariant: "GEN" });
  expect(created.trace!.steps.map(({ label }) => label)).toContain("tiefs_free_inode(inode)");
  const other = await modelOf("work-after-unhash", { ...more, evict: LATE + WORKS });
  expect(other.model.assumptions?.join("\n")).toMatch(/which call frees the number on disk was not found/);
});
