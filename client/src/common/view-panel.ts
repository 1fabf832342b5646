/** A view's webview: its page, its checked messages, and what only the editor can do for it. */
import {
  type Disposable,
  env,
  Position,
  Range,
  Selection,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from "vscode";
import {
  checkViewPageMessage,
  type ViewHostMessage,
  type ViewPageMessage,
} from "../../../server/src/protocol/view-messages.ts";
import { fileUri } from "./tree-file.ts";
import { makeWebviewHtml, webviewRoots } from "./webview-html.ts";

export interface ViewPanelOptions {
  readonly extension: Uri;
  readonly panel: WebviewPanel;
  /** The page's bundle in dist/webview, which is also the end of its root element's id. */
  readonly page: "survey" | "chain";
  readonly title: string;
  /** The tree whose lines the page shows. */
  readonly root: () => string | undefined;
  /** What the editor itself does not answer; `ready` among it. */
  readonly receive: (message: ViewPageMessage) => void | Promise<void>;
  readonly closed: () => void;
}

export class ViewPanel implements Disposable {
  readonly panel: WebviewPanel;
  readonly #options: ViewPanelOptions;
  #ready = false;

  constructor(options: ViewPanelOptions) {
    this.#options = options;
    this.panel = options.panel;
    const { panel, extension, page, title } = options;
    panel.iconPath = Uri.joinPath(extension, "docs", "pictures", "icon.png");
    panel.webview.options = { enableScripts: true, localResourceRoots: webviewRoots(extension) };
    panel.webview.onDidReceiveMessage((message: unknown) => void this.#receive(message));
    panel.onDidDispose(options.closed);
    panel.webview.html = makeWebviewHtml(panel.webview, extension, {
      title,
      bundle: `dist/webview/${page}`,
      rootId: `evictscope-${page}`,
    });
  }

  /** Nothing is sent before the page listens; it asks for everything when it does. */
  post(message: ViewHostMessage): void {
    if (this.#ready) void this.panel.webview.postMessage(message);
  }

  reveal(): void {
    this.panel.reveal(undefined, false);
  }

  dispose(): void {
    this.panel.dispose();
  }

  async #receive(message: unknown): Promise<void> {
    const checked = checkViewPageMessage(message);
    if (!checked.ok) {
      this.post({ t: "told", message: `Not understood: ${checked.error}` });
      return;
    }
    const value = checked.value;
    try {
      switch (value.t) {
        case "copy":
          await env.clipboard.writeText(value.text);
          this.post({ t: "told", message: "Copied." });
          return;
        case "save":
          await this.#save(value.name, value.text);
          return;
        case "reveal":
          // Beside the panel, which stays in sight.
          await revealLine(this.#options.root(), value.file, value.line, 1, beside(this.panel));
          return;
        case "ready":
          this.#ready = true;
      }
      await this.#options.receive(value);
    } catch (error) {
      this.post({ t: "told", message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #save(name: string, text: string): Promise<void> {
    const folder = workspace.workspaceFolders?.[0]?.uri;
    const defaultUri = folder === undefined ? undefined : Uri.joinPath(folder, name.replaceAll(/[/\\]/g, "-"));
    const target = await window.showSaveDialog(defaultUri === undefined ? {} : { defaultUri });
    if (target === undefined) return;
    await workspace.fs.writeFile(target, new TextEncoder().encode(text));
    this.post({ t: "told", message: `Saved as ${workspace.asRelativePath(target)}.` });
  }
}

function beside(panel: WebviewPanel): ViewColumn {
  return panel.viewColumn === ViewColumn.One ? ViewColumn.Two : ViewColumn.One;
}

/** Shows a line of a tree's file (1-based), by itself where text is shown already; the keyboard stays where it is. */
export async function revealLine(
  root: string | undefined,
  file: string,
  line: number,
  column = 1,
  viewColumn = (window.activeTextEditor ?? window.visibleTextEditors[0])?.viewColumn ?? ViewColumn.Active,
): Promise<void> {
  if (root === undefined) throw new Error("No kernel tree is open: open a C file of one first.");
  if (file.startsWith("/") || file.split("/").includes("..")) throw new Error(`${file} is no file of the tree.`);
  const document = await workspace.openTextDocument(fileUri(root, file));
  const row = Math.min(Math.max(0, line - 1), document.lineCount - 1);
  const at = new Position(row, Math.max(0, column - 1));
  const editor = await window.showTextDocument(document, { viewColumn, preserveFocus: true });
  editor.selection = new Selection(at, at);
  editor.revealRange(new Range(at, at), TextEditorRevealType.InCenterIfOutsideViewport);
}
