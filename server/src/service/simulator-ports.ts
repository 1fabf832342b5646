/** What a simulator session needs of its host, and what it is opened on. */
import type { DesignTable } from "../core/extract/filesystem/design-table.ts";
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import type { ExploreOptions } from "../core/race/outcome.ts";
import type { HostMessage, PanelMessage } from "../protocol/simulator.ts";

/** What the host does for the panel outside the simulator. */
export type OutsideMessage = Extract<PanelMessage, { readonly t: "copy" | "save" | "reveal" }>;

export interface SessionPort {
  post(message: HostMessage): void;
  /** Runs `work` soon, after what else is waiting. */
  defer(work: () => void): void;
  /** Milliseconds from some fixed point; for the figures shown, never for a limit. */
  now(): number;
  /** Clipboard, files, source lines. */
  outside(message: OutsideMessage): void;
}

export interface SessionOptions {
  readonly models: readonly RaceModel[];
  /** States of an exploration that starts by itself when a model is opened or a toggle changes (300,000). */
  readonly automaticStates?: number;
  /** States of one that the user asks for, unless the message says. */
  readonly maxStates?: number;
  readonly engine?: ExploreOptions["engine"];
  /** Compares designs for the filesystem that the panel is about; none where there is no tree. */
  readonly designs?: DesignSource;
}

export interface DesignSource {
  /** Null when the tree is being reviewed, or has no such filesystem any more. */
  table(): Promise<DesignTable | null>;
  /** The model of a cell. */
  model(id: string): Promise<RaceModel | null>;
}

/** What to show first: a model of the catalogue or one of its own, perhaps with a trace to replay. */
export interface Opening {
  readonly model: RaceModel | string;
  readonly toggles?: ToggleSettings;
  readonly trace?: string;
  /** State of the trace to stand at; its last one unless given. */
  readonly at?: number;
}
