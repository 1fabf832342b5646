/** Entry of the reviewing thread: one tree, read from its folder. */
import { parentPort, workerData } from "node:worker_threads";
import type { FileSource } from "../index/file-source.ts";
import { honourIgnoreFiles } from "../index/ignoring-source.ts";
import { layOver } from "../index/layered-source.ts";
import { createTreeSession } from "../index/tree-session.ts";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "../worker/messages.ts";
import { serveSession } from "../worker/serve-session.ts";
import { chooseParser } from "./create-parser.ts";
import { createFolderSource } from "./folder-source.ts";

const port = parentPort!;
const { folder, kernel, respectGitignore, exclude, maxFiles, simulate } = workerData as WorkerStart;
const post = (answer: WorkerAnswer): void => port.postMessage(answer);

const sourceOf = (path: string): FileSource => {
  const source = createFolderSource(path);
  return respectGitignore ? honourIgnoreFiles(source) : source;
};

const session = createTreeSession({
  files: kernel === undefined ? sourceOf(folder) : layOver(sourceOf(folder), sourceOf(kernel.folder), kernel.mount),
  parser: async () => {
    const { parser, fallbackReason } = await chooseParser();
    post({ t: "log", line: `parser: ${parser.kind}${fallbackReason === "" ? "" : ` (${fallbackReason})`}` });
    return parser;
  },
  // The kernel behind a module is not under review itself.
  options: { exclude, maxFiles, simulate, ...(kernel === undefined ? {} : { filesystems: [kernel.mount] }) },
});
serveSession(session, {
  post,
  onMessage: (listener) => port.on("message", (message: WorkerRequest) => listener(message)),
});
