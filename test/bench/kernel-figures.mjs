#!/usr/bin/env node
/**
 * Figures on a real tree, each beside a well-known tool on the same files in the same run:
 *
 *   npm run figures -- TREE [--runs 3]
 *
 * `survey` beside `rg -F -e .evict_inode -e remove_inode_hash` over the C files of seven folders, and cold `check`, which searches
 * the whole tree, beside `ctags -R --languages=C` over the whole tree and over the seven folders. Wall time, CPU time (user and system) and peak resident memory, the median of the runs.
 * Nothing is asserted: machines differ, ratios within one run less so.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

function measure(command, cwd, runs) {
  const folder = mkdtempSync(join(tmpdir(), "evictscope-figures-"));
  const results = [];
  try {
    for (let run = 0; run < runs; run++) {
      const output = join(folder, "usage.json");
      const result = spawnSync("python3", ["-c", METER, output, ...command], {
        cwd,
        stdio: ["ignore", "ignore", "inherit"],
      });
      if (result.error || result.status !== 0) throw new Error("python3 is needed to measure");
      results.push(JSON.parse(readFileSync(output, "utf8")));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const median = (key) => results.map((result) => result[key]).sort((a, b) => a - b)[Math.floor(results.length / 2)];
  return { status: results[0].status, wall: median("wall"), cpu: median("cpu"), rss: median("rss") };
}

function main(args) {
  const tree = args.find((argument, index) => !argument.startsWith("--") && args[index - 1] !== "--runs");
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
  const figures = {};
  console.log(`${"".padEnd(14)}   wall s    cpu s   peak MB`);
  for (const [name, command] of Object.entries(commands)) {
    const figure = measure(command, tree, runs);
    figures[name] = figure;
    const numbers = [figure.wall.toFixed(2), figure.cpu.toFixed(2), (figure.rss / 1e6).toFixed(0)];
    console.log(
      `${name.padEnd(14)}${numbers.map((text) => text.padStart(9)).join("")}${figure.status === 0 ? "" : `   (status ${figure.status})`}`,
    );
  }
  rmSync(tags, { force: true });
  console.log(`survey / rg, wall: ${(figures.survey.wall / figures.rg.wall).toFixed(2)}`);
  for (const name of ["ctags", "ctags, seven"])
    console.log(`check / ${name}, cpu: ${(figures["check (cold)"].cpu / figures[name].cpu).toFixed(2)}`);
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(`figures: ${error.message}`);
  process.exitCode = 3;
}
