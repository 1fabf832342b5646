#!/usr/bin/env node
/**
 * The survey beside ripgrep: `node test/bench/survey.mjs [TREE] [RUNS]`. Both are run in turn, so that both meet the
 * same machine; the medians of wall-clock and processor time and the peak memory of each are printed, and the ratios.
 *
 *   rg -F -e .evict_inode -e remove_inode_hash    over the .c files of seven folders, and of the whole tree
 *   evictscope survey TREE                        the whole tree: tables, definitions, unhash sites
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelFolder } from "../support/cache-folder.mjs";

const FOLDERS = ["fs", "mm", "block", "drivers", "ipc", "security", "arch"];
const root = fileURLToPath(new URL("../..", import.meta.url));
const command = join(root, "server", "bin", "evictscope.mjs");

const tree = process.argv[2] ?? process.env.EVICTSCOPE_KERNEL_6_12 ?? kernelFolder("6.12");
const runs = Number(process.argv[3] ?? 5);
if (!existsSync(join(tree, "fs")) || !Number.isInteger(runs) || runs < 1) {
  console.error(
    "usage: node test/bench/survey.mjs [TREE] [RUNS]; without TREE: EVICTSCOPE_KERNEL_6_12 or the unpacked 6.12",
  );
  process.exit(2);
}

const PATTERNS = ["-F", "-e", ".evict_inode", "-e", "remove_inode_hash", "-g", "*.c"];
const TASKS = [
  {
    name: "rg, seven folders",
    program: "rg",
    args: [...PATTERNS, ...FOLDERS.filter((each) => existsSync(join(tree, each)))],
  },
  { name: "rg, whole tree", program: "rg", args: [...PATTERNS, "."] },
  { name: "evictscope survey", program: process.execPath, args: [command, "survey", tree, "--format", "json"] },
];

// Once for the page cache, and to know that each works.
for (const task of TASKS) measure(task);
const samples = TASKS.map(() => []);
for (let run = 0; run < runs; run++) {
  for (const [index, task] of TASKS.entries()) samples[index].push(measure(task));
}
const figures = TASKS.map(({ name }, index) => ({
  name,
  wall: median(samples[index].map((sample) => sample.wall)),
  cpu: median(samples[index].map((sample) => sample.cpu)),
  memory: median(samples[index].map((sample) => sample.memory)),
}));
console.log(`${runs} runs of each on ${tree.split("/").pop()}; medians\n`);
console.log(`${"".padEnd(20)}${"wall s".padStart(9)}${"cpu s".padStart(9)}${"peak MB".padStart(9)}`);
for (const { name, wall, cpu, memory } of figures) {
  const cells = [wall.toFixed(2), cpu.toFixed(2), (memory / 1e6).toFixed(0)];
  console.log(`${name.padEnd(20)}${cells.map((cell) => cell.padStart(9)).join("")}`);
}
const survey = figures[2];
for (const rg of figures.slice(0, 2)) {
  console.log(
    `survey / ${rg.name}: ${(survey.wall / rg.wall).toFixed(2)} of its wall-clock time, ${(survey.cpu / rg.cpu).toFixed(2)} of its processor time`,
  );
}

/** One run in the tree's root: seconds and bytes. GNU time, where it is there, knows a child's peak memory. */
function measure({ program, args }) {
  const started = performance.now();
  const result = spawnSync(
    "bash",
    ["-c", 'TIMEFORMAT="%U %S"; time "$@"; exit 0', "bash", ...withMemory(program, args)],
    {
      cwd: tree,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    },
  );
  const wall = (performance.now() - started) / 1000;
  const lines = result.stderr.trimEnd().split("\n");
  const [user, system] = (lines.pop() ?? "").split(" ").map(Number);
  const memory = /MAXRSS (\d+)/.exec(result.stderr);
  if (result.status !== 0 || Number.isNaN(user + system)) throw new Error(`${program} failed: ${result.stderr}`);
  return { wall, cpu: user + system, memory: memory === null ? peakOf(result.stdout) : Number(memory[1]) * 1024 };
}

function withMemory(program, args) {
  return existsSync("/usr/bin/time") ? ["/usr/bin/time", "-f", "MAXRSS %M", program, ...args] : [program, ...args];
}

/** The survey says its own peak; what says nothing has NaN. */
function peakOf(stdout) {
  const match = /"peakRssBytes": (\d+)/.exec(stdout);
  return match === null ? Number.NaN : Number(match[1]);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
