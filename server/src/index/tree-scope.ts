/**
 * Which files of a kernel tree get a skeleton: those that eviction can run through, and the folders of every table
 * elsewhere, with what lies below one of its own. Drivers make up nine tenths of a kernel and hold a handful of
 * filesystems: their files are only searched for a table.
 */

/**
 * What is read in full (Linux 6.12: 55 of 1,400 MB): the folders whose functions the analysis walks (knowledge base,
 * "follow"). Functions of kernel/, lib/ or net/ count through the knowledge base alone.
 */
const READ_IN_FULL: readonly string[] = ["fs/", "mm/", "block/", "ipc/", "include/asm-generic/"];

/**
 * Headers that the whole kernel shares. Where there are many, those are read that something includes which is read: two of
 * three are drivers' and the network's alone.
 */
const SHARED_HEADERS: readonly string[] = ["include/linux/", "include/net/", "include/uapi/linux/"];

/** An excerpt of a kernel has fewer headers than this: what includes one may be left out, and all are read. */
export const MANY_HEADERS = 1000;

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

/** Said of a file whose skeleton is not complete. */
export const INCOMPLETE = "braces or a comment do not close: what stands after may be missed";

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

/** Whether a file of a whole tree is read without a search; a shared header perhaps when another that is read includes it. */
export function isCore(path: string): boolean {
  return READ_IN_FULL.some((folder) => path.startsWith(folder)) || isSharedHeader(path);
}

export function isSharedHeader(path: string): boolean {
  return path.endsWith(".h") && SHARED_HEADERS.some((folder) => path.startsWith(folder));
}

export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}
