import { expect, test } from "vitest";
import { parseFixture } from "../../../../test/support/fixture.ts";
import { reviewOf } from "../../../../test/support/review.ts";

/** An evict() with a way in from umount and one from drop_caches. */
const GENERIC = `
//- /fs/inode.c
#include <linux/fs.h>

void evict(struct inode *inode)
{
	if (inode->i_sb->s_op->evict_inode)
		inode->i_sb->s_op->evict_inode(inode);
}

void iput(struct inode *inode)
{
	if (!inode->i_sb->s_op->drop_inode(inode))
		return;
	evict(inode);
}
//- /fs/super.c
#include <linux/fs.h>

void generic_shutdown_super(struct super_block *sb)
{
	iput(sb->s_inode);
}
//- /fs/drop_caches.c
#include <linux/fs.h>

int drop_caches_sysctl_handler(struct super_block *sb)
{
	iput(sb->s_inode);
	return 0;
}`;

test("->drop_inode runs wherever the last reference goes: umount and drop_caches prune dentries, too", async () => {
  const review = await reviewOf(
    parseFixture(`${GENERIC}
//- /fs/foo/inode.c
#include <linux/fs.h>

static int foo_drop_inode(struct inode *inode)
{
	schedule_work(&FOO_I(inode)->work);
	return 1;
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	schedule_work(&FOO_I(inode)->work);
}

static void foo_free_inode(struct inode *inode)
{
	schedule_work(&FOO_I(inode)->work);
}

static const struct super_operations foo_sops = {
	.drop_inode = foo_drop_inode,
	.evict_inode = foo_evict_inode,
	.free_inode = foo_free_inode,
};
`),
  );
  const contexts = new Map(
    review.findings.filter(({ rule }) => rule === "deferred-work").map((each) => [each.operation, each.contexts]),
  );
  expect(contexts.get("evict_inode")).toEqual(expect.arrayContaining(["umount", "drop-caches"]));
  expect(contexts.get("drop_inode")).toEqual(contexts.get("evict_inode"));
  expect(contexts.get("free_inode")).toEqual(["rcu"]);
});

test("what is done in reclaim alone, or elsewhere alone, is said to be", async () => {
  const review = await reviewOf(
    parseFixture(`${GENERIC}
//- /mm/vmscan.c
#include <linux/fs.h>

static void do_shrink_slab(struct shrinker *shrinker)
{
	shrinker->scan_objects(shrinker);
}

static int kswapd(void *data)
{
	current->flags |= PF_MEMALLOC | PF_KSWAPD;
	do_shrink_slab(data);
	return 0;
}
//- /fs/cache.c
#include <linux/fs.h>

static unsigned long super_cache_scan(struct shrinker *shrinker)
{
	iput(shrinker->inode);
	return 0;
}

static void alloc_super(struct super_block *sb)
{
	sb->s_shrink->scan_objects = super_cache_scan;
}
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_settle(struct inode *inode)
{
	if (!(current->flags & PF_MEMALLOC))
		iput(FOO_I(inode)->parent);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (current->flags & PF_MEMALLOC)
		schedule_work(&FOO_I(inode)->work);
	foo_settle(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`),
  );
  const contexts = (rule: string) => review.findings.find((each) => each.rule === rule)?.contexts;
  expect(contexts("deferred-work")).toEqual(["kswapd"]);
  expect(contexts("iput-under-evict")).toEqual(["iput", "umount", "drop-caches"]);
});
