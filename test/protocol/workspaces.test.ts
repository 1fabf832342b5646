/** Several folders, worktrees, modules outside of the tree, links, ignored files: one server for all of them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { RootStatus } from "../../server/src/protocol/messages.ts";
import { EVICTION_TREE_REQUEST, type EvictionTreeResult, NO_FILTER } from "../../server/src/protocol/views.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");

let base = "";
let home = "";
let client: LanguageClient | undefined;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "evictscope-workspaces-"));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  home = mkdtempSync(join(base, "home-"));
});
afterEach(async () => {
  await client?.stop();
  client = undefined;
});

function copyTree(name: string): string {
  const folder = join(home, name);
  cpSync(fixtureFolder("sample"), folder, { recursive: true });
  return folder;
}

async function start(folders: readonly string[], settings?: unknown): Promise<LanguageClient> {
  client = await LanguageClient.start(PROGRAM, { folders, settings });
  return client;
}

const open = (file: string): Promise<string> => client!.open(file, readFileSync(file, "utf8"));
const ready = (name: string): Promise<RootStatus> =>
  client!.until(`${name} to be ready`, () =>
    client!.status?.roots.find((root) => root.name === name && root.phase === "ready"),
  );
const tree = (): Promise<EvictionTreeResult> =>
  client!.connection.sendRequest(EVICTION_TREE_REQUEST, { filter: NO_FILTER });
const rulesOf = (file: string): unknown[] => (client!.last(uriOf(file))?.diagnostics ?? []).map(({ code }) => code);

test("two worktrees of one kernel are two trees: an edit in one leaves the other alone", async () => {
  const first = copyTree("linux");
  const second = copyTree("linux-fix");
  await start([first, second]);
  const file = "fs/puntfs/inode.c";
  const uri = await open(join(first, file));
  await open(join(second, file));
  await ready("linux");
  await ready("linux-fix");
  expect(rulesOf(join(first, file))).toEqual(rulesOf(join(second, file)));
  const before = rulesOf(join(second, file)).length;
  await client!.change(uri, { text: readFileSync(join(first, file), "utf8").replace("remove_inode_hash(inode);", "") });
  await client!.diagnostics(uri, ({ diagnostics }) => diagnostics.length < before);
  expect(rulesOf(join(second, file))).toHaveLength(before);
  const { roots } = await tree();
  expect(roots.map(({ name }) => name).sort()).toEqual(["linux", "linux-fix"]);
  expect(roots[0]?.findings).not.toBe(roots[1]?.findings);
});

test("a filesystem outside of the tree is reviewed alone, and against the kernel that the setting names", async () => {
  const linux = copyTree("linux");
  const module = join(home, "dirtfs");
  renameSync(join(linux, "fs/dirtfs"), module);
  await start([module]);
  await open(join(module, "inode.c"));
  await ready("dirtfs");
  const alone = (await tree()).roots[0]?.filesystems.flatMap(({ operations }) =>
    operations.flatMap(({ findings }) => findings.flatMap(({ contexts }) => contexts)),
  );
  expect(new Set(alone)).toEqual(new Set(["assumed"]));
  await client!.stop();

  await start([module], { kernelTree: "../linux" });
  await open(join(module, "inode.c"));
  const status = await ready("dirtfs on linux");
  expect(status.kernelVersion).toMatch(/^6\.12/);
  const diagnostics = await client!.diagnostics(uriOf(join(module, "inode.c")), ({ diagnostics: list }) =>
    list.some(({ code }) => code === "dirty-under-memalloc"),
  );
  // The chain leads on through the module's other file, at its own address.
  const related = diagnostics.diagnostics.flatMap(({ relatedInformation = [] }) => relatedInformation);
  expect(related.map(({ location }) => location.uri)).toContain(uriOf(join(module, "balloc.c")));
  const { roots } = await tree();
  const [root] = roots;
  expect(root?.filesystems.map(({ id }) => id)).toEqual(["fs/dirtfs"]);
  const contexts = root?.filesystems.flatMap(({ operations }) =>
    operations.flatMap(({ findings }) => findings.flatMap((finding) => finding.contexts)),
  );
  expect(contexts).toContain("kswapd");
  expect(contexts).not.toContain("assumed");
});

test("a kernel tree that is none is said, and the filesystem is reviewed alone", async () => {
  const linux = copyTree("linux");
  const module = join(home, "dirtfs");
  renameSync(join(linux, "fs/dirtfs"), module);
  await start([module], { kernelTree: "./nowhere" });
  await open(join(module, "inode.c"));
  await ready("dirtfs");
  expect(client!.status?.problems.join("\n")).toContain("evictscope.kernelTree: ./nowhere is no kernel tree");
});

test(".gitignore is honoured, and not when the setting says so", async () => {
  const linux = copyTree("linux");
  writeFileSync(join(linux, ".git"), "gitdir: elsewhere\n");
  writeFileSync(join(linux, ".gitignore"), "/fs/dirtfs/\n*.mod.c\n");
  await start([linux]);
  await open(join(linux, "fs/puntfs/inode.c"));
  await ready("linux");
  const filesystems = async () => (await tree()).roots[0]?.filesystems.map(({ id }) => id);
  expect(await filesystems()).not.toContain("fs/dirtfs");
  expect(await filesystems()).toContain("fs/puntfs");
  await client!.stop();
  await start([linux], { respectGitignore: false });
  await open(join(linux, "fs/puntfs/inode.c"));
  await ready("linux");
  expect(await filesystems()).toContain("fs/dirtfs");
});

test("a tree that is opened through a symbolic link keeps the link's names", async () => {
  copyTree("linux-6.12");
  const link = join(home, "linux");
  symlinkSync(join(home, "linux-6.12"), link);
  await start([link]);
  const uri = await open(join(link, "fs/puntfs/inode.c"));
  await client!.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  const uris = client!.published.map((params) => params.uri);
  expect(uris.filter((each) => !each.startsWith(`${uriOf(link)}/`))).toEqual([]);
});

test("names that differ only in case are different files", async () => {
  const linux = copyTree("linux");
  for (const name of ["inode", "super"]) {
    const text = readFileSync(join(linux, `fs/dirtfs/${name}.c`), "utf8");
    writeFileSync(join(linux, `fs/dirtfs/${name.toUpperCase()}.c`), text.replaceAll("dirtfs_", "DIRTFS_"));
  }
  await start([linux]);
  await open(join(linux, "fs/dirtfs/inode.c"));
  await ready("linux");
  const { roots } = await tree();
  const operations = roots[0]?.filesystems.find(({ id }) => id === "fs/dirtfs")?.operations ?? [];
  const files = (table: string) => operations.filter((each) => each.table === table).map(({ file }) => file);
  const names = (table: string) => [...new Set(files(table))].sort();
  expect(names("DIRTFS_sops")).toEqual(["fs/dirtfs/INODE.c", "fs/dirtfs/SUPER.c"]);
  expect(names("dirtfs_sops")).toEqual(["fs/dirtfs/inode.c", "fs/dirtfs/super.c"]);
});

test("a file of a tree that lies outside of the workspace is reported while it is open, its neighbours are not", async () => {
  const linux = copyTree("linux");
  const elsewhere = join(home, "notes");
  mkdirSync(elsewhere);
  await start([elsewhere]);
  const uri = await open(join(linux, "fs/puntfs/inode.c"));
  await client!.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  const others = client!.published.filter((params) => params.uri !== uri && params.diagnostics.length > 0);
  expect(others).toEqual([]);
  await client!.close(uri);
  await client!.diagnostics(uri, ({ diagnostics }) => diagnostics.length === 0);
});
