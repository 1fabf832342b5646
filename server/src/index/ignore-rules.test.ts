import { expect, test } from "vitest";
import { NEVER_CANCELLED } from "../core/text/cancellation.ts";
import { IgnoreRules } from "./ignore-rules.ts";
import { honourIgnoreFiles } from "./ignoring-source.ts";
import { createMemorySource } from "./memory-source.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("leaves out by name, by place, by folder; what lies in a folder that is left out stays out", () => {
  const rules = new IgnoreRules();
  rules.add("", bytes("# generated\n*.mod.c\n/vmlinux\n*.o\nbuild-*/\n\n*.tab.[ch]\n!keep.tab.c\n"));
  rules.add("fs/unicode", bytes("/utf8data.c\n"));
  const left = (path: string) => rules.ignores(path);
  expect(left("fs/foo/foo.mod.c")).toBe(true);
  expect(left("scripts/a.tab.h")).toBe(true);
  expect(left("scripts/keep.tab.c")).toBe(false);
  expect(left("build-x86/fs/a.c")).toBe(true);
  expect(left("build-x86/keep.tab.c")).toBe(true);
  expect(left("fs/unicode/utf8data.c")).toBe(true);
  expect(left("fs/utf8data.c")).toBe(false);
  expect(left("fs/unicode/sub/utf8data.c")).toBe(false);
  expect(left("fs/inode.c")).toBe(false);
});

test("an inner file takes back what an outer one left out", () => {
  const rules = new IgnoreRules();
  rules.add("", bytes("*.gen.c\n"));
  rules.add("fs/foo", bytes("!tables.gen.c\n"));
  expect(rules.ignores("fs/foo/tables.gen.c")).toBe(false);
  expect(rules.ignores("fs/bar/tables.gen.c")).toBe(true);
});

test("a source that honours them neither lists nor reads what they name, and takes a new list's rules", async () => {
  const files = new Map([
    ["fs/a.c", "int a;"],
    ["fs/a.mod.c", "int m;"],
    [".gitignore", "*.mod.c\n"],
    [".git/HEAD", "ref: refs/heads/main"],
  ]);
  const source = honourIgnoreFiles(createMemorySource(files));
  const list = async () =>
    (await source.list({ exclude: [], maxFiles: 100 }, NEVER_CANCELLED)).files.map(({ path }) => path);
  expect(await list()).toEqual(["fs/a.c"]);
  expect(await source.read("fs/a.mod.c")).toBeNull();
  expect(await source.read(".gitignore")).not.toBeNull();
  files.delete(".git/HEAD");
  expect(await list()).toContain("fs/a.mod.c");
  files.set(".git", "gitdir: ../linux/.git/worktrees/fix");
  expect(await list()).toEqual(["fs/a.c"]);
  files.set(".gitignore", "");
  expect(await list()).toEqual(["fs/a.c", "fs/a.mod.c"]);
  expect(await source.read("fs/a.mod.c")).not.toBeNull();
});
