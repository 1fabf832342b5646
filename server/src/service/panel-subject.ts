/** What a simulator panel is opened for, and the session behind it as the connection sees it. */
import type { RaceModel } from "../core/race/model.ts";
import type { Finding } from "../core/report/finding.ts";
import type { DesignSource } from "./simulator-ports.ts";

export interface PanelSubject {
  /** A catalogue id; the catalogue itself when missing. */
  readonly model?: string;
  readonly finding?: Finding;
  /** The model itself, where it was made from the tree's code. */
  readonly made?: RaceModel;
  /** Compares designs for the filesystem at hand. */
  readonly designs?: DesignSource;
  /** URI of the tree. */
  readonly root?: string;
}

export interface PanelSession {
  /** A message of the panel, unchecked. */
  receive(message: unknown): void;
  /** The code has changed: shows the model that is made from it now. */
  show(model: RaceModel): void;
  dispose(): void;
}

export interface PanelSessions {
  /** Whether the catalogue has this model; a finding can name one that a later release brings. */
  knows(model: string): boolean;
  /** Makes a session; `send` takes its messages to the panel. */
  create(subject: PanelSubject, send: (message: unknown) => void): PanelSession;
}
