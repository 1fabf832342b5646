/** A review session over a FileSource: lists, reads, builds the program, runs the rules, and keeps up with edits. */

import { isBesideTable, tableFolders } from "../core/callgraph/filesystem.ts";
import type { Program } from "../core/callgraph/program.ts";
import type { OutcomeStore } from "../core/extract/filesystem/verdict.ts";
import type { KnowledgeData } from "../core/knowledge/knowledge.ts";
import type { Answer, Query, QueryName } from "../core/query/queries.ts";
import type { Review, RuleId, TreeProblem } from "../core/report/finding.ts";
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { findWord } from "../core/text/byte-search.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import { Analysis } from "./analysis.ts";
import type { FileSource } from "./file-source.ts";
import { type LoadedTree, loadTree } from "./load-tree.ts";
import type { PartialListener, ProgressListener, ReviewSession, RevisedReview } from "./review-session.ts";
import { isExcluded, isSource } from "./source-names.ts";
import {
  DEFAULT_EXCLUDE,
  DEFAULT_MAX_FILES,
  folderOf,
  isCore,
  isSharedHeader,
  isWholeTree,
  TABLE_WORDS,
} from "./tree-scope.ts";
import { readUserKnowledge } from "./user-knowledge.ts";

export interface TreeSessionOptions {
  readonly exclude?: readonly string[];
  readonly maxFiles?: number;
  readonly simulate?: unknown;
  /** Only these rules run; all when absent. */
  readonly rules?: readonly RuleId[];
  /** False where nothing will be edited: what edits need is left out. */
  readonly edits?: boolean;
  /** Only filesystems whose id starts with one of these; all when absent. */
  readonly filesystems?: readonly string[];
}

/** More changed files than this at once (a branch switch): the tree is read anew. */
const RELOAD_LIMIT = 400;

export interface TreeSessionRequest {
  readonly files: FileSource;
  readonly parser: () => Promise<SyntaxParser>;
  readonly options?: TreeSessionOptions;
  /** What simulations of earlier sessions came to. */
  readonly outcomes?: OutcomeStore;
}

export function createTreeSession(request: TreeSessionRequest): ReviewSession {
  return new TreeSession(request);
}

class TreeSession implements ReviewSession {
  #revision = 0;
  readonly #files: FileSource;
  readonly #makeParser: () => Promise<SyntaxParser>;
  readonly #options: TreeSessionOptions;
  readonly #outcomes: OutcomeStore | null;
  readonly #overlays = new Map<string, Uint8Array>();
  /** What the analysis has seen of the files that are open: an edit counts for it when its review begins. */
  readonly #seen = new Map<string, Uint8Array>();
  readonly #changed = new Set<string>();
  /** Came or went: what is in them now is to be listed. */
  readonly #folders = new Set<string>();
  /** What is included may be other headers than those that are read. */
  #includesChanged = false;
  #parser: SyntaxParser | null = null;
  #tree: LoadedTree | null = null;
  #analysis: Analysis | null = null;
  #last: RevisedReview | null = null;

  constructor(request: TreeSessionRequest) {
    this.#files = request.files;
    this.#makeParser = request.parser;
    this.#options = request.options ?? {};
    this.#outcomes = request.outcomes ?? null;
  }

  get revision(): number {
    return this.#revision;
  }

  setDocument(path: string, text: string | null): void {
    if (text === null) {
      if (!this.#overlays.delete(path)) return;
    } else {
      const bytes = new TextEncoder().encode(text);
      const before = this.#overlays.get(path) ?? this.#files.readSync?.(path) ?? null;
      this.#overlays.set(path, bytes);
      // Opening a document shows the text that the file has: nothing to do.
      if (before !== null && equalBytes(before, bytes)) {
        if (!this.#changed.has(path)) this.#seen.set(path, bytes);
        return;
      }
    }
    this.#changed.add(path);
    this.#revision++;
  }

  /** A path that is no source is a folder that came or went: it stands for the files that are or were in it. */
  filesChanged(paths: readonly string[]): void {
    if (paths.length === 0) return;
    this.#files.forgetListing?.();
    const folders = paths.filter((path) => !isSource(path));
    for (const path of folders) this.#folders.add(path);
    const files = paths.flatMap((path) => (isSource(path) ? [path] : this.#filesBelow(path)));
    if (files.length > RELOAD_LIMIT) this.#tree = null;
    for (const path of files) this.#changed.add(path);
    this.#revision++;
  }

  #filesBelow(folder: string): string[] {
    return [...(this.#tree?.program.files.keys() ?? [])].filter((path) => path.startsWith(`${folder}/`));
  }

  async review(
    token: CancellationToken,
    onProgress?: ProgressListener,
    onPartial?: PartialListener,
  ): Promise<RevisedReview> {
    if (this.#last !== null && this.#last.revision === this.#revision) return this.#last;
    const revision = this.#revision;
    this.#parser ??= await this.#makeParser();
    if (this.#tree !== null && this.#analysis !== null) await this.#takeChanges(this.#tree, this.#analysis, token);
    if (this.#tree === null || this.#analysis === null) {
      const changed = [...this.#changed];
      this.#folders.clear();
      this.#includesChanged = false;
      this.#seen.clear();
      for (const [path, bytes] of this.#overlays) this.#seen.set(path, bytes);
      const tree = await loadTree(
        this.#files,
        this.#seen,
        { exclude: this.#options.exclude ?? DEFAULT_EXCLUDE, maxFiles: this.#options.maxFiles ?? DEFAULT_MAX_FILES },
        token,
        onProgress,
        this.#options.edits === false,
      );
      const user = await this.#userKnowledge(tree);
      this.#analysis = new Analysis(tree, this.#parser, user, this.#options, this.#outcomes);
      this.#tree = tree;
      for (const path of changed) this.#changed.delete(path);
    }
    const review: Review = await this.#analysis.review(token, onProgress, ({ review: partial, pending }) =>
      onPartial?.({ revision, review: partial, pending: [...pending] }),
    );
    this.#last = { revision, review };
    return this.#last;
  }

  /** Hands the changed files on; a change that brings a folder in that was not read begins anew. */
  async #takeChanges(tree: LoadedTree, analysis: Analysis, token: CancellationToken): Promise<void> {
    await this.#listFolders(tree, token);
    if (this.#changed.size > RELOAD_LIMIT) {
      this.#tree = null;
      return;
    }
    const { headers } = tree;
    for (const path of [...this.#changed]) {
      throwIfCancelled(token);
      const overlay = this.#overlays.get(path);
      const bytes = overlay ?? (await this.#files.read(path));
      const known = tree.program.files.get(path);
      if (headers !== null && isSharedHeader(path)) {
        const counts = bytes === null ? headers.delete(path) : !this.#isOutside(path, tree) && headers.add(path);
        if (known === undefined) {
          if (counts) tree.filesListed += bytes === null ? -1 : 1;
          // Whether it is read is told by what includes it.
          this.#includesChanged = true;
          this.#changed.delete(path);
          continue;
        }
      }
      if (known === undefined) {
        if (bytes === null || this.#isOutside(path, tree)) {
          this.#changed.delete(path);
          continue;
        }
        if (!tree.whole && isWholeTree([...tree.program.files.keys(), path])) {
          this.#tree = null;
          return;
        }
        if (tree.whole && !isCore(path) && !isRead(folderOf(path), tree.program)) {
          if (!path.endsWith(".h") && TABLE_WORDS.some((word) => findWord(bytes, word) >= 0)) {
            this.#tree = null;
            return;
          }
          this.#changed.delete(path);
          continue;
        }
      }
      const before = this.#seen.get(path) ?? null;
      if (overlay === undefined) this.#seen.delete(path);
      else this.#seen.set(path, overlay);
      this.#changed.delete(path);
      if (before !== null && bytes !== null && equalBytes(before, bytes)) continue;
      tree.bytesRead += (bytes?.length ?? 0) - (known?.size ?? 0);
      tree.filesListed += (bytes === null ? 0 : 1) - (known === undefined ? 0 : 1);
      tree.keep(path, bytes);
      const included = known?.skeleton.headers ?? [];
      analysis.replaceFile(path, bytes, before);
      const includes = tree.program.files.get(path)?.skeleton.headers ?? [];
      if (headers !== null && !equalNumbers(included, includes)) this.#includesChanged = true;
    }
    if (this.#includesChanged) await this.#followIncludes(tree, analysis, token);
  }

  #isOutside(path: string, tree: LoadedTree): boolean {
    return !isSource(path) || isExcluded(path, tree.options.exclude);
  }

  /** Reads the headers that something includes now, and gives up those that nothing does any more. */
  async #followIncludes(tree: LoadedTree, analysis: Analysis, token: CancellationToken): Promise<void> {
    if (tree.headers === null) return;
    const { files } = tree.program;
    const reached = await tree.headers.reach(async (path) => {
      throwIfCancelled(token);
      const overlay = this.#overlays.get(path);
      const bytes = overlay ?? (await this.#files.read(path));
      if (bytes === null) return;
      if (overlay !== undefined) this.#seen.set(path, overlay);
      tree.bytesRead += bytes.length;
      tree.keep(path, bytes);
      analysis.replaceFile(path, bytes, null);
    });
    for (const [path, { size }] of [...files]) {
      if (!isSharedHeader(path) || reached.has(path)) continue;
      tree.bytesRead -= size;
      tree.keep(path, null);
      analysis.replaceFile(path, null, null);
    }
    this.#includesChanged = false;
  }

  /** An editor may tell of a new folder alone, before or instead of its files. */
  async #listFolders(tree: LoadedTree, token: CancellationToken): Promise<void> {
    if (this.#folders.size === 0) return;
    const folders = [...this.#folders].map((folder) => `${folder}/`);
    const { files } = await this.#files.list(tree.options, token);
    throwIfCancelled(token);
    for (const folder of folders) this.#folders.delete(folder.slice(0, -1));
    for (const { path } of files) if (folders.some((folder) => path.startsWith(folder))) this.#changed.add(path);
  }

  async query<K extends QueryName>(query: Query<K>, token: CancellationToken): Promise<Answer<K> | null> {
    if (this.#analysis === null || this.#last === null || this.#last.revision !== this.#revision) return null;
    throwIfCancelled(token);
    return this.#analysis.query(query, token);
  }

  async #userKnowledge(tree: LoadedTree): Promise<readonly KnowledgeData[]> {
    const bytes = await this.#files.read("evictscope.json");
    if (bytes === null) return [];
    const problems: TreeProblem[] = [];
    const data = readUserKnowledge(bytes, problems);
    tree.problems.push(...problems);
    return data === null ? [] : [data];
  }
}

function equalNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether the files of a peripheral folder are read: others of it are, or a table stands in a folder above. */
function isRead(folder: string, program: Program): boolean {
  return program.hasFolder(folder) || isBesideTable(folder, tableFolders(program));
}
