/** Registers the handlers. Each asks the service for an answer from the latest review; outside a tree it is empty. */
import type { Connection, TextDocuments } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { REINDEX_NOTIFICATION } from "../protocol/messages.ts";
import { provideCodeLens } from "../service/provide-code-lens.ts";
import { documentationAt, provideHover } from "../service/provide-hover.ts";
import { uriOf } from "../service/tree-location.ts";
import { placeOf } from "../service/tree-span.ts";
import { lineText } from "./line-text.ts";
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
    if (place === null || document === undefined || !workspace.settingsOf(place.root.root).hover) return null;
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
      settings: workspace.settingsOf(root),
      rulePages: workspace.rulePages,
      // Only our own client is known to be VS Code.
      besideDiagnostics: workspace.capabilities.panels,
    });
  });

  connection.onCodeLens(({ textDocument }) => {
    const place = workspace.placeOf(textDocument.uri);
    const review = place?.root.latest?.review;
    if (place === null || review === undefined || !workspace.settingsOf(place.root.root).codeLens) return [];
    return provideCodeLens({
      root: place.root.root,
      file: place.path,
      review,
      settings: workspace.settingsOf(place.root.root),
      panels: workspace.capabilities.panels,
      pages: workspace.capabilities.pages,
    });
  });
}
