/** The views' data: asks the server, and tells the views when a review has changed it. */
import { type Disposable, EventEmitter } from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import type { RootStatus, StatusParams } from "../../../server/src/protocol/messages.ts";
import {
  CALL_CHAIN_REQUEST,
  type CallChainView,
  EVICTION_TREE_REQUEST,
  type EvictionTreeResult,
  SURVEY_REQUEST,
  type SurveyView,
  type ViewFilter,
} from "../../../server/src/protocol/views.ts";

/** Milliseconds that views wait after a review: while somebody types there is one a key. */
const QUIET = 300;

export class ViewsSource implements Disposable {
  readonly #client: BaseLanguageClient;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  #status: StatusParams | null = null;
  #timer: unknown = null;
  #signature = "";

  constructor(client: BaseLanguageClient) {
    this.#client = client;
  }

  /** Null until the server has said anything. */
  get status(): StatusParams | null {
    return this.#status;
  }

  get roots(): readonly RootStatus[] {
    return this.#status?.roots ?? [];
  }

  statusChanged(status: StatusParams): void {
    this.#status = status;
    const signature = JSON.stringify(
      status.roots.map(({ root, phase, revision, findings }) => [root, phase, revision, findings]),
    );
    if (signature === this.#signature) return;
    this.#signature = signature;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed.fire(), QUIET);
  }

  /** The server starts anew: what the views show is of the one before. */
  reset(): void {
    this.#status = null;
    this.#signature = "";
    this.#changed.fire();
  }

  tree(filter: ViewFilter): Promise<EvictionTreeResult> {
    return this.#client.sendRequest<EvictionTreeResult>(EVICTION_TREE_REQUEST, { filter });
  }

  survey(root: string | undefined): Promise<SurveyView | null> {
    return this.#client.sendRequest<SurveyView | null>(SURVEY_REQUEST, root === undefined ? {} : { root });
  }

  chain(root: string, finding: string): Promise<CallChainView | null> {
    return this.#client.sendRequest<CallChainView | null>(CALL_CHAIN_REQUEST, { root, finding });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#changed.dispose();
  }
}

/** Why there is nothing to show, in one or two sentences. */
export function explainEmpty(status: StatusParams | null): string {
  const [root] = status?.roots ?? [];
  if (status === null) return "The server is starting.";
  if (root === undefined)
    return "Nothing is indexed yet: open a C file of a kernel tree, or of a filesystem outside of one.";
  switch (root.phase) {
    case "indexing":
      return `${root.name} is being indexed.`;
    case "failed":
      return `The review of ${root.name} failed: ${root.message}`;
    case "cancelled":
      return root.message;
    case "ready":
      return `${root.name} has no table of inode methods (struct super_operations).`;
  }
}
