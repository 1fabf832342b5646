#!/usr/bin/env node
/**
 * Figures on a real tree, each beside a well-known tool on the same files in the same run:
 *
 *   npm run figures -- TREE [--runs 3]
 *
 * `survey` beside `rg -F -e .evict_inode -e remove_inode_hash` over the C files of seven folders, and cold `check`, which searches
 * the whole tree, beside `ctags -R --languages=C` over the whole tree and over the seven folders. Wall time, CPU time (user and
 * system), of each the least of the runs, since others on the machine only ever add, and the largest resident memory. The programs run in
 * turns, so that a slow minute meets them all; a ratio is the median of those within one turn, with the least and the largest.
 * Nothing is asserted: machines differ, ratios within one turn less so.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = ["fs", "mm", "block", "drivers", "ipc", "security", "arch"];

/** Runs a command and has python3 tell what it used: Node does not report the usage of its children. */
const METER = `
import json, os, resource, subprocess, sys, time
begin = time.monotonic()
status = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL)
wall = time.monotonic() - begin
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as out:
    json.dump({"status": status, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss * 1024}, out)
`;

function measure(command, cwd) {
  const folder = mkdtempSync(join(tmpdir(), "evictscope-figures-"));
  try {
    const output = join(folder, "usage.json");
    const result = spawnSync("python3", ["-c", METER, output, ...command], {
      cwd,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (result.error || result.status !== 0) throw new Error("python3 is needed to measure");
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** "0.33 (0.32 to 0.35)" for one program beside another. */
function ratio(ones, others, key) {
  const ratios = ones.map((one, turn) => one[key] / others[turn][key]).sort((a, b) => a - b);
  const [least, median, most] = [ratios[0], ratios[Math.floor(ratios.length / 2)], ratios[ratios.length - 1]];
  return `${median.toFixed(3)} (${least.toFixed(3)} to ${most.toFixed(3)})`;
}

function main(args) {
  const given = args.find((argument, index) => !argument.startsWith("--") && args[index - 1] !== "--runs");
  const tree = given === undefined ? undefined : resolve(given);
  const runs = args.includes("--runs") ? Number(args[args.indexOf("--runs") + 1]) : 3;
  if (tree === undefined || !existsSync(join(tree, "fs")) || !(runs >= 1)) {
    console.error("usage: npm run figures -- TREE [--runs 3]");
    return 2;
  }
  const folders = FOLDERS.filter((folder) => existsSync(join(tree, folder)));
  const evictscope = [process.execPath, join(root, "server", "bin", "evictscope.mjs")];
  const tags = join(tmpdir(), `evictscope-figures-tags-${process.pid}`);
  const commands = {
    rg: ["rg", "-j1", "--no-ignore", "-F", "-e", ".evict_inode", "-e", "remove_inode_hash", "-g", "*.c", ...folders],
    survey: [...evictscope, "survey", tree, "--format", "json", "-o", "/dev/null"],
    "ctags, seven": ["ctags", "-R", "--languages=C", "-f", tags, ...folders],
    ctags: ["ctags", "-R", "--languages=C", "-f", tags, "."],
    "check (cold)": [
      ...evictscope,
      "check",
      tree,
      "--format",
      "json",
      "--no-cache",
      "--fail-on",
      "never",
      "-o",
      "/dev/null",
    ],
  };
  const figures = new Map(Object.keys(commands).map((name) => [name, []]));
  for (let turn = 0; turn < runs; turn++)
    for (const [name, command] of Object.entries(commands)) figures.get(name).push(measure(command, tree));
  rmSync(tags, { force: true });
  console.log(`${"".padEnd(14)}   wall s    cpu s   peak MB`);
  for (const [name, results] of figures) {
    const least = (key) => Math.min(...results.map((result) => result[key]));
    const most = Math.max(...results.map(({ rss }) => rss));
    const numbers = [least("wall").toFixed(2), least("cpu").toFixed(2), (most / 1e6).toFixed(0)];
    const failed = results.find(({ status }) => status !== 0);
    console.log(
      `${name.padEnd(14)}${numbers.map((text) => text.padStart(9)).join("")}${failed === undefined ? "" : `   (status ${failed.status})`}`,
    );
  }
  console.log(`survey / rg, wall: ${ratio(figures.get("survey"), figures.get("rg"), "wall")}`);
  for (const name of ["ctags", "ctags, seven"])
    console.log(`check / ${name}, cpu: ${ratio(figures.get("check (cold)"), figures.get(name), "cpu")}`);
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(`figures: ${error.message}`);
  process.exitCode = 3;
}
