import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

/** What the proposal gives the tree: the second half of evict(), for whoever finishes a punted inode. */
const COMPLETES = `//- /fs/inode.c
void evict_inode_complete(struct inode *inode)
{
	remove_inode_hash(inode);
	inode_wake_up_bit(inode, __I_NEW);
	destroy_inode(inode);
}
`;

/** A worker that does what the contract asks of it. */
const WORKER = `static void foo_evict_worker(struct work_struct *work)
{
	struct inode *inode = &container_of(work, struct foo_inode, work)->vfs_inode;

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	evict_inode_complete(inode);
}
`;

const TABLE = `static const struct super_operations foo_sops = {
	.evict_inode_async = foo_evict_inode_async,
};
`;

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("async-evict-contract", fixture)).toEqual([]);

test("is silent when every path completes or punts", () =>
  findsWhatIsMarked(`
${COMPLETES}
//- /fs/foo/inode.c
#include <linux/fs.h>

${WORKER}
static bool foo_evict_inode_async(struct inode *inode)
{
	if (inode->i_nlink) {
		truncate_inode_pages_final(&inode->i_data);
		clear_inode(inode);
		return true;
	}
	INIT_WORK(&FOO_I(inode)->work, foo_evict_worker);
	queue_work(foo_wq, &FOO_I(inode)->work);
	return false;
}

${TABLE}`));

test("finds a path that does neither", () =>
  findsWhatIsMarked(`
${COMPLETES}
//- /fs/foo/inode.c
#include <linux/fs.h>

${WORKER}
static bool foo_evict_inode_async(struct inode *inode)
{
	if (inode->i_private)
		return false; /* expect: async-evict-contract error */
	INIT_WORK(&FOO_I(inode)->work, foo_evict_worker);
	queue_work(foo_wq, &FOO_I(inode)->work);
	return false;
}

${TABLE}`));

test("finds a punt after an unhash two calls away", () =>
  findsWhatIsMarked(`
${COMPLETES}
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_unhash(struct inode *inode)
{
	remove_inode_hash(inode);
}

static void foo_forget(struct inode *inode)
{
	foo_unhash(inode);
}

${WORKER}
static bool foo_evict_inode_async(struct inode *inode)
{
	foo_forget(inode);
	INIT_WORK(&FOO_I(inode)->work, foo_evict_worker);
	queue_work(foo_wq, &FOO_I(inode)->work); /* expect: async-evict-contract error */
	return false;
}

${TABLE}`));

test("takes no other work that the method queues for the punt", () =>
  findsWhatIsMarked(`
${COMPLETES}
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_flush_super(struct work_struct *work)
{
	write_super(container_of(work, struct foo_sb, flush));
}

${WORKER}
static bool foo_evict_inode_async(struct inode *inode)
{
	INIT_WORK(&FOO_SB(inode)->flush, foo_flush_super);
	queue_work(foo_wq, &FOO_SB(inode)->flush);
	INIT_WORK(&FOO_I(inode)->work, foo_evict_worker);
	queue_work(foo_wq, &FOO_I(inode)->work);
	return false;
}

${TABLE}`));

test("doubts a worker that calls what the tree does not have", () =>
  findsWhatIsMarked(`
//- /fs/inode.c
int inode_init_always(struct super_block *sb, struct inode *inode)
{
	return 0;
}

//- /fs/foo/inode.c
#include <linux/fs.h>

${WORKER}
static bool foo_evict_inode_async(struct inode *inode)
{
	INIT_WORK(&FOO_I(inode)->work, foo_evict_worker);
	queue_work(foo_wq, &FOO_I(inode)->work); /* expect: async-evict-contract hint */
	return false;
}

${TABLE}`));

test("finds a worker that does not complete the eviction", () =>
  findsWhatIsMarked(`
${COMPLETES}
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_worker(struct work_struct *work)
{
	struct inode *inode = &container_of(work, struct foo_inode, work)->vfs_inode;

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static bool foo_evict_inode_async(struct inode *inode)
{
	INIT_WORK(&FOO_I(inode)->work, foo_evict_worker);
	queue_work(foo_wq, &FOO_I(inode)->work); /* expect: async-evict-contract error */
	return false;
}

${TABLE}`));

test("follows a table of functions and a macro to the punt", () =>
  findsWhatIsMarked(`
${COMPLETES}
//- /fs/foo/inode.c
#include <linux/fs.h>

#define FOO_PUNT(inode) queue_work(foo_wq, &FOO_I(inode)->work)

struct foo_ops {
	void (*punt)(struct inode *inode);
};

static void foo_punt(struct inode *inode)
{
	queue_work(foo_wq, &FOO_I(inode)->work);
}

static const struct foo_ops foo_plain_ops = {
	.punt = foo_punt,
};

${WORKER}
static bool foo_evict_inode_async(struct inode *inode)
{
	INIT_WORK(&FOO_I(inode)->work, foo_evict_worker);
	if (inode->i_nlink)
		FOO_PUNT(inode);
	else
		foo_plain_ops.punt(inode);
	return false;
}

${TABLE}`));
