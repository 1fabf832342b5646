/** `evictscope check` on the sample trees: the marked findings, the published JSON, exit statuses, options. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Finding, type Review, RULE_IDS } from "../../server/src/core/report/finding.ts";
import { fixtureFolder, readFixtureTree } from "../support/fixture.ts";
import { compareWithMarkers, parseMarkers } from "../support/markers.ts";
import { buildOnce, evictscope, temporaryFolder } from "./run-evictscope.ts";
import { readSchema, schemaProblems } from "./schemas.ts";

const SAMPLE = fixtureFolder("sample");
buildOnce();
const folder = temporaryFolder();

/** Reviews as JSON; a status other than 0 and 1 fails with what was printed. */
function checkJson(...args: string[]): Review {
  const { status, stdout, stderr } = evictscope(["check", ...args, "--format", "json"]);
  if (status !== 0 && status !== 1) throw new Error(`exit status ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

describe("on the sample trees", () => {
  let review: Review;
  beforeAll(() => {
    review = checkJson(SAMPLE);
  });

  test("finds what is marked, and nothing else", () => {
    const describeFinding = (finding: unknown) => (finding as Finding).message;
    expect(compareWithMarkers(review.findings, parseMarkers(readFixtureTree("sample")), describeFinding)).toEqual([]);
  });

  test("finds the same in the idiom of 2026", () => {
    const key = ({ rule, filesystem, table, operation, staticSeverity, id }: Finding) =>
      `${rule} ${filesystem} ${table} ${operation} ${staticSeverity} ${id}`;
    const other = checkJson(fixtureFolder("sample-2026"));
    expect(other.findings.map(key).sort()).toEqual(review.findings.map(key).sort());
  });

  test("prints JSON as the schema says", () => {
    expect(schemaProblems("check", review)).toEqual([]);
    expect(review.stats.elapsedMs).toBeGreaterThan(0);
    expect(review.stats.peakRssBytes).toBeGreaterThan(10e6);
  });

  test("the text has every finding with file, line and column, its chain and its id", () => {
    const { status, stdout, stderr } = evictscope(["check", SAMPLE]);
    expect(status).toBe(1);
    expect(stderr).toBe("");
    for (const { file, line, column, severity, id, chain } of review.findings) {
      expect(stdout).toContain(`${file}:${line}:${column}: ${severity}: `);
      expect(stdout).toContain(`id ${id}`);
      for (const link of chain) expect(stdout).toContain(`${link.function}()`);
    }
    // No escape sequences in a pipe.
    expect(stdout).not.toContain("\u001b");
  });

  test("colours are drawn where they are asked for, unless NO_COLOR is set", () => {
    expect(evictscope(["check", SAMPLE], { FORCE_COLOR: "1" }).stdout).toContain("\u001b[1;31m");
    expect(evictscope(["check", SAMPLE], { FORCE_COLOR: "1", NO_COLOR: "1" }).stdout).not.toContain("\u001b");
  });
});

describe("a part of a tree", () => {
  test("a folder, a file in it, and --filesystem give that filesystem's findings", () => {
    const whole = checkJson(SAMPLE).findings.filter((finding) => finding.filesystem === "fs/dirtfs");
    expect(whole.length).toBeGreaterThan(0);
    for (const args of [
      [join(SAMPLE, "fs/dirtfs")],
      [join(SAMPLE, "fs/dirtfs/balloc.c")],
      [SAMPLE, "--filesystem", "fs/dirtfs"],
    ]) {
      expect(checkJson(...args).findings).toEqual(whole);
    }
  });

  test("a generic file gives the findings that stand in it", () => {
    const { findings } = checkJson(join(SAMPLE, "fs/inode.c"));
    expect(findings.map((finding) => finding.function)).toContain("iput");
    expect(new Set(findings.map((finding) => finding.file))).toEqual(new Set(["fs/inode.c"]));
  });

  test("--rule keeps to the rules named", () => {
    const { findings } = checkJson(SAMPLE, "--rule", "deferred-work", "--rule", "missing-clear-inode");
    expect(new Set(findings.map((finding) => finding.rule))).toEqual(new Set(["deferred-work", "missing-clear-inode"]));
  });
});

describe("exit status", () => {
  test("follows --fail-on", () => {
    const status = (...args: string[]) => evictscope(["check", ...args]).status;
    expect(status(SAMPLE)).toBe(1);
    expect(status(SAMPLE, "--fail-on", "never")).toBe(0);
    expect(status(join(SAMPLE, "fs/plainfs"))).toBe(0);
    // stackfs has warnings only, asyncfs a hint only.
    expect(status(join(SAMPLE, "fs/stackfs"))).toBe(0);
    expect(status(join(SAMPLE, "fs/stackfs"), "--fail-on", "warning")).toBe(1);
    expect(status(join(SAMPLE, "fs/asyncfs"), "--fail-on", "warning")).toBe(0);
  });

  test.each([
    [["check", SAMPLE, "--format", "sarif"], /--format sarif comes with a later release/],
    [["check", SAMPLE, "--format", "html"], /--format html comes with a later release/],
    [["check", SAMPLE, "--base", "HEAD"], /--base comes with a later release/],
    [["check", SAMPLE, "--baseline", "old.json"], /--baseline comes with a later release/],
    [["survey", SAMPLE, "--format", "html"], /--format html comes with a later release/],
    [["splat", "log", SAMPLE], /splat comes with a later release/],
    [["check", SAMPLE, "--rule", "no-such-rule"], /no such rule\n {2}there are: work-after-unhash/],
    [["check", SAMPLE, "--filesystem", "fs/none"], /^evictscope: fs\/none: no such filesystem/],
    [["check", SAMPLE, "--fail-on", "hint"], /Allowed choices are error, warning, never/],
    [["check", SAMPLE, "--jobs", "0"], /whole number/],
    [["check", SAMPLE, "--frobnicate"], /unknown option '--frobnicate'/],
    [["check"], /missing required argument 'paths'/],
    [["frobnicate"], /unknown command 'frobnicate'/],
  ])("is 2, with the reason, for %j", (args, reason) => {
    const { status, stdout, stderr } = evictscope(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(reason);
  });

  test("is 0 for --help and --version", () => {
    expect(evictscope(["--help"])).toMatchObject({ status: 0, stdout: expect.stringContaining("Exit status") });
    expect(evictscope(["check", "--help"]).stdout).toContain("--fail-on");
    expect(evictscope(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("options", () => {
  test("-o writes the whole report to the file and nothing else", () => {
    const file = join(folder(), "review.json");
    const { status, stdout } = evictscope([
      "check",
      SAMPLE,
      "--format",
      "json",
      "-o",
      file,
      "--no-cache",
      "--jobs",
      "1",
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(schemaProblems("check", JSON.parse(readFileSync(file, "utf8")))).toEqual([]);
    expect(readdirSync(folder()).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("-o into a pipe writes into it, and a link stays a link", async () => {
    const pipe = join(folder(), "pipe");
    const copy = join(folder(), "copy.txt");
    const link = join(folder(), "link.txt");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cp", [pipe, copy]);
    const read = new Promise((done) => reader.once("exit", done));
    const plain = join(SAMPLE, "fs/plainfs");
    expect(evictscope(["check", plain, "-o", pipe])).toMatchObject({ status: 0, stdout: "" });
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    writeFileSync(join(folder(), "target.txt"), "old");
    symlinkSync("target.txt", link);
    expect(evictscope(["check", plain, "-o", link]).status).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    await read;
    for (const file of [link, copy])
      expect(readFileSync(file, "utf8")).toMatch(/No findings\..*only fs\/plainfs was asked for/s);
  });

  test("-o into a folder that does not exist is refused before the review", () => {
    const { status, stderr } = evictscope(["check", SAMPLE, "-o", join(folder(), "none", "x.txt")]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/is no folder/);
    expect(existsSync(join(folder(), "none"))).toBe(false);
  });

  test("--jobs 4 is taken, and says that 1 is used", () => {
    expect(evictscope(["check", join(SAMPLE, "fs/plainfs"), "--jobs", "4"])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("uses 1"),
    });
  });

  test("--simulate all gives each finding the verdict of its own model, which replays", () => {
    const before = checkJson(join(SAMPLE, "fs/puntfs"));
    const after = checkJson(join(SAMPLE, "fs/puntfs"), "--simulate", "all");
    expect(schemaProblems("check", after)).toEqual([]);
    expect(after.limits.maxStates).toBeGreaterThan(1_000_000);
    // The labels are scored by what the rules say, whatever the simulator makes of it.
    expect(after.findings.map(({ id, staticSeverity }) => ({ id, staticSeverity }))).toEqual(
      before.findings.map(({ id, staticSeverity }) => ({ id, staticSeverity })),
    );
    for (const { id, simulation } of after.findings) {
      expect(simulation.model).toBe(`finding-${id}`);
      expect(simulation.verdict).not.toBe("not-run");
    }
    const finding = after.findings.find(({ rule }) => rule === "work-after-unhash")!;
    expect(finding.simulation).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
    const replay = evictscope(["simulate", finding.id, SAMPLE, "--trace", finding.simulation.traceString!]);
    expect(replay.status).toBe(1);
    expect(replay.stdout).toContain("Verdict: violated (UNIQ)");
  });

  test("--simulate all as text says what was confirmed", () => {
    const { stdout } = evictscope(["check", join(SAMPLE, "fs/dirtfs"), "--simulate", "all"]);
    expect(stdout).toMatch(/simulated: confirmed, DIRT is violated in \d+ states/);
    expect(stdout).toMatch(/replay: evictscope simulate [0-9a-f]{16} TREE --trace 'finding-/);
  });

  test("a suppressed finding is counted", () => {
    const { stdout } = evictscope(["check", join(SAMPLE, "fs/dirtfs")]);
    expect(stdout).toMatch(/\d+ findings? suppressed by a comment/);
  });
});

test("the schema knows exactly the rules", () => {
  expect(readSchema("check").definitions.finding.properties.rule.enum).toEqual([...RULE_IDS]);
});
