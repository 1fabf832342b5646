/**
 * An eviction that can unhash its inode on hundreds of ways, as by a helper that every error path calls: put in place at
 * each call, its functions would be more than a thread of a model may have.
 */
import { expect, test } from "vitest";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

const LEVELS = 5;
const CALLS = 6;

const callsOf = (name: string): string =>
  Array.from({ length: CALLS }, (_, i) => `\tif (badfs_is_wrong(inode, ${i}))\n\t\t${name}(inode);`).join("\n");

const HELPERS = Array.from(
  { length: LEVELS },
  (_, i) => `static void badfs_level${i + 1}(struct inode *inode)
{
${callsOf(`badfs_level${i}`)}
}
`,
).join("\n");

const FILE = "fs/badfs/inode.c";
const TEXT = `#include <linux/fs.h>
#include <linux/buffer_head.h>

static struct inode *badfs_iget(struct super_block *sb, unsigned long ino)
{
	return iget_locked(sb, ino);
}

static void badfs_level0(struct inode *inode)
{
	remove_inode_hash(inode);
}

${HELPERS}
static void badfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	badfs_level${LEVELS}(inode);
	mark_buffer_dirty(BADFS_SB(inode->i_sb)->bitmap);
	clear_inode(inode);
}

static const struct super_operations badfs_sops = {
	.evict_inode = badfs_evict_inode,
};
`;

test("functions beside the chain become a choice where the model would get too large", async () => {
  const tree = readFixtureTree("sample");
  tree.set(FILE, TEXT);
  const session = sessionOf(tree);
  const { findings } = await reviewNow(session);
  const finding = findings.find(({ rule, file }) => rule === "work-after-unhash" && file === FILE)!;
  const verdict = (await session.query({ name: "verdict", finding }, NEVER_CANCELLED))!;
  expect(verdict.simulation).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
  const said = verdict.simulation.assumptions.filter((each) => each.includes("badfs_level"));
  expect(said).toEqual([
    "badfs_level5(), badfs_level4(), badfs_level3() and 2 more: each does one of what lies below it, or nothing; in place they take over 1200 steps",
  ]);
});
