import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("dirty-after-clear", fixture)).toEqual([]);

test("finds it in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	mark_inode_dirty(inode); /* expect: dirty-after-clear error */
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent about the block device's buffers, and about dirtying before", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	mark_inode_dirty(inode);
	clear_inode(inode);
	mark_buffer_dirty(FOO_SB(inode->i_sb)->bitmap);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds it two calls away", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_note(struct inode *inode)
{
	mark_inode_dirty_sync(inode);
}

static void foo_settle(struct inode *inode)
{
	foo_note(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	foo_settle(inode); /* expect: dirty-after-clear error */
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
	mark_inode_dirty(inode);
}

static const struct foo_ops foo_plain_ops = {
	.settle = foo_settle,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	foo_plain_ops.settle(inode); /* expect: dirty-after-clear error */
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds it in a macro and in a static inline of a header", () =>
  findsWhatIsMarked(`
//- /fs/foo/foo.h
#define FOO_NOTE(inode) mark_inode_dirty(inode)

static inline void foo_note(struct inode *inode)
{
	mark_inode_dirty(inode);
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (inode->i_nlink)
		FOO_NOTE(inode); /* expect: dirty-after-clear error */
	else
		foo_note(inode); /* expect: dirty-after-clear error */
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
