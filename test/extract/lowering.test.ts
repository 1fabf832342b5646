/** Single functions to steps of a model: what the code says becomes steps, and nothing else does. */
import { describe, expect, test } from "vitest";
import type { Fragment } from "../../server/src/core/extract/fragment.ts";
import { KERNEL_VOCABULARY } from "../../server/src/core/extract/kernel-vocabulary.ts";
import { lowerFunction } from "../../server/src/core/extract/lower-body.ts";
import type { MethodBinding } from "../../server/src/core/extract/lowering-request.ts";
import { Vocabulary } from "../../server/src/core/extract/vocabulary.ts";
import type { Step, StepObject } from "../../server/src/core/race/model.ts";
import { extractionTree } from "../support/extraction.ts";

const VOCABULARY = new Vocabulary(KERNEL_VOCABULARY);

async function lower(text: string, name: string, methods: readonly [string, MethodBinding][] = []): Promise<Fragment> {
  const tree = await extractionTree(new Map([["fs/inode.c", text]]));
  const fn = tree.program.functionsNamed(name)[0];
  if (fn === undefined) throw new Error(`no ${name}()`);
  const result = lowerFunction(tree, fn, { vocabulary: VOCABULARY, slots: 2, methods: new Map(methods) });
  if ("failure" in result) throw new Error(result.failure.reason);
  return result.fragment;
}

/** One line for each step, with its source line: `3 lock(i_lock[inode])`. */
function linesOf(fragment: Fragment): string[] {
  const line = (step: Step): string | null => {
    const { do: work, if: test, call, choose, source } = step as StepObject;
    const what = [work, test === undefined ? undefined : `if ${test}`, call === undefined ? undefined : `call ${call}`]
      .filter((each) => each !== undefined)
      .join("; ");
    if (choose !== undefined) return "choose";
    return what === "" ? null : `${source?.line ?? "-"} ${what}`;
  };
  return fragment.procedure.steps.map(line).filter((each) => each !== null);
}

test("locks, flags and counts become steps at their own lines", async () => {
  const fragment = await lower(
    `void f(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	inode->i_state |= I_FREEING | I_DIRTY_TIME;
	inode->i_state &= ~I_NEW;
	atomic_inc(&inode->i_count);
	spin_unlock(&inode->i_lock);
	unrelated(inode);
}
`,
    "f",
  );
  expect(linesOf(fragment)).toEqual([
    "3 lock(i_lock[inode])",
    "4 inode.FREEING = 1; inode.DIRTY_TIME = 1",
    "5 inode.NEW = 0",
    "6 inode.count++",
    "7 unlock(i_lock[inode])",
  ]);
  expect(fragment.needs.locks.map((lock) => lock.name)).toEqual(["i_lock"]);
  expect(fragment.assumptions).toEqual([]);
});

test("a macro that ors flags together is these flags; a definition that is long is none, and holds nobody up", async () => {
  const fragment = await lower(
    `#define I_DYING (I_FREEING | /* both */ \\
	I_WILL_FREE)
#define I_MANY (I_FREEING | ${" ".repeat(400_000)}!)
void f(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	inode->i_state |= I_DYING;
	inode->i_state |= I_MANY;
	spin_unlock(&inode->i_lock);
}
`,
    "f",
  );
  expect(linesOf(fragment)).toEqual([
    "6 lock(i_lock[inode])",
    "7 inode.FREEING = 1; inode.WILL_FREE = 1",
    "9 unlock(i_lock[inode])",
  ]);
});

test("a step of several lines is shown with all of them, up to where its brackets close", async () => {
  const fragment = await lower(
    `void f(struct inode *inode)
{
	if (atomic_read(&inode->i_count) || /* in use ) */
	    inode->i_state & (I_FREEING |
			      I_WILL_FREE))
		return;
	inode->i_state |= I_NEW;
}
`,
    "f",
  );
  const labels = fragment.procedure.steps.map((step) => (step as StepObject).label);
  expect(labels).toContain("if (atomic_read(&inode->i_count) || inode->i_state & (I_FREEING | I_WILL_FREE))");
  expect(labels).toContain("inode->i_state |= I_NEW");
});

const OLD = `int f(struct inode *inode)
{
	if (inode->i_state & (I_FREEING | I_WILL_FREE))
		return 0;
	inode->i_state |= I_NEW;
	return 1;
}
`;
const OF_2026 = `int f(struct inode *inode)
{
	if (inode_state_read(inode) & (I_FREEING | I_WILL_FREE))
		return 0;
	inode_state_set(inode, I_NEW);
	return 1;
}
`;

test("both idioms of i_state give the same steps", async () => {
  expect(linesOf(await lower(OF_2026, "f"))).toEqual(linesOf(await lower(OLD, "f")));
  expect(linesOf(await lower(OLD, "f"))[0]).toBe("3 if inode.FREEING || inode.WILL_FREE");
});

test("helpers are lowered in place, whatever they are called; what a header's helper does is shown at its call", async () => {
  const fragment = await lower(
    `static bool is_dying(struct inode *what)
{
	return what->i_state & I_FREEING;
}

static inline void get(struct inode *one) { atomic_inc(&one->i_count); }

void f(struct inode *inode)
{
	if (!is_dying(inode))
		get(inode);
}
`,
    "f",
  );
  expect(linesOf(fragment)).toEqual(["10 if !inode.FREEING", "6 inode.count++"]);
  expect(fragment.inlined).toEqual(["f", "is_dying", "get"]);
});

test("a loop with goto closes, and a path with another lock set is another path", async () => {
  const fragment = await lower(
    `void f(struct inode *inode, bool locked)
{
again:
	spin_lock(&inode->i_lock);
	if (inode->i_state & I_NEW) {
		spin_unlock(&inode->i_lock);
		goto again;
	}
	spin_unlock(&inode->i_lock);
}
`,
    "f",
  );
  expect(linesOf(fragment)).toEqual([
    "4 lock(i_lock[inode])",
    "5 if inode.NEW",
    "6 unlock(i_lock[inode])",
    "9 unlock(i_lock[inode])",
  ]);
  expect(fragment.procedure.steps).toContainEqual({ goto: "s0" });
});

test("a word of flags that is read, changed and written back is read once, in a step of its own", async () => {
  const fragment = await lower(
    `void f(struct inode *inode)
{
	unsigned long state = inode->i_state;
	spin_lock(&inode->i_lock);
	inode->i_state = state | I_FREEING;
	spin_unlock(&inode->i_lock);
}
`,
    "f",
  );
  const [read, , write] = linesOf(fragment);
  expect(read).toMatch(/^4 .*seen_NEW = inode\.NEW/);
  expect(write).toMatch(/^5 .*inode\.NEW = seen_NEW/);
  expect(write).toMatch(/inode\.FREEING = 1/);
});

test("misuse of locks becomes an assertion that fails where it happens", async () => {
  const misuse = async (body: string): Promise<string> =>
    linesOf(await lower(`void f(struct inode *inode)\n{\n${body}\n}\n`, "f")).join("\n");
  expect(await misuse("\tspin_unlock(&inode->i_lock);")).toMatch(/^3 assert\(STATE, 0, "gives back i_lock\[inode\]/);
  expect(await misuse("\tspin_lock(&inode->i_lock);\n\tspin_lock(&inode->i_lock);")).toMatch(/assert\(PROG, 0, "takes/);
  expect(await misuse("\tspin_lock(&inode->i_lock);")).toMatch(/assert\(PROG, 0, "f\(\) returns while it holds/);
  expect(await misuse("\tspin_lock(&inode->i_lock);\n\tschedule();")).toMatch(/assert\(PROG, 0, "sleeps while/);
  expect(await misuse("\trcu_read_lock();\n\tschedule();")).toMatch(/assert\(PROG, 0, "sleeps inside an RCU/);
});

test("a wait is enqueue, test, sleep; its condition is looked at again", async () => {
  const fragment = await lower(
    `void f(struct inode *inode)
{
	wait_var_event(inode_state_wait_address(inode, __I_NEW), !(READ_ONCE(inode->i_state) & I_NEW));
	wake_up_bit(&inode->i_state, __I_NEW);
}
`,
    "f",
  );
  expect(linesOf(fragment)).toEqual([
    "3 late = inode.FREEING && !inode.hashed && inode.woken; if (!late) { prepare_wait(inode, NEW) }",
    "3 if !inode.NEW",
    "3 finish_wait(); late = 0",
    "4 wake(inode, NEW)",
    '3 sleep(); assert(WAKE, !late, "sleeps on an inode that was unhashed and woken before: nobody will wake it")',
  ]);
});

test("a chain is walked entry by entry, a list slot by slot", async () => {
  const fragment = await lower(
    `struct inode *f(struct super_block *sb, unsigned long ino)
{
	struct inode *inode;

	hlist_for_each_entry(inode, head, i_hash) {
		if (inode->i_ino != ino || inode->i_sb != sb)
			continue;
		if (inode->i_state & I_FREEING)
			continue;
		return inode;
	}
	return NULL;
}
`,
    "f",
  );
  expect(linesOf(fragment)).toEqual([
    "5 inode = find(ino); if inode != none",
    "8 if inode.FREEING",
    "5 inode = find_next(inode); if inode != none",
    "12 result = none",
    "10 result = inode",
  ]);
  expect(fragment.procedure.parameters).toEqual(["ino", "result"]);
  expect(fragment.result).toBe("slot");
});

describe("methods", () => {
  const TEXT = `static void plain(struct inode *inode)
{
	inode->i_nlink = 1;
}

void f(struct inode *inode)
{
	if (inode->i_sb->s_op->evict_inode)
		inode->i_sb->s_op->evict_inode(inode);
	else
		plain(inode);
}
`;
  test("an absent one is not called", async () => {
    expect(linesOf(await lower(TEXT, "f", [["evict_inode", { kind: "absent" }]]))).toEqual(["3 inode.nlink = 1"]);
  });
  test("a procedure of the scenario is called with the inode", async () => {
    const fragment = await lower(TEXT, "f", [["evict_inode", { kind: "procedure", procedure: "mine" }]]);
    expect(fragment.procedure.steps).toContainEqual({ id: "s0", call: "mine", with: { inode: "inode" } });
    expect(fragment.needs.procedures).toEqual(["mine"]);
  });
  test("one that nothing is known of is an assumption, and the step says that it goes either way", async () => {
    const fragment = await lower(TEXT, "f");
    expect(fragment.assumptions.map((each) => each.text)).toEqual(["->evict_inode() does nothing that matters here"]);
    expect(JSON.stringify(fragment.procedure.steps)).toContain("[either way]");
  });
});

test("what is too large is given up with a reason", async () => {
  const many = Array.from({ length: 1000 }, () => "\tatomic_inc(&inode->i_count);").join("\n");
  await expect(lower(`void f(struct inode *inode)\n{\n${many}\n}\n`, "f")).rejects.toThrow(/more than 900 steps/);
});

describe("what is given back at the end of a scope", () => {
  test("scoped_cond_guard() may not be had, and then does its statement", async () => {
    const fragment = await lower(
      `int f(struct inode *inode)
{
	scoped_cond_guard(spinlock_try, return -EBUSY, &inode->i_lock) {
		inode->i_state |= I_NEW;
	}
	atomic_inc(&inode->i_count);
	return 0;
}
`,
      "f",
    );
    expect(linesOf(fragment)).toEqual([
      "3 if trylock(i_lock[inode])",
      "4 inode.NEW = 1",
      "3 unlock(i_lock[inode])",
      "6 inode.count++",
      "7 result = 0",
      "3 result = 1",
    ]);
  });

  test("__free() gives back what is not NULL, and not what no_free_ptr() has taken out", async () => {
    const text = (returned: string) => `static void drop(struct inode *inode)
{
	atomic_dec(&inode->i_count);
}

struct inode *f(struct inode *inode)
{
	struct inode *mine __free(drop) = inode;

	if (inode->i_state & I_NEW)
		return NULL;
	${returned};
}
`;
    const before = ["10 if inode.NEW", "3 inode.count--", "11 result = none"];
    for (const returned of ["return no_free_ptr(mine)", "return_ptr(mine)"]) {
      const lines = linesOf(await lower(text(returned), "f"));
      expect(lines.filter((line) => line.endsWith("count--"))).toEqual(["3 inode.count--"]);
      expect(lines).toContain("12 result = inode");
      expect(lines).toEqual(expect.arrayContaining(before));
    }
    expect(linesOf(await lower(text("return inode"), "f")).filter((line) => line.endsWith("count--"))).toHaveLength(2);
  });

  test("a guard in one arm of an #if is given back where it was taken", async () => {
    const fragment = await lower(
      `void f(struct inode *inode)
{
#ifdef CONFIG_A
	guard(rcu)();
#else
	guard(spinlock)(&inode->i_lock);
#endif
	atomic_inc(&inode->i_count);
}
`,
      "f",
    );
    const lines = linesOf(fragment);
    expect(lines.filter((line) => line.includes("lock("))).toHaveLength(4);
    expect(lines.filter((line) => line.includes("assert"))).toEqual([]);
    expect(lines.filter((line) => line.includes("count++"))).toHaveLength(2);
  });
});

describe("what is not guarded", () => {
  test("a flag that is set without i_lock is a reading and a writing", async () => {
    const fragment = await lower("void f(struct inode *inode)\n{\n\tinode->i_state |= I_NEW;\n}\n", "f");
    const [read, write] = linesOf(fragment);
    expect(read).toContain("inode_had_FREEING = inode.FREEING");
    expect(write).toContain("if (inode.FREEING != inode_had_FREEING) { inode.FREEING = inode_had_FREEING }");
    expect(write).toContain("inode.NEW = 1");
  });

  test("a list of the superblock is damaged where two change it without its lock", async () => {
    const fragment = await lower(
      "void f(struct inode *inode)\n{\n\tlist_add(&inode->i_sb_list, &inode->i_sb->s_inodes);\n}\n",
      "f",
    );
    expect(linesOf(fragment).map((line) => line.replace(/, "[^"]*"/g, ""))).toEqual([
      "3 assert(UAF, !changing_sb); changing_sb = 1",
      "3 assert(STATE, !inode.on_sb); inode.on_sb = 1; inode.list_poisoned = 0; changing_sb = 0",
    ]);
    expect(fragment.needs.variables.map(({ name }) => name)).toEqual(["changing_sb"]);
  });

  test.each([
    ["rcu_read_lock();\n\tatomic_inc(&inode->i_count);", "PROG", "returns inside an RCU read-side critical section"],
    ["rcu_read_unlock();", "UAF", "leaves an RCU read-side critical section that it is not in"],
    [
      "inode = ERR_PTR(-EIO);\n\tatomic_inc(&inode->i_count);",
      "UAF",
      "i_count is reached through NULL or an error pointer",
    ],
  ])("%s", async (code, invariant, message) => {
    const fragment = await lower(`void f(struct inode *inode)\n{\n\t${code}\n}\n`, "f");
    expect(linesOf(fragment).join("\n")).toMatch(new RegExp(`assert\\(${invariant}, 0, "[^"]*${message}`));
  });

  test("list_del() and hlist_del_rcu() leave a link that does not look empty", async () => {
    const fragment = await lower(
      "int f(struct inode *inode)\n{\n\tlist_del(&inode->i_lru);\n\thlist_del_rcu(&inode->i_hash);\n\treturn hlist_unhashed(&inode->i_hash);\n}\n",
      "f",
    );
    expect(linesOf(fragment)).toEqual([
      "3 inode.lru = LRU_DEFERRED",
      "4 hash_del(inode); inode.poisoned = 1",
      "5 result = !inode.hashed && !inode.poisoned",
    ]);
  });

  test("a walk that keeps its next inode does not go on when the list's lock was given up", async () => {
    const walk = (end: string) => `void f(struct super_block *sb)
{
	struct inode *inode, *next;

again:
	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry_safe(inode, next, &sb->s_inodes, i_sb_list) {
		spin_unlock(&sb->s_inode_list_lock);
		${end}
	}
	spin_unlock(&sb->s_inode_list_lock);
}
`;
    const lost = /given up meanwhile: that inode may be gone/;
    expect(linesOf(await lower(walk("spin_lock(&sb->s_inode_list_lock);"), "f")).join("\n")).toMatch(lost);
    expect(linesOf(await lower(walk("goto again;"), "f")).join("\n")).not.toMatch(lost);
  });
});
