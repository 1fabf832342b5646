/**
 * Bytes kept in a folder under keys, one file each. A file is there whole or not at all: it is written under another name
 * and renamed, and its bytes' hash stands in front of them. What is damaged is removed and made anew by whoever asks.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface DiskShards {
  /** Null when there is nothing under the key, or nothing that can be used. Never throws. */
  get(key: string): Uint8Array | null;
  /** False when it could not be written; one line says why. Never throws. */
  put(key: string, bytes: Uint8Array): boolean;
  /** Removes everything. Never throws. */
  clear(): void;
}

export interface DiskShardsOptions {
  /** Beyond this, those that were used longest ago are removed. */
  readonly maxBytes: number;
  readonly log: (line: string) => void;
}

const SUFFIX = ".shard";
const TEMPORARY = ".tmp";
const MAGIC = Buffer.from("EVSHARD1", "latin1");
/** Of what is left, before others who put something here are counted again. */
const SHARE = 1 / 4;
const HASH_BYTES = 32;
const HEADER_BYTES = MAGIC.length + HASH_BYTES;
/** A temporary file that is older belongs to a run that was killed. */
const TEMPORARY_LIFETIME_MS = 3_600_000;

/** The folder is made when something is first put. */
export function openShards(folder: string, { maxBytes, log }: DiskShardsOptions): DiskShards {
  const pathOf = (key: string): string =>
    join(folder, createHash("sha256").update(key).digest("hex").slice(0, 40) + SUFFIX);
  /** Bytes that may be put before the folder is looked at again. */
  let room = 0;
  return {
    get(key) {
      const path = pathOf(key);
      let file: Buffer;
      try {
        file = readFileSync(path);
      } catch {
        return null;
      }
      const bytes = contentOf(file);
      try {
        if (bytes === null) {
          log(`cache: ${path} is damaged, removed`);
          remove(path);
        } else {
          const now = new Date();
          utimesSync(path, now, now);
        }
      } catch {
        // A folder that can only be read still serves.
      }
      return bytes;
    },
    put(key, bytes) {
      const temporary = join(folder, `${randomBytes(8).toString("hex")}${TEMPORARY}`);
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(temporary, Buffer.concat([MAGIC, hashOf(bytes), bytes]), { mode: 0o600 });
        renameSync(temporary, pathOf(key));
      } catch (error) {
        log(`cache: not written: ${(error as Error).message}`);
        remove(temporary);
        return false;
      }
      room -= HEADER_BYTES + bytes.length;
      if (room < 0) room = removeOldest(folder, maxBytes) * SHARE;
      return true;
    },
    clear() {
      for (const { path } of filesOf(folder)) remove(path);
    },
  };
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It cannot be used and cannot be removed: the next one who comes here says so again.
  }
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** The bytes behind the header; null when they are not what was put. */
function contentOf(file: Buffer): Uint8Array | null {
  const bytes = file.subarray(HEADER_BYTES);
  const isWhole =
    file.length >= HEADER_BYTES &&
    file.subarray(0, MAGIC.length).equals(MAGIC) &&
    file.subarray(MAGIC.length, HEADER_BYTES).equals(hashOf(bytes));
  return isWhole ? bytes : null;
}

interface ShardFile {
  readonly path: string;
  readonly size: number;
  readonly used: number;
}

/** What stands in the folder and is ours. */
function filesOf(folder: string): ShardFile[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX) || name.endsWith(TEMPORARY))
      .flatMap((name) => {
        const path = join(folder, name);
        const status = statSync(path, { throwIfNoEntry: false });
        return status === undefined ? [] : [{ path, size: status.size, used: status.mtimeMs }];
      });
  } catch {
    return [];
  }
}

/** Returns the bytes that are left. */
function removeOldest(folder: string, maxBytes: number): number {
  const files = filesOf(folder).sort((a, b) => b.used - a.used);
  let kept = 0;
  for (const { path, size, used } of files) {
    const isTemporary = path.endsWith(TEMPORARY);
    if (!isTemporary) kept += size;
    if (isTemporary ? Date.now() - used > TEMPORARY_LIFETIME_MS : kept > maxBytes) remove(path);
  }
  return Math.max(0, maxBytes - kept);
}
