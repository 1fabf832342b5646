/** The real server program, over stdio, on the sample tree and on trees that are not as they should be. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Diagnostic, Hover, WorkspaceEdit } from "vscode-languageserver";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");

let home = "";
let tree = "";
let client: LanguageClient;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "evictscope-sample-"));
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
const has = (rule: string) => (params: { diagnostics: readonly Diagnostic[] }) =>
  params.diagnostics.some((diagnostic) => diagnostic.code === rule);

async function openFile(path: string, content = text(path)): Promise<string> {
  return client.open(file(path), content);
}

function markdownOf(hover: Hover): string {
  return (hover.contents as { value: string }).value;
}

function lineOf(content: string, needle: string): number {
  const row = content.split("\n").findIndex((line) => line.includes(needle));
  if (row < 0) throw new Error(`no line has ${needle}`);
  return row;
}

test("a finding has its rule, its page, its chain as related information, and the place of its table", async () => {
  const uri = await openFile("fs/dirtfs/inode.c");
  const { diagnostics, version } = await client.diagnostics(uri, has("dirty-under-memalloc"));
  expect(version).toBe(1);
  const content = text("fs/dirtfs/inode.c");
  const row = lineOf(content, "dirtfs_truncate_blocks(inode);");
  const finding = diagnostics.find((diagnostic) => diagnostic.range.start.line === row);
  expect(finding?.source).toBe("evictscope");
  expect(finding?.codeDescription?.href).toMatch(/\/docs\/rules\/dirty-under-memalloc\.md$/);
  const related = finding?.relatedInformation ?? [];
  expect(related[0]?.location).toMatchObject({ uri, range: { start: { line: row } } });
  expect(related.map(({ location }) => location.uri)).toContain(uriOf(file("fs/dirtfs/balloc.c")));
  expect(related.map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^1\. dirtfs_evict_inode\(\) calls dirtfs_truncate_blocks\(\)/),
      expect.stringMatching(/^\d\. dirtfs_clear_bit\(\): mark_buffer_dirty\(\)/),
      expect.stringMatching(/^\.evict_inode of dirtfs_sops/),
    ]),
  );
});

test("the whole tree is reviewed when one of its files is open, clean filesystems without a finding", async () => {
  await openFile("fs/plainfs/inode.c");
  await client.diagnostics(uriOf(file("fs/puntfs/inode.c")), has("work-after-unhash"));
  await client.until("status", () => client.status?.roots.find((root) => root.phase === "ready"));
  expect(client.last(uriOf(file("fs/plainfs/inode.c")))?.diagnostics ?? []).toEqual([]);
  const [root] = client.status?.roots ?? [];
  expect(root?.kernelVersion).toMatch(/^6\.12/);
  expect(root?.implementations).toBeGreaterThan(20);
  expect(root?.missing.join("\n")).toContain("excluded by setting: Documentation");
});

test("an unsaved edit in a helper's file changes the finding in its caller's file", async () => {
  const caller = uriOf(file("fs/dirtfs/inode.c"));
  const helper = await openFile("fs/dirtfs/balloc.c");
  const before = await client.diagnostics(caller, has("dirty-under-memalloc"));
  const content = text("fs/dirtfs/balloc.c");
  const row = lineOf(content, "mark_buffer_dirty(");
  await client.change(helper, {
    range: { start: { line: row, character: 0 }, end: { line: row + 1, character: 0 } },
    text: "\n",
  });
  const after = await client.diagnostics(caller, (params) => params.diagnostics.length < before.diagnostics.length);
  expect(after.diagnostics.length).toBeGreaterThan(0);
  await client.change(helper, { text: content });
  await client.diagnostics(caller, (params) => params.diagnostics.length === before.diagnostics.length);
});

test("hover explains a finding, an implementation, the protocol's names, and what eviction reaches; nothing else", async () => {
  const path = "fs/puntfs/inode.c";
  const content = text(path);
  const uri = await openFile(path);
  await client.diagnostics(uri, has("work-after-unhash"));
  const hoverAt = async (needle: string, word: string): Promise<string> => {
    const row = lineOf(content, needle);
    const column = content.split("\n")[row]?.indexOf(word) ?? 0;
    const hover = await client.hover(uri, row, column + 1);
    return hover === null ? "" : markdownOf(hover);
  };
  expect(await hoverAt("queue_work(sbi", "queue_work")).toContain("[work-after-unhash]");
  const implementation = await hoverAt("static bool puntfs_evict_inode_async", "puntfs_evict_inode_async");
  expect(implementation).toContain("evict_inode_async of fs/puntfs - reached by kswapd");
  expect(implementation).toContain("puntfs_sops");
  expect(await hoverAt("remove_inode_hash(inode)", "remove_inode_hash")).toContain("does **not** find this inode");
  expect(await hoverAt("\tclear_inode(inode)", "clear_inode")).toContain("I_FREEING | I_CLEAR");
  const lock = await hoverAt("spin_lock(&inode->i_lock)", "spin_lock");
  expect(lock).toMatch(/^State: \*\*unhashed\*\*/);
  expect(lock).toContain("PF_MEMALLOC set");
  expect(await hoverAt("atomic_t in_flight;", "in_flight")).toBe("");
  expect(await hoverAt("folio_unlock(folio);", "folio_unlock")).toBe("");
});

test.each(["I_FREEING", "__wait_on_freeing_inode", "PF_MEMALLOC"])("hover explains %s", async (name) => {
  const path = "fs/inode.c";
  const uri = await client.open(file("fs/zz.c"), `#include <linux/fs.h>\n/* ${name} */\n`);
  await openFile(path);
  await client.diagnostics(uriOf(file(path)), () => true);
  const hover = await client.hover(uri, 1, 4);
  expect(hover === null ? "" : markdownOf(hover)).toContain(`**\`${name}\`** (eviction): `);
});

test("a lens above each implementation names operation, filesystem, context and findings, and opens the simulator", async () => {
  const uri = await openFile("fs/puntfs/inode.c");
  await client.diagnostics(uri, has("work-after-unhash"));
  const [lens] = await client.lenses(uri);
  expect(lens?.command?.title).toMatch(
    /^evict_inode_async of fs\/puntfs - reached by kswapd - \d findings( - [^-]+)? - simulate$/,
  );
  expect(lens?.range.start.line).toBe(lineOf(text("fs/puntfs/inode.c"), "static bool puntfs_evict_inode_async"));
  expect(lens?.command?.command).toBe("evictscope.openSimulator");
  expect(await client.lenses(uriOf(file("fs/none.c")))).toEqual([]);
});

interface Suppression {
  readonly root: string;
  readonly finding: string;
}

/** Opens a file, takes the suppression of its finding of `rule`, and answers edit or refusal. */
async function suppress(
  path: string,
  content: string,
  rule: string,
  reason: string,
): Promise<{ uri: string; edit?: WorkspaceEdit; refusal?: string }> {
  const uri = await openFile(path, content);
  const { diagnostics } = await client.diagnostics(uri, has(rule));
  const diagnostic = diagnostics.find(({ code }) => code === rule)!;
  const actions = await client.actions(uri, diagnostic.range, [diagnostic]);
  expect(actions.map(({ title }) => title)).toEqual(
    expect.arrayContaining([`Open in race simulator (${rule})`, `Suppress here with a reason (${rule})`]),
  );
  const action = actions.find(({ title }) => title === `Suppress here with a reason (${rule})`);
  const target = action?.command?.arguments?.[0] as Suppression;
  const result = await client.connection.sendRequest<{ edit?: WorkspaceEdit; refusal?: string }>(
    "evictscope/suppress",
    { ...target, reason },
  );
  return { uri, ...result };
}

test("suppression inserts the comment above the line, indented, and the finding is gone", async () => {
  const content = text("fs/stackfs/inode.c");
  const { uri, edit } = await suppress("fs/stackfs/inode.c", content, "iput-under-evict", "pinned elsewhere");
  const [change] = edit?.changes?.[uri] ?? [];
  expect(change?.newText).toBe("\t/* evictscope: allow(iput-under-evict): pinned elsewhere */\n");
  const version = await client.change(uri, { range: change!.range, text: change!.newText });
  const after = await client.diagnostics(uri, (params) => params.version === version);
  expect(after.diagnostics).toEqual([]);
});

test("suppression keeps CRLF line ends", async () => {
  const content = text("fs/stackfs/inode.c").replaceAll("\n", "\r\n");
  const { uri, edit } = await suppress("fs/stackfs/inode.c", content, "iput-under-evict", "pinned elsewhere");
  const [change] = edit?.changes?.[uri] ?? [];
  expect(change?.newText).toMatch(/^\t\/\* [^\r\n]* \*\/\r\n$/);
  const version = await client.change(uri, { range: change!.range, text: change!.newText });
  expect((await client.diagnostics(uri, (params) => params.version === version)).diagnostics).toEqual([]);
});

test.each([
  ["", /A reason is required/],
  ["   ", /A reason is required/],
  ["done */ int x;", /must not contain \*\//],
  ["two\nlines", /must be one line/],
])("suppression refuses the reason %j", async (reason, message) => {
  const content = text("fs/stackfs/inode.c");
  const { edit, refusal } = await suppress("fs/stackfs/inode.c", content, "iput-under-evict", reason);
  expect(edit).toBeUndefined();
  expect(refusal).toMatch(message);
});

test("a simulator panel is served: handshake, verdict, counterexample, steps", async () => {
  const messages: { t: string; [key: string]: unknown }[] = [];
  client.connection.onNotification("evictscope/simulator/message", ({ message }) => {
    messages.push(message);
    client.changed();
  });
  const uri = await openFile("fs/puntfs/inode.c");
  const { diagnostics } = await client.diagnostics(uri, has("work-after-unhash"));
  const diagnostic = diagnostics.find(({ code }) => code === "work-after-unhash")!;
  const { finding } = diagnostic.data as { finding: string };
  const opened = await client.connection.sendRequest("evictscope/simulator/open", {
    panel: 1,
    root: client.status?.roots[0]?.root,
    finding,
  });
  expect(opened).toEqual({ title: "work-after-unhash: puntfs_evict_inode_async()" });
  const send = (message: unknown): Promise<void> =>
    client.connection.sendNotification("evictscope/simulator/message", { panel: 1, message });
  const came = (kind: string, holds = (_: Record<string, unknown>): boolean => true) =>
    client.until(`${kind} from the panel's session`, () =>
      messages.find((message) => message.t === kind && holds(message)),
    );
  await send({ t: "ready", protocol: 1 });
  await came("catalogue");
  expect((await came("verdict")).verdict).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
  await send({ t: "show", kind: "counterexample" });
  interface Run {
    readonly kind: string;
    readonly rows: readonly unknown[];
  }
  const shown = await came("run", ({ run }) => (run as Run).kind === "counterexample");
  expect((shown.run as Run).rows.length).toBeGreaterThan(5);
  await send({ nonsense: true });
  expect((await came("error")).message).toMatch(/Not understood/);
  await client.connection.sendNotification("evictscope/simulator/close", { panel: 1 });
});

test("two trees of one workspace are kept apart", async () => {
  const second = mkdtempSync(join(home, "second-"));
  cpSync(fixtureFolder("sample-2026"), second, { recursive: true });
  await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", {
    event: { added: [{ uri: uriOf(second), name: "second" }], removed: [] },
  });
  await openFile("fs/puntfs/inode.c");
  const path = join(second, "fs/inode.c");
  await client.open(path, readFileSync(path, "utf8"));
  await client.until("two trees", () =>
    client.status?.roots.filter((root) => root.phase === "ready").length === 2 ? true : undefined,
  );
  const uris = client.published.filter(({ diagnostics }) => diagnostics.length > 0).map(({ uri }) => uri);
  for (const folder of [tree, second]) expect(uris.some((uri) => uri.startsWith(uriOf(folder)))).toBe(true);
});

test("a tree without mm/ is reviewed with reclaim assumed", async () => {
  rmSync(file("mm"), { recursive: true });
  const uri = await openFile("fs/dirtfs/inode.c");
  await client.diagnostics(uri, has("dirty-under-memalloc"));
  const titles = (await client.lenses(uri)).map((lens) => lens.command?.title);
  expect(titles.join("\n")).toMatch(/reclaim assumed \(no mm\/ in this tree\)/);
});

test("a lone filesystem, outside any kernel tree, is reviewed", async () => {
  const lone = mkdtempSync(join(home, "lone-"));
  cpSync(join(tree, "fs/gapfs"), lone, { recursive: true });
  await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", {
    event: { added: [{ uri: uriOf(lone), name: "lone" }], removed: [] },
  });
  const path = join(lone, "inode.c");
  const uri = await client.open(path, readFileSync(path, "utf8"));
  await client.diagnostics(uri, has("missing-clear-inode"));
});

test("broken, huge, foreign and looping input gets through; the server stays", async () => {
  const content = text("fs/dirtfs/inode.c");
  mkdirSync(file("fs/odd"), { recursive: true });
  writeFileSync(file("fs/odd/latin1.c"), Buffer.from("/* caf\xe9 */\nstatic int odd;\n", "latin1"));
  writeFileSync(
    file("fs/odd/truncated.c"),
    "static void odd_evict_inode(struct inode *inode)\n{\n\tif (inode->i_nlink) {\n",
  );
  writeFileSync(file("fs/odd/zero.c"), Buffer.alloc(4096));
  writeFileSync(file("include/linux/generated.h"), "#define REGISTER_000000 0x00000000\n".repeat(900_000));
  symlinkSync("..", file("fs/odd/loop"));
  symlinkSync("self", file("fs/odd/self"));
  const uri = await openFile("fs/dirtfs/inode.c");
  await client.diagnostics(uri, has("dirty-under-memalloc"));
  for (const cut of [content.length - 3, 1200, 700, 10, 0]) {
    const version = await client.change(uri, { text: content.slice(0, cut) });
    await client.until("a review of the cut text", () =>
      client.status?.roots.find((root) => root.phase !== "indexing" && root.revision > 0) ? version : undefined,
    );
  }
  const version = await client.change(uri, { text: content });
  const after = await client.diagnostics(uri, (params) => params.version === version && params.diagnostics.length > 0);
  expect(after.diagnostics.some(({ code }) => code === "dirty-under-memalloc")).toBe(true);
  expect(client.status?.roots[0]?.phase).toBe("ready");
  expect(client.exitCode).toBeUndefined();
});

test("the command line serves the same protocol", async () => {
  const other = await LanguageClient.start(join(repositoryRoot, "server", "bin", "evictscope.mjs"), {
    folders: [tree],
    arguments: ["lsp", "--stdio"],
    initializationOptions: { panels: false },
  });
  const uri = await other.open(file("fs/puntfs/inode.c"), text("fs/puntfs/inode.c"));
  await other.diagnostics(uri, has("work-after-unhash"));
  // A client without panels is offered only what the server itself can run.
  const place = { line: 98, character: 9 };
  const commands = (await other.actions(uri, { start: place, end: place }, [])).map(({ command }) => command?.command);
  const lens = (await other.lenses(uri))[0]?.command?.command;
  for (const command of [...commands, lens]) expect(command ?? "evictscope.server.").toMatch(/^evictscope\.server\./);
  expect(commands.length).toBeGreaterThan(0);
  await other.stop();
});
