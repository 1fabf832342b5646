/** Inlay hints: who reaches a function, and where the inode's state changes. Off unless the setting says otherwise. */
import type { InlayHint, Range } from "vscode-languageserver";
import type { LineHint } from "../core/query/queries.ts";

export function provideInlayHints(hints: readonly LineHint[], range: Range): InlayHint[] {
  return hints
    .filter(({ line }) => line - 1 >= range.start.line && line - 1 <= range.end.line)
    .map(({ line, column, text, detail }) => ({
      position: { line: line - 1, character: column - 1 },
      // A comment's look, so that nobody takes it for code.
      label: `/* ${text} */`,
      tooltip: detail,
      paddingLeft: true,
    }));
}
