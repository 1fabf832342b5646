import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("lookup-under-evict", fixture)).toEqual([]);

test("finds it in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (!inode->i_nlink)
		foo_keep(ilookup(inode->i_sb, 5)); /* expect: lookup-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when only a worker does it", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static struct inode *foo_other;

static void foo_worker(struct work_struct *work)
{
	struct inode *inode = foo_other;

	foo_keep(ilookup(inode->i_sb, 5));
}

static DECLARE_WORK(foo_work, foo_worker);

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	schedule_work(&foo_work);
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
	foo_keep(ilookup(inode->i_sb, 5));
}

static void foo_release(struct inode *inode)
{
	if (!inode->i_nlink)
		foo_settle(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_release(inode); /* expect: lookup-under-evict warning */
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
	foo_keep(ilookup(inode->i_sb, 5));
}

static const struct foo_ops foo_plain_ops = {
	.settle = foo_settle,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_plain_ops.settle(inode); /* expect: lookup-under-evict warning */
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
	foo_keep(ilookup(inode->i_sb, 5));
}

static inline void foo_settle_it(struct inode *inode)
{
	foo_keep(ilookup(inode->i_sb, 5));
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	FOO_SETTLE(inode); /* expect: lookup-under-evict warning */
	foo_settle(inode); /* expect: lookup-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent below a call that is made with the flag set that forbids it", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static int foo_expand(struct inode *inode)
{
	if (ext4_test_inode_state(inode, EXT4_STATE_NO_EXPAND))
		return -EOVERFLOW;
	foo_keep(ilookup(inode->i_sb, 5));
	return 0;
}

static void foo_mark_dirty(struct inode *inode)
{
	foo_expand(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	struct inode *parent = foo_parent(inode);

	truncate_inode_pages_final(&inode->i_data);
	foo_mark_dirty(inode); /* expect: lookup-under-evict warning */
	ext4_set_inode_state(inode, EXT4_STATE_NO_EXPAND);
	foo_mark_dirty(inode);
	foo_mark_dirty(parent); /* expect: lookup-under-evict warning */
	if (foo_later(inode))
		ext4_clear_inode_state(inode, EXT4_STATE_NO_EXPAND);
	foo_mark_dirty(inode); /* expect: lookup-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
