/** Quick fixes over the protocol: offered, previewed, applied, undone; and mails. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { AnnotatedTextEdit, CodeAction, Diagnostic, TextDocumentEdit, TextEdit } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");

let home = "";
let tree = "";
let client: LanguageClient;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "evictscope-actions-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(async () => {
  tree = mkdtempSync(join(home, "tree-"));
  cpSync(fixtureFolder("sample"), tree, { recursive: true });
  cpSync(fixtureFolder("fixes"), tree, { recursive: true });
  client = await LanguageClient.start(PROGRAM, { folders: [tree] });
});
afterEach(() => client.stop());

const text = (path: string): string => readFileSync(join(tree, path), "utf8");

async function openWith(path: string, rule: string): Promise<{ uri: string; diagnostic: Diagnostic }> {
  const uri = await client.open(join(tree, path), text(path));
  const has = ({ code }: Diagnostic): boolean => code === rule;
  const { diagnostics } = await client.diagnostics(uri, (params) => params.diagnostics.some(has));
  return { uri, diagnostic: diagnostics.find(has)! };
}

const actionsAt = (uri: string, diagnostic: Diagnostic): Promise<CodeAction[]> =>
  client.actions(uri, diagnostic.range, [diagnostic]);
const resolve = (action: CodeAction): Promise<CodeAction> =>
  client.connection.sendRequest("codeAction/resolve", action);

function changesOf(action: CodeAction): TextDocumentEdit[] {
  return (action.edit?.documentChanges ?? []) as TextDocumentEdit[];
}

function apply(content: string, edits: readonly (TextEdit | AnnotatedTextEdit)[]): string {
  return TextDocument.applyEdits(TextDocument.create("file:///a.c", "c", 1, content), [...edits] as TextEdit[]);
}

test("a fix is resolved when it is looked at, previewed with a reason, applied to its version, and can be undone", async () => {
  const path = "fs/earlyfs/inode.c";
  const { uri, diagnostic } = await openWith(path, "work-after-unhash");
  const offered = (await actionsAt(uri, diagnostic)).find(
    ({ title }) => title === "Move the unhash behind the clean-up",
  );
  expect(offered).toMatchObject({ kind: "quickfix", diagnostics: [{ code: "work-after-unhash" }] });
  expect(offered?.edit).toBeUndefined();
  const action = await resolve(offered!);
  const [change] = changesOf(action);
  expect(change?.textDocument).toEqual({ uri, version: 1 });
  for (const edit of change!.edits as AnnotatedTextEdit[])
    expect(action.edit?.changeAnnotations?.[edit.annotationId]).toMatchObject({
      description: expect.stringMatching(/\w/),
    });
  const version = await client.change(uri, { text: apply(text(path), change!.edits as TextEdit[]) });
  const after = await client.diagnostics(uri, (params) => params.version === version);
  expect(after.diagnostics.map(({ code }) => code)).not.toContain("work-after-unhash");
  const undone = await client.change(uri, { text: text(path) });
  const again = await client.diagnostics(uri, (params) => params.version === undone);
  expect(again.diagnostics.map(({ code }) => code)).toContain("work-after-unhash");
});

test("a conversion changes every file that it must", async () => {
  const path = "fs/dirtfs/inode.c";
  const { uri, diagnostic } = await openWith(path, "dirty-under-memalloc");
  const offered = (await actionsAt(uri, diagnostic)).find(({ title }) =>
    title.startsWith("Convert to deferred eviction"),
  );
  const action = await resolve(offered!);
  const files = changesOf(action).map(({ textDocument }) => textDocument.uri.slice(uriOf(tree).length + 1));
  expect(files).toEqual(["fs/dirtfs/dirtfs.h", "fs/dirtfs/super.c"]);
  for (const change of changesOf(action)) {
    expect(change.textDocument.version).toBeNull();
    const file = change.textDocument.uri.slice(uriOf(tree).length + 1);
    await client.open(join(tree, file), apply(text(file), change.edits as TextEdit[]));
  }
  const after = await client.diagnostics(
    uri,
    (params) => !params.diagnostics.some(({ code }) => code === "dirty-under-memalloc"),
  );
  expect(after.diagnostics).toEqual([]);
});

test("an action of a finding that is gone is disabled, with the reason", async () => {
  const { uri, diagnostic } = await openWith("fs/gapfs/inode.c", "missing-clear-inode");
  const offered = (await actionsAt(uri, diagnostic)).find(({ data }) => data?.fix === "add-clear-inode");
  const version = await client.change(uri, { text: "int nothing;\n" });
  await client.diagnostics(uri, (params) => params.version === version);
  const action = await resolve(offered!);
  expect(action.edit).toBeUndefined();
  expect(action.disabled?.reason).toMatch(/gone/);
});

test("only quick fixes are offered, and nothing where there is no finding", async () => {
  const { uri, diagnostic } = await openWith("fs/parkfs/inode.c", "dirty-under-memalloc");
  const ask = (context: object, range = diagnostic.range): Promise<CodeAction[]> =>
    client.connection.sendRequest("textDocument/codeAction", { textDocument: { uri }, range, context });
  expect(await ask({ diagnostics: [], only: ["source.organizeImports"] })).toEqual([]);
  const none = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  expect(await ask({ diagnostics: [] }, none)).toEqual([]);
  const titles = (await ask({ diagnostics: [] })).map(({ title }) => title);
  expect(titles).toEqual([
    "In reclaim, put it off with parkfs_park() (guard with PF_MEMALLOC)",
    "Convert to deferred eviction: ->evict_inode_async skeleton",
    "Mark its inodes hard to reclaim (I_RECLAIM_HARD): this tree does not have the flag (RFC of 2026)",
    "Open in race simulator (dirty-under-memalloc)",
    "Copy as a mail (dirty-under-memalloc)",
    "Suppress here with a reason (dirty-under-memalloc)",
  ]);
});

test("a mail is plain text of 72 columns, with the chain from kswapd and the interleaving", async () => {
  const { diagnostic } = await openWith("fs/puntfs/inode.c", "work-after-unhash");
  const finding = (diagnostic.data as { finding: string }).finding;
  const mail = await client.connection.sendRequest<{ text: string }>("evictscope/mail", { root: uriOf(tree), finding });
  const lines = mail.text.split("\n");
  expect(lines[0]).toBe("Subject: puntfs: work-after-unhash in puntfs_evict_inode_async()");
  // A trace string is one word, which replays the run: it is not broken.
  for (const line of lines) if (!line.startsWith("Trace: ")) expect(line.length, line).toBeLessThanOrEqual(72);
  expect(mail.text).toMatch(/^ +puntfs_evict_inode_async\(\) +fs\/puntfs\/inode\.c:\d+$/m);
  expect(mail.text).toMatch(/^Trace: \S+$/m);
  expect(mail.text).toContain(`finding ${finding}`);
  const gone = await client.connection.sendRequest("evictscope/mail", { root: uriOf(tree), finding: "0000" });
  expect(gone).toEqual({ refusal: "The finding is gone: the code has changed since." });
});
