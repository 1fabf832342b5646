/** A review from the disk is the one that a new session gives; anything that could change it makes it unknown. */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixtureFolder } from "../../../test/support/fixture.ts";
import { describeWith, pathOf } from "../../../test/support/requirements.ts";
import type { Review } from "../core/report/finding.ts";
import { NEVER_CANCELLED } from "../core/text/cancellation.ts";
import { honourIgnoreFiles } from "../index/ignoring-source.ts";
import { recordReads } from "../index/recorded-source.ts";
import { DEFAULT_EXCLUDE, DEFAULT_MAX_FILES } from "../index/tree-scope.ts";
import { createTreeSession } from "../index/tree-session.ts";
import { createParser } from "./create-parser.ts";
import { openShards } from "./disk-shards.ts";
import { createFolderSource } from "./folder-source.ts";
import { ReviewCache, type ReviewQuestion } from "./review-cache.ts";

const QUESTION: ReviewQuestion = { exclude: DEFAULT_EXCLUDE, maxFiles: DEFAULT_MAX_FILES };
/** The tree was made a moment ago. */
const AT_ONCE = Number.NEGATIVE_INFINITY;

let folder: string;
let tree: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evictscope-reviews-"));
  tree = join(folder, "tree");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function copySample(name: "sample" | "sample-2026" = "sample"): void {
  cpSync(fixtureFolder(name), tree, { recursive: true });
}

function open(analyser = "this build", racy?: number): ReviewCache {
  return new ReviewCache(openShards(join(folder, "cache"), { maxBytes: 1 << 26, log: () => {} }), analyser, racy);
}

const sourceOf = (root: string) => recordReads(honourIgnoreFiles(createFolderSource(root)));

/** Reviews and keeps. */
async function keep(root: string, question = QUESTION, racy = AT_ONCE): Promise<Review> {
  const source = sourceOf(root);
  const options = { ...question, edits: false } as object;
  const started = Date.now();
  const session = createTreeSession({ files: source, parser: createParser, options });
  const { review } = await session.review(NEVER_CANCELLED);
  await open("this build", racy).keep(source, question, review, started, NEVER_CANCELLED);
  return review;
}

const find = (root: string, question = QUESTION, cache = open()): Promise<Review | null> =>
  cache.find(sourceOf(root), question, NEVER_CANCELLED);

/** As the command line prints it, but for what is measured. */
function printed({ stats, ...review }: Review): string {
  const { elapsedMs: _, peakRssBytes: __, cache: ___, ...counts } = stats;
  return JSON.stringify({ ...review, counts });
}

test.each(["sample", "sample-2026"] as const)("%s: warm is as cold, byte for byte", async (name) => {
  copySample(name);
  expect(await find(tree)).toBeNull();
  const cold = await keep(tree);
  const warm = await find(tree);
  expect(warm?.stats.cache).toBe("warm");
  expect(printed(warm!)).toBe(printed(cold));
  expect(cold.findings.length).toBeGreaterThan(0);
});

const INODE = "fs/dirtfs/inode.c";

/** Changes after which the review may be another. */
const CHANGES: Readonly<Record<string, () => void>> = {
  "another text": () => {
    const path = join(tree, INODE);
    writeFileSync(path, readFileSync(path, "utf8").replace("mark_buffer_dirty", "nark_buffer_dirty"));
  },
  "another text of the same length, its time set back": () => {
    const path = join(tree, INODE);
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path, "utf8").replace("mark_buffer_dirty", "nark_buffer_dirty"));
    utimesSync(path, atime, mtime);
  },
  "another file under its name": () => {
    cpSync(join(tree, INODE), join(tree, "copy"), { preserveTimestamps: true });
    renameSync(join(tree, "copy"), join(tree, INODE));
  },
  "a new file": () => writeFileSync(join(tree, "fs/dirtfs/more.c"), "int more;\n"),
  "a file that is gone": () => rmSync(join(tree, INODE)),
  "knowledge of the user's": () => writeFileSync(join(tree, "evictscope.json"), "{}"),
  "another version in the Makefile": () => writeFileSync(join(tree, "Makefile"), "VERSION = 7\n"),
};

test.each(Object.keys(CHANGES))("is unknown after %s", async (name) => {
  copySample();
  await keep(tree);
  expect(await find(tree)).not.toBeNull();
  CHANGES[name]!();
  expect(await find(tree)).toBeNull();
});

test("is unknown to another build, for another question, and elsewhere", async () => {
  copySample();
  await keep(tree);
  expect(await find(tree, QUESTION, open("another build"))).toBeNull();
  expect(await find(tree, { ...QUESTION, rules: ["dirty-under-memalloc"] })).toBeNull();
  expect(await find(tree, { ...QUESTION, filesystems: ["fs/dirtfs"] })).toBeNull();
  expect(await find(tree, { ...QUESTION, maxFiles: 3 })).toBeNull();
  const elsewhere = join(folder, "elsewhere");
  cpSync(tree, elsewhere, { recursive: true, preserveTimestamps: true });
  expect(await find(elsewhere)).toBeNull();
  expect(await find(tree)).not.toBeNull();
});

test("nothing is kept of files that changed just now", async () => {
  copySample();
  await keep(tree, QUESTION, 60_000);
  expect(await find(tree)).toBeNull();
});

test("what is no review is none", async () => {
  copySample();
  await keep(tree);
  const shards = openShards(join(folder, "cache"), { maxBytes: 1 << 26, log: () => {} });
  let asked = 0;
  const get = (): Uint8Array => {
    asked++;
    return new TextEncoder().encode("no review");
  };
  expect(await find(tree, QUESTION, new ReviewCache({ ...shards, get }, "this build"))).toBeNull();
  expect(asked).toBe(1);
});

describeWith(["kernel-6.12"], "Linux 6.12", () => {
  test("warm is as cold, byte for byte", { timeout: 300_000 }, async () => {
    const cold = await keep(pathOf("kernel-6.12"));
    expect(printed((await find(pathOf("kernel-6.12")))!)).toBe(printed(cold));
  });
});
