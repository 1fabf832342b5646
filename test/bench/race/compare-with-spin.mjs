/**
 * The explorer beside SPIN on the protocol of evict.pml, in one run on one machine. Ratios are of processor seconds (user
 * and system, all threads), which other work on the machine changes least; those of the clock stand beside them.
 *
 *   node test/bench/race/compare-with-spin.mjs [--large] [--large-spin]
 *
 * --large: also five threads, (3,1) and (4,0), with our explorer. --large-spin: SPIN on (3,1) too (6 GB, 90 s).
 * Needs spin and gcc. Prints a table and, as the last line, the figures as JSON.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "evictscope-bench-"));
const large = process.argv.includes("--large");
const largeSpin = process.argv.includes("--large-spin");
const UNREDUCED = { partialOrder: false, symmetry: false, slots: false, lockRegions: false };

await build({
  entryPoints: [join(here, "explore-once.ts")],
  bundle: true,
  platform: "node",
  format: "esm",
  outfile: join(folder, "explore-once.mjs"),
  logLevel: "error",
});

/** Processor seconds of a command and what it printed. */
function timed(command, args) {
  const start = performance.now();
  const text = execFileSync("bash", ["-c", '"$@"; times', "timed", command, ...args], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 2 ** 26,
  });
  // The last line of `times` is the children's user and system time: 0m1.234s 0m0.056s
  const last = text.trim().split("\n").at(-1) ?? "";
  const seconds = [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, m) => sum + Number(m[1]) * 60 + Number(m[2]), 0);
  return { text, seconds, wall: (performance.now() - start) / 1000 };
}

/** `edit` takes the text of evict.pml and gives that of the variant. */
function spin(nl, nw, flags, defines = [], edit = (text) => text) {
  writeFileSync(join(folder, "model.pml"), edit(readFileSync(join(here, "evict.pml"), "utf8")));
  const generate = timed("spin", ["-a", `-DNL=${nl}`, `-DNW=${nw}`, ...defines, "model.pml"]);
  const compile = timed("gcc", ["-O2", "-w", "-DSAFETY", "-DMEMLIM=7000", ...flags, "-o", "pan", "pan.c"]);
  const run = timed("./pan", ["-m1000000"]);
  const number = (pattern) => Number(pattern.exec(run.text)?.[1] ?? Number.NaN);
  return {
    states: number(/(\d+) states, stored/),
    transitions: number(/(\d+) transitions/),
    errors: number(/errors: (\d+)/),
    megabytes: number(/([\d.]+)\s+total actual memory usage/),
    seconds: run.seconds,
    wall: run.wall,
    total: generate.seconds + compile.seconds + run.seconds,
    totalWall: generate.wall + compile.wall + run.wall,
  };
}

function ours(toggles, options = {}) {
  const args = [
    join(folder, "explore-once.mjs"),
    join(here, "evict-pml.json"),
    JSON.stringify({ toggles, ...options }),
  ];
  const start = performance.now();
  const answer = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  return { ...answer, totalWall: (performance.now() - start) / 1000 };
}

const rows = [];
function row(what, value, required, met) {
  rows.push({ what, value, required, met });
  console.log(`${met ? "ok  " : "MISS"} ${what.padEnd(58)} ${String(value).padEnd(26)} ${required}`);
}
/** A ratio of processor seconds, and in brackets of the clock. */
const both = (cpu, wall) => `${round(cpu)} (${round(wall)})`;
const round = (n) => Number(n.toPrecision(3));

const figures = {};
for (const [nl, nw, share, megabytes] of [
  [2, 1, 0.45, Number.POSITIVE_INFINITY],
  [3, 0, 0.36, 64],
]) {
  const name = `(${nl},${nw})`;
  const toggles = { lookups: nl, reclaimers: nw };
  const reduced = spin(nl, nw, []);
  const full = spin(nl, nw, ["-DNOREDUCE"]);
  const mine = ours(toggles);
  const raw = ours(toggles, { reductions: UNREDUCED });
  figures[name] = { spin: reduced, spinFull: full, ours: mine, oursFull: raw };
  row(
    `${name} time / SPIN's`,
    both(mine.seconds / reduced.seconds, mine.wall / reduced.wall),
    `<= ${share}`,
    mine.seconds / reduced.seconds <= share,
  );
  row(`${name} megabytes of states`, round(mine.megabytes), `<= ${megabytes}`, mine.megabytes <= megabytes);
  row(
    `${name} SPIN's reduced states / ours`,
    round(reduced.states / mine.states),
    ">= 5",
    reduced.states / mine.states >= 5,
  );
  const off = raw.states / full.states - 1;
  row(
    `${name} unreduced states against -DNOREDUCE`,
    `${round(off * 100)} % (${raw.states})`,
    "within 10 %",
    Math.abs(off) <= 0.1,
  );
  const rate = raw.states / raw.seconds / (full.states / full.seconds);
  const wallRate = raw.states / raw.wall / (full.states / full.wall);
  row(`${name} unreduced states/s / SPIN's (-DNOREDUCE)`, both(rate, wallRate), ">= 1", rate >= 1);
}
for (const [what, toggles, patch] of [["unhash first", { buggy: true }, ["-DBUGGY"]]]) {
  for (const [nl, nw] of [
    [2, 0],
    [2, 1],
    [3, 0],
  ]) {
    const theirs = spin(nl, nw, [], patch);
    const mine = ours({ lookups: nl, reclaimers: nw, ...toggles });
    const ratio = mine.total / theirs.total;
    figures[`${what} (${nl},${nw})`] = { spin: theirs, ours: mine };
    row(
      `${what} (${nl},${nw}): shortest counterexample, ${mine.steps} steps`,
      both(ratio, mine.totalWall / theirs.totalWall),
      "<= 0.1, violated",
      ratio <= 0.1 && mine.verdict === "violated" && mine.shortest === true && theirs.errors > 0,
    );
  }
}
/** Replaces what must be there. */
const without = (step, instead) => (text) => {
  if (!text.includes(step)) throw new Error(`evict.pml has no ${step}`);
  return text.replace(step, instead);
};
for (const [what, toggles, edit] of [
  [
    "the wake-up dropped",
    { do_wake: false },
    without("assert(ino[i].freeing);\n  ino[i].waiters = 0;", "assert(ino[i].freeing);"),
  ],
  ["nwait-- dropped", { do_nwait: false }, without("ino[dying].nwait--;", "skip;")],
  ["the wait for nwait dropped", { wait_nwait: false }, without("(ino[i].nwait == 0);", "skip;")],
]) {
  const theirs = spin(2, 0, [], [], edit);
  const mine = ours({ lookups: 2, reclaimers: 0, ...toggles });
  figures[what] = { spin: theirs, ours: mine };
  const verdict = theirs.errors > 0 ? "violated" : "holds";
  row(
    `${what} (2,0)`,
    `${mine.verdict} ${mine.invariant ?? ""}`,
    `as SPIN: ${verdict}`,
    (mine.verdict === "violated") === theirs.errors > 0,
  );
}
if (large || largeSpin) {
  const theirs = largeSpin ? spin(3, 1, []) : { seconds: Number.NaN, wall: Number.NaN };
  const [a, b] = [ours({ lookups: 3, reclaimers: 1 }), ours({ lookups: 4, reclaimers: 0 })];
  figures["(3,1)"] = { spin: theirs, ours: a };
  figures["(4,0)"] = { ours: b };
  if (largeSpin)
    row(
      "(3,1) time / SPIN's",
      both(a.seconds / theirs.seconds, a.wall / theirs.wall),
      "<= 0.12",
      a.seconds / theirs.seconds <= 0.12,
    );
  else console.log(`     (3,1) ${round(a.seconds)} s, ${a.states} states`);
  row("(3,1) megabytes of states", round(a.megabytes), "<= 500", a.megabytes <= 500);
  if (largeSpin)
    row(
      "(4,0) time / SPIN's (3,1)",
      both(b.seconds / theirs.seconds, b.wall / theirs.wall),
      "< 1",
      b.seconds < theirs.seconds,
    );
  else console.log(`     (4,0) ${round(b.seconds)} s, ${b.states} states`);
}
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify({ rows, figures }));
