/**
 * Reviews on disk. A review is made from the analyser, what was asked for, the listing of the tree, and the files that were
 * read; when all of these are as they were, so is the review, and nothing is read but the files' stamps.
 *
 * Files are told by size, times of modification and of change, and inode number. Nothing is kept when one of them changed
 * less than two seconds before the review began, or since: a second change could bear the same time (git's index calls
 * such an entry racy).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Review } from "../core/report/finding.ts";
import { type CancellationToken, Cancelled, throwIfCancelled } from "../core/text/cancellation.ts";
import type { FileListing, FileSource, ListOptions } from "../index/file-source.ts";
import { nextTurn } from "../index/load-tree.ts";
import type { RecordedSource } from "../index/recorded-source.ts";
import { grammarPath } from "./assets.ts";
import { type DiskShards, openShards } from "./disk-shards.ts";

/** What a review is asked for, beside the tree: plain data. */
export interface ReviewQuestion extends Omit<ListOptions, "onFile"> {
  readonly rules?: readonly string[];
  readonly filesystems?: readonly string[];
  readonly simulate?: unknown;
}

/** Changes with the format of what is kept. */
const FORMAT = 1;
const MAX_BYTES = 128 << 20;
/** File systems with the coarsest times (FAT) have two seconds. */
const RACY_MS = 2000;

/** Stamps between two turns of the event loop. */
const SLICE = 4096;

/** In front of the review: what was read. */
interface Inputs {
  /** One bit for each listed file, in the listing's order: it was read. */
  readonly listed: string;
  /** Paths beyond the listing, with whether there was such a file. */
  readonly others: readonly (readonly [string, boolean])[];
  /** Hash of the stamps of all of them, in this order. */
  readonly stamps: string;
}

export class ReviewCache {
  readonly #shards: DiskShards;
  readonly #analyser: string;
  readonly #racy: number;

  /** `analyser` tells builds of the program apart: another one may find other things. `racy`: milliseconds. */
  constructor(shards: DiskShards, analyser: string, racy = RACY_MS) {
    this.#shards = shards;
    this.#analyser = analyser;
    this.#racy = racy;
  }

  /** The review that a session on `source` would give; null when it is not known. Throws Cancelled. */
  async find(source: FileSource, question: ReviewQuestion, token: CancellationToken): Promise<Review | null> {
    if (source.stampSync === undefined) return null;
    const listing = await source.list(question, token);
    const kept = this.#shards.get(this.#keyOf(source, question, listing));
    if (kept === null) return null;
    try {
      const end = kept.indexOf(10);
      const inputs = JSON.parse(textOf(kept.subarray(0, end))) as Inputs;
      const reads = readsOf(inputs, listing);
      if ((await stampsOf(source, reads, Number.POSITIVE_INFINITY, token)) !== inputs.stamps) return null;
      const review = JSON.parse(textOf(kept.subarray(end + 1))) as Review;
      return {
        ...review,
        tree: { ...review.tree, root: source.root },
        stats: { ...review.stats, cache: "warm" },
      };
    } catch (error) {
      if (error instanceof Cancelled) throw error;
      return null;
    }
  }

  /** Keeps a review that was made from `source` and began at `started` (milliseconds since the epoch). Throws Cancelled. */
  async keep(
    source: RecordedSource,
    question: ReviewQuestion,
    review: Review,
    started: number,
    token: CancellationToken,
  ): Promise<void> {
    const { reads } = source;
    if (reads === null || source.stampSync === undefined) return;
    const listing = await source.list(question, token);
    const { listed, others } = inputsOf(reads, listing);
    const ordered = readsOf({ listed, others }, listing);
    const stamps = await stampsOf(source, ordered, started - this.#racy, token);
    if (stamps === null) return;
    const inputs: Inputs = { listed, others, stamps };
    const text = `${JSON.stringify(inputs)}\n${JSON.stringify(review)}`;
    this.#shards.put(this.#keyOf(source, question, listing), Buffer.from(text, "utf8"));
  }

  #keyOf(source: FileSource, question: ReviewQuestion, listing: FileListing): string {
    const { exclude, maxFiles, rules, filesystems, simulate } = question;
    const asked = [FORMAT, this.#analyser, resolve(source.root), exclude, maxFiles, rules, filesystems, simulate];
    return JSON.stringify([asked, listing.truncated, listing.problems, pathsHash(listing)]);
  }
}

/** Removes what was kept of all trees in this folder. */
export function clearReviews(folder: string): void {
  openShards(folder, { maxBytes: MAX_BYTES, log: () => {} }).clear();
}

/** The cache of this program in a folder; null where it runs from its sources, which nothing tells apart. */
export function openReviewCache(folder: string, log: (line: string) => void): ReviewCache | null {
  const analyser = programHash();
  return analyser === null ? null : new ReviewCache(openShards(folder, { maxBytes: MAX_BYTES, log }), analyser);
}

/** Tells builds of the program apart; null where it runs from its sources. */
export function programHash(): string | null {
  const program = fileURLToPath(import.meta.url);
  if (!program.endsWith(".js")) return null;
  const build = readFileSync(join(dirname(program), "build-id"));
  return hashOf(build, readFileSync(grammarPath()), process.env.EVICTSCOPE_PARSER ?? "");
}

/** The folder for those who have none of their own. */
export function reviewFolder(): string {
  const { XDG_CACHE_HOME: base } = process.env;
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "evictscope", "reviews");
}

const PATHS = new WeakMap<FileListing, string>();

function pathsHash(listing: FileListing): string {
  let hash = PATHS.get(listing);
  if (hash === undefined) {
    hash = hashOf(listing.files.map(({ path }) => path).join("\n"));
    PATHS.set(listing, hash);
  }
  return hash;
}

function inputsOf(reads: ReadonlyMap<string, boolean>, { files }: FileListing): Omit<Inputs, "stamps"> {
  const bits = new Uint8Array(Math.ceil(files.length / 8));
  const found = new Set<string>();
  files.forEach(({ path }, i) => {
    if (reads.get(path) !== true) return;
    found.add(path);
    bits[i >> 3]! |= 1 << (i & 7);
  });
  const others = [...reads].filter(([path]) => !found.has(path));
  return { listed: Buffer.from(bits).toString("base64"), others };
}

function readsOf({ listed, others }: Omit<Inputs, "stamps">, { files }: FileListing): [string, boolean][] {
  const bits = Buffer.from(listed, "base64");
  const reads: [string, boolean][] = [];
  files.forEach(({ path }, i) => {
    if (((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0) reads.push([path, true]);
  });
  for (const [path, isThere] of others) reads.push([path, isThere]);
  return reads;
}

/** Hash of the files' stamps; null when one came, went, or changed later than `latest`. */
async function stampsOf(
  source: FileSource,
  reads: readonly (readonly [string, boolean])[],
  latest: number,
  token: CancellationToken,
): Promise<string | null> {
  const stamps = new Float64Array(reads.length * 4);
  for (const [i, [path, isThere]] of reads.entries()) {
    if (i % SLICE === SLICE - 1) {
      await nextTurn();
      throwIfCancelled(token);
    }
    const stamp = source.stampSync!(path);
    if ((stamp !== null) !== isThere) return null;
    if (stamp === null) continue;
    const { size, modified, changed, inode } = stamp;
    if (Math.max(modified, changed) > latest) return null;
    stamps.set([size, modified, changed, inode], i * 4);
  }
  return hashOf(new Uint8Array(stamps.buffer));
}

function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}
