/** The folders, the kernel trees found in them, and which document belongs to which. */
import type { Connection, FileEvent, TextDocuments } from "vscode-languageserver";
import {
  CodeLensRefreshRequest,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  WatchKind,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Finding } from "../core/report/finding.ts";
import { STATUS_NOTIFICATION, type StatusParams } from "../protocol/messages.ts";
import { needsNewListing, type Settings } from "../protocol/settings.ts";
import { provideDiagnostics } from "../service/provide-diagnostics.ts";
import { canonicalUri, pathIn } from "../service/tree-location.ts";
import { BackgroundVerdicts } from "./background-verdicts.ts";
import { describeStatus } from "./describe-status.ts";
import { DiagnosticsBoard } from "./diagnostics-board.ts";
import { nameOf, Spellings } from "./document-names.ts";
import type { Environment } from "./environment.ts";
import { findRoot } from "./find-root.ts";
import { startProgress } from "./indexing-progress.ts";
import { RootReview } from "./root-review.ts";
import type { SettingsStore } from "./settings-store.ts";

/** At a tree's root: what its users say of their own functions. */
const USER_KNOWLEDGE_FILE = "evictscope.json";

export interface ClientCapabilities {
  readonly configuration: boolean;
  readonly workspaceFolders: boolean;
  readonly progress: boolean;
  readonly codeLensRefresh: boolean;
  readonly watchRegistration: boolean;
  readonly panels: boolean;
  /** The server can write pages for the user to look at. */
  readonly pages: boolean;
  readonly status: boolean;
}

export interface WorkspaceParts {
  readonly connection: Connection;
  readonly documents: TextDocuments<TextDocument>;
  readonly environment: Environment;
  readonly settings: SettingsStore;
  readonly capabilities: ClientCapabilities;
  readonly rulePages: string;
  readonly folders: readonly string[];
}

/** A document's place: its tree and its path there. */
export interface DocumentPlace {
  readonly root: RootReview;
  readonly path: string;
}

/** What a tree's latest review was computed from. */
interface ReviewedDocuments {
  readonly versions: ReadonlyMap<string, number>;
  /** Files of which it does not know all yet. */
  readonly pending: ReadonlySet<string>;
}

export class Workspace {
  /** Told after every review: what was answered from the one before is out of date. */
  onReviewed: (() => void) | null = null;
  readonly rulePages: string;
  readonly capabilities: ClientCapabilities;
  readonly #parts: WorkspaceParts;
  readonly #board: DiagnosticsBoard;
  readonly #roots = new Map<string, RootReview>();
  /** Document URI (as the client writes it) -> its place; null while it is looked for or when it has none. */
  readonly #places = new Map<string, DocumentPlace | null>();
  readonly #spellings = new Spellings();
  /** Settings that were understood but could not be followed. */
  readonly #refusals = new Set<string>();
  /** Versions of the open documents that each tree's latest review was computed from. */
  readonly #reviewed = new WeakMap<RootReview, ReviewedDocuments>();
  #folders: string[];
  #watching = false;

  constructor(parts: WorkspaceParts) {
    this.#parts = parts;
    this.#board = new DiagnosticsBoard(parts.connection);
    this.#folders = parts.folders.map(canonicalUri);
    this.rulePages = parts.rulePages;
    this.capabilities = parts.capabilities;
  }

  get settings(): Settings {
    return this.#parts.settings.current;
  }

  /** Those of one tree: a folder of the workspace can have its own. */
  settingsOf(root: string): Settings {
    return this.#parts.settings.of(root);
  }

  async initialized(): Promise<void> {
    const { connection, settings, capabilities } = this.#parts;
    if (capabilities.workspaceFolders) {
      connection.workspace.onDidChangeWorkspaceFolders((event) => {
        const removed = new Set(event.removed.map((folder) => canonicalUri(folder.uri)));
        this.#folders = this.#folders.filter((folder) => !removed.has(folder));
        this.#folders.push(...event.added.map((folder) => canonicalUri(folder.uri)));
        this.#dropRootsWithout([...removed]);
        this.#republish();
      });
    }
    await settings.refresh(undefined);
    // Documents that were opened before the settings came.
    if (this.settings.kernelTree !== "") await this.#placeAgain();
    this.sendStatus();
  }

  /** The place of a document, once it is known; null for anything that is no kernel code. */
  placeOf(uri: string): DocumentPlace | null {
    return this.#places.get(uri) ?? null;
  }

  /** Every tree under review, in the order in which they were met. */
  get reviews(): readonly RootReview[] {
    return [...this.#roots.values()];
  }

  /** Which of these URIs exist. */
  exist(uris: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#parts.environment.exist(uris);
  }

  /** The tree under review at a root; undefined when there is none (any more). */
  review(root: string): RootReview | undefined {
    return this.#roots.get(root);
  }

  finding(root: string, id: string): Finding | undefined {
    return this.#roots.get(root)?.latest?.review.findings.find((finding) => finding.id === id);
  }

  async open(document: TextDocument): Promise<void> {
    const { uri } = document;
    this.#places.set(uri, null);
    const name = await nameOf(uri, this.#folders, (each) => this.#parts.environment.trueUri(each));
    const root = await findRoot({
      document: name,
      text: document.getText(),
      workspaceFolders: this.#folders,
      exist: (uris) => this.#parts.environment.exist(uris),
      kernelTree: this.settings.kernelTree,
      refuse: (reason) => this.#refuse(reason),
    });
    // Closed again, or opened anew, while we looked.
    const now = this.#parts.documents.get(uri);
    if (root === null || now === undefined || !this.#places.has(uri)) return;
    const path = pathIn(root, name);
    if (path === null) return;
    this.#spellings.open(uri, name);
    await this.#watchFiles();
    const review = this.#rootAt(root);
    this.#places.set(uri, { root: review, path });
    review.openDocument(path, now.version, now.getText());
  }

  change(document: TextDocument): void {
    const place = this.placeOf(document.uri);
    place?.root.changeDocument(place.path, document.version, document.getText());
  }

  close(uri: string): void {
    const place = this.placeOf(uri);
    this.#places.delete(uri);
    this.#spellings.close(uri);
    if (place === null) return;
    place.root.closeDocument(place.path);
    this.#publish(place.root);
  }

  filesChanged(events: readonly FileEvent[]): void {
    for (const root of this.#roots.values()) {
      const paths: string[] = [];
      let isKnowledgeChanged = false;
      for (const { uri, type } of events) {
        const path = pathIn(root.root, uri);
        if (path === null || path.startsWith(".git/")) continue;
        isKnowledgeChanged ||= path === USER_KNOWLEDGE_FILE;
        if (/\.[ch]$/.test(path) || mayBeFolder(path, type)) paths.push(path);
      }
      if (isKnowledgeChanged) root.restart();
      else root.filesChanged(paths);
    }
  }

  async settingsChanged(pushed: unknown): Promise<void> {
    const were = new Map([...this.#roots.keys()].map((uri) => [uri, this.settingsOf(uri)]));
    const before = await this.#parts.settings.refresh(pushed);
    if (before.kernelTree !== this.settings.kernelTree) await this.#placeAgain();
    for (const [uri, root] of this.#roots) {
      const was = were.get(uri);
      if (was !== undefined && needsNewListing(was, this.settingsOf(uri))) root.restart();
    }
    this.#republish();
    this.sendStatus();
  }

  /** Filesystems outside of a tree belong to another one now. */
  async #placeAgain(): Promise<void> {
    this.#refusals.clear();
    for (const [uri, root] of this.#roots) {
      root.dispose();
      this.#roots.delete(uri);
      this.#board.clear(uri);
    }
    await Promise.all(this.#parts.documents.all().map((document) => this.open(document)));
  }

  /** Forgets all that was kept of reviews, and reviews again. */
  clearCache(): void {
    this.#parts.environment.clearCache();
    this.reindex();
  }

  /** Throws every index away and reviews again. */
  reindex(): void {
    for (const root of this.#roots.values()) root.restart();
  }

  sendStatus(): void {
    if (!this.capabilities.status) return;
    const status: StatusParams = {
      roots: [...this.#roots.values()].map((root) => describeStatus(root, this.settingsOf(root.root))),
      problems: [...this.#parts.settings.problems, ...this.#refusals],
    };
    void this.#parts.connection.sendNotification(STATUS_NOTIFICATION, status);
  }

  dispose(): void {
    for (const root of this.#roots.values()) root.dispose();
    this.#roots.clear();
  }

  #refuse(reason: string): void {
    if (this.#refusals.has(reason)) return;
    this.#refusals.add(reason);
    this.#parts.connection.console.warn(reason);
    this.sendStatus();
  }

  #rootAt(uri: string): RootReview {
    const known = this.#roots.get(uri);
    if (known !== undefined) return known;
    const { connection, environment, capabilities } = this.#parts;
    const root: RootReview = new RootReview(uri, {
      createSession: async () =>
        environment.createSession({ root: uri, settings: await this.#parts.settings.learn(uri) }),
      onReview: (revised, versions) => {
        verdicts.start();
        this.#reviewed.set(root, { versions, pending: new Set() });
        this.#publish(root);
        this.onReviewed?.();
        if (capabilities.codeLensRefresh) void connection.sendRequest(CodeLensRefreshRequest.type).catch(() => {});
        this.sendStatus();
        const { stats } = revised.review;
        connection.console.log(
          `${uri}: revision ${revised.revision}, ${stats.files} files, ${revised.review.findings.length} findings, ${Math.round(stats.elapsedMs)} ms`,
        );
      },
      onPartial: ({ pending }, versions) => {
        verdicts.stop();
        this.#reviewed.set(root, { versions, pending: new Set(pending) });
        this.#publish(root);
      },
      onPhase: () => {
        this.sendStatus();
        if (root.phase === "failed") connection.console.error(`${uri}: ${root.message}`);
      },
      startProgress: (onCancel) =>
        startProgress(connection, capabilities.progress, "Evictscope: reviewing inode eviction", onCancel),
      log: (line) => connection.console.error(line),
    });
    const verdicts = new BackgroundVerdicts(root, {
      choose: (findings) => this.#worthSimulating(root, findings),
      onVerdicts: () => {
        this.#publish(root);
        if (capabilities.codeLensRefresh) void connection.sendRequest(CodeLensRefreshRequest.type).catch(() => {});
      },
    });
    this.#roots.set(uri, root);
    return root;
  }

  /** Findings of open files, and then all others where the user wants that. */
  #worthSimulating(root: RootReview, findings: readonly Finding[]): readonly Finding[] {
    const isOpen = ({ file }: Finding): boolean => root.versionOf(file) !== undefined;
    const open = findings.filter(isOpen);
    return this.settingsOf(root.root).simulate === "all"
      ? [...open, ...findings.filter((each) => !isOpen(each))]
      : open;
  }

  /** Also when only settings or verdicts changed: what was computed from an older text is not shown for a later one. */
  #publish(root: RootReview): void {
    const { latest } = root;
    if (latest === null) return;
    const reviewed = this.#reviewed.get(root);
    const byFile = provideDiagnostics({
      root: root.root,
      review: latest.review,
      revision: latest.revision,
      settings: this.settingsOf(root.root),
      rulePages: this.rulePages,
    });
    this.#board.update({
      root: root.root,
      byFile,
      versionOf: (uri) => {
        const path = pathIn(root.root, uri);
        const now = path === null ? undefined : root.versionOf(path);
        if (path === null || reviewed === undefined) return now;
        if (reviewed.pending.has(path)) return null;
        return now === undefined || reviewed.versions.get(path) === now ? now : null;
      },
      spell: (uri) => this.#spellings.of(uri),
      isShown: (uri) => this.#isInWorkspace(uri) || this.#isOpen(root, uri),
    });
  }

  #republish(): void {
    for (const root of this.#roots.values()) this.#publish(root);
    if (this.capabilities.codeLensRefresh)
      void this.#parts.connection.sendRequest(CodeLensRefreshRequest.type).catch(() => {});
    this.sendStatus();
  }

  /** Without any folder (a single file was opened) everything in the tree may be reported. */
  #isInWorkspace(uri: string): boolean {
    return this.#folders.length === 0 || this.#folders.some((folder) => pathIn(folder, uri) !== null);
  }

  #isOpen(root: RootReview, uri: string): boolean {
    const path = pathIn(root.root, uri);
    return path !== null && root.versionOf(path) !== undefined;
  }

  #dropRootsWithout(removed: readonly string[]): void {
    for (const [uri, root] of this.#roots) {
      const touched = removed.some(
        (folder) => folder === uri || pathIn(folder, uri) !== null || pathIn(uri, folder) !== null,
      );
      const held = this.#folders.some(
        (folder) => folder === uri || pathIn(folder, uri) !== null || pathIn(uri, folder) !== null,
      );
      const open = [...this.#places.values()].some((place) => place?.root === root);
      if (!touched || held || open) continue;
      root.dispose();
      this.#roots.delete(uri);
      this.#board.clear(uri);
    }
  }

  /** Asked of the client once the first tree is under review; the server adds no watcher of its own (handles run out). */
  async #watchFiles(): Promise<void> {
    if (this.#watching || !this.capabilities.watchRegistration) return;
    this.#watching = true;
    try {
      await this.#parts.connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [
          { globPattern: "**/*.{c,h}" },
          { globPattern: `**/${USER_KNOWLEDGE_FILE}` },
          { globPattern: "**/*", kind: WatchKind.Create | WatchKind.Delete },
        ],
      });
    } catch (error) {
      this.#parts.connection.console.warn(`file watching: ${(error as Error).message}`);
    }
  }
}

/**
 * One event may stand for all that is in a folder that came, or was in one that is gone. A build makes files by the
 * thousand; folders of a kernel have no dot in their names.
 */
function mayBeFolder(path: string, type: FileChangeType): boolean {
  return type !== FileChangeType.Changed && !path.slice(path.lastIndexOf("/") + 1).includes(".");
}
