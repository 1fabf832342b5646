import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NEVER_CANCELLED } from "../core/text/cancellation.ts";
import { createFolderSource, explainUnreadableRoot } from "./folder-source.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evictscope-folder-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text = "int a;\n"): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}
const ALL = { exclude: [], maxFiles: 1000 };

test("lists C files and headers, sorted, without hidden and excluded folders", async () => {
  for (const path of ["fs/inode.c", "fs/a.h", "fs/notes.txt", ".git/x.c", "tools/lib/t.c", "toolshed/t.c"]) put(path);
  const listing = await createFolderSource(root).list({ exclude: ["tools/"], maxFiles: 1000 }, NEVER_CANCELLED);
  expect(listing.files.map((file) => file.path)).toEqual(["fs/a.h", "fs/inode.c", "toolshed/t.c"]);
  expect(listing.truncated).toBe(false);
});

test("stops at the limit instead of filtering afterwards", async () => {
  for (let i = 0; i < 20; i++) put(`fs/f${i}.c`);
  const listing = await createFolderSource(root).list({ exclude: [], maxFiles: 5 }, NEVER_CANCELLED);
  expect(listing.files).toHaveLength(5);
  expect(listing.truncated).toBe(true);
});

test("a link back into the tree and a loop end, a linked file counts", async () => {
  put("fs/inode.c");
  symlinkSync(root, join(root, "fs", "loop"));
  symlinkSync("self", join(root, "fs", "self"));
  symlinkSync("inode.c", join(root, "fs", "link.c"));
  const listing = await createFolderSource(root).list(ALL, NEVER_CANCELLED);
  expect(listing.files.map((file) => file.path)).toEqual(["fs/inode.c", "fs/link.c"]);
  expect(listing.problems.map((problem) => problem.file)).toEqual(["fs/self"]);
});

test("a root that is missing or a file is explained in one line", () => {
  put("file.c");
  expect(explainUnreadableRoot(join(root, "none"))).toMatch(/no such file or folder$/);
  expect(explainUnreadableRoot(join(root, "file.c"))).toMatch(/not a folder$/);
  expect(explainUnreadableRoot(root)).toBeNull();
});

test("sizes and times come only when asked for", async () => {
  put("a.c", "int a;\n");
  expect((await createFolderSource(root).list(ALL, NEVER_CANCELLED)).files[0]).toEqual({
    path: "a.c",
    size: 0,
    modified: 0,
  });
  const [timed] = (await createFolderSource(root, { withTimes: true }).list(ALL, NEVER_CANCELLED)).files;
  expect(timed?.size).toBe(7);
  expect(timed?.modified).toBeGreaterThan(0);
});

test("a listing ends when its token is cancelled", async () => {
  put("a.c");
  await expect(createFolderSource(root).list(ALL, { isCancellationRequested: true })).rejects.toThrow("cancelled");
});
