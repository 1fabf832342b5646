/** Where a drive takes names in any case: one file in two spellings is one file, under the spelling of whoever asked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, test } from "vitest";
import { LanguageClient, uriOf } from "./support/language-client.ts";
import { buildMarkerServer } from "./support/marker-program.ts";

let program = "";
let home = "";
let client: LanguageClient;

beforeAll(async () => {
  program = await buildMarkerServer();
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "evictscope-names-"));
  for (const folder of ["linux/fs/x", "linux/include/linux"]) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, "linux/fs/x/inode.c"), "MARK\n");
  writeFileSync(join(home, "linux/fs/x/super.c"), "MARK\n");
});
afterEach(async () => {
  await client.stop();
  rmSync(home, { recursive: true, force: true });
});

async function start(folder: string): Promise<void> {
  client = await LanguageClient.start(program, { folders: [join(home, folder)], environment: { FOLD: "1" } });
}

/** URI -> number of findings, of what is shown last. */
function shown(): Record<string, number> {
  const last = new Map(client.published.map(({ uri, diagnostics }) => [uri, diagnostics.length]));
  return Object.fromEntries([...last].filter(([, count]) => count > 0));
}

const showsOnly = (wanted: Record<string, number>): Promise<true> =>
  client.until(JSON.stringify(wanted), () => {
    const now = shown();
    const same = Object.keys(now).length === Object.keys(wanted).length;
    return (same && Object.entries(wanted).every(([uri, count]) => now[uri] === count)) || undefined;
  });

test("a document in another spelling is the tree's file: its text counts, and its findings come under its spelling", async () => {
  await start("linux");
  const uri = await client.open(join(home, "linux/FS/x/INODE.c"), "MARK\nMARK\n");
  await client.diagnostics(uri, ({ diagnostics }) => diagnostics.length === 2);
  await showsOnly({ [uri]: 2, [uriOf(join(home, "linux/fs/x/super.c"))]: 1 });
  const version = await client.change(uri, { text: "nothing\n" });
  await client.diagnostics(uri, ({ diagnostics, version: of }) => diagnostics.length === 0 && of === version);
  await showsOnly({ [uriOf(join(home, "linux/fs/x/super.c"))]: 1 });
  // Closed, it is what the disk has, under the disk's name.
  await client.close(uri);
  await client.diagnostics(uriOf(join(home, "linux/fs/x/inode.c")), ({ diagnostics }) => diagnostics.length === 1);
});

test("a folder that is opened in another spelling keeps it", async () => {
  await start("LINUX");
  const uri = await client.open(join(home, "linux/fs/x/inode.c"), "MARK\n");
  await client.diagnostics(uri, ({ diagnostics }) => diagnostics.length === 1);
  await showsOnly({ [uri]: 1, [uriOf(join(home, "LINUX/fs/x/super.c"))]: 1 });
});
