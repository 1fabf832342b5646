/** Symbols of eviction: each operation's implementation, and each unhash. For the outline and the search by name. */
import { type DocumentSymbol, SymbolKind, type WorkspaceSymbol } from "vscode-languageserver";
import type { Implementation, Review } from "../core/report/finding.ts";
import { lineLocation, lineRange } from "./tree-location.ts";

/** Answers of a search are cut here; editors ask again with more letters. */
const MAX_SYMBOLS = 500;

/** One symbol for each function that a table names, with the tables; one for each call that unhashes. */
export function provideDocumentSymbols(review: Review, file: string): DocumentSymbol[] {
  const symbols: DocumentSymbol[] = [];
  for (const [line, entries] of byLine(review.implementations.filter((each) => each.defined && each.file === file))) {
    const range = lineRange(line);
    symbols.push({
      name: entries[0]!.function,
      detail: `eviction: ${describe(entries)}`,
      kind: SymbolKind.Method,
      range,
      selectionRange: range,
    });
  }
  for (const site of review.unhashSites.filter((each) => each.file === file)) {
    const range = lineRange(site.line);
    symbols.push({
      name: `${site.call}() in ${site.function}()`,
      detail: "eviction: unhash",
      kind: SymbolKind.Event,
      range,
      selectionRange: range,
    });
  }
  return symbols.toSorted((a, b) => a.range.start.line - b.range.start.line);
}

/** Entry points whose function, operation or filesystem has the letters of the query in their order. */
export function provideWorkspaceSymbols(root: string, review: Review, query: string): WorkspaceSymbol[] {
  const symbols: WorkspaceSymbol[] = [];
  const seen = new Set<string>();
  for (const entry of review.implementations) {
    if (!entry.defined || !fits(`${entry.function} ${entry.operation} ${entry.filesystem}`, query)) continue;
    const key = `${entry.file}:${entry.line}:${entry.operation}:${entry.filesystem}`;
    if (seen.has(key)) continue;
    seen.add(key);
    symbols.push({
      name: entry.function,
      kind: SymbolKind.Method,
      containerName: `${entry.operation} of ${entry.filesystem}`,
      location: lineLocation(root, entry.file, entry.line),
    });
    if (symbols.length >= MAX_SYMBOLS) break;
  }
  return symbols;
}

function byLine(entries: readonly Implementation[]): Map<number, Implementation[]> {
  const lines = new Map<number, Implementation[]>();
  for (const entry of entries) lines.set(entry.line, [...(lines.get(entry.line) ?? []), entry]);
  return lines;
}

function describe(entries: readonly Implementation[]): string {
  const operations = [...new Set(entries.map((each) => each.operation))].join(", ");
  const filesystems = [...new Set(entries.map((each) => each.filesystem))];
  return `${operations} of ${filesystems.length > 3 ? `${filesystems.length} filesystems` : filesystems.join(", ")}`;
}

/** As editors match: the letters in their order, whatever the case. */
function fits(text: string, query: string): boolean {
  const lower = text.toLowerCase();
  let at = 0;
  for (const letter of query.toLowerCase()) {
    at = lower.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
