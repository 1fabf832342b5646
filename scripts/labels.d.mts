import type { Review } from "../server/src/core/report/finding.ts";

export interface LabelCell {
  readonly verdict: "yes" | "no";
  readonly confidence?: string;
  readonly benign?: boolean;
  readonly note?: string;
}
export interface Label {
  readonly fs: string;
  readonly dir: string;
  readonly table: { readonly name: string };
  readonly rules: Readonly<Record<string, LabelCell>>;
}
export type Outcome = "truePositive" | "falsePositive" | "falseNegative" | "trueNegative" | "ambiguous";
export type Score = Record<Outcome, number>;
export type LabelledReview = Pick<Review, "findings">;
export function isAmbiguous(cell: LabelCell): boolean;
export function isPositive(rule: string, cell: LabelCell): boolean;
export function isFound(review: LabelledReview, rule: string, label: Label): boolean;
export function scoreLabels(
  review: LabelledReview,
  labels: readonly Label[],
): {
  readonly rules: Map<string, Score>;
  readonly overall: Score;
  readonly cells: readonly { fs: string; rule: string; outcome: Outcome; found: boolean; note: string }[];
};
export function precisionOf(score: Score): number;
export function recallOf(score: Score): number;
export function contextCounts(review: LabelledReview): {
  readonly findings: number;
  readonly contexts: readonly (readonly [string, number])[];
};
