/** Answers a question on a solved tree. Bounded: the graphs of a few filesystems are looked at, nothing is solved anew. */
import {
  answerDesignModel,
  answerDesigns,
  answerModel,
  answerVerdict,
} from "../extract/filesystem/answer-simulation.ts";
import { makeFix, offerFixes } from "../fix/offer-fixes.ts";
import type { CancellationToken } from "../text/cancellation.ts";
import { incomingCalls, outgoingCalls, prepareHierarchy } from "./call-hierarchy.ts";
import { explainPlace } from "./explain-place.ts";
import { lineHints } from "./line-hints.ts";
import { fieldImplementations, fieldReferences } from "./ops-fields.ts";
import type { Answer, Query, QueryName } from "./queries.ts";
import type { QueryScope } from "./query-scope.ts";

type Answerer<K extends QueryName> = (scope: QueryScope, query: Query<K>, token: CancellationToken) => Answer<K>;

const ANSWERERS: { readonly [K in QueryName]?: Answerer<K> } = {
  model: answerModel,
  verdict: answerVerdict,
  designs: answerDesigns,
  designModel: answerDesignModel,
  place: explainPlace,
  hints: lineHints,
  hierarchy: prepareHierarchy,
  incoming: (scope, { item }) => incomingCalls(scope, item),
  outgoing: (scope, { item }) => outgoingCalls(scope, item),
  implementations: fieldImplementations,
  references: fieldReferences,
  fixes: (scope, { finding }) => offerFixes(scope, finding),
  fix: (scope, { finding, fix }) => makeFix(scope, finding, fix),
};

/** Null when the question has no answer here. Throws `Cancelled`. */
export function answerQuery<K extends QueryName>(
  scope: QueryScope,
  query: Query<K>,
  token: CancellationToken,
): Answer<K> | null {
  const answer = ANSWERERS[query.name as K] as Answerer<K> | undefined;
  return answer?.(scope, query, token) ?? null;
}
