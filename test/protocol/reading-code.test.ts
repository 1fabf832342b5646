/** What a reader asks of the code: hovers on statements, hints, hierarchies, symbols, methods of tables, tokens. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type {
  CallHierarchyIncomingCall,
  CallHierarchyItem,
  CallHierarchyOutgoingCall,
  DocumentSymbol,
  Hover,
  InlayHint,
  Location,
  SemanticTokens,
  WorkspaceSymbol,
} from "vscode-languageserver";
import { fixtureFolder } from "../support/fixture.ts";
import { repositoryRoot } from "../support/requirements.ts";
import { LanguageClient, uriOf } from "./support/language-client.ts";

const PROGRAM = join(repositoryRoot, "dist", "server", "main.js");

let tree = "";
let client: LanguageClient;

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), "evictscope-reading-"));
  cpSync(fixtureFolder("sample"), tree, { recursive: true });
  mkdirSync(join(tree, "Documentation/filesystems"), { recursive: true });
  writeFileSync(join(tree, "Documentation/filesystems/porting.rst"), "porting\n");
  client = await LanguageClient.start(PROGRAM, {
    folders: [tree],
    settings: { inlayHints: { enabled: true }, semanticHighlighting: { enabled: true } },
  });
  await open("fs/dirtfs/inode.c");
  await client.until("review", () => client.status?.roots.find((root) => root.phase === "ready"));
});
afterAll(async () => {
  await client.stop();
  rmSync(tree, { recursive: true, force: true });
});

const text = (path: string): string => readFileSync(join(tree, path), "utf8");
const open = (path: string): Promise<string> => client.open(join(tree, path), text(path));

/** Position of the n-th `needle`, moved right by `shift`. */
function positionOf(path: string, needle: string, shift = 0): { line: number; character: number } {
  const content = text(path);
  const at = content.indexOf(needle);
  if (at < 0) throw new Error(`${path} has no ${needle}`);
  const before = content.slice(0, at + shift).split("\n");
  return { line: before.length - 1, character: before[before.length - 1]!.length };
}

async function ask<T>(method: string, path: string, needle: string, shift = 0, more: object = {}): Promise<T> {
  return client.connection.sendRequest(method, {
    textDocument: { uri: uriOf(join(tree, path)) },
    position: positionOf(path, needle, shift),
    ...more,
  });
}

async function hover(path: string, needle: string, shift = 1): Promise<string> {
  const found = await ask<Hover | null>("textDocument/hover", path, needle, shift);
  return found === null ? "" : (found.contents as { value: string }).value;
}

test("a statement's hover says the state before and after, the contexts, the call's effects and the way here", async () => {
  const path = "fs/dirtfs/inode.c";
  const truncate = await hover(path, "truncate_inode_pages_final(&inode->i_data)");
  expect(truncate).toContain("State: **freeing** → **pages-gone**");
  expect(truncate).toContain(
    "kswapd, direct-reclaim, memcg-reclaim, PF_MEMALLOC set; iput from unlink, close or rename",
  );
  expect(truncate).toContain("`truncate_inode_pages_final()` empties the page cache");
  expect(truncate).toMatch(/Way here: \[kswapd\(\)\]\(file:.*mm\/vmscan\.c#L\d+\)/);
  const blocks = await hover(path, "dirtfs_truncate_blocks(inode); /*");
  expect(blocks).toContain("`dirtfs_truncate_blocks()` dirties");
  expect(blocks).toMatch(
    /mark_buffer_dirty\(\) dirties a buffer of the block device in \[dirtfs_clear_bit\(\)\]\(\S+balloc\.c#L\d+\), 3 calls down/,
  );
});

test("what is done without links alone is reached by way of the last iput(), as the findings there say", async () => {
  const path = "fs/jnlfs/inode.c";
  await open(path);
  const always = await hover(path, "truncate_inode_pages_final(&inode->i_data)");
  expect(always).toMatch(/Way here: \[kswapd\(\)\].*\[prune_icache_sb\(\)\]/);
  const unlinked = await hover(path, "jnlfs_journal_start(inode, 8); /* expect");
  expect(unlinked).toMatch(
    /Way here: \[kswapd\(\)\].*\[dentry_unlink_inode\(\)\].*\[iput\(\)\].*\[jnlfs_evict_inode\(\)\]/,
  );
  expect(unlinked).not.toContain("prune_icache_sb");
  // The condition stands in the caller.
  const below = await hover(path, "return jnlfs_mark_inode_dirty(handle, inode);\n}\n", 10);
  expect(below).toMatch(/Way here: .*\[dentry_unlink_inode\(\)\]/);
});

test("a helper's hover names the operation that reaches it, and where the walk did not go, the state of the call", async () => {
  const path = "fs/dirtfs/balloc.c";
  await open(path);
  const helper = await hover(path, "mark_buffer_dirty(");
  expect(helper).toContain("In eviction: reached from `dirtfs_evict_inode()`, evict_inode of fs/dirtfs");
  expect(helper).toMatch(/State: \*\*(pages-gone|cleared)/);
});

test("a guard that keeps reclaim away is said, and allocations have their flags", async () => {
  const guarded = "fs/guardfs/inode.c";
  await open(guarded);
  const deletion = await hover(guarded, "guardfs_delete(inode);");
  expect(deletion).toContain(
    "Contexts: iput from unlink, close or rename, umount, drop-caches (a guard keeps reclaim away)",
  );
  expect(deletion).toContain("never with PF_MEMALLOC set");
  const nofail = "fs/nofailfs/inode.c";
  await open(nofail);
  expect(await hover(nofail, "kmem_cache_alloc(")).toMatch(/allocates with `GFP_NOFS \| .*__GFP_NOFAIL`/);
});

test("generic code on the way into eviction says who comes by; what eviction does not reach says nothing", async () => {
  await open("fs/inode.c");
  const evict = await hover("fs/inode.c", "op->evict_inode(inode);", 6);
  expect(evict).toContain("lies on a way of this tree into eviction");
  expect(evict).toContain("kswapd");
  await open("fs/dcache.c");
  const kill = await hover("fs/dcache.c", "\tdentry_unlink_inode(dentry);", 2);
  expect(kill).toContain("`__dentry_kill()` lies on a way of this tree into eviction");
  expect(kill).toMatch(/Contexts: .*\bkswapd\b.*, PF_MEMALLOC set/);
  const path = "fs/dirtfs/super.c";
  await open(path);
  expect(await hover(path, "spin_lock_init(&sbi")).toBe("");
  expect(await hover(path, "register_filesystem(&")).toBe("");
});

test("a name links to the rules' pages, and to the kernel's documentation where the tree has it", async () => {
  const clear = await hover("fs/dirtfs/inode.c", "\tclear_inode(inode);", 3);
  expect(clear).toMatch(/\[missing-clear-inode\]\(\S+docs\/rules\/missing-clear-inode\.md\)/);
  expect(clear).toContain(
    `[Documentation/filesystems/porting.rst](${uriOf(join(tree, "Documentation/filesystems/porting.rst"))})`,
  );
  const gfp = await client.hover(await client.open(join(tree, "fs/zz.c"), "/* GFP_NOFS */\n"), 0, 4);
  expect(gfp === null ? "" : (gfp.contents as { value: string }).value).not.toContain("In this tree:");
});

test("inlay hints say who reaches a function and where the state changes", async () => {
  const hints = await client.connection.sendRequest<InlayHint[]>("textDocument/inlayHint", {
    textDocument: { uri: uriOf(join(tree, "fs/dirtfs/inode.c")) },
    range: { start: { line: 0, character: 0 }, end: { line: 200, character: 0 } },
  });
  const at = (needle: string): unknown =>
    hints.find((hint) => hint.position.line === positionOf("fs/dirtfs/inode.c", needle).line)?.label;
  expect(at("void dirtfs_evict_inode")).toBe("/* kswapd, direct-reclaim, +4 */");
  expect(at("truncate_inode_pages_final(")).toBe("/* pages-gone */");
  expect(at("\tclear_inode(inode)")).toBe("/* cleared */");
  expect(at("struct inode *dirtfs_iget")).toBeUndefined();
});

test("the call hierarchy goes up to kswapd and down through tables of methods", async () => {
  const path = "fs/dirtfs/inode.c";
  const [item] =
    (await ask<CallHierarchyItem[] | null>(
      "textDocument/prepareCallHierarchy",
      path,
      "dirtfs_truncate_blocks(struct",
      2,
    )) ?? [];
  expect(item?.name).toBe("dirtfs_truncate_blocks");
  const incoming = (from: CallHierarchyItem): Promise<CallHierarchyIncomingCall[]> =>
    client.connection.sendRequest("callHierarchy/incomingCalls", { item: from });
  const names: string[] = [];
  let seen = [item!];
  for (let level = 0; level < 20 && seen.length > 0; level++) {
    const next: CallHierarchyItem[] = [];
    for (const call of (await Promise.all(seen.map(incoming))).flat()) {
      if (names.includes(call.from.name)) continue;
      names.push(call.from.name);
      next.push(call.from);
      expect(call.fromRanges.length).toBeGreaterThan(0);
    }
    seen = next;
  }
  expect(names).toEqual(
    expect.arrayContaining(["dirtfs_evict_inode", "evict", "prune_icache_sb", "super_cache_scan", "kswapd"]),
  );
  // An unlinked inode's way.
  expect(names).toEqual(expect.arrayContaining(["iput", "dentry_unlink_inode", "prune_dcache_sb"]));

  const [evict] =
    (await ask<CallHierarchyItem[] | null>(
      "textDocument/prepareCallHierarchy",
      "fs/inode.c",
      "static void evict(struct",
      14,
    )) ?? [];
  const outgoing = await client.connection.sendRequest<CallHierarchyOutgoingCall[]>("callHierarchy/outgoingCalls", {
    item: evict,
  });
  expect(outgoing.map((call) => call.to.name)).toEqual(
    expect.arrayContaining(["dirtfs_evict_inode", "plainfs_evict_inode"]),
  );
  const method = outgoing.find((call) => call.to.name === "dirtfs_evict_inode");
  expect(method?.to.detail).toBe("evict_inode of fs/dirtfs");
  expect(method?.fromRanges[0]?.start.line).toBe(positionOf("fs/inode.c", "op->evict_inode(inode);").line);
});

test("an ops field's implementations are the filesystems' methods, its references the tables and calls", async () => {
  const implementations = await ask<Location[]>(
    "textDocument/implementation",
    "fs/inode.c",
    "op->evict_inode(inode);",
    6,
  );
  expect(implementations.map(({ uri }) => uri)).toEqual(
    expect.arrayContaining([uriOf(join(tree, "fs/dirtfs/inode.c")), uriOf(join(tree, "fs/plainfs/inode.c"))]),
  );
  const references = await ask<Location[]>("textDocument/references", "fs/inode.c", "op->evict_inode(inode);", 6, {
    context: { includeDeclaration: true },
  });
  const lines = references.map(({ uri, range }) => `${uri.slice(uriOf(tree).length + 1)}:${range.start.line}`);
  expect(lines).toContain(`fs/inode.c:${positionOf("fs/inode.c", "op->evict_inode(inode);").line}`);
  expect(lines).toContain(`fs/inode.c:${positionOf("fs/inode.c", "if (op->evict_inode) {").line}`);
  expect(lines).toContain(`fs/dirtfs/super.c:${positionOf("fs/dirtfs/super.c", ".evict_inode").line}`);
  // Only fields of tables are ours: the rest is clangd's.
  expect(await ask("textDocument/implementation", "fs/inode.c", "inode->i_state & I_FREEING", 8)).toBeNull();
});

test("symbols are eviction's entry points", async () => {
  const symbols = await client.connection.sendRequest<DocumentSymbol[]>("textDocument/documentSymbol", {
    textDocument: { uri: uriOf(join(tree, "fs/dirtfs/inode.c")) },
  });
  expect(symbols).toEqual([
    expect.objectContaining({ name: "dirtfs_evict_inode", detail: "eviction: evict_inode of fs/dirtfs" }),
  ]);
  const found = await client.connection.sendRequest<WorkspaceSymbol[]>("workspace/symbol", { query: "dirtfs evict" });
  expect(found.map(({ name }) => name)).toContain("dirtfs_evict_inode");
});

test("tokens mark eviction's own names, and nothing in comments", async () => {
  const { data } = await client.connection.sendRequest<SemanticTokens>("textDocument/semanticTokens/full", {
    textDocument: { uri: uriOf(join(tree, "fs/dirtfs/inode.c")) },
  });
  const lines = text("fs/dirtfs/inode.c").split("\n");
  const words: string[] = [];
  let line = 0;
  let character = 0;
  for (let i = 0; i < data.length; i += 5) {
    if (data[i]! > 0) character = 0;
    line += data[i]!;
    character += data[i + 1]!;
    words.push(lines[line]!.slice(character, character + data[i + 2]!));
  }
  expect(words).toEqual(expect.arrayContaining(["I_NEW", "mark_inode_dirty", "truncate_inode_pages_final", "i_nlink"]));
  expect(words).not.toContain("kfree");
  for (const word of words) expect(word).toMatch(/^\w+$/);
});

test("hints and tokens are off by default, and answer at once", async () => {
  // The wrong value's complaint says that the settings were read.
  client.settings = { maxFiles: "many" };
  await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: {} });
  await client.until("settings", () => (client.status?.problems.length === 1 ? true : undefined));
  const uri = uriOf(join(tree, "fs/dirtfs/inode.c"));
  expect(
    await client.connection.sendRequest("textDocument/inlayHint", {
      textDocument: { uri },
      range: { start: { line: 0, character: 0 }, end: { line: 200, character: 0 } },
    }),
  ).toEqual([]);
  expect(await client.connection.sendRequest("textDocument/semanticTokens/full", { textDocument: { uri } })).toEqual({
    data: [],
  });
});
