/** Answers the requests of the editor's views from the latest reviews. */
import type { Connection } from "vscode-languageserver";
import { CLEAR_CACHE_REQUEST } from "../protocol/messages.ts";
import {
  CALL_CHAIN_REQUEST,
  type CallChainParams,
  type CallChainView,
  EVICTION_TREE_REQUEST,
  type EvictionTreeParams,
  type EvictionTreeResult,
  NO_FILTER,
  SURVEY_REQUEST,
  type SurveyParams,
  type SurveyView,
} from "../protocol/views.ts";
import { provideCallChain } from "../service/provide-call-chain.ts";
import { provideEvictionTree } from "../service/provide-eviction-tree.ts";
import { provideSurvey } from "../service/provide-survey.ts";
import type { Workspace } from "./workspace.ts";

export function serveViews(connection: Connection, workspace: Workspace): void {
  connection.onRequest(EVICTION_TREE_REQUEST, (params: Partial<EvictionTreeParams> | null): EvictionTreeResult => {
    const filter = { ...NO_FILTER, ...params?.filter };
    const roots = workspace.reviews.map(({ root, phase, message, latest }) => ({
      root,
      phase,
      message,
      revision: latest?.revision ?? 0,
      review: latest?.review ?? null,
    }));
    return provideEvictionTree(roots, filter, (root) => workspace.settingsOf(root));
  });
  connection.onRequest(CLEAR_CACHE_REQUEST, () => {
    workspace.clearCache();
    return null;
  });
  connection.onRequest(SURVEY_REQUEST, (params: SurveyParams | null): SurveyView | null => {
    const wanted = params?.root;
    const entry = workspace.reviews.find(({ root, latest }) => latest !== null && (wanted ?? root) === root);
    if (entry?.latest == null) return null;
    return provideSurvey(entry.root, entry.latest.review, entry.latest.revision, workspace.settingsOf(entry.root));
  });
  connection.onRequest(CALL_CHAIN_REQUEST, (params: CallChainParams): CallChainView | null => {
    const review = workspace.reviews.find(({ root }) => root === params.root)?.latest?.review;
    const finding = review?.findings.find(({ id }) => id === params.finding);
    if (review === undefined || finding === undefined) return null;
    return provideCallChain(params.root, finding, review, workspace.settingsOf(params.root));
  });
}
