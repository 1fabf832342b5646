#!/usr/bin/env node
/**
 * `npm run grammar:report -- TREE [--quick]`: what kernel-c makes of a kernel tree. Errors by folder, files whose
 * conditionals were masked, agreement with ctags and cscope, trees that differ from tree-sitter-c's, speed beside
 * tree-sitter-c, and the worst offenders. Uses the native build where `npm run build:native` made it, else WASM.
 *
 *   --quick   fs, mm, block, ipc and security alone
 *   --wasm    WASM even where there is a native build
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compareTrees } from "./grammar-equality.mjs";
import {
  calledNames,
  cscopeCalls,
  ctagsFunctions,
  definedFunctions,
  listSources,
  loadMasking,
  measureErrors,
  openParsers,
  readSource,
} from "./grammar-measure.mjs";

const GROUPS = [
  { name: "fs mm block ipc security", folders: ["fs", "mm", "block", "ipc", "security"], limit: 1 },
  { name: "drivers kernel lib net arch", folders: ["drivers", "kernel", "lib", "net", "arch"], limit: 5 },
];
/** Tables whose functions eviction and its neighbours go through. */
const OPS_TABLE = /\bstruct\s+(\w+_operations)\s+\w+(?:\[\])?[^=;{]*=\s*\{([\s\S]*?)\n\};/g;

const options = process.argv.slice(2).filter((option) => option.startsWith("--"));
const [argument] = process.argv.slice(2).filter((option) => !option.startsWith("--"));
const tree = resolve(argument ?? process.env.EVICTSCOPE_KERNEL_6_12 ?? "");
if (argument === undefined || !existsSync(join(tree, "fs"))) {
  console.error("usage: npm run grammar:report -- TREE [--quick] [--wasm]");
  process.exit(2);
}

const { kernel, stock } = await openParsers({ wasm: options.includes("--wasm") });
const masking = await loadMasking();
const percent = (/** @type {number} */ part, /** @type {number} */ whole) => `${((100 * part) / whole).toFixed(2)} %`;

tableSizes();
for (const group of options.includes("--quick") ? GROUPS.slice(0, 1) : GROUPS) errors(group);
const fs = listSources(tree, ["fs"]);
functions(fs);
calls(fs);
opsTables(fs);
equality(GROUPS[0]?.folders ?? []);
speed(fs);

function tableSizes() {
  const folder = fileURLToPath(new URL("../grammars/kernel-c/", import.meta.url));
  const parser = readFileSync(join(folder, "src/parser.c"), "latin1");
  const number = (/** @type {string} */ name) => new RegExp(`#define ${name} (\\d+)`).exec(parser)?.[1];
  console.log(
    `kernel-c (${kernel.kind}): ABI ${number("LANGUAGE_VERSION")}, ${number("STATE_COUNT")} states, ${number("SYMBOL_COUNT")} symbols, ` +
      `${statSync(join(folder, "kernel-c.wasm")).size} bytes of WASM`,
  );
}

/** @param {{ name: string, folders: string[], limit: number }} group */
function errors({ name, folders, limit }) {
  const files = listSources(
    tree,
    folders.filter((folder) => existsSync(join(tree, folder))),
  );
  /** @type {{ file: string, errors: number }[]} */
  const raw = [];
  /** @type {{ file: string, errors: number }[]} */
  const left = [];
  /** @type {string[]} */
  const masked = [];
  for (const file of files) {
    const result = measureErrors(kernel, masking, readSource(join(tree, file)));
    if (result.errors > 0) raw.push({ file, errors: result.errors });
    if (result.masked > 0) left.push({ file, errors: result.masked });
    if (result.ranges.length > 0) masked.push(file);
  }
  console.log(`\n${name}: ${files.length} files`);
  console.log(`  with an error, as they are:  ${raw.length} (${percent(raw.length, files.length)})`);
  console.log(
    `  with an error, after masking: ${left.length} (${percent(left.length, files.length)}; limit ${limit} %)`,
  );
  console.log(`  masked: ${masked.length} (${percent(masked.length, files.length)})`);
  for (const file of masked.slice(0, 20)) console.log(`    masked ${file}`);
  const worst = left.sort((a, b) => b.errors - a.errors).slice(0, 15);
  for (const { file, errors: count } of worst) console.log(`    ${String(count).padStart(4)} errors ${file}`);
  process.exitCode ||= left.length / files.length > limit / 100 ? 1 : 0;
}

/** @param {string[]} files */
function functions(files) {
  const byCtags = ctagsFunctions(tree, files);
  let total = 0;
  /** @type {string[]} */
  const differing = [];
  for (const file of files) {
    const ours = definedFunctions(kernel, masking, readSource(join(tree, file)));
    const known = new Set(ours.map(({ name, line, end }) => `${name}:${line}:${end}`));
    for (const { name, line, end } of byCtags.get(file) ?? []) {
      total++;
      if (!known.has(`${name}:${line}:${end}`)) differing.push(`${file}:${line}: ${name}`);
    }
  }
  if (total === 0) return console.log("\nfunctions of fs: ctags is missing");
  console.log(
    `\nfunctions of fs, against ctags: ${total}, lines agree for ${percent(total - differing.length, total)}`,
  );
  for (const line of differing.slice(0, 20)) console.log(`    differs ${line}`);
}

/** @param {string[]} files */
function calls(files) {
  let seed = 6;
  const random = (/** @type {number} */ limit) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % limit;
  };
  let same = 0;
  let sampled = 0;
  /** @type {string[]} */
  const differing = [];
  while (sampled < 300) {
    const file = files[random(files.length)] ?? "";
    const text = readSource(join(tree, file));
    const all = definedFunctions(kernel, masking, text).filter(({ macro, name }) => !macro && name !== "");
    const one = all[random(Math.max(1, all.length))];
    if (one === undefined || all.filter(({ name }) => name === one.name).length > 1) continue;
    const body = text.slice(one.from, one.to);
    const ours = calledNames(kernel, body);
    const theirs = cscopeCalls(join(tree, file), one.name);
    if (sampled === 0 && theirs.size === 0 && ours.size > 0) return console.log("\ncalls: cscope is missing");
    sampled++;
    const missing = [...theirs].filter((name) => !ours.has(name) && name !== one.name);
    const added = [...ours].filter((name) => !theirs.has(name) && name !== one.name);
    if (missing.length === 0 && added.length === 0) same++;
    else
      differing.push(`${file}: ${one.name}: cscope alone [${missing.join(" ")}] kernel-c alone [${added.join(" ")}]`);
  }
  console.log(`\ncalls inside ${sampled} functions, against cscope: the same names in ${percent(same, sampled)}`);
  for (const line of differing.slice(0, 40)) console.log(`    differs ${line}`);
}

/** @param {string[]} files */
function opsTables(files) {
  let named = 0;
  /** @type {string[]} */
  const broken = [];
  for (const file of files) {
    const text = readSource(join(tree, file));
    /** @type {Set<string>} */
    const names = new Set();
    for (const [, , body = ""] of text.matchAll(OPS_TABLE)) {
      for (const [, name = ""] of body.matchAll(/\.\w+\s*=\s*&?(\w+)/g)) names.add(name);
    }
    if (names.size === 0) continue;
    for (const { name, error } of definedFunctions(kernel, masking, text)) {
      if (!names.has(name)) continue;
      named++;
      if (error) broken.push(`${file}: ${name}`);
    }
  }
  console.log(`\nfunctions of fs that an ops table of their file names: ${named}, with an error: ${broken.length}`);
  for (const line of broken) console.log(`    ${line}`);
  if (broken.length > 0) process.exitCode = 1;
}

/** @param {string[]} folders */
function equality(folders) {
  let clean = 0;
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** @type {string[]} */
  const unexplained = [];
  for (const file of listSources(tree, folders)) {
    const text = readSource(join(tree, file));
    const theirs = stock.parse(text);
    if (!theirs.rootNode.hasError) {
      clean++;
      const ours = kernel.parse(text);
      for (const { parent, stock: a, kernel: b, index, why } of compareTrees(theirs.walk(), ours.walk())) {
        if (why === null)
          unexplained.push(`${file}:${text.slice(0, index).split("\n").length}: ${parent}: ${a} -> ${b}`);
        else counts.set(why, (counts.get(why) ?? 0) + 1);
      }
      ours.delete();
    }
    theirs.delete();
  }
  console.log(`\ntrees of the ${clean} files that tree-sitter-c takes: unexplained differences ${unexplained.length}`);
  for (const [why, count] of [...counts].sort((a, b) => b[1] - a[1]))
    console.log(`    ${String(count).padStart(5)} ${why}`);
  for (const line of unexplained.slice(0, 20)) console.log(`    unexplained ${line}`);
}

/** @param {string[]} files */
function speed(files) {
  const texts = files.filter((_, index) => index % 8 === 0).map((file) => readSource(join(tree, file)));
  const run = (/** @type {import("./grammar-measure.mjs").Measured} */ parser) => {
    const start = process.hrtime.bigint();
    for (const text of texts) parser.parse(text).delete();
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  // Alternating, the best of three: what else the machine does hits both.
  const times = { kernel: Number.POSITIVE_INFINITY, stock: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 3; round++) {
    times.stock = Math.min(times.stock, run(stock));
    times.kernel = Math.min(times.kernel, run(kernel));
  }
  console.log(
    `\nspeed (${kernel.kind}) over ${texts.length} files of fs: kernel-c ${times.kernel.toFixed(0)} ms, tree-sitter-c ` +
      `${times.stock.toFixed(0)} ms, ratio ${(times.kernel / times.stock).toFixed(2)}`,
  );
}
