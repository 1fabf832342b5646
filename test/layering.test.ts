/**
 * The invariants of docs/architecture.md that can be read off the sources: which folder may import which, that the
 * core is pure, that files stay small and are named after what is in them, and that every rule is complete.
 */
import { describe, expect, test } from "vitest";
import { RULE_IDS } from "../server/src/core/report/finding.ts";
import { LINUX_FILESYSTEMS } from "./support/linux-filesystems.ts";
import { importsOf, readRepositoryFile, repositoryFiles, withoutComments } from "./support/source-files.ts";

const files = repositoryFiles();
const sources = files.filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !path.endsWith(".d.ts"));
const isTest = (path: string) => path.endsWith(".test.ts");

/** Folder of the product to the folders that it may import. Tests beside the code may also use test/support. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "server/src/core": [],
  "server/src/protocol": ["server/src/core"],
  "server/src/index": ["server/src/core"],
  "server/src/service": ["server/src/core", "server/src/index", "server/src/protocol"],
  "server/src/worker": ["server/src/core", "server/src/index", "server/src/protocol"],
  "server/src/lsp": [
    "server/src/core",
    "server/src/index",
    "server/src/service",
    "server/src/protocol",
    "server/src/worker",
  ],
  "server/src/node": [
    "server/src/core",
    "server/src/index",
    "server/src/service",
    "server/src/protocol",
    "server/src/worker",
    "server/src/lsp",
  ],
  "server/src/browser": [
    "server/src/core",
    "server/src/index",
    "server/src/service",
    "server/src/protocol",
    "server/src/worker",
    "server/src/lsp",
  ],
  // The command line is core and index, on Node's twins of their ports; `evictscope lsp` starts Node's server.
  "server/src/cli": ["server/src/core", "server/src/index", "server/src/protocol", "server/src/node"],
  "client/src/common": ["server/src/protocol"],
  "client/src/node": ["server/src/protocol", "client/src/common"],
  "client/src/browser": ["server/src/protocol", "client/src/common"],
  "client/webview": ["server/src/protocol"],
};

/** Packages that a folder may import, besides its own language's. An absent folder may import any. */
const MAY_IMPORT_PACKAGES: Readonly<Record<string, readonly RegExp[]>> = {
  "server/src/core": [],
  "server/src/protocol": [],
  "server/src/index": [/^web-tree-sitter$/, /^ignore$/],
  "server/src/service": [/^vscode-languageserver(-types|-protocol|-textdocument)?$/, /^vscode-uri$/],
  "client/webview": [],
  "client/src/common": [/^vscode$/, /^vscode-languageclient$/],
};

const folders = Object.keys(MAY_IMPORT);
const folderOf = (path: string) => folders.find((folder) => path.startsWith(`${folder}/`));

describe("dependencies", () => {
  test.each(folders)("%s imports nothing above it", (folder) => {
    const wrong: string[] = [];
    for (const path of sources.filter((candidate) => candidate.startsWith(`${folder}/`))) {
      for (const imported of importsOf(path, readRepositoryFile(path))) {
        if (imported.path === null) {
          const packages = MAY_IMPORT_PACKAGES[folder];
          if (packages === undefined || isTest(path)) continue;
          if (!packages.some((allowed) => allowed.test(imported.specifier)))
            wrong.push(`${path}: ${imported.specifier}`);
          continue;
        }
        const target = imported.path;
        if (target.startsWith(`${folder}/`)) continue;
        if (MAY_IMPORT[folder]?.some((allowed) => target.startsWith(`${allowed}/`))) continue;
        if (isTest(path) && (target.startsWith("test/") || folderOf(target) !== undefined)) continue;
        wrong.push(`${path}: ${imported.specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("every source file of client and server lies in one of these folders", () => {
    const product = sources.filter((path) => /^(client|server)\/(src|webview)\//.test(path));
    expect(product.filter((path) => folderOf(path) === undefined)).toEqual([]);
    expect(product.length).toBeGreaterThan(50);
  });

  test("nothing in the product imports tests", () => {
    const wrong = sources
      .filter((path) => folderOf(path) !== undefined && !isTest(path))
      .flatMap((path) => importsOf(path, readRepositoryFile(path)).map((imported) => ({ path, imported })))
      .filter(({ imported }) => imported.path?.startsWith("test/") || imported.specifier === "vitest")
      .map(({ path, imported }) => `${path}: ${imported.specifier}`);
    expect(wrong).toEqual([]);
  });
});

/** Words that mean a file system, a timer, a clock, a process, a network or a DOM, none of which the core has. */
const IMPURE =
  /\b(process\.|Buffer\b|setTimeout|setInterval|setImmediate|requestAnimationFrame|Date\.now|new Date|performance\.|Math\.random|document\.|window\.|globalThis\.|fetch\(|XMLHttpRequest|localStorage|eval\(|new Function\(|console\.)/;

test("the core is pure: no files, timers, clocks, randomness, DOM or eval", () => {
  const wrong: string[] = [];
  for (const path of sources.filter((candidate) => candidate.startsWith("server/src/core/") && !isTest(candidate))) {
    withoutStrings(readRepositoryFile(path))
      .split("\n")
      .forEach((line, index) => {
        if (IMPURE.test(line)) wrong.push(`${path}:${index + 1}: ${line.trim()}`);
      });
  }
  expect(wrong).toEqual([]);
});

/** Files over the limit, each with the reason why it is better in one piece. */
const LONG_FILES: Readonly<Record<string, string>> = {
  "server/src/core/analysis/interpreter.ts": "one abstract machine: its transfer functions share one environment",
  "server/src/core/ir/lower-function.ts": "one recursive walk over statements: each case jumps to the others' labels",
  "server/src/core/syntax/skeleton.ts": "one byte loop whose speed is the point: its state stays in local variables",
};
const MAX_LINES = 450;

test(`files have at most ${MAX_LINES} lines, or a reason`, () => {
  const wrong = sources
    .filter((path) => !path.startsWith("test/fixtures/") && !path.startsWith("grammars/kernel-c/src/"))
    .map((path) => ({ path, lines: readRepositoryFile(path).split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > MAX_LINES && LONG_FILES[path] === undefined)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  expect(wrong).toEqual([]);
  const stale = Object.keys(LONG_FILES).filter((path) => !sources.includes(path));
  expect(stale, "files in the list of long files that are gone").toEqual([]);
});

test("file names are kebab-case and say more than `utils`", () => {
  const wrong = sources.filter((path) => {
    if (path.startsWith("test/fixtures/")) return false;
    const name = (path.split("/").pop() ?? "").replace(/(\.test|\.config|\.d)?\.(ts|tsx|mjs)$/, "");
    return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^(utils?|helpers?|misc|common)$/.test(name);
  });
  expect(wrong).toEqual([]);
});

test("analysis code names no filesystem", () => {
  const names = new Set(LINUX_FILESYSTEMS);
  const wrong: string[] = [];
  const analysis = /^server\/src\/core\/(ir|cfg|callgraph|summary|analysis|rules)\//;
  for (const path of sources.filter((candidate) => analysis.test(candidate) && !isTest(candidate))) {
    withoutComments(readRepositoryFile(path))
      .split("\n")
      .forEach((line, index) => {
        for (const word of line.match(/[a-zA-Z0-9_]+/g) ?? []) {
          const first = word.split("_")[0]?.toLowerCase() ?? "";
          if (names.has(word) || (word.includes("_") && names.has(first))) wrong.push(`${path}:${index + 1}: ${word}`);
        }
      });
  }
  expect(wrong).toEqual([]);
});

describe("every rule is complete", () => {
  const manifest = JSON.parse(readRepositoryFile("package.json"));
  const settings = settingsOf(manifest);

  test.each(RULE_IDS)("%s has a page with all its parts", (rule) => {
    const path = `docs/rules/${rule}.md`;
    expect(files).toContain(path);
    const text = readRepositoryFile(path);
    expect(text.startsWith(`# \`${rule}\`\n`), "the title is the rule's id").toBe(true);
    for (const part of ["What", "Why", "Example", "How to fix", "When to suppress", "Sources"]) {
      expect(text, `${path} has no part "${part}"`).toMatch(new RegExp(`^## ${part}$`, "m"));
    }
  });

  test.each(RULE_IDS)("%s has tests", (rule) => {
    const tests = files.filter((path) => isTest(path) && /^(server\/src\/core\/|test\/)/.test(path));
    const own = tests.filter((path) => path !== "test/layering.test.ts" && readRepositoryFile(path).includes(rule));
    expect(own).not.toEqual([]);
  });

  test.each(RULE_IDS)("%s has a settings entry with a description", (rule) => {
    const entry = settings[rule];
    expect(entry, `package.json has no setting evictscope.rules.${rule}`).toBeDefined();
    expect(String(entry?.description ?? entry?.markdownDescription ?? "").length).toBeGreaterThan(20);
  });

  test.each(RULE_IDS)("%s is described for SARIF and for people", (rule) => {
    const descriptions = sources.filter(
      (path) => /^server\/src\/core\/(report|rules)\//.test(path) && !isTest(path) && !path.endsWith("/finding.ts"),
    );
    const described = descriptions.filter((path) =>
      new RegExp(`["']${rule}["']\\s*[:,]|id:\\s*["']${rule}["']`).test(readRepositoryFile(path)),
    );
    expect(described).not.toEqual([]);
  });
});

interface SettingEntry {
  readonly description?: string;
  readonly markdownDescription?: string;
}

/** The rules' settings, whether written as one object `evictscope.rules` or as one setting for each. */
function settingsOf(manifest: { contributes?: { configuration?: unknown } }): Record<string, SettingEntry> {
  const configuration = manifest.contributes?.configuration ?? [];
  const entries: Record<string, SettingEntry> = {};
  for (const section of Array.isArray(configuration) ? configuration : [configuration]) {
    for (const [name, value] of Object.entries<Record<string, unknown>>(section.properties ?? {})) {
      if (name === "evictscope.rules") Object.assign(entries, value.properties);
      else if (name.startsWith("evictscope.rules.")) entries[name.slice("evictscope.rules.".length)] = value;
    }
  }
  return entries;
}

/** Comments and the contents of strings blanked, so that a word in a message is no use of it. */
function withoutStrings(text: string): string {
  return withoutComments(text).replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}
