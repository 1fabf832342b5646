/** Input as it comes: every kind of trouble is one clear line, and what is left is still reviewed. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Finding, Review } from "../../server/src/core/report/finding.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { buildOnce, COMMAND, evictscope, temporaryFolder } from "./run-evictscope.ts";
import { schemaProblems } from "./schemas.ts";

const SAMPLE = fixtureFolder("sample");
buildOnce();
const folder = temporaryFolder();
let sample: Review;
beforeAll(() => {
  sample = reviewOf(SAMPLE);
});

function reviewOf(tree: string): Review {
  const { status, stdout, stderr } = evictscope(["check", tree, "--format", "json"]);
  if (status !== 0 && status !== 1) throw new Error(`exit status ${status}: ${stderr}`);
  const review: Review = JSON.parse(stdout);
  expect(schemaProblems("check", review)).toEqual([]);
  return review;
}

/** A copy of the sample tree that a test may spoil. */
function copyOfSample(name: string): string {
  const copy = join(folder(), name);
  cpSync(SAMPLE, copy, { recursive: true });
  return copy;
}

function edit(tree: string, path: string, change: (text: string) => string): void {
  const file = join(tree, path);
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

const places = (findings: readonly Finding[]) =>
  findings.map(({ id, rule, file, line, column }) => `${id} ${rule} ${file}:${line}:${column}`);
const without = (findings: readonly Finding[], filesystem: string) =>
  places(findings.filter((finding) => finding.filesystem !== filesystem));

describe.each(["check", "survey"])("%s refuses in one line", (command) => {
  const refusal = (...args: string[]) => {
    const { status, stdout, stderr } = evictscope([command, ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    return stderr;
  };

  test("a tree that is missing", () => {
    expect(refusal(join(folder(), "missing"))).toMatch(/missing: no such file or folder/);
  });

  test("an empty folder, and one without a C file", () => {
    const empty = join(folder(), `empty-${command}`);
    mkdirSync(empty);
    expect(refusal(empty)).toMatch(/the folder is empty/);
    writeFileSync(join(empty, "README"), "nothing here\n");
    expect(refusal(empty)).toMatch(/no C files found/);
  });

  test("a file that is no C file", () => {
    expect(refusal(join(SAMPLE, "Makefile"))).toMatch(/neither a folder nor a C file/);
  });
});

test("check refuses a tree without a table, and paths of two trees", () => {
  const plain = join(folder(), "plain");
  mkdirSync(plain);
  writeFileSync(join(plain, "main.c"), "int main(void)\n{\n\treturn 0;\n}\n");
  expect(evictscope(["check", plain])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("is this a kernel tree?"),
  });
  const other = join(fixtureFolder("sample-2026"), "fs/dirtfs");
  expect(evictscope(["check", join(SAMPLE, "fs/dirtfs"), other])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("lies outside of the tree"),
  });
});

test("a folder that cannot be read is named, the rest is reviewed", () => {
  const tree = copyOfSample("unreadable");
  chmodSync(folder(), 0o755);
  chmodSync(join(tree, "fs/dirtfs"), 0);
  // Root may read everything: run as nobody.
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const run = (...args: string[]) => spawnSync(process.execPath, [COMMAND, ...args], { encoding: "utf8", ...identity });
  try {
    const { status, stdout } = run("check", tree, "--format", "json");
    expect(status).toBe(1);
    const review: Review = JSON.parse(stdout);
    expect(review.problems).toEqual([{ file: "fs/dirtfs", message: "unreadable folder: permission denied" }]);
    expect(places(review.findings)).toEqual(without(sample.findings, "fs/dirtfs"));
    expect(run("check", tree).stdout).toContain("fs/dirtfs: unreadable folder: permission denied");
    expect(run("survey", tree).stdout).toContain("fs/dirtfs: unreadable folder: permission denied");
    expect(run("check", join(tree, "fs/dirtfs"))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^evictscope: .*permission denied\n$/),
    });
  } finally {
    chmodSync(join(tree, "fs/dirtfs"), 0o755);
  }
});

test("loops of symbolic links end", () => {
  const tree = copyOfSample("loops");
  symlinkSync(tree, join(tree, "fs/dirtfs/up"));
  symlinkSync("self", join(tree, "fs/self"));
  const review = reviewOf(tree);
  expect(places(review.findings)).toEqual(places(sample.findings));
  expect(review.problems.map(({ file }) => file)).toEqual(["fs/self"]);
  expect(evictscope(["survey", tree]).status).toBe(0);
});

test("bytes that are not UTF-8 do not move a finding's line", () => {
  const tree = copyOfSample("latin1");
  const file = join(tree, "fs/dirtfs/inode.c");
  const text = readFileSync(file, "latin1").replace(
    "static int dirtfs_read_folio",
    "/* J\xf6rg \xff\xfe */static int dirtfs_read_folio",
  );
  writeFileSync(file, text, "latin1");
  expect(places(reviewOf(tree).findings)).toEqual(places(sample.findings));
});

test("CRLF line ends give the same findings in the same places", () => {
  const tree = copyOfSample("crlf");
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (!/\.[ch]$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("\n", "\r\n"));
  }
  expect(places(reviewOf(tree).findings)).toEqual(places(sample.findings));
});

test("a generated header of 30 MB is named and not read", () => {
  const tree = copyOfSample("huge");
  const line = "#define REG_FIELD_OF_A_GENERATED_HEADER 0x0000ffffL\n";
  writeFileSync(join(tree, "include/linux/registers.h"), line.repeat(Math.ceil(30e6 / line.length)));
  const user = join(tree, "fs/dirtfs/inode.c");
  writeFileSync(user, `${readFileSync(user, "utf8")}#include <linux/registers.h>\n`);
  const review = reviewOf(tree);
  expect(statSync(join(tree, "include/linux/registers.h")).size).toBeGreaterThan(30e6);
  expect(review.problems).toEqual([{ file: "include/linux/registers.h", message: "larger than 8 MiB: not read" }]);
  expect(places(review.findings)).toEqual(places(sample.findings));
});

test("a function that is cut off in the middle is named; other filesystems keep their findings", () => {
  const tree = copyOfSample("truncated");
  edit(tree, "fs/dirtfs/inode.c", (text) => text.slice(0, text.indexOf("invalidate_inode_buffers")));
  const review = reviewOf(tree);
  expect(review.problems).toEqual([
    { file: "fs/dirtfs/inode.c", message: "braces or a comment do not close: what stands after may be missed" },
  ]);
  expect(without(review.findings, "fs/dirtfs")).toEqual(without(sample.findings, "fs/dirtfs"));
  expect(evictscope(["survey", tree]).stdout).toContain("fs/dirtfs/inode.c: braces or a comment do not close");
});

test("a tree without mm/ is reviewed with reclaim assumed, and says so", () => {
  const tree = copyOfSample("no-mm");
  rmSync(join(tree, "mm"), { recursive: true });
  const { findings } = reviewOf(tree);
  const dirty = findings.filter(
    ({ rule, filesystem }) => rule === "dirty-under-memalloc" && filesystem === "fs/dirtfs",
  );
  expect(dirty).toHaveLength(3);
  for (const { contexts, severity } of dirty) {
    expect(contexts).toContain("assumed");
    expect(severity).toBe("error");
  }
  expect(evictscope(["check", tree]).stdout).toContain("reclaim is assumed");
});

test("a lone filesystem's folder is reviewed with reduced contexts, and says so", () => {
  mkdirSync(join(folder(), "lone/fs"), { recursive: true });
  const lone = join(folder(), "lone/fs/dirtfs");
  cpSync(join(SAMPLE, "fs/dirtfs"), lone, { recursive: true });
  const { findings, tree } = reviewOf(lone);
  expect(tree.root).toBe(join(folder(), "lone"));
  const dirty = findings.filter(({ rule }) => rule === "dirty-under-memalloc");
  expect(dirty.map(({ file }) => file)).toContain("fs/dirtfs/inode.c");
  for (const { contexts, filesystem } of dirty)
    expect({ contexts, filesystem }).toEqual({ contexts: ["assumed"], filesystem: "fs/dirtfs" });
  const { stdout } = evictscope(["check", lone]);
  expect(stdout).toContain("no kernel tree around this folder");
  expect(evictscope(["survey", lone]).stdout).toMatch(/fs\/dirtfs\s+super\.c:\d+\s+inode\.c:\d+/);
  // Out of tree: the folder's parent is not called fs.
  const module = join(folder(), "lone/dirtfs-module");
  renameSync(lone, module);
  const short = (list: readonly Finding[]) =>
    list.map(({ rule, line, file }) => `${rule} ${file.split("/").pop()}:${line}`);
  expect(short(reviewOf(module).findings)).toEqual(short(findings));
});

test("a bad evictscope.json is named with its entry, the review goes on", () => {
  const tree = copyOfSample("knowledge");
  writeFileSync(
    join(tree, "evictscope.json"),
    JSON.stringify({ functions: [{ names: ["ok_function"], inert: true }, { names: [1] }] }),
  );
  const review = reviewOf(tree);
  expect(review.problems).toEqual([
    { file: "evictscope.json", message: 'functions[1]: "names" must be an array of C identifiers' },
  ]);
  expect(places(review.findings)).toEqual(places(sample.findings));
});

test("an evictscope.json that is not JSON is named in one line, in JSON and in text", () => {
  const tree = copyOfSample("not-json");
  writeFileSync(join(tree, "evictscope.json"), '{\n  "functions": [\n  oops\n]}');
  const review = reviewOf(tree);
  expect(review.problems).toEqual([{ file: "evictscope.json", message: expect.stringMatching(/^not JSON: .+$/) }]);
  expect(review.problems[0]!.message).toContain("\\n  oops\\n");
  expect(places(review.findings)).toEqual(places(sample.findings));
  expect(evictscope(["check", tree]).stdout).toMatch(/^ *evictscope\.json: not JSON: .*oops.* is not valid JSON$/m);
});

test("what a command line or a file holds does not break the line of a refusal", () => {
  const model = join(folder(), "model\n.json");
  writeFileSync(model, '{\n  "threads": [\n  oops\n]}');
  const refusals = [
    ["check", "no\nsuch\u001b[31m", "--format", "json"],
    ["check", SAMPLE, "--format", "json", "-o", "no\nsuch/report.json"],
    ["simulate", model, "--format", "json"],
    ["simulate", "sync-evict-baseline", "--trace", "no\nsuch", "--format", "json"],
  ];
  for (const args of refusals) {
    const { status, stdout, stderr } = evictscope(args);
    expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: "" });
    expect(stderr).toMatch(/^evictscope: [^\p{Cc}]+\n$/u);
  }
});

test("a tree whose name is no word of a shell is one in the commands that are shown", () => {
  const tree = copyOfSample("it's a tree");
  const { stdout } = evictscope(["check", tree, "--filesystem", "fs/dirtfs"]);
  const command = /^ {2}evictscope (explain .*?) {3}/m.exec(stdout)![1]!;
  const { stdout: words } = spawnSync("sh", ["-c", `printf '%s\\n' ${command}`], { encoding: "utf8" });
  expect(words.trimEnd().split("\n")).toEqual(["explain", expect.stringMatching(/^[0-9a-f]{16}$/), tree]);
});
