/** A review session over a FileSource: lists, reads, builds the program, runs the rules, and keeps up with edits. */

import type { KnowledgeData } from "../core/knowledge/knowledge.ts";
import type { Answer, Query, QueryName } from "../core/query/queries.ts";
import type { Review, RuleId, TreeProblem } from "../core/report/finding.ts";
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import { Analysis } from "./analysis.ts";
import type { FileSource } from "./file-source.ts";
import { type LoadedTree, loadTree } from "./load-tree.ts";
import type { ProgressListener, ReviewSession, RevisedReview } from "./review-session.ts";
import { DEFAULT_EXCLUDE, DEFAULT_MAX_FILES } from "./tree-scope.ts";
import { readUserKnowledge } from "./user-knowledge.ts";

export interface TreeSessionOptions {
  readonly exclude?: readonly string[];
  readonly maxFiles?: number;
  readonly simulate?: unknown;
  /** Only these rules run; all when absent. */
  readonly rules?: readonly RuleId[];
  /** Only filesystems whose id starts with one of these; all when absent. */
  readonly filesystems?: readonly string[];
}

export interface TreeSessionRequest {
  readonly files: FileSource;
  readonly parser: () => Promise<SyntaxParser>;
  readonly options?: TreeSessionOptions;
}

export function createTreeSession(request: TreeSessionRequest): ReviewSession {
  return new TreeSession(request);
}

class TreeSession implements ReviewSession {
  #revision = 0;
  readonly #files: FileSource;
  readonly #makeParser: () => Promise<SyntaxParser>;
  readonly #options: TreeSessionOptions;
  readonly #overlays = new Map<string, Uint8Array>();
  readonly #changed = new Set<string>();
  #parser: SyntaxParser | null = null;
  #tree: LoadedTree | null = null;
  #analysis: Analysis | null = null;
  #last: RevisedReview | null = null;

  constructor(request: TreeSessionRequest) {
    this.#files = request.files;
    this.#makeParser = request.parser;
    this.#options = request.options ?? {};
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
      if (before !== null && equalBytes(before, bytes)) return;
    }
    this.#changed.add(path);
    this.#revision++;
  }

  filesChanged(paths: readonly string[]): void {
    if (paths.length === 0) return;
    for (const path of paths) this.#changed.add(path);
    this.#revision++;
  }

  async review(token: CancellationToken, onProgress?: ProgressListener): Promise<RevisedReview> {
    if (this.#last !== null && this.#last.revision === this.#revision) return this.#last;
    const revision = this.#revision;
    this.#parser ??= await this.#makeParser();
    if (this.#tree === null || this.#analysis === null) {
      const changed = [...this.#changed];
      const tree = await loadTree(
        this.#files,
        this.#overlays,
        { exclude: this.#options.exclude ?? DEFAULT_EXCLUDE, maxFiles: this.#options.maxFiles ?? DEFAULT_MAX_FILES },
        token,
        onProgress,
      );
      const user = await this.#userKnowledge(tree);
      this.#analysis = new Analysis(tree, this.#parser, user, this.#options);
      this.#tree = tree;
      for (const path of changed) this.#changed.delete(path);
    } else {
      for (const path of [...this.#changed]) {
        throwIfCancelled(token);
        const bytes = this.#overlays.get(path) ?? (await this.#files.read(path));
        this.#analysis.replaceFile(path, bytes);
        this.#changed.delete(path);
      }
    }
    const review: Review = await this.#analysis.review(token, onProgress);
    this.#last = { revision, review };
    return this.#last;
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

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
