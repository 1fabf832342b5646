/** Trees that are hard on an analysis: it ends, and what it says is right. */
import { expect, test } from "vitest";
import type { Review } from "../server/src/core/report/finding.ts";
import { type FixtureTree, parseFixture } from "./support/fixture.ts";
import { compareWithMarkers, parseMarkers } from "./support/markers.ts";
import { reviewOf } from "./support/review.ts";

async function reviewFixture(fixture: string | FixtureTree): Promise<{ review: Review; differences: string[] }> {
  const tree = typeof fixture === "string" ? parseFixture(fixture) : fixture;
  const review = await reviewOf(tree);
  return { review, differences: compareWithMarkers(review.findings, parseMarkers(tree)) };
}

/** A filesystem whose ->evict_inode runs `body` between the emptying and clear_inode(). */
function filesystem(body: string, helpers = ""): string {
  return `#include <linux/fs.h>
${helpers}
static void foo_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
${body}
	clear_inode(inode);
}

static const struct super_operations foo_sops = {
	.evict_inode = foo_evict_inode,
};
`;
}

const one = (text: string): FixtureTree => new Map([["fs/foo/inode.c", text]]);

test("recursion", async () => {
  const { differences } = await reviewFixture(
    one(
      filesystem(
        "\tfoo_free_branch(inode, 3); /* expect: dirty-under-memalloc error */",
        `
static void foo_free_branch(struct inode *inode, int depth)
{
	if (depth > 0)
		foo_free_branch(inode, depth - 1);
	mark_buffer_dirty(FOO_SB(inode->i_sb)->bitmap);
}
`,
      ),
    ),
  );
  expect(differences).toEqual([]);
});

test("mutual recursion through tables of functions", async () => {
  const { differences } = await reviewFixture(
    one(
      filesystem(
        "\tFOO_I(inode)->ops->walk(inode); /* expect: dirty-under-memalloc error */",
        `
struct foo_ops {
	void (*walk)(struct inode *inode);
	void (*visit)(struct inode *inode);
};

struct foo_inode {
	const struct foo_ops *ops;
	struct inode vfs_inode;
};

static struct foo_inode *FOO_I(struct inode *inode)
{
	return container_of(inode, struct foo_inode, vfs_inode);
}

static void foo_walk(struct inode *inode)
{
	FOO_I(inode)->ops->visit(inode);
}

static void foo_visit(struct inode *inode)
{
	if (inode->i_size)
		FOO_I(inode)->ops->walk(inode);
	mark_inode_dirty(inode);
}

static const struct foo_ops foo_tree_ops = {
	.walk = foo_walk,
	.visit = foo_visit,
};

struct inode *foo_iget(struct super_block *sb, unsigned long ino)
{
	struct inode *inode = iget_locked(sb, ino);

	FOO_I(inode)->ops = &foo_tree_ops;
	return inode;
}
`,
      ),
    ),
  );
  expect(differences).toEqual([]);
});

test("a cycle of wrappers that never does anything", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `foo_wrap_${index}`);
  const declarations = names.map((name) => `static void ${name}(struct inode *inode);`).join("\n");
  const bodies = names
    .map((name, index) => `static void ${name}(struct inode *inode)\n{\n\t${names[(index + 1) % 40]}(inode);\n}\n`)
    .join("\n");
  const { review } = await reviewFixture(one(filesystem("\tfoo_wrap_0(inode);", `${declarations}\n\n${bodies}`)));
  expect(review.findings).toEqual([]);
});

test("a function of 10,000 lines, with the effect at its end", async () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `\tif (inode->i_size == ${index})\n\t\tinode->i_size++;`);
  const { differences } = await reviewFixture(
    one(filesystem(`${lines.join("\n")}\n\tmark_inode_dirty(inode); /* expect: dirty-under-memalloc error */`)),
  );
  expect(differences).toEqual([]);
});

test("a chain of 300 calls ends, and what bounds it is said", async () => {
  const bodies = Array.from({ length: 300 }, (_, index) => {
    const next = index === 0 ? "mark_inode_dirty(inode)" : `foo_call_${index - 1}(inode)`;
    return `static void foo_call_${index}(struct inode *inode)\n{\n\t${next};\n}\n`;
  });
  const { review } = await reviewFixture(one(filesystem("\tfoo_call_299(inode);", bodies.join("\n"))));
  expect(review.findings.filter((finding) => finding.staticSeverity !== "hint")).toEqual([]);
  expect(review.limits.maxChainCalls).toBeLessThan(300);
});

test("a diamond of calls that has 2^14 paths", async () => {
  const bodies = Array.from({ length: 14 }, (_, index) => {
    const next = index === 0 ? "mark_inode_dirty(inode)" : `foo_step_${index - 1}(inode)`;
    return `static void foo_step_${index}(struct inode *inode)\n{\n\tif (inode->i_size)\n\t\t${next};\n\telse\n\t\t${next};\n}\n`;
  });
  const { review } = await reviewFixture(one(filesystem("\tfoo_step_13(inode);", bodies.join("\n"))));
  expect(review.findings.map((finding) => `${finding.rule} ${finding.chain.length}`)).toEqual([
    "dirty-under-memalloc 15",
  ]);
});

test("functions that a macro generates", async () => {
  const { review } = await reviewFixture(
    one(
      filesystem(
        "\tfoo_free_data(inode);",
        `
#define FOO_FREE(kind) \\
static void foo_free_##kind(struct inode *inode) \\
{ \\
	mark_buffer_dirty(FOO_I(inode)->kind); \\
}

FOO_FREE(data)
FOO_FREE(index)
`,
      ),
    ),
  );
  const finding = review.findings.find((each) => each.rule === "dirty-under-memalloc");
  expect(finding?.chain).toEqual([
    { function: "foo_evict_inode", file: "fs/foo/inode.c", line: 15 },
    { function: "foo_free_data", file: "fs/foo/inode.c", line: 9 },
  ]);
});

test("functions that a header's macros generate by way of each other", async () => {
  const { review } = await reviewFixture(
    new Map([
      [
        "include/linux/foo_flags.h",
        `#define SETFLAG(uname, lname) \\
static inline void foo_set_##lname(struct inode *inode) \\
{ foo_touch(inode, FOO_##uname); }
#define CLEARFLAG(uname, lname) static inline void foo_clear_##lname(struct inode *inode) { kfree(inode); }
#define FLAG(uname, lname) SETFLAG(uname, lname) \\
	CLEARFLAG(uname, lname)
`,
      ],
      [
        "fs/foo/inode.c",
        filesystem(
          "\tfoo_clear_ready(inode);\n\tfoo_set_ready(inode);",
          `
static void foo_touch(struct inode *inode, int bit)
{
	mark_inode_dirty(inode);
}

FLAG(READY, ready)
`,
        ),
      ],
    ]),
  );
  const found = review.findings.filter((each) => each.rule === "dirty-under-memalloc");
  expect(found.map((each) => each.line)).toEqual([14]);
  // The line of what a macro makes holds the macro's call.
  expect(found[0]!.chain).toEqual([
    { function: "foo_evict_inode", file: "fs/foo/inode.c", line: 14 },
    { function: "foo_set_ready", file: "fs/foo/inode.c", line: 8, via: "FLAG" },
    { function: "foo_touch", file: "fs/foo/inode.c", line: 5 },
  ]);
});

test("static functions of one name in different files", async () => {
  const { differences } = await reviewFixture(`
    //- /fs/foo/inode.c
    static void release(struct inode *inode)
    {
    	kfree(inode->i_private);
    }

    static void foo_evict_inode(struct inode *inode)
    {
    	truncate_inode_pages_final(&inode->i_data);
    	release(inode);
    	clear_inode(inode);
    }

    static const struct super_operations foo_sops = {
    	.evict_inode = foo_evict_inode,
    };

    //- /fs/bar/inode.c
    static void release(struct inode *inode)
    {
    	mark_inode_dirty(inode);
    }

    static void bar_evict_inode(struct inode *inode)
    {
    	truncate_inode_pages_final(&inode->i_data);
    	release(inode); /* expect: dirty-under-memalloc error */
    	clear_inode(inode);
    }

    static const struct super_operations bar_sops = {
    	.evict_inode = bar_evict_inode,
    };
  `);
  expect(differences).toEqual([]);
});

test("a truncated function, and what stands before it", async () => {
  const text = filesystem("\tmark_inode_dirty(inode); /* expect: dirty-under-memalloc error */");
  const { differences } = await reviewFixture(
    one(`${text}\nstatic void foo_cut(struct inode *inode)\n{\n\tif (inode->`),
  );
  expect(differences).toEqual([]);
});

test("CR LF line ends", async () => {
  const text = filesystem("\tmark_inode_dirty(inode); /* expect: dirty-under-memalloc error */");
  const tree = one(text.replaceAll("\n", "\r\n"));
  expect((await reviewFixture(tree)).differences).toEqual([]);
});

test("a lone filesystem directory without mm/ works with assumed contexts, and says so", async () => {
  const { review } = await reviewFixture(one(filesystem("\tmark_inode_dirty(inode);")));
  const dirty = review.findings.find((finding) => finding.rule === "dirty-under-memalloc");
  expect(dirty?.staticSeverity).toBe("error");
  expect(dirty?.contexts).toContain("assumed");
});

test("a finding keeps its id when lines move and functions half-way change", async () => {
  const helper = (effect: string) => `
static void foo_settle(struct inode *inode)
{
	${effect}
}
`;
  const before = await reviewFixture(one(filesystem("\tfoo_settle(inode);", helper("mark_inode_dirty(inode);"))));
  const after = await reviewFixture(
    one(
      filesystem(
        "\n\n\tfoo_settle(inode);",
        `/* moved */\n${helper("inode->i_size = 0;\n\tmark_inode_dirty_sync(inode);")}`,
      ),
    ),
  );
  const ids = (review: Review) => review.findings.map((finding) => finding.id);
  expect(ids(before.review)).toHaveLength(1);
  expect(ids(after.review)).toEqual(ids(before.review));
});
