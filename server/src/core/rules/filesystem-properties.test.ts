import { expect, test } from "vitest";
import { fixtureFolder, parseFixture } from "../../../../test/support/fixture.ts";
import { reviewOf } from "../../../../test/support/review.ts";

test("the sample tree's filesystems have the properties that they were written for", async () => {
  const { filesystems = [] } = await reviewOf(fixtureFolder("sample"));
  const of = (id: string) => filesystems.find((each) => each.filesystem === id);
  const names = (id: string) => Object.keys(of(id)?.properties ?? {}).sort();
  expect(names("fs/plainfs")).toEqual([]);
  expect(names("fs/dirtfs")).toEqual(["deletes", "dirties"]);
  expect(names("fs/puntfs")).toEqual(["defers", "unhashes-early"]);
  expect(names("fs/lookfs")).toEqual(["drops-others", "looks-up"]);
  expect(names("fs/stackfs")).toEqual(["drops-others"]);
  expect(names("fs/nofailfs")).toEqual(["blocks", "deletes", "no-fail"]);
  expect([of("fs/dirtfs")?.cache, of("fs/ownfs")?.cache, of("ipc/postbox.c")?.cache]).toEqual([
    "inode-hash",
    "own-index",
    "never-hashed",
  ]);
  // What a guard keeps out of reclaim is a property all the same: no finding says it.
  expect(of("fs/guardfs")?.properties.dirties).toMatchObject({
    file: "fs/guardfs/inode.c",
    operation: "evict_inode",
    reclaim: false,
  });
  expect(of("fs/guardfs")?.properties.deletes?.reclaim).toBe(false);
  expect(of("fs/dirtfs")?.properties.deletes?.reclaim).toBe(true);
  expect(of("fs/dirtfs")?.properties.dirties?.reclaim).toBe(true);
});

test("evidence is the shortest sure way, with the guards in source words; a comment on i_nlink is no test of it", async () => {
  const { filesystems = [] } = await reviewOf(
    parseFixture(`
//- /fs/foo/inode.c
#include <linux/fs.h>

static void foo_far(struct inode *inode)
{
	mark_inode_dirty(inode);
}

static void foo_evict_inode(struct inode *inode)
{
	/* i_nlink does not matter here */
	truncate_inode_pages_final(&inode->i_data);
	foo_far(inode);
	if (inode->i_size > 0 && inode->i_private)
		mark_inode_dirty(inode);
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`),
  );
  expect(filesystems.map(({ properties }) => properties)).toEqual([
    {
      dirties: {
        operation: "evict_inode",
        function: "foo_evict_inode",
        file: "fs/foo/inode.c",
        line: 14,
        what: "mark_inode_dirty() dirties the inode",
        reclaim: true,
        chain: [
          {
            function: "foo_evict_inode",
            file: "fs/foo/inode.c",
            line: 14,
            guards: ["inode->i_size > 0", "inode->i_private"],
          },
        ],
      },
    },
  ]);
});
