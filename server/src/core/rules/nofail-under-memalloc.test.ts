import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("nofail-under-memalloc", fixture)).toEqual([]);

test("finds it in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (!inode->i_nlink)
		kfree(kmalloc(64, GFP_NOFS | __GFP_NOFAIL)); /* expect: nofail-under-memalloc error */
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
		kfree(kmalloc(64, GFP_NOFS | __GFP_NOFAIL));
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
	kfree(kmalloc(64, GFP_NOFS | __GFP_NOFAIL));
}

static void foo_release(struct inode *inode)
{
	if (!inode->i_nlink)
		foo_settle(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_release(inode); /* expect: nofail-under-memalloc error */
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
	kfree(kmalloc(64, GFP_NOFS | __GFP_NOFAIL));
}

static const struct foo_ops foo_plain_ops = {
	.settle = foo_settle,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_plain_ops.settle(inode); /* expect: nofail-under-memalloc error */
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
	kfree(kmalloc(64, GFP_NOFS | __GFP_NOFAIL));
}

static inline void foo_settle_it(struct inode *inode)
{
	kfree(kmalloc(64, GFP_NOFS | __GFP_NOFAIL));
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	FOO_SETTLE(inode); /* expect: nofail-under-memalloc error */
	foo_settle(inode); /* expect: nofail-under-memalloc error */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("follows the flag through parameters and variables", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_try(gfp_t gfp)
{
	kfree(kmalloc(64, gfp));
}

static void foo_note(gfp_t gfp)
{
	gfp_t flags = gfp;

	flags |= __GFP_NOFAIL;
	foo_try(flags);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_note(GFP_NOFS); /* expect: nofail-under-memalloc error */
	foo_try(GFP_NOFS);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("counts sb_bread(), which ends in such an allocation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	brelse(sb_bread(inode->i_sb, 1)); /* expect: nofail-under-memalloc error */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
