/** What the simulator says of code that the static rules can't tell: it lowers only what it can rule out. */
import { expect, test } from "vitest";
import { type FindingVerdict, withVerdict } from "../../server/src/core/extract/filesystem/verdict.ts";
import type { Finding, RuleId } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { readFixtureTree } from "../support/fixture.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

async function judged(rule: RuleId, body: string, more = ""): Promise<{ finding: Finding; verdict: FindingVerdict }[]> {
  const tree = readFixtureTree("sample");
  tree.set(
    "fs/tryfs/inode.c",
    `#include <linux/fs.h>
#include <linux/buffer_head.h>
${more}
static void tryfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
${body}
	clear_inode(inode);
}

static const struct super_operations tryfs_sops = {
	.evict_inode = tryfs_evict_inode,
};
`,
  );
  const session = sessionOf(tree);
  const { findings } = await reviewNow(session);
  const found: { finding: Finding; verdict: FindingVerdict }[] = [];
  for (const finding of findings) {
    if (finding.filesystem !== "fs/tryfs" || finding.rule !== rule) continue;
    const verdict = await session.query({ name: "verdict", finding }, NEVER_CANCELLED);
    if (verdict !== null) found.push({ finding, verdict });
  }
  return found;
}

test("two tests of a local that never changes go the same way: a path through both is ruled out", async () => {
  const [only, ...others] = await judged(
    "dirty-under-memalloc",
    `	bool gone = !inode->i_nlink && inode->i_blocks;

	if (!gone)
		return clear_inode(inode);
	if (gone && inode->i_nlink)
		mark_inode_dirty(inode);`,
  );
  expect(others).toEqual([]);
  if (only === undefined) return expect(only).toBeDefined();
  const { finding, verdict } = only;
  expect(finding.severity).toBe("error");
  expect(verdict.simulation).toMatchObject({ verdict: "holds", assumptions: [] });
  const lowered = withVerdict(finding, verdict);
  expect(lowered).toMatchObject({ severity: "hint", staticSeverity: "error" });
  expect(lowered.confidenceReason).toMatch(/the simulator refutes it: DIRT holds in all \d+ states/);
});

test.each([
  ["an inode with no links left: the dentry race makes reclaim the last holder", "	if (!inode->i_nlink)\n"],
  ["an inode with links: the LRU walk", "	if (inode->i_nlink)\n"],
  ["a condition that nothing is known of", "	if (inode->i_size > 4096)\n"],
  [
    "a local that is assigned twice",
    "	int x = 0;\n\n	if (inode->i_size)\n		x = 1;\n	if (!x)\n		x = 2;\n	if (x == 2)\n",
  ],
])("%s: confirmed", async (_, condition) => {
  const [only] = await judged("dirty-under-memalloc", `${condition}		mark_inode_dirty(inode);`);
  expect(only?.verdict.simulation).toMatchObject({ verdict: "violated", invariant: "DIRT" });
  expect(only?.verdict.severity).toBe("error");
});

test("the trace of a deleted inode shows the race with unlink, that of a cached one does not need it", async () => {
  const deleted = await judged("dirty-under-memalloc", "	if (!inode->i_nlink)\n		mark_inode_dirty(inode);");
  const cached = await judged("dirty-under-memalloc", "	if (inode->i_nlink)\n		mark_inode_dirty(inode);");
  expect(deleted[0]?.verdict.steps).toBeGreaterThan(10);
  expect(cached[0]?.verdict.steps).not.toBe(deleted[0]?.verdict.steps);
});

test("a work queue that nobody waits for at umount is a violation, one that is flushed holds with an assumption", async () => {
  const queue = (umount: string): string => `#include <linux/workqueue.h>
struct tryfs_sb_info { struct workqueue_struct *wq; struct work_struct work; };
static void tryfs_put_super(struct super_block *sb)
{
	struct tryfs_sb_info *sbi = sb->s_fs_info;

	${umount}
}
static const struct super_operations tryfs_other_sops = {
	.put_super = tryfs_put_super,
};
`;
  const body = `	struct tryfs_sb_info *sbi = inode->i_sb->s_fs_info;

	queue_work(sbi->wq, &sbi->work);`;
  const [bare] = await judged("deferred-work", body, queue("kfree(sbi);"));
  expect(bare?.verdict.simulation).toMatchObject({ verdict: "violated", invariant: "UMNT" });
  const [flushed] = await judged("deferred-work", body, queue("flush_workqueue(sbi->wq);"));
  expect(flushed?.verdict.simulation.verdict).toBe("holds");
  expect(flushed?.verdict.simulation.assumptions.join()).toMatch(/flush_workqueue\(sbi->wq\) in tryfs_put_super\(\)/);
});

test("an unhash without a wake-up: a lookup of the tree's own code sleeps for ever", async () => {
  const tree = readFixtureTree("sample");
  const text = tree.get("fs/inode.c")!;
  const without = text.replace(/(remove_inode_hash\(inode\);[\s\S]*?)inode_wake_up_bit\(inode, __I_NEW\);/, "$1");
  expect(without).not.toBe(text);
  tree.set("fs/inode.c", without);
  const session = sessionOf(tree);
  const finding = (await reviewNow(session)).findings.find(({ rule }) => rule === "missing-wakeup")!;
  const verdict = await session.query({ name: "verdict", finding }, NEVER_CANCELLED);
  expect(verdict?.simulation.verdict).toBe("violated");
  expect(["WAKE", "PROG"]).toContain(verdict?.simulation.invariant);
});

test("a function that changes the link count itself is not refuted by what the count was before", async () => {
  const [only] = await judged(
    "dirty-under-memalloc",
    `	bool gone = !inode->i_nlink;

	if (gone)
		return clear_inode(inode);
	clear_nlink(inode);
	if (!inode->i_nlink)
		mark_inode_dirty(inode);`,
  );
  expect(only?.verdict.severity).toBe("error");
  expect(only?.verdict.simulation.assumptions).toContain("tryfs_evict_inode() leaves the link count as it was");
});

test("a helper that is called twice remembers nothing of its first call", async () => {
  const [only] = await judged(
    "dirty-under-memalloc",
    "	tryfs_step(inode, 0); tryfs_step(inode, 1);",
    `static void tryfs_step(struct inode *inode, int last)
{
	if (!last)
		inode->i_size = 0;
	if (last)
		mark_inode_dirty(inode);
}
`,
  );
  expect(only?.verdict.simulation).toMatchObject({ verdict: "violated", invariant: "DIRT" });
});
