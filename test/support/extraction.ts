/** The few files of a tree that the eviction protocol is extracted from, without a review of the whole tree. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Lookup } from "../../server/src/core/callgraph/lookup.ts";
import { Program } from "../../server/src/core/callgraph/program.ts";
import type { ExtractionTree } from "../../server/src/core/extract/lowering-request.ts";
import { FunctionBodies } from "../../server/src/core/ir/function-bodies.ts";
import { createParser } from "../../server/src/node/create-parser.ts";
import type { FixtureTree } from "./fixture.ts";

/** Where evict() and what it calls stand in a kernel of the last years. */
export const PROTOCOL_FILES = [
  "fs/inode.c",
  "fs/bad_inode.c",
  "fs/internal.h",
  "fs/fs-writeback.c",
  "fs/super.c",
  "include/linux/fs.h",
  "include/linux/writeback.h",
  "include/linux/list_lru.h",
  "include/linux/pagemap.h",
];

/** Where XFS keeps its inodes. */
export const XFS_FILES = [
  "fs/xfs/xfs_icache.c",
  "fs/xfs/xfs_inode.c",
  "fs/xfs/xfs_inode.h",
  "fs/xfs/xfs_iops.c",
  "fs/xfs/xfs_super.c",
];

/** Where bcachefs keeps its own. */
export const BCACHEFS_FILES = ["fs/bcachefs/fs.c", "fs/bcachefs/fs.h"];

/** The protocol's files of a kernel tree, and `more`, with edits. */
export function protocolFilesOf(
  root: string,
  edit: (path: string, text: string) => string = (_, text) => text,
  more: readonly string[] = [],
): FixtureTree {
  const tree = new Map<string, string>();
  for (const path of [...PROTOCOL_FILES, ...more]) {
    try {
      tree.set(path, edit(path, readFileSync(join(root, path), "utf8")));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return tree;
}

export async function extractionTree(files: FixtureTree): Promise<ExtractionTree> {
  const bytes = new Map([...files].map(([path, text]) => [path, new TextEncoder().encode(text)]));
  const program = new Program((path) => bytes.get(path) ?? null);
  for (const [path, content] of bytes) if (/\.[ch]$/.test(path)) program.setFile(path, content);
  return { program, bodies: new FunctionBodies(program, await createParser()), lookup: new Lookup(program) };
}
