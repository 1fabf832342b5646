/** The survey and a long chain of the sample tree, made as the server makes them. */
import type { Review } from "../../../server/src/core/report/finding.ts";
import { DEFAULT_SETTINGS } from "../../../server/src/protocol/settings.ts";
import type { CallChainView, SurveyView } from "../../../server/src/protocol/views.ts";
import { provideCallChain } from "../../../server/src/service/provide-call-chain.ts";
import { provideSurvey } from "../../../server/src/service/provide-survey.ts";
import { fixtureFolder } from "../../support/fixture.ts";
import { reviewOf } from "../../support/review.ts";

const ROOT = "file:///sample";

export function sampleReview(): Promise<Review> {
  return reviewOf(fixtureFolder("sample"));
}

export function surveyView(review: Review): SurveyView {
  return provideSurvey(ROOT, review, 1, DEFAULT_SETTINGS);
}

/** The chain of the finding of this rule with the most calls, of all filesystems or of one. */
export function chainView(review: Review, rule: string, filesystem?: string): CallChainView {
  const [finding] = review.findings
    .filter((each) => each.rule === rule && (filesystem ?? each.filesystem) === each.filesystem)
    .toSorted((a, b) => b.chain.length - a.chain.length);
  if (finding === undefined) throw new Error(`no finding of ${rule}`);
  return provideCallChain(ROOT, finding, review, DEFAULT_SETTINGS);
}
