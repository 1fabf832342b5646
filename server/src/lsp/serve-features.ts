/** Registers the handlers. Each asks the service for an answer from the latest review; outside a tree it is empty. */
import {
  type Connection,
  LSPErrorCodes,
  ResponseError,
  type TextDocuments,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import {
  REINDEX_NOTIFICATION,
  SERVER_COMMANDS,
  SUPPRESS_REQUEST,
  type SuppressParams,
  type SuppressResult,
} from "../protocol/messages.ts";
import { makeSuppressionEdit } from "../service/make-suppression-edit.ts";
import { provideCodeActions } from "../service/provide-code-actions.ts";
import { provideCodeLens } from "../service/provide-code-lens.ts";
import { documentationAt, provideHover } from "../service/provide-hover.ts";
import { uriOf } from "../service/tree-location.ts";
import { placeOf } from "../service/tree-span.ts";
import type { Workspace } from "./workspace.ts";

export function serveFeatures(
  connection: Connection,
  documents: TextDocuments<TextDocument>,
  workspace: Workspace,
): void {
  const guarded = async (what: string, work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      connection.console.error(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  };

  documents.onDidOpen(({ document }) => void guarded(document.uri, () => workspace.open(document)));
  documents.onDidChangeContent(({ document }) => void guarded(document.uri, () => workspace.change(document)));
  documents.onDidClose(({ document }) => void guarded(document.uri, () => workspace.close(document.uri)));
  connection.onDidChangeWatchedFiles(({ changes }) => void guarded("files", () => workspace.filesChanged(changes)));
  connection.onDidChangeConfiguration(
    ({ settings }) => void guarded("settings", () => workspace.settingsChanged(settings as unknown)),
  );
  connection.onNotification(REINDEX_NOTIFICATION, () => workspace.reindex());

  connection.onHover(async ({ textDocument, position }, token) => {
    const place = workspace.placeOf(textDocument.uri);
    const document = documents.get(textDocument.uri);
    if (place === null || document === undefined || !workspace.settings.hover) return null;
    const line = lineText(document, position.line);
    const { root } = place.root;
    const pages = documentationAt(line, position.character);
    const [explained, existing] = await Promise.all([
      place.root.query({ name: "place", ...placeOf(place.path, position) }, token),
      pages.length === 0 ? new Set<string>() : workspace.exist(pages.map((page) => uriOf(root, page))),
    ]);
    return provideHover({
      root,
      file: place.path,
      position,
      line,
      place: explained,
      documentation: pages.filter((page) => existing.has(uriOf(root, page))),
      review: place.root.latest?.review ?? null,
      settings: workspace.settings,
      rulePages: workspace.rulePages,
      // Only our own client is known to be VS Code.
      besideDiagnostics: workspace.capabilities.panels,
    });
  });

  connection.onCodeLens(({ textDocument }) => {
    const place = workspace.placeOf(textDocument.uri);
    const review = place?.root.latest?.review;
    if (place === null || review === undefined || !workspace.settings.codeLens) return [];
    return provideCodeLens({
      root: place.root.root,
      file: place.path,
      review,
      settings: workspace.settings,
      panels: workspace.capabilities.panels,
    });
  });

  connection.onCodeAction(({ textDocument, range, context }) => {
    const place = workspace.placeOf(textDocument.uri);
    const review = place?.root.latest?.review;
    if (place === null || review === undefined || !workspace.capabilities.panels) return [];
    return provideCodeActions({
      root: place.root.root,
      file: place.path,
      range,
      diagnostics: context.diagnostics,
      review,
      settings: workspace.settings,
    });
  });

  const suppress = (params: SuppressParams): SuppressResult => {
    const finding = workspace.finding(params.root, params.finding);
    if (finding === undefined) return { refusal: "The finding is gone: the code has changed since." };
    const uri = documents.keys().find((key) => {
      const place = workspace.placeOf(key);
      return place?.root.root === params.root && place.path === finding.file;
    });
    const document = uri === undefined ? undefined : documents.get(uri);
    if (document === undefined) return { refusal: `Open ${finding.file} first.` };
    const made = makeSuppressionEdit({
      rule: finding.rule,
      reason: params.reason,
      anchor: finding.line - 1,
      lineAt: (line) => lineText(document, line),
    });
    if ("refusal" in made) return made;
    const edit: WorkspaceEdit = { changes: { [uri ?? uriOf(params.root, finding.file)]: [made.edit] } };
    return { edit };
  };
  connection.onRequest(SUPPRESS_REQUEST, suppress);

  connection.onExecuteCommand(async ({ command, arguments: args }) => {
    if (command !== SERVER_COMMANDS.suppress) return undefined;
    const given = args?.[0] as Partial<SuppressParams> | undefined;
    if (typeof given?.root !== "string" || typeof given.finding !== "string" || typeof given.reason !== "string") {
      return new ResponseError(LSPErrorCodes.RequestFailed, "expected { root, finding, reason }");
    }
    const result = suppress({ root: given.root, finding: given.finding, reason: given.reason });
    if (result.refusal !== undefined) return new ResponseError(LSPErrorCodes.RequestFailed, result.refusal);
    await connection.workspace.applyEdit(result.edit as WorkspaceEdit);
    return undefined;
  });
}

function lineText(document: TextDocument, line: number): string {
  return document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } });
}
