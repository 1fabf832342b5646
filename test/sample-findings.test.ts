/** The engine on the sample trees gives exactly the findings that stand there as markers, in both idioms. */
import { describe, expect, test } from "vitest";
import type { Finding, Review } from "../server/src/core/report/finding.ts";
import { chainProblems } from "./kernel/chains.ts";
import { type FixtureName, type FixtureTree, readFixtureTree } from "./support/fixture.ts";
import { compareWithMarkers, parseMarkers } from "./support/markers.ts";
import { reviewOf } from "./support/review.ts";

const NAMES: readonly FixtureName[] = ["sample", "sample-2026"];
const reviews = new Map<FixtureName, { tree: FixtureTree; review: Promise<Review> }>();

function reviewOfSample(name: FixtureName): { tree: FixtureTree; review: Promise<Review> } {
  let entry = reviews.get(name);
  if (entry === undefined) {
    const tree = readFixtureTree(name);
    entry = { tree, review: reviewOf(tree) };
    reviews.set(name, entry);
  }
  return entry;
}

describe.each(NAMES)("the review of test/fixtures/%s", (name) => {
  test("finds what the markers say, and nothing else", async () => {
    const { tree, review } = reviewOfSample(name);
    expect(compareWithMarkers((await review).findings, parseMarkers(tree))).toEqual([]);
  });

  test("has chains whose every edge stands in the source", async () => {
    const { tree, review } = reviewOfSample(name);
    expect((await review).findings.flatMap((finding) => chainProblems(finding, (path) => tree.get(path)))).toEqual([]);
  });

  test("suppresses the one finding that a comment allows", async () => {
    expect((await reviewOfSample(name).review).stats.suppressed).toBe(1);
  });

  test("says that kswapd, direct reclaim and memcg reclaim lead to what is dirtied in ->evict_inode", async () => {
    const { findings } = await reviewOfSample(name).review;
    const dirty = findings.filter(
      (finding) => finding.rule === "dirty-under-memalloc" && finding.filesystem === "fs/dirtfs",
    );
    expect(dirty.length).toBeGreaterThan(0);
    for (const finding of dirty) {
      expect(finding.contexts).toEqual(expect.arrayContaining(["kswapd", "direct-reclaim", "memcg-reclaim"]));
      expect(finding.conditions.join(" ")).toMatch(/i_nlink|want_delete/);
    }
  });

  test("names the file of a table outside of fs/*/ as its filesystem", async () => {
    const { findings, implementations } = await reviewOfSample(name).review;
    expect(findings.some((finding) => finding.filesystem === "ipc/postbox.c")).toBe(true);
    expect(implementations.some((entry) => entry.filesystem === "fs/plainfs")).toBe(true);
  });

  test("lists every method of every table, and the callers of remove_inode_hash()", async () => {
    const { tree, review } = reviewOfSample(name);
    const { implementations, unhashSites } = await review;
    const written = [...tree.entries()]
      .filter(([path]) => path.endsWith(".c"))
      .flatMap(([, text]) => [
        ...text.matchAll(
          /\.(?:evict_inode|evict_inode_async|destroy_inode|free_inode|drop_inode|dirty_inode)\s*= (\w+)/g,
        ),
      ])
      .map((match) => match[1]);
    expect(implementations.map((entry) => entry.function).sort()).toEqual(written.sort());
    expect([...new Set(unhashSites.map((site) => site.function))].sort()).toEqual([
      "earlyfs_evict_inode",
      "evict_inode_complete",
      "make_bad_inode",
      "puntfs_evict_inode_async",
      "remove_inode_hash",
    ]);
  });
});

test("both idioms give the same findings in the same functions", async () => {
  const summary = (findings: readonly Finding[]) =>
    findings
      .map(
        ({ rule, severity, filesystem, operation, function: fn }) =>
          `${rule} ${severity} ${filesystem} ${operation} ${fn}`,
      )
      .sort();
  const older = await reviewOfSample("sample").review;
  const newer = await reviewOfSample("sample-2026").review;
  expect(summary(newer.findings)).toEqual(summary(older.findings));
});
