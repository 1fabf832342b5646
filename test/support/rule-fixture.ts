/** For the marker tests of one rule: reviews a small tree and compares that rule's findings with the tree's markers. */
import type { RuleId } from "../../server/src/core/report/finding.ts";
import { type FixtureTree, parseFixture } from "./fixture.ts";
import { compareWithMarkers, parseMarkers } from "./markers.ts";
import { reviewOf } from "./review.ts";

/**
 * @param rule findings and markers of other rules are left out of the comparison
 * @param fixture a multi-file fixture string; it may do without mm/, where reclaim is assumed for every operation
 * @returns one line for each difference; empty when the rule finds exactly what is marked
 */
export async function ruleDifferences(rule: RuleId, fixture: string): Promise<string[]> {
  const tree: FixtureTree = parseFixture(fixture);
  const review = await reviewOf(tree);
  return compareWithMarkers(
    review.findings.filter((finding) => finding.rule === rule),
    parseMarkers(tree).filter((marker) => marker.rule === rule),
    (finding) => (finding as { message?: string }).message ?? "",
  );
}
