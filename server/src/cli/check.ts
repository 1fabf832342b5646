/** `evictscope check`: reviews a tree or a part of it. */
import { type Review, RULE_IDS, type RuleId, type Severity } from "../core/report/finding.ts";
import { expectShortRun } from "../node/short-run.ts";
import { checkToText } from "./check-text.ts";
import { CLEAN, comesLater, FOUND, Refusal } from "./exit-status.ts";
import { deliver, requireWritable } from "./output.ts";
import { createProgressLine } from "./progress-line.ts";
import { resolveTree, type TreeRequest } from "./resolve-tree.ts";
import { openReview, reviewTree } from "./review-tree.ts";
import { simulateFindings } from "./simulate-findings.ts";
import { styleFor } from "./style.ts";

export interface CheckOptions {
  readonly format: string;
  readonly rule?: readonly string[];
  readonly filesystem?: readonly string[];
  readonly simulate: "none" | "all";
  readonly failOn: "error" | "warning" | "never";
  /** False: nothing is taken from the disk's cache, and nothing put there. */
  readonly cache: boolean;
  readonly jobs?: number;
  readonly output?: string;
  readonly base?: string;
  readonly baseline?: string;
}

/** Returns the exit status. Throws Refusal, Cancelled. */
export async function check(paths: readonly string[], options: CheckOptions): Promise<number> {
  refuseLaterOptions(options);
  const rules = options.rule?.map(knownRule);
  requireWritable(options.output);
  if (options.simulate === "none") expectShortRun();
  const tree = resolveTree(paths);
  const progress = createProgressLine();
  const asked = {
    simulate: options.simulate,
    ...(rules === undefined ? {} : { rules }),
    ...(options.filesystem === undefined
      ? {}
      : { filesystems: options.filesystem.map((each) => each.replace(/\/+$/, "")) }),
  };
  const review =
    options.simulate === "all"
      ? await simulateFindings(await openReview(tree, asked, progress, options.cache), progress)
      : await reviewTree(tree, asked, options.cache, progress);
  if (options.jobs !== undefined && options.jobs > 1) {
    console.error(`evictscope: --jobs ${options.jobs}: this release uses 1`);
  }
  const text =
    options.format === "json"
      ? `${JSON.stringify(review, null, 2)}\n`
      : checkToText(review, {
          style: styleFor(options.output !== undefined),
          treeName: tree.name,
          notices: noticesOf(tree, options),
        });
  await deliver(text, options.output);
  return statusOf(review, options.failOn);
}

function refuseLaterOptions({ format, base, baseline }: CheckOptions): void {
  if (format === "sarif" || format === "html") throw comesLater(`--format ${format}`, "use text or json");
  if (base !== undefined) throw comesLater("--base", "");
  if (baseline !== undefined) throw comesLater("--baseline", "");
}

function knownRule(name: string): RuleId {
  const rule = RULE_IDS.find((id) => id === name);
  if (rule === undefined) throw new Refusal(`--rule ${name}: no such rule`, [`there are: ${RULE_IDS.join(", ")}`]);
  return rule;
}

function noticesOf({ lone, scope }: TreeRequest, options: CheckOptions): string[] {
  const notices: string[] = [];
  if (lone) {
    notices.push(
      "no kernel tree around this folder: generic code and the ways into eviction are unknown, contexts are reduced",
    );
  }
  if (scope !== null) notices.push(`only ${scope.paths.map(({ path }) => path).join(", ")} was asked for`);
  if (options.filesystem !== undefined)
    notices.push(`only --filesystem ${options.filesystem.join(", ")} was asked for`);
  if (options.rule !== undefined) notices.push(`only --rule ${options.rule.join(", ")} was asked for`);
  return notices;
}

function statusOf(review: Review, failOn: CheckOptions["failOn"]): number {
  const failing: readonly Severity[] = failOn === "never" ? [] : failOn === "error" ? ["error"] : ["error", "warning"];
  return review.findings.some((finding) => failing.includes(finding.severity)) ? FOUND : CLEAN;
}
