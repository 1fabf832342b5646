import { expect, test } from "vitest";
import { parseFixture } from "../../../../test/support/fixture.ts";
import { reviewOf } from "../../../../test/support/review.ts";
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

test("counts last references whose object is destroyed by a worker, files, and a signal to a thread", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	key_put(FOO_I(inode)->key); /* expect: deferred-work hint */
	fput(FOO_I(inode)->file); /* expect: deferred-work hint */
	__fput_sync(FOO_I(inode)->other);
	send_sig(SIGHUP, FOO_I(inode)->collector, 1); /* expect: deferred-work hint */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("names what surely queues work before what does so for the last reference alone", async () => {
  const review = await reviewOf(
    parseFixture(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_put(struct inode *inode)
{
	put_pid(FOO_I(inode)->pid);
	queue_work(system_wq, &FOO_I(inode)->work);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_put(inode);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`),
  );
  const found = review.findings.filter(({ rule }) => rule === "deferred-work");
  expect(found.map(({ message }) => message)).toEqual(["foo_evict_inode() defers: queue_work() queues work (2 ends)"]);
});

test("follows a table outside of fs/ into the folders below it", () =>
  findsWhatIsMarked(`
//- /fs/inode.c
#include <linux/fs.h>
//- /include/linux/fs.h
struct inode {
	void *i_private;
};
//- /security/foo/include/label.h
static inline void foo_put_label(void *label)
{
	schedule_work(label);
}
//- /security/foo/foofs.c
#include <linux/fs.h>
#include "include/label.h"

static void foo_evict_inode(struct inode *inode)
{
	clear_inode(inode);
	foo_put_label(inode->i_private); /* expect: deferred-work hint */
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent about the bandwidth that generic writeback measures later", () =>
  findsWhatIsMarked(`
//- /mm/page-writeback.c
#include <linux/fs.h>

static void wb_inode_writeback_end(struct bdi_writeback *wb)
{
	queue_delayed_work(bdi_wq, &wb->bw_dwork, BANDWIDTH_INTERVAL);
}

void folio_end_writeback(struct folio *folio)
{
	wb_inode_writeback_end(folio->wb);
}
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	folio_end_writeback(FOO_I(inode)->folio);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));
