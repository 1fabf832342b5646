/** The simulator's verdicts in the editor: in hover and lens without being asked, in panels that follow the code. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Diagnostic, Hover } from "vscode-languageserver";
import type { DesignTable } from "../../server/src/core/extract/filesystem/design-table.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");

let home = "";
let tree = "";
let client: LanguageClient;
const messages: { panel: number; message: { t: string; [key: string]: unknown } }[] = [];

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "evictscope-verdicts-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

beforeEach(async () => {
  tree = mkdtempSync(join(home, "tree-"));
  cpSync(fixtureFolder("sample"), tree, { recursive: true });
  client = await LanguageClient.start(PROGRAM, { folders: [tree] });
  messages.length = 0;
  client.connection.onNotification("evictscope/simulator/message", (message) => {
    messages.push(message);
    client.changed();
  });
});
afterEach(() => client.stop());

const PATH = "fs/dirtfs/inode.c";
const text = (): string => readFileSync(join(tree, PATH), "utf8");
const isDirty = (diagnostic: Diagnostic): boolean => diagnostic.code === "dirty-under-memalloc";

async function openDirtfs(): Promise<{ uri: string; diagnostic: Diagnostic }> {
  const uri = await client.open(join(tree, PATH), text());
  const { diagnostics } = await client.diagnostics(uri, (params) => params.diagnostics.some(isDirty));
  return { uri, diagnostic: diagnostics.find(isDirty)! };
}

function open(panel: number, more: object): Promise<{ title: string; notice?: string }> {
  return client.connection.sendRequest("evictscope/simulator/open", {
    panel,
    root: client.status?.roots[0]?.root,
    ...more,
  });
}

const came = (panel: number, kind: string, holds: (message: Record<string, unknown>) => boolean = () => true) =>
  client.until(`${kind} in panel ${panel}`, () => {
    const found = messages.find((each) => each.panel === panel && each.message.t === kind && holds(each.message));
    return found?.message;
  });

test("the findings of an open file have their verdicts in the lens and the hover", async () => {
  const { uri, diagnostic } = await openDirtfs();
  const { start } = diagnostic.range;
  await expect
    .poll(async () => (await client.lenses(uri)).map((lens) => lens.command?.title).join("\n"))
    .toMatch(/evict_inode of fs\/dirtfs .* race reachable in \d+ steps \(DIRT\)/);
  const hover = await client.connection.sendRequest<Hover>("textDocument/hover", {
    textDocument: { uri },
    position: start,
  });
  expect((hover.contents as { value: string }).value).toMatch(/race reachable in \d+ steps \(DIRT\)/);
});

test("a panel opens on the failing run of the finding's own model, with the lines of its code, and follows an edit", async () => {
  const { uri, diagnostic } = await openDirtfs();
  const { finding } = diagnostic.data as { finding: string };
  expect(await open(1, { finding })).toEqual({ title: "dirty-under-memalloc: dirtfs_evict_inode()" });
  await client.connection.sendNotification("evictscope/simulator/message", {
    panel: 1,
    message: { t: "ready", protocol: 1 },
  });
  const { verdict } = await came(1, "verdict");
  expect(verdict).toMatchObject({ verdict: "violated", invariant: "DIRT" });
  const { run } = await came(1, "run", (message) => (message.run as { kind: string }).kind === "counterexample");
  expect(JSON.stringify(run)).toContain(`"file":"${PATH}"`);
  messages.length = 0;
  await client.connection.sendNotification("textDocument/didChange", {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: `/* one line more */\n${text()}` }],
  });
  const after = await came(1, "run", (message) => (message.run as { kind: string }).kind === "counterexample");
  expect(JSON.stringify(after.run)).not.toEqual(JSON.stringify(run));
  expect(JSON.stringify(after.run)).toContain(`"line":${diagnostic.range.start.line + 2}`);
});

test("the table of designs is answered, and a cell opens its model", async () => {
  await openDirtfs();
  const root = client.status?.roots[0]?.root;
  const table = await client.connection.sendRequest<DesignTable>("evictscope/designs", {
    root,
    filesystem: "fs/dirtfs",
  });
  const cell = table.designs
    .find(({ id }) => id === "async-after-unhash")!
    .cells.find((each) => each.question === "lookup");
  expect(cell?.run).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
  expect(await open(2, { model: cell?.model })).toEqual({ title: cell?.model });
  await client.connection.sendNotification("evictscope/simulator/message", {
    panel: 2,
    message: { t: "ready", protocol: 1 },
  });
  expect((await came(2, "verdict")).verdict).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
  expect(await client.connection.sendRequest("evictscope/designs", { root, filesystem: "fs/none" })).toBeNull();
});
