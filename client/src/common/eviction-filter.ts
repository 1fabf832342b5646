/** The Eviction view's filter: asked for in one list, said in one line. */
import { type QuickPickItem, QuickPickItemKind, ThemeIcon, window } from "vscode";
import { CONTEXT_WORDS, type EvictionTreeResult, type ViewFilter } from "../../../server/src/protocol/views.ts";

export function isFiltering(filter: ViewFilter): boolean {
  return filter.rules.length > 0 || filter.contexts.length > 0 || filter.folder !== "";
}

export function describeFilter(filter: ViewFilter): string {
  const parts = [
    ...filter.rules,
    ...filter.contexts.map((context) => CONTEXT_WORDS[context]),
    ...(filter.folder === "" ? [] : [filter.folder]),
  ];
  return `Only ${parts.join(", ")}`;
}

type Choice = QuickPickItem &
  (
    | { readonly what: "rule"; readonly name: ViewFilter["rules"][number] }
    | { readonly what: "context"; readonly name: ViewFilter["contexts"][number] }
    | { readonly what: "folder"; readonly name: string }
    | { readonly what: "heading" }
  );

/** Undefined: the user changed their mind. Rules, contexts and at most one folder can be ticked together. */
export async function askForFilter(result: EvictionTreeResult, filter: ViewFilter): Promise<ViewFilter | undefined> {
  const count = (findings: number): string => `${findings} ${findings === 1 ? "finding" : "findings"}`;
  const heading = (label: string): Choice => ({ label, kind: QuickPickItemKind.Separator, what: "heading" });
  const choices: Choice[] = [
    heading("Rules"),
    ...result.rules.map(
      ({ name, findings }): Choice => ({
        label: name,
        description: count(findings),
        iconPath: new ThemeIcon("law"),
        what: "rule",
        name,
        picked: filter.rules.includes(name),
      }),
    ),
    heading("Contexts"),
    ...result.contexts.map(
      ({ name, findings }): Choice => ({
        label: CONTEXT_WORDS[name],
        description: count(findings),
        iconPath: new ThemeIcon("pulse"),
        what: "context",
        name,
        picked: filter.contexts.includes(name),
      }),
    ),
    heading("Filesystems and folders (the first one ticked counts)"),
    ...result.folders.map(
      ({ name, findings }): Choice => ({
        label: name,
        description: count(findings),
        iconPath: new ThemeIcon("folder"),
        what: "folder",
        name,
        picked: filter.folder === name,
      }),
    ),
  ];
  const picked = await window.showQuickPick(choices, {
    title: "Filter Findings",
    placeHolder: "Rules, contexts, a folder; nothing ticked shows everything",
    canPickMany: true,
    matchOnDescription: true,
  });
  if (picked === undefined) return undefined;
  return {
    rules: picked.flatMap((choice) => (choice.what === "rule" ? [choice.name] : [])),
    contexts: picked.flatMap((choice) => (choice.what === "context" ? [choice.name] : [])),
    folder: picked.find((choice) => choice.what === "folder")?.label ?? "",
  };
}
