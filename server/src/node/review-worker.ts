/** Entry of the reviewing thread: one tree, read from its folder. */
import { parentPort, workerData } from "node:worker_threads";
import type { FileSource } from "../index/file-source.ts";
import { honourIgnoreFiles } from "../index/ignoring-source.ts";
import { layOver } from "../index/layered-source.ts";
import { recordReads } from "../index/recorded-source.ts";
import { createTreeSession } from "../index/tree-session.ts";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "../worker/messages.ts";
import { serveSession } from "../worker/serve-session.ts";
import { chooseParser } from "./create-parser.ts";
import { createFolderSource } from "./folder-source.ts";
import { openOutcomeStore } from "./outcome-store.ts";
import { resumeSession } from "./resumed-session.ts";
import { openReviewCache } from "./review-cache.ts";

const port = parentPort!;
const { folder, kernel, respectGitignore, exclude, maxFiles, simulate, cache: cacheFolder } = workerData as WorkerStart;
const post = (answer: WorkerAnswer): void => port.postMessage(answer);

const sourceOf = (path: string): FileSource => {
  const source = createFolderSource(path);
  return respectGitignore ? honourIgnoreFiles(source) : source;
};

const log = (line: string): void => post({ t: "log", line });
const files = recordReads(
  kernel === undefined ? sourceOf(folder) : layOver(sourceOf(folder), sourceOf(kernel.folder), kernel.mount),
);
// The kernel behind a module is not under review itself.
const options = { exclude, maxFiles, simulate, ...(kernel === undefined ? {} : { filesystems: [kernel.mount] }) };
const outcomes = openOutcomeStore(cacheFolder, log);
const session = createTreeSession({
  ...(outcomes === null ? {} : { outcomes }),
  files,
  parser: async () => {
    const { parser, fallbackReason } = await chooseParser();
    log(`parser: ${parser.kind}${fallbackReason === "" ? "" : ` (${fallbackReason})`}`);
    return parser;
  },
  options,
});
const cache = openReviewCache(cacheFolder, log);
serveSession(cache === null ? session : resumeSession(session, { files, question: options, cache, log }), {
  post,
  onMessage: (listener) => port.on("message", (message: WorkerRequest) => listener(message)),
});
