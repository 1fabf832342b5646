import { expect, test } from "vitest";
import { parseFixture } from "../../../../test/support/fixture.ts";
import { reviewOf } from "../../../../test/support/review.ts";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("work-after-unhash", fixture)).toEqual([]);

test("finds work in the operation after the unhash", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	return iget_locked(sb, ino);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	remove_inode_hash(inode);
	mark_buffer_dirty(FOO_SB(inode->i_sb)->bitmap); /* expect: work-after-unhash error */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when only memory is freed afterwards", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	return iget_locked(sb, ino);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	remove_inode_hash(inode);
	kfree(inode->i_private);
	kmem_cache_free(foo_cachep, FOO_I(inode)->extents);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent about work before the unhash", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	return iget_locked(sb, ino);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	mark_buffer_dirty(FOO_SB(inode->i_sb)->bitmap);
	clear_inode(inode);
	remove_inode_hash(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("shows what is done after the unhash, not what the same call does before it", async () => {
  const review = await reviewOf(
    parseFixture(`
//- /fs/foo/inode.c
#include <linux/fs.h>

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	return iget_locked(sb, ino);
}

static void foo_write(struct inode *inode)
{
	if (!foo_trylock(inode)) {
		mark_inode_dirty_sync(inode);
		return;
	}
	if (foo_update(inode) < 0)
		remove_inode_hash(inode);
	mark_inode_dirty(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_write(inode);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`),
  );
  const found = review.findings.filter(({ rule }) => rule === "work-after-unhash");
  expect(found.map(({ line, message, chain }) => [line, message.split(": ")[1], chain.at(-1)!.line])).toEqual([
    [22, "mark_inode_dirty() dirties the inode while a lookup can build a second one", 16],
  ]);
});

test("finds an unhash and work two calls away", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	return iget_locked(sb, ino);
}

static void foo_unhash(struct inode *inode)
{
	__remove_inode_hash(inode);
}

static void foo_forget(struct inode *inode)
{
	foo_unhash(inode);
}

static void foo_free_block(struct inode *inode)
{
	mark_buffer_dirty(FOO_SB(inode->i_sb)->bitmap);
}

static void foo_free_blocks(struct inode *inode)
{
	foo_free_block(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_forget(inode);
	foo_free_blocks(inode); /* expect: work-after-unhash error */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds work in ->destroy_inode behind a table of functions", () =>
  findsWhatIsMarked(`
//- /fs/foo/super.c
#include <linux/fs.h>
#include "foo.h"

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	return iget_locked(sb, ino);
}

struct foo_ops {
	void (*settle)(struct inode *inode);
};

static void foo_settle(struct inode *inode)
{
	iput(inode->i_private);
}

static const struct foo_ops foo_plain_ops = {
	.settle = foo_settle,
};

static void foo_destroy_inode(struct inode *inode)
{
	foo_plain_ops.settle(inode); /* expect: work-after-unhash error */
	foo_put(inode); /* expect: work-after-unhash error */
	kfree(FOO_I(inode)->symlink);
}

static const struct super_operations foo_sops = {
	.destroy_inode = foo_destroy_inode,
};

//- /fs/foo/foo.h
static inline void foo_put(struct inode *inode)
{
	dput(inode->i_private);
}
`));

test("is a warning where lookups use an index of their own, a hint where inodes are never hashed", () =>
  findsWhatIsMarked(`
//- /fs/own/super.c
struct inode *own_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = radix_tree_lookup(&OWN_SB(sb)->cache, ino);

	return inode ? igrab(inode) : NULL;
}

static void own_destroy_inode(struct inode *inode)
{
	queue_work(own_wq, &OWN_I(inode)->work); /* expect: work-after-unhash warning */
}

static const struct super_operations own_sops = {
	.destroy_inode = own_destroy_inode,
};

//- /fs/anon/super.c
struct inode *anon_create(struct super_block *sb)
{
	return new_inode(sb);
}

static void anon_destroy_inode(struct inode *inode)
{
	iput(inode->i_private); /* expect: work-after-unhash hint */
}

static const struct super_operations anon_sops = {
	.destroy_inode = anon_destroy_inode,
};
`));
