#!/usr/bin/env node
/**
 * `npm run build:native`: compiles the committed parser into grammars/kernel-c/build/kernel-c.node, a Node-API addon for
 * npm's tree-sitter. Needs a C compiler (cc, or CC) and nothing else; Node's headers come from npm (node-api-headers).
 * Without it the WASM module serves.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const grammar = fileURLToPath(new URL("../grammars/kernel-c/", import.meta.url));
const headers = createRequire(import.meta.url)("node-api-headers").include_dir;
const build = join(grammar, "build");

mkdirSync(build, { recursive: true });
// Written under another name first, so that a Node that has the addon loaded keeps the file it has.
const partial = join(build, `kernel-c.${process.pid}.node`);
const shared = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
const { status, error } = spawnSync(
  process.env.CC ?? "cc",
  [
    "-std=c11",
    "-O2",
    "-fPIC",
    "-fvisibility=hidden",
    "-DNDEBUG",
    "-I",
    headers,
    "-I",
    "src",
    ...shared,
    "binding.c",
    "src/parser.c",
    "src/scanner.c",
    "-o",
    partial,
  ],
  { cwd: grammar, stdio: "inherit" },
);
if (error || status !== 0) {
  console.error(`npm run build:native: ${error?.message ?? `the compiler ended with status ${status}`}`);
  process.exit(1);
}
renameSync(partial, join(build, "kernel-c.node"));
console.log("grammars/kernel-c/build/kernel-c.node");
