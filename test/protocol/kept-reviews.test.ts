/** A server that is started again: what an unchanged tree's last review found is shown before the tree is indexed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLEAR_CACHE_REQUEST } from "../../server/src/protocol/messages.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");
const TREE = fixtureFolder("sample");
const FILE = join(TREE, "fs/dirtfs/inode.c");
const KEPT = /nothing has changed in .* since it was last reviewed/;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "evictscope-kept-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (): Promise<LanguageClient> =>
  LanguageClient.start(PROGRAM, { folders: [TREE], initializationOptions: { cacheFolder: folder } });

function kept(): string[] {
  try {
    // Not what is still being written, nor the outcomes of simulations beside them.
    return readdirSync(join(folder, "reviews")).filter((name) => name.endsWith(".shard"));
  } catch {
    return [];
  }
}

/** Waits for something on disk, of which no message tells. */
async function untilOnDisk(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 50));
}

const isReady = (client: LanguageClient): true | undefined => client.status?.roots[0]?.phase === "ready" || undefined;

test("it is shown at once, is the same, and follows edits; Clear Cache removes it", { timeout: 120_000 }, async () => {
  const text = readFileSync(FILE, "utf8");
  const first = await start();
  const uri = await first.open(FILE, text);
  const cold = await first.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  expect(first.log.some((line) => KEPT.test(line))).toBe(false);
  await untilOnDisk(() => kept().length > 0);
  await first.stop();

  const second = await start();
  await second.open(FILE, text);
  const warm = await second.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  expect(second.log.some((line) => KEPT.test(line))).toBe(true);
  const shown = ({ diagnostics }: typeof warm) => diagnostics.map(({ data: _, ...rest }) => rest);
  expect(shown(warm)).toEqual(shown(cold));
  await second.until("the index", () => isReady(second));
  expect(second.published.filter((params) => params.uri === uri)).toHaveLength(1);
  const version = await second.change(uri, { text: `\n${text}` });
  const edited = await second.diagnostics(uri, (params) => params.version === version);
  const lineOf = ({ diagnostics }: typeof warm) => diagnostics[0]!.range.start.line;
  expect(lineOf(edited)).toBe(lineOf(warm) + 1);
  await second.connection.sendRequest(CLEAR_CACHE_REQUEST);
  expect(kept()).toEqual([]);
  await second.stop();
});

test("an unsaved text that differs from the file's is not given the file's diagnostics", {
  timeout: 120_000,
}, async () => {
  const text = readFileSync(FILE, "utf8");
  const first = await start();
  const uri = await first.open(FILE, text);
  await first.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  await untilOnDisk(() => kept().length > 0);
  await first.stop();
  const second = await start();
  await second.open(FILE, `\n\n${text}`);
  await second.until("the index", () => isReady(second));
  expect(second.log.some((line) => KEPT.test(line))).toBe(true);
  const lines = (client: LanguageClient) =>
    client.published.filter((params) => params.uri === uri).map(({ diagnostics }) => diagnostics[0]?.range.start.line);
  expect(lines(second)).toEqual([lines(first)[0]! + 2]);
  await second.stop();
});

test("what is damaged is removed with one line, and the tree is reviewed", { timeout: 120_000 }, async () => {
  await untilOnDisk(() => kept().length > 0);
  const path = join(folder, "reviews", kept()[0]!);
  writeFileSync(path, readFileSync(path).subarray(0, 3000));
  utimesSync(path, 1, 1);
  const client = await start();
  const uri = await client.open(FILE, readFileSync(FILE, "utf8"));
  await client.diagnostics(uri, ({ diagnostics }) => diagnostics.length > 0);
  expect(client.log.filter((line) => /damaged/.test(line))).toEqual([`cache: ${path} is damaged, removed`]);
  await client.stop();
});
