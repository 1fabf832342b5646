/**
 * Measures kernel-c on C files: errors before and after masking, speed beside tree-sitter-c, and agreement with ctags,
 * cscope and tree-sitter-c. Used by scripts/grammar-report.mjs and the tests on whole trees.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
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
  for (const folder of folders) visit(folder);
  return found.sort();
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
 * Names that are called inside a function: calls, macros that loop or declare, annotations left out.
 * @param {Measured} parser
 * @param {string} text one function's text
 */
export function calledNames(parser, text) {
  const tree = parser.parse(text);
  /** @type {Set<string>} */
  const names = new Set();
  const add = (/** @type {any} */ node) => {
    if (node?.type === "identifier") names.add(text.slice(node.startIndex, node.endIndex));
    if (node?.type === "field_expression") add2(node.childForFieldName("field"));
  };
  const add2 = (/** @type {any} */ node) => {
    if (node) names.add(text.slice(node.startIndex, node.endIndex));
  };
  walk(tree.walk(), (cursor) => {
    const current = cursor.currentNode;
    const node = typeof current === "function" ? current.call(cursor) : current;
    if (node.type === "call_expression") add(node.childForFieldName("function"));
    if (node.type === "macro_iteration_statement" || node.type === "macro_type_specifier") {
      add(node.childForFieldName("name"));
    }
    if (node.type === "macro_declarator") add(node.childForFieldName("name"));
    return node.type !== "preproc_def" && node.type !== "preproc_function_def";
  });
  tree.delete();
  return names;
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

/**
 * What cscope says a function calls, by its database over one file.
 * @param {string} path absolute
 * @param {string} name of the function
 * @returns {Set<string>}
 */
export function cscopeCalls(path, name) {
  const { stdout } = spawnSync("cscope", ["-k", "-c", "-f", "/dev/null", "-L", "-2", name, "-s", dirname(path), path], {
    encoding: "latin1",
    cwd: dirname(path),
  });
  return new Set(stdout.split("\n").flatMap((row) => row.split(" ")[1] ?? []));
}
