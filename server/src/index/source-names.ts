/** Which files of a tree are listed. Shared by every FileSource, so that all list the same. */

/** True for C sources and headers. */
export function isSource(path: string): boolean {
  return path.endsWith(".c") || path.endsWith(".h");
}

/**
 * True when `path` (a file, or a folder without a trailing slash) is one of the excluded folders or lies in one.
 * A prefix is compared by whole path segments: `tools` and `tools/` exclude tools/lib/a.c but not toolshed/a.c.
 */
export function isExcluded(path: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) {
    const folder = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
    if (folder === "") continue;
    if (path === folder || (path.startsWith(folder) && path[folder.length] === "/")) return true;
  }
  return false;
}
