/** A fix as an edit of the workspace: with the versions that it was made for, and a reason beside each change. */
import type {
  AnnotatedTextEdit,
  ChangeAnnotation,
  TextDocumentEdit,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver";
import type { Fix } from "../core/query/queries.ts";
import { spanRange, uriOf } from "./tree-location.ts";

export interface EditSupport {
  /** The client takes versioned edits (workspaceEdit.documentChanges). */
  readonly documentChanges: boolean;
  /** ... and annotations: its preview has a reason beside each change. */
  readonly changeAnnotations: boolean;
}

/** `versionOf` says the version of an open document (by the tree's path), null for a file that is not open. */
export function makeFixEdit(
  root: string,
  fix: Fix,
  support: EditSupport,
  versionOf: (file: string) => number | null,
): WorkspaceEdit {
  const files = [...new Set(fix.edits.map((edit) => edit.file))];
  if (!support.documentChanges) {
    const changes: Record<string, TextEdit[]> = {};
    for (const file of files)
      changes[uriOf(root, file)] = fix.edits
        .filter((edit) => edit.file === file)
        .map((edit) => ({ range: spanRange(edit.span), newText: edit.text }));
    return { changes };
  }
  const changeAnnotations: Record<string, ChangeAnnotation> = {};
  const documentChanges = files.map((file): TextDocumentEdit => {
    const edits = fix.edits
      .map((edit, i) => ({ edit, id: `${fix.fix}-${i}` }))
      .filter(({ edit }) => edit.file === file);
    return {
      textDocument: { uri: uriOf(root, file), version: versionOf(file) },
      edits: edits.map(({ edit, id }): TextEdit | AnnotatedTextEdit => {
        const change = { range: spanRange(edit.span), newText: edit.text };
        if (!support.changeAnnotations) return change;
        // No confirmation: clients leave such edits out until each is ticked, and half a fix is none.
        changeAnnotations[id] = { label: fix.title, description: edit.why, needsConfirmation: false };
        return { ...change, annotationId: id };
      }),
    };
  });
  return support.changeAnnotations ? { documentChanges, changeAnnotations } : { documentChanges };
}
