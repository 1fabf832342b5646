#!/usr/bin/env node
/**
 * `npm run package`: one universal .vsix (WASM parser, desktop and web build) in out/, its contents checked against the
 * allow-list below.
 *
 *   npm run package [-- FILE.vsix]
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { version } = manifest;
const target = resolve(process.argv[2] ?? join(root, "out", `evictscope-${version}.vsix`));

/** Bytes; the promise of the README. */
const SIZE_LIMIT = 5_000_000;

/** What must be in the package. */
const REQUIRED = [
  "package.json",
  "readme.md",
  "changelog.md",
  "LICENSE.txt",
  "dist/client/extension.js",
  "dist/client/extension-web.js",
  "dist/server/main.js",
  "dist/server/review-worker.js",
  "dist/server/worker.js",
  "dist/server/package.json",
  "dist/server/build-id",
  "dist/server/web-tree-sitter.wasm",
  "dist/server/kernel-c.wasm",
  "dist/webview/simulator.js",
  "dist/webview/simulator.css",
  "dist/webview/survey.js",
  "dist/webview/survey.css",
  "dist/webview/chain.js",
  "dist/webview/chain.css",
  "dist/sample-tree.json",
  "docs/pictures/icon.png",
  "docs/pictures/eviction.svg",
  "docs/schema/evictscope.schema.json",
  ...manifest.contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.image)),
];
/** What may be in it besides. */
const ALLOWED = [
  /^dist\/webview\/[a-z-]+\.(js|css)$/,
  /^docs\/rules\/[a-z-]+\.md$/,
  /^docs\/pictures\/[a-z-]+\.png$/,
  /^dist\/server\/(cli|search-worker)\.js$/,
  // What several programs share, and commands.
  /^dist\/server\/[a-z-]+-[A-Z0-9]{8}\.js$/,
];

run(process.execPath, [join(root, "scripts", "build.mjs")], "the build");
mkdirSync(dirname(target), { recursive: true });
rmSync(target, { force: true });
const vsce = join(dirname(require.resolve("@vscode/vsce/package.json")), "vsce");
run(process.execPath, [vsce, "package", "--no-dependencies", "--no-update-package-json", "--out", target], "vsce");
const problems = await checkContents(target);
for (const problem of problems) console.error(`package: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`package: ${target} (${(statSync(target).size / 1e6).toFixed(2)} MB)`);

function run(command, args, what) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) {
    console.error(`package: ${what} failed`);
    process.exit(1);
  }
}

/** One line for everything that is too much, missing or too large. */
async function checkContents(file) {
  if (!existsSync(file)) return ["vsce wrote no package"];
  const names = (await listZip(file)).filter((name) => name.startsWith("extension/")).map((name) => name.slice(10));
  const problems = [];
  for (const name of REQUIRED) if (!names.includes(name)) problems.push(`${name} is missing`);
  for (const name of names) {
    if (!REQUIRED.includes(name) && !ALLOWED.some((pattern) => pattern.test(name)))
      problems.push(`${name} is not allowed`);
  }
  const { size } = statSync(file);
  if (size > SIZE_LIMIT) problems.push(`${size} bytes are more than ${SIZE_LIMIT}`);
  return problems;
}

/** Names in a ZIP file, by the reader that vsce itself uses. */
function listZip(file) {
  const yauzl = createRequire(require.resolve("@vscode/vsce/package.json"))("yauzl");
  return new Promise((done, failed) => {
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error) return failed(error);
      const names = [];
      zip.on("entry", (entry) => {
        if (!entry.fileName.endsWith("/")) names.push(entry.fileName);
        zip.readEntry();
      });
      zip.on("end", () => done(names));
      zip.on("error", failed);
      zip.readEntry();
    });
  });
}
