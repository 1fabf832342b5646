/** A filesystem as the analysis sees it: one super_operations table, and the part of the tree that belongs to it. */

import type { FunctionBodies } from "../ir/function-bodies.ts";
import { EVICTION_OPERATIONS, type EvictionOperation } from "../report/finding.ts";
import type { NameTable } from "../text/name-table.ts";
import type { Lookup } from "./lookup.ts";
import type { BindingRef, FunctionRef, Program, SourceFile, TableRef } from "./program.ts";

export const TABLE_STRUCT = "super_operations";
const OPERATIONS: readonly EvictionOperation[] = [...EVICTION_OPERATIONS, "evict_inode_async"];

export interface OperationBinding {
  readonly operation: EvictionOperation;
  readonly functionName: string;
  /** Null when the tree does not define it. */
  readonly function: FunctionRef | null;
  readonly binding: BindingRef;
}

export interface Filesystem {
  /** `fs/ext4`, or the table's file when its folder is shared (`mm/shmem.c`). */
  readonly id: string;
  readonly table: TableRef;
  readonly operations: ReadonlyMap<EvictionOperation, OperationBinding>;
  /** Whether a file belongs to it. */
  owns(file: SourceFile): boolean;
  /** Whether its own text names `identifier`. */
  mentions(identifier: string): boolean;
}

/** Every filesystem of the program: one for each initialised super_operations. */
export function findFilesystems(program: Program, lookup: Lookup, bodies: FunctionBodies): Filesystem[] {
  const tables = [...program.tablesOf(TABLE_STRUCT)].filter((table) => table.bindings.length > 0);
  tables.sort((a, b) => (a.file.path < b.file.path ? -1 : a.file.path > b.file.path ? 1 : a.span.start - b.span.start));
  const folders = new Set(tables.map((table) => filesystemId(table.file)));
  return tables.map((table) => makeFilesystem(table, folders, program, lookup, bodies));
}

/** The id of a filesystem whose folder is the root itself. */
const ROOT = ".";

/** Any folder under fs/X/ is the filesystem's own; elsewhere (fs/pipe.c, mm/shmem.c) only the file is. */
export function filesystemId(file: SourceFile): string {
  if (/^fs\/[^/]+/.test(file.directory)) return file.directory;
  // A lone filesystem folder without the tree around it: no kernel has C files at its root.
  if (file.directory === "") return ROOT;
  return /(^|\/)fs\/[^/]+$/.test(file.directory) ? file.directory : file.path;
}

/** Ids of all names in a file's bytes that the program knows. Comments count: a name there does no harm. */
function collectNames(bytes: Uint8Array, names: NameTable, ids: Set<number>): void {
  const end = bytes.length;
  for (let i = 0; i < end; i++) {
    if (!isLetter(bytes[i]!)) {
      // Digits belong to the number they stand in: 0x1f is no name.
      if (isDigit(bytes[i]!)) while (i + 1 < end && (isLetter(bytes[i + 1]!) || isDigit(bytes[i + 1]!))) i++;
      continue;
    }
    const from = i;
    while (i < end && (isLetter(bytes[i]!) || isDigit(bytes[i]!))) i++;
    const id = names.findBytes(bytes, from, i);
    if (id >= 0) ids.add(id);
  }
}

function isLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function makeFilesystem(
  table: TableRef,
  ids: ReadonlySet<string>,
  program: Program,
  lookup: Lookup,
  bodies: FunctionBodies,
): Filesystem {
  const id = filesystemId(table.file);
  const isFolder = id === (table.file.directory || ROOT);
  const nested = [...ids].filter((other) => other !== id && other.startsWith(`${id}/`));
  const operations = new Map<EvictionOperation, OperationBinding>();
  for (const binding of table.bindings) {
    const operation = binding.field as EvictionOperation;
    if (!OPERATIONS.includes(operation) || /^(NULL|0)$/.test(binding.target)) continue;
    operations.set(operation, {
      operation,
      functionName: binding.target,
      function: lookup.functionValue(binding.target, table.file),
      binding,
    });
  }
  const owns = (file: SourceFile): boolean => {
    if (!isFolder) return file === table.file;
    if (id === ROOT) return true;
    if (file.directory !== id && !file.directory.startsWith(`${id}/`)) return false;
    return !nested.some((other) => file.directory === other || file.directory.startsWith(`${other}/`));
  };
  let identifiers: Set<number> | null = null;
  const mentions = (identifier: string): boolean => {
    // A name that the tree does not define (a lone folder) has no number yet, and so was not collected.
    if (program.names.find(identifier) < 0) {
      program.names.internString(identifier);
      identifiers = null;
    }
    if (identifiers === null) {
      identifiers = new Set();
      for (const file of program.files.values()) {
        const bytes = owns(file) ? bodies.bytesOf(file) : null;
        if (bytes !== null) collectNames(bytes, program.names, identifiers);
      }
    }
    return identifiers.has(program.names.find(identifier));
  };
  return { id, table, operations, owns, mentions };
}
