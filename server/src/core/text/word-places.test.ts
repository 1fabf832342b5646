import { expect, test } from "vitest";
import { NameTable } from "./name-table.ts";
import { WordPlaces } from "./word-places.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function placesOf(words: readonly string[], text: string): number[] {
  const places = WordPlaces.make()!;
  places.learn(words.map(bytes));
  return [...places.find(bytes(text))!];
}

test("words are found where they begin, whole, and at any place of a step", () => {
  for (let before = 0; before < 40; before++) {
    const text = `${" ".repeat(before)}iput(iput2, _iput, xiput, iput_, IPUT);iput`;
    expect(placesOf(["iput"], text)).toEqual([before, text.length - 4]);
  }
});

test("words of any length are told apart by their first sixteen letters and by how many of these they have", () => {
  const long = "a".repeat(90);
  for (let length = 1; length <= 40; length++) {
    const word = long.slice(0, length);
    const text = `x ${word} ${long.slice(0, length + 1)} ${word.slice(1)}b ${word}`;
    const found = placesOf([word], text);
    expect(found).toContain(2);
    expect(found).toContain(text.length - length);
    if (length < 16) expect(found).toHaveLength(2);
  }
});

test("what another text has left behind is no word of this one", () => {
  const places = WordPlaces.make()!;
  places.learn([bytes("evict"), bytes("evict_inode")]);
  expect([...places.find(bytes("(evict_inode)"))!]).toEqual([1]);
  expect([...places.find(bytes("(evict"))!]).toEqual([1]);
  expect([...places.find(bytes("(evic"))!]).toEqual([]);
  places.learn([bytes("iput")]);
  expect([...places.find(bytes("(evict iput"))!]).toEqual([7]);
});

test("bytes beyond ASCII are no letters, and a text that is too long is refused", () => {
  expect(placesOf(["ext4"], "éext4é ext4")).toEqual([2, 9]);
  expect(WordPlaces.make()!.find(new Uint8Array((1 << 20) + 1))).toBeNull();
});

test("names are marked as a walk of all letters marks them", () => {
  const table = new NameTable();
  const words = Array.from({ length: 400 }, (_, i) => `${i % 3 === 0 ? "ext4_" : "_"}${(i * 7919).toString(36)}`);
  const ids = words.map((word) => table.internString(word));
  const sieve = table.sieve(ids.filter((_, i) => i % 2 === 0));
  const text = `/* ${words[0]} */ 12${words[2]} ${words.filter((_, i) => i % 5 === 0).join("(")}; ${"x".repeat(30)}\n`;
  const marks = new Uint8Array(64);
  table.mark(bytes(text), marks, sieve);
  const isMarked = (id: number): boolean => (marks[id >> 3]! & (1 << (id & 7))) !== 0;
  for (const [i, id] of ids.entries())
    if (table.isLetThrough(id, sieve)) expect(isMarked(id), words[i]).toBe(i % 5 === 0);
  // A text that is too long for vectors says the same.
  const again = new Uint8Array(64);
  table.mark(bytes(text + " ".repeat(1 << 20)), again, sieve);
  expect(ids.filter((id) => table.isLetThrough(id, sieve) && isMarked(id))).toEqual(
    ids.filter((id) => table.isLetThrough(id, sieve) && (again[id >> 3]! & (1 << (id & 7))) !== 0),
  );
});
