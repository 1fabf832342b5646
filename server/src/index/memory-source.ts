/** A tree in memory, for tests and for text that never was a file. */
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import type { FileListing, FileSource, ListOptions } from "./file-source.ts";
import { isExcluded, isSource } from "./source-names.ts";

/** Paths (relative, with `/`) to text or bytes. The map is read at every call: tests change it between calls. */
export type MemoryFiles = ReadonlyMap<string, string | Uint8Array>;

export function createMemorySource(files: MemoryFiles, root = "memory"): FileSource {
  const readSync = (path: string): Uint8Array | null => {
    const content = files.get(path);
    if (content === undefined) return null;
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
  return {
    root,
    async list(options: ListOptions, token: CancellationToken): Promise<FileListing> {
      throwIfCancelled(token);
      const paths = [...files.keys()].filter((path) => isSource(path) && !isExcluded(path, options.exclude)).sort();
      return {
        files: paths.slice(0, options.maxFiles).map((path) => ({ path, size: readSync(path)!.length, modified: 0 })),
        problems: [],
        truncated: paths.length > options.maxFiles,
      };
    },
    read: async (path) => readSync(path),
    readSync,
  };
}
