/** A client that knows nothing of us: no initialization options, no capabilities. `evictscope lsp --stdio` serves it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { CodeAction, Diagnostic, Hover, TextEdit } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "cli.js");
const PATH = "fs/puntfs/inode.c";

let tree = "";
let client: LanguageClient;
const written: string[] = [];

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "evictscope-bare-"));
  cpSync(fixtureFolder("sample"), tree, { recursive: true });
});
afterEach(() => client.stop());
afterAll(() => {
  rmSync(tree, { recursive: true, force: true });
  for (const path of written) rmSync(dirname(path), { recursive: true, force: true });
});

async function start(capabilities: unknown = {}): Promise<{ uri: string; diagnostic: Diagnostic }> {
  client = await LanguageClient.start(PROGRAM, {
    folders: [tree],
    arguments: ["lsp", "--stdio"],
    initializationOptions: { panels: false },
    capabilities,
  });
  const uri = await client.open(join(tree, PATH), readFileSync(join(tree, PATH), "utf8"));
  const has = ({ code }: Diagnostic): boolean => code === "work-after-unhash";
  const { diagnostics } = await client.diagnostics(uri, (params) => params.diagnostics.some(has));
  return { uri, diagnostic: diagnostics.find(has)! };
}

interface Page {
  readonly uri: string;
  readonly path: string;
}

function run(command: string, ...args: unknown[]): Promise<Page> {
  return client.connection.sendRequest<Page>("workspace/executeCommand", { command, arguments: args }).then((page) => {
    written.push(page.path);
    return page;
  });
}

test("diagnostics, hovers, lenses and fixes work, edits come with the actions and take the finding away", async () => {
  const { uri, diagnostic } = await start();
  expect(client.status).toBeNull();
  const hover = await client.connection.sendRequest<Hover>("textDocument/hover", {
    textDocument: { uri },
    position: diagnostic.range.start,
  });
  // Nothing else shows the finding beside it: the message and the chain are in the hover.
  expect((hover.contents as { value: string }).value).toContain(diagnostic.message);
  const actions = await client.actions(uri, diagnostic.range, [diagnostic]);
  const fix = actions.find(({ data }) => data?.fix === "move-unhash");
  const edits = fix?.edit?.changes?.[uri] as TextEdit[];
  const content = readFileSync(join(tree, PATH), "utf8");
  const version = await client.change(uri, {
    text: TextDocument.applyEdits(TextDocument.create(uri, "c", 1, content), edits),
  });
  const after = await client.diagnostics(uri, (params) => params.version === version);
  expect(after.diagnostics.map(({ code }) => code)).not.toContain("work-after-unhash");
});

test("the simulator is one HTML file that holds the finding's model; where it lies is answered and said", async () => {
  const { uri, diagnostic } = await start();
  const said: string[] = [];
  client.connection.onNotification("window/showMessage", ({ message }: { message: string }) => {
    said.push(message);
    client.changed();
  });
  const [lens] = await client.lenses(uri);
  expect(lens?.command?.command).toBe("evictscope.server.openSimulator");
  const actions = await client.actions(uri, diagnostic.range, [diagnostic]);
  const open = actions.find(({ title }) => title === "Open in race simulator (work-after-unhash)");
  const page = await run(open!.command!.command, ...(open!.command!.arguments ?? []));
  const html = readFileSync(page.path, "utf8");
  expect(html.includes("Content-Security-Policy")).toBe(true);
  expect(html.includes("<title>work-after-unhash: puntfs_evict_inode_async()</title>")).toBe(true);
  const data = JSON.parse(/<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(html)![1]!) as {
    models: { id: string }[];
    opening: { model: string };
  };
  expect(data.models.map(({ id }) => id)).toContain(data.opening.model);
  expect(statSync(page.path).mode & 0o077).toBe(0);
  await client.until("message", () => said.find((message) => message.includes(page.path)));
  const catalogue = readFileSync((await run("evictscope.server.openSimulator")).path, "utf8");
  expect(catalogue.includes("<title>Race simulator</title>")).toBe(true);
});

test("a client that shows documents is asked to show the page, outside of the editor, and the mail in it", async () => {
  const { diagnostic } = await start({ window: { showDocument: { support: true } } });
  const shown: unknown[] = [];
  client.connection.onRequest("window/showDocument", (params: unknown) => {
    shown.push(params);
    return { success: true };
  });
  const target = { root: uriOf(tree), finding: (diagnostic.data as { finding: string }).finding };
  const page = await run("evictscope.server.openSimulator", target);
  const mail = await run("evictscope.server.writeMail", target);
  expect(shown).toEqual([
    { uri: page.uri, external: true },
    { uri: mail.uri, external: false },
  ]);
  expect(readFileSync(mail.path, "utf8")).toMatch(/^Subject: puntfs: work-after-unhash/);
});

test("suppressing leaves the reason to be written: only then it counts", async () => {
  const { uri, diagnostic } = await start();
  const actions = await client.actions(uri, diagnostic.range, [diagnostic]);
  const suppress = actions.find(({ title }) => title.startsWith("Suppress here (work-after-unhash)")) as CodeAction;
  const content = readFileSync(join(tree, PATH), "utf8");
  const edited = TextDocument.applyEdits(TextDocument.create(uri, "c", 1, content), suppress.edit!.changes![uri]!);
  expect(edited).toContain("\t/* evictscope: allow(work-after-unhash): */\n\tqueue_work(");
  const codes = async (text: string): Promise<unknown[]> => {
    const version = await client.change(uri, { text });
    const { diagnostics } = await client.diagnostics(uri, (params) => params.version === version);
    return diagnostics.map(({ code }) => code);
  };
  expect(await codes(edited)).toContain("work-after-unhash");
  expect(await codes(edited.replace("): */", "): lookups go through an index of our own */"))).not.toContain(
    "work-after-unhash",
  );
});

test("commands with anything else are refused with one line", async () => {
  await start();
  const refused = (command: string, ...args: unknown[]): Promise<string> =>
    client.connection.sendRequest("workspace/executeCommand", { command, arguments: args }).then(
      () => "",
      (error: Error) => error.message,
    );
  expect(await refused("evictscope.server.writeMail")).toBe("expected { root, finding }");
  expect(await refused("evictscope.server.openSimulator", { root: uriOf(tree), finding: "0000" })).toMatch(/gone/);
});
