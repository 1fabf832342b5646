/**
 * What client and server say to each other beyond the Language Server Protocol. Any client can leave all of it out:
 * the server then serves diagnostics, hovers, lenses and code actions alone.
 */
import type { RuleId } from "../core/report/finding.ts";

/** `initializationOptions`; every field may be missing. */
export interface InitializationOptions {
  /** Where the rules' pages lie, with a slash at the end; the repository's pages when missing. */
  readonly rulePages?: string;
  /** Settings for clients that don't answer workspace/configuration. */
  readonly settings?: unknown;
  /** The client answers the `files` requests below: needed where the server cannot read files itself. */
  readonly clientFiles?: boolean;
  /** The client shows the simulator's panel and asks for a suppression's reason. */
  readonly panels?: boolean;
  /** Absolute path of a folder in which reviews are kept from one start to the next; the user's cache folder when missing. */
  readonly cacheFolder?: string;
  /** The two WASM modules, for a server in a worker: only the client can read the extension's own files everywhere. */
  readonly parserModules?: { readonly runtime: Uint8Array; readonly grammar: Uint8Array };
}

/** Commands that the server names in lenses and actions and that a client with `panels` runs. */
export const CLIENT_COMMANDS = {
  openSimulator: "evictscope.openSimulator",
  suppress: "evictscope.suppress",
  copyMail: "evictscope.copyMail",
} as const;

/** Commands that the server itself runs (workspace/executeCommand), for any client. */
export const SERVER_COMMANDS = {
  suppress: "evictscope.server.suppress",
  /** Writes the simulator as one HTML file, opened on a finding, and has the client show it. Answers `PageResult`. */
  openSimulator: "evictscope.server.openSimulator",
  /** Writes a finding as a mail, and has the client show it. Answers `PageResult`. */
  writeMail: "evictscope.server.writeMail",
} as const;

/** What the commands on one finding are given. */
export interface FindingArguments {
  readonly root: string;
  readonly finding: string;
}

/** Where a page was written. */
export interface PageResult {
  readonly uri: string;
  readonly path: string;
}

/** Request: a finding as a mail, plain text of 72 columns. Takes `FindingArguments`. */
export const MAIL_REQUEST = "evictscope/mail";
export interface MailResult {
  readonly text?: string;
  readonly refusal?: string;
}

/** What `evictscope.openSimulator` is given; nothing at all opens the catalogue. */
export interface OpenSimulatorArguments {
  /** The tree's root, as a URI. */
  readonly root?: string;
  /** The findings to choose from; one is opened at once. */
  readonly findings?: readonly {
    readonly id: string;
    readonly rule: RuleId;
    readonly message: string;
    readonly model: string;
  }[];
  /** A catalogue entry, when there is no finding. */
  readonly model?: string;
}

export interface SuppressArguments {
  readonly root: string;
  readonly finding: string;
  readonly rule: RuleId;
}

export interface SuppressParams {
  readonly root: string;
  readonly finding: string;
  readonly reason: string;
}

/** Request: the edit that suppresses a finding, or why there is none. */
export const SUPPRESS_REQUEST = "evictscope/suppress";
export interface SuppressResult {
  /** A WorkspaceEdit of the Language Server Protocol. */
  readonly edit?: unknown;
  readonly refusal?: string;
}

/** Notification, client to server: throw the index away and review again. */
export const REINDEX_NOTIFICATION = "evictscope/reindex";

/** Request: forget everything that was kept of earlier reviews, in memory and on disk, and review again. */
export const CLEAR_CACHE_REQUEST = "evictscope/clearCache";

/** Notification, server to client. */
export const STATUS_NOTIFICATION = "evictscope/status";

export type RootPhase = "indexing" | "ready" | "cancelled" | "failed";

export interface RootStatus {
  readonly root: string;
  readonly name: string;
  readonly phase: RootPhase;
  /** A review of a later text is under way; what is shown is of `revision`. */
  readonly updating: boolean;
  readonly revision: number;
  /** One line, for `failed` and `cancelled`. */
  readonly message: string;
  readonly kernelVersion: string;
  readonly files: number;
  readonly functions: number;
  readonly functionsParsed: number;
  readonly functionsWithParseErrors: number;
  readonly implementations: number;
  readonly findings: number;
  readonly suppressed: number;
  readonly unresolvedCalls: number;
  readonly elapsedMs: number;
  /** What is not in the review, one line each: excluded folders, the file limit, unreadable files. */
  readonly missing: readonly string[];
}

export interface StatusParams {
  readonly roots: readonly RootStatus[];
  /** Lines on settings that were not taken. */
  readonly problems: readonly string[];
}

// Files through the client -------------------------------------------------------------------------------------------

/** Request, server to client: which of these URIs exist? Answers the ones that do. */
export const FILES_EXIST_REQUEST = "evictscope/files/exist";
export interface FilesExistParams {
  readonly uris: readonly string[];
}
export interface FilesExistResult {
  readonly uris: readonly string[];
}

/** Request, server to client: list the C files and headers below a root. */
export const FILES_LIST_REQUEST = "evictscope/files/list";
export interface FilesListParams {
  readonly root: string;
  readonly exclude: readonly string[];
  readonly maxFiles: number;
}
export interface FilesListResult {
  readonly files: readonly { readonly path: string; readonly size: number; readonly modified: number }[];
  readonly problems: readonly { readonly file: string; readonly message: string }[];
  readonly truncated: boolean;
  /** Paths of the .gitignore files that were met. */
  readonly ignoreFiles?: readonly string[];
}

/** Request, server to client: the bytes of files, in bulk. `null` where one is gone or can't be read. */
export const FILES_READ_REQUEST = "evictscope/files/read";
export interface FilesReadParams {
  readonly root: string;
  readonly paths: readonly string[];
}
export interface FilesReadResult {
  /** Bytes where the transport carries them (a worker's port), base64 where it is JSON. */
  readonly contents: readonly (Uint8Array | string | null)[];
}

// The simulator's panels -----------------------------------------------------------------------------------------------

/** Request, client to server: a session for a new panel. */
export const SIMULATOR_OPEN_REQUEST = "evictscope/simulator/open";
export interface SimulatorOpenParams {
  readonly panel: number;
  readonly root?: string;
  readonly finding?: string;
  readonly model?: string;
}
export interface SimulatorOpenResult {
  readonly title: string;
  /** Why no panel is opened, in one line. */
  readonly refusal?: string;
  /** What to tell the user beside the panel, in one line. */
  readonly notice?: string;
}

/** Notification, both ways: one message of a panel (client to server: PanelMessage; server to client: HostMessage). */
export const SIMULATOR_MESSAGE_NOTIFICATION = "evictscope/simulator/message";
export interface SimulatorMessageParams {
  readonly panel: number;
  readonly message: unknown;
}

/** Notification, client to server: the panel was closed. */
export const SIMULATOR_CLOSE_NOTIFICATION = "evictscope/simulator/close";
export interface SimulatorCloseParams {
  readonly panel: number;
}
