/** Which finding a command is about: the one it was given, the one at the cursor, or one that the user picks. */
import { window } from "vscode";
import { NO_FILTER, type TreeFinding } from "../../../server/src/protocol/views.ts";
import { fileUri } from "./tree-file.ts";
import type { ViewsSource } from "./views-source.ts";

export interface ChosenFinding {
  readonly root: string;
  readonly finding: Pick<TreeFinding, "id" | "rule" | "message" | "model">;
}

/** A line of the Eviction view, or `{ root, finding }` with the finding's id. */
export function findingOfArgument(target: unknown): { readonly root: string; readonly finding: string } | undefined {
  if (typeof target !== "object" || target === null) return undefined;
  const { kind, root, finding } = target as { kind?: unknown; root?: unknown; finding?: unknown };
  if (kind === "finding") {
    const { root: address } = root as { root: string };
    return { root: address, finding: (finding as TreeFinding).id };
  }
  return typeof root === "string" && typeof finding === "string" ? { root, finding } : undefined;
}

/** Undefined: there is none, which was said, or the user changed their mind. */
export async function chooseFinding(source: ViewsSource, target: unknown): Promise<ChosenFinding | undefined> {
  const all = await listFindings(source);
  const given = findingOfArgument(target);
  if (given !== undefined) {
    const found = all.find(({ root, finding }) => root === given.root && finding.id === given.finding);
    if (found === undefined)
      void window.showWarningMessage("Evictscope: the finding is gone: the code has changed since.");
    return found;
  }
  if (all.length === 0) {
    void window.showInformationMessage("Evictscope: there are no findings. Is a C file of a kernel tree open?");
    return undefined;
  }
  const editor = window.activeTextEditor;
  const document = editor?.document.uri.toString();
  const here = all.filter(({ root, finding }) => fileUri(root, finding.file).toString() === document);
  const line = (editor?.selection.active.line ?? -1) + 1;
  const onLine = here.filter(({ finding }) => finding.line === line);
  if (onLine.length === 1) return onLine[0];
  const offered = onLine.length > 1 ? onLine : here.length > 0 ? here : all;
  const picked = await window.showQuickPick(
    offered
      .toSorted((a, b) => Math.abs(a.finding.line - line) - Math.abs(b.finding.line - line))
      .map((entry) => ({
        label: entry.finding.rule,
        description: `${entry.finding.file}:${entry.finding.line}`,
        detail: entry.finding.message,
        entry,
      })),
    { title: "Which finding?", matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.entry;
}

async function listFindings(source: ViewsSource): Promise<{ root: string; finding: TreeFinding }[]> {
  if (source.status === null) return [];
  const { roots } = await source.tree(NO_FILTER);
  return roots.flatMap(({ root, filesystems }) =>
    filesystems.flatMap(({ operations }) =>
      operations.flatMap(({ findings }) => findings.map((finding) => ({ root, finding }))),
    ),
  );
}
