/** A session in the server's own thread: in a browser, where the server is a worker already, and for virtual files. */
import type { ReviewSession } from "../index/review-session.ts";
import type { HostedSession } from "./environment.ts";

/** The session's own turns of the event loop let cancels and requests in. */
export function hostLocally(session: ReviewSession): HostedSession {
  let closed = false;
  return {
    get revision() {
      return session.revision;
    },
    setDocument: (path, text) => session.setDocument(path, text),
    filesChanged: (paths) => session.filesChanged(paths),
    review: (token, onProgress, onPartial) =>
      session.review(
        {
          get isCancellationRequested() {
            return closed || token.isCancellationRequested;
          },
        },
        onProgress,
        onPartial,
      ),
    query: (query, token) => session.query(query, token),
    dispose: () => {
      closed = true;
    },
  };
}
