#!/usr/bin/env node
/**
 * `npm start [-- TREE]`: installs, builds, reviews TREE (or the embedded sample tree), and opens the review in an
 * editor: a local `code` or `codium` if there is one, else VS Code for the web on localhost. Works in a fresh clone.
 */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, installDependencies, requireNode } from "./prepare.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const SAMPLE = join(root, "test", "fixtures", "sample");
const USAGE = `Usage: npm start [-- [TREE] [options]]

  TREE            root of a kernel tree (or of a filesystem); the embedded sample tree when missing
  --report-only   print the findings and end
  --web           VS Code for the web even if there is a local editor
  --port NUMBER   port of the web editor; any free one when missing`;

requireNode();
const { tree, reportOnly, web, port } = readArguments();
installDependencies();
build();
const { status, first } = await review(tree);
if (status > 1) process.exit(status);
if (reportOnly) {
  console.log("\nNext: `npm start` without --report-only opens this review in an editor.");
} else if (web || !openLocally(tree, first)) {
  await serve(tree, first, port);
}

function readArguments() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        "report-only": { type: "boolean" },
        web: { type: "boolean" },
        port: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (positionals.length > 1) return refuse(`one tree, not ${positionals.length}`);
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65535) return refuse(`--port ${values.port} is no port`);
  // npm runs scripts in the repository's root; INIT_CWD is where the user stands.
  const tree = positionals[0] === undefined ? SAMPLE : resolve(process.env.INIT_CWD ?? ".", positionals[0]);
  if (!isFolder(tree)) return refuse(`${tree} is no folder`);
  return { tree, reportOnly: values["report-only"] ?? false, web: values.web ?? false, port };
}

function refuse(message) {
  console.error(`npm start: ${message}\n\n${USAGE}`);
  process.exit(2);
}

function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Prints the command line's own report and answers its exit status, and where to open the editor. */
async function review(tree) {
  console.log(`\nReviewing ${tree === SAMPLE ? "the sample tree (test/fixtures/sample)" : tree}\n`);
  const child = spawn(process.execPath, [join(root, "server", "bin", "evictscope.mjs"), "check", tree], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part) => {
    process.stdout.write(part);
    text += part;
  });
  const status = await new Promise((done) => child.on("close", (code) => done(code ?? 3)));
  return { status, first: mostSevere(text) };
}

/** The place of the first finding of the highest severity in a report, undefined when there is none. */
function mostSevere(report) {
  for (const severity of ["error", "warning", "hint"]) {
    const place = new RegExp(`^(\\S+\\.[ch]):(\\d+):\\d+: ${severity}: `, "m").exec(report);
    if (place !== null) return { file: place[1], line: Number(place[2]) };
  }
  return undefined;
}

/** Opens the tree in an editor on this machine. False when there is none, or it does not start. */
function openLocally(tree, first) {
  // An editor on PATH is no use without a screen; inside an editor's own terminal its command opens a window there.
  const screen =
    process.platform !== "linux" ||
    [process.env.DISPLAY, process.env.WAYLAND_DISPLAY, process.env.VSCODE_IPC_HOOK_CLI].some(Boolean);
  const editor = screen ? ["code", "codium"].find(isOnPath) : undefined;
  if (editor === undefined) return false;
  const args = ["--new-window", `--extensionDevelopmentPath=${root}`, tree];
  if (first !== undefined) args.push("--goto", `${join(tree, first.file)}:${first.line}`);
  console.log(`\nOpening the review in ${editor} with this extension`);
  const result = spawnSync(editor, args, { stdio: "inherit", shell: process.platform === "win32" });
  if (result.status === 0) return true;
  console.log(`${editor} did not start; using VS Code for the web.`);
  return false;
}

function isOnPath(name) {
  const names = process.platform === "win32" ? [`${name}.cmd`, `${name}.exe`] : [name];
  return (process.env.PATH ?? "").split(delimiter).some((folder) =>
    names.some((file) => {
      try {
        accessSync(join(folder, file), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

async function serve(tree, first, port) {
  const { installWebEditor } = await import("./web-editor/install-web-editor.mjs");
  const { serveWebEditor } = await import("./web-editor/serve-web-editor.mjs");
  let served;
  try {
    const editor = installWebEditor((line) => console.log(`\n${line}`));
    served = await serveWebEditor({
      editor,
      extension: root,
      tree,
      port,
      ...(first === undefined ? {} : { show: first }),
    });
  } catch (error) {
    console.error(`npm start: ${error.code === "EADDRINUSE" ? `port ${port} is in use` : error.message}`);
    process.exit(2);
  }
  const name = relative(process.env.INIT_CWD ?? ".", tree) || tree;
  console.log(`
The review is open in VS Code for the web:  ${served.address}
Changes that you save there are written to ${name}; nothing outside of it can be changed, no file created or deleted.
Ctrl-C ends it.`);
  const end = () => void served.close().then(() => process.exit(0));
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
}
