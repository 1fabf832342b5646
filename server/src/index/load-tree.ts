/** From a FileSource to a program: list, search, read, skeleton. */
import { isBesideTable } from "../core/callgraph/filesystem.ts";
import { Program } from "../core/callgraph/program.ts";
import type { TreeProblem } from "../core/report/finding.ts";
import { bufferLike } from "../core/text/byte-search.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import { WordSearch } from "../core/text/word-search.ts";
import type { FileSource, ListOptions } from "./file-source.ts";
import type { ProgressListener } from "./review-session.ts";
import { SharedHeaders } from "./shared-headers.ts";
import {
  folderOf,
  INCOMPLETE,
  isCore,
  isSharedHeader,
  isWholeTree,
  MANY_HEADERS,
  MAX_FILE_BYTES,
  TABLE_WORDS,
} from "./tree-scope.ts";

export interface LoadedTree {
  readonly root: string;
  readonly program: Program;
  /** Null where all headers are read. */
  readonly headers: SharedHeaders | null;
  /** Whether it is a whole kernel: only then are other folders peripheral. */
  readonly whole: boolean;
  readonly kernelVersion: string;
  readonly problems: TreeProblem[];
  /** Files listed, whether or not they got a skeleton. */
  filesListed: number;
  bytesRead: number;
  readonly limits: Readonly<Record<string, number>>;
  /** Reads a file as the program sees it: an unsaved document's text before the file's. */
  readonly read: (path: string) => Uint8Array | null;
  /** Takes the bytes of a file that changed (null: it is gone), where they cannot be read again at once. */
  readonly keep: (path: string, bytes: Uint8Array | null) => void;
  readonly options: ListOptions;
}

/** Files between two turns of the event loop: a cancel must be seen, a connection served. */
const SLICE = 256;

/**
 * `keepBytes`: the files that get a skeleton stay in memory, for a run in which nothing changes and most of them are asked
 * for again.
 */
export async function loadTree(
  source: FileSource,
  overlays: ReadonlyMap<string, Uint8Array>,
  options: ListOptions,
  token: CancellationToken,
  onProgress?: ProgressListener,
  keepBytes = false,
): Promise<LoadedTree> {
  onProgress?.({ phase: "list", done: 0, total: 0 });
  const listing = await source.list(options, token);
  const problems: TreeProblem[] = [...listing.problems];
  if (listing.truncated)
    problems.push({
      file: ".",
      message: `more than ${options.maxFiles} files: the rest is not read (raise the file limit or exclude folders)`,
    });
  const paths = listing.files.map((file) => file.path);
  // What cannot be read again at once (an editor's virtual files) is kept.
  const kept = new Map<string, Uint8Array>();
  const shelf = new ByteShelf();
  const { readSync, peekSync } = source;
  const read = (path: string): Uint8Array | null =>
    overlays.get(path) ?? kept.get(path) ?? (readSync === undefined ? null : readSync(path));
  const program = new Program(read);
  const whole = isWholeTree(paths);
  const shared = whole ? paths.filter(isSharedHeader) : [];
  const headers = shared.length < MANY_HEADERS ? null : new SharedHeaders(program, shared);
  const tree: LoadedTree = {
    root: source.root,
    program,
    headers,
    whole,
    kernelVersion: await kernelVersion(source),
    problems,
    filesListed: paths.length,
    bytesRead: 0,
    limits: { maxFiles: options.maxFiles, maxFileBytes: MAX_FILE_BYTES },
    read,
    keep: (path, bytes) => {
      if (readSync !== undefined) return;
      if (bytes === null) kept.delete(path);
      else kept.set(path, bytes);
    },
    options,
  };
  const search = new WordSearch(TABLE_WORDS);
  // Skeletons keep no bytes.
  const { room } = search;
  const fetchSync =
    peekSync === undefined
      ? readSync
      : (path: string, isSearched: boolean): Uint8Array | null =>
          peekSync(path, isSearched || !keepBytes ? room : shelf.room());
  const fetch = async (path: string): Promise<Uint8Array | null> => {
    const bytes = await source.read(path);
    if (bytes !== null) kept.set(path, bytes);
    return bytes;
  };
  let done = 0;
  const pause = async (): Promise<void> => {
    throwIfCancelled(token);
    onProgress?.({ phase: "skeleton", done, total: paths.length });
    await nextTurn();
  };
  const add = (path: string, bytes: Uint8Array): void => {
    if (bytes.length > MAX_FILE_BYTES) {
      problems.push({ file: path, message: `larger than ${MAX_FILE_BYTES >> 20} MiB: not read` });
      return;
    }
    if (keepBytes && readSync !== undefined) kept.set(path, shelf.keep(bytes));
    if (!program.setFile(path, bytes).skeleton.complete) problems.push({ file: path, message: INCOMPLETE });
  };
  const folders = new Set<string>();
  // Where reading takes no turn of the event loop, nothing waits but for a pause.
  const bytesOf = (path: string, isSearched: boolean): Uint8Array | null | Promise<Uint8Array | null> =>
    overlays.get(path) ?? (fetchSync === undefined ? fetch(path) : fetchSync(path, isSearched));
  const take = (path: string, bytes: Uint8Array | null, isPeripheral: boolean): void => {
    if (bytes === null) {
      problems.push({ file: path, message: "cannot be read" });
      return;
    }
    tree.bytesRead += bytes.length;
    if (!isPeripheral) add(path, bytes);
    else if (search.holdsOne(bytes)) folders.add(folderOf(path));
    else kept.delete(path);
  };
  for (const path of paths) {
    if (headers !== null && isSharedHeader(path)) continue;
    if (++done % SLICE === 0) await pause();
    const isPeripheral = whole && !isCore(path);
    // A table outside the folders that are read in full stands in a .c file.
    if (isPeripheral && path.endsWith(".h")) continue;
    const bytes = bytesOf(path, isPeripheral);
    take(path, bytes instanceof Promise ? await bytes : bytes, isPeripheral);
  }
  if (folders.size > 0) {
    for (const path of paths) {
      const folder = folderOf(path);
      if (isCore(path) || !(folders.has(folder) || isBesideTable(folder, folders))) continue;
      const bytes = await bytesOf(path, false);
      if (bytes === null) continue;
      // The others have been counted when they were searched.
      if (path.endsWith(".h")) tree.bytesRead += bytes.length;
      add(path, bytes);
    }
  }
  await headers?.reach(async (path) => {
    if (++done % SLICE === 0) await pause();
    const bytes = bytesOf(path, false);
    take(path, bytes instanceof Promise ? await bytes : bytes, false);
  });
  throwIfCancelled(token);
  return tree;
}

const FIRST_BUFFER_BYTES = 8 << 20;

/** Most files fit. */
const ROOM_BYTES = 1 << 18;

/** Many files in few buffers, each twice as large as the one before: a buffer costs the collector more than its bytes do. */
class ByteShelf {
  #buffer: Uint8Array | null = null;
  #used = 0;

  /** Where a file is best read to: there it need not be copied to be kept. */
  room(): Uint8Array {
    if (!this.#holds(ROOM_BYTES)) this.#begin(new Uint8Array(this.#nextSize()));
    return this.#buffer!.subarray(this.#used);
  }

  keep(bytes: Uint8Array): Uint8Array {
    if (bytes.buffer === this.#buffer?.buffer && bytes.byteOffset === this.#used) {
      this.#used += bytes.length;
      return bytes;
    }
    if (bytes.length > FIRST_BUFFER_BYTES / 4) return bytes.slice();
    if (!this.#holds(bytes.length)) this.#begin(bufferLike(bytes, this.#nextSize()));
    const from = this.#used;
    this.#used += bytes.length;
    this.#buffer!.set(bytes, from);
    return this.#buffer!.subarray(from, this.#used);
  }

  #holds(length: number): boolean {
    return this.#buffer !== null && this.#used + length <= this.#buffer.length;
  }

  #nextSize(): number {
    return this.#buffer === null ? FIRST_BUFFER_BYTES : 2 * this.#buffer.length;
  }

  #begin(buffer: Uint8Array): void {
    this.#buffer = buffer;
    this.#used = 0;
  }
}

/** "6.12.0" from the Makefile at the root; "" when there is none. */
export async function kernelVersion(source: FileSource): Promise<string> {
  const bytes = await source.read("Makefile");
  if (bytes === null) return "";
  const text = new TextDecoder("utf-8").decode(bytes.subarray(0, 4096));
  const part = (name: string): string => new RegExp(`^${name}\\s*=\\s*(\\S*)`, "m").exec(text)?.[1] ?? "";
  const [version, patchlevel, sublevel] = ["VERSION", "PATCHLEVEL", "SUBLEVEL"].map(part);
  return version === "" ? "" : [version, patchlevel, sublevel].filter((each) => each !== "").join(".");
}

/** A turn of the event loop: cancels and messages get through. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
