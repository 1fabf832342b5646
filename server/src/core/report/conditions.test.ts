import { expect, test } from "vitest";
import { parseFixture } from "../../../../test/support/fixture.ts";
import { reviewOf } from "../../../../test/support/review.ts";
import { inWords } from "./conditions.ts";

/** The conditions of the finding about iput() in an eviction with this body. */
async function conditionsFor(body: string, above = ""): Promise<readonly string[]> {
  const review = await reviewOf(
    parseFixture(`
//- /fs/foo/inode.c
#include <linux/fs.h>
${above}
static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
${body}
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`),
  );
  const found = review.findings.filter(({ rule }) => rule === "iput-under-evict");
  expect(found).toHaveLength(1);
  return found[0]!.conditions;
}

test("conditions leave out hints to the compiler, and are split inside of them", async () => {
  expect(await conditionsFor("if (!unlikely(foo_frozen(inode) || foo_gone(inode))) iput(inode->i_private);")).toEqual([
    "!foo_frozen(inode)",
    "!foo_gone(inode)",
  ]);
  expect(await conditionsFor("if (!WARN_ON_ONCE(current->flags & PF_MEMALLOC)) iput(inode->i_private);")).toEqual([
    "!(current->flags & PF_MEMALLOC)",
  ]);
});

test("loops that go on for ever or count to a constant are no conditions", async () => {
  expect(
    await conditionsFor("for (i = 0; i < FOO_KINDS; i++) while (1) { if (foo_last(inode)) iput(inode->i_private); }"),
  ).toEqual(["foo_last(inode)"]);
});

test("a counter is zero or not, however it is compared", () => {
  expect(inWords("!inode->i_nlink", true)).toBe("inode->i_nlink == 0");
  expect(inWords("inode->i_nlink > 0", false)).toBe("inode->i_nlink == 0");
  expect(inWords("inode->i_nlink > 0", true)).toBe("inode->i_nlink != 0");
  expect(inWords("inode->i_nlink > 1", false)).toBe("inode->i_nlink <= 1");
});

test("a call that only begins like a transparent macro is a condition of its own", () => {
  expect(inWords("unlikely_case(inode)", false)).toBe("!unlikely_case(inode)");
  expect(inWords("likely(a) && likely(b)", false)).toBe("!(likely(a) && likely(b))");
});

test("what another function asks of another inode contradicts nothing", async () => {
  const above = `
static void foo_tell(struct inode *inode)
{
	if (inode->i_nlink && !is_bad_inode(inode))
		iput(inode);
}
`;
  expect(await conditionsFor("if (!inode->i_nlink) foo_tell(FOO_I(inode)->log);", above)).toEqual([
    "inode->i_nlink == 0",
    "!is_bad_inode(inode)",
  ]);
});
