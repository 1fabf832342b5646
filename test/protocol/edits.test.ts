/** Unsaved edits in the real server: across files, never stale, cleared on fix, delete, rename and branch switch. */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");

let home = "";
let tree = "";
let client: LanguageClient;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "evictscope-edits-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(async () => {
  tree = mkdtempSync(join(home, "tree-"));
  cpSync(fixtureFolder("sample"), tree, { recursive: true });
  client = await LanguageClient.start(PROGRAM, { folders: [tree] });
});
afterEach(() => client.stop());

const file = (path: string): string => join(tree, path);
const text = (path: string): string => readFileSync(file(path), "utf8");
const open = (path: string): Promise<string> => client.open(file(path), text(path));
const rulesAt = (uri: string, line: number): unknown[] =>
  (client.last(uri)?.diagnostics ?? []).filter(({ range }) => range.start.line === line).map(({ code }) => code);

function lineOf(content: string, needle: string): number {
  return content.split("\n").findIndex((line) => line.includes(needle));
}

const fileChanges = (...changes: [string, 1 | 2 | 3][]): Promise<void> =>
  client.connection.sendNotification("workspace/didChangeWatchedFiles", {
    changes: changes.map(([path, type]) => ({ uri: uriOf(file(path)), type })),
  });

test("an edit in a helper changes the finding in its caller's file, and every version is answered", async () => {
  const inode = await open("fs/dirtfs/inode.c");
  const helper = await open("fs/dirtfs/balloc.c");
  const row = lineOf(text("fs/dirtfs/inode.c"), "dirtfs_free_inode(inode);");
  await client.until("the finding", () => rulesAt(inode, row).includes("dirty-under-memalloc") || undefined);
  const dirty = lineOf(text("fs/dirtfs/balloc.c"), "mark_buffer_dirty(bh);");
  const line = text("fs/dirtfs/balloc.c").split("\n")[dirty]!;
  const whole = { start: { line: dirty, character: 0 }, end: { line: dirty, character: line.length } };
  await client.change(helper, { range: whole, text: "" });
  await client.until("it to go", () => !rulesAt(inode, row).includes("dirty-under-memalloc") || undefined);
  await client.change(helper, { range: { start: whole.start, end: whole.start }, text: line });
  await client.until("it to come back", () => rulesAt(inode, row).includes("dirty-under-memalloc") || undefined);
  expect(client.last(inode)?.version).toBe(1);
});

test("a burst of keys ends in diagnostics of the last version, and none is of a text that was not there", async () => {
  const uri = await open("fs/dirtfs/inode.c");
  await client.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  const start = { line: 0, character: 0 };
  const row = lineOf(text("fs/dirtfs/inode.c"), "dirtfs_free_inode(inode);");
  let version = 1;
  for (let i = 0; i < 30; i++) version = await client.change(uri, { range: { start, end: start }, text: "\n" });
  await client.diagnostics(uri, (params) => params.version === version);
  expect(rulesAt(uri, row + 30)).toContain("dirty-under-memalloc");
  // What was published on the way stands where its own version has it.
  for (const { diagnostics, version: of } of client.published.filter((each) => each.uri === uri)) {
    const lines = diagnostics
      .filter(({ code }) => code === "dirty-under-memalloc")
      .map(({ range }) => range.start.line);
    expect(lines).toContain(row + (of ?? 1) - 1);
  }
});

test("a rename moves diagnostics, a branch switch replaces them", async () => {
  const uri = await open("fs/earlyfs/inode.c");
  await client.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  const old = uriOf(file("fs/dirtfs/inode.c"));
  await client.diagnostics(old, ({ diagnostics }) => diagnostics.length > 0);
  renameSync(file("fs/dirtfs/inode.c"), file("fs/dirtfs/renamed.c"));
  await fileChanges(["fs/dirtfs/inode.c", 3], ["fs/dirtfs/renamed.c", 1]);
  await client.diagnostics(old, ({ diagnostics }) => diagnostics.length === 0);
  const renamed = uriOf(file("fs/dirtfs/renamed.c"));
  await client.diagnostics(renamed, ({ diagnostics }) => diagnostics.length > 0);
  // Another branch: many files differ at once, in one burst of events.
  const paths = ["dirtfs/renamed", "gapfs/inode", "lookfs/inode", "stackfs/inode", "destroyfs/inode"];
  const changed = paths.map((path) => `fs/${path}.c`);
  for (const path of changed) writeFileSync(file(path), "/* not on this branch */\n");
  await fileChanges(...changed.map((path): [string, 2] => [path, 2]));
  for (const path of changed)
    await client.until(
      `${path} to be cleared`,
      () => (client.last(uriOf(file(path)))?.diagnostics ?? []).length === 0 || undefined,
    );
  expect(client.last(uri)?.diagnostics.length).toBeGreaterThan(0);
});
