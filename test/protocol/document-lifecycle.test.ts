/** Versions, clearing, order, cancellation, bad input: what the server does around the analysis. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { LanguageClient, uriOf } from "./support/language-client.ts";
import { buildMarkerServer } from "./support/marker-program.ts";

let program = "";
let tree = "";
let client: LanguageClient;

beforeAll(async () => {
  program = await buildMarkerServer();
});
afterAll(() => rmSync(program, { force: true }));

beforeEach(async () => {
  tree = makeTree();
  client = await LanguageClient.start(program, { folders: [tree] });
});
afterEach(async () => {
  await client.stop();
  rmSync(tree, { recursive: true, force: true });
});

function makeTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "evictscope-protocol-"));
  for (const [path, text] of Object.entries({
    Kbuild: "",
    MAINTAINERS: "",
    "fs/x/inode.c": "int a;\nint MARK;\n",
    "fs/x/other.c": "int MARK;\n",
  })) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
const inode = (): string => join(tree, "fs/x/inode.c");
const other = (): string => uriOf(join(tree, "fs/x/other.c"));

test("diagnostics carry the document's version, follow edits, and clear when fixed", async () => {
  const uri = await client.open(inode(), "int a;\nint MARK;\n");
  const first = await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
  expect(first.version).toBe(1);
  expect(first.diagnostics[0]).toMatchObject({
    source: "evictscope",
    code: "dirty-under-memalloc",
    range: { start: { line: 1, character: 4 }, end: { line: 1, character: 8 } },
  });
  const moved = await client.change(uri, { range: at(0, 0), text: "\n\n" });
  const second = await client.diagnostics(uri, (params) => params.version === moved);
  expect(second.diagnostics[0]?.range.start.line).toBe(3);
  const fixed = await client.change(uri, {
    range: { start: { line: 3, character: 4 }, end: { line: 3, character: 8 } },
    text: "b",
  });
  expect((await client.diagnostics(uri, (params) => params.version === fixed)).diagnostics).toEqual([]);
});

test("several changes in one event apply one after the other", async () => {
  const uri = await client.open(inode(), "int a;\n");
  // The second range is one in the text that the first change leaves.
  const version = await client.change(uri, { range: at(0, 0), text: "\n" }, { range: at(1, 4), text: "MARK" });
  const params = await client.diagnostics(uri, (given) => given.version === version);
  expect(params.diagnostics[0]?.range.start).toEqual({ line: 1, character: 4 });
});

test("closing an unsaved document goes back to the file, deleting the file clears it", async () => {
  const uri = await client.open(inode(), "int nothing;\n");
  await client.diagnostics(other(), (params) => params.diagnostics.length === 1);
  expect(client.last(uri)?.diagnostics ?? []).toEqual([]);
  await client.close(uri);
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
  rmSync(inode());
  await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [{ uri, type: 3 }] });
  await client.diagnostics(uri, (params) => params.diagnostics.length === 0);
});

test("a file deleted while open keeps the server, and its text, alive", async () => {
  const uri = await client.open(inode(), "int MARK;\n");
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
  rmSync(join(tree, "fs"), { recursive: true });
  await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [{ uri, type: 3 }] });
  await client.diagnostics(other(), (params) => params.diagnostics.length === 0);
  const version = await client.change(uri, { range: at(0, 0), text: "\n" });
  const params = await client.diagnostics(uri, (given) => given.version === version);
  expect(params.diagnostics[0]?.range.start.line).toBe(1);
});

test("nothing is indexed before a C file of a kernel tree is open", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "evictscope-other-"));
  const plain = await client.open(join(elsewhere, "main.c"), "int main(void) { return 0; }\n");
  // An answered request shows that the opening has been handled.
  expect(await client.hover(plain, 0, 1)).toBeNull();
  expect(client.progress).toEqual([]);
  expect(client.status?.roots ?? []).toEqual([]);
  await client.open(inode(), "int MARK;\n");
  await client.until("progress", () => (client.progress.length > 0 ? true : undefined));
  rmSync(elsewhere, { recursive: true });
});

test("progress begins, never goes back, and ends", async () => {
  const uri = await client.open(inode(), "int MARK;\n");
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
  await client.until("end of progress", () => client.progress.find(({ value }) => value.kind === "end"));
  expect(client.progress[0]?.value.kind).toBe("begin");
  const percentages = client.progress.map(({ value }) => value.percentage ?? 0).filter((value) => value > 0);
  expect(percentages).toEqual(percentages.toSorted((a, b) => a - b));
});

test("cancelling the indexing stops it, says so, and re-index starts again", async () => {
  const uri = await client.open(inode(), "int SLOW;\n");
  const begun = await client.until("progress", () => client.progress[0]);
  await client.connection.sendNotification("window/workDoneProgress/cancel", { token: begun.token });
  const status = await client.until("cancelled status", () =>
    client.status?.roots.find((root) => root.phase === "cancelled"),
  );
  expect(status.message).toMatch(/Re-index/);
  await client.change(uri, { text: "int MARK;\n" });
  await client.connection.sendNotification("evictscope/reindex");
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
});

test("an edit overtakes a review that is under way", async () => {
  const uri = await client.open(inode(), "int MARK;\n");
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
  await client.change(uri, { text: "int SLOW, MARK;\n" });
  const version = await client.change(uri, { text: "\n\nint MARK;\n" });
  const params = await client.diagnostics(uri, (given) => given.version === version);
  expect(params.diagnostics[0]?.range.start.line).toBe(2);
});

test("a review that throws becomes a status line; the next edit tries again", async () => {
  const uri = await client.open(inode(), "int CRASH;\n");
  const status = await client.until("failed status", () =>
    client.status?.roots.find((root) => root.phase === "failed"),
  );
  expect(status.message).toBe("a marker asked for it");
  await client.change(uri, { text: "int MARK;\n" });
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
});

test("two folders are two trees; removing one takes its diagnostics back", async () => {
  const second = makeTree();
  await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", {
    event: { added: [{ uri: uriOf(second), name: "second" }], removed: [] },
  });
  const uri = await client.open(inode(), "int MARK;\n");
  const there = await client.open(join(second, "fs/x/inode.c"), "int a, MARK;\n");
  await client.diagnostics(uri, (params) => params.diagnostics[0]?.range.start.character === 4);
  await client.diagnostics(there, (params) => params.diagnostics[0]?.range.start.character === 7);
  expect(client.status?.roots).toHaveLength(2);
  await client.close(there);
  await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", {
    event: { added: [], removed: [{ uri: uriOf(second), name: "second" }] },
  });
  await client.diagnostics(there, (params) => params.diagnostics.length === 0);
  expect(client.last(uri)?.diagnostics).toHaveLength(1);
  rmSync(second, { recursive: true });
});

test("a folder's own settings are those of its tree alone", async () => {
  const second = makeTree();
  client.folderSettings.set(uriOf(second), { rules: { "dirty-under-memalloc": "warning" } });
  await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", {
    event: { added: [{ uri: uriOf(second), name: "second" }], removed: [] },
  });
  const here = await client.open(inode(), "int MARK;\n");
  const there = await client.open(join(second, "fs/x/inode.c"), "int MARK;\n");
  await client.diagnostics(here, (params) => params.diagnostics[0]?.severity === 1);
  await client.diagnostics(there, (params) => params.diagnostics[0]?.severity === 2);
  client.folderSettings.set(uriOf(second), { rules: { "dirty-under-memalloc": "off" } });
  await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: {} });
  await client.diagnostics(there, (params) => params.diagnostics.length === 0);
  expect(client.last(here)?.diagnostics).toHaveLength(1);
  rmSync(second, { recursive: true });
});

test("settings switch a rule off, change its severity, and a wrong value gets one line", async () => {
  const uri = await client.open(inode(), "int MARK;\n");
  await client.diagnostics(uri, (params) => params.diagnostics[0]?.severity === 1);
  const apply = (settings: unknown): Promise<void> => {
    client.settings = settings;
    return client.connection.sendNotification("workspace/didChangeConfiguration", { settings: {} });
  };
  await apply({ rules: { "dirty-under-memalloc": "warning" } });
  await client.diagnostics(uri, (params) => params.diagnostics[0]?.severity === 2);
  await apply({ rules: { "dirty-under-memalloc": "off" } });
  await client.diagnostics(uri, (params) => params.diagnostics.length === 0);
  await apply({ rules: { "no-such-rule": "off" }, maxFiles: "many" });
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
  const problems = await client.until("problems", () =>
    client.status?.problems.length === 2 ? client.status.problems : undefined,
  );
  expect(problems[0]).toMatch(/evictscope.maxFiles: must be a whole number/);
  expect(problems[1]).toMatch(/no-such-rule: there is no such rule/);
});

test("headers and files that the editor calls C++ are served", async () => {
  const uri = await client.open(join(tree, "fs/x/x.h"), "int MARK;\n", "cpp");
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
});

test("malformed messages, unknown documents and wild positions are survived", async () => {
  const uri = await client.open(inode(), "int MARK;\n");
  await client.diagnostics(uri, (params) => params.diagnostics.length === 1);
  const send = (body: string): void => void client.process.stdin.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
  send("{ this is no JSON");
  send(JSON.stringify({ jsonrpc: "2.0", method: "textDocument/didChange", params: { nonsense: true } }));
  send(JSON.stringify({ jsonrpc: "2.0", method: "textDocument/didOpen", params: null }));
  send(JSON.stringify({ jsonrpc: "2.0", method: "no/such/method", params: [1, 2, 3] }));
  await client.connection.sendNotification("textDocument/didChange", {
    textDocument: { uri: "file:///nowhere/a.c", version: 3 },
    contentChanges: [{ text: "x" }],
  });
  expect(await client.hover(uri, 1_000_000, 1_000_000)).toBeNull();
  expect(await client.hover("file:///nowhere/a.c", 0, 0)).toBeNull();
  expect(await client.lenses("untitled:Untitled-1")).toEqual([]);
  const version = await client.change(uri, { range: at(900, 900), text: "\nint MARK;\n" });
  const params = await client.diagnostics(uri, (given) => given.version === version);
  expect(params.diagnostics).toHaveLength(2);
  expect(client.exitCode).toBeUndefined();
});

function at(line: number, character: number): { start: Position; end: Position } {
  return { start: { line, character }, end: { line, character } };
}
interface Position {
  line: number;
  character: number;
}
