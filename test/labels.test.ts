/** The score itself: which cells count, and how. */
import { describe, expect, test } from "vitest";
import { isAmbiguous, type LabelledReview, precisionOf, recallOf, scoreLabels } from "../scripts/labels.mjs";

const label = (rules: Record<string, object>) => ({
  fs: "foo",
  dir: "fs/foo",
  table: { name: "foo_sops" },
  rules: rules as never,
});
const finding = (rule: string, staticSeverity: string, table = "foo_sops") => ({
  rule,
  staticSeverity,
  filesystem: "fs/foo",
  table,
  contexts: ["kswapd"],
});
const review = (...findings: object[]) => ({ findings }) as unknown as LabelledReview;

test("cells that no one is sure of are ambiguous", () => {
  expect(isAmbiguous({ verdict: "yes" })).toBe(false);
  expect(isAmbiguous({ verdict: "yes", confidence: "high" })).toBe(false);
  expect(isAmbiguous({ verdict: "yes", confidence: "medium" })).toBe(true);
  expect(isAmbiguous({ verdict: "no", static_chain: [] } as never)).toBe(true);
});

describe("scoreLabels", () => {
  test("counts found and missed cells, and leaves ambiguous ones out", () => {
    const labels = [
      label({
        "dirty-under-memalloc": { verdict: "yes" },
        "iput-under-evict": { verdict: "no" },
        "lookup-under-evict": { verdict: "yes" },
        "missing-clear-inode": { verdict: "no" },
        "deferred-work": { verdict: "no", ambiguous: true },
      }),
    ];
    const { overall } = scoreLabels(
      review(
        finding("dirty-under-memalloc", "error"),
        finding("iput-under-evict", "warning"),
        finding("deferred-work", "hint"),
      ),
      labels,
    );
    expect(overall).toEqual({ truePositive: 1, falsePositive: 1, falseNegative: 1, trueNegative: 1, ambiguous: 1 });
    expect(precisionOf(overall)).toBe(0.5);
    expect(recallOf(overall)).toBe(0.5);
  });

  test("a hint counts for deferred-work alone, and another table's finding not at all", () => {
    const labels = [label({ "deferred-work": { verdict: "yes" }, "work-after-unhash": { verdict: "no" } })];
    const hints = review(finding("deferred-work", "hint"), finding("work-after-unhash", "hint"));
    expect(scoreLabels(hints, labels).overall).toMatchObject({ truePositive: 1, trueNegative: 1 });
    const other = review(finding("deferred-work", "hint", "bar_sops"));
    expect(scoreLabels(other, labels).overall).toMatchObject({ falseNegative: 1 });
  });

  test("a benign missing truncation counts as none", () => {
    const labels = [label({ "missing-truncate-pages": { verdict: "yes", benign: true } })];
    expect(scoreLabels(review(), labels).overall).toMatchObject({ trueNegative: 1 });
  });
});
