/** An older tree works without settings: the survey is complete, chains stand in the source, reclaim is found. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Review } from "../../server/src/core/report/finding.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { reviewOf } from "../support/review.ts";
import { chainProblems } from "./chains.ts";

describeWith(["kernel-6.1", "rg"], "Linux 6.1", () => {
  let review: Review;

  beforeAll(async () => {
    review = await reviewOf(pathOf("kernel-6.1"));
  }, 600_000);

  test("the survey has every function that ripgrep sees in an initialiser", () => {
    const args =
      "-oN --no-filename --no-ignore -r $1 -g *.c \\.evict_inode\\s*=\\s*(\\w+) fs mm ipc drivers arch block security";
    const seen = spawnSync(pathOf("rg"), args.split(" "), { cwd: pathOf("kernel-6.1"), encoding: "utf8" }).stdout;
    const functions = review.implementations
      .filter((entry) => entry.operation === "evict_inode")
      .map((entry) => entry.function);
    const expected = [...new Set(seen.split("\n").filter(Boolean))].sort();
    expect(expected.length).toBeGreaterThan(40);
    expect([...new Set(functions)].sort()).toEqual(expected);
  });

  test("every edge of every chain stands in the source", () => {
    const read = (path: string) => {
      try {
        return readFileSync(join(pathOf("kernel-6.1"), path), "utf8");
      } catch {
        return null;
      }
    };
    expect(review.findings.flatMap((finding) => chainProblems(finding, read))).toEqual([]);
  });

  test("contexts come from the tree's own reclaim, none is assumed", () => {
    const reclaim = review.findings.filter((finding) => finding.rule.endsWith("-under-memalloc"));
    expect(reclaim.length).toBeGreaterThan(50);
    expect(reclaim.filter((finding) => finding.contexts.includes("assumed"))).toEqual([]);
    expect(reclaim.filter((finding) => !finding.contexts.includes("kswapd"))).toEqual([]);
  });

  test("the version is the tree's", () => {
    expect(review.tree.kernelVersion).toMatch(/^6\.1\b/);
  });
});
