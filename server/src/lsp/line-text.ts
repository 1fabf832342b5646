/** A line of an open document, with its newline; "" behind the last. */
import type { TextDocument } from "vscode-languageserver-textdocument";

export function lineText(document: TextDocument, line: number): string {
  return document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } });
}
