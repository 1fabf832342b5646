/** One review of one tree, as check, explain and simulate need it. */
import type { OutcomeStore } from "../core/extract/filesystem/verdict.ts";
import type { Finding, Review, RuleId } from "../core/report/finding.ts";
import { RULES } from "../core/rules/all-rules.ts";
import type { FileSource } from "../index/file-source.ts";
import { recordReads } from "../index/recorded-source.ts";
import type { ReviewSession } from "../index/review-session.ts";
import { DEFAULT_EXCLUDE, DEFAULT_MAX_FILES } from "../index/tree-scope.ts";
import { createTreeSession, type TreeSessionOptions } from "../index/tree-session.ts";
import { createParser } from "../node/create-parser.ts";
import { openOutcomeStore } from "../node/outcome-store.ts";
import { openReviewCache, reviewFolder } from "../node/review-cache.ts";
import { Refusal } from "./exit-status.ts";
import { INTERRUPT } from "./interrupt.ts";
import type { ProgressLine } from "./progress-line.ts";
import type { Scope, TreeRequest } from "./resolve-tree.ts";

export interface ReviewOptions {
  readonly rules?: readonly RuleId[];
  /** Prefixes of filesystems' ids. */
  readonly filesystems?: readonly string[];
  /** `all`: the rules that simulate by themselves run, too. */
  readonly simulate?: "none" | "all";
}

/** A review, and the session behind it for further questions. */
export interface OpenReview {
  readonly review: Review;
  readonly session: ReviewSession;
}

/** `mayCache`: outcomes of simulations may come from the disk. Throws Refusal when there is nothing to review, Cancelled on Ctrl-C. */
export async function openReview(
  tree: TreeRequest,
  options: ReviewOptions,
  progress: ProgressLine,
  mayCache = true,
): Promise<OpenReview> {
  const session = openSession(tree.files, questionOf(tree, options), mayCache ? keptOutcomes() : null);
  try {
    const { review } = await session.review(INTERRUPT, progress.report);
    return { review: answerOf(tree, options, review), session };
  } finally {
    progress.clear();
  }
}

/** As `openReview`, for those who ask nothing further: a review of the same files may come from the disk. */
export async function reviewTree(
  tree: TreeRequest,
  options: ReviewOptions,
  mayCache: boolean,
  progress: ProgressLine,
): Promise<Review> {
  const cache = mayCache ? openReviewCache(reviewFolder(), (line) => console.error(`evictscope: ${line}`)) : null;
  if (cache === null) return (await openReview(tree, options, progress, mayCache)).review;
  const question = questionOf(tree, options);
  const files = recordReads(tree.files);
  const started = Date.now();
  try {
    const known = await cache.find(files, question, INTERRUPT);
    if (known !== null) return answerOf(tree, options, known);
    const { review } = await openSession(files, question, keptOutcomes()).review(INTERRUPT, progress.report);
    const answer = answerOf(tree, options, review);
    await cache.keep(files, question, review, started, INTERRUPT);
    return answer;
  } finally {
    progress.clear();
  }
}

function keptOutcomes(): OutcomeStore | null {
  return openOutcomeStore(reviewFolder(), (line) => console.error(`evictscope: ${line}`));
}

interface Question extends TreeSessionOptions {
  readonly exclude: readonly string[];
  readonly maxFiles: number;
}

function questionOf(tree: TreeRequest, options: ReviewOptions): Question {
  const filesystems = options.filesystems ?? tree.scope?.filesystems ?? undefined;
  return {
    exclude: DEFAULT_EXCLUDE,
    maxFiles: DEFAULT_MAX_FILES,
    edits: false,
    ...(options.rules === undefined ? {} : { rules: options.rules }),
    ...(filesystems === undefined ? {} : { filesystems }),
    ...(options.simulate === undefined ? {} : { simulate: options.simulate }),
  };
}

function openSession(
  files: FileSource,
  options: TreeSessionOptions,
  outcomes: OutcomeStore | null = null,
): ReviewSession {
  return createTreeSession({ files, parser: createParser, options, ...(outcomes === null ? {} : { outcomes }) });
}

/** The part of a review that was asked for. Throws Refusal. */
function answerOf(tree: TreeRequest, options: ReviewOptions, review: Review): Review {
  if (review.stats.files === 0) throw new Refusal(`${tree.name}: no C files found`, problemLines(review));
  if (review.implementations.length === 0 && tree.scope === null) {
    throw new Refusal(
      `${tree.name}: none of its ${review.stats.files} C files has a super_operations table with an eviction method: is this a kernel tree?`,
      problemLines(review),
    );
  }
  requireKnown(options.filesystems ?? [], review);
  const findings = review.findings.filter((finding) => isInScope(finding, tree.scope));
  return withMeasures({ ...review, findings });
}

function problemLines(review: Review): string[] {
  return review.problems.map(({ file, message }) => `${file}: ${message}`);
}

function isInScope(finding: Finding, scope: Scope | null): boolean {
  if (scope === null) return true;
  const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
  return scope.paths.some(
    ({ path, filesystem }) => within(finding.filesystem, filesystem) || within(finding.file, path),
  );
}

function requireKnown(filesystems: readonly string[], review: Review): void {
  const known = [...new Set(review.implementations.map((each) => each.filesystem))].sort();
  for (const wanted of filesystems) {
    const prefix = wanted.replace(/\/+$/, "");
    if (known.some((id) => id === prefix || id.startsWith(`${prefix}/`))) continue;
    const near = known.filter((id) => id.includes(prefix.split("/").pop()!));
    throw new Refusal(
      `${wanted}: no such filesystem in the tree`,
      near.length > 0 ? [`near: ${near.join(", ")}`] : [`there are: ${known.join(", ")}`],
    );
  }
}

/** The whole run counts, from the start of the process. */
function withMeasures(review: Review): Review {
  return {
    ...review,
    stats: {
      ...review.stats,
      elapsedMs: Math.round(performance.now()),
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    },
  };
}

/** Rules that run only when they are named (core/rules/rule.ts, onDemand). */
const ON_DEMAND = RULES.filter((rule) => rule.onDemand === true).map((rule) => rule.id);

/** The finding with this id, of a review or, where that has none, of one with the rules that run on demand. Throws Refusal. */
export async function openFinding(
  tree: TreeRequest,
  id: string,
  progress: ProgressLine,
): Promise<OpenReview & { readonly finding: Finding }> {
  let opened = await openReview(tree, {}, progress);
  if (!opened.review.findings.some((finding) => finding.id.startsWith(id)))
    opened = await openReview(tree, { rules: ON_DEMAND }, progress);
  return { ...opened, finding: findingById(opened.review, id) };
}

/** The finding with this id or a prefix of it that no other has. Throws Refusal. */
function findingById(review: Review, id: string): Finding {
  const matches = review.findings.filter((finding) => finding.id.startsWith(id));
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    throw new Refusal(
      `${id}: ${matches.length} findings begin with it`,
      matches.slice(0, 10).map((finding) => `${finding.id}  ${finding.file}:${finding.line} ${finding.rule}`),
    );
  }
  throw new Refusal(`${id}: no finding of this tree has the id (evictscope check lists them)`);
}

/** What a finding's id looks like; anything else is a model's id or file. */
export function isFindingId(text: string): boolean {
  return /^[0-9a-f]{4,16}$/.test(text);
}
