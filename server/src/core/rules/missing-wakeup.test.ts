import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("missing-wakeup", fixture)).toEqual([]);

test("finds an unhash without a wake-up", () =>
  findsWhatIsMarked(`
//- /fs/inode.c
#include <linux/fs.h>

static void evict(struct inode *inode)
{
	const struct super_operations *op = inode->i_sb->s_op;

	BUG_ON(!(inode->i_state & I_FREEING));
	if (op->evict_inode)
		op->evict_inode(inode);
	remove_inode_hash(inode); /* expect: missing-wakeup error */
	destroy_inode(inode);
}

void iput(struct inode *inode)
{
	inode->i_state |= I_FREEING;
	evict(inode);
}

//- /fs/foo/inode.c
static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when the wake-up follows", () =>
  findsWhatIsMarked(`
//- /fs/inode.c
#include <linux/fs.h>

static void evict(struct inode *inode)
{
	const struct super_operations *op = inode->i_sb->s_op;

	BUG_ON(!(inode->i_state & I_FREEING));
	if (op->evict_inode)
		op->evict_inode(inode);
	remove_inode_hash(inode);
	spin_lock(&inode->i_lock);
	inode_wake_up_bit(inode, __I_NEW);
	spin_unlock(&inode->i_lock);
	destroy_inode(inode);
}

void iput(struct inode *inode)
{
	inode->i_state |= I_FREEING;
	evict(inode);
}

//- /fs/foo/inode.c
static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when the wake-up is two calls away", () =>
  findsWhatIsMarked(`
//- /fs/inode.c
#include <linux/fs.h>

static void wake_them(struct inode *inode)
{
	inode_wake_up_bit(inode, __I_NEW);
}

static void wake_waiters(struct inode *inode)
{
	wake_them(inode);
}

static void evict(struct inode *inode)
{
	const struct super_operations *op = inode->i_sb->s_op;

	BUG_ON(!(inode->i_state & I_FREEING));
	if (op->evict_inode)
		op->evict_inode(inode);
	remove_inode_hash(inode);
	wake_waiters(inode);
	destroy_inode(inode);
}

void iput(struct inode *inode)
{
	inode->i_state |= I_FREEING;
	evict(inode);
}

//- /fs/foo/inode.c
static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds a helper that wakes on one path only", () =>
  findsWhatIsMarked(`
//- /fs/inode.c
#include <linux/fs.h>

static void wake_waiters(struct inode *inode)
{
	if (inode->i_nlink)
		inode_wake_up_bit(inode, __I_NEW);
}

static void evict(struct inode *inode)
{
	const struct super_operations *op = inode->i_sb->s_op;

	BUG_ON(!(inode->i_state & I_FREEING));
	if (op->evict_inode)
		op->evict_inode(inode);
	remove_inode_hash(inode); /* expect: missing-wakeup error */
	wake_waiters(inode);
	destroy_inode(inode);
}

void iput(struct inode *inode)
{
	inode->i_state |= I_FREEING;
	evict(inode);
}

//- /fs/foo/inode.c
static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when a macro wakes, and about a live inode", () =>
  findsWhatIsMarked(`
//- /fs/inode.c
#include <linux/fs.h>

#define WAKE_WAITERS(inode) inode_wake_up_bit((inode), __I_NEW)

void make_bad_inode(struct inode *inode)
{
	remove_inode_hash(inode);
	inode->i_mode = S_IFREG;
}

static void evict(struct inode *inode)
{
	const struct super_operations *op = inode->i_sb->s_op;

	BUG_ON(!(inode->i_state & I_FREEING));
	if (op->evict_inode)
		op->evict_inode(inode);
	remove_inode_hash(inode);
	WAKE_WAITERS(inode);
	destroy_inode(inode);
}

void iput(struct inode *inode)
{
	inode->i_state |= I_FREEING;
	evict(inode);
}

//- /fs/foo/inode.c
static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
