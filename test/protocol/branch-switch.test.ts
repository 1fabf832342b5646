/** `git checkout` under an open editor: what is shown afterwards is what a server that starts then would show. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FileChangeType } from "vscode-languageserver";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");
const EARLY = "fs/earlyfs/inode.c";
const PUNT = "fs/puntfs/inode.c";

let home = "";
let tree = "";
const clients: LanguageClient[] = [];

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "evictscope-branches-"));
  tree = join(home, "linux");
  cpSync(fixtureFolder("sample"), tree, { recursive: true });
  git("init", "-q", "-b", "main");
  commit("The tree");
  git("checkout", "-q", "-b", "work");
  // Fixed, another one broken, a folder gone, a folder new under another name.
  edit(EARLY, (text) => text.replace("remove_inode_hash(inode);", ""));
  edit(PUNT, (text) => `${text}\n/* something behind it */\n`);
  git("rm", "-q", "-r", "fs/dirtfs");
  cpSync(join(fixtureFolder("sample"), "fs/nofailfs"), join(tree, "fs/newfs"), { recursive: true });
  commit("Work");
  git("checkout", "-q", "main");
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function git(...args: string[]): string {
  const identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...identity, ...args], { cwd: tree, encoding: "utf8" });
}

function commit(subject: string): void {
  git("add", "-A");
  git("commit", "-q", "-m", subject);
}

function edit(file: string, change: (text: string) => string): void {
  const path = join(tree, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, change(text));
  expect(readFileSync(path, "utf8")).not.toBe(text);
}

async function start(...open: readonly string[]): Promise<LanguageClient> {
  const client = await LanguageClient.start(PROGRAM, { folders: [tree] });
  clients.push(client);
  for (const file of open) await client.open(join(tree, file), read(file));
  await ready(client);
  return client;
}

const read = (file: string): string => readFileSync(join(tree, file), "utf8");

const ready = (client: LanguageClient) =>
  client.until("the tree to be ready", () => client.status?.roots.find(({ phase }) => phase === "ready"));

/** Switches, and says to the client what an editor's watcher says: of a folder that came or went, that it did. */
async function checkout(client: LanguageClient, branch: string): Promise<void> {
  const changes = git("diff", "--no-renames", "--name-status", "HEAD", branch).trim().split("\n");
  git("checkout", "-q", branch);
  const events = new Map<string, FileChangeType>();
  for (const line of changes) {
    const [kind = "", path = ""] = line.split("\t");
    const folder = path.split("/").slice(0, 2).join("/");
    if (kind === "M") events.set(path, FileChangeType.Changed);
    else events.set(folder, kind === "A" ? FileChangeType.Created : FileChangeType.Deleted);
  }
  await client.connection.sendNotification("workspace/didChangeWatchedFiles", {
    changes: [...events].map(([path, type]) => ({ uri: uriOf(join(tree, path)), type })),
  });
}

/** Everything that the client shows now. */
function shown(client: LanguageClient): Record<string, string[]> {
  const byFile = new Map(client.published.map(({ uri, diagnostics }) => [uri, diagnostics]));
  return Object.fromEntries(
    [...byFile]
      .filter(([, diagnostics]) => diagnostics.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([uri, diagnostics]) => [
        uri,
        diagnostics.map(({ code, range }) => `${code} ${range.start.line}:${range.start.character}`).sort(),
      ]),
  );
}

test("findings follow the branch: fixed, gone and new ones, in open files and in closed ones", async () => {
  const client = await start(EARLY);
  const onMain = shown(client);
  expect(Object.keys(onMain)).toContain(uriOf(join(tree, "fs/dirtfs/inode.c")));

  await checkout(client, "work");
  // An editor reads an open file again when it has no changes of its own.
  await client.change(uriOf(join(tree, EARLY)), { text: read(EARLY) });
  const fresh = shown(await start(EARLY));
  expect(fresh).not.toEqual(onMain);
  expect(Object.keys(fresh)).toContain(uriOf(join(tree, "fs/newfs/inode.c")));
  expect(Object.keys(fresh)).not.toContain(uriOf(join(tree, "fs/dirtfs/inode.c")));
  await client.until(
    "the branch's findings",
    () => JSON.stringify(shown(client)) === JSON.stringify(fresh) || undefined,
  );

  await checkout(client, "main");
  await client.change(uriOf(join(tree, EARLY)), { text: read(EARLY) });
  await client.until(
    "main's findings again",
    () => JSON.stringify(shown(client)) === JSON.stringify(onMain) || undefined,
  );
});

test("what the user says of functions at the tree's root is read again when it changes", async () => {
  const client = await start(PUNT);
  const before = shown(client);
  writeFileSync(
    join(tree, "evictscope.json"),
    JSON.stringify({
      functions: [
        { names: ["puntfs_note"], effects: [], source: "fs/puntfs/inode.c" },
        { names: ["queue_work"], effects: [], source: "a test" },
      ],
    }),
  );
  await client.connection.sendNotification("workspace/didChangeWatchedFiles", {
    changes: [{ uri: uriOf(join(tree, "evictscope.json")), type: FileChangeType.Created }],
  });
  await client.until("other findings", () => JSON.stringify(shown(client)) !== JSON.stringify(before) || undefined);
  rmSync(join(tree, "evictscope.json"));
  await client.connection.sendNotification("workspace/didChangeWatchedFiles", {
    changes: [{ uri: uriOf(join(tree, "evictscope.json")), type: FileChangeType.Deleted }],
  });
  await client.until(
    "the first findings again",
    () => JSON.stringify(shown(client)) === JSON.stringify(before) || undefined,
  );
});
