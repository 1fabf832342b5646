/** A tree read through the client, where the server can't: in a browser, and in virtual workspaces. */
import type { Connection } from "vscode-languageserver";
import { throwIfCancelled } from "../core/text/cancellation.ts";
import type { FileSource } from "../index/file-source.ts";
import { honourIgnoreFiles } from "../index/ignoring-source.ts";
import { layOver } from "../index/layered-source.ts";
import {
  FILES_EXIST_REQUEST,
  FILES_LIST_REQUEST,
  FILES_READ_REQUEST,
  type FilesExistResult,
  type FilesListResult,
  type FilesReadResult,
} from "../protocol/messages.ts";
import { readTreeAddress } from "../protocol/tree-address.ts";

/** Which of these URIs exist; none when the client does not answer. */
export async function existThroughClient(connection: Connection, uris: readonly string[]): Promise<Set<string>> {
  try {
    const result = await connection.sendRequest<FilesExistResult>(FILES_EXIST_REQUEST, { uris });
    return new Set(result.uris);
  } catch {
    return new Set();
  }
}

/** Files asked for in one request: a round trip costs more than reading, a message of many MB blocks. */
const BATCH = 64;

/** Which filesystems of that tree are reviewed: all, or those of the folder that is laid over the kernel's. */
export function scopeOf(root: string): { readonly filesystems?: readonly string[] } {
  const { kernel, mount } = readTreeAddress(root);
  return kernel === null ? {} : { filesystems: [mount] };
}

/** The tree at an address: a folder, or a filesystem outside of a tree laid over the kernel's. */
export function createClientTree(connection: Connection, root: string, respectGitignore: boolean): FileSource {
  const { folder, kernel, mount } = readTreeAddress(root);
  const sourceOf = (uri: string): FileSource => {
    const source = createClientFiles(connection, uri);
    return respectGitignore ? honourIgnoreFiles(source) : source;
  };
  return kernel === null ? sourceOf(folder) : layOver(sourceOf(folder), sourceOf(kernel), mount);
}

function createClientFiles(connection: Connection, root: string): FileSource {
  let queue: { readonly path: string; readonly resolve: (bytes: Uint8Array | null) => void }[] = [];
  let scheduled = false;

  const flush = async (): Promise<void> => {
    scheduled = false;
    const waiting = queue;
    queue = [];
    for (let from = 0; from < waiting.length; from += BATCH) {
      const batch = waiting.slice(from, from + BATCH);
      const contents = await readBatch(
        connection,
        root,
        batch.map((entry) => entry.path),
      );
      batch.forEach((entry, i) => void entry.resolve(contents[i] ?? null));
    }
  };

  return {
    root,
    async list(options, token) {
      throwIfCancelled(token);
      const params = { root, exclude: options.exclude, maxFiles: options.maxFiles };
      const listing = await connection.sendRequest<FilesListResult>(FILES_LIST_REQUEST, params);
      throwIfCancelled(token);
      return listing;
    },
    // Reads that are asked for in the same turn go out together.
    read: (path) =>
      new Promise((resolve) => {
        queue.push({ path, resolve });
        if (scheduled) return;
        scheduled = true;
        setTimeout(() => void flush(), 0);
      }),
  };
}

async function readBatch(
  connection: Connection,
  root: string,
  paths: readonly string[],
): Promise<readonly (Uint8Array | null)[]> {
  try {
    const result = await connection.sendRequest<FilesReadResult>(FILES_READ_REQUEST, { root, paths });
    return result.contents.map((content) => (typeof content === "string" ? decodeBase64(content) : content));
  } catch {
    return paths.map(() => null);
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Portable code has no Buffer; only a virtual workspace on the desktop comes here. */
function decodeBase64(text: string): Uint8Array {
  const clean = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((clean.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of clean) {
    bits = (bits << 6) | ALPHABET.indexOf(character);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 0xff;
    }
  }
  return bytes;
}
