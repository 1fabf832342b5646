import { describe, expect, test } from "vitest";
import { WordSearch } from "./word-search.ts";

const WORDS = ["super_operations", "evict_inode"];
const search = new WordSearch(WORDS);

/** As a file that was read into the search's room. */
function inRoom(text: string, behind = ""): Uint8Array {
  const { room } = search;
  if (room === null) throw new Error("no vectors in this host");
  room.fill(0);
  new TextEncoder().encodeInto(text + behind, room);
  return Buffer.from(room.buffer as ArrayBuffer, room.byteOffset, text.length);
}

describe("a search for several words", () => {
  test("finds each of them wherever it stands", () => {
    for (const word of WORDS)
      for (let before = 0; before < 40; before++)
        expect(search.holdsOne(inRoom(`${".".repeat(before)}${word}`))).toBe(true);
  });

  test("takes no part of one for it", () => {
    for (const word of WORDS)
      for (let length = 0; length < word.length; length++) {
        expect(search.holdsOne(inRoom(`static ${word.slice(0, length)} device`))).toBe(false);
        expect(search.holdsOne(inRoom(word.slice(length + 1)))).toBe(false);
      }
  });

  test("does not look behind the end", () => {
    expect(search.holdsOne(inRoom("struct super_op", "erations"))).toBe(false);
    expect(search.holdsOne(inRoom("", "evict_inode"))).toBe(false);
  });

  test("takes bytes from elsewhere, too", () => {
    expect(search.holdsOne(Buffer.from("x evict_inode"))).toBe(true);
    expect(search.holdsOne(new Uint8Array(100))).toBe(false);
    const large = Buffer.alloc(3 << 20);
    expect(search.holdsOne(large)).toBe(false);
    large.write("evict_inode", large.length - 11);
    expect(search.holdsOne(large)).toBe(true);
  });

  test("finds short words", () => {
    const short = new WordSearch(["ihold(", "__iget("]);
    for (const text of ["ihold(", "x__iget(", `${" ".repeat(30)}ihold(inode);`])
      expect(short.holdsOne(Buffer.from(text))).toBe(true);
    for (const text of ["ihold", "ihold (", "iget(", "_iget(", ""])
      expect(short.holdsOne(Buffer.from(text))).toBe(false);
  });
});
