/** A minimal language client over stdio: drives the server as any editor would, with no editor. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type {
  CodeAction,
  CodeLens,
  Diagnostic,
  Hover,
  InitializeResult,
  PublishDiagnosticsParams,
  Range,
  TextDocumentContentChangeEvent,
} from "vscode-languageserver";
import type { StatusParams } from "../../../server/src/protocol/messages.ts";
import { removeTemporary } from "../../support/temporary-folder.ts";

export interface ClientOptions {
  /** Absolute folders of the workspace. */
  readonly folders: readonly string[];
  readonly initializationOptions?: unknown;
  /** Instead of those of an editor like VS Code; `{}` is a client that has said nothing. */
  readonly capabilities?: unknown;
  /** Answered to workspace/configuration. */
  readonly settings?: unknown;
  /** Variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Arguments of the program; `--stdio` when missing. */
  readonly arguments?: readonly string[];
}

/** Long enough for a slow machine; tests wait for events and never for times. */
const PATIENCE = 60_000;

export class LanguageClient {
  readonly process: ChildProcessWithoutNullStreams;
  readonly connection: MessageConnection;
  readonly log: string[] = [];
  readonly published: PublishDiagnosticsParams[] = [];
  readonly progress: { readonly token: unknown; readonly value: { readonly kind: string; percentage?: number } }[] = [];
  status: StatusParams | null = null;
  settings: unknown;
  /** Of folders that have their own, by URI. */
  readonly folderSettings = new Map<string, unknown>();
  exitCode: number | null | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #versions = new Map<string, number>();
  /** No server takes what another one kept, unless a test says so. */
  readonly #cache = mkdtempSync(join(tmpdir(), "evictscope-cache-"));

  private constructor(program: string, options: ClientOptions) {
    this.settings = options.settings;
    this.process = spawn(process.execPath, [program, ...(options.arguments ?? ["--stdio"])], {
      stdio: "pipe",
      env: { ...process.env, XDG_CACHE_HOME: this.#cache, ...options.environment },
    });
    this.process.stderr.on("data", (data: Buffer) => this.log.push(String(data)));
    this.process.on("exit", (code) => {
      this.exitCode = code;
      this.changed();
    });
    this.connection = createMessageConnection(
      new StreamMessageReader(this.process.stdout),
      new StreamMessageWriter(this.process.stdin),
    );
    this.connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      this.published.push(params);
      this.changed();
    });
    this.connection.onNotification("evictscope/status", (params: StatusParams) => {
      this.status = params;
      this.changed();
    });
    this.connection.onNotification("window/logMessage", ({ message }: { message: string }) => {
      this.log.push(message);
      this.changed();
    });
    this.connection.onNotification("$/progress", (params: (typeof this.progress)[number]) => {
      this.progress.push(params);
      this.changed();
    });
    this.connection.onRequest("window/workDoneProgress/create", () => null);
    this.connection.onRequest("client/registerCapability", () => null);
    this.connection.onRequest("workspace/codeLens/refresh", () => null);
    this.connection.onRequest(
      "workspace/configuration",
      ({ items }: { items: readonly { readonly scopeUri?: string }[] }) =>
        items.map(({ scopeUri }) => this.folderSettings.get(scopeUri ?? "") ?? this.settings ?? null),
    );
    this.connection.onError(() => {});
    this.connection.listen();
  }

  /** Starts `program` (a script for Node) and shakes hands. */
  static async start(program: string, options: ClientOptions): Promise<LanguageClient> {
    const client = new LanguageClient(program, options);
    await client.connection.sendRequest<InitializeResult>("initialize", {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: options.folders.map((folder) => ({ uri: uriOf(folder), name: folder })),
      initializationOptions: { panels: true, ...(options.initializationOptions as object | undefined) },
      capabilities: options.capabilities ?? {
        workspace: {
          configuration: true,
          workspaceFolders: true,
          codeLens: { refreshSupport: true },
          didChangeWatchedFiles: { dynamicRegistration: true },
          workspaceEdit: { documentChanges: true, changeAnnotationSupport: { groupsOnLabel: false } },
        },
        window: { workDoneProgress: true },
        textDocument: {
          publishDiagnostics: { relatedInformation: true, versionSupport: true },
          codeAction: { dataSupport: true, resolveSupport: { properties: ["edit"] } },
        },
      },
    });
    await client.connection.sendNotification("initialized", {});
    return client;
  }

  async open(file: string, text: string, languageId = "c"): Promise<string> {
    const uri = uriOf(file);
    this.#versions.set(uri, 1);
    await this.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId, version: 1, text },
    });
    return uri;
  }

  /** Sends changes as one event; returns the new version. */
  async change(uri: string, ...contentChanges: TextDocumentContentChangeEvent[]): Promise<number> {
    const version = (this.#versions.get(uri) ?? 1) + 1;
    this.#versions.set(uri, version);
    await this.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges,
    });
    return version;
  }

  async close(uri: string): Promise<void> {
    await this.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
  }

  hover(uri: string, line: number, character: number): Promise<Hover | null> {
    return this.connection.sendRequest("textDocument/hover", {
      textDocument: { uri },
      position: { line, character },
    });
  }

  lenses(uri: string): Promise<CodeLens[]> {
    return this.connection.sendRequest("textDocument/codeLens", { textDocument: { uri } });
  }

  actions(uri: string, range: Range, diagnostics: readonly Diagnostic[]): Promise<CodeAction[]> {
    return this.connection.sendRequest("textDocument/codeAction", {
      textDocument: { uri },
      range,
      context: { diagnostics },
    });
  }

  /** The last diagnostics published for a file, undefined when there were none. */
  last(uri: string): PublishDiagnosticsParams | undefined {
    return this.published.findLast((params) => params.uri === uri);
  }

  /** Waits for the diagnostics of a file to satisfy `test`. */
  diagnostics(uri: string, test: (params: PublishDiagnosticsParams) => boolean): Promise<PublishDiagnosticsParams> {
    return this.until(`diagnostics of ${uri}`, () => {
      const params = this.last(uri);
      return params !== undefined && test(params) ? params : undefined;
    });
  }

  /** Waits until `look` answers something. */
  until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined && this.exitCode === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        if (found !== undefined) resolve(found);
        else
          reject(new Error(`the server ended with ${this.exitCode} while waiting for ${what}\n${this.log.join("\n")}`));
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        reject(new Error(`no ${what} came\n${this.log.join("\n")}`));
      }, PATIENCE);
      this.#listeners.add(check);
      check();
    });
  }

  async stop(): Promise<void> {
    if (this.exitCode === undefined) {
      await this.connection.sendRequest("shutdown");
      await this.connection.sendNotification("exit");
      await new Promise<void>((resolve) => {
        if (this.exitCode !== undefined) resolve();
        else this.process.once("exit", () => resolve());
      });
    }
    this.connection.dispose();
    await removeTemporary(this.#cache);
  }

  /** Makes waiting tests look again. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

export function uriOf(file: string): string {
  return pathToFileURL(file).toString();
}
