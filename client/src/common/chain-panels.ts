/** Call chains: a panel for each finding that somebody looks at, which follows the reviews. */
import { type Disposable, type Uri, ViewColumn, type WebviewPanel, window } from "vscode";
import { readChainMemory } from "../../../server/src/protocol/view-messages.ts";
import type { FindingActions } from "./survey-panel.ts";
import { ViewPanel } from "./view-panel.ts";
import { explainEmpty, type ViewsSource } from "./views-source.ts";

export const CHAIN_VIEW_TYPE = "evictscope.chain";

interface OpenChain {
  readonly root: string;
  readonly finding: string;
  readonly view: ViewPanel;
}

export class ChainPanels implements Disposable {
  readonly #source: ViewsSource;
  readonly #extension: Uri;
  readonly #simulate: FindingActions["simulate"];
  readonly #subscriptions: Disposable[] = [];
  readonly #open = new Set<OpenChain>();

  constructor(source: ViewsSource, extension: Uri, simulate: FindingActions["simulate"]) {
    this.#source = source;
    this.#extension = extension;
    this.#simulate = simulate;
    this.#subscriptions.push(
      source.onDidChange(() => {
        for (const chain of this.#open) void this.#update(chain);
      }),
      window.registerWebviewPanelSerializer(CHAIN_VIEW_TYPE, {
        deserializeWebviewPanel: async (panel, state) => {
          const memory = readChainMemory(state);
          if (memory === undefined) panel.dispose();
          else this.#adopt(panel, memory.root, memory.finding);
        },
      }),
    );
  }

  async open(root: string, finding: string): Promise<void> {
    for (const chain of this.#open) {
      if (chain.root === root && chain.finding === finding) {
        chain.view.reveal();
        return;
      }
    }
    this.#adopt(window.createWebviewPanel(CHAIN_VIEW_TYPE, "Call chain", ViewColumn.Beside), root, finding);
  }

  dispose(): void {
    for (const { view } of [...this.#open]) view.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  #adopt(panel: WebviewPanel, root: string, finding: string): void {
    const chain: OpenChain = {
      root,
      finding,
      view: new ViewPanel({
        extension: this.#extension,
        panel,
        page: "chain",
        title: "Call chain",
        root: () => root,
        receive: async (message) => {
          if (message.t === "ready") await this.#update(chain);
          else if (message.t === "simulate") await this.#simulate(root, finding);
        },
        closed: () => void this.#open.delete(chain),
      }),
    };
    this.#open.add(chain);
  }

  async #update(chain: OpenChain): Promise<void> {
    const { status, roots } = this.#source;
    const ready = roots.some(({ root, revision }) => root === chain.root && revision > 0);
    const view = status === null ? null : await this.#source.chain(chain.root, chain.finding);
    if (view !== null) {
      chain.view.panel.title = `Call chain: ${view.nodes.find(({ role }) => role === "operation")?.title ?? view.rule}`;
      chain.view.post({ t: "chain", view });
      return;
    }
    const message = ready ? "The finding is gone: the code has changed since." : explainEmpty(status);
    chain.view.post({ t: "empty", message });
  }
}
