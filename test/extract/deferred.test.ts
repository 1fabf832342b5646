/** Generic code that hands an eviction to a worker is not judged: what the worker does is not among the lowered steps. */
import { expect, test } from "vitest";
import { ExtractedProtocol } from "../../server/src/core/extract/protocol.ts";
import { standardScenarios } from "../../server/src/core/extract/standard-scenarios.ts";
import { extractionTree } from "../support/extraction.ts";

/** The tail of a generic eviction, with `punts` where it may be handed on. */
const treeWith = (punts: string, more = "") =>
  extractionTree(
    new Map([
      [
        "fs/inode.c",
        `${more}
void clear_inode(struct inode *inode)
{
	inode->i_state = I_FREEING | I_CLEAR;
}

void unlock_new_inode(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	inode->i_state &= ~I_NEW;
	inode_wake_up_bit(inode, __I_NEW);
	spin_unlock(&inode->i_lock);
}

static void evict(struct inode *inode)
{
	${punts}
	inode->i_sb->s_op->evict_inode(inode);
	call_rcu(&inode->i_rcu, i_callback);
}

void iput(struct inode *inode)
{
	if (atomic_dec_and_lock(&inode->i_count, &inode->i_lock)) {
		inode->i_state |= I_FREEING;
		spin_unlock(&inode->i_lock);
		evict(inode);
	}
}
`,
      ],
    ]),
  );

test.each([
  ["at once", "queue_work(evict_wq, &inode->i_evict_work); return;", ""],
  [
    "on a condition",
    "if (inode->i_sb->s_op->evict_inode_punts) { queue_work(evict_wq, &inode->i_evict_work); return; }",
    "",
  ],
  [
    "by a helper",
    "if (punt(inode)) return;",
    "static bool punt(struct inode *inode)\n{\n\treturn schedule_work(&inode->i_evict_work);\n}\n",
  ],
  ["by a list and a plain wake-up", "llist_add(&inode->i_evict_node, &evict_list); wake_up(&evict_waitq); return;", ""],
  [
    "by its LRU link and a list of the superblock",
    "list_add_tail(&inode->i_lru, &inode->i_sb->s_deferred); wake_up(&evict_waitq); return;",
    "",
  ],
])("an evict() that punts %s is listed and not judged", async (_, punts, more) => {
  const protocol = new ExtractedProtocol(await treeWith(punts, more));
  expect(protocol.first("put")).toBeNull();
  expect(protocol.failures.map(({ name }) => name)).toEqual(["iput"]);
  expect(protocol.failures[0]?.reason).toMatch(
    /^(evict|punt)\(\) (hands work to another thread|puts the inode on a list of others) \(line \d+\)/,
  );
  expect([...standardScenarios(protocol)]).toEqual([]);
});

test("a lookup that hands work on is listed with the other scenarios", async () => {
  const lookup = `
struct inode *igrab(struct inode *inode)
{
	schedule_work(&inode->i_revive_work);
	return inode;
}

void evict_inodes(struct super_block *sb)
{
}
`;
  const protocol = new ExtractedProtocol(await treeWith("", lookup));
  const scenarios = [...standardScenarios(protocol)];
  expect(scenarios.map(({ model }) => model.id)).toContain("protocol.worker-against-umount");
  for (const { model } of scenarios)
    expect(model.assumptions?.join("\n")).toMatch(/^igrab\(\) is not judged: igrab\(\) hands work to another thread/m);
});

test("a list of the function's own hands nothing on", async () => {
  const own = "LIST_HEAD(dying); list_add(&inode->i_lru, &dying); list_del_init(&inode->i_lru);";
  const protocol = new ExtractedProtocol(await treeWith(own));
  expect(protocol.first("put")).not.toBeNull();
  expect(protocol.failures).toEqual([]);
});

test("one that does not is lowered", async () => {
  const protocol = new ExtractedProtocol(await treeWith(""));
  expect(protocol.first("put")).not.toBeNull();
  expect(protocol.failures).toEqual([]);
});
