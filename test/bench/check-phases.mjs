#!/usr/bin/env node
/**
 * Where a cold `check` of a tree spends its main thread's time: `node test/bench/check-phases.mjs [TREE]`.
 *
 *   list, read   the folders' entries, the files' bytes, the search for tables outside of the folders that are read in full
 *   skeleton     the scan of those files' top level, and the tables of names
 *   parse        functions and structs: the quick reader, the parser, the lowering to steps
 *   solve        everything else of the review: liveness, calls, values, typestate, rules
 *
 * A sampling profile of V8 counts; each sample belongs to the innermost of these phases on its stack.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelFolder } from "../support/cache-folder.mjs";

/** Functions of the bundle by which a phase is known. */
const PHASES = new Map([
  ["loadTree", "list, read"],
  ["listFolder", "list, read"],
  ["setFile", "skeleton"],
  ["findMadeFunctions", "skeleton"],
  ["#lower", "parse"],
  ["#parseMembers", "parse"],
  ["Analysis", "solve"],
  ["review", "solve"],
  ["solve", "solve"],
  ["solveGeneric", "solve"],
  ["(garbage collector)", "garbage collection"],
  ["(program)", "outside of JavaScript"],
  ["(idle)", null],
]);

const tree = process.argv[2] ?? process.env.EVICTSCOPE_KERNEL_6_12 ?? kernelFolder("6.12");
if (!existsSync(join(tree, "fs"))) {
  console.error("usage: node test/bench/check-phases.mjs [TREE]");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "evictscope-phases-"));
try {
  const cli = fileURLToPath(new URL("../../server/bin/evictscope.mjs", import.meta.url));
  const options = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=2000"];
  const command = [
    "check",
    tree,
    "--format",
    "json",
    "--no-cache",
    "--fail-on",
    "never",
    "-o",
    join(folder, "review.json"),
  ];
  const { status } = spawnSync(process.execPath, [...options, cli, ...command], { stdio: "inherit" });
  if (status !== 0) throw new Error(`check ended with status ${status}`);
  const name = readdirSync(folder).find((each) => each.endsWith(".cpuprofile"));
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, name), "utf8"));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const phaseOf = new Map();
  const work = [[nodes[0], "start"]];
  while (work.length > 0) {
    const [node, around] = work.pop();
    // The bundler numbers names that stand in several modules.
    const known = PHASES.get(node.callFrame.functionName.replace(/\d+$/, ""));
    const phase = known === undefined ? around : known;
    phaseOf.set(node.id, phase);
    for (const child of node.children ?? []) work.push([byId.get(child), phase]);
  }
  const seconds = new Map();
  samples.forEach((id, i) => {
    const phase = phaseOf.get(id);
    if (phase !== null) seconds.set(phase, (seconds.get(phase) ?? 0) + timeDeltas[i] / 1e6);
  });
  const total = [...seconds.values()].reduce((a, b) => a + b, 0);
  for (const [phase, time] of [...seconds].sort((a, b) => b[1] - a[1]))
    console.log(
      `${phase.padEnd(20)}${time.toFixed(2).padStart(8)} s${((100 * time) / total).toFixed(0).padStart(5)} %`,
    );
  console.log(`${"all".padEnd(20)}${total.toFixed(2).padStart(8)} s`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
