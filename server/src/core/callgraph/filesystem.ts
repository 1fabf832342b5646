/** A filesystem as the analysis sees it: one super_operations table, and the part of the tree that belongs to it. */

import type { FunctionBodies } from "../ir/function-bodies.ts";
import { EVICTION_OPERATIONS, type EvictionOperation } from "../report/finding.ts";
import type { NameSieve } from "../text/name-table.ts";
import { type FileChange, holdsName } from "./file-change.ts";
import { filesBelow } from "./files-below.ts";
import type { Lookup } from "./lookup.ts";
import type { BindingRef, FunctionRef, Program, SourceFile, TableRef } from "./program.ts";
import { Fact, newFact } from "./reads.ts";

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
  /** Changes when its table names other methods. */
  readonly fact?: Fact;
}

/** A filesystem that keeps up with edits. */
export interface FollowedFilesystem extends Filesystem {
  /** Takes its table as it stands now, and looks its methods up. */
  refresh(table: TableRef): void;
  /** A file has other text, is new or gone. */
  fileChanged(change: FileChange): void;
}

/** The tables that stand for filesystems, by file and place. */
export function filesystemTables(program: Program): TableRef[] {
  const tables = [...program.tablesOf(TABLE_STRUCT)].filter((table) => table.bindings.length > 0);
  return tables.sort((a, b) =>
    a.file.path < b.file.path ? -1 : a.file.path > b.file.path ? 1 : a.span.start - b.span.start,
  );
}

/**
 * Every filesystem of the program: one for each initialised super_operations. `asked`: names that `mentions` will be asked
 * for beside those of tables and methods; for others it answers as well, and takes longer.
 */
export function findFilesystems(
  program: Program,
  lookup: Lookup,
  bodies: FunctionBodies,
  asked: readonly string[],
): FollowedFilesystem[] {
  const tables = filesystemTables(program);
  const folders = new Set(tables.map((table) => filesystemId(table.file)));
  const askedIds = asked.map((name) => program.names.internString(name));
  return tables.map((table) => makeFilesystem(table, folders, program, lookup, bodies, askedIds));
}

/**
 * Whether a folder goes with a table outside of fs/: a subsystem's folder (kernel/bpf, security/apparmor) does with all below
 * it (security/apparmor/include), one that many share (mm, net) does not.
 */
export function isBesideTable(directory: string, tableFolders: ReadonlySet<string>): boolean {
  for (let at = directory; at.includes("/"); at = at.slice(0, at.lastIndexOf("/")))
    if (tableFolders.has(at)) return true;
  return false;
}

/** The folders in which tables stand. */
export function tableFolders(program: Program): Set<string> {
  return new Set(program.tablesOf(TABLE_STRUCT).map((table) => table.file.directory));
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

const SIEVES = new WeakMap<Program, { readonly generation: number; readonly sieve: NameSieve }>();

/** Lets the names of tables and of methods that are assigned one by one through, and those that are asked for besides. */
function boundNames(program: Program, asked: readonly number[]): NameSieve {
  let known = SIEVES.get(program);
  if (known?.generation !== program.generation) {
    const ids = [...asked];
    for (const { skeleton } of program.files.values()) {
      for (const { name } of skeleton.tables) ids.push(name);
      for (const { target, table } of skeleton.bindings) if (table < 0) ids.push(target);
    }
    known = { generation: program.generation, sieve: program.names.sieve(ids) };
    SIEVES.set(program, known);
  }
  return known.sieve;
}

/** The names that stand in some files, of those that the program knew then. Comments count: a name there does no harm. */
class NamesOfFiles {
  readonly #program: Program;
  readonly #bodies: FunctionBodies;
  readonly #files: readonly SourceFile[];
  readonly #sieve: NameSieve;
  /** Names that there were then, and a bit for each. */
  readonly #known: number;
  readonly #marks: Uint8Array;

  constructor(program: Program, bodies: FunctionBodies, files: readonly SourceFile[], asked: readonly number[]) {
    this.#program = program;
    this.#bodies = bodies;
    this.#files = files;
    this.#sieve = boundNames(program, asked);
    this.#known = program.names.size;
    this.#marks = new Uint8Array((this.#known + 7) >> 3);
    for (const file of files) {
      const bytes = bodies.bytesOf(file);
      if (bytes !== null) program.names.mark(bytes, this.#marks, this.#sieve);
    }
  }

  has(id: number): boolean {
    if (id < this.#known && this.#program.names.isLetThrough(id, this.#sieve))
      return (this.#marks[id >> 3]! & (1 << (id & 7))) !== 0;
    // A name that nothing had been registered under until an edit.
    return this.#files.some((file) => fileHolds(file, this.#program.names.text(id), this.#bodies));
  }
}

function fileHolds(file: SourceFile, name: string, bodies: FunctionBodies): boolean {
  const bytes = bodies.bytesOf(file);
  return bytes !== null && holdsName(bytes, name);
}

/** Whether each of some names stands in a filesystem's own files. */
class Mentions {
  readonly #program: Program;
  readonly #bodies: FunctionBodies;
  readonly #expected: readonly number[];
  readonly #folder: string;
  readonly #owns: (file: SourceFile) => boolean;
  readonly #asked = new Map<number, { found: boolean; readonly fact: Fact }>();
  /** As the files were when somebody asked first; null before that, and after an edit. */
  #names: NamesOfFiles | null = null;
  #isEdited = false;

  /** `folder`: all that it owns stands in it or below. */
  constructor(
    program: Program,
    bodies: FunctionBodies,
    expected: readonly number[],
    folder: string,
    owns: (file: SourceFile) => boolean,
  ) {
    this.#program = program;
    this.#bodies = bodies;
    this.#expected = expected;
    this.#folder = folder;
    this.#owns = owns;
  }

  has(identifier: string): boolean {
    const id = this.#program.names.internString(identifier);
    let answer = this.#asked.get(id);
    if (answer === undefined) {
      answer = {
        found: this.#isEdited ? this.#search(identifier, null) : this.#look(id),
        fact: newFact(this.#program.reads),
      };
      this.#asked.set(id, answer);
    }
    this.#program.reads?.read(answer.fact);
    return answer.found;
  }

  fileChanged({ file, names }: FileChange): void {
    this.#isEdited = true;
    this.#names = null;
    const set = (id: number, found: boolean): void => {
      const answer = this.#asked.get(id);
      if (answer === undefined || answer.found === found) return;
      answer.found = found;
      this.#program.reads?.change(answer.fact);
    };
    const search = (id: number): void => set(id, this.#search(this.#program.names.text(id), file));
    if (names === null) {
      for (const id of this.#asked.keys()) search(id);
      return;
    }
    for (const id of names.more) set(id, true);
    // What is named less often may still be named, here or in another file.
    for (const id of names.less) if (this.#asked.get(id)?.found) search(id);
  }

  #look(id: number): boolean {
    this.#names ??= new NamesOfFiles(this.#program, this.#bodies, this.#files(null), this.#expected);
    return this.#names.has(id);
  }

  #search(name: string, first: SourceFile | null): boolean {
    return this.#files(first).some((file) => fileHolds(file, name, this.#bodies));
  }

  #files(first: SourceFile | null): SourceFile[] {
    const files = filesBelow(this.#folder, this.#program).filter((file) => this.#owns(file));
    return first === null || !files.includes(first) ? files : [first, ...files.filter((file) => file !== first)];
  }
}

function makeFilesystem(
  first: TableRef,
  ids: ReadonlySet<string>,
  program: Program,
  lookup: Lookup,
  bodies: FunctionBodies,
  asked: readonly number[],
): FollowedFilesystem {
  let table = first;
  const home = table.file;
  const id = filesystemId(home);
  const isFolder = id === (home.directory || ROOT);
  const below = `${id}/`;
  const nested = [...ids].filter((other) => other !== id && other.startsWith(below));
  const owns = (file: SourceFile): boolean => {
    if (!isFolder) return file === home;
    if (id === ROOT) return true;
    if (file.directory !== id && !file.directory.startsWith(below)) return false;
    return !nested.some((other) => file.directory === other || file.directory.startsWith(`${other}/`));
  };
  const mentions = new Mentions(program, bodies, asked, home.directory, owns);
  const fact = new Fact();
  let operations = operationsOf(table, lookup);
  return {
    id,
    fact,
    get table() {
      return table;
    },
    get operations() {
      return operations;
    },
    owns,
    mentions: (identifier) => mentions.has(identifier),
    refresh(now) {
      const before = operations;
      const names = bindingsText(table);
      table = now;
      operations = operationsOf(now, lookup);
      const same =
        names === bindingsText(now) &&
        [...operations].every(([name, { function: fn }]) => before.get(name)?.function === fn);
      if (!same) program.reads?.change(fact);
    },
    fileChanged(change) {
      if (owns(change.file)) mentions.fileChanged(change);
    },
  };
}

function bindingsText(table: TableRef): string {
  return table.bindings.map(({ field, target }) => `${field}=${target}`).join();
}

function operationsOf(table: TableRef, lookup: Lookup): Map<EvictionOperation, OperationBinding> {
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
  return operations;
}
