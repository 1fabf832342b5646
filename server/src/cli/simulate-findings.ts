/**
 * `check --simulate all`: runs the model that each finding names, where the catalogue has it. These are the
 * catalogue's models of a kind of bug, not of the code at hand, so a verdict says what can happen and never changes a
 * severity.
 */
import { getModel } from "../core/race/catalogue/index.ts";
import type { FindingSimulation, Review } from "../core/report/finding.ts";
import { exploreModel } from "./explore-model.ts";
import type { ProgressLine } from "./progress-line.ts";

/** States of one model at most; recorded in the review's limits. */
export const MAX_STATES = 2_000_000;

const NOT_THIS_CODE = "the catalogue's model of this kind of bug, not a model of this code";

export async function simulateFindings(review: Review, progress: ProgressLine): Promise<Review> {
  const simulations = new Map<string, FindingSimulation>();
  for (const { simulation } of review.findings) {
    const model = getModel(simulation.model);
    if (model === undefined || simulations.has(simulation.model)) continue;
    const outcome = await exploreModel(model, { maxStates: MAX_STATES }, progress);
    simulations.set(simulation.model, {
      model: model.id,
      verdict: outcome.verdict,
      ...(outcome.invariant === undefined ? {} : { invariant: outcome.invariant }),
      assumptions: [NOT_THIS_CODE, ...outcome.assumptions],
      states: outcome.states,
      ...(outcome.trace === undefined ? {} : { traceString: outcome.trace.traceString }),
    });
  }
  return {
    ...review,
    limits: { ...review.limits, maxStates: MAX_STATES },
    findings: review.findings.map((finding) => ({
      ...finding,
      simulation: simulations.get(finding.simulation.model) ?? finding.simulation,
    })),
  };
}
