/** A filesystem's own ->drop_inode in the models of its findings: where it asks the generic one, no unlinked inode is kept. */
import { expect, test } from "vitest";
import type { RaceModel } from "../../server/src/core/race/model.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

const FILE = "fs/keepfs/inode.c";

async function modelWith(drop: string): Promise<RaceModel> {
  const text = `
#include <linux/fs.h>

${drop}

static void keepfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	if (!inode->i_nlink)
		keepfs_note(ilookup(inode->i_sb, 5));
	clear_inode(inode);
}

static const struct super_operations keepfs_sops = {
	.drop_inode	= keepfs_drop_inode,
	.evict_inode	= keepfs_evict_inode,
};
`;
  const session = sessionOf(new Map([...readFixtureTree("sample"), [FILE, text]]));
  const { findings } = await reviewNow(session);
  const finding = findings.find(({ file, rule }) => file === FILE && rule === "lookup-under-evict")!;
  return (await session.query({ name: "model", finding }, NEVER_CANCELLED)) as RaceModel;
}

const KEEPS = '"keepfs_drop_inode() returns 0"';
const KEEPS_LINKED = /"label":"if \(!inode->i_nlink\)"[^[]*"then":\[[^\]]*returns 1[^\]]*\],"else":/;

test.each([
  [
    "asks the generic one first",
    `static int keepfs_drop_inode(struct inode *inode)
{
	int drop = generic_drop_inode(inode);

	if (!drop)
		drop = keepfs_has_no_key(inode);
	return drop;
}`,
  ],
  [
    "asks it last, in one arm",
    `static int keepfs_drop_inode(struct inode *inode)
{
	if (keepfs_is_dead(inode))
		return 1;
	else
		return generic_drop_inode(inode);
}`,
  ],
  [
    "asks it beside a test of its own, and keeps what has links",
    `static int keepfs_drop_inode(struct inode *inode)
{
	if (inode->i_nlink && keepfs_is_wanted(inode))
		return 0;
	return keepfs_is_stale(inode) || generic_drop_inode(inode);
}`,
  ],
])("one that %s keeps no unlinked inode", async (_, drop) => {
  const model = JSON.stringify(await modelWith(drop));
  expect(model).toMatch(KEEPS_LINKED);
  expect(model).toContain(KEEPS);
});

test.each([
  [
    "hands unlinked inodes to a worker",
    `static int keepfs_drop_inode(struct inode *inode)
{
	if (!inode->i_nlink && keepfs_queues(inode))
		return 0;
	return generic_drop_inode(inode);
}`,
  ],
  [
    "never asks the generic one",
    `static int keepfs_drop_inode(struct inode *inode)
{
	return keepfs_is_read_only(inode);
}`,
  ],
  [
    "throws the generic answer away",
    `static int keepfs_drop_inode(struct inode *inode)
{
	int drop = generic_drop_inode(inode);

	drop = keepfs_is_dead(inode);
	return drop;
}`,
  ],
])("one that %s can keep any", async (_, drop) => {
  const model = JSON.stringify(await modelWith(drop));
  expect(model).not.toMatch(KEEPS_LINKED);
  expect(model).toContain(KEEPS);
});
