/**
 * A tree in a folder. Listing 70,000 files must take a moment, so nothing is asked for but the folders' entries
 * (with their types): the listing's sizes and times are 0 (unknown) unless `withTimes` is set, which costs one stat
 * per file. Synchronous calls are used on purpose: they are four to five times as fast here, and this runs in the
 * command line or a worker thread, never on the connection's thread.
 */
import {
  closeSync,
  type Dirent,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join, sep } from "node:path";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import type { FileEntry, FileListing, FileProblem, FileSource, FileStamp, ListOptions } from "../index/file-source.ts";
import { IGNORE_FILE } from "../index/ignore-rules.ts";
import { isExcluded, isSource } from "../index/source-names.ts";

/** Version control and editors keep copies and packed objects in such folders; build trees keep none we read. */
const HIDDEN_PREFIX = ".";
/** Folders between two turns of the event loop, so that a cancel is seen. */
const FOLDERS_PER_SLICE = 200;

export interface FolderSourceOptions {
  /** Fill in size and modification time of every file listed (one stat each). */
  readonly withTimes?: boolean;
}

export function createFolderSource(root: string, options: FolderSourceOptions = {}): FileSource {
  const withTimes = options.withTimes ?? false;
  // Paths are plain; join() would look at every letter of tens of thousands of them again.
  const prefix = root.endsWith("/") ? root : `${root}/`;
  const read = (path: string): Uint8Array | null => {
    try {
      return readFileSync(prefix + path);
    } catch {
      return null;
    }
  };
  return {
    root,
    list: (listOptions, token) => listFolder(root, listOptions, token, withTimes),
    read: async (path) => read(path),
    readSync: read,
    peekSync: createPeek(prefix),
    stampSync: (path) => stampOf(prefix + path),
  };
}

function stampOf(path: string): FileStamp | null {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return null;
    return { size: status.size, modified: status.mtimeMs, changed: status.ctimeMs, inode: status.ino };
  } catch {
    return null;
  }
}

/** Most files fit; a larger one gets a buffer of its own. */
const PEEK_BYTES = 1 << 20;

/** No allocation, and no question for the size: of 55,000 files nine tenths are looked at once and never again. */
function createPeek(prefix: string): (path: string, room: Uint8Array | null) => Uint8Array | null {
  let own: Uint8Array | null = null;
  return (path, given) => {
    own ??= given ?? Buffer.allocUnsafeSlow(PEEK_BYTES);
    const room = given ?? own;
    let descriptor = -1;
    try {
      descriptor = openSync(prefix + path, "r");
      const length = readSync(descriptor, room, 0, room.length, null);
      return length < room.length ? Buffer.from(room.buffer, room.byteOffset, length) : readFileSync(prefix + path);
    } catch {
      return null;
    } finally {
      if (descriptor >= 0) closeSync(descriptor);
    }
  };
}

/** One line on why `root` cannot be reviewed (missing, a file, unreadable), or null when it can. */
export function explainUnreadableRoot(root: string): string | null {
  try {
    if (!statSync(root).isDirectory()) return `${root}: not a folder`;
    readdirSync(root);
    return null;
  } catch (error) {
    return `${root}: ${reasonOf(error)}`;
  }
}

async function listFolder(
  root: string,
  options: ListOptions,
  token: CancellationToken,
  withTimes: boolean,
): Promise<FileListing> {
  const files: FileEntry[] = [];
  const problems: FileProblem[] = [];
  const ignoreFiles: string[] = [];
  const pending = [""];
  // Real paths of the folders entered through a symbolic link and of their ancestors: a loop comes back to one.
  const entered = new Set<string>();
  let truncated = false;
  let folders = 0;
  while (pending.length > 0 && !truncated) {
    if (++folders % FOLDERS_PER_SLICE === 0) await nextTurn();
    throwIfCancelled(token);
    const folder = pending.pop()!;
    const listed = readEntries(folder === "" ? root : `${root}/${folder}`, folder, problems);
    // Sorted, so that a truncated listing holds the same files on every file system.
    listed.sort((a, b) => (a.name < b.name ? -1 : 1));
    const subfolders: string[] = [];
    for (const entry of listed) {
      const { name } = entry;
      if (name === IGNORE_FILE) ignoreFiles.push(folder === "" ? IGNORE_FILE : `${folder}/${IGNORE_FILE}`);
      if (name.startsWith(HIDDEN_PREFIX)) continue;
      if (entry.isFile() && !isSource(name)) continue;
      const path = folder === "" ? name : `${folder}/${name}`;
      if (isExcluded(path, options.exclude)) continue;
      const kind = entry.isSymbolicLink() ? followLink(root, path, entered, problems) : kindOf(entry);
      if (kind === "folder") {
        subfolders.push(path);
      } else if (kind === "file" && isSource(name)) {
        if (files.length >= options.maxFiles) {
          truncated = true;
          break;
        }
        files.push(withTimes ? describeFile(root, path) : { path, size: 0, modified: 0 });
        options.onFile?.(path);
      }
    }
    for (let i = subfolders.length - 1; i >= 0; i--) pending.push(subfolders[i]!);
  }
  return { files, problems, truncated, ignoreFiles };
}

type EntryKind = "file" | "folder" | "other";

function kindOf(entry: Dirent): EntryKind {
  return entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other";
}

function readEntries(path: string, folder: string, problems: FileProblem[]): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    problems.push({ file: folder === "" ? "." : folder, message: `unreadable folder: ${reasonOf(error)}` });
    return [];
  }
}

/**
 * A link counts as what it points to, except a folder outside the root or one already entered: the kernel's own
 * links (scripts/dtc/include-prefixes, arch/../boot/dts) lead back into the tree, whose files are listed anyway.
 */
function followLink(root: string, path: string, entered: Set<string>, problems: FileProblem[]): EntryKind {
  const full = join(root, path);
  try {
    const target = statSync(full);
    if (target.isFile()) return "file";
    if (!target.isDirectory()) return "other";
    const real = realpathSync(full);
    const realRoot = realpathSync(root);
    if (real === realRoot || real.startsWith(realRoot + sep) || realRoot.startsWith(real + sep)) return "other";
    if (entered.has(real)) return "other";
    for (const seen of entered) if (real.startsWith(seen + sep) || seen.startsWith(real + sep)) return "other";
    entered.add(real);
    return "folder";
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // A dangling link is common in build trees and no C file of ours; a loop is worth a word.
    if (code !== "ENOENT") problems.push({ file: path, message: `symbolic link: ${reasonOf(error)}` });
    return "other";
  }
}

function describeFile(root: string, path: string): FileEntry {
  try {
    const status = lstatSync(join(root, path));
    const target = status.isSymbolicLink() ? statSync(join(root, path)) : status;
    return { path, size: target.size, modified: target.mtimeMs };
  } catch {
    return { path, size: 0, modified: 0 };
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "no such file or folder",
    EACCES: "permission denied",
    EPERM: "permission denied",
    ELOOP: "too many symbolic links (a loop)",
    ENOTDIR: "not a folder",
    EIO: "read error",
  };
  return (code !== undefined ? reasons[code] : undefined) ?? (error as Error).message.split("\n", 1)[0] ?? "unreadable";
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
