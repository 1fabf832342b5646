import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DiskShards, openShards } from "./disk-shards.ts";

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evictscope-shards-"));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(maxBytes = 1 << 20, at = join(folder, "deep", "shards")): DiskShards {
  return openShards(at, { maxBytes, log: (line) => lines.push(line) });
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const inFolder = (): string[] => readdirSync(join(folder, "deep", "shards"));

test("gives back what was put, to whoever opens the folder next", () => {
  expect(open().get("a")).toBeNull();
  expect(open().put("a", bytes("one"))).toBe(true);
  expect(open().put("b", bytes(""))).toBe(true);
  expect(open().put("a", bytes("two"))).toBe(true);
  expect([...open().get("a")!]).toEqual([...bytes("two")]);
  expect(open().get("b")?.length).toBe(0);
  expect(inFolder()).toHaveLength(2);
  open().clear();
  expect(open().get("a")).toBeNull();
  expect(inFolder()).toEqual([]);
  expect(lines).toEqual([]);
});

test.each([
  ["cut short", (file: Buffer) => file.subarray(0, file.length - 1)],
  ["empty", () => Buffer.alloc(0)],
  ["of another format", (file: Buffer) => Buffer.concat([Buffer.from("EVSHARD0"), file.subarray(8)])],
  ["with one byte changed", (file: Buffer) => Buffer.concat([file.subarray(0, file.length - 1), Buffer.from("x")])],
])("a shard %s is removed with one line", (_, damage) => {
  open().put("key", bytes("content"));
  const path = join(folder, "deep", "shards", inFolder()[0]!);
  writeFileSync(path, damage(readFileSync(path)));
  expect(open().get("key")).toBeNull();
  expect(open().get("key")).toBeNull();
  expect(lines).toEqual([`cache: ${path} is damaged, removed`]);
  expect(open().put("key", bytes("again"))).toBe(true);
  expect([...open().get("key")!]).toEqual([...bytes("again")]);
});

test("those that were used longest ago go first, and what a killed run left", () => {
  const shards = open(3 * 140);
  const at = join(folder, "deep", "shards");
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "0123.tmp"), "half");
  writeFileSync(join(at, "4567.tmp"), "of a run that goes on");
  writeFileSync(join(at, "notes.txt"), "not ours");
  utimesSync(join(at, "0123.tmp"), 1, 1);
  const content = bytes("x".repeat(100));
  for (const [i, key] of ["a", "b", "c"].entries()) {
    const before = new Set(readdirSync(at));
    shards.put(key, content);
    const made = readdirSync(at).find((name) => name.endsWith(".shard") && !before.has(name))!;
    utimesSync(join(at, made), 1000 + i, 1000 + i);
  }
  // Used again: now "b" is the oldest.
  shards.get("a");
  shards.put("d", content);
  expect(["a", "b", "c", "d"].filter((key) => shards.get(key) !== null)).toEqual(["a", "c", "d"]);
  expect(inFolder().filter((name) => !name.endsWith(".shard"))).toEqual(["4567.tmp", "notes.txt"]);
});

test("where nothing can be written it says so and goes on", () => {
  writeFileSync(join(folder, "file"), "");
  const shards = open(1 << 20, join(folder, "file", "shards"));
  expect(shards.put("a", bytes("one"))).toBe(false);
  expect(shards.get("a")).toBeNull();
  shards.clear();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^cache: not written: /);
});
