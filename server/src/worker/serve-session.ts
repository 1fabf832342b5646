/** The reviewing thread's side: takes requests in order and runs them on a session. */
import type { Query } from "../core/query/queries.ts";
import { type CancellationToken, Cancelled } from "../core/text/cancellation.ts";
import type { Progress, ReviewSession } from "../index/review-session.ts";
import type { Port, WorkerAnswer, WorkerRequest } from "./messages.ts";
import { ReviewEncoder } from "./review-delta.ts";

/** Milliseconds between two progress messages: the other side shows a few a second. */
const PROGRESS_INTERVAL = 100;

/** Serves `session` on `port` for ever. Reviews run one after the other. */
export function serveSession(session: ReviewSession, port: Port<WorkerAnswer, WorkerRequest>): void {
  let tail: Promise<void> = Promise.resolve();
  const encoder = new ReviewEncoder();
  port.onMessage((request) => {
    switch (request.t) {
      case "document":
        // Not queued behind a running review: it must see the edit at once, be it only to count its revision.
        session.setDocument(request.path, request.text);
        return;
      case "files":
        session.filesChanged(request.paths);
        return;
      case "review":
        tail = tail.then(() => runReview(session, port, encoder, request.id, request.cancel));
        return;
      case "query":
        // Not queued: between two turns of a review the session says at once whether it has an answer.
        void answerQuery(session, port, request.id, request.query, request.cancel);
        return;
    }
  });
}

async function answerQuery(
  session: ReviewSession,
  port: Port<WorkerAnswer, WorkerRequest>,
  id: number,
  query: Query,
  flag: Int32Array,
): Promise<void> {
  try {
    port.post({ t: "answered", id, answer: await session.query(query, tokenOf(flag)) });
  } catch (error) {
    port.post(failureOf(id, error));
  }
}

function tokenOf(flag: Int32Array): CancellationToken {
  return {
    get isCancellationRequested() {
      return Atomics.load(flag, 0) !== 0;
    },
  };
}

function failureOf(id: number, error: unknown): WorkerAnswer {
  if (error instanceof Cancelled) return { t: "cancelled", id };
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { t: "failed", id, message, stack: stack ?? message };
}

async function runReview(
  session: ReviewSession,
  port: Port<WorkerAnswer, WorkerRequest>,
  encoder: ReviewEncoder,
  id: number,
  flag: Int32Array,
): Promise<void> {
  let last = 0;
  const report = (progress: Progress): void => {
    const now = Date.now();
    if (now - last < PROGRESS_INTERVAL) return;
    last = now;
    port.post({ t: "progress", id, progress });
  };
  try {
    const revised = await session.review(tokenOf(flag), report, (partial) =>
      port.post({ t: "partial", id, delta: encoder.encode(partial) }),
    );
    port.post({ t: "reviewed", id, delta: encoder.encode(revised) });
  } catch (error) {
    port.post(failureOf(id, error));
  }
}
