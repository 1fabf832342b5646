/** What a root's status says: what is indexed, and one line for each thing that is not. */
import type { RootStatus } from "../protocol/messages.ts";
import type { Settings } from "../protocol/settings.ts";
import { nameOfTree, readTreeAddress } from "../protocol/tree-address.ts";
import { visibleFindings } from "../service/provide-diagnostics.ts";
import type { RootReview } from "./root-review.ts";

const PROBLEMS_SHOWN = 8;

export function describeStatus(root: RootReview, settings: Settings): RootStatus {
  const review = root.latest?.review;
  const missing: string[] = [];
  if (settings.exclude.length > 0) missing.push(`excluded by setting: ${settings.exclude.join(", ")}`);
  if (settings.respectGitignore) missing.push("what .gitignore files name, in a git repository");
  if (review !== undefined) {
    const { stats, problems } = review;
    if (stats.files >= settings.maxFiles) {
      missing.push(`the limit of ${settings.maxFiles} files was met (evictscope.maxFiles): the rest was not listed`);
    }
    if (stats.functionsWithParseErrors > 0) {
      missing.push(`${stats.functionsWithParseErrors} functions with parse errors: findings there are uncertain`);
    }
    if (review.unresolvedCalls.length > 0) {
      missing.push(`${review.unresolvedCalls.length} calls through pointers could not be resolved`);
    }
    for (const problem of problems.slice(0, PROBLEMS_SHOWN)) missing.push(`${problem.file}: ${problem.message}`);
    if (problems.length > PROBLEMS_SHOWN) missing.push(`and ${problems.length - PROBLEMS_SHOWN} more problems`);
  }
  return {
    root: root.root,
    name: describeName(root.root),
    phase: root.phase,
    updating: root.updating,
    revision: root.latest?.revision ?? 0,
    message: root.message,
    kernelVersion: review?.tree.kernelVersion ?? "",
    files: review?.stats.files ?? 0,
    functions: review?.stats.functions ?? 0,
    functionsParsed: review?.stats.functionsParsed ?? 0,
    functionsWithParseErrors: review?.stats.functionsWithParseErrors ?? 0,
    implementations: review?.implementations.length ?? 0,
    findings: review === undefined ? 0 : visibleFindings(review, settings).length,
    suppressed: review?.stats.suppressed ?? 0,
    unresolvedCalls: review?.unresolvedCalls.length ?? 0,
    elapsedMs: review?.stats.elapsedMs ?? 0,
    missing,
  };
}

function describeName(root: string): string {
  const { kernel } = readTreeAddress(root);
  return kernel === null ? nameOfTree(root) : `${nameOfTree(root)} on ${nameOfTree(kernel)}`;
}
