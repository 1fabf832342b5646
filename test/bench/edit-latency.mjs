#!/usr/bin/env node
/**
 * From a key to its diagnostics: the built server over stdio, with a whole kernel tree indexed, while fs/ext4/inode.c and a
 * helper in another file are edited.
 *
 *   node test/bench/edit-latency.mjs TREE [--edits 220] [--pause 150]
 *
 * Each edit is sent as a client sends it (textDocument/didChange), its clock stops at the first publishDiagnostics for that
 * document with the edit's version, and the next edit follows after a pause, as from somebody who types steadily. Prints
 * p50, p95 and the slowest, for all edits and for each kind, and the mean CPU time of the server's process, what follows in
 * the pause included: wall time means little on a busy machine. Nothing is asserted.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const { createMessageConnection, StreamMessageReader, StreamMessageWriter } = createRequire(import.meta.url)(
  "vscode-jsonrpc/node",
);

const [tree, ...rest] = process.argv.slice(2);
const option = (name, fallback) => {
  const at = rest.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(rest[at + 1]);
};
const program = join(repository, "dist/server/main.js");
if (tree === undefined || !existsSync(join(tree, "fs/ext4/inode.c")) || !existsSync(program)) {
  process.stderr.write("usage: edit-latency.mjs TREE [--edits N] [--pause MS] (after npm run build)\n");
  process.exit(2);
}
const edits = option("edits", 220);
const pause = option("pause", 150);
const root = resolve(tree);

/** A document as an editor holds it. */
function open(path) {
  return { uri: pathToFileURL(join(root, path)).href, text: readFileSync(join(root, path), "utf8"), version: 1 };
}

function positionAt(text, offset) {
  const before = text.slice(0, offset);
  const line = before.split("\n").length - 1;
  return { line, character: offset - (before.lastIndexOf("\n") + 1) };
}

function offsetAfter(text, ...words) {
  let at = 0;
  for (const word of words) {
    at = text.indexOf(word, at);
    if (at < 0) throw new Error(`${word} is not in this tree's file`);
    at += word.length;
  }
  return at;
}

/** What is typed: [kind, document, offset, characters removed, text inserted], without end. */
function* script(inode, helper) {
  const after = (document, ...words) => offsetAfter(document.text, ...words) + 1;
  for (;;) {
    // A statement typed letter by letter into ->evict_inode, and taken out again.
    const typed = "\tif (inode->i_nlink)\n\t\tmark_inode_dirty(inode);\n";
    const start = after(inode, "void ext4_evict_inode(", "trace_ext4_evict_inode(inode);");
    for (let i = 0; i < typed.length; i++) yield ["typing in ext4_evict_inode()", inode, start + i, 0, typed[i]];
    yield ["deleting", inode, start, typed.length, ""];
    // Dirtying after an unhash.
    const unhash = "\tremove_inode_hash(inode);\n";
    const dirty = "\tmark_inode_dirty(inode);\n";
    yield ["adding remove_inode_hash()", inode, start, 0, unhash];
    for (let i = 0; i < 4; i++) {
      yield ["adding mark_inode_dirty()", inode, start + unhash.length, 0, dirty];
      yield ["removing mark_inode_dirty()", inode, start + unhash.length, dirty.length, ""];
    }
    yield ["removing remove_inode_hash()", inode, start, unhash.length, ""];
    // A comment.
    const comment = "/* orphans first */";
    for (let i = 0; i < comment.length; i++) yield ["typing a comment", inode, start + i, 0, comment[i]];
    yield ["deleting", inode, start, comment.length, ""];
    // A function that eviction does not reach.
    const elsewhere = after(inode, "static int ext4_da_reserve_space(", "{");
    const call = "\tcond_resched();\n";
    for (let i = 0; i < call.length; i++) yield ["typing elsewhere in inode.c", inode, elsewhere + i, 0, call[i]];
    yield ["deleting", inode, elsewhere, call.length, ""];
    // Inside functions that eviction reaches: a condition letter by letter, white space, another name for a variable.
    for (const name of ["int ext4_truncate(", "int __ext4_mark_inode_dirty(", "static int ext4_do_update_inode("]) {
      const inside = offsetAfter(inode.text, name, "\n\n");
      const condition = "\tif (!inode)\n\t\treturn -EIO;\n";
      for (let i = 0; i < condition.length; i++) yield ["typing in callees", inode, inside + i, 0, condition[i]];
      yield ["deleting", inode, inside, condition.length, ""];
      for (const blank of ["\n", "\t"]) {
        yield ["white space in callees", inode, inside, 0, blank];
        yield ["white space in callees", inode, inside, 1, ""];
      }
    }
    const declared = offsetAfter(inode.text, "int __ext4_mark_inode_dirty(", "struct ext4_iloc ");
    const end = inode.text.indexOf("\n}\n", declared);
    const body = inode.text.slice(declared, end);
    yield ["renaming a variable", inode, declared, body.length, body.replaceAll(/\biloc\b/g, "where")];
    yield ["renaming a variable", inode, declared, body.replaceAll(/\biloc\b/g, "where").length, body];
    // A function comes, is called, and goes.
    const extra = "static void note_eviction(struct inode *inode)\n{\n\tmark_inode_dirty(inode);\n}\n\n";
    const before = inode.text.lastIndexOf("\n\n", inode.text.indexOf("void ext4_evict_inode(")) + 2;
    yield ["adding a function", inode, before, 0, extra];
    const called = start + extra.length;
    const use = "\tnote_eviction(inode);\n";
    yield ["calling it", inode, called, 0, use];
    yield ["calling it no more", inode, called, use.length, ""];
    yield ["removing a function", inode, before, extra.length, ""];
    // A line above everything: all findings move.
    yield ["a line at the top", inode, 0, 0, "\n"];
    yield ["a line at the top", inode, 0, 1, ""];
    // A helper in another file.
    const inHelper = after(helper, "void ext4_free_inode(", "{");
    for (let i = 0; i < 4; i++) {
      yield ["a helper in ialloc.c", helper, inHelper, 0, dirty];
      yield ["a helper in ialloc.c", helper, inHelper, dirty.length, ""];
    }
  }
}

function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  // User and system, in clock ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

// Without what an earlier run kept: the first diagnostics would come before the index.
const cache = mkdtempSync(join(tmpdir(), "evictscope-bench-"));
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));
const server = spawn(process.execPath, [program, "--stdio"], {
  stdio: ["pipe", "pipe", "inherit"],
  env: { ...process.env, XDG_CACHE_HOME: cache },
});
const connection = createMessageConnection(
  new StreamMessageReader(server.stdout),
  new StreamMessageWriter(server.stdin),
);
let heard = () => {};
connection.onNotification("textDocument/publishDiagnostics", (params) => heard(params));
connection.onRequest("workspace/configuration", ({ items }) => items.map(() => null));
connection.onRequest("client/registerCapability", () => null);
connection.onRequest("window/workDoneProgress/create", () => null);
connection.onRequest("workspace/codeLens/refresh", () => null);
connection.listen();

const folder = { uri: pathToFileURL(root).href, name: "linux" };
await connection.sendRequest("initialize", {
  processId: process.pid,
  rootUri: folder.uri,
  workspaceFolders: [folder],
  capabilities: {
    workspace: { workspaceFolders: true },
    textDocument: { publishDiagnostics: { versionSupport: true } },
  },
});
await connection.sendNotification("initialized", {});

/** Waits for diagnostics of this document's present version. */
const published = (document) =>
  new Promise((resolve) => {
    heard = ({ uri, version }) => {
      if (uri === document.uri && version === document.version) resolve();
    };
  });

const inode = open("fs/ext4/inode.c");
const helper = open("fs/ext4/ialloc.c");
const opened = Date.now();
const ready = published(inode);
for (const { uri, text, version } of [inode, helper])
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "c", version, text },
  });
await ready;
process.stdout.write(`indexed in ${((Date.now() - opened) / 1000).toFixed(1)} s\n`);
await new Promise((done) => setTimeout(done, 3000));

const samples = [];
let cpuBefore = cpuOf(server.pid);
const keys = script(inode, helper);
for (let i = 0; i < edits; i++) {
  const [kind, document, offset, removed, inserted] = keys.next().value;
  const range = {
    start: positionAt(document.text, offset),
    end: positionAt(document.text, offset + removed),
  };
  document.text = document.text.slice(0, offset) + inserted + document.text.slice(offset + removed);
  document.version++;
  // What a helper does is found in its caller: the finding in inode.c changes.
  const answer = published(document === helper ? inode : document);
  const from = performance.now();
  await connection.sendNotification("textDocument/didChange", {
    textDocument: { uri: document.uri, version: document.version },
    contentChanges: [{ range, text: inserted }],
  });
  await answer;
  const time = performance.now() - from;
  await new Promise((done) => setTimeout(done, pause));
  const cpu = cpuOf(server.pid);
  samples.push({ kind, time, cpu: cpu - cpuBefore });
  cpuBefore = cpu;
}
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
function line(name, list) {
  const sorted = list.map(({ time }) => time).sort((a, b) => a - b);
  const [p50, p95, max] = [quantile(sorted, 0.5), quantile(sorted, 0.95), sorted[sorted.length - 1]];
  const cpu = list.reduce((sum, each) => sum + each.cpu, 0) / list.length;
  const figures = [p50, p95, max, cpu].map((value) => value.toFixed(1).padStart(8)).join("");
  process.stdout.write(`${name.padEnd(34)}${String(list.length).padStart(6)}${figures}\n`);
}
process.stdout.write(
  `${"milliseconds".padEnd(34)}${"edits".padStart(6)}${"p50".padStart(8)}${"p95".padStart(8)}${"max".padStart(8)}${"cpu".padStart(8)}\n`,
);
line("all", samples);
for (const kind of new Set(samples.map((each) => each.kind)))
  line(
    kind,
    samples.filter((each) => each.kind === kind),
  );
process.stdout.write(`load ${loadavg()[0].toFixed(1)}\n`);
await connection.sendRequest("shutdown");
await connection.sendNotification("exit");
connection.dispose();
