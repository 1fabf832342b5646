/** After any edits a session says what a new one says of the same text. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Review } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import { createMemorySource } from "../../server/src/index/memory-source.ts";
import { MANY_HEADERS } from "../../server/src/index/tree-scope.ts";
import { createFolderSource } from "../../server/src/node/folder-source.ts";
import { describeWith, pathOf, repositoryRoot } from "../support/requirements.ts";
import { reviewNow, reviewOf, sessionOf } from "../support/review.ts";
import { randomEdit, randomOf } from "./random-edits.ts";

/** Without the figures of the work that was done. */
function comparable({ stats, ...review }: Review): unknown {
  const { elapsedMs: _, peakRssBytes: __, functionsParsed: ___, functionsWithParseErrors: ____, ...counts } = stats;
  return { ...review, tree: null, counts };
}

async function textsOf(folder: string, wanted: (path: string) => boolean = () => true): Promise<Map<string, string>> {
  const source = createFolderSource(folder);
  const { files } = await source.list({ exclude: [], maxFiles: 100_000 }, NEVER_CANCELLED);
  return new Map(
    files
      .map(({ path }) => path)
      .filter(wanted)
      .map((path) => [path, readFileSync(join(folder, path), "latin1")]),
  );
}

/** Edits one session `count` times and compares it every `every` edits with a new one. */
async function follow(
  original: ReadonlyMap<string, string>,
  paths: readonly string[],
  seed: number,
  count: number,
  every: number,
): Promise<void> {
  const random = randomOf(seed);
  const disk = new Map(original);
  const files = new Map(original);
  const session = sessionOf(disk);
  await reviewNow(session);
  const done: string[] = [];
  for (let i = 0; i < count; i++) {
    const edit = randomEdit(files, original, paths, random);
    done.push(edit.what);
    files.set(edit.path, edit.text);
    if (random() < 0.5) session.setDocument(edit.path, edit.text);
    else {
      // Saved by another program: the document, if it is open, has the same text.
      disk.set(edit.path, edit.text);
      session.setDocument(edit.path, null);
      session.filesChanged([edit.path]);
    }
    const now = await reviewNow(session);
    if ((i + 1) % every !== 0) continue;
    const fresh = await reviewOf(new Map(files));
    expect(comparable(now), `seed ${seed} after ${done.join("; ")}`).toEqual(comparable(fresh));
  }
}

for (const tree of ["sample", "sample-2026"])
  test.each([1, 2, 3, 4])(`${tree}: incremental is as new, seed %i`, { timeout: 300_000 }, async (seed) => {
    const original = await textsOf(join(repositoryRoot, "test/fixtures", tree));
    await follow(original, [...original.keys()], seed, 24, 3);
  });

test("a file that comes, goes and comes back", { timeout: 120_000 }, async () => {
  const disk = await textsOf(join(repositoryRoot, "test/fixtures/sample"));
  const session = sessionOf(disk);
  const first = await reviewNow(session);
  const path = "fs/dirtfs/inode.c";
  const text = disk.get(path)!;
  disk.delete(path);
  session.filesChanged([path]);
  expect(comparable(await reviewNow(session))).toEqual(comparable(await reviewOf(new Map(disk))));
  disk.set("fs/dirtfs/moved.c", text);
  session.filesChanged(["fs/dirtfs/moved.c"]);
  expect(comparable(await reviewNow(session))).toEqual(comparable(await reviewOf(new Map(disk))));
  disk.delete("fs/dirtfs/moved.c");
  disk.set(path, text);
  session.filesChanged(["fs/dirtfs/moved.c", path]);
  expect(comparable(await reviewNow(session))).toEqual(comparable(first));
});

test("a new folder below a table outside of fs/ is read", async () => {
  const disk = await textsOf(join(repositoryRoot, "test/fixtures/sample"));
  disk.set(
    "security/guard/guardfs.c",
    `#include <linux/fs.h>
#include "include/label.h"

static void guard_evict_inode(struct inode *inode)
{
	clear_inode(inode);
	guard_put_label(inode->i_private);
}

static const struct super_operations guard_ops = {
	.evict_inode = guard_evict_inode,
};
`,
  );
  const session = sessionOf(disk);
  const found = (review: Review): number =>
    review.findings.filter(({ rule, table }) => rule === "deferred-work" && table === "guard_ops").length;
  expect(found(await reviewNow(session))).toBe(0);
  const path = "security/guard/include/label.h";
  disk.set(path, "static inline void guard_put_label(void *label)\n{\n\tschedule_work(label);\n}\n");
  session.filesChanged([path]);
  const after = await reviewNow(session);
  expect(found(after)).toBe(1);
  expect(comparable(after)).toEqual(comparable(await reviewOf(new Map(disk))));
});

test("a shared header counts as long as something that is read includes it", { timeout: 120_000 }, async () => {
  const disk = await textsOf(join(repositoryRoot, "test/fixtures/sample"));
  const path = "fs/labelfs.c";
  const source = (include: string): string => `#include <linux/fs.h>
${include}
static void labelfs_evict_inode(struct inode *inode)
{
	clear_inode(inode);
	put_label(inode->i_private);
}

static const struct super_operations labelfs_ops = {
	.evict_inode = labelfs_evict_inode,
};
`;
  const including = source("#include <linux/label/all.h>");
  const label = "static inline void put_label(void *label)\n{\n\tschedule_work(label);\n}\n";
  disk.set(path, source(""));
  disk.set("include/linux/label/all.h", '#include "label.h"\n');
  disk.set("include/uapi/linux/label.h", "#define LABEL_MAX 3\n");
  disk.set("include/linux/label/label.h", label);
  // An excerpt of a kernel has all its headers read.
  for (let i = 0; i < MANY_HEADERS; i++) disk.set(`include/linux/driver${i}.h`, "");
  const session = sessionOf(disk);
  const documents = new Map<string, string>();
  const expectFound = async (count: number, what: string): Promise<void> => {
    const now = await reviewNow(session);
    const found = now.findings.filter(({ rule, table }) => rule === "deferred-work" && table === "labelfs_ops");
    expect(found, what).toHaveLength(count);
    const fresh = await reviewOf(new Map([...disk, ...documents]));
    expect(comparable(now), what).toEqual(comparable(fresh));
  };
  const write = (file: string, text: string | null): void => {
    if (text === null) disk.delete(file);
    else disk.set(file, text);
    session.filesChanged([file]);
  };
  const type = (file: string, text: string | null): void => {
    if (text === null) documents.delete(file);
    else documents.set(file, text);
    session.setDocument(file, text);
  };
  await expectFound(0, "included by nothing");
  type(path, including);
  await expectFound(1, "by way of another header, in a document");
  type(path, source(""));
  await expectFound(0, "no more");
  write("include/linux/label/label.h", null);
  type(path, including);
  await expectFound(0, "included, but gone");
  write("include/linux/label/label.h", label);
  await expectFound(1, "and back");
  write("include/linux/label/all.h", "");
  await expectFound(0, "the header between includes nothing");
  type("include/linux/label/label.h", `${label}/* typed */\n`);
  write("include/linux/label/all.h", "#include <linux/label/label.h>\n#include <uapi/linux/label.h>\n");
  await expectFound(1, "as a document that was opened before it was included");
  type("include/linux/label/label.h", "");
  await expectFound(0, "emptied while it is typed");
  type("include/linux/label/label.h", null);
  await expectFound(1, "closed without being saved");
  type(path, null);
  await expectFound(0, "as it is on disk");
});

test("where headers are few, all count", async () => {
  const disk = await textsOf(join(repositoryRoot, "test/fixtures/sample"));
  disk.set("include/linux/label.h", "static inline void put_label(void *label)\n{\n\tschedule_work(label);\n}\n");
  const name = "fs/dirtfs/inode.c";
  disk.set(name, disk.get(name)!.replace("\tclear_inode(inode);", "\tclear_inode(inode);\n\tput_label(inode);"));
  const { findings } = await reviewOf(new Map(disk));
  expect(findings.filter(({ rule, file }) => rule === "deferred-work" && file === name)).toHaveLength(1);
});

test("an edit under which nothing that was found changes gives the same findings, object by object", async () => {
  const disk = await textsOf(join(repositoryRoot, "test/fixtures/sample"));
  const session = sessionOf(createMemoryTree(disk));
  const before = await reviewNow(session);
  session.setDocument("fs/plainfs/inode.c", `${disk.get("fs/plainfs/inode.c")}\n/* nothing */\n`);
  const after = await reviewNow(session);
  expect(after).not.toBe(before);
  after.findings.forEach((finding, i) => {
    expect(finding).toBe(before.findings[i]);
  });
});

function createMemoryTree(files: ReadonlyMap<string, string>): Map<string, string> {
  expect(createMemorySource(files).root).toBe("memory");
  return new Map(files);
}

describeWith(["kernel-6.12"], "fs/ext4 of Linux 6.12 with the core of fs/", () => {
  test.each([11, 12, 113])("incremental is as new, seed %i", { timeout: 900_000 }, async (seed) => {
    const original = await textsOf(pathOf("kernel-6.12"), (path) =>
      /^(fs\/(ext4|jbd2)\/|fs\/[^/]+$|mm\/(vmscan|shrinker|filemap|truncate)\.c$|include\/linux\/(fs|buffer_head|jbd2|gfp|gfp_types|sched|pagemap)\.h$)/.test(
        path,
      ),
    );
    const paths = [
      "fs/ext4/inode.c",
      "fs/ext4/super.c",
      "fs/ext4/ext4.h",
      "include/linux/buffer_head.h",
      "fs/ext4/ialloc.c",
      "fs/inode.c",
      "fs/jbd2/transaction.c",
    ];
    await follow(original, paths, seed, 30, 10);
  });
});
