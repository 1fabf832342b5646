#!/usr/bin/env node
/**
 * `npm test`: everything, in a fresh clone with nothing installed but Node and npm.
 *
 * Installs the dependencies, builds, checks types and style, and runs every test. What needs Chromium, a kernel tree,
 * SPIN and so on runs where it is present; otherwise the last lines say what was left out and how to get it. With
 * CI=true anything missing is a failure. The very last line is `N passed, N failed, N skipped`; the exit status is 0
 * only when nothing failed.
 *
 *   npm test                    everything
 *   npm test -- server/src/core only the test files whose path contains this, after the same preparations
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { installDependencies, requireNode } from "./prepare.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "out");
const leftOutFile = join(out, "left-out.jsonl");
const filters = process.argv.slice(2);

/** Tests that use much of the machine (browsers, whole kernel trees) and would slow each other down. */
const ALONE = ["test/e2e", "test/webview", "test/kernel", "test/bench"];

/** Tests that only compute, for minutes: as many at once as there are processors, up to four (each takes 600 MB). */
const COMPUTING = ["test/mutations"];

const failedSteps = [];
const totals = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const failedTests = [];
/** @type {Map<string, number>} */
const skippedFiles = new Map();

main();

function main() {
  requireNode();
  mkdirSync(out, { recursive: true });
  rmSync(leftOutFile, { force: true });

  installDependencies();
  const built = step("build", [process.execPath, join(root, "scripts", "build.mjs")]);
  // Elsewhere the native parser is a choice, and what is skipped without it is listed at the end.
  if (process.env.CI === "true")
    step("native parser (npm run build:native)", [process.execPath, join(root, "scripts", "build-native.mjs")]);
  step("types (tsc -b)", [process.execPath, binOf("typescript", "tsc"), "-b"]);
  step("style (biome check)", [
    process.execPath,
    binOf("@biomejs/biome", "biome"),
    "check",
    "--no-errors-on-unmatched",
    ".",
  ]);
  if (!built) console.log("\nThe build failed; tests that use what it makes will fail, too.");
  const elsewhere = [...ALONE, ...COMPUTING].flatMap((folder) => ["--exclude", `${folder}/**`]);
  runTests("tests", [...filters, ...elsewhere]);
  runTests(
    "changes of real kernels' eviction protocol",
    [...(filters.length > 0 ? filters : COMPUTING), `--maxWorkers=${Math.min(availableParallelism(), 4)}`],
    { only: filters.length > 0 ? COMPUTING : [] },
  );
  runTests(
    "tests that need the machine to themselves",
    // Once more where a real browser lost a key or a click to a focus that moved; the report says so.
    [...(filters.length > 0 ? filters : ALONE), "--no-file-parallelism", "--retry=1"],
    {
      // With a filter the first run may have had every file that matches.
      only: filters.length > 0 ? ALONE : [],
    },
  );
  report();
}

/** Path of the script behind a package's command, as its manifest names it. */
function binOf(packageName, command) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof bin === "string" ? bin : bin[command]);
}

function step(name, [command, ...args]) {
  console.log(`\n== ${name}`);
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (result.status === 0) return true;
  failedSteps.push(name);
  return false;
}

/** One run of vitest, added to the totals from its JSON report. */
function runTests(name, args, { only = [] } = {}) {
  if (only.length > 0 && !args.some((argument) => only.some((folder) => argument.startsWith(folder)))) return;
  console.log(`\n== ${name}`);
  const reportFile = join(out, `test-report-${totals.passed + totals.failed}-${process.pid}.json`);
  const result = spawnSync(
    process.execPath,
    [
      binOf("vitest", "vitest"),
      "run",
      "--passWithNoTests",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${reportFile}`,
      ...args,
    ],
    { cwd: root, stdio: "inherit" },
  );
  if (!existsSync(reportFile)) {
    // vitest writes no report when no file matched, which is no failure.
    if (result.status !== 0) failedSteps.push(`${name} (no report)`);
    return;
  }
  const failedBefore = totals.failed;
  addReport(JSON.parse(readFileSync(reportFile, "utf8")));
  rmSync(reportFile, { force: true });
  if (result.status !== 0 && totals.failed === failedBefore)
    failedSteps.push(`${name} (an error outside of the tests)`);
}

function addReport(json) {
  for (const file of json.testResults) {
    const path = relative(root, file.name);
    for (const test of file.assertionResults) {
      if (test.status === "passed") totals.passed++;
      else if (test.status === "failed") {
        totals.failed++;
        failedTests.push(`${path}: ${test.fullName}`);
      } else {
        totals.skipped++;
        skippedFiles.set(path, (skippedFiles.get(path) ?? 0) + 1);
      }
    }
    // A file that can't even be loaded has no tests in it, but it is a failure.
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) {
      totals.failed++;
      failedTests.push(`${path}: ${String(file.message ?? "could not be loaded").split("\n")[0]}`);
    }
  }
}

function readLeftOut() {
  if (!existsSync(leftOutFile)) return [];
  const lines = readFileSync(leftOutFile, "utf8").split("\n").filter(Boolean);
  return [...new Set(lines)].map((line) => JSON.parse(line));
}

function report() {
  const leftOut = readLeftOut();
  totals.failed += failedSteps.length;
  console.log("");
  for (const name of failedSteps) console.log(`failed step: ${name}`);
  for (const name of failedTests.slice(0, 50)) console.log(`failed: ${name}`);
  if (failedTests.length > 50) console.log(`failed: and ${failedTests.length - 50} more`);
  for (const [path, count] of skippedFiles) console.log(`skipped: ${count} in ${path}`);
  if (leftOut.length === 0) {
    console.log("Nothing was left out for want of a tool.");
  } else {
    console.log("Left out, because something is not installed (.ci/run installs all of it on Debian):");
    for (const { name, reason } of leftOut) console.log(`  ${name}: ${reason}`);
  }
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  process.exitCode = totals.failed > 0 ? 1 : 0;
}
