/** The queries compile, and find what an editor shows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Parser, Query } from "web-tree-sitter";
import { grammarFolder, wasmLanguage } from "./parsers.ts";

const SOURCE = `static DEFINE_MUTEX(lock);

static int __init drop(struct super_block *sb)
	__must_hold(&sb->s_umount)
{
	struct inode *inode;

	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		scoped_guard(spinlock, &inode->i_lock)
			iput(inode);
	}
	return 0;
}

SYSCALL_DEFINE1(syncfs, int, fd)
{
	return 0;
}
`;

let language: Awaited<ReturnType<typeof wasmLanguage>>;
let parser: Parser;

beforeAll(async () => {
  language = await wasmLanguage();
  parser = new Parser();
  parser.setLanguage(language);
});

/** `capture: text` of every capture, in the order of the text. */
function captures(name: string): string[] {
  const query = new Query(language, readFileSync(join(grammarFolder, "queries", `${name}.scm`), "utf8"));
  const tree = parser.parse(SOURCE);
  const found = query.captures(tree?.rootNode as never).map(({ name: capture, node }) => `${capture}: ${node.text}`);
  query.delete();
  tree?.delete();
  return found;
}

describe("queries", () => {
  test("highlights tell annotations, loop macros and declaring macros apart", () => {
    expect(captures("highlights")).toEqual(
      expect.arrayContaining([
        "function.macro: DEFINE_MUTEX",
        "attribute: __init",
        "attribute: __must_hold",
        "keyword.repeat: list_for_each_entry",
        "keyword: scoped_guard",
        "function: iput",
        "function.macro: SYSCALL_DEFINE1",
      ]),
    );
  });

  test("tags name functions, what macros declare, and calls", () => {
    const names = captures("tags").filter((capture) => capture.startsWith("name: "));
    expect(names).toEqual([
      "name: lock",
      "name: drop",
      "name: list_for_each_entry",
      "name: scoped_guard",
      "name: iput",
      "name: syncfs",
    ]);
  });

  test("locals know the parameters and variables", () => {
    const definitions = captures("locals").filter((capture) => capture.startsWith("local.definition"));
    expect(definitions).toEqual(["local.definition: drop", "local.definition: sb", "local.definition: inode"]);
  });

  test("folds hold functions, loops and lists", () => {
    expect(captures("folds").filter((capture) => capture.includes("list_for_each_entry"))).toHaveLength(2);
  });
});
