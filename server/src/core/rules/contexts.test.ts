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
