/** The activity bar's Eviction view: filesystems, their operations, what was found in each; filters and a badge. */
import {
  type Command,
  commands,
  type Disposable,
  EventEmitter,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
  type TreeView,
  window,
} from "vscode";
import {
  CONTEXT_WORDS,
  type Counts,
  type EvictionTreeResult,
  NO_FILTER,
  type ShownSeverity,
  type TreeFilesystem,
  type TreeFinding,
  type TreeOperation,
  type TreeRoot,
  type ViewFilter,
} from "../../../server/src/protocol/views.ts";
import { describeFilter, isFiltering } from "./eviction-filter.ts";
import type { ViewsSource } from "./views-source.ts";

const VIEW_ID = "evictscope.eviction";
/** Shows a place of a tree: `{ root, file, line, column }`. */
export const REVEAL_COMMAND = "evictscope.revealPlace";

export type ViewNode =
  | { readonly kind: "root"; readonly root: TreeRoot }
  | { readonly kind: "filesystem"; readonly root: TreeRoot; readonly filesystem: TreeFilesystem }
  | {
      readonly kind: "operation";
      readonly root: TreeRoot;
      readonly filesystem: TreeFilesystem;
      readonly operation: TreeOperation;
    }
  | { readonly kind: "finding"; readonly root: TreeRoot; readonly finding: TreeFinding };

const ICONS: Readonly<Record<ShownSeverity, ThemeIcon>> = {
  error: new ThemeIcon("error", new ThemeColor("list.errorForeground")),
  warning: new ThemeIcon("warning", new ThemeColor("list.warningForeground")),
  information: new ThemeIcon("info", new ThemeColor("notificationsInfoIcon.foreground")),
};
const CLEAN = new ThemeIcon("pass", new ThemeColor("testing.iconPassed"));

export class EvictionView implements TreeDataProvider<ViewNode>, Disposable {
  readonly #source: ViewsSource;
  readonly #changed = new EventEmitter<ViewNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: TreeView<ViewNode>;
  readonly #subscriptions: Disposable[] = [];
  #filter: ViewFilter = NO_FILTER;
  #latest: EvictionTreeResult | null = null;

  constructor(source: ViewsSource) {
    this.#source = source;
    this.#view = window.createTreeView(VIEW_ID, { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions.push(
      this.#view,
      this.#changed,
      source.onDidChange(() => void this.refresh()),
    );
    void this.#showState();
  }

  get filter(): ViewFilter {
    return this.#filter;
  }

  /** What the server said last; null before. */
  get latest(): EvictionTreeResult | null {
    return this.#latest;
  }

  async setFilter(filter: ViewFilter): Promise<void> {
    this.#filter = filter;
    await this.refresh();
  }

  /** Asks anew and draws. */
  async refresh(): Promise<void> {
    try {
      this.#latest = this.#source.status === null ? null : await this.#source.tree(this.#filter);
    } catch {
      // The server is being stopped; its successor says when there is something to ask for.
      this.#latest = null;
    }
    this.#changed.fire(undefined);
    await this.#showState();
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
  }

  getChildren(node?: ViewNode): ViewNode[] {
    if (node === undefined) return this.#top();
    switch (node.kind) {
      case "root":
        return node.root.filesystems.map((filesystem) => ({ kind: "filesystem", root: node.root, filesystem }));
      case "filesystem": {
        const { root, filesystem } = node;
        return filesystem.operations.map((operation) => ({ kind: "operation", root, filesystem, operation }));
      }
      case "operation":
        return node.operation.findings.map((finding) => ({ kind: "finding", root: node.root, finding }));
      case "finding":
        return [];
    }
  }

  getTreeItem(node: ViewNode): TreeItem {
    switch (node.kind) {
      case "root":
        return rootItem(node.root);
      case "filesystem":
        return filesystemItem(node.root, node.filesystem);
      case "operation":
        return operationItem(node.root, node.filesystem, node.operation);
      case "finding":
        return findingItem(node.root, node.finding);
    }
  }

  /** One tree needs no line of its own; of several each has one, whether or not it is ready. */
  #top(): ViewNode[] {
    const roots = this.#latest?.roots ?? [];
    if (roots.length === 1) return this.getChildren({ kind: "root", root: roots[0]! });
    return roots.map((root) => ({ kind: "root", root }));
  }

  /** The welcome texts, the line above the tree and the badge follow from what there is. */
  async #showState(): Promise<void> {
    const { status } = this.#source;
    const roots = this.#latest?.roots ?? [];
    const shown = roots.reduce((sum, { counts }) => sum + total(counts), 0);
    const all = roots.reduce((sum, { findings }) => sum + findings, 0);
    const ready = roots.filter(({ phase }) => phase === "ready");
    const filtering = isFiltering(this.#filter);
    const state =
      status === null
        ? "starting"
        : roots.length === 0
          ? "idle"
          : ready.length === 0
            ? (roots[0]?.phase ?? "idle")
            : filtering && shown === 0
              ? "filtered"
              : "ready";
    await commands.executeCommand("setContext", "evictscope.viewState", state);
    await commands.executeCommand("setContext", "evictscope.filtering", filtering);
    const lines: string[] = [];
    if (filtering && state === "ready") lines.push(`${describeFilter(this.#filter)}: ${shown} of ${all} findings`);
    else if (state === "ready" && all === 0) lines.push("No findings: every operation that was found is listed.");
    this.#view.message = lines.join("\n");
    this.#view.description = ready.length === 1 ? (ready[0]?.name ?? "") : "";
    const errors = roots.reduce((sum, { counts }) => sum + counts.error, 0);
    const words = `${shown} ${shown === 1 ? "finding" : "findings"}, ${errors} ${errors === 1 ? "error" : "errors"}`;
    this.#view.badge = shown === 0 ? undefined : { value: shown, tooltip: `Evictscope: ${words}` };
  }
}

function total(counts: Counts): number {
  return counts.error + counts.warning + counts.information;
}

function worst(counts: Counts): ShownSeverity | null {
  return counts.error > 0 ? "error" : counts.warning > 0 ? "warning" : counts.information > 0 ? "information" : null;
}

/** "2 errors, 1 warning": colours and icons say nothing that this does not. */
function describeCounts(counts: Counts): string {
  const parts: string[] = [];
  for (const [severity, plural] of [
    ["error", "errors"],
    ["warning", "warnings"],
    ["information", "infos"],
  ] as const) {
    const count = counts[severity];
    if (count > 0) parts.push(`${count} ${count === 1 ? (severity === "information" ? "info" : severity) : plural}`);
  }
  return parts.length === 0 ? "no findings" : parts.join(", ");
}

function rootItem(root: TreeRoot): TreeItem {
  const item = new TreeItem(root.name, TreeItemCollapsibleState.Expanded);
  item.id = root.root;
  const version = root.kernelVersion === "" ? "" : `Linux ${root.kernelVersion}, `;
  const state = root.phase === "ready" ? describeCounts(root.counts) : root.phase;
  item.description = `${version}${state}`;
  item.iconPath = new ThemeIcon("repo");
  item.tooltip = root.message === "" ? root.root : `${root.root}\n${root.message}`;
  item.contextValue = "root";
  return item;
}

function filesystemItem(root: TreeRoot, filesystem: TreeFilesystem): TreeItem {
  const { id, counts, tables } = filesystem;
  const severity = worst(counts);
  const item = new TreeItem(id, TreeItemCollapsibleState.Collapsed);
  item.id = `${root.root} ${id}`;
  item.description = describeCounts(counts);
  item.iconPath = severity === null ? CLEAN : ICONS[severity];
  const methods = filesystem.operations.map(({ operation }) => operation).join(", ");
  item.tooltip = `${id}: ${describeCounts(counts)}\n${tables.join(", ")}\n${methods}`;
  item.contextValue = "filesystem";
  item.accessibilityInformation = { label: `${id}, ${describeCounts(counts)}` };
  return item;
}

function operationItem(root: TreeRoot, filesystem: TreeFilesystem, operation: TreeOperation): TreeItem {
  const { counts } = operation;
  const clean = total(counts) === 0;
  const state = clean ? TreeItemCollapsibleState.None : TreeItemCollapsibleState.Expanded;
  const item = new TreeItem(operation.operation, state);
  item.id = `${root.root} ${filesystem.id} ${operation.table} ${operation.operation} ${operation.function}`;
  item.description = `${operation.function}()${operation.defined ? "" : ", not defined in this tree"}`;
  item.iconPath = new ThemeIcon(clean ? "symbol-method" : "symbol-event");
  const table = operation.table === "" ? "" : ` of ${operation.table}`;
  item.tooltip = `${operation.function}() is ->${operation.operation}${table}\n${operation.file}:${operation.line}\n${describeCounts(counts)}`;
  item.contextValue = "operation";
  item.command = reveal(root, operation.file, operation.line);
  item.accessibilityInformation = {
    label: `${operation.operation}, ${operation.function}, ${describeCounts(counts)}`,
  };
  return item;
}

function findingItem(root: TreeRoot, finding: TreeFinding): TreeItem {
  const item = new TreeItem(finding.rule, TreeItemCollapsibleState.None);
  item.id = `${root.root} ${finding.id}`;
  item.description = finding.message;
  item.iconPath = ICONS[finding.severity];
  item.tooltip = describeFinding(finding);
  item.contextValue = "finding";
  item.command = reveal(root, finding.file, finding.line, finding.column);
  item.accessibilityInformation = {
    label: `${finding.severity}, ${finding.rule}, line ${finding.line}: ${finding.message}`,
  };
  return item;
}

function reveal(root: TreeRoot, file: string, line: number, column = 1): Command {
  return { command: REVEAL_COMMAND, title: "Show", arguments: [{ root: root.root, file, line, column }] };
}

/** Text from the code is appended as text: a name may look like Markdown. */
function describeFinding(finding: TreeFinding): MarkdownString {
  const text = new MarkdownString();
  text.appendText(`${finding.severity}: ${finding.message}`);
  text.appendMarkdown("\n\n");
  const lines = [
    `${finding.file}:${finding.line}`,
    `In ${finding.contexts.map((context) => CONTEXT_WORDS[context]).join(", ")}`,
    ...(finding.conditions.length === 0 ? [] : [`When ${finding.conditions.join(" and ")}`]),
    ...(finding.confidence === "high" ? [] : [`Confidence: ${finding.confidence}`]),
    `Simulator: ${finding.model}, ${finding.verdict === "not-run" ? "not run yet" : finding.verdict}`,
  ];
  for (const line of lines) {
    text.appendText(line);
    text.appendMarkdown("  \n");
  }
  return text;
}
