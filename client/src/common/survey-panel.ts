/** The survey: one panel for the window, which follows the reviews. */
import { type Disposable, type Uri, ViewColumn, type WebviewPanel, window } from "vscode";
import { type RootChoice, readSurveyMemory, type ViewPageMessage } from "../../../server/src/protocol/view-messages.ts";
import { ViewPanel } from "./view-panel.ts";
import { explainEmpty, type ViewsSource } from "./views-source.ts";

export const SURVEY_VIEW_TYPE = "evictscope.survey";

export interface FindingActions {
  readonly showChain: (root: string, finding: string) => Promise<void>;
  readonly simulate: (root: string, finding: string) => Promise<void>;
}

export class SurveyPanel implements Disposable {
  readonly #source: ViewsSource;
  readonly #extension: Uri;
  readonly #actions: FindingActions;
  readonly #subscriptions: Disposable[] = [];
  #view: ViewPanel | null = null;
  #root: string | undefined;

  constructor(source: ViewsSource, extension: Uri, actions: FindingActions) {
    this.#source = source;
    this.#extension = extension;
    this.#actions = actions;
    this.#subscriptions.push(
      source.onDidChange(() => void this.#update()),
      window.registerWebviewPanelSerializer(SURVEY_VIEW_TYPE, {
        deserializeWebviewPanel: async (panel, state) => {
          this.#root = readSurveyMemory(state)?.root;
          this.#adopt(panel);
        },
      }),
    );
  }

  open(root?: string): void {
    if (root !== undefined) this.#root = root;
    if (this.#view !== null) {
      this.#view.reveal();
      void this.#update();
      return;
    }
    this.#adopt(window.createWebviewPanel(SURVEY_VIEW_TYPE, "Eviction survey", ViewColumn.Active));
  }

  dispose(): void {
    this.#view?.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  #adopt(panel: WebviewPanel): void {
    this.#view?.dispose();
    const view: ViewPanel = new ViewPanel({
      extension: this.#extension,
      panel,
      page: "survey",
      title: "Eviction survey",
      root: () => this.#root,
      receive: (message) => this.#receive(message),
      closed: () => {
        if (this.#view === view) this.#view = null;
      },
    });
    this.#view = view;
  }

  async #receive(message: ViewPageMessage): Promise<void> {
    switch (message.t) {
      case "choose":
        this.#root = message.root;
        await this.#update();
        return;
      case "ready":
        await this.#update();
        return;
      case "showChain":
        if (this.#root !== undefined) await this.#actions.showChain(this.#root, message.finding);
        return;
      case "simulate":
        if (this.#root !== undefined) await this.#actions.simulate(this.#root, message.finding);
        return;
    }
  }

  async #update(): Promise<void> {
    const view = this.#view;
    if (view === null) return;
    const { roots, status } = this.#source;
    if (status === null) {
      view.post({ t: "empty", message: explainEmpty(status) });
      return;
    }
    // A tree that is gone (another folder was opened) gives way to one that is there.
    if (!roots.some(({ root }) => root === this.#root)) this.#root = roots.find(({ phase }) => phase === "ready")?.root;
    const survey = await this.#source.survey(this.#root);
    if (survey === null || survey.rows.length === 0) {
      view.post({ t: "empty", message: explainEmpty(status) });
      return;
    }
    this.#root = survey.root;
    const choices: RootChoice[] = roots.map(({ root, name }) => ({ root, name }));
    view.post({ t: "survey", view: survey, roots: choices });
  }
}
