import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("missing-truncate-pages", fixture)).toEqual([]);

test("finds clear_inode() with pages in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static const struct address_space_operations foo_aops = {
	.dirty_folio = filemap_dirty_folio,
};

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);

	inode->i_mapping->a_ops = &foo_aops;
	return inode;
}

static void foo_evict_inode(struct inode *inode)
{
	if (!inode->i_nlink)
		truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode); /* expect: missing-truncate-pages error */
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when only bad inodes are skipped", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static const struct address_space_operations foo_aops = {
	.dirty_folio = filemap_dirty_folio,
};

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);

	inode->i_mapping->a_ops = &foo_aops;
	return inode;
}

static void foo_evict_inode(struct inode *inode)
{
	if (!is_bad_inode(inode))
		truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent where inodes never have pages", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds a helper two calls away that returns early", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static const struct address_space_operations foo_aops = {
	.dirty_folio = filemap_dirty_folio,
};

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);

	inode->i_mapping->a_ops = &foo_aops;
	return inode;
}

static void foo_empty_mapping(struct inode *inode)
{
	if (inode->i_size == 0)
		return;
	truncate_inode_pages_final(&inode->i_data);
}

static void foo_empty(struct inode *inode)
{
	foo_empty_mapping(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	foo_empty(inode);
	clear_inode(inode); /* expect: missing-truncate-pages error */
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("follows a table of functions", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static const struct address_space_operations foo_aops = {
	.dirty_folio = filemap_dirty_folio,
};

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);

	inode->i_mapping->a_ops = &foo_aops;
	return inode;
}

struct foo_ops {
	void (*empty)(struct inode *inode);
};

static void foo_empty(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
}

static const struct foo_ops foo_plain_ops = {
	.empty = foo_empty,
};

static void foo_evict_inode(struct inode *inode)
{
	foo_plain_ops.empty(inode);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("follows a macro and a static inline of a header", () =>
  findsWhatIsMarked(`
//- /fs/foo/foo.h
#define FOO_EMPTY(inode) truncate_inode_pages_final(&(inode)->i_data)

static inline void foo_empty(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
}
//- /fs/foo/inode.c
#include <linux/fs.h>

static const struct address_space_operations foo_aops = {
	.dirty_folio = filemap_dirty_folio,
};

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);

	inode->i_mapping->a_ops = &foo_aops;
	return inode;
}
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	if (inode->i_nlink)
		FOO_EMPTY(inode);
	else
		foo_empty(inode);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
