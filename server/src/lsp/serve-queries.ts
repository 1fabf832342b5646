/** Features that are questions on the solved tree: hints, hierarchies, symbols, methods of tables, tokens. */
import {
  type Connection,
  InlayHintRefreshRequest,
  type Range,
  SemanticTokensRefreshRequest,
  type ServerCapabilities,
  type TextDocuments,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import {
  fromHierarchyItem,
  toHierarchyItem,
  toIncomingCalls,
  toOutgoingCalls,
} from "../service/provide-call-hierarchy.ts";
import { provideImplementations, provideReferences } from "../service/provide-field-locations.ts";
import { provideInlayHints } from "../service/provide-inlay-hints.ts";
import { provideSemanticTokens, TOKEN_LEGEND } from "../service/provide-semantic-tokens.ts";
import { provideDocumentSymbols, provideWorkspaceSymbols } from "../service/provide-symbols.ts";
import { placeOf } from "../service/tree-span.ts";
import type { Workspace } from "./workspace.ts";

/** No completion and no formatting: those are clangd's business. */
export const QUERY_CAPABILITIES: ServerCapabilities = {
  inlayHintProvider: true,
  callHierarchyProvider: true,
  documentSymbolProvider: { label: "Evictscope" },
  workspaceSymbolProvider: true,
  implementationProvider: true,
  referencesProvider: true,
  semanticTokensProvider: { legend: TOKEN_LEGEND, full: true, range: false },
};

/** What a client can be asked to show anew. */
export interface RefreshSupport {
  readonly inlayHints: boolean;
  readonly semanticTokens: boolean;
}

export function serveQueries(
  connection: Connection,
  documents: TextDocuments<TextDocument>,
  workspace: Workspace,
  refresh: RefreshSupport,
): void {
  workspace.onReviewed = () => {
    const all = workspace.reviews.map(({ root }) => workspace.settingsOf(root));
    if (refresh.inlayHints && all.some((each) => each.inlayHints))
      void connection.sendRequest(InlayHintRefreshRequest.type).catch(() => {});
    if (refresh.semanticTokens && all.some((each) => each.semanticHighlighting))
      void connection.sendRequest(SemanticTokensRefreshRequest.type).catch(() => {});
  };

  connection.languages.inlayHint.on(async ({ textDocument, range }, token) => {
    const place = workspace.placeOf(textDocument.uri);
    if (place === null || !workspace.settingsOf(place.root.root).inlayHints) return [];
    const lines = { fromLine: range.start.line + 1, toLine: range.end.line + 1 };
    const hints = await place.root.query({ name: "hints", file: place.path, ...lines }, token);
    return provideInlayHints(hints ?? [], range satisfies Range);
  });

  connection.languages.callHierarchy.onPrepare(async ({ textDocument, position }, token) => {
    const place = workspace.placeOf(textDocument.uri);
    if (place === null) return null;
    const item = await place.root.query({ name: "hierarchy", ...placeOf(place.path, position) }, token);
    return item === null ? null : [toHierarchyItem(place.root.root, item)];
  });
  connection.languages.callHierarchy.onIncomingCalls(async ({ item }, token) => {
    const known = fromHierarchyItem(item);
    const root = known === null ? undefined : workspace.review(known.root);
    if (known === null || root === undefined) return [];
    return toIncomingCalls(known.root, (await root.query({ name: "incoming", item: known.item }, token)) ?? []);
  });
  connection.languages.callHierarchy.onOutgoingCalls(async ({ item }, token) => {
    const known = fromHierarchyItem(item);
    const root = known === null ? undefined : workspace.review(known.root);
    if (known === null || root === undefined) return [];
    return toOutgoingCalls(known.root, (await root.query({ name: "outgoing", item: known.item }, token)) ?? []);
  });

  connection.onDocumentSymbol(({ textDocument }) => {
    const place = workspace.placeOf(textDocument.uri);
    const review = place?.root.latest?.review;
    return place === null || review === undefined ? [] : provideDocumentSymbols(review, place.path);
  });
  connection.onWorkspaceSymbol(({ query }) =>
    workspace.reviews.flatMap((root) =>
      root.latest === null ? [] : provideWorkspaceSymbols(root.root, root.latest.review, query),
    ),
  );

  connection.onImplementation(async ({ textDocument, position }, token) => {
    const place = workspace.placeOf(textDocument.uri);
    if (place === null) return null;
    const sites = await place.root.query({ name: "implementations", ...placeOf(place.path, position) }, token);
    return sites === null || sites.length === 0 ? null : provideImplementations(place.root.root, sites);
  });
  connection.onReferences(async ({ textDocument, position }, token) => {
    const place = workspace.placeOf(textDocument.uri);
    if (place === null) return null;
    const uses = await place.root.query({ name: "references", ...placeOf(place.path, position) }, token);
    return uses === null || uses.length === 0 ? null : provideReferences(place.root.root, uses);
  });

  connection.languages.semanticTokens.on(({ textDocument }) => {
    const place = workspace.placeOf(textDocument.uri);
    const document = documents.get(textDocument.uri);
    if (place === null || document === undefined) return { data: [] };
    if (!workspace.settingsOf(place.root.root).semanticHighlighting) return { data: [] };
    return provideSemanticTokens(document.getText(), place.root.latest?.review.implementations ?? []);
  });
}
