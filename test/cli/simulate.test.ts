/** `evictscope simulate` and `explain`: verdicts, replays, exports, precise refusals. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listModels } from "../../server/src/core/race/catalogue/index.ts";
import type { Review } from "../../server/src/core/report/finding.ts";
import { fixtureFolder } from "../support/fixture.ts";
import { buildOnce, evictscope, temporaryFolder } from "./run-evictscope.ts";
import { schemaProblems } from "./schemas.ts";

buildOnce();
const folder = temporaryFolder();
const VIOLATED = "evict-async-after-unhash";

function file(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

describe("a model of the catalogue", () => {
  test("that holds: status 0, no trace", () => {
    const { status, stdout } = evictscope(["simulate", "sync-evict-baseline", "--format", "json"]);
    expect(status).toBe(0);
    const answer = JSON.parse(stdout);
    expect(schemaProblems("simulate", answer)).toEqual([]);
    expect(answer).toMatchObject({ model: "sync-evict-baseline", verdict: "holds" });
    expect(answer.trace).toBeUndefined();
    expect(answer.states).toBeGreaterThan(100);
  });

  test("that is violated: status 1, a trace that replays to the same end", () => {
    const { status, stdout } = evictscope(["simulate", VIOLATED, "--format", "json"]);
    expect(status).toBe(1);
    const answer = JSON.parse(stdout);
    expect(schemaProblems("simulate", answer)).toEqual([]);
    expect(answer).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
    const replay = evictscope(["simulate", VIOLATED, "--trace", answer.traceString, "--format", "json"]);
    expect(replay.status).toBe(1);
    const replayed = JSON.parse(replay.stdout);
    expect(schemaProblems("simulate", replayed)).toEqual([]);
    expect(replayed.trace).toEqual(answer.trace);
    expect(replayed.invariant).toBe("UNIQ");
  });

  test("with --seed-trace as with --trace; not with both", () => {
    const { traceString } = JSON.parse(evictscope(["simulate", VIOLATED, "--format", "json"]).stdout);
    const one = evictscope(["simulate", VIOLATED, "--trace", traceString]);
    const other = evictscope(["simulate", VIOLATED, "--seed-trace", traceString]);
    const untimed = (text: string) => text.replace(/[\d.,]+ m?s\b/g, "");
    expect(untimed(other.stdout)).toBe(untimed(one.stdout));
    expect(other.status).toBe(1);
    expect(evictscope(["simulate", VIOLATED, "--trace", traceString, "--seed-trace", traceString]).status).toBe(2);
  });

  test("without reductions: the same verdict, at least as many states", () => {
    const explored = (...more: string[]) =>
      JSON.parse(evictscope(["simulate", "evict-async-hashed", "--format", "json", ...more]).stdout);
    const [reduced, full] = [explored(), explored("--no-reductions")];
    expect(full.verdict).toBe(reduced.verdict);
    expect(full.states).toBeGreaterThanOrEqual(reduced.states);
  });

  test("as text: the verdict, the columns of the run, how to replay it", () => {
    const { stdout } = evictscope(["simulate", VIOLATED]);
    expect(stdout).toContain("Verdict: violated (UNIQ)");
    expect(stdout).toMatch(/evictor\s+lookup/);
    expect(stdout).toMatch(/Replay: evictscope simulate \S+ --trace '\S+'/);
  });

  test("that meets --max-states is bounded, says which limit, and is no success", () => {
    const { status, stdout } = evictscope([
      "simulate",
      "sync-evict-baseline",
      "--max-states",
      "20",
      "--format",
      "json",
    ]);
    expect(status).toBe(1);
    const answer = JSON.parse(stdout);
    expect(schemaProblems("simulate", answer)).toEqual([]);
    expect(answer.verdict).toBe("bounded");
    expect(answer.limit).toMatch(/20/);
  });

  test("as a picture and as Mermaid", () => {
    expect(evictscope(["simulate", VIOLATED, "--format", "svg"]).stdout).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
    expect(evictscope(["simulate", VIOLATED, "--format", "mermaid"]).stdout).toMatch(/sequenceDiagram/);
    expect(evictscope(["simulate", "sync-evict-baseline", "--format", "svg"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("there is no run to draw"),
    });
  });

  test("as Promela: the model itself, for SPIN", () => {
    const { status, stdout } = evictscope(["simulate", VIOLATED, "--format", "promela"]);
    expect(status).toBe(0);
    expect(stdout).toContain("proctype");
  });

  test("list shows the whole catalogue, an unknown name points to it", () => {
    const { status, stdout } = evictscope(["simulate", "list"]);
    expect(status).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual(listModels().map(({ id }) => id));
    expect(evictscope(["simulate", "none-such"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("simulate list"),
    });
  });
});

describe("--set", () => {
  test("an unknown toggle, a value it has not, and bad syntax are refused", () => {
    expect(evictscope(["simulate", VIOLATED, "--set", "colour=red"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("has no toggle colour"),
    });
    expect(evictscope(["simulate", VIOLATED, "--set", "colour"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("expected NAME=VALUE"),
    });
  });

  test("a model with a toggle runs with the value given", () => {
    const path = file("toggled.json", JSON.stringify(TOGGLED));
    const run = (...set: string[]) => evictscope(["simulate", path, "--format", "json", ...set]);
    expect(run()).toMatchObject({ status: 0 });
    const bad = run("--set", "unsafe=true");
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ toggles: { unsafe: true }, invariant: "low" });
    expect(run("--set", "unsafe=maybe")).toMatchObject({ status: 2, stderr: expect.stringContaining("true") });
  });
});

const TOGGLED = {
  format: 1,
  id: "toggled",
  title: "A counter",
  summary: "One thread counts.",
  toggles: [{ name: "unsafe", description: "Counts twice.", values: [false, true], default: false }],
  variables: [{ name: "n", max: 4 }],
  threads: [{ name: "counter", steps: ["n = 1", { when: "unsafe", do: "n = 2" }] }],
  invariants: [{ id: "low", description: "n is at most 1", always: "n <= 1" }],
};

describe("a model's file", () => {
  test("that is bad is refused with place and reason, as the engine gives them", () => {
    const path = file("bad.json", JSON.stringify({ ...TOGGLED, threads: [{ name: "counter", steps: ["m = 1"] }] }));
    const { status, stdout, stderr } = evictscope(["simulate", path]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/1 error in the model/);
    expect(stderr).toMatch(/threads\[0\]\.steps\[0\].*m\b/);
  });

  test.each([
    ["not-json.json", "{", /not JSON/],
    ["empty.json", "{}", /errors in the model/],
    ["list.json", "[]", /errors? in the model/],
  ])("%s is refused in few lines", (name, text, reason) => {
    const { status, stderr } = evictscope(["simulate", file(name, text)]);
    expect(status).toBe(2);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("that is not there is refused in one line", () => {
    expect(evictscope(["simulate", join(folder(), "none.json")]).stderr).toMatch(/^evictscope: .*no such file\n$/);
  });
});

test.each([
  ["nonsense", /no trace string/],
  [`${VIOLATED}#000000:aab`, /./],
  ["sync-evict-baseline#c857ed:aab", /not of evict-async-after-unhash/],
])("--trace %s is refused with the reason", (trace, reason) => {
  const { status, stderr } = evictscope(["simulate", VIOLATED, "--trace", trace]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^evictscope: --trace: /);
  expect(stderr).toMatch(reason);
});

describe("a finding", () => {
  const SAMPLE = fixtureFolder("sample");
  const review = (): Review => JSON.parse(evictscope(["check", SAMPLE, "--format", "json"]).stdout);

  test("is simulated with the model that is made from its own code", () => {
    const finding = review().findings.find((each) => each.rule === "dirty-under-memalloc")!;
    const { status, stdout } = evictscope(["simulate", finding.id.slice(0, 8), SAMPLE, "--format", "json"]);
    expect(status).toBe(1);
    const answer = JSON.parse(stdout);
    expect(schemaProblems("simulate", answer)).toEqual([]);
    expect(answer).toMatchObject({ model: finding.simulation.model, verdict: "violated", invariant: "DIRT" });
    expect(answer.assumptions[0]).toContain(`Made from ${finding.function}()`);
    const effect = finding.chain.at(-1)!;
    expect(answer.trace.at(-1)).toMatchObject({ file: effect.file, line: effect.line });
    expect(evictscope(["simulate", finding.simulation.model, SAMPLE, "--format", "promela"]).stdout).toContain(
      "proctype",
    );
    expect(evictscope(["simulate", finding.id]).stderr).toMatch(/needs its tree/);
  });

  test("is explained: source lines of the chain, a way in for each context, how to fix it", () => {
    const finding = review().findings.find(
      (each) => each.rule === "dirty-under-memalloc" && each.filesystem === "fs/dirtfs" && each.chain.length > 2,
    )!;
    const { status, stdout } = evictscope(["explain", finding.id.slice(0, 8), SAMPLE]);
    expect(status).toBe(0);
    for (const { file: path, line } of [...finding.chain, ...finding.ends]) {
      const text = readFileSync(join(SAMPLE, path), "utf8").split("\n")[line - 1]!.trim();
      expect(stdout).toContain(`${path}:${line}:`);
      expect(stdout).toContain(text);
    }
    expect(stdout).toMatch(/kswapd: kswapd -> .* -> super_cache_scan -> .* -> evict/);
    expect(stdout).toMatch(/direct-reclaim: __perform_reclaim -> .* -> evict/);
    for (const condition of finding.conditions) expect(stdout).toContain(condition);
    expect(stdout).toContain("What to do\n  Keep the deletion out of reclaim");
  });

  test("as JSON has the finding, the ways in and the page", () => {
    const [first] = review().findings;
    const answer = JSON.parse(evictscope(["explain", first!.id, SAMPLE, "--format", "json"]).stdout);
    expect(answer.finding.id).toBe(first!.id);
    expect(answer.ways.length).toBeGreaterThan(0);
    expect(answer.page.howToFix.length).toBeGreaterThan(20);
  });

  test("an inode without links comes from the last iput(), any other from the walk of the LRU, too", () => {
    const kswapd = (rule: string, filesystem: string): string => {
      const finding = review().findings.find((each) => each.rule === rule && each.filesystem === filesystem)!;
      return /^ {2}kswapd: (.*)$/m.exec(evictscope(["explain", finding.id, SAMPLE]).stdout)![1]!;
    };
    expect(kswapd("work-after-unhash", "fs/puntfs")).toMatch(
      /super_cache_scan -> prune_dcache_sb -> shrink_dentry_list -> .* -> iput -> iput_final -> evict$/,
    );
    expect(kswapd("iput-under-evict", "fs/stackfs")).toMatch(
      /super_cache_scan -> prune_icache_sb -> dispose_list -> evict$/,
    );
  });

  test("that does not exist is refused", () => {
    expect(evictscope(["explain", "0000000000000000", SAMPLE])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no finding of this tree has the id"),
    });
    expect(evictscope(["explain", "xyz", SAMPLE])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no finding's id"),
    });
  });
});

test("-o writes the answer to the file", () => {
  const path = join(folder(), "trace.svg");
  expect(evictscope(["simulate", VIOLATED, "--format", "svg", "-o", path])).toMatchObject({ status: 1, stdout: "" });
  expect(existsSync(path)).toBe(true);
});

describe("--designs", () => {
  const SAMPLE = fixtureFolder("sample");
  const designs = (...args: string[]) => evictscope(["simulate", "--designs", "fs/jnlfs", SAMPLE, ...args]);

  test("as text: a row for each design, what fails, what each must bring", () => {
    const { status, stdout } = designs();
    expect(status).toBe(1);
    expect(stdout).toMatch(/^design +reclaim +lookup +create +umount +memory +throttle$/m);
    expect(stdout).toMatch(/^sync +RECL +holds +holds +holds +- +-$/m);
    expect(stdout).toMatch(/^async-before-unhash +holds +holds +holds +holds\* \(UMNT\)/m);
    expect(stdout).toMatch(/must bring: umount drains the queue/);
  });

  test("as JSON: the cells, with runs that the named model replays", () => {
    const { stdout } = designs("--format", "json");
    const table = JSON.parse(stdout);
    expect(schemaProblems("designs", table)).toEqual([]);
    expect(table).toMatchObject({ version: 1, filesystem: "fs/jnlfs" });
    const cell = table.designs
      .find(({ id }: { id: string }) => id === "async-after-unhash")
      .cells.find(({ question }: { question: string }) => question === "lookup");
    expect(cell.run).toMatchObject({ verdict: "violated", invariant: "UNIQ" });
    const replay = evictscope(["simulate", cell.model, SAMPLE, "--trace", cell.run.traceString]);
    expect(replay.status).toBe(1);
    expect(replay.stdout).toContain("Verdict: violated (UNIQ)");
  });

  test("refuses a filesystem that is not there, a picture, and a second argument", () => {
    expect(evictscope(["simulate", "--designs", "fs/none", SAMPLE])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no such filesystem"),
    });
    expect(designs("--format", "svg")).toMatchObject({ status: 2, stderr: expect.stringContaining("text or json") });
    expect(designs(SAMPLE)).toMatchObject({ status: 2, stderr: expect.stringContaining("the tree and nothing else") });
  });

  test("without the tree: says that it is the tree, with an example", () => {
    expect(evictscope(["simulate", "--designs", "fs/jnlfs"])).toMatchObject({
      status: 2,
      stdout: "",
      stderr:
        "evictscope: simulate --designs fs/jnlfs: the kernel tree is missing\n" +
        "  for example: evictscope simulate --designs fs/ext4 ~/linux\n",
    });
    expect(evictscope(["simulate", "--help"]).stdout).toMatch(
      /^Usage: evictscope simulate \[options\] <subject> \[tree\]\n +evictscope simulate --designs <dir> \[options\] <tree>\n/,
    );
  });
});

test("without anything to simulate: says what, with an example that is there", () => {
  const { status, stdout, stderr } = evictscope(["simulate"]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(
    /^evictscope: simulate: the id or the \.json file of a model, or the id of a finding, is missing\n/,
  );
  const example = /for example: evictscope (.+)/.exec(stderr)![1]!;
  expect(evictscope([...example.split(" "), "--format", "promela"]).status).toBe(0);
});
