/** What the language server needs of its host (Node, a worker, a test): everything that is not the protocol. */
import type { Connection } from "vscode-languageserver";
import type { ReviewSession } from "../index/review-session.ts";
import type { InitializationOptions } from "../protocol/messages.ts";
import type { Settings } from "../protocol/settings.ts";
import type { SimulatorPageData } from "../protocol/simulator-page.ts";
import type { PanelSessions } from "../service/panel-subject.ts";

/** A review session that can be given up. */
export interface HostedSession extends ReviewSession {
  /** Frees the parser, the worker thread, the index. A running review rejects. */
  dispose(): void;
}

export interface SessionRequest {
  /** URI of the tree's root. */
  readonly root: string;
  readonly settings: Settings;
}

export interface Environment {
  readonly version: string;
  /** Which of these URIs exist, in any order. Never throws. */
  exist(uris: readonly string[]): Promise<ReadonlySet<string>>;
  /** `uri` as the disk writes it, where it takes names in any case; itself where nobody can tell. Never throws. */
  trueUri(uri: string): Promise<string>;
  /** Throws, with one line to show, when no session can be made (a grammar that does not load). */
  createSession(request: SessionRequest): Promise<HostedSession>;
  /** Forgets what was kept of reviews beyond this server's life. */
  clearCache(): void;
  /** The simulator's sessions, or null when this server has none. */
  readonly panels: PanelSessions | null;
  /** Files outside of the tree for the user to look at, or null where the server can write none. */
  readonly pages: Pages | null;
}

export interface Pages {
  /** The simulator as one self-contained HTML page. Throws when the extension's files are missing. */
  simulator(title: string, data: SimulatorPageData): string;
  /** Writes a new file that only the user can read. Returns its URI and its path. Throws. */
  write(name: string, text: string): { readonly uri: string; readonly path: string };
}

/** Makes the environment once the client has said what it can do. */
export type EnvironmentFactory = (connection: Connection, options: InitializationOptions) => Environment;
