import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("lookup-ignores-freeing", fixture)).toEqual([]);

test("finds a callback of find_inode_nowait() that takes any inode", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static int foo_match(struct inode *inode, unsigned long ino, void *data)
{
	if (inode->i_ino != ino)
		return 0;
	__iget(inode); /* expect: lookup-ignores-freeing error */
	return 1;
}

struct inode *foo_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, foo_match, NULL);
}

static const struct super_operations foo_sops = {
	.drop_inode = generic_delete_inode,
};
`));

test("is silent when the callback tests, itself or by igrab()", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static int foo_match(struct inode *inode, unsigned long ino, void *data)
{
	if (inode->i_ino != ino)
		return 0;
	if (inode->i_state & (I_FREEING | I_WILL_FREE))
		return -1;
	__iget(inode);
	return 1;
}

struct inode *foo_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, foo_match, NULL);
}

static const struct super_operations foo_sops = {
	.drop_inode = generic_delete_inode,
};
//- /fs/bar/inode.c
#include <linux/fs.h>

static int bar_match(struct inode *inode, unsigned long ino, void *data)
{
	if (inode->i_ino != ino)
		return 0;
	if (!igrab(inode))
		return -1;
	return 1;
}

struct inode *bar_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, bar_match, NULL);
}

static const struct super_operations bar_sops = {
	.drop_inode = generic_delete_inode,
};
`));

test("is silent when a helper two calls away tests", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static bool foo_is_dying(struct inode *inode)
{
	return inode->i_state & (I_FREEING | I_WILL_FREE);
}

static bool foo_may_take(struct inode *inode)
{
	return !foo_is_dying(inode);
}

static int foo_match(struct inode *inode, unsigned long ino, void *data)
{
	if (inode->i_ino != ino)
		return 0;
	if (!foo_may_take(inode))
		return -1;
	__iget(inode);
	return 1;
}

struct inode *foo_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, foo_match, NULL);
}

static const struct super_operations foo_sops = {
	.drop_inode = generic_delete_inode,
};
`));

test("reads the idiom of 2026: inode_state_read()", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static int foo_match(struct inode *inode, unsigned long ino, void *data)
{
	if (inode->i_ino != ino)
		return 0;
	if (inode_state_read_once(inode) & (I_FREEING | I_WILL_FREE))
		return -1;
	__iget(inode);
	return 1;
}

struct inode *foo_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, foo_match, NULL);
}

static const struct super_operations foo_sops = {
	.drop_inode = generic_delete_inode,
};
`));

test("is silent when a macro tests", () =>
  findsWhatIsMarked(`
//- /fs/foo/foo.h
#define FOO_DYING(inode) ((inode)->i_state & (I_FREEING | I_WILL_FREE))
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static int foo_match(struct inode *inode, unsigned long ino, void *data)
{
	if (inode->i_ino != ino)
		return 0;
	if (FOO_DYING(inode))
		return -1;
	__iget(inode);
	return 1;
}

struct inode *foo_peek(struct super_block *sb, unsigned long ino)
{
	return find_inode_nowait(sb, ino, foo_match, NULL);
}

static const struct super_operations foo_sops = {
	.drop_inode = generic_delete_inode,
};
`));
