#!/usr/bin/env node
/**
 * `npm run build`: bundles the server, the command line, the client and the webviews into dist/ with esbuild.
 *
 * Nothing is done when no input has changed since the last build: out/build-stamp.json holds size and time of every
 * file that went into a bundle. `--force` builds all the same.
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampFile = join(root, "out", "build-stamp.json");
const require = createRequire(import.meta.url);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Bundled CommonJS packages call require() for Node's own modules; an ES module has to make it. */
const NODE_ESM_BANNER = {
  js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
};

const common = {
  bundle: true,
  absWorkingDir: root,
  sourcemap: "linked",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  define: { EVICTSCOPE_VERSION: JSON.stringify(manifest.version) },
};
const nodeModule = {
  ...common,
  platform: "node",
  format: "esm",
  target: "node20",
  banner: NODE_ESM_BANNER,
  minifySyntax: true,
  // Each command loads what it needs: reading the whole of it was a fifteenth of what a check of a small tree executes.
  splitting: true,
  chunkNames: "server/[name]-[hash]",
  // Loaded at run time where they are built; never bundled.
  external: ["tree-sitter", "tree-sitter-kernel-c"],
};
const browserScript = {
  ...common,
  platform: "browser",
  format: "iife",
  target: ["chrome120", "firefox121"],
  minify: true,
};

/** Each bundle with its options; the folder of the first entry point is the bundle's name in messages. */
const BUNDLES = [
  {
    ...nodeModule,
    entryPoints: {
      "server/main": "server/src/node/main.ts",
      "server/review-worker": "server/src/node/review-worker.ts",
      "server/cli": "server/src/cli/main.ts",
      "server/search-worker": "server/src/cli/search-worker.ts",
    },
    outdir: "dist",
  },
  {
    ...browserScript,
    entryPoints: { "server/worker": "server/src/browser/main.ts" },
    outdir: "dist",
    // web-tree-sitter asks for its own address, which a script has not; it is given its bytes instead.
    define: { ...common.define, "import.meta.url": '"http://localhost/"' },
  },
  {
    ...common,
    platform: "node",
    format: "cjs",
    target: "node18",
    external: ["vscode"],
    minifySyntax: true,
    entryPoints: { "client/extension": "client/src/node/extension.ts" },
    outdir: "dist",
  },
  {
    ...common,
    platform: "browser",
    format: "cjs",
    target: ["chrome120", "firefox121"],
    external: ["vscode"],
    minify: true,
    entryPoints: { "client/extension-web": "client/src/browser/extension.ts" },
    outdir: "dist",
  },
  {
    ...browserScript,
    entryPoints: {
      "webview/simulator": "client/webview/simulator.ts",
      "webview/survey": "client/webview/survey.ts",
      "webview/chain": "client/webview/chain.ts",
      // The simulator as one self-contained page: its panel, and its engine.
      "webview/simulator-page": "client/webview/standalone.ts",
      "webview/simulator-engine": "server/src/browser/simulator-engine.ts",
    },
    outdir: "dist",
  },
];

/** Files copied as they are: [from, to]; a list of sources is tried in order. */
const ASSETS = [
  [[require.resolve("web-tree-sitter/web-tree-sitter.wasm")], "dist/server/web-tree-sitter.wasm"],
  [
    [
      join(root, "grammars/kernel-c/kernel-c.wasm"),
      join(dirname(require.resolve("tree-sitter-c/package.json")), "tree-sitter-c.wasm"),
    ],
    "dist/server/kernel-c.wasm",
  ],
];

/** The walkthrough's tree, as one file: an extension's folder cannot be listed in a browser. */
const SAMPLE = "test/fixtures/sample";
/** Marks for our tests, which a newcomer does not need. */
const TEST_MARKS = /[ \t]*\/\* expect: [^*]*\*\//g;

/** Node reads the server's bundles as ES modules, whatever the manifest above them says (VS Code's own has no type). */
const SERVER_MANIFEST = '{ "type": "module" }\n';

const SERVER = join(root, "dist", "server");

/** Tells builds of the server and the command line apart: what is kept of a review is that of one build. */
const BUILD_ID = "dist/server/build-id";

const started = performance.now();
if (!process.argv.includes("--force") && isUpToDate()) {
  console.log(`build: nothing changed (${Math.round(performance.now() - started)} ms)`);
} else {
  await build();
}

async function build() {
  const esbuild = await import("esbuild");
  try {
    rmSync(stampFile, { force: true });
    const results = await Promise.all(BUNDLES.map((options) => esbuild.build(options)));
    const inputs = new Set([fileURLToPath(import.meta.url), join(root, "package.json")]);
    const outputs = new Set();
    for (const { metafile } of results) {
      for (const input of Object.keys(metafile.inputs)) inputs.add(join(root, input));
      for (const output of Object.keys(metafile.outputs)) outputs.add(join(root, output));
    }
    for (const [sources, target] of ASSETS) {
      const source = sources.find(existsSync);
      if (source === undefined) throw new Error(`${target}: none of ${sources.join(", ")} exists`);
      mkdirSync(dirname(join(root, target)), { recursive: true });
      copyFileSync(source, join(root, target));
      for (const candidate of sources) inputs.add(candidate);
      outputs.add(join(root, target));
    }
    const sample = {};
    for (const entry of readdirSync(join(root, SAMPLE), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      sample[relative(join(root, SAMPLE), file).replaceAll("\\", "/")] = readFileSync(file, "utf8").replace(
        TEST_MARKS,
        "",
      );
      inputs.add(file);
    }
    writeFileSync(join(root, "dist/sample-tree.json"), JSON.stringify(sample));
    outputs.add(join(root, "dist/sample-tree.json"));
    writeFileSync(join(root, "dist/server/package.json"), SERVER_MANIFEST);
    outputs.add(join(root, "dist/server/package.json"));
    const programs = [...outputs].filter((file) => dirname(file) === SERVER && file.endsWith(".js")).sort();
    const build = createHash("sha256");
    for (const file of programs) build.update(readFileSync(file));
    writeFileSync(join(root, BUILD_ID), build.digest("hex"));
    outputs.add(join(root, BUILD_ID));
    removeOthers(outputs);
    writeStamp(inputs, outputs);
    const bytes = [...outputs]
      .filter((file) => !file.endsWith(".map"))
      .reduce((sum, file) => sum + statSync(file).size, 0);
    console.log(
      `build: ${outputs.size} files, ${(bytes / 1e6).toFixed(1)} MB without source maps (${Math.round(performance.now() - started)} ms)`,
    );
  } catch (error) {
    // esbuild has printed its own errors already.
    if (error?.errors === undefined) console.error(`build: ${error?.message ?? error}`);
    console.error("build: failed");
    process.exitCode = 1;
  }
}

/** Chunks of earlier builds. */
function removeOthers(outputs) {
  for (const name of readdirSync(SERVER)) if (!outputs.has(join(SERVER, name))) rmSync(join(SERVER, name));
}

function signatureOf(file) {
  const status = statSync(file, { throwIfNoEntry: false });
  return status === undefined ? "missing" : `${status.size} ${Math.round(status.mtimeMs)}`;
}

function writeStamp(inputs, outputs) {
  const stamp = { inputs: {}, outputs: [...outputs].map((file) => relative(root, file)) };
  for (const file of inputs) {
    // esbuild names what it made up itself, such as "(disabled):fs".
    if (!file.includes("(disabled)")) stamp.inputs[relative(root, file)] = signatureOf(file);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamp));
}

function isUpToDate() {
  try {
    const stamp = JSON.parse(readFileSync(stampFile, "utf8"));
    return (
      stamp.outputs.every((file) => existsSync(join(root, file))) &&
      Object.entries(stamp.inputs).every(([file, signature]) => signatureOf(join(root, file)) === signature)
    );
  } catch {
    return false;
  }
}
