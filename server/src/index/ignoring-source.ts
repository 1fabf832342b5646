/**
 * A FileSource that leaves out what the tree's .gitignore files name, where the tree is a repository. Elsewhere, as for
 * ripgrep, they count for nothing: the file that comes with Debian's kernel sources, of a packager's repository, names all of them.
 */
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import type { FileListing, FileSource, ListOptions } from "./file-source.ts";
import { IGNORE_FILE, IgnoreRules } from "./ignore-rules.ts";
import { folderOf } from "./tree-scope.ts";

export function honourIgnoreFiles(source: FileSource): FileSource {
  let rules = new IgnoreRules();
  const { readSync, stampSync } = source;
  return {
    ...source,
    async list(options: ListOptions, token: CancellationToken): Promise<FileListing> {
      const listing = await source.list(options, token);
      rules = await readRules(source, listing, token);
      if (rules.isEmpty) return listing;
      return { ...listing, files: listing.files.filter(({ path }) => !rules.ignores(path)) };
    },
    // A generated file that appears later is none of the tree's either.
    read: async (path) => (isLeftOut(rules, path) ? null : source.read(path)),
    ...(readSync === undefined ? {} : { readSync: (path: string) => (isLeftOut(rules, path) ? null : readSync(path)) }),
    ...(stampSync === undefined
      ? {}
      : { stampSync: (path: string) => (isLeftOut(rules, path) ? null : stampSync(path)) }),
  };
}

function isLeftOut(rules: IgnoreRules, path: string): boolean {
  return /\.[ch]$/.test(path) && rules.ignores(path);
}

async function readRules(source: FileSource, listing: FileListing, token: CancellationToken): Promise<IgnoreRules> {
  const rules = new IgnoreRules();
  if (!(await isRepository(source))) return rules;
  const folders = listing.ignoreFiles?.map(folderOf) ?? foldersOf(listing);
  const pending: Promise<[string, Uint8Array | null]>[] = [];
  for (const folder of folders) {
    const path = folder === "" ? IGNORE_FILE : `${folder}/${IGNORE_FILE}`;
    // All at once where reading is a message: a source sends in bulk what is asked for in one turn.
    if (source.readSync === undefined) pending.push(source.read(path).then((bytes) => [folder, bytes]));
    else {
      const bytes = source.readSync(path);
      if (bytes !== null) rules.add(folder, bytes);
    }
  }
  for (const [folder, bytes] of await Promise.all(pending)) if (bytes !== null) rules.add(folder, bytes);
  throwIfCancelled(token);
  return rules;
}

/** `.git` is a folder, or a file in a worktree. */
async function isRepository(source: FileSource): Promise<boolean> {
  for (const path of [".git/HEAD", ".git"]) {
    const bytes = source.readSync === undefined ? await source.read(path) : source.readSync(path);
    if (bytes !== null) return true;
  }
  return false;
}

/** Every folder that holds a listed file, and those above it. */
function foldersOf(listing: FileListing): ReadonlySet<string> {
  const folders = new Set<string>([""]);
  for (const { path } of listing.files) {
    for (let folder = folderOf(path); folder !== "" && !folders.has(folder); folder = folderOf(folder)) {
      folders.add(folder);
    }
  }
  return folders;
}
