/**
 * The names that sampled functions call, by kernel-c's tree and by cscope (one database and one process for all of them).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definedFunctions, readSource, walk } from "./grammar-measure.mjs";

/**
 * @typedef {{ file: string, name: string, body: string, line: number }} Sample a function, its text, and the line that it
 *   starts in
 */

/**
 * Functions that are alone with their name in their file, the same ones every time.
 * @param {import("./grammar-measure.mjs").Measured} kernel
 * @param {any} masking
 * @param {string} tree
 * @param {readonly string[]} files relative to the tree
 * @param {number} count
 * @returns {Sample[]}
 */
export function sampleFunctions(kernel, masking, tree, files, count) {
  let seed = 6;
  const random = (/** @type {number} */ limit) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % limit;
  };
  /** @type {Map<string, Sample>} */
  const samples = new Map();
  for (let attempt = 0; samples.size < count && attempt < 20 * count; attempt++) {
    const file = files[random(files.length)] ?? "";
    const text = readSource(join(tree, file));
    const all = definedFunctions(kernel, masking, text).filter(({ macro, name }) => !macro && name !== "");
    const one = all[random(Math.max(1, all.length))];
    if (one === undefined || all.filter(({ name }) => name === one.name).length > 1) continue;
    samples.set(`${file} ${one.name}`, {
      file,
      name: one.name,
      body: text.slice(one.from, one.to),
      line: lineAt(text, one.from),
    });
  }
  return [...samples.values()];
}

/** @param {string} text @param {number} offset */
function lineAt(text, offset) {
  return text.slice(0, offset).split("\n").length;
}

/**
 * Asks cscope about some files: one database, one process.
 * @param {string} tree
 * @param {readonly string[]} files relative to the tree
 * @param {readonly string[]} queries in cscope's line mode: a digit and a name
 * @param {number} padding variables that the database holds before the files
 * @returns {{ file: string, name: string, line: number }[][] | null} the rows of each answer; null: there is no cscope
 */
function askCscope(tree, files, queries, padding) {
  const folder = mkdtempSync(join(tmpdir(), "kernel-c-cscope-"));
  try {
    const list = join(folder, "files");
    const database = join(folder, "cscope.out");
    const before = join(folder, "before.c");
    writeFileSync(before, Array.from({ length: padding }, (_, index) => `int padding${index};\n`).join(""));
    writeFileSync(list, [before, ...new Set(files)].join("\n"));
    const options = { cwd: tree, encoding: /** @type {const} */ ("latin1"), maxBuffer: 1 << 30 };
    const built = spawnSync("cscope", ["-k", "-b", "-c", "-f", database, "-i", list], options);
    if (built.error || built.status !== 0) return null;
    const input = `${queries.join("\n")}\nq\n`;
    const { stdout } = spawnSync("cscope", ["-k", "-d", "-l", "-c", "-f", database], { ...options, input });
    // Each answer: `>> cscope: N lines` or `>> ` and a reason, then N rows `file name line text`.
    const answers = stdout.split(/^>> .*$/m).slice(1);
    return queries.map((_, index) =>
      (answers[index] ?? "").split("\n").flatMap((row) => {
        const [file, name, line] = row.split(" ");
        return file && name && line ? [{ file, name, line: Number(line) }] : [];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Names that are called inside a function: calls, and macros that loop or declare; annotations left out.
 * @param {import("./grammar-measure.mjs").Measured} parser
 * @param {string} text one function's text
 * @returns {Set<string>}
 */
export function calledNames(parser, text) {
  const tree = parser.parse(text);
  /** @type {Set<string>} */
  const names = new Set();
  const add = (/** @type {any} */ node) => {
    if (node) names.add(text.slice(node.startIndex, node.endIndex));
  };
  walk(tree.walk(), (cursor) => {
    const current = cursor.currentNode;
    const node = typeof current === "function" ? current.call(cursor) : current;
    if (node.type === "call_expression") {
      const called = node.childForFieldName("function");
      if (called?.type === "identifier") add(called);
      if (called?.type === "field_expression") add(called.childForFieldName("field"));
    }
    if (/^macro_(iteration_statement|type_specifier|declarator)$/.test(node.type)) add(node.childForFieldName("name"));
    return node.type !== "preproc_def" && node.type !== "preproc_function_def";
  });
  tree.delete();
  return names;
}

/** @typedef {{ sample: Sample, name: string, only: "cscope" | "kernel-c", why: string | null }} Difference */

/**
 * What cscope says that a function calls depends on where its entry stands in the database: where a block of it ends, the
 * search loses calls, or goes on into the functions behind. So a function whose names differ is asked for again in a
 * database with something else before it; a true difference stays.
 */
const PADDINGS = [0, 40, 300, 1000, 2500];

/**
 * Compares the called names of each sample with what cscope -2 says, and explains the differences by what cscope is
 * known to get wrong; each explanation is checked against cscope's own answers or the tree.
 * @param {import("./grammar-measure.mjs").Measured} parser
 * @param {string} tree
 * @param {readonly Sample[]} samples
 * @returns {{ same: number, moved: number, differences: Difference[] } | null} null: there is no cscope. `same`: how many
 *   functions have the same names in the first database; `moved`: how many in another; `why` is null where nothing
 *   explains a difference
 */
export function compareWithCscope(parser, tree, samples) {
  let same = 0;
  let moved = 0;
  /** @type {Map<Sample, Difference[]>} the fewest of each function */
  let left = new Map(samples.map((sample) => [sample, []]));
  for (const padding of PADDINGS) {
    const asked = [...left.keys()];
    if (asked.length === 0) break;
    const answers = askCscope(
      tree,
      asked.map(({ file }) => file),
      asked.map(({ name }) => `2${name}`),
      padding,
    );
    if (answers === null) return null;
    /** @type {typeof left} */
    const still = new Map();
    for (const [index, sample] of asked.entries()) {
      const rows = (answers[index] ?? []).filter(({ file }) => file === sample.file);
      const differences = differencesOf(parser, sample, rows);
      const before = left.get(sample) ?? [];
      if (differences.length === 0 && padding === 0) same++;
      else if (differences.length === 0) moved++;
      else still.set(sample, padding === 0 || differences.length < before.length ? differences : before);
    }
    left = still;
  }
  return { same, moved, differences: [...left.values()].flat() };
}

/**
 * @param {import("./grammar-measure.mjs").Measured} parser
 * @param {Sample} sample
 * @param {readonly { name: string, line: number }[]} rows
 * @returns {Difference[]}
 */
function differencesOf(parser, sample, rows) {
  const ours = calledNames(parser, sample.body);
  const theirs = new Set(rows.map(({ name }) => name));
  const missing = [...theirs].filter((name) => !ours.has(name) && name !== sample.name);
  const added = [...ours].filter((name) => !theirs.has(name) && name !== sample.name);
  const linesOf = (/** @type {string} */ name) => rows.filter((row) => row.name === name).map(({ line }) => line);
  return [
    ...missing.map((name) => ({
      sample,
      name,
      only: /** @type {const} */ ("cscope"),
      why: whyCscopeHas(parser, sample, name, linesOf(name)),
    })),
    ...added.map((name) => ({ sample, name, only: /** @type {const} */ ("kernel-c"), why: null })),
  ];
}

/** @param {Sample} sample @param {number} offset into its text */
function lineIn(sample, offset) {
  return sample.line + lineAt(sample.body, offset) - 1;
}

/**
 * @param {import("./grammar-measure.mjs").Measured} parser
 * @param {Sample} sample
 * @param {string} name what cscope takes for a function that is called
 * @param {readonly number[]} lines where
 */
function whyCscopeHas(parser, sample, name, lines) {
  const last = lineIn(sample, sample.body.length);
  if (lines.every((line) => line < sample.line || line > last))
    return "cscope has calls of other functions in this one";
  const tree = parser.parse(sample.body);
  /** @type {string | null} */
  let why = null;
  walk(tree.walk(), (cursor) => {
    if (cursor.nodeType === "annotation" && sample.body.startsWith(`${name}(`, cursor.startIndex)) {
      why = "an annotation calls nothing";
    }
    if (/^(offsetof|alignof)_expression$/.test(cursor.nodeType) && sample.body.startsWith(name, cursor.startIndex)) {
      why = "offsetof and __alignof__ are operators";
    }
    return why === null;
  });
  tree.delete();
  return why;
}
