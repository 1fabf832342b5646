/** What both builds of the extension do: start a client, register commands, show status and panels. */
import { commands, type ExtensionContext, type LogOutputChannel, Uri, window, workspace } from "vscode";
import type { BaseLanguageClient, LanguageClientOptions } from "vscode-languageclient";
import {
  CLEAR_CACHE_REQUEST,
  CLIENT_COMMANDS,
  type InitializationOptions,
  REINDEX_NOTIFICATION,
  STATUS_NOTIFICATION,
  type StatusParams,
} from "../../../server/src/protocol/messages.ts";
import { SETTINGS_SECTION } from "../../../server/src/protocol/settings.ts";
import { copyMail } from "./copy-mail.ts";
import { registerViews } from "./register-views.ts";
import { serveFiles } from "./serve-files.ts";
import { SimulatorPanels } from "./simulator-panel.ts";
import { StatusItem } from "./status-item.ts";
import { suppressFinding } from "./suppress-finding.ts";
import { ViewsSource } from "./views-source.ts";

export interface ClientRequest {
  readonly context: ExtensionContext;
  readonly options: LanguageClientOptions;
}

/** What differs between desktop and web: how the server is started, and what it is told. */
export interface Platform {
  createClient(request: ClientRequest): BaseLanguageClient;
  initializationOptions(context: ExtensionContext): Promise<Partial<InitializationOptions>>;
}

const REPOSITORY_RULE_PAGES = "https://github.com/evictscope/evictscope/blob/main/docs/rules/";

export async function activateExtension(context: ExtensionContext, platform: Platform): Promise<BaseLanguageClient> {
  const log = window.createOutputChannel("Evictscope", { log: true });
  const status = new StatusItem();
  const initializationOptions: InitializationOptions = {
    rulePages: rulePagesOf(context.extensionUri),
    clientFiles: true,
    panels: true,
    ...(await platform.initializationOptions(context)),
  };
  const client = platform.createClient({
    context,
    options: {
      documentSelector: documentSelector(),
      outputChannel: log,
      initializationOptions,
      synchronize: { configurationSection: SETTINGS_SECTION },
      // Rule pages are Markdown in the extension; a hover may link to them and to source lines, nothing more.
      markdown: { isTrusted: false, supportHtml: false },
    },
  });
  serveFiles(client);
  const source = new ViewsSource(client);
  client.onNotification(STATUS_NOTIFICATION, (params: StatusParams) => {
    status.update(params);
    source.statusChanged(params);
  });
  const panels = new SimulatorPanels(client, context.extensionUri, () => status.roots[0]?.root);
  context.subscriptions.push(log, status, source, panels, client);
  registerCommands(context, client, panels, status, log, source);
  registerViews(context, source, panels);
  status.starting();
  try {
    await client.start();
  } catch (error) {
    status.failed(error instanceof Error ? error.message : String(error));
    throw error;
  }
  return client;
}

/** Pages in the extension's own folder work offline; a web build's folder is no place that a browser can show. */
function rulePagesOf(extension: Uri): string {
  if (extension.scheme !== "file") return REPOSITORY_RULE_PAGES;
  return `${Uri.joinPath(extension, "docs", "rules").toString()}/`;
}

/** VS Code takes kernel headers for C++; both languages are served. Diffs and history (git:) are not. */
function documentSelector(): { language: string; scheme: string }[] {
  const schemes = new Set(["file", ...(workspace.workspaceFolders ?? []).map((folder) => folder.uri.scheme)]);
  return [...schemes].flatMap((scheme) => ["c", "cpp"].map((language) => ({ language, scheme })));
}

function registerCommands(
  context: ExtensionContext,
  client: BaseLanguageClient,
  panels: SimulatorPanels,
  status: StatusItem,
  log: LogOutputChannel,
  source: ViewsSource,
): void {
  const register = (name: string, run: (...args: unknown[]) => unknown): void => {
    context.subscriptions.push(commands.registerCommand(name, run));
  };
  register("evictscope.restartServer", async () => {
    panels.closeAll();
    status.starting();
    source.reset();
    await client.stop();
    await client.start();
  });
  register("evictscope.reindex", () => client.sendNotification(REINDEX_NOTIFICATION));
  register("evictscope.clearCache", async () => {
    await client.sendRequest(CLEAR_CACHE_REQUEST);
    void window.showInformationMessage(
      "Evictscope: what was kept of earlier reviews is gone; the trees are read anew.",
    );
  });
  register("evictscope.openSettings", () =>
    commands.executeCommand("workbench.action.openSettings", "@ext:evictscope.evictscope"),
  );
  register("evictscope.showLog", () => log.show(true));
  register("evictscope.showIndexed", () => status.showDetails(log));
  register(CLIENT_COMMANDS.openSimulator, (target) => panels.open(target));
  register("evictscope.openTrace", () => panels.openTrace());
  register(CLIENT_COMMANDS.suppress, (target) => suppressFinding(client, target));
  register(CLIENT_COMMANDS.copyMail, (target) => copyMail(client, target));
}
