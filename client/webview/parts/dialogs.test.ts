import { describe, expect, test } from "vitest";
import type { CatalogueItem } from "../../../server/src/protocol/simulator-view.ts";
import { searchCatalogue } from "./dialogs.ts";
import { SHORTCUTS } from "./shortcuts.ts";

function item(id: string, title: string, words: string, breaks: readonly string[]): CatalogueItem {
  return { id, title, kind: "deadlock", words, threads: 2, expected: breaks.length > 0 ? "violated" : "holds", breaks };
}

const ITEMS = [
  item("gfs2-glock-vs-freeing", "Lock order inversion", "Fixed in 2.6.39", ["PROG"]),
  item("sync-evict-baseline", "Synchronous eviction", "gfs2 is not special here", []),
  item("freeing-wait-lost-wakeup-rcu", "Lookup sleeps too late", "6.11-rc1", ["WAKE"]),
];
const ids = (query: string) => searchCatalogue(ITEMS, query).map(({ id }) => id);

describe("searchCatalogue", () => {
  test("finds in every field, each word somewhere, ids first", () => {
    expect(ids("gfs2")).toEqual(["gfs2-glock-vs-freeing", "sync-evict-baseline"]);
    expect(ids("GFS2 2.6.39")).toEqual(["gfs2-glock-vs-freeing"]);
    expect(ids("wake")).toEqual(["freeing-wait-lost-wakeup-rcu"]);
    expect(ids("deadlock")).toHaveLength(3);
    expect(ids("gfs2 nothing")).toEqual([]);
    expect(ids("  ")).toHaveLength(3);
  });
});

test("no key has two meanings", () => {
  const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
});
