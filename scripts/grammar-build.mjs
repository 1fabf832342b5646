#!/usr/bin/env node
/**
 * `npm run grammar:build`: makes grammars/kernel-c/src/ from grammar.js and kernel-c.wasm from src/, and writes
 * PROVENANCE.md with what they were made by. Needs tree-sitter-cli (`cargo install tree-sitter-cli --locked`), clang and
 * wasm-ld. Users and CI need none of them: what they make is committed.
 *
 *   --check   make everything in a temporary folder and say what differs from the committed files
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildWasm, grammarFolder } from "./grammar-wasm.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const base = createRequire(import.meta.url)("tree-sitter-c/package.json");

/** What grammar.js makes, relative to the grammar's folder. */
export const GENERATED = [
  "src/parser.c",
  "src/grammar.json",
  "src/node-types.json",
  "src/tree_sitter/alloc.h",
  "src/tree_sitter/array.h",
  "src/tree_sitter/parser.h",
];
/** What is written by hand and decides what the parser is. */
export const SOURCES = [
  "grammar.js",
  "tree-sitter.json",
  "src/scanner.c",
  "src/look.h",
  "src/conditionals.h",
  "src/classify.h",
  "src/names.h",
  "wasm-include/stdio.h",
  "wasm-include/stdlib.h",
];

/**
 * Generates the parser in a folder of its own.
 * @returns {{ files: Map<string, Buffer>, generator: string }}
 */
export function generate() {
  const folder = mkdtempSync(join(tmpdir(), "kernel-c-generate-"));
  const command = process.env.TREE_SITTER ?? "tree-sitter";
  try {
    for (const name of ["grammar.js", "tree-sitter.json"]) cpSync(join(grammarFolder, name), join(folder, name));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    execFileSync(command, ["generate"], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
    const generator = execFileSync(command, ["--version"], { encoding: "utf8" }).trim();
    return { files: new Map(GENERATED.map((name) => [name, readFileSync(join(folder, name))])), generator };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Buffer} bytes */
export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @param {string} name relative to the grammar's folder */
export function committed(name) {
  return readFileSync(join(grammarFolder, name));
}

/**
 * @param {string} parser text of parser.c
 * @param {string} name of a #define with a number
 */
export function definedNumber(parser, name) {
  const match = new RegExp(`#define ${name} (\\d+)`).exec(parser);
  if (match === null) throw new Error(`parser.c defines no ${name}`);
  return Number(match[1]);
}

/** @param {{ generator: string, compiler: string, linker: string }} tools */
function provenance(tools) {
  const parser = committed("src/parser.c").toString();
  const wasm = committed("kernel-c.wasm");
  const rows = [...SOURCES, ...GENERATED, "kernel-c.wasm"].map((name) => `| ${name} | ${sha256(committed(name))} |`);
  return `# Where the generated files come from

Written by \`npm run grammar:build\`; do not edit. \`node scripts/grammar-build.mjs --check\` and
test/grammar/provenance.test.ts compare.

| what | version |
|---|---|
| generator | ${tools.generator} |
| base grammar | tree-sitter-c ${base.version} |
| WASM compiler | ${tools.compiler} |
| WASM linker | ${tools.linker} |
| ABI | ${definedNumber(parser, "LANGUAGE_VERSION")} |
| states (large) | ${definedNumber(parser, "STATE_COUNT")} (${definedNumber(parser, "LARGE_STATE_COUNT")}) |
| symbols | ${definedNumber(parser, "SYMBOL_COUNT")} |
| kernel-c.wasm | ${wasm.length} bytes |

| file | SHA-256 |
|---|---|
${rows.join("\n")}
`;
}

function build() {
  const { files, generator } = generate();
  for (const [name, bytes] of files) writeFileSync(join(grammarFolder, name), bytes);
  const { bytes, compiler, linker } = buildWasm();
  writeFileSync(join(grammarFolder, "kernel-c.wasm"), bytes);
  writeFileSync(join(grammarFolder, "PROVENANCE.md"), provenance({ generator, compiler, linker }));
  console.log(`kernel-c: ${bytes.length} bytes of WASM`);
}

function check() {
  const differing = [];
  for (const [name, bytes] of generate().files) if (!bytes.equals(committed(name))) differing.push(name);
  const { bytes } = buildWasm();
  if (!bytes.equals(committed("kernel-c.wasm"))) differing.push("kernel-c.wasm");
  for (const name of differing) console.log(`differs: ${name}`);
  if (differing.length === 0) console.log("The committed files are what the tools make.");
  process.exitCode = differing.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) check();
  else build();
}
