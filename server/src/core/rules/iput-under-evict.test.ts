import { expect, test } from "vitest";
import { parseFixture } from "../../../../test/support/fixture.ts";
import { reviewOf } from "../../../../test/support/review.ts";
import { ruleDifferences } from "../../../../test/support/rule-fixture.ts";

const findsWhatIsMarked = async (fixture: string) =>
  expect(await ruleDifferences("iput-under-evict", fixture)).toEqual([]);

test("finds it in the operation", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (!inode->i_nlink)
		iput(inode->i_private); /* expect: iput-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent when only a worker does it", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static struct inode *foo_other;

static void foo_worker(struct work_struct *work)
{
	struct inode *inode = foo_other;

	iput(inode->i_private);
}

static DECLARE_WORK(foo_work, foo_worker);

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	schedule_work(&foo_work);
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
	iput(inode->i_private);
}

static void foo_release(struct inode *inode)
{
	if (!inode->i_nlink)
		foo_settle(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_release(inode); /* expect: iput-under-evict warning */
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
	iput(inode->i_private);
}

static const struct foo_ops foo_plain_ops = {
	.settle = foo_settle,
};

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	foo_plain_ops.settle(inode); /* expect: iput-under-evict warning */
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
	iput(inode->i_private);
}

static inline void foo_settle_it(struct inode *inode)
{
	iput(inode->i_private);
}
//- /fs/foo/inode.c
#include <linux/fs.h>
#include "foo.h"

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	FOO_SETTLE(inode); /* expect: iput-under-evict warning */
	foo_settle(inode); /* expect: iput-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("counts dentries, paths and files", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	dput(inode->i_private); /* expect: iput-under-evict warning */
	path_put(inode->i_private); /* expect: iput-under-evict warning */
	fput(inode->i_private); /* expect: iput-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

/** Truncation that hands each folio back, as mm/truncate.c and mm/filemap.c do. */
const TRUNCATION = `
//- /mm/truncate.c
#include <linux/fs.h>

static void folio_invalidate(struct folio *folio, size_t offset, size_t length)
{
	const struct address_space_operations *aops = folio->mapping->a_ops;

	if (aops->invalidate_folio)
		aops->invalidate_folio(folio, offset, length);
}

void truncate_inode_pages_range(struct address_space *mapping, loff_t from, loff_t to)
{
	struct folio *folio = find_folio(mapping, from, to);

	if (folio)
		folio_invalidate(folio, 0, folio_size(folio));
}

void truncate_inode_pages_final(struct address_space *mapping)
{
	truncate_inode_pages_range(mapping, 0, -1);
}
//- /include/linux/fs.h
struct address_space_operations {
	void (*invalidate_folio)(struct folio *folio, size_t offset, size_t length);
};
struct address_space {
	struct inode *host;
	const struct address_space_operations *a_ops;
};
struct folio {
	struct address_space *mapping;
};
struct inode {
	struct address_space i_data;
	void *i_private;
};`;

const INVALIDATES = `
static void foo_invalidate_folio(struct folio *folio, size_t offset, size_t length)
{
	iput(folio->mapping->host);
}

static const struct address_space_operations foo_aops = {
	.invalidate_folio = foo_invalidate_folio,
};
`;

test("doubts that a folio of the inode holds a reference to another one", () =>
  findsWhatIsMarked(`${TRUNCATION}
//- /fs/foo/inode.c
#include <linux/fs.h>
${INVALIDATES}
static void foo_empty(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
}

static void foo_evict_inode(struct inode *inode)
{
	foo_empty(inode); /* expect: iput-under-evict hint */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("has no such doubt about the folios of another mapping", () =>
  findsWhatIsMarked(`${TRUNCATION}
//- /fs/foo/inode.c
#include <linux/fs.h>
${INVALIDATES}
static void foo_empty(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
}

static void foo_evict_inode(struct inode *inode)
{
	foo_empty(inode->i_private); /* expect: iput-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("is silent about what eviction cannot meet: a write request, a backing file, a flag of others", () =>
  findsWhatIsMarked(`
//- /fs/foo/inode.c
#include <linux/fs.h>

#define COMMIT_DELETE	0x0100
#define COMMIT_FORCE	0x0002

int nfs_wb_folio_cancel(struct inode *inode, struct folio *folio)
{
	dput(folio->request->context->dentry);
	return 0;
}

void fuse_backing_put(struct foo_backing *backing)
{
	fput(backing->file);
}

void btrfs_run_delayed_iputs(struct foo_info *info)
{
	iput(info->delayed);
}

static void foo_settle(struct inode *inode, struct foo_transaction *transaction)
{
	if (transaction->xflag & COMMIT_DELETE)
		iput(transaction->inode);
}

static void foo_force(struct inode *inode, struct foo_transaction *transaction)
{
	if (transaction->xflag & COMMIT_FORCE)
		iput(transaction->inode);
}

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	nfs_wb_folio_cancel(inode, FOO_I(inode)->folio);
	btrfs_run_delayed_iputs(FOO_I(inode)->info);
	fuse_backing_put(FOO_I(inode)->backing);
	foo_settle(inode, FOO_I(inode)->transaction);
	foo_force(inode, FOO_I(inode)->transaction); /* expect: iput-under-evict warning */
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`));

test("says of a file that its last put comes later", async () => {
  const { findings } = await reviewOf(
    parseFixture(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	dput(inode->i_private);
	fput(inode->i_private);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`),
  );
  const says = findings.filter(({ rule }) => rule === "iput-under-evict").map(({ message }) => message);
  expect(says).toEqual([
    "foo_evict_inode() drops a dentry: dput() can start another eviction inside this one",
    "foo_evict_inode() drops a file: fput() leaves the last put to a task of its own, which can start another eviction",
  ]);
});
