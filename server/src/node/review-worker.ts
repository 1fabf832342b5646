/** Entry of the reviewing thread: one tree, read from its folder. */
import { parentPort, workerData } from "node:worker_threads";
import { createTreeSession } from "../index/tree-session.ts";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "../worker/messages.ts";
import { serveSession } from "../worker/serve-session.ts";
import { chooseParser } from "./create-parser.ts";
import { createFolderSource } from "./folder-source.ts";

const port = parentPort!;
const { folder, exclude, maxFiles, simulate } = workerData as WorkerStart;
const post = (answer: WorkerAnswer): void => port.postMessage(answer);

const session = createTreeSession({
  files: createFolderSource(folder),
  parser: async () => {
    const { parser, fallbackReason } = await chooseParser();
    post({ t: "log", line: `parser: ${parser.kind}${fallbackReason === "" ? "" : ` (${fallbackReason})`}` });
    return parser;
  },
  options: { exclude, maxFiles, simulate },
});
serveSession(session, {
  post,
  onMessage: (listener) => port.on("message", (message: WorkerRequest) => listener(message)),
});
