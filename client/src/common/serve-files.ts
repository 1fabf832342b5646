/** Answers the server's requests for files that only the editor can read: everything in a browser, virtual workspaces. */
import { FileType, Uri, workspace } from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import {
  FILES_EXIST_REQUEST,
  FILES_LIST_REQUEST,
  FILES_READ_REQUEST,
  type FilesExistParams,
  type FilesExistResult,
  type FilesListParams,
  type FilesListResult,
  type FilesReadParams,
  type FilesReadResult,
} from "../../../server/src/protocol/messages.ts";
import { exists } from "./file-exists.ts";

/** Folders read at the same time: each is a round trip to the file system's provider. */
const FOLDERS_AT_ONCE = 16;
/** Folders a listing may enter, against loops of a provider's symbolic links. */
const FOLDER_LIMIT = 20_000;

export function serveFiles(client: BaseLanguageClient): void {
  client.onRequest(FILES_EXIST_REQUEST, async (params: FilesExistParams): Promise<FilesExistResult> => {
    const found = await Promise.all(params.uris.map(async (uri) => ((await exists(Uri.parse(uri))) ? uri : null)));
    return { uris: found.filter((uri) => uri !== null) };
  });
  client.onRequest(FILES_LIST_REQUEST, (params: FilesListParams) => listFiles(params));
  client.onRequest(FILES_READ_REQUEST, async (params: FilesReadParams): Promise<FilesReadResult> => {
    const root = Uri.parse(params.root);
    const contents = await Promise.all(params.paths.map((path) => readFile(Uri.joinPath(root, path))));
    return { contents };
  });
}

async function readFile(uri: Uri): Promise<Uint8Array | null> {
  try {
    return await workspace.fs.readFile(uri);
  } catch {
    return null;
  }
}

async function listFiles(params: FilesListParams): Promise<FilesListResult> {
  const root = Uri.parse(params.root);
  const files: { path: string; size: number; modified: number }[] = [];
  const problems: { file: string; message: string }[] = [];
  const ignoreFiles: string[] = [];
  const excluded = (path: string): boolean =>
    params.exclude.some((folder) => path === folder || path.startsWith(`${folder}/`));
  let pending = [""];
  let entered = 0;
  let truncated = false;
  while (pending.length > 0 && !truncated) {
    const batch = pending.splice(0, FOLDERS_AT_ONCE);
    entered += batch.length;
    if (entered > FOLDER_LIMIT) truncated = true;
    const listings = await Promise.all(batch.map((folder) => readFolder(root, folder, problems)));
    const subfolders: string[] = [];
    listings.forEach((entries, i) => {
      for (const [name, type] of entries.toSorted((a, b) => (a[0] < b[0] ? -1 : 1))) {
        if (name === ".gitignore") ignoreFiles.push(batch[i] === "" ? name : `${batch[i]}/${name}`);
        if (name.startsWith(".")) continue;
        const path = batch[i] === "" ? name : `${batch[i]}/${name}`;
        if (excluded(path)) continue;
        if (type === FileType.Directory) subfolders.push(path);
        else if ((type & FileType.File) !== 0 && /\.[ch]$/.test(name)) {
          if (files.length >= params.maxFiles) truncated = true;
          else files.push({ path, size: 0, modified: 0 });
        }
      }
    });
    pending = [...subfolders, ...pending];
  }
  return { files, problems, truncated, ignoreFiles };
}

async function readFolder(
  root: Uri,
  folder: string,
  problems: { file: string; message: string }[],
): Promise<[string, FileType][]> {
  try {
    return await workspace.fs.readDirectory(folder === "" ? root : Uri.joinPath(root, folder));
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
    problems.push({ file: folder === "" ? "." : folder, message: `unreadable folder: ${reason}` });
    return [];
  }
}
