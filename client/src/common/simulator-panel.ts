/** The race simulator's panels: one webview per subject, its messages relayed to the server's session. */
import {
  type Disposable,
  env,
  Range,
  Selection,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import {
  type OpenSimulatorArguments,
  SIMULATOR_CLOSE_NOTIFICATION,
  SIMULATOR_MESSAGE_NOTIFICATION,
  SIMULATOR_OPEN_REQUEST,
  type SimulatorMessageParams,
  type SimulatorOpenParams,
  type SimulatorOpenResult,
} from "../../../server/src/protocol/messages.ts";
import { checkPanelMessage, type HostMessage, type PanelMessage } from "../../../server/src/protocol/simulator.ts";
import { fileUri } from "./tree-file.ts";
import { makeWebviewHtml, webviewRoots } from "./webview-html.ts";

interface OpenPanel {
  readonly id: number;
  readonly subject: string;
  readonly root: string | undefined;
  readonly panel: WebviewPanel;
  /** To be replayed once the panel is there. */
  trace: string | undefined;
}

/** `model?toggle=value#fingerprint:steps`, as far as a typing error can be told at once; the server checks it. */
const TRACE = /^([A-Za-z0-9._-]{1,100})(?:\?[^#]*)?#[0-9a-f]{6}:[A-Za-z0-9.,~]*$/;

export class SimulatorPanels implements Disposable {
  readonly #client: BaseLanguageClient;
  readonly #extension: Uri;
  readonly #defaultRoot: () => string | undefined;
  readonly #panels = new Map<number, OpenPanel>();
  #lastId = 0;

  /** `defaultRoot` is the tree whose sources a panel without a finding reveals. */
  constructor(client: BaseLanguageClient, extension: Uri, defaultRoot: () => string | undefined) {
    this.#client = client;
    this.#extension = extension;
    this.#defaultRoot = defaultRoot;
    client.onNotification(SIMULATOR_MESSAGE_NOTIFICATION, ({ panel, message }: SimulatorMessageParams) => {
      void this.#panels.get(panel)?.panel.webview.postMessage(message);
    });
  }

  /** Opens the simulator on what a lens, an action or nobody (the command palette) names. */
  async open(target: unknown): Promise<void> {
    const { root, findings = [], model } = isTarget(target) ? target : {};
    let finding = findings[0];
    if (findings.length > 1) {
      const picked = await window.showQuickPick(
        findings.map((entry) => ({ label: entry.rule, description: entry.model, detail: entry.message, entry })),
        { title: "Simulate which finding?", matchOnDescription: true, matchOnDetail: true },
      );
      if (picked === undefined) return;
      finding = picked.entry;
    }
    const subject = finding === undefined ? `model ${model ?? ""}` : `finding ${finding.id}`;
    for (const open of this.#panels.values()) {
      if (open.subject === subject && open.root === root) {
        open.panel.reveal(undefined, false);
        return;
      }
    }
    await this.#create(subject, {
      panel: ++this.#lastId,
      ...(root === undefined ? {} : { root }),
      ...(finding === undefined ? {} : { finding: finding.id }),
      ...(model === undefined ? {} : { model }),
    });
  }

  /** Asks for a trace string (the clipboard's, if it holds one) and opens the simulator on it. */
  async openTrace(): Promise<void> {
    // A browser may refuse to give the clipboard.
    const copied = await env.clipboard.readText().then(
      (text) => text.trim(),
      () => "",
    );
    const text = await window.showInputBox({
      title: "Open Trace in Race Simulator",
      prompt: "The string that stands below a run in a mail, an issue or the terminal.",
      placeHolder: "evict-async-after-unhash#1a2b3c:...",
      value: TRACE.test(copied) ? copied : "",
      validateInput: (value) =>
        TRACE.test(value.trim()) ? undefined : "A trace begins with its model's name and has a # and a colon.",
    });
    const model = TRACE.exec(text?.trim() ?? "")?.[1];
    if (text === undefined || model === undefined) return;
    await this.#create("trace", { panel: ++this.#lastId, model }, text.trim());
  }

  closeAll(): void {
    for (const open of [...this.#panels.values()]) open.panel.dispose();
  }

  dispose(): void {
    this.closeAll();
  }

  async #create(subject: string, params: SimulatorOpenParams, trace?: string): Promise<void> {
    const opened = await this.#client.sendRequest<SimulatorOpenResult>(SIMULATOR_OPEN_REQUEST, params);
    if (opened.refusal !== undefined) {
      void window.showWarningMessage(`Evictscope: ${opened.refusal}`);
      return;
    }
    if (opened.notice !== undefined) void window.showInformationMessage(`Evictscope: ${opened.notice}`);
    const panel = window.createWebviewPanel("evictscope.simulator", opened.title, ViewColumn.Beside, {
      enableScripts: true,
      localResourceRoots: webviewRoots(this.#extension),
    });
    panel.iconPath = Uri.joinPath(this.#extension, "docs", "pictures", "icon.png");
    const open: OpenPanel = { id: params.panel, subject, root: params.root, panel, trace };
    this.#panels.set(open.id, open);
    panel.webview.onDidReceiveMessage((message: unknown) => void this.#receive(open, message));
    panel.onDidDispose(() => {
      this.#panels.delete(open.id);
      void this.#client.sendNotification(SIMULATOR_CLOSE_NOTIFICATION, { panel: open.id }).catch(() => {});
    });
    panel.webview.html = makeWebviewHtml(panel.webview, this.#extension, {
      title: opened.title,
      bundle: "dist/webview/simulator",
      rootId: "evictscope-simulator",
    });
  }

  /** What only the editor can do is done here; the rest goes to the server. */
  async #receive(open: OpenPanel, message: unknown): Promise<void> {
    const checked = checkPanelMessage(message);
    const answer = (out: HostMessage): void => void open.panel.webview.postMessage(out);
    if (!checked.ok) {
      answer({ t: "error", message: `Not understood: ${checked.error}`, about: "message" });
      return;
    }
    const value = checked.value;
    try {
      switch (value.t) {
        case "copy":
          await env.clipboard.writeText(value.text);
          answer({ t: "done", what: "copied", message: "Copied." });
          return;
        case "save":
          await save(value.name, value.text, answer);
          return;
        case "reveal":
          await this.#reveal(open.root ?? this.#defaultRoot(), value.file, value.line);
          answer({ t: "done", what: "revealed", message: `${value.file}:${value.line}` });
          return;
        default: {
          const params: SimulatorMessageParams = { panel: open.id, message: value };
          await this.#client.sendNotification(SIMULATOR_MESSAGE_NOTIFICATION, params);
          if (value.t === "ready" && open.trace !== undefined) {
            const message: PanelMessage = { t: "openTrace", text: open.trace };
            open.trace = undefined;
            await this.#client.sendNotification(SIMULATOR_MESSAGE_NOTIFICATION, { panel: open.id, message });
          }
        }
      }
    } catch (error) {
      answer({ t: "error", message: error instanceof Error ? error.message : String(error), about: value.t });
    }
  }

  async #reveal(root: string | undefined, file: string, line: number): Promise<void> {
    if (root === undefined) throw new Error("No kernel tree is open: open a C file of one first.");
    if (file.startsWith("/") || file.split("/").includes("..")) throw new Error(`${file} is no file of the tree.`);
    const document = await workspace.openTextDocument(fileUri(root, file));
    const row = Math.min(Math.max(0, line - 1), document.lineCount - 1);
    const range = new Range(row, 0, row, 0);
    // Beside the panel, which stays where it is and keeps the keyboard.
    const editor = await window.showTextDocument(document, { viewColumn: ViewColumn.One, preserveFocus: true });
    editor.selection = new Selection(range.start, range.start);
    editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
  }
}

async function save(name: string, text: string, answer: (out: HostMessage) => void): Promise<void> {
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const defaultUri = folder === undefined ? undefined : Uri.joinPath(folder, name.replaceAll(/[/\\]/g, "-"));
  const target = await window.showSaveDialog(defaultUri === undefined ? {} : { defaultUri });
  if (target === undefined) return;
  await workspace.fs.writeFile(target, new TextEncoder().encode(text));
  answer({ t: "done", what: "saved", message: `Saved as ${workspace.asRelativePath(target)}.` });
}

function isTarget(value: unknown): value is OpenSimulatorArguments {
  return typeof value === "object" && value !== null && !("scheme" in value);
}
