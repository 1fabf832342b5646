#!/usr/bin/env node
/**
 * How long a model and its verdict take on a real tree:
 *
 *   node test/bench/verdicts.mjs TREE [FILESYSTEM...]
 *
 * Reviews the tree (or filesystems of it), then asks for the verdict of each finding, one after the other and from cold, as
 * the editor does in the background. Prints the median, the 95th percentile, the slowest, and the sum of processor time.
 * Nothing is asserted: machines differ.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [tree, ...filesystems] = process.argv.slice(2);
if (tree === undefined) {
  console.error("usage: node test/bench/verdicts.mjs TREE [FILESYSTEM...]");
  process.exit(2);
}

// The grammar's files are found from where a bundle of the product lies.
const folder = mkdtempSync(join(root, "dist", "bench-"));
try {
  const entry = join(folder, "entry.ts");
  writeFileSync(
    entry,
    ["index/tree-session", "node/create-parser", "node/folder-source", "core/text/cancellation"]
      .map((path) => `export * from ${JSON.stringify(join(root, "server", "src", `${path}.ts`))};`)
      .join("\n"),
  );
  const outfile = join(folder, "bundle.mjs");
  await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", packages: "external", outfile });
  const { createTreeSession, createParser, createFolderSource, NEVER_CANCELLED } = await import(
    pathToFileURL(outfile).href
  );
  await measure(
    createTreeSession({
      files: createFolderSource(resolve(tree)),
      parser: createParser,
      options: filesystems.length === 0 ? {} : { filesystems },
    }),
    NEVER_CANCELLED,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(session, token) {
  const { review } = await session.review(token);
  const times = [];
  const counts = new Map();
  const before = process.cpuUsage();
  for (const finding of review.findings) {
    const start = performance.now();
    const { simulation } = await session.query({ name: "verdict", finding }, token);
    times.push({ ms: performance.now() - start, finding, states: simulation.states ?? 0 });
    const key = `${simulation.verdict} ${simulation.invariant ?? ""}`.trim();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const { user, system } = process.cpuUsage(before);
  times.sort((a, b) => a.ms - b.ms);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]?.ms.toFixed(0) ?? "-";
  const slowest = times.at(-1);
  console.log(`${times.length} findings: ${[...counts].map(([key, count]) => `${count} ${key}`).join(", ")}`);
  console.log(`median ${at(0.5)} ms, p95 ${at(0.95)} ms, slowest ${at(1)} ms`);
  if (slowest) console.log(`slowest: ${slowest.finding.rule} ${slowest.finding.file}:${slowest.finding.line}`);
  console.log(`in all ${((user + system) / 1e6).toFixed(1)} s of processor time`);
}
