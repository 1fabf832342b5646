/**
 * `check --simulate all`: runs the model of each finding, made from the tree's own code, and puts the verdict beside it. A
 * finding that the simulator refutes without assuming anything becomes a hint.
 */
import { MAX_VERDICT_STATES, withVerdict } from "../core/extract/filesystem/verdict.ts";
import type { Finding, Review } from "../core/report/finding.ts";
import { INTERRUPT, nextTurn } from "./interrupt.ts";
import type { ProgressLine } from "./progress-line.ts";
import type { OpenReview } from "./review-tree.ts";

/** Throws Cancelled on Ctrl-C. */
export async function simulateFindings({ review, session }: OpenReview, progress: ProgressLine): Promise<Review> {
  const findings: Finding[] = [];
  try {
    for (const finding of review.findings) {
      progress.show(
        `Simulating ${findings.length + 1} of ${review.findings.length}: ${finding.rule} in ${finding.function}() (Ctrl-C stops)`,
      );
      await nextTurn();
      // What the simulator itself found has its verdict.
      const verdict =
        finding.simulation.verdict === "not-run" ? await session.query({ name: "verdict", finding }, INTERRUPT) : null;
      findings.push(verdict === null ? finding : withVerdict(finding, verdict));
    }
  } finally {
    progress.clear();
  }
  return { ...review, limits: { ...review.limits, maxStates: MAX_VERDICT_STATES }, findings };
}
