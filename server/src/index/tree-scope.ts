/**
 * Which files of a kernel tree get a skeleton: those that eviction can run through, and the folders of every table
 * elsewhere. Drivers make up nine tenths of a kernel and hold a handful of filesystems: their files are only searched
 * for a table.
 */

/** Folders at the root that are read in full (Linux 6.12: 155 of 1,400 MB). */
const READ_IN_FULL = new Set([
  "fs",
  "mm",
  "block",
  "ipc",
  "security",
  "kernel",
  "lib",
  "net",
  "include",
  "virt",
  "init",
  "io_uring",
  "crypto",
]);

/** What a file outside them must name to be read: a table of methods, or an unhash. */
export const TABLE_WORDS: readonly string[] = ["super_operations", "evict_inode", "remove_inode_hash"];

export const DEFAULT_EXCLUDE: readonly string[] = [
  "Documentation",
  "tools",
  "samples",
  "scripts",
  "usr",
  "debian",
  "out",
  "build",
  "node_modules",
];

export const DEFAULT_MAX_FILES = 200_000;
/** Larger files are generated register lists; nothing that the analysis knows stands in one. */
export const MAX_FILE_BYTES = 8 << 20;

/** True for a whole kernel (or our miniature of one): only then are other folders peripheral. */
export function isWholeTree(paths: readonly string[]): boolean {
  let fs = false;
  let include = false;
  for (const path of paths) {
    fs ||= path.startsWith("fs/");
    include ||= path.startsWith("include/linux/");
    if (fs && include) return true;
  }
  return false;
}

/** Whether a file of a whole tree is read without a search. */
export function isCore(path: string): boolean {
  const slash = path.indexOf("/");
  return slash > 0 && READ_IN_FULL.has(path.slice(0, slash));
}

export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}
