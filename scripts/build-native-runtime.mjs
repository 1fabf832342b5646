#!/usr/bin/env node
/**
 * Part of `npm run build:native`: compiles npm's native tree-sitter where its prebuilt module does not load (it wants a
 * C++ library newer than Debian 12's). Needs a C and a C++ compiler (CC, CXX) and the headers that belong to this Node,
 * which its own distributions bring in include/node. The result goes where the package's own loader looks first.
 * Without it the WASM parser serves.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const server = fileURLToPath(new URL("../server/package.json", import.meta.url));
const require = createRequire(server);
const force = process.argv.includes("--force");

if (!force && loads()) {
  console.log("tree-sitter: loads, nothing to compile");
} else {
  compile();
  if (!loads()) {
    console.error("npm run build:native: tree-sitter was compiled and still does not load");
    process.exit(1);
  }
}

/** In a process of its own: a module that fails to load once fails for good. */
function loads() {
  const script = `require("node:module").createRequire(${JSON.stringify(server)})("tree-sitter")`;
  return spawnSync(process.execPath, ["-e", script], { stdio: "ignore" }).status === 0;
}

function compile() {
  const folder = dirname(require.resolve("tree-sitter/package.json"));
  const headers = join(dirname(process.execPath), "..", "include", "node");
  if (!existsSync(join(headers, "node_object_wrap.h"))) {
    console.log(`tree-sitter: not compiled, ${headers} has no headers of this Node; the WASM parser serves`);
    process.exit(0);
  }
  const napi = dirname(createRequire(join(folder, "package.json")).resolve("node-addon-api/napi.h"));
  const library = join(folder, "vendor", "tree-sitter", "lib");
  const build = join(folder, "build", "Release");
  mkdirSync(build, { recursive: true });
  const object = join(build, `tree-sitter.${process.pid}.o`);
  const partial = join(build, `tree-sitter.${process.pid}.node`);
  const sources = [
    "binding",
    "conversions",
    "language",
    "logger",
    "lookaheaditerator",
    "node",
    "parser",
    "query",
    "tree",
  ];
  const common = ["-O2", "-fPIC", "-fvisibility=hidden", "-DNDEBUG", "-I", join(library, "include")];
  run(process.env.CC ?? "cc", [
    ...["-std=c11", "-D_POSIX_C_SOURCE=200112L", "-D_DEFAULT_SOURCE", "-c", ...common],
    ...["-I", join(library, "src"), join(library, "src", "lib.c"), "-o", object],
  ]);
  const shared = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  run(process.env.CXX ?? "c++", [
    ...["-std=c++17", "-fexceptions", "-DNAPI_VERSION=9", "-DNODE_ADDON_API_CPP_EXCEPTIONS"],
    ...["-DBUILDING_NODE_EXTENSION", "-DNODE_GYP_MODULE_NAME=tree_sitter_runtime_binding"],
    ...[...common, "-I", headers, "-I", napi, ...shared],
    ...[...sources, "tree_cursor"].map((name) => join(folder, "src", `${name}.cc`)),
    ...[object, "-o", partial],
  ]);
  // Under another name first: a Node that has the old module loaded keeps it.
  renameSync(partial, join(build, "tree_sitter_runtime_binding.node"));
  rmSync(object);
  console.log(join("server", "node_modules", "tree-sitter", "build", "Release", "tree_sitter_runtime_binding.node"));
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (!error && status === 0) return;
  console.error(`npm run build:native: ${error?.message ?? `${command} ended with status ${status}`}`);
  process.exit(1);
}
