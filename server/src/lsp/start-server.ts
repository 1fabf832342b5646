/**
 * The language server: connects documents, roots and features. Everything that can be wrong in a message or document
 * ends here in an empty answer and a line in the log; the server itself goes on.
 */
import {
  CodeActionKind,
  type Connection,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type InitializationOptions, SERVER_COMMANDS } from "../protocol/messages.ts";
import type { EnvironmentFactory } from "./environment.ts";
import { serveActions } from "./serve-actions.ts";
import { serveDesigns } from "./serve-designs.ts";
import { serveFeatures } from "./serve-features.ts";
import { QUERY_CAPABILITIES, serveQueries } from "./serve-queries.ts";
import { serveViews } from "./serve-views.ts";
import { SettingsStore } from "./settings-store.ts";
import { servePanels } from "./simulator-panels.ts";
import { Workspace } from "./workspace.ts";

const REPOSITORY_RULE_PAGES = "https://github.com/evictscope/evictscope/blob/main/docs/rules/";

/** Wires the server and starts listening. */
export function startServer(connection: Connection, createEnvironment: EnvironmentFactory): void {
  const documents = new TextDocuments(TextDocument);
  let workspace: Workspace | null = null;

  connection.onInitialize((params: InitializeParams): InitializeResult => {
    const options = optionsOf(params);
    const environment = createEnvironment(connection, options);
    const capabilities = {
      configuration: params.capabilities.workspace?.configuration === true,
      workspaceFolders: params.capabilities.workspace?.workspaceFolders === true,
      progress: params.capabilities.window?.workDoneProgress === true,
      codeLensRefresh: params.capabilities.workspace?.codeLens?.refreshSupport === true,
      watchRegistration: params.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
      panels: options.panels === true,
      pages: environment.pages !== null,
      status: options.panels === true,
    };
    const settings = new SettingsStore(connection, capabilities.configuration, options.settings);
    const folders = params.workspaceFolders ?? (params.rootUri ? [{ uri: params.rootUri }] : []);
    workspace = new Workspace({
      connection,
      documents,
      environment,
      settings,
      capabilities,
      rulePages: options.rulePages ?? REPOSITORY_RULE_PAGES,
      folders: folders.map((folder) => folder.uri),
    });
    serveFeatures(connection, documents, workspace);
    const { workspace: client, textDocument, window } = params.capabilities;
    serveActions(connection, documents, workspace, environment.pages, {
      documentChanges: client?.workspaceEdit?.documentChanges === true,
      changeAnnotations: client?.workspaceEdit?.changeAnnotationSupport !== undefined,
      resolvesEdits: textDocument?.codeAction?.resolveSupport?.properties.includes("edit") === true,
      showsDocuments: window?.showDocument?.support === true,
    });
    serveQueries(connection, documents, workspace, {
      inlayHints: params.capabilities.workspace?.inlayHint?.refreshSupport === true,
      semanticTokens: params.capabilities.workspace?.semanticTokens?.refreshSupport === true,
    });
    serveViews(connection, workspace);
    serveDesigns(connection, (root) => workspace?.review(root));
    if (environment.panels !== null) {
      const held = workspace;
      const panels = servePanels(connection, environment.panels, {
        review: (root) => held.review(root),
        finding: (root, id) => held.finding(root, id),
      });
      const { onReviewed } = held;
      held.onReviewed = () => {
        onReviewed?.();
        panels.reviewed();
      };
    }
    return {
      serverInfo: { name: "evictscope", version: environment.version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        ...QUERY_CAPABILITIES,
        hoverProvider: true,
        codeLensProvider: { resolveProvider: false },
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix], resolveProvider: true },
        executeCommandProvider: { commands: Object.values(SERVER_COMMANDS) },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  });
  connection.onInitialized(() => void workspace?.initialized());
  connection.onShutdown(() => workspace?.dispose());
  documents.listen(connection);
  connection.listen();
}

function optionsOf(params: InitializeParams): InitializationOptions {
  const given = params.initializationOptions as unknown;
  return typeof given === "object" && given !== null ? (given as InitializationOptions) : {};
}
