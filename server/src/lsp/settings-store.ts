/**
 * The settings in force, from the client's configuration or from what it sent at the start. Folders of a workspace can have
 * settings of their own: a tree's are asked for at its root.
 */
import type { Connection } from "vscode-languageserver";
import { DEFAULT_SETTINGS, readSettings, SETTINGS_SECTION, type Settings } from "../protocol/settings.ts";

export class SettingsStore {
  readonly #connection: Connection;
  readonly #canAsk: boolean;
  #settings: Settings = DEFAULT_SETTINGS;
  #problems: readonly string[] = [];
  readonly #ofRoots = new Map<string, Settings>();

  constructor(connection: Connection, canAsk: boolean, initial: unknown) {
    this.#connection = connection;
    this.#canAsk = canAsk;
    this.#take(initial);
  }

  get current(): Settings {
    return this.#settings;
  }

  /** Those of a tree; the workspace's until its own are known. */
  of(root: string): Settings {
    return this.#ofRoots.get(root) ?? this.#settings;
  }

  /** Asks for a tree's settings. A client that can't be asked has one set for all. */
  async learn(root: string): Promise<Settings> {
    if (this.#canAsk) {
      try {
        const item = { section: SETTINGS_SECTION, scopeUri: root };
        this.#ofRoots.set(
          root,
          readSettings((await this.#connection.workspace.getConfiguration(item)) as unknown).settings,
        );
      } catch (error) {
        this.#connection.console.warn(`settings of ${root}: ${(error as Error).message}`);
      }
    }
    return this.of(root);
  }

  /** One line for each value that was not taken. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Asks the client, or takes what a didChangeConfiguration brought. Returns the settings before. */
  async refresh(pushed: unknown): Promise<Settings> {
    const before = this.#settings;
    if (this.#canAsk) {
      try {
        this.#take((await this.#connection.workspace.getConfiguration(SETTINGS_SECTION)) as unknown);
      } catch (error) {
        this.#connection.console.warn(`settings: ${(error as Error).message}`);
      }
    } else if (typeof pushed === "object" && pushed !== null) {
      const section = (pushed as Record<string, unknown>)[SETTINGS_SECTION];
      if (section !== undefined) this.#take(section);
    }
    await Promise.all([...this.#ofRoots.keys()].map((root) => this.learn(root)));
    return before;
  }

  #take(raw: unknown): void {
    const { settings, problems } = readSettings(raw);
    this.#settings = settings;
    this.#problems = problems;
    for (const problem of problems) this.#connection.console.warn(problem);
  }
}
