/** The server's side of a session that runs in another thread. */
import type { Answer, Query, QueryName } from "../core/query/queries.ts";
import { type CancellationToken, Cancelled } from "../core/text/cancellation.ts";
import type { PartialListener, ProgressListener, ReviewSession, RevisedReview } from "../index/review-session.ts";
import type { Port, WorkerAnswer, WorkerRequest } from "./messages.ts";
import { ReviewDecoder } from "./review-delta.ts";

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ProgressListener | undefined;
  readonly onPartial: PartialListener | undefined;
  readonly stopWatching: () => void;
}

/** Milliseconds between two looks at a caller's token, which has no event. */
const TOKEN_INTERVAL = 10;

export interface RemoteSession extends ReviewSession {
  /** The thread is gone: every pending review rejects with this. */
  fail(error: Error): void;
}

export function createRemoteSession(
  port: Port<WorkerRequest, WorkerAnswer>,
  log: (line: string) => void,
): RemoteSession {
  const pending = new Map<number, Pending>();
  const decoder = new ReviewDecoder();
  let revision = 0;
  let lastId = 0;
  let failure: Error | null = null;

  const settle = (id: number): Pending | undefined => {
    const entry = pending.get(id);
    pending.delete(id);
    entry?.stopWatching();
    return entry;
  };

  port.onMessage((answer) => {
    switch (answer.t) {
      case "progress":
        pending.get(answer.id)?.onProgress?.(answer.progress);
        return;
      case "partial": {
        const partial = decoder.decode(answer.delta);
        if ("pending" in partial) pending.get(answer.id)?.onPartial?.(partial);
        return;
      }
      case "reviewed": {
        const revised = decoder.decode(answer.delta);
        revision = revised.revision;
        settle(answer.id)?.resolve(revised);
        return;
      }
      case "answered":
        settle(answer.id)?.resolve(answer.answer);
        return;
      case "cancelled":
        settle(answer.id)?.reject(new Cancelled());
        return;
      case "failed": {
        const error = new Error(answer.message);
        error.stack = answer.stack;
        settle(answer.id)?.reject(error);
        return;
      }
      case "log":
        log(answer.line);
        return;
    }
  });

  const ask = (
    send: (id: number, cancel: Int32Array) => void,
    token: CancellationToken,
    onProgress?: ProgressListener,
    onPartial?: PartialListener,
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (failure !== null) {
        reject(failure);
        return;
      }
      const id = ++lastId;
      const cancel = new Int32Array(new SharedArrayBuffer(4));
      const stopWatching = watchToken(token, () => Atomics.store(cancel, 0, 1));
      pending.set(id, { resolve, reject, onProgress, onPartial, stopWatching });
      send(id, cancel);
    });

  return {
    get revision() {
      return revision;
    },
    setDocument: (path, text) => port.post({ t: "document", path, text }),
    filesChanged: (paths) => port.post({ t: "files", paths }),
    review: (token, onProgress, onPartial) =>
      ask(
        (id, cancel) => port.post({ t: "review", id, cancel }),
        token,
        onProgress,
        onPartial,
      ) as Promise<RevisedReview>,
    query: <K extends QueryName>(query: Query<K>, token: CancellationToken) =>
      ask(
        (id, cancel) => port.post({ t: "query", id, query: query as Query, cancel }),
        token,
      ) as Promise<Answer<K> | null>,
    fail(error) {
      failure = error;
      for (const id of [...pending.keys()]) settle(id)?.reject(error);
    },
  };
}

/** A token that says itself when it is cancelled. */
export interface TellingToken extends CancellationToken {
  onCancel: (() => void) | null;
}

function watchToken(token: CancellationToken | TellingToken, onCancel: () => void): () => void {
  if ("onCancel" in token) {
    token.onCancel = onCancel;
    if (token.isCancellationRequested) onCancel();
    return () => {
      token.onCancel = null;
    };
  }
  let timer: unknown;
  const look = (): void => {
    if (token.isCancellationRequested) onCancel();
    else timer = setTimeout(look, TOKEN_INTERVAL);
  };
  look();
  return () => clearTimeout(timer);
}
