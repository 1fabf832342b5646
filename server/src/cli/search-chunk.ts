/** Searches some files for a few words, in the thread that calls it. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { TreeProblem } from "../core/report/finding.ts";
import { holds, makeNeedle } from "../core/text/byte-search.ts";
import { TOO_LARGE } from "../index/survey-search.ts";
import { MAX_FILE_BYTES } from "../index/tree-scope.ts";

export interface SearchPart {
  readonly hits: string[];
  files: number;
  bytes: number;
  readonly problems: TreeProblem[];
}

export function emptyPart(): SearchPart {
  return { hits: [], files: 0, bytes: 0, problems: [] };
}

/** Room for the largest file that is read, and one byte more to know a larger one by. */
export function makeBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(MAX_FILE_BYTES + 1);
}

/** Adds to `part` those of the paths (relative to `root`) whose bytes hold one of the words, and what was read. */
export function searchChunk(
  root: string,
  paths: readonly string[],
  words: readonly string[],
  buffer: Buffer,
  part: SearchPart,
): void {
  const needles = words.map(makeNeedle);
  for (const path of paths) {
    const length = readInto(join(root, path), buffer);
    if (length < 0) part.problems.push({ file: path, message: "cannot be read" });
    else if (length > MAX_FILE_BYTES) part.problems.push({ file: path, message: TOO_LARGE });
    else {
      part.files++;
      part.bytes += length;
      const content = buffer.subarray(0, length);
      if (needles.some((needle) => holds(content, needle))) part.hits.push(path);
    }
  }
}

/** Bytes read, at most the buffer's size; -1 when the file cannot be read. */
function readInto(path: string, buffer: Buffer): number {
  let descriptor = -1;
  try {
    descriptor = openSync(path, "r");
    return readSync(descriptor, buffer, 0, buffer.length, null);
  } catch {
    return -1;
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}
