/**
 * Which kernel tree a document belongs to. Asked when a C file is opened; nothing is listed or read before.
 *
 * A folder is a kernel tree's root when it has Kbuild and MAINTAINERS, or fs/ and include/linux/ (partial check-outs,
 * miniature trees). The innermost such folder above the document counts. A document that has none above it may be an
 * out-of-tree filesystem: its workspace folder (or its own folder) is reviewed when the text includes <linux/...> and speaks of inodes.
 */
import { URI, Utils } from "vscode-uri";
import { moduleAddress } from "../protocol/tree-address.ts";
import { canonicalUri, pathIn } from "../service/tree-location.ts";

export type Exist = (uris: readonly string[]) => Promise<ReadonlySet<string>>;

const MARKERS = ["Kbuild", "MAINTAINERS", "fs", "include/linux"] as const;
/** Kernel sources lie at most a dozen folders deep (drivers/gpu/drm/amd/display/dc/dml/dcn30/...). */
const DEPTH_LIMIT = 24;

const KERNEL_INCLUDE = /^\s*#\s*include\s*<linux\//m;
/** User space includes <linux/...>, too, but has no inodes. */
const KERNEL_TYPE = /\bstruct\s+(?:inode|dentry|super_block|super_operations|address_space)\b/;
/** Where both are looked for, in UTF-16 units. */
const SEARCH_WINDOW = 64_000;

export interface RootSearch {
  readonly document: string;
  readonly text: string;
  readonly workspaceFolders: readonly string[];
  readonly exist: Exist;
  /** evictscope.kernelTree: the tree that a filesystem outside of one is reviewed against. */
  readonly kernelTree?: string;
  /** Told why the setting was not used. */
  readonly refuse?: (reason: string) => void;
}

/** The root's URI, or null when the document is no kernel code. */
export async function findRoot(search: RootSearch): Promise<string | null> {
  const folders = foldersAbove(search.document);
  const asked = folders.flatMap((folder) => MARKERS.map((marker) => join(folder, marker)));
  const existing = await search.exist(asked);
  for (const folder of folders) {
    if (isTree((marker) => existing.has(join(folder, marker)))) return folder;
  }
  const start = search.text.slice(0, SEARCH_WINDOW);
  if (folders.length === 0 || !KERNEL_INCLUDE.test(start) || !KERNEL_TYPE.test(start)) return null;
  const workspace = search.workspaceFolders
    .map(canonicalUri)
    .filter((folder) => pathIn(folder, search.document) !== null)
    .toSorted((a, b) => b.length - a.length)[0];
  const folder = workspace ?? folders[0] ?? null;
  return folder === null || !search.kernelTree ? folder : besideKernel(folder, search.kernelTree, search);
}

/** The folder laid over the kernel's tree; alone where there is none. */
async function besideKernel(folder: string, setting: string, { exist, refuse }: RootSearch): Promise<string> {
  const kernel = resolveSetting(folder, setting);
  const existing = await exist(MARKERS.map((marker) => join(kernel, marker)));
  if (isTree((marker) => existing.has(join(kernel, marker)))) return moduleAddress(folder, kernel);
  refuse?.(
    `evictscope.kernelTree: ${setting} is no kernel tree (no fs/ and include/linux/): the filesystem is reviewed alone`,
  );
  return folder;
}

function resolveSetting(folder: string, setting: string): string {
  const path = setting.replaceAll("\\", "/").replace(/(?<=.)\/+$/, "");
  const base = URI.parse(folder);
  if (path.startsWith(".")) return Utils.resolvePath(base, path).toString();
  return base.with({ path: path.startsWith("/") ? path : `/${path}` }).toString();
}

function isTree(has: (marker: (typeof MARKERS)[number]) => boolean): boolean {
  return (has("Kbuild") && has("MAINTAINERS")) || (has("fs") && has("include/linux"));
}

/** From the document's folder up to the file system's root. */
function foldersAbove(document: string): string[] {
  const folders: string[] = [];
  let folder = Utils.dirname(URI.parse(document));
  while (folders.length < DEPTH_LIMIT) {
    folders.push(folder.toString());
    const parent = Utils.dirname(folder);
    if (parent.path === folder.path || folder.path === "" || folder.path === "/") break;
    folder = parent;
  }
  return folders;
}

function join(folder: string, path: string): string {
  return Utils.joinPath(URI.parse(folder), path).toString();
}
