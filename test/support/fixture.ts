/**
 * Trees for tests: from a folder of test/fixtures, or from one string that holds several files. The second form is
 * rust-analyzer's idea (crates/test-utils/src/fixture.rs): a header comment starts each file.
 *
 *     //- /fs/foo/inode.c
 *     static void foo_evict_inode(struct inode *inode)
 *     ...
 *     //- /fs/foo/foo.h
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { repositoryRoot } from "./requirements.ts";

/** Path relative to the tree's root, with `/`, to the file's text. */
export type FixtureTree = Map<string, string>;

/** `fixes`: files laid over `sample`, for the fixes that none of its filesystems needs. */
export type FixtureName = "sample" | "sample-2026" | "fixes";

/** Absolute path of a tree in test/fixtures. */
export function fixtureFolder(name: FixtureName): string {
  return join(repositoryRoot, "test", "fixtures", name);
}

/** Reads a tree of test/fixtures whole. */
export function readFixtureTree(name: FixtureName): FixtureTree {
  return readTree(fixtureFolder(name));
}

/**
 * Reads every file below a folder as UTF-8. For fixtures: no bounds, no links followed.
 * @param folder absolute path
 */
export function readTree(folder: string): FixtureTree {
  const tree: FixtureTree = new Map();
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) tree.set(relative(folder, file).split(sep).join("/"), readFileSync(file, "utf8"));
  return tree;
}

const HEADER = /^[ \t]*\/\/- \/(\S+)[ \t]*$/;

/**
 * Splits a multi-file fixture string. Indentation common to the whole string is removed, so that a fixture may be
 * indented with the test around it.
 * @throws Error when text stands before the first header, or two files have one name
 */
export function parseFixture(text: string): FixtureTree {
  const tree: FixtureTree = new Map();
  let path: string | null = null;
  let lines: string[] = [];
  const finish = () => {
    if (path === null) return;
    if (tree.has(path)) throw new Error(`fixture has two files named ${path}`);
    while (lines.length > 0 && lines[lines.length - 1]?.trim() === "") lines.pop();
    tree.set(path, `${lines.join("\n")}\n`);
  };
  for (const line of withoutCommonIndent(text)) {
    const header = HEADER.exec(line);
    if (header?.[1] !== undefined) {
      finish();
      path = header[1];
      lines = [];
    } else if (path !== null) {
      lines.push(line);
    } else if (line.trim() !== "") {
      throw new Error(`fixture text before the first "//- /path" header: ${line.trim()}`);
    }
  }
  finish();
  return tree;
}

function withoutCommonIndent(text: string): string[] {
  const lines = text.split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0] ?? "");
  let common = indents[0] ?? "";
  for (const indent of indents) while (!indent.startsWith(common)) common = common.slice(0, -1);
  return lines.map((line) => (line.startsWith(common) ? line.slice(common.length) : line.trim()));
}

export interface Cursor {
  readonly text: string;
  readonly offset: number;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/**
 * Takes the cursor mark `$0` out of a text.
 * @throws Error unless there is exactly one
 */
export function takeCursor(text: string): Cursor {
  const offset = text.indexOf("$0");
  if (offset < 0) throw new Error("the fixture has no $0 cursor");
  const without = text.slice(0, offset) + text.slice(offset + 2);
  if (without.includes("$0")) throw new Error("the fixture has two $0 cursors");
  const before = text.slice(0, offset).split("\n");
  return { text: without, offset, line: before.length, column: (before[before.length - 1]?.length ?? 0) + 1 };
}
