/**
 * Searches tens of thousands of files for a few words: two threads where there are two processors, one buffer for each
 * thread instead of one for each file, and no call to ask for a file's size. Threads take batches from one counter.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { TreeProblem } from "../core/report/finding.ts";
import { throwIfCancelled } from "../core/text/cancellation.ts";
import { type SearchAnswer, type SearchFiles, TOO_LARGE } from "../index/survey-search.ts";
import { MAX_FILE_BYTES } from "../index/tree-scope.ts";
import { nextTurn } from "./interrupt.ts";

/** Files taken at once; batches between two turns of the event loop. */
const BATCH = 64;
const BATCHES_PER_TURN = 8;
/** Fewer files are not worth a second thread. */
const MIN_FILES_FOR_THREAD = 2_000;

/** What a searching thread is given. */
export interface SearchShare {
  readonly root: string;
  readonly paths: readonly string[];
  readonly words: readonly string[];
  /** Index of the next file that nobody has taken. */
  readonly next: Int32Array;
}

/** What it answers: indexes into `paths`. */
export interface SearchPart {
  readonly hits: number[];
  files: number;
  bytes: number;
  readonly problems: TreeProblem[];
}

export interface FolderSearch {
  readonly search: SearchFiles;
  readonly close: () => void;
}

/** `script` is the bundle of this program, which a thread runs; null: one thread. */
export function createFolderSearch(root: string, script: URL | null): FolderSearch {
  // Started at once: it is ready when the files are listed.
  const worker = script !== null && availableParallelism() > 1 ? new Worker(script) : null;
  worker?.unref();
  const buffer = makeBuffer();
  return {
    close: () => void worker?.terminate(),
    async search(paths, words, token) {
      const share: SearchShare = { root, paths, words, next: new Int32Array(new SharedArrayBuffer(4)) };
      const other = worker !== null && paths.length >= MIN_FILES_FOR_THREAD ? askWorker(worker, share) : null;
      const own: SearchPart = emptyPart();
      try {
        for (let turn = 1; searchBatch(share, buffer, own); turn++) {
          if (turn % BATCHES_PER_TURN !== 0) continue;
          await nextTurn();
          throwIfCancelled(token);
        }
      } finally {
        // Cancelled: nothing is left to take.
        Atomics.store(share.next, 0, paths.length);
      }
      return merge(paths, other === null ? [own] : [own, await other]);
    },
  };
}

export function makeBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(MAX_FILE_BYTES + 1);
}

export function emptyPart(): SearchPart {
  return { hits: [], files: 0, bytes: 0, problems: [] };
}

/** Takes the next batch and searches it. False when there was none. */
export function searchBatch({ root, paths, words, next }: SearchShare, buffer: Buffer, part: SearchPart): boolean {
  const from = Atomics.add(next, 0, BATCH);
  if (from >= paths.length) return false;
  const needles = words.map(makeNeedle);
  for (let i = from; i < Math.min(from + BATCH, paths.length); i++) {
    const length = readInto(join(root, paths[i]!), buffer);
    if (length < 0) part.problems.push({ file: paths[i]!, message: "cannot be read" });
    else if (length > MAX_FILE_BYTES) part.problems.push({ file: paths[i]!, message: TOO_LARGE });
    else {
      part.files++;
      part.bytes += length;
      const content = buffer.subarray(0, length);
      if (needles.some((needle) => holds(content, needle))) part.hits.push(i);
    }
  }
  return true;
}

interface Needle {
  readonly word: Buffer;
  /** A piece of the word that is looked for first, and where it stands in the word. */
  readonly probe: Buffer;
  readonly offset: number;
}

/**
 * Up to this length Node looks for a needle by memchr() of its first byte, which is by far the quickest where that byte
 * is rare; longer needles go byte by byte through a table of shifts.
 */
const PROBE_LENGTH = 7;
/** Letters of C sources, the rarest first. */
const RARE_FIRST = "zqjxkvwybhgmup";

function makeNeedle(text: string): Needle {
  const word = Buffer.from(text, "latin1");
  const rank = (at: number): number => {
    const index = RARE_FIRST.indexOf(text[at]!);
    return index < 0 ? RARE_FIRST.length : index;
  };
  let offset = 0;
  for (let at = 1; at + PROBE_LENGTH <= text.length; at++) if (rank(at) < rank(offset)) offset = at;
  return { word, probe: word.subarray(offset, offset + PROBE_LENGTH), offset };
}

function holds(content: Buffer, { word, probe, offset }: Needle): boolean {
  const at = content.indexOf(probe);
  return at >= 0 && content.includes(word, Math.max(0, at - offset));
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

function askWorker(worker: Worker, share: SearchShare): Promise<SearchPart> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage(share);
  });
}

function merge(paths: readonly string[], parts: readonly SearchPart[]): SearchAnswer {
  const sum = (pick: (part: SearchPart) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  const hits = parts.flatMap((part) => part.hits).sort((a, b) => a - b);
  return {
    hits: hits.map((index) => paths[index]!),
    files: sum((part) => part.files),
    bytes: sum((part) => part.bytes),
    problems: parts.flatMap((part) => part.problems).sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0)),
  };
}
