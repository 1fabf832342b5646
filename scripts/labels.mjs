#!/usr/bin/env node
/**
 * Scores a review against the hand-made labels of test/labels: precision and recall, per rule and overall.
 *
 *   npm run labels -- TREE             runs `evictscope check TREE --format json` and scores what it prints
 *   npm run labels -- --review FILE    scores a review that was saved before
 *   options: --verbose (names each wrong and ambiguous cell), --minimum 0.95 (exit status 1 below it, the default)
 *
 * A cell is one rule of one labelled table. It is left out as ambiguous when it has one of the keys `ambiguous`,
 * `static_chain`, `infeasible_chain`, or `confidence` medium or low. A "yes" for missing-truncate-pages that is `benign`
 * counts as "no". A cell is found when a finding of that rule and table has a staticSeverity of warning or error; for
 * deferred-work a hint suffices.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @param {object} cell one rule's label
 * @returns {boolean} true when no score counts it
 */
export function isAmbiguous(cell) {
  return (
    "ambiguous" in cell ||
    "static_chain" in cell ||
    "infeasible_chain" in cell ||
    cell.confidence === "medium" ||
    cell.confidence === "low"
  );
}

/** Whether the label says that the rule holds. */
export function isPositive(rule, cell) {
  if (rule === "missing-truncate-pages" && cell.benign) return false;
  return cell.verdict === "yes";
}

/** Whether the review has a finding for this rule of this table. */
export function isFound(review, rule, label) {
  return review.findings.some(
    (finding) =>
      finding.rule === rule &&
      finding.filesystem === label.dir &&
      finding.table === label.table.name &&
      (rule === "deferred-work" || finding.staticSeverity === "error" || finding.staticSeverity === "warning"),
  );
}

/**
 * @param {object} review what `check --format json` prints
 * @param {object[]} labels test/labels/filesystems.json
 * @returns {{ rules: Map<string, Score>, overall: Score, cells: object[] }} counts and every cell with its outcome
 */
export function scoreLabels(review, labels) {
  const rules = new Map();
  const overall = newScore();
  const cells = [];
  for (const label of labels) {
    for (const [rule, cell] of Object.entries(label.rules)) {
      const score = rules.get(rule) ?? newScore();
      rules.set(rule, score);
      const found = isFound(review, rule, label);
      const positive = isPositive(rule, cell);
      let outcome;
      if (isAmbiguous(cell)) outcome = "ambiguous";
      else if (found) outcome = positive ? "truePositive" : "falsePositive";
      else outcome = positive ? "falseNegative" : "trueNegative";
      score[outcome]++;
      overall[outcome]++;
      cells.push({ fs: label.fs, rule, outcome, found, note: cell.note ?? "" });
    }
  }
  return { rules, overall, cells };
}

/** @typedef {{ truePositive: number, falsePositive: number, falseNegative: number, trueNegative: number, ambiguous: number }} Score */
function newScore() {
  return { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0, ambiguous: 0 };
}

/** Of what was found, how much is right; 1 when nothing was found. */
export function precisionOf(score) {
  const found = score.truePositive + score.falsePositive;
  return found === 0 ? 1 : score.truePositive / found;
}

/** Of what is there, how much was found; 1 when nothing is there. */
export function recallOf(score) {
  const there = score.truePositive + score.falseNegative;
  return there === 0 ? 1 : score.truePositive / there;
}

/** How many findings about reclaim name each of the contexts that test/labels/reclaim.json shows a way in from. */
export function contextCounts(review) {
  const reclaim = review.findings.filter((finding) => finding.rule.endsWith("-under-memalloc"));
  const contexts = ["kswapd", "direct-reclaim", "memcg-reclaim"];
  return {
    findings: reclaim.length,
    contexts: contexts.map((context) => [
      context,
      reclaim.filter((finding) => finding.contexts.includes(context)).length,
    ]),
  };
}

function reviewTree(tree) {
  const command = join(root, "server", "bin", "evictscope.mjs");
  if (!existsSync(command)) throw new Error("server/bin/evictscope.mjs is missing: run npm run build first");
  const folder = mkdtempSync(join(tmpdir(), "evictscope-labels-"));
  const output = join(folder, "review.json");
  try {
    const result = spawnSync(
      process.execPath,
      [command, "check", tree, "--format", "json", "--fail-on", "never", "--no-cache", "-o", output],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    if (result.status !== 0) throw new Error(`evictscope check ended with status ${result.status}`);
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main(args) {
  const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const minimum = Number(option("--minimum") ?? 0.95);
  const reviewFile = option("--review");
  const tree = args.find(
    (argument, index) => !argument.startsWith("--") && !args[index - 1]?.match(/^--(minimum|review)$/),
  );
  if ((tree === undefined) === (reviewFile === undefined) || Number.isNaN(minimum)) {
    console.error("usage: npm run labels -- TREE | --review FILE  [--verbose] [--minimum 0.95]");
    return 2;
  }
  const labels = JSON.parse(readFileSync(join(root, "test", "labels", "filesystems.json"), "utf8"));
  const review = reviewFile === undefined ? reviewTree(tree) : JSON.parse(readFileSync(reviewFile, "utf8"));
  const { rules, overall, cells } = scoreLabels(review, labels);

  const row = (name, score) =>
    [
      name.padEnd(26),
      precisionOf(score).toFixed(3).padStart(9),
      recallOf(score).toFixed(3).padStart(9),
      ...["truePositive", "falsePositive", "falseNegative", "trueNegative", "ambiguous"].map((key) =>
        String(score[key]).padStart(7),
      ),
    ].join("");
  console.log(`${"rule".padEnd(26)}precision   recall     tp     fp     fn     tn  ambig.`);
  for (const [rule, score] of [...rules].sort(([a], [b]) => a.localeCompare(b))) console.log(row(rule, score));
  console.log(row("overall", overall));
  const { findings, contexts } = contextCounts(review);
  console.log(
    `contexts of the ${findings} findings about reclaim: ${contexts.map(([name, count]) => `${name} ${count}`).join(", ")}`,
  );

  const shown = args.includes("--verbose")
    ? ["falsePositive", "falseNegative", "ambiguous"]
    : ["falsePositive", "falseNegative"];
  for (const cell of cells.filter(({ outcome }) => shown.includes(outcome))) {
    console.log(
      `${cell.outcome}${cell.outcome === "ambiguous" ? (cell.found ? " (found)" : " (not found)") : ""}: ${cell.fs} ${cell.rule}: ${cell.note}`,
    );
  }
  return precisionOf(overall) >= minimum && recallOf(overall) >= minimum ? 0 : 1;
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    console.error(`labels: ${error.message}`);
    process.exitCode = 3;
  }
}
