/**
 * What the grammar's report measures with: parsers, files, errors before and after masking, functions by tree and by ctags.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { Language, Parser } from "web-tree-sitter";

const root = fileURLToPath(new URL("..", import.meta.url));
const serverRequire = createRequire(join(root, "server", "package.json"));
const STOCK = join(root, "node_modules", "tree-sitter-c");
const KERNEL_C = join(root, "grammars", "kernel-c");

/**
 * @typedef {{ kind: string, parse(text: string): any }} Measured a parser; its trees have rootNode, walk() and delete()
 */

/** @param {string} grammar a package's folder whose main module is the native grammar */
function nativeParser(grammar) {
  const Native = serverRequire("tree-sitter");
  // Garbage collected; delete() exists for WASM alone.
  Native.TreeCursor.prototype.delete ??= () => {};
  const parser = new Native();
  parser.setLanguage(serverRequire(grammar));
  return {
    kind: "native",
    parse: (/** @type {string} */ text) => {
      const tree = parser.parse((/** @type {number} */ offset) => text.slice(offset, offset + 16384));
      tree.delete ??= () => {};
      return tree;
    },
  };
}

/** @param {string} file a grammar's WASM module */
async function wasmParser(file) {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(file)));
  return { kind: "wasm", parse: (/** @type {string} */ text) => /** @type {any} */ (parser.parse(text)) };
}

/**
 * Both grammars in one build: native where it was built, unless `wasm` is asked for.
 * @param {{ wasm?: boolean }} [options]
 * @returns {Promise<{ kernel: Measured, stock: Measured }>}
 */
export async function openParsers({ wasm = false } = {}) {
  if (!wasm) {
    try {
      return { kernel: nativeParser(KERNEL_C), stock: nativeParser(join(STOCK, "bindings", "node")) };
    } catch {
      // Not built; WASM serves.
    }
  }
  return {
    kernel: await wasmParser(join(KERNEL_C, "kernel-c.wasm")),
    stock: await wasmParser(join(STOCK, "tree-sitter-c.wasm")),
  };
}

/** The product's masking step. */
export async function loadMasking() {
  const entry = join(root, "server/src/core/syntax/masking.ts");
  const outfile = join(root, "out", "grammar-masking.mjs");
  await build({ entryPoints: [entry], bundle: true, outfile, format: "esm", platform: "neutral", logLevel: "error" });
  return import(`${pathToFileURL(outfile)}?${process.pid}`);
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");
let parsedSince = 0;

/**
 * To be awaited after each file: native trees live outside of JavaScript's heap, so nothing but this frees them in time.
 * @param {string} text what was parsed
 */
export async function freeTrees(text) {
  parsedSince += text.length;
  if (parsedSince < 4_000_000) return;
  parsedSince = 0;
  collectGarbage();
  // Finalizers run between turns.
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * All .c files under some folders of a tree.
 * @param {string} tree
 * @param {readonly string[]} folders relative to the tree
 * @returns {string[]} paths relative to the tree, sorted
 */
export function listSources(tree, folders) {
  /** @type {string[]} */
  const found = [];
  const visit = (/** @type {string} */ folder) => {
    for (const entry of readdirSync(join(tree, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && entry.name.endsWith(".c")) found.push(path);
    }
  };
  for (const folder of folders) if (existsSync(join(tree, folder))) visit(folder);
  return found.sort();
}

/** What C++ alone has; such headers are left out. */
const CPLUSPLUS = /^\s*(namespace\b|template\s*<|class\s+\w+\s*[:{]|using\s+\w|(public|private|protected)\s*:)/m;

/**
 * The C files that installed packages bring: npm's of this repository, and the system's headers and examples.
 * @returns {string[]} absolute paths
 */
export function listOtherSources() {
  /** @type {string[]} */
  const found = [];
  const visit = (/** @type {string} */ folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && /\.[ch]$/.test(entry.name) && isC(path)) found.push(path);
    }
  };
  const folders = [join(root, "node_modules"), join(root, "server/node_modules"), "/usr/include", "/usr/share"];
  for (const folder of folders) if (existsSync(folder)) visit(folder);
  return found.sort();
}

/** @param {string} path */
function isC(path) {
  return statSync(path).size < 1 << 20 && (path.endsWith(".c") || !CPLUSPLUS.test(readSource(path)));
}

/** Latin-1, so that offsets are bytes and no file is refused. @param {string} path */
export function readSource(path) {
  return readFileSync(path, "latin1");
}

/**
 * @param {any} cursor at a node
 * @param {(cursor: any) => boolean} enter called at each node; false keeps out of its children
 */
export function walk(cursor, enter) {
  if (enter(cursor) && cursor.gotoFirstChild()) {
    do walk(cursor, enter);
    while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
}

/**
 * Everything that a tree holds, anonymous nodes included, as one string.
 * @param {any} tree
 */
export function showTree(tree) {
  /** @type {(string | number)[]} */
  const shown = [];
  const cursor = tree.walk();
  walk(cursor, () => {
    shown.push(
      cursor.nodeType,
      cursor.startIndex,
      cursor.endIndex,
      cursor.currentFieldName ?? "",
      +cursor.nodeIsMissing,
    );
    return true;
  });
  cursor.delete?.();
  return shown.join(" ");
}

/**
 * ERROR and MISSING nodes of a file, as it is and masked.
 * @param {Measured} parser
 * @param {any} masking
 * @param {string} text
 */
export function measureErrors(parser, masking, text) {
  const tree = parser.parse(text);
  if (!tree.rootNode.hasError) {
    tree.delete();
    return { errors: 0, masked: 0, ranges: [] };
  }
  const errors = masking.countErrors(tree);
  tree.delete();
  const { tree: best, ranges } = masking.parseWithMasking(parser, text);
  const masked = masking.countErrors(best);
  best.delete();
  return { errors, masked, ranges };
}

/**
 * Function definitions of a file by tree: name and lines, counted from one.
 * @param {Measured} parser
 * @param {any} masking
 * @param {string} text
 */
export function definedFunctions(parser, masking, text) {
  const { tree } = masking.parseWithMasking(parser, text);
  /** @type {{ name: string, macro: boolean, from: number, to: number, line: number, end: number, error: boolean }[]} */
  const found = [];
  const lines = lineStarts(text);
  walk(tree.walk(), (cursor) => {
    if (cursor.nodeType !== "function_definition") return true;
    const node = cursor.currentNode;
    let declarator = (typeof node === "function" ? node.call(cursor) : node).childForFieldName("declarator");
    const whole = typeof node === "function" ? node.call(cursor) : node;
    let macro = false;
    while (declarator?.type !== "identifier" && declarator) {
      macro ||= declarator.type === "macro_declarator";
      declarator =
        declarator.childForFieldName("declarator") ??
        declarator.childForFieldName("name") ??
        declarator.namedChildren.find((/** @type {any} */ child) => /declarator|identifier/.test(child.type)) ??
        null;
    }
    found.push({
      name: declarator ? text.slice(declarator.startIndex, declarator.endIndex) : "",
      macro,
      from: cursor.startIndex,
      to: cursor.endIndex,
      line: lineOf(lines, declarator?.startIndex ?? cursor.startIndex),
      end: lineOf(lines, cursor.endIndex - 1),
      error: whole.hasError,
    });
    return false;
  });
  tree.delete();
  return found;
}

/** @param {string} text */
function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** @param {number[]} starts @param {number} offset */
function lineOf(starts, offset) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

/**
 * Functions as ctags sees them.
 * @param {string} tree
 * @param {readonly string[]} files relative to the tree
 * @returns {Map<string, { name: string, line: number, end: number }[]>} by file
 */
export function ctagsFunctions(tree, files) {
  const { stdout } = spawnSync(
    "ctags",
    ["--fields=+ne", "--kinds-c=f", "--language-force=C", "-f", "-", "--sort=no", "-L", "-"],
    { cwd: tree, input: files.join("\n"), encoding: "latin1", maxBuffer: 1 << 30 },
  );
  const found = new Map();
  for (const row of stdout.split("\n")) {
    const [name, file] = row.split("\t");
    const line = /\tline:(\d+)/.exec(row);
    const end = /\tend:(\d+)/.exec(row);
    if (!name || !file || !line) continue;
    if (!found.has(file)) found.set(file, []);
    found.get(file).push({ name, line: Number(line[1]), end: end ? Number(end[1]) : 0 });
  }
  return found;
}
