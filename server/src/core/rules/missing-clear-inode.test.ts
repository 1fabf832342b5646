import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("missing-clear-inode", fixture)).toEqual([]);

test("finds the return in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	if (inode->i_private)
		return; /* expect: missing-clear-inode error */
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when every path clears, by goto and in a helper", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_clear(struct inode *inode)
{
	clear_inode(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	if (inode->i_nlink)
		goto out;
	foo_delete(inode);
out:
	truncate_inode_pages_final(&inode->i_data);
	foo_clear(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds a helper two calls away that clears on one path only", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_clear_linked(struct inode *inode)
{
	if (inode->i_nlink)
		clear_inode(inode);
}

static void foo_clear(struct inode *inode)
{
	foo_clear_linked(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_clear(inode);
} /* expect: missing-clear-inode error */

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("follows a table of functions", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

struct foo_ops {
	void (*clear)(struct inode *inode);
};

static void foo_clear(struct inode *inode)
{
	clear_inode(inode);
}

static const struct foo_ops foo_plain_ops = {
	.clear = foo_clear,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_plain_ops.clear(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("follows a macro and a static inline of a header", () =>
  findsWhatIsMarked(`
//- /fs/foo/foo.h
#define FOO_CLEAR(inode) clear_inode(inode)

static inline void foo_clear(struct inode *inode)
{
	clear_inode(inode);
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (inode->i_nlink)
		FOO_CLEAR(inode);
	else
		foo_clear(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
