/** The eviction protocol of Linux 6.1: it holds as shipped, and each fix that is taken out is missed by its invariant. */
import { expect, test } from "vitest";
import { describeWith, pathOf } from "../support/requirements.ts";
import { mutatedFiles, named, type ProtocolMutation, summary } from "./bench.ts";
import { ALL_MUTATIONS, protocolBench } from "./protocol-bench.ts";
import { MUTATIONS_OF_6_1 } from "./protocol-mutations-6-1.ts";

const { treeOf, exploreAll, expectFound, expectSilence } = protocolBench;

describeWith("kernel-6.1", "Linux 6.1's eviction protocol", () => {
  test("holds in every standard scenario", async () => {
    const explored = [...exploreAll(await treeOf(pathOf("kernel-6.1")))];
    expect(explored.filter(({ outcome }) => outcome.verdict !== "holds").map(summary)).toEqual([]);
    expect(explored.length).toBeGreaterThanOrEqual(10);
  }, 300_000);
});

describeWith("kernel-6.1", "Linux 6.1 with a fix taken out", () => {
  /** Whether this kernel has the text that is edited. */
  const fits = (mutation: ProtocolMutation): boolean => {
    try {
      mutatedFiles(pathOf("kernel-6.1"), mutation.edits);
      return true;
    } catch {
      return false;
    }
  };
  const same = ALL_MUTATIONS.filter(fits);

  test("most of them have the same text there", () => {
    expect(same.length).toBeGreaterThanOrEqual(120);
  });

  test.each(named([...same.filter((each) => each.in61 === undefined), ...MUTATIONS_OF_6_1]))(
    "%s",
    (_, mutation) => expectFound(pathOf("kernel-6.1"), mutation),
    300_000,
  );

  test.each(named(same.filter((each) => each.in61 === "harmless")))(
    "nothing is found when %s",
    (_, mutation) => expectSilence(pathOf("kernel-6.1"), mutation),
    300_000,
  );
});
