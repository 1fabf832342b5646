/**
 * Where the bytes of a tree come from: a folder (Node), an editor's virtual file system (web), or memory (tests).
 * Paths are relative to the tree's root and use `/`.
 */
import type { CancellationToken } from "../core/text/cancellation.ts";

export interface FileEntry {
  readonly path: string;
  readonly size: number;
  /** Milliseconds since the epoch; 0 when unknown. With `size` it tells whether a file has changed. */
  readonly modified: number;
}

export interface FileProblem {
  readonly file: string;
  readonly message: string;
}

export interface FileListing {
  readonly files: readonly FileEntry[];
  readonly problems: readonly FileProblem[];
  /** True when the file limit was met and the rest of the tree was not listed. */
  readonly truncated: boolean;
  /** Paths of the .gitignore files that were met, from a source that sees them anyway. */
  readonly ignoreFiles?: readonly string[];
}

export interface ListOptions {
  /** Folders (prefixes relative to the root) that are not entered: build outputs, Documentation/, tools/, samples/. */
  readonly exclude: readonly string[];
  /** Enumeration stops here: a hard cap, not a filter afterwards. */
  readonly maxFiles: number;
  /** Told of each file as it is found, where the source can: work on it may begin before the listing is complete. */
  readonly onFile?: (path: string) => void;
}

/** Tells whether a file is still what it was when it was read. */
export interface FileStamp {
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** Milliseconds since the epoch: the last change of content or attributes, which no program can set back. */
  readonly changed: number;
  readonly inode: number;
}

export interface FileSource {
  /** The root as the user wrote it, for messages. */
  readonly root: string;
  list(options: ListOptions, token: CancellationToken): Promise<FileListing>;
  /** Files have come or gone: what was kept of a listing is out of date. */
  readonly forgetListing?: () => void;
  /** The file's bytes, or null when it is gone or can't be read. Never throws. */
  read(path: string): Promise<Uint8Array | null>;
  /** As `read`, without a turn of the event loop, where the source can (a folder, memory). */
  readonly readSync?: (path: string) => Uint8Array | null;
  /**
   * As `readSync`, into `room` where the file fits: for those who look at each file once. null: into one buffer that the next
   * call writes over.
   */
  readonly peekSync?: (path: string, room: Uint8Array | null) => Uint8Array | null;
  /** Without reading the file; null when `read` would give null for want of it. Where the source can. */
  readonly stampSync?: (path: string) => FileStamp | null;
}
