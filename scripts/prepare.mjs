/** What a script needs before it can use the product in a fresh clone: dependencies and a build. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Ends the program with one line when this Node is too old. */
export function requireNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= 20) return;
  console.error(`Evictscope needs Node 20 or newer; this is ${process.version}.`);
  process.exit(2);
}

/** Runs `npm ci` when nothing is installed, or the lock file is newer than what was installed from it. */
export function installDependencies() {
  const installed = join(root, "node_modules", ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log("Installing dependencies (npm ci), once ...");
  const result = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (result.status === 0) return;
  console.error("npm ci failed: is the npm registry reachable?");
  process.exit(2);
}

/** Builds what has changed. */
export function build() {
  const result = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" });
  if (result.status !== 0) process.exit(2);
}
