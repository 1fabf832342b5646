import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("dirty-under-memalloc", fixture)).toEqual([]);

test("finds it in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (!inode->i_nlink)
		mark_inode_dirty(inode); /* expect: dirty-under-memalloc error */
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
		mark_inode_dirty(inode);
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
	mark_inode_dirty(inode);
}

static void foo_release(struct inode *inode)
{
	if (!inode->i_nlink)
		foo_settle(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_release(inode); /* expect: dirty-under-memalloc error */
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
	mark_inode_dirty(inode);
}

static const struct foo_ops foo_plain_ops = {
	.settle = foo_settle,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_plain_ops.settle(inode); /* expect: dirty-under-memalloc error */
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
	mark_inode_dirty(inode);
}

static inline void foo_settle_it(struct inode *inode)
{
	mark_inode_dirty(inode);
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	FOO_SETTLE(inode); /* expect: dirty-under-memalloc error */
	foo_settle(inode); /* expect: dirty-under-memalloc error */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("counts folios and buffers as well", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	mark_buffer_dirty(FOO_SB(inode->i_sb)->bitmap); /* expect: dirty-under-memalloc error */
	folio_mark_dirty(FOO_SB(inode->i_sb)->folio); /* expect: dirty-under-memalloc error */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("follows what a long helper decides about a reclaiming task, through WARN_ON_ONCE and an enumerator", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

enum foo_fate {
	FOO_DELETE,
	FOO_SKIP,
	FOO_DEFER,
};

static enum foo_fate foo_fate_of(struct inode *inode)
{
	/*
	${"Text that makes this longer than what is read for a constant alone. ".repeat(14)}
	 */
	if (test_bit(FOO_IN_USE, &FOO_I(inode)->flags))
		return FOO_DEFER;
	if (WARN_ON_ONCE(current->flags & PF_MEMALLOC))
		return FOO_DEFER;
	if (foo_is_shared(inode))
		return FOO_SKIP;
	return FOO_DELETE;
}

static void foo_evict_inode(struct inode *inode)
{
	enum foo_fate fate;

	fate = foo_fate_of(inode);
	if (fate == FOO_DEFER)
		goto out;
	if (fate == FOO_DELETE)
		mark_inode_dirty(inode);
	mark_buffer_dirty(FOO_SB(inode->i_sb)->bitmap);
out:
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
