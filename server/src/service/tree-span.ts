/** Spans of the analysis (1-based) as ranges and locations of the protocol. */
import type { Location, Range } from "vscode-languageserver";
import type { Span } from "../core/query/queries.ts";
import { spanRange, uriOf } from "./tree-location.ts";

export function locationOf(root: string, file: string, span: Span): Location {
  return { uri: uriOf(root, file), range: spanRange(span) };
}

/** A position of the protocol as the analysis counts. */
export function placeOf(
  file: string,
  position: { readonly line: number; readonly character: number },
): { readonly file: string; readonly line: number; readonly column: number } {
  return { file, line: position.line + 1, column: position.character + 1 };
}

export function rangeToSpan(range: Range): Span {
  return {
    line: range.start.line + 1,
    column: range.start.character + 1,
    endLine: range.end.line + 1,
    endColumn: range.end.character + 1,
  };
}
