/**
 * A file system over the little server of `npm start`: reads everything below the tree's root, writes back files that
 * exist, and does nothing else: no file is created, renamed or deleted from the browser.
 */

const vscode = require("vscode");

/** `evictscope-tree://<host>/<name of the folder>/fs/inode.c`: the server knows the folder, the name is for people. */
const MOUNTED = /^\/[^/]+(?:\/(.*))?$/;

exports.activate = (context) => {
  const changed = new vscode.EventEmitter();
  const provider = {
    onDidChangeFile: changed.event,
    watch: () => new vscode.Disposable(() => {}),
    async stat(uri) {
      const found = await askJson("stat", uri);
      if (found === null) throw vscode.FileSystemError.FileNotFound(uri);
      return found;
    },
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
    const mounted = MOUNTED.exec(uri.path);
    if (mounted === null) throw vscode.FileSystemError.FileNotFound(uri);
    const base = context.extensionUri.with({ path: `/api/${what}`, query: "", fragment: "" }).toString(true);
    const response = await fetch(`${base}?path=${encodeURIComponent(mounted[1] ?? "")}`, options);
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
