/** Runs a tree's review in a worker thread of Node, so that a busy analysis never holds up the connection. */
import { Worker } from "node:worker_threads";
import type { HostedSession } from "../lsp/environment.ts";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "../worker/messages.ts";
import { createRemoteSession } from "../worker/remote-session.ts";

/** `script` is the worker's bundle. `memoryMb` caps its heap; a thread that meets it ends, the server does not. */
export function createThreadedSession(
  script: URL,
  start: WorkerStart,
  memoryMb: number,
  log: (line: string) => void,
): HostedSession {
  const worker = new Worker(script, {
    workerData: start,
    name: "evictscope-review",
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  const session = createRemoteSession(
    {
      post: (message: WorkerRequest) => worker.postMessage(message),
      onMessage: (listener) => worker.on("message", (message: WorkerAnswer) => listener(message)),
    },
    log,
  );
  worker.on("error", (error: NodeJS.ErrnoException) => {
    const reason =
      error.code === "ERR_WORKER_OUT_OF_MEMORY"
        ? `the review needs more than ${memoryMb} MB (evictscope.server.maxMemory)`
        : error.message;
    session.fail(new Error(`review stopped: ${reason}`));
  });
  worker.on("exit", () => session.fail(new Error("review stopped: its thread ended")));
  // The thread must not keep a server alive whose client is gone.
  worker.unref();
  return {
    get revision() {
      return session.revision;
    },
    setDocument: (path, text) => session.setDocument(path, text),
    filesChanged: (paths) => session.filesChanged(paths),
    review: (token, onProgress, onPartial) => session.review(token, onProgress, onPartial),
    query: (query, token) => session.query(query, token),
    dispose: () => {
      session.fail(new Error("review stopped: the session was closed"));
      void worker.terminate();
    },
  };
}
