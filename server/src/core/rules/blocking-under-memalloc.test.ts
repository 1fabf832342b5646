import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("blocking-under-memalloc", fixture)).toEqual([]);

test("finds it in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (!inode->i_nlink)
		sync_blockdev(inode->i_sb->s_bdev); /* expect: blocking-under-memalloc warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent behind a test of PF_MEMALLOC", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (!inode->i_nlink && !(current->flags & PF_MEMALLOC))
		sync_blockdev(inode->i_sb->s_bdev);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds it two calls away", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_settle(struct inode *inode)
{
	sync_blockdev(inode->i_sb->s_bdev);
}

static void foo_release(struct inode *inode)
{
	if (!inode->i_nlink)
		foo_settle(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_release(inode); /* expect: blocking-under-memalloc warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds it behind a table of functions", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

struct foo_ops {
	void (*settle)(struct inode *inode);
};

static void foo_settle(struct inode *inode)
{
	sync_blockdev(inode->i_sb->s_bdev);
}

static const struct foo_ops foo_plain_ops = {
	.settle = foo_settle,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_plain_ops.settle(inode); /* expect: blocking-under-memalloc warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds it in a macro and in a static inline of a header", () =>
  findsWhatIsMarked(`
//- /fs/foo/foo.h
#define FOO_SETTLE(inode) foo_settle_it(inode)

static inline void foo_settle(struct inode *inode)
{
	sync_blockdev(inode->i_sb->s_bdev);
}

static inline void foo_settle_it(struct inode *inode)
{
	sync_blockdev(inode->i_sb->s_bdev);
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	FOO_SETTLE(inode); /* expect: blocking-under-memalloc warning */
	foo_settle(inode); /* expect: blocking-under-memalloc warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent about the waits that all evictions have in common", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
