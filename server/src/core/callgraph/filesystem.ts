/** A filesystem as the analysis sees it: one super_operations table, and the part of the tree that belongs to it. */

import type { FunctionBodies } from "../ir/function-bodies.ts";
import { EVICTION_OPERATIONS, type EvictionOperation } from "../report/finding.ts";
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

/** Any folder under fs/X/ is the filesystem's own; elsewhere (fs/pipe.c, mm/shmem.c) only the file is. */
export function filesystemId(file: SourceFile): string {
  if (/^fs\/[^/]+/.test(file.directory)) return file.directory;
  // A lone filesystem folder without the tree around it.
  return /(^|\/)fs\/[^/]+$/.test(file.directory) ? file.directory : file.path;
}

function makeFilesystem(
  table: TableRef,
  ids: ReadonlySet<string>,
  program: Program,
  lookup: Lookup,
  bodies: FunctionBodies,
): Filesystem {
  const id = filesystemId(table.file);
  const isFolder = id === table.file.directory;
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
    if (file.directory !== id && !file.directory.startsWith(`${id}/`)) return false;
    return !nested.some((other) => file.directory === other || file.directory.startsWith(`${other}/`));
  };
  let identifiers: Set<string> | null = null;
  const mentions = (identifier: string): boolean => {
    if (identifiers === null) {
      identifiers = new Set();
      for (const file of program.files.values()) {
        if (!owns(file)) continue;
        for (const match of bodies.textOf(file, 0, file.size).matchAll(/[A-Za-z_]\w{3,}/g)) identifiers.add(match[0]);
      }
    }
    return identifiers.has(identifier);
  };
  return { id, table, operations, owns, mentions };
}
