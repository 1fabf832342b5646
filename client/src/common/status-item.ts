/** The status bar item: what is indexed and what is not, in one glance, with the details behind it. */
import {
  type Disposable,
  type LogOutputChannel,
  MarkdownString,
  StatusBarAlignment,
  type StatusBarItem,
  ThemeColor,
  window,
} from "vscode";
import type { RootStatus, StatusParams } from "../../../server/src/protocol/messages.ts";

const IDLE = "Nothing is indexed: open a C file of a kernel tree.";

export class StatusItem implements Disposable {
  readonly #item: StatusBarItem;
  #status: StatusParams = { roots: [], problems: [] };

  constructor() {
    this.#item = window.createStatusBarItem("evictscope.status", StatusBarAlignment.Left, 10);
    this.#item.name = "Evictscope";
    this.#item.command = "evictscope.showIndexed";
  }

  get roots(): readonly RootStatus[] {
    return this.#status.roots;
  }

  starting(): void {
    this.#show("$(loading~spin) Evictscope", "The server is starting.");
  }

  failed(message: string): void {
    this.#show("$(error) Evictscope", `The server did not start: ${message}`, true);
  }

  update(status: StatusParams): void {
    this.#status = status;
    const { roots, problems } = status;
    if (roots.length === 0) {
      this.#show("$(circle-outline) Evictscope", [IDLE, ...problems].join("\n\n"));
      return;
    }
    const failed = roots.some((root) => root.phase === "failed");
    const busy = roots.some((root) => root.phase === "indexing");
    const updating = !busy && roots.some((root) => root.updating);
    const partial = roots.some(
      (root) => root.phase === "cancelled" || root.missing.some((line) => /limit|unread/.test(line)),
    );
    const findings = roots.reduce((sum, root) => sum + root.findings, 0);
    const icon = failed ? "$(error)" : busy || updating ? "$(loading~spin)" : partial ? "$(warning)" : "$(check)";
    const text = busy ? "indexing" : failed ? "failed" : `${findings} ${findings === 1 ? "finding" : "findings"}`;
    const lines = roots.map((root) => describeRoot(root).join("  \n"));
    this.#show(`${icon} Evictscope: ${text}`, [...lines, ...problems].join("\n\n"), failed);
  }

  /** Prints the details to the log and shows it. */
  showDetails(log: LogOutputChannel): void {
    const { roots, problems } = this.#status;
    const lines = roots.length === 0 ? [IDLE] : roots.flatMap((root) => [root.root, ...describeRoot(root).map(indent)]);
    for (const line of [...lines, ...problems]) log.info(plain(line));
    log.show(true);
  }

  dispose(): void {
    this.#item.dispose();
  }

  #show(text: string, tooltip: string, error = false): void {
    this.#item.text = text;
    this.#item.tooltip = new MarkdownString(`**Evictscope**\n\n${tooltip}`);
    this.#item.backgroundColor = error ? new ThemeColor("statusBarItem.errorBackground") : undefined;
    this.#item.accessibilityInformation = { label: plain(`${text.replace(/\$\([^)]*\) /, "")}. ${tooltip}`) };
    this.#item.show();
  }
}

function describeRoot(root: RootStatus): string[] {
  const version = root.kernelVersion === "" ? "" : ` (Linux ${root.kernelVersion})`;
  const lines = [`**${root.name}**${version}: ${describePhase(root)}`];
  if (root.message !== "") lines.push(root.message);
  if (root.phase === "ready") {
    lines.push(
      `${root.functionsParsed} of ${root.functions} functions in ${root.files} files summarised, the rest indexed by name`,
      `${root.implementations} eviction operations, ${root.findings} findings${root.suppressed > 0 ? `, ${root.suppressed} suppressed` : ""}`,
    );
  }
  for (const line of root.missing) lines.push(`Not in it: ${line}`);
  return lines;
}

function describePhase(root: RootStatus): string {
  switch (root.phase) {
    case "indexing":
      return "indexing";
    case "ready":
      return `indexed, revision ${root.revision}${root.updating ? "; a later text is being reviewed" : ""}`;
    case "cancelled":
      return "cancelled";
    case "failed":
      return "failed";
  }
}

function indent(line: string): string {
  return `  ${line}`;
}

function plain(markdown: string): string {
  return markdown.replaceAll("**", "");
}
