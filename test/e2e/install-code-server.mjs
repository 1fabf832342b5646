#!/usr/bin/env node
/**
 * Installs code-server (a real VS Code behind a web server) with the Node release that it needs into the project's
 * cache folder, from npm packages alone. Its native modules are compiled: Debian's gcc, g++, make, python3,
 * pkg-config, libkrb5-dev, libx11-dev, libxkbfile-dev and libsecret-1-dev have to be there; about three minutes on
 * two cores, once.
 *
 *   node test/e2e/install-code-server.mjs           install (a second run finds it installed and ends at once)
 *   node test/e2e/install-code-server.mjs --where   print the folder and whether it is installed, install nothing
 *
 * Start it with `<folder>/code-server.sh <arguments of code-server>`.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CODE_SERVER_VERSION, codeServerFolder, codeServerLauncher } from "../support/cache-folder.mjs";

/** code-server 4.139 declares `engines: { node: "24" }`; npm's `node-<platform>-<arch>` packages bring the binary. */
const NODE_MAJOR = "24";

const folder = codeServerFolder();
const launcher = codeServerLauncher();

/** True when a former run got to its end: the launcher is written last. */
function isInstalled() {
  return existsSync(launcher) && readFileSync(launcher, "utf8").includes(CODE_SERVER_VERSION);
}

function run(command, args, options) {
  const result = spawnSync(command, args, { stdio: "inherit", ...options });
  if (result.error) throw new Error(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")} ended with status ${result.status}`);
}

/** Folder of npm's package of the Node binary, with its headers: native modules have to be built against these. */
function nodePackageFolder() {
  return join(folder, "node_modules", `node-${process.platform}-${process.arch}`);
}

function install() {
  rmSync(launcher, { force: true });
  mkdirSync(folder, { recursive: true });
  // A project of its own: the repository's lock file and its `ignore-scripts=true` stay out of it.
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ name: "evictscope-code-server", private: true, license: "MIT" }, null, 2)}\n`,
  );
  const environment = { ...process.env };
  // npm hands its own settings to child processes; those of the repository are not meant for this folder.
  for (const name of Object.keys(environment)) if (/^npm_/i.test(name)) delete environment[name];

  const nodePackage = `node-${process.platform}-${process.arch}@${NODE_MAJOR}`;
  run("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", nodePackage], {
    cwd: folder,
    env: environment,
  });

  const bin = join(nodePackageFolder(), "bin");
  const nodeVersion = spawnSync(join(bin, "node"), ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "";
  if (!nodeVersion.startsWith(`v${NODE_MAJOR}.`)) throw new Error(`${nodePackage} brought no Node ${NODE_MAJOR}`);

  // The new Node has to run npm, so that node-gyp compiles for it; npm itself is the one on the path.
  const npmOnPath = spawnSync("sh", ["-c", 'readlink -f "$(command -v npm)"'], { encoding: "utf8" }).stdout.trim();
  environment.PATH = `${bin}:${environment.PATH}`;
  environment.npm_config_nodedir = nodePackageFolder();
  // code-server's own postinstall installs VS Code's dependencies with npm and builds them.
  environment.npm_config_unsafe_perm = "true";
  run(
    join(bin, "node"),
    [
      npmOnPath,
      "install",
      "--no-audit",
      "--no-fund",
      "--no-package-lock",
      "--ignore-scripts=false",
      ...allowScriptsOption(npmOnPath, bin, environment),
      `code-server@${CODE_SERVER_VERSION}`,
    ],
    { cwd: folder, env: environment },
  );

  const entry = join(folder, "node_modules", "code-server", "out", "node", "entry.js");
  if (!existsSync(entry)) throw new Error("code-server was installed without its entry file");
  writeFileSync(
    launcher,
    [
      "#!/bin/sh",
      `# code-server ${CODE_SERVER_VERSION} on Node ${nodeVersion}; written by test/e2e/install-code-server.mjs`,
      'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)',
      `exec "$here/node_modules/node-${process.platform}-${process.arch}/bin/node" \\`,
      '  "$here/node_modules/code-server/out/node/entry.js" "$@"',
      "",
    ].join("\n"),
  );
  chmodSync(launcher, 0o755);
}

/** npm 11 runs install scripts only of packages that were allowed by option; older releases do not know the option. */
function allowScriptsOption(npm, bin, environment) {
  const help = spawnSync(join(bin, "node"), [npm, "install", "--help"], { encoding: "utf8", env: environment });
  return `${help.stdout}${help.stderr}`.includes("--dangerously-allow-all-scripts")
    ? ["--dangerously-allow-all-scripts"]
    : [];
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  if (process.argv.includes("--where")) {
    console.log(`${folder}${isInstalled() ? "" : " (not installed)"}`);
  } else if (isInstalled()) {
    console.log(`code-server ${CODE_SERVER_VERSION} is installed in ${dirname(launcher)}`);
  } else {
    try {
      install();
      console.log(`code-server ${CODE_SERVER_VERSION} is installed in ${dirname(launcher)}`);
    } catch (error) {
      console.error(`install-code-server: ${error.message}`);
      console.error(
        "It needs: apt-get install gcc g++ make python3 pkg-config libkrb5-dev libx11-dev libxkbfile-dev libsecret-1-dev",
      );
      process.exitCode = 1;
    }
  }
}
