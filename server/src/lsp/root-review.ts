/**
 * One kernel tree under review: owns its session, feeds it edits, runs at most one review at a time and queues at most
 * one behind it. Never throws to the connection: what goes wrong becomes a status with one line.
 */
import { type FindingVerdict, withVerdict } from "../core/extract/filesystem/verdict.ts";
import type { Answer, Query, QueryName } from "../core/query/queries.ts";
import type { CancellationToken } from "../core/text/cancellation.ts";
import { Cancelled } from "../core/text/cancellation.ts";
import type { PartialReview, ProgressListener, RevisedReview } from "../index/review-session.ts";
import type { RootPhase } from "../protocol/messages.ts";
import type { HostedSession } from "./environment.ts";

export interface RootReviewPorts {
  readonly createSession: () => Promise<HostedSession>;
  /** A review is there: publish it. `versions` are those of the open documents (by path) that it was computed from. */
  readonly onReview: (revised: RevisedReview, versions: ReadonlyMap<string, number>) => void;
  /** The edited files have been seen to; what is said of the pending ones may be of an earlier text. */
  readonly onPartial: (partial: PartialReview, versions: ReadonlyMap<string, number>) => void;
  readonly onPhase: () => void;
  /** Starts showing progress for a first review. */
  readonly startProgress: (onCancel: () => void) => Promise<{ report: ProgressListener; done: () => void }>;
  readonly log: (line: string) => void;
}

interface OpenDocument {
  readonly version: number;
  readonly text: string;
}

/** A request's token: it can say at once that nobody waits for the answer any more. */
export interface RequestToken extends CancellationToken {
  readonly onCancellationRequested?: (listener: () => void) => unknown;
}

/** Tells whoever runs the review when it is cancelled. */
class RunToken implements CancellationToken {
  onCancel: (() => void) | null = null;
  #isCancelled = false;

  get isCancellationRequested(): boolean {
    return this.#isCancelled;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.onCancel?.();
  }
}

/**
 * Milliseconds that a change on disk waits for the next one: a burst of watch events (a branch switch). A key stroke does
 * not wait: when the next one comes before its review is done, that review is cancelled and one follows for both.
 */
const FILES_DELAY = 300;
const EDIT_DELAY = 0;
/** A review that takes longer than this is shown as under way. */
const UPDATE_NOTICE_DELAY = 400;
/** More changed files than this in one burst: the tree is read anew instead of file by file. */
const RESCAN_LIMIT = 400;

export class RootReview {
  readonly root: string;
  readonly #ports: RootReviewPorts;
  #session: HostedSession | null = null;
  #phase: RootPhase = "indexing";
  #message = "";
  #latest: RevisedReview | null = null;
  /** A review came to its end: before that, what is shown is of an earlier start, and an edit does not stop the indexing. */
  #isIndexed = false;
  readonly #documents = new Map<string, OpenDocument>();
  #changedFiles = new Set<string>();
  #run: RunToken | null = null;
  /** A question that nobody waits for, while it is being answered. */
  #background: RunToken | null = null;
  #queued = false;
  #updating = false;
  #timer: unknown = null;
  #timerDue = Number.POSITIVE_INFINITY;
  #disposed = false;
  /** Cancelled by the user: nothing runs until a command or a newly opened document asks for it. */
  #paused = false;
  /** Questions that wait for the review of what was typed before them. */
  #waiting: (() => void)[] = [];

  constructor(root: string, ports: RootReviewPorts) {
    this.root = root;
    this.#ports = ports;
  }

  get phase(): RootPhase {
    return this.#phase;
  }
  /** True while a later review of an indexed tree is taking its time: what is shown is of the revision before. */
  get updating(): boolean {
    return this.#updating;
  }
  get message(): string {
    return this.#message;
  }
  get latest(): RevisedReview | null {
    return this.#latest;
  }

  /** Puts verdicts beside the findings of a review, by their ids; when it is not the latest any more, nothing. */
  applyVerdicts(revision: number, verdicts: ReadonlyMap<string, FindingVerdict>): void {
    const { revision: latest, review } = this.#latest ?? {};
    if (latest !== revision || review === undefined) return;
    const findings = review.findings.map((finding) => {
      const verdict = verdicts.get(finding.id);
      return verdict === undefined ? finding : withVerdict(finding, verdict);
    });
    this.#latest = { revision, review: { ...review, findings } };
  }

  openDocument(path: string, version: number, text: string): void {
    this.#paused = false;
    this.changeDocument(path, version, text);
  }

  changeDocument(path: string, version: number, text: string): void {
    this.#documents.set(path, { version, text });
    this.#session?.setDocument(path, text);
    this.#schedule(EDIT_DELAY);
  }

  closeDocument(path: string): void {
    if (!this.#documents.delete(path)) return;
    this.#session?.setDocument(path, null);
    this.#schedule(EDIT_DELAY);
  }

  versionOf(path: string): number | undefined {
    return this.#documents.get(path)?.version;
  }

  filesChanged(paths: readonly string[]): void {
    for (const path of paths) this.#changedFiles.add(path);
    if (paths.length > 0) this.#schedule(FILES_DELAY);
  }

  /**
   * Answers a question from a review of what is typed now: waits for one that is under way. Null when the tree is not indexed
   * yet, when there is no answer, and when the question was cancelled. Nobody waits for one that is asked in the `background`:
   * it is cancelled by the next that is not.
   */
  async query<K extends QueryName>(
    query: Query<K>,
    token: RequestToken,
    background = false,
  ): Promise<Answer<K> | null> {
    if (!background) this.#background = cancel(this.#background);
    while (this.#latest !== null && this.#isBehind() && !token.isCancellationRequested) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        token.onCancellationRequested?.(resolve);
      });
    }
    if (this.#latest === null || this.#session === null || token.isCancellationRequested) return null;
    const run = background ? new RunToken() : null;
    if (run !== null) this.#background = run;
    const either: CancellationToken = {
      get isCancellationRequested() {
        return token.isCancellationRequested || run?.isCancellationRequested === true;
      },
    };
    try {
      return await this.#session.query(query, either);
    } catch (error) {
      if (!(error instanceof Cancelled)) this.#ports.log(`${query.name}: ${(error as Error).stack ?? String(error)}`);
      return null;
    }
  }

  #isBehind(): boolean {
    return !this.#disposed && (this.#run !== null || this.#queued || this.#timerDue !== Number.POSITIVE_INFINITY);
  }

  #settled(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Throws the index away and starts again. */
  restart(): void {
    this.#run = cancel(this.#run);
    this.#session?.dispose();
    this.#session = null;
    this.#latest = null;
    this.#isIndexed = false;
    this.#paused = false;
    this.#schedule(0);
  }

  dispose(): void {
    this.#disposed = true;
    this.#run = cancel(this.#run);
    clearTimeout(this.#timer);
    this.#session?.dispose();
    this.#session = null;
    this.#settled();
  }

  #schedule(delay: number): void {
    if (this.#disposed || this.#paused) return;
    // The thread that answers is the one that reviews.
    this.#background = cancel(this.#background);
    // An edit makes the answer that is being computed stale. The first review of a tree is let finish: its work is
    // what the next one builds on.
    if (this.#run !== null && this.#isIndexed) this.#run.cancel();
    const due = Date.now() + delay;
    if (due >= this.#timerDue && delay < FILES_DELAY) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(() => {
      this.#timerDue = Number.POSITIVE_INFINITY;
      void this.#start();
    }, delay);
  }

  async #start(): Promise<void> {
    if (this.#disposed) return;
    if (this.#run !== null) {
      this.#queued = true;
      return;
    }
    const run = new RunToken();
    this.#run = run;
    const first = !this.#isIndexed;
    let progress: Awaited<ReturnType<RootReviewPorts["startProgress"]>> | null = null;
    let cancelledByUser = false;
    const notice = setTimeout(() => {
      if (first || this.#run !== run) return;
      this.#updating = true;
      this.#ports.onPhase();
    }, UPDATE_NOTICE_DELAY);
    try {
      if (first) {
        this.#setPhase("indexing", "");
        progress = await this.#ports.startProgress(() => {
          cancelledByUser = true;
          run.cancel();
        });
      }
      const session = await this.#openSession();
      this.#passChangedFiles(session);
      const versions = new Map([...this.#documents].map(([path, document]) => [path, document.version]));
      const revised = await session.review(
        run,
        (step) => progress?.report(step),
        (partial) => {
          if (this.#run !== run || this.#disposed || run.isCancellationRequested) return;
          this.#latest = partial;
          this.#ports.onPartial(partial, versions);
        },
      );
      if (this.#run !== run || this.#disposed) return;
      this.#updating = false;
      this.#latest = revised;
      this.#isIndexed = true;
      // Diagnostics go out before the status says that they are there.
      this.#phase = "ready";
      this.#message = "";
      this.#ports.onReview(revised, versions);
    } catch (error) {
      if (this.#run !== run || this.#disposed) return;
      if (cancelledByUser) {
        this.#paused = true;
        this.#setPhase("cancelled", 'Indexing was cancelled; run "Evictscope: Re-index" to start again.');
      } else if (!(error instanceof Cancelled)) {
        this.#fail(error);
      }
    } finally {
      clearTimeout(notice);
      progress?.done();
      if (this.#run === run) {
        this.#run = null;
        if (this.#queued || run.isCancellationRequested) {
          this.#queued = false;
          this.#schedule(0);
        }
      }
      this.#settled();
    }
  }

  async #openSession(): Promise<HostedSession> {
    if (this.#session !== null) return this.#session;
    const session = await this.#ports.createSession();
    this.#session = session;
    for (const [path, document] of this.#documents) session.setDocument(path, document.text);
    this.#changedFiles.clear();
    return session;
  }

  #passChangedFiles(session: HostedSession): void {
    if (this.#changedFiles.size === 0) return;
    const paths = [...this.#changedFiles];
    this.#changedFiles = new Set();
    if (paths.length > RESCAN_LIMIT) this.#ports.log(`${paths.length} files changed at once in ${this.root}`);
    session.filesChanged(paths);
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#ports.log(error instanceof Error && error.stack !== undefined ? error.stack : reason);
    // The session's state is unknown now; the next change starts a new one.
    this.#session?.dispose();
    this.#session = null;
    this.#setPhase("failed", reason.split("\n", 1)[0] ?? "unknown error");
  }

  #setPhase(phase: RootPhase, message: string): void {
    this.#updating = false;
    this.#phase = phase;
    this.#message = message;
    this.#ports.onPhase();
  }
}

function cancel(run: RunToken | null): null {
  run?.cancel();
  return null;
}
