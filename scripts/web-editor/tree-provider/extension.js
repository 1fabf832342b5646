/**
 * A file system over the little server of `npm start`: reads everything below the tree's root, writes back files that
 * exist, and does nothing else: no file is created, renamed or deleted from the browser.
 */

const vscode = require("vscode");

/** The path at the root of every URI: `evictscope-tree://<host>/tree/fs/inode.c`. */
const MOUNT = "/tree";

exports.activate = (context) => {
  const changed = new vscode.EventEmitter();
  const provider = {
    onDidChangeFile: changed.event,
    watch: () => new vscode.Disposable(() => {}),
    stat: (uri) => askJson("stat", uri),
    readDirectory: (uri) => askJson("list", uri),
    readFile: async (uri) => new Uint8Array(await (await ask("file", uri)).arrayBuffer()),
    async writeFile(uri, content) {
      await ask("file", uri, { method: "PUT", body: content });
      changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    },
    createDirectory: refuse,
    delete: refuse,
    rename: refuse,
  };
  const registration = vscode.workspace.registerFileSystemProvider("evictscope-tree", provider, {
    isCaseSensitive: true,
  });
  context.subscriptions.push(registration, changed);

  async function ask(what, uri, options) {
    if (uri.path !== MOUNT && !uri.path.startsWith(`${MOUNT}/`)) throw vscode.FileSystemError.FileNotFound(uri);
    const base = context.extensionUri.with({ path: `/api/${what}`, query: "", fragment: "" }).toString(true);
    const path = uri.path.slice(MOUNT.length + 1);
    const response = await fetch(`${base}?path=${encodeURIComponent(path)}`, options);
    if (response.ok) return response;
    const reason = await response.text();
    if (response.status === 404) throw vscode.FileSystemError.FileNotFound(uri);
    throw vscode.FileSystemError.NoPermissions(reason);
  }

  async function askJson(what, uri) {
    return (await ask(what, uri)).json();
  }
};

function refuse(uri) {
  throw vscode.FileSystemError.NoPermissions(
    `${uri.path}: this editor changes files that exist; create, rename and delete them outside of it`,
  );
}
