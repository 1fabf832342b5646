/**
 * The one way in: a session reviews one kernel tree and keeps the review up to date while documents are edited.
 * The command line makes one session and reviews once; the language server keeps one for each root.
 */

import type { Answer, Query, QueryName } from "../core/query/queries.ts";
import type { Review } from "../core/report/finding.ts";
import type { CancellationToken } from "../core/text/cancellation.ts";

/** Progress of a long operation. `done` never decreases; `total` is 0 while unknown. */
export interface Progress {
  readonly phase: "list" | "read" | "skeleton" | "parse" | "solve" | "simulate";
  readonly done: number;
  readonly total: number;
}
export type ProgressListener = (progress: Progress) => void;

/** A review in which the files that were edited have been seen to, and others have not. */
export interface PartialReview extends RevisedReview {
  /** Files whose findings may be of an earlier revision. */
  readonly pending: readonly string[];
}
export type PartialListener = (partial: PartialReview) => void;

export interface ReviewSession {
  /** Counts every change that can alter the review. */
  readonly revision: number;
  /** An editor's unsaved text replaces the file's (`null`: the document was closed, the file counts again). */
  setDocument(path: string, text: string | null): void;
  /** Files that changed, appeared or vanished on disk. */
  filesChanged(paths: readonly string[]): void;
  /** Reviews what changed since the last call; when that is much, what the edited files need comes first. Throws `Cancelled`. */
  review(token: CancellationToken, onProgress?: ProgressListener, onPartial?: PartialListener): Promise<RevisedReview>;
  /** Answers a question on the tree as it was last reviewed; null before that, and while an edit waits for its review. Throws `Cancelled`. */
  query<K extends QueryName>(query: Query<K>, token: CancellationToken): Promise<Answer<K> | null>;
}

export interface RevisedReview {
  readonly revision: number;
  readonly review: Review;
}
