import { expect, test } from "vitest";
import { chainProblems } from "./chains.ts";

const SOURCE = `static void g(struct inode *inode)
{
	mark_inode_dirty(inode);
}

static void f(struct inode *inode)
{
	inode->i_sb->s_op
		->dirty_inode(inode, 0);
	g(
		inode);
}
`;
const read = (path: string) => (path === "a.c" ? SOURCE : null);
const check = (...chain: { function: string; line: number; file?: string; via?: string }[]) =>
  chainProblems(
    { id: "x", rule: "dirty-under-memalloc", ends: [], chain: chain.map((link) => ({ file: "a.c", ...link })) },
    read,
  );

test("a chain that stands in the source has no problems", () => {
  expect(check({ function: "f", line: 10 }, { function: "g", line: 3 })).toEqual([]);
});

test("a pointer call is found by what `via` says, over several lines", () => {
  const via = "inode->i_sb->s_op->dirty_inode";
  expect(check({ function: "f", line: 8, via }, { function: "g", line: 3 })).toEqual([]);
  expect(check({ function: "f", line: 8, via: "inode->i_op->x" }, { function: "g", line: 3 })).toHaveLength(1);
});

test("wrong lines, functions and files are told", () => {
  expect(check({ function: "f", line: 8 }, { function: "g", line: 3 })[0]).toMatch(/no call of g\(\)/);
  expect(check({ function: "g", line: 10 }, { function: "g", line: 3 })[0]).toMatch(/not in that function/);
  expect(check({ function: "f", line: 99 })[0]).toMatch(/no such line/);
  expect(check({ function: "f", line: 8, file: "b.c" })[0]).toMatch(/no such file/);
  expect(check()[0]).toMatch(/empty/);
});
