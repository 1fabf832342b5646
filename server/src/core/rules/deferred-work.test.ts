import { expect, test } from "vitest";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("deferred-work", fixture)).toEqual([]);

test("finds queued work in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_worker(struct work_struct *work)
{
	cond_resched();
}

static DECLARE_WORK(foo_work, foo_worker);

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	schedule_work(&foo_work); /* expect: deferred-work hint */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent about an RCU callback that only frees", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_free(struct rcu_head *head)
{
	kfree(container_of(head, struct foo_inode, rcu));
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	call_rcu(&FOO_I(inode)->rcu, foo_free);
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

static void foo_worker(struct work_struct *work)
{
	cond_resched();
}

static DECLARE_WORK(foo_work, foo_worker);

static void foo_queue(void)
{
	queue_work(system_wq, &foo_work);
}

static void foo_later(struct inode *inode)
{
	if (!inode->i_nlink)
		foo_queue();
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_later(inode); /* expect: deferred-work hint */
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

static void foo_worker(struct work_struct *work)
{
	cond_resched();
}

static DECLARE_WORK(foo_work, foo_worker);

struct foo_ops {
	void (*later)(struct inode *inode);
};

static void foo_later(struct inode *inode)
{
	schedule_work(&foo_work);
}

static const struct foo_ops foo_plain_ops = {
	.later = foo_later,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_plain_ops.later(inode); /* expect: deferred-work hint */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("finds it in a static inline of a header", () =>
  findsWhatIsMarked(`
//- /fs/foo/foo.h
static inline void foo_later(struct inode *inode)
{
	queue_delayed_work(system_wq, &FOO_I(inode)->work, 1);
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_later(inode); /* expect: deferred-work hint */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
