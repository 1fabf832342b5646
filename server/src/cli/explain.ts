/** `evictscope explain`: one finding with its source lines, the ways in, and what to do about it. */

import { CLEAN, Refusal } from "./exit-status.ts";
import { explainToText } from "./explain-text.ts";
import { deliver, requireWritable } from "./output.ts";
import { createProgressLine } from "./progress-line.ts";
import { resolveTree } from "./resolve-tree.ts";
import { isFindingId, openFinding } from "./review-tree.ts";
import { rulePagePart } from "./rule-page.ts";
import { createSourceLines } from "./source-lines.ts";
import { styleFor } from "./style.ts";

export interface ExplainOptions {
  readonly format: string;
  readonly output?: string;
}

/** Returns the exit status. Throws Refusal, Cancelled. */
export async function explain(id: string, path: string, options: ExplainOptions): Promise<number> {
  if (!isFindingId(id)) throw new Refusal(`${id}: no finding's id (16 hexadecimal digits, or the first four and more)`);
  requireWritable(options.output);
  const tree = resolveTree([path]);
  const { review, finding } = await openFinding(tree, id, createProgressLine());
  const ways = (review.contexts ?? []).filter(({ context }) => finding.contexts.includes(context));
  if (options.format === "json") {
    const page = { why: rulePagePart(finding.rule, "Why"), howToFix: rulePagePart(finding.rule, "How to fix") };
    await deliver(`${JSON.stringify({ version: 1, finding, ways, page }, null, 2)}\n`, options.output);
    return CLEAN;
  }
  const lines = createSourceLines(tree.files);
  await deliver(explainToText(finding, ways, lines, styleFor(options.output !== undefined), tree.name), options.output);
  return CLEAN;
}
