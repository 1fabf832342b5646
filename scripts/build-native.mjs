#!/usr/bin/env node
/**
 * `npm run build:native`: compiles the committed parser into grammars/kernel-c/build/kernel-c.node, a Node-API addon for
 * npm's tree-sitter; and tree-sitter's own addon from its package's sources where the prebuilt one does not load (it
 * wants a newer C++ library than Debian 12 has). Needs a C compiler (cc, or CC; for the second c++, or CXX) and nothing
 * else: Node's headers come from npm. Without either, the WASM module serves.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const grammar = fileURLToPath(new URL("../grammars/kernel-c/", import.meta.url));
const require = createRequire(import.meta.url);
const serverRequire = createRequire(new URL("../server/package.json", import.meta.url));
const headers = require("node-api-headers").include_dir;
const shared = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];

/**
 * Runs a compiler; ends the script when it fails.
 * @param {string} compiler
 * @param {string[]} options
 * @param {string} folder
 */
function compile(compiler, options, folder) {
  const { status, error } = spawnSync(compiler, options, { cwd: folder, stdio: "inherit" });
  if (!error && status === 0) return;
  console.error(`npm run build:native: ${error?.message ?? `${compiler} ended with status ${status}`}`);
  process.exit(1);
}

function buildGrammar() {
  const build = join(grammar, "build");
  mkdirSync(build, { recursive: true });
  // Written under another name first, so that a Node that has the addon loaded keeps the file it has.
  const partial = join(build, `kernel-c.${process.pid}.node`);
  const options = [
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
  ];
  compile(process.env.CC ?? "cc", [...options, "binding.c", "src/parser.c", "src/scanner.c", "-o", partial], grammar);
  renameSync(partial, join(build, "kernel-c.node"));
  console.log("grammars/kernel-c/build/kernel-c.node");
}

function runtimeLoads() {
  try {
    serverRequire("tree-sitter");
    return true;
  } catch {
    return false;
  }
}

/**
 * Node's own headers, which tree-sitter's addon needs beside Node-API's: beside the program in Node's archives, Debian's and
 * NodeSource's packages.
 */
function nodeHeaders() {
  const folder = join(dirname(process.execPath), "..", "include", "node");
  if (existsSync(join(folder, "node_object_wrap.h"))) return folder;
  console.error(
    `npm run build:native: no Node headers in ${folder} (Debian: apt-get install libnode-dev). The WASM parser serves.`,
  );
  process.exit(1);
}

/** Where tree-sitter's loader looks first: build/Release in its package. */
function buildRuntime() {
  const folder = dirname(serverRequire.resolve("tree-sitter/package.json"));
  // The package's own include_dir is relative to the working folder; its headers lie beside its manifest.
  const addonApi = dirname(createRequire(join(folder, "package.json")).resolve("node-addon-api/package.json"));
  const release = join(folder, "build", "Release");
  mkdirSync(release, { recursive: true });
  const library = join(release, "tree-sitter.o");
  const lib = join("vendor", "tree-sitter", "lib");
  compile(
    process.env.CC ?? "cc",
    [
      "-std=c11",
      "-O2",
      "-fPIC",
      "-fvisibility=hidden",
      "-D_POSIX_C_SOURCE=200112L",
      "-D_DEFAULT_SOURCE",
      "-I",
      join(lib, "include"),
      "-I",
      join(lib, "src"),
      "-c",
      join(lib, "src", "lib.c"),
      "-o",
      library,
    ],
    folder,
  );
  const names = [
    "binding",
    "conversions",
    "language",
    "logger",
    "lookaheaditerator",
    "node",
    "parser",
    "query",
    "tree",
    "tree_cursor",
  ];
  const partial = join(release, `runtime.${process.pid}.node`);
  compile(
    process.env.CXX ?? "c++",
    [
      "-std=c++17",
      "-O2",
      "-fPIC",
      "-fvisibility=hidden",
      "-Wno-cast-function-type",
      "-DNAPI_VERSION=8",
      "-DNAPI_CPP_EXCEPTIONS",
      "-fexceptions",
      "-I",
      join(lib, "include"),
      "-I",
      headers,
      "-I",
      addonApi,
      "-I",
      nodeHeaders(),
      ...shared,
      ...names.map((name) => join("src", `${name}.cc`)),
      library,
      "-o",
      partial,
    ],
    folder,
  );
  renameSync(partial, join(release, "tree_sitter_runtime_binding.node"));
  console.log("tree-sitter's addon, built from its package's sources");
}

buildGrammar();
if (!runtimeLoads()) buildRuntime();
