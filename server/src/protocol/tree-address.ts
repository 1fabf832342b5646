/**
 * The address of a tree under review. Most are a folder's URI. A module outside of the kernel's tree is reviewed against
 * one: its address names both, `file:///src/myfs?kernel=file%3A%2F%2F%2Fsrc%2Flinux`, and its own files have the paths
 * that they would have in the kernel's tree, `fs/myfs/super.c`. Everything that turns a path into a URI comes here.
 */

const KERNEL = "kernel=";

export interface TreeAddress {
  /** URI of the folder that the user works in: the tree, or the module. */
  readonly folder: string;
  /** URI of the kernel's tree behind a module; null when the folder is the tree. */
  readonly kernel: string | null;
  /** Where the module's files stand in the tree, without a slash at the end; empty when the folder is the tree. */
  readonly mount: string;
}

/** Both are URIs without a query. */
export function moduleAddress(folder: string, kernel: string): string {
  return `${folder}?${KERNEL}${encodeURIComponent(kernel)}`;
}

export function readTreeAddress(root: string): TreeAddress {
  const at = root.indexOf(`?${KERNEL}`);
  if (at < 0) return { folder: root, kernel: null, mount: "" };
  const folder = root.slice(0, at);
  return { folder, kernel: decodeURIComponent(root.slice(at + 1 + KERNEL.length)), mount: `fs/${lastName(folder)}` };
}

/** Which of the two folders a path of the tree lies in, and where there. */
export function placeInTree(root: string, path: string): { readonly folder: string; readonly path: string } {
  const { folder, kernel, mount } = readTreeAddress(root);
  if (kernel === null) return { folder, path };
  return path.startsWith(`${mount}/`) ? { folder, path: path.slice(mount.length + 1) } : { folder: kernel, path };
}

/** The name of the address's own folder, for lists. */
export function nameOfTree(root: string): string {
  return lastName(readTreeAddress(root).folder);
}

function lastName(folder: string): string {
  const last = folder.split("/").filter(Boolean).pop() ?? folder;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
