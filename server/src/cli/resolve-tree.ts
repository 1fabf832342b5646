/** What TREE or PATHS mean: the root of a kernel tree, and the part of it that is asked for. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import type { FileSource } from "../index/file-source.ts";
import { honourIgnoreFiles } from "../index/ignoring-source.ts";
import { createFolderSource, explainUnreadableRoot } from "../node/folder-source.ts";
import { Refusal } from "./exit-status.ts";

export interface TreeRequest {
  readonly files: FileSource;
  /** The root as a command can be given it again. */
  readonly name: string;
  /** Paths inside the tree that the answer is to be restricted to; null: all of it. */
  readonly scope: Scope | null;
  /** True for a folder that is no kernel tree and lies in none. */
  readonly lone: boolean;
}

export interface Scope {
  readonly paths: readonly ScopePath[];
  /** Prefixes of filesystems' ids that are enough to look at; null: findings of generic code are wanted, too. */
  readonly filesystems: readonly string[] | null;
}

export interface ScopePath {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** The filesystem's folder for anything under fs/X/, else the path itself. */
  readonly filesystem: string;
}

/** How far up a root is looked for; no kernel path is as deep. */
const MAX_LEVELS = 32;

/** As the editor reads it: what .gitignore files name is left out. */
function openFolder(folder: string): FileSource {
  return honourIgnoreFiles(createFolderSource(folder));
}

/** Throws Refusal when a path is missing or unreadable, or when the paths lie in different trees. */
export function resolveTree(paths: readonly string[]): TreeRequest {
  const given = paths.length === 0 ? ["."] : paths;
  const entries = given.map((path) => ({ path, full: resolve(path), isFolder: requireReadable(path) }));
  const first = entries[0]!;
  const root = findRoot(first.isFolder ? first.full : dirname(first.full));
  if (root === null) return loneFolder(entries);
  const name = displayName(root, first.path, first.full);
  const scoped = entries.filter(({ full }) => full !== root);
  for (const { path, full } of scoped) {
    if (!full.startsWith(root + sep)) throw new Refusal(`${path}: lies outside of the tree ${root} of ${first.path}`);
  }
  const files = openFolder(root);
  // The root among the paths: everything is asked for.
  if (scoped.length < entries.length) return { files, name, scope: null, lone: false };
  const inside = scoped.map(({ full, isFolder }) => ({ path: relative(root, full).split(sep).join("/"), isFolder }));
  return { files, name, scope: makeScope(inside), lone: false };
}

function makeScope(inside: readonly { readonly path: string; readonly isFolder: boolean }[]): Scope {
  const paths = inside.map(({ path }) => ({ path, filesystem: filesystemOf(path) }));
  // A file or folder of generic code (fs/inode.c, fs, mm) has findings of its own, which need all filesystems.
  const generic = inside.some(({ path, isFolder }) => (isFolder ? path === "fs" : !isUnderFilesystem(path)));
  return { paths, filesystems: generic ? null : [...new Set(paths.map(({ filesystem }) => filesystem))] };
}

/** fs/X/... belongs to fs/X; anything else stands for itself. */
function filesystemOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] !== "fs" || parts.length < 2 || /\.[ch]$/.test(parts[1]!)) return path;
  return `fs/${parts[1]}`;
}

function isUnderFilesystem(path: string): boolean {
  return /^fs\/[^/]+\/./.test(path);
}

/** The folder at or above `folder` that looks like a kernel tree's root, or null. */
export function findRoot(folder: string): string | null {
  let at = folder;
  for (let level = 0; level < MAX_LEVELS; level++) {
    if (isTreeRoot(at)) return at;
    const up = dirname(at);
    if (up === at) return null;
    at = up;
  }
  return null;
}

function isTreeRoot(folder: string): boolean {
  const has = (path: string): boolean => existsSync(`${folder}/${path}`);
  return (has("fs") && has("include/linux")) || (has("Kbuild") && has("MAINTAINERS"));
}

interface Entry {
  readonly path: string;
  readonly full: string;
  readonly isFolder: boolean;
}

/** A filesystem's folder without a tree around it: its contexts are assumed. */
function loneFolder(entries: readonly Entry[]): TreeRequest {
  const [first, second] = entries;
  if (second !== undefined) {
    throw new Refusal(`${first!.path}: in no kernel tree (no fs/ and include/linux/ above it): give one folder`);
  }
  const folder = first!.isFolder ? first!.full : dirname(first!.full);
  const name = first!.isFolder ? first!.path : dirname(first!.path);
  // .../fs/foo is named fs/foo, as it would be in a tree.
  if (basename(dirname(folder)) !== "fs") return { files: openFolder(folder), name, scope: null, lone: true };
  const prefix = `fs/${basename(folder)}/`;
  const inner = openFolder(folder);
  const strip = (path: string): string | null => (path.startsWith(prefix) ? path.slice(prefix.length) : null);
  return {
    name,
    scope: null,
    lone: true,
    files: {
      root: dirname(dirname(folder)),
      async list(options, token) {
        const listing = await inner.list(options, token);
        return {
          ...listing,
          files: listing.files.map((file) => ({ ...file, path: prefix + file.path })),
          problems: listing.problems.map((problem) => ({ ...problem, file: prefix + problem.file })),
        };
      },
      async read(path) {
        const own = strip(path);
        // evictscope.json may lie in the folder itself.
        return inner.read(own ?? path);
      },
      readSync: (path) => inner.readSync?.(strip(path) ?? path) ?? null,
    },
  };
}

/** True for a folder, false for a file. */
function requireReadable(path: string): boolean {
  const full = resolve(path);
  let isFolder: boolean;
  try {
    isFolder = statSync(full).isDirectory();
  } catch (error) {
    throw new Refusal(explainUnreadableRoot(path) ?? `${path}: ${(error as Error).message}`);
  }
  if (!isFolder) {
    if (!/\.[ch]$/.test(full)) throw new Refusal(`${path}: neither a folder nor a C file`);
    return false;
  }
  const reason = explainUnreadableRoot(path);
  if (reason !== null) throw new Refusal(reason);
  if (readdirSync(full).length === 0) throw new Refusal(`${path}: the folder is empty`);
  return true;
}

function displayName(root: string, path: string, full: string): string {
  if (full === root) return path;
  return relative(process.cwd(), root) || ".";
}
