/** The reviewing thread's side: takes requests in order and runs them on a session. */
import { type CancellationToken, Cancelled } from "../core/text/cancellation.ts";
import type { Progress, ReviewSession } from "../index/review-session.ts";
import type { Port, WorkerAnswer, WorkerRequest } from "./messages.ts";

/** Milliseconds between two progress messages: the other side shows a few a second. */
const PROGRESS_INTERVAL = 100;

/** Serves `session` on `port` for ever. Reviews run one after the other. */
export function serveSession(session: ReviewSession, port: Port<WorkerAnswer, WorkerRequest>): void {
  let tail: Promise<void> = Promise.resolve();
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
        tail = tail.then(() => runReview(session, port, request.id, request.cancel));
        return;
    }
  });
}

async function runReview(
  session: ReviewSession,
  port: Port<WorkerAnswer, WorkerRequest>,
  id: number,
  flag: Int32Array,
): Promise<void> {
  const token: CancellationToken = {
    get isCancellationRequested() {
      return Atomics.load(flag, 0) !== 0;
    },
  };
  let last = 0;
  const report = (progress: Progress): void => {
    const now = Date.now();
    if (now - last < PROGRESS_INTERVAL) return;
    last = now;
    port.post({ t: "progress", id, progress });
  };
  try {
    const revised = await session.review(token, report);
    port.post({ t: "reviewed", id, revised });
  } catch (error) {
    if (error instanceof Cancelled) {
      port.post({ t: "cancelled", id });
      return;
    }
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    port.post({ t: "failed", id, message, stack: stack ?? message });
  }
}
