/**
 * Every top-level thing of the tree by name: functions, function-like macros, structs, tables, field bindings.
 * Built from skeletons; holds no source text. Files can be replaced one by one while documents are edited.
 */

import {
  type FieldBinding,
  FROM_MACRO,
  type FunctionSpan,
  INLINE,
  type MacroSpan,
  type Skeleton,
  STATIC,
  type StructSpan,
  scanSkeleton,
  type TableSpan,
} from "../syntax/skeleton.ts";
import { NameTable } from "../text/name-table.ts";

/** Reads a file's bytes now; null when it is gone. Paths are relative to the root, with `/`. */
export type SourceReader = (path: string) => Uint8Array | null;

export interface SourceFile {
  readonly path: string;
  /** The folder, without a trailing `/`; "" for the root. */
  readonly directory: string;
  readonly isHeader: boolean;
  skeleton: Skeleton;
  size: number;
  /** Changes with every replacement; caches compare it. */
  generation: number;
  functions: readonly FunctionRef[];
  /** It names something by which inodes of a hash are walked or held (a cheap test of its bytes). */
  readonly walksInodes: boolean;
}

export interface FunctionRef {
  readonly file: SourceFile;
  readonly name: string;
  readonly isStatic: boolean;
  readonly isInline: boolean;
  readonly fromMacro: boolean;
  readonly span: FunctionSpan;
}

export interface MacroRef {
  readonly file: SourceFile;
  readonly name: string;
  readonly span: MacroSpan;
}

export interface StructRef {
  readonly file: SourceFile;
  readonly span: StructSpan;
}

export interface TableRef {
  readonly file: SourceFile;
  readonly struct: string;
  readonly name: string;
  readonly span: TableSpan;
  readonly bindings: readonly BindingRef[];
}

export interface BindingRef {
  readonly file: SourceFile;
  readonly field: string;
  readonly target: string;
  readonly span: FieldBinding;
  /** Null for an assignment in a body. */
  readonly struct: string | null;
  readonly table: string | null;
}

export class Program {
  readonly names = new NameTable();
  readonly files = new Map<string, SourceFile>();
  readonly #read: SourceReader;
  #functions = new Map<number, FunctionRef[]>();
  #macros = new Map<number, MacroRef[]>();
  #structs = new Map<number, StructRef[]>();
  #typedefs = new Map<number, number>();
  #tables = new Map<number, TableRef[]>();
  #bindings = new Map<number, BindingRef[]>();
  #generation = 0;

  constructor(read: SourceReader) {
    this.#read = read;
  }

  get generation(): number {
    return this.#generation;
  }

  read(path: string): Uint8Array | null {
    return this.#read(path);
  }

  /** Adds a file, or replaces it when it is there already. */
  setFile(path: string, bytes: Uint8Array): SourceFile {
    this.removeFile(path);
    const skeleton = scanSkeleton(bytes, this.names);
    const slash = path.lastIndexOf("/");
    const file: SourceFile = {
      path,
      directory: slash < 0 ? "" : path.slice(0, slash),
      isHeader: path.endsWith(".h"),
      skeleton,
      size: bytes.length,
      generation: ++this.#generation,
      functions: [],
      walksInodes:
        path.endsWith(".c") &&
        (contains(bytes, "__iget(") || contains(bytes, "find_inode_nowait(") || contains(bytes, "ihold(")),
    };
    file.functions = skeleton.functions.map((span) => new LazyFunction(file, span, this.names));
    this.files.set(path, file);
    for (const each of file.functions) push(this.#functions, each.span.name, each);
    for (const span of skeleton.macros) push(this.#macros, span.name, new LazyMacro(file, span, this.names));
    for (const span of skeleton.structs) push(this.#structs, span.name, { file, span });
    for (const { name, struct } of skeleton.typedefs) this.#typedefs.set(name, struct);
    const bindings = skeleton.bindings.map((span) => new LazyBinding(file, span, this.names));
    for (const each of bindings) push(this.#bindings, each.span.field, each);
    skeleton.tables.forEach((span, index) => {
      push(this.#tables, span.struct, {
        file,
        struct: this.names.text(span.struct),
        name: this.names.text(span.name),
        span,
        bindings: bindings.filter((each) => each.span.table === index),
      });
    });
    return file;
  }

  removeFile(path: string): void {
    const file = this.files.get(path);
    if (file === undefined) return;
    this.files.delete(path);
    this.#generation++;
    const { skeleton } = file;
    for (const span of skeleton.functions) drop(this.#functions, span.name, file);
    for (const span of skeleton.macros) drop(this.#macros, span.name, file);
    for (const span of skeleton.structs) drop(this.#structs, span.name, file);
    for (const span of skeleton.tables) drop(this.#tables, span.struct, file);
    for (const span of skeleton.bindings) drop(this.#bindings, span.field, file);
  }

  functionsNamed(name: string): readonly FunctionRef[] {
    return this.#functions.get(this.names.find(name)) ?? [];
  }

  macrosNamed(name: string): readonly MacroRef[] {
    return this.#macros.get(this.names.find(name)) ?? [];
  }

  structsNamed(name: string): readonly StructRef[] {
    return this.#structs.get(this.names.find(name)) ?? [];
  }

  /** The struct tag behind a typedef, or the name itself. */
  structOfTypedef(name: string): string {
    const struct = this.#typedefs.get(this.names.find(name));
    return struct === undefined ? name : this.names.text(struct);
  }

  tablesOf(struct: string): readonly TableRef[] {
    return this.#tables.get(this.names.find(struct)) ?? [];
  }

  bindingsOf(field: string): readonly BindingRef[] {
    return this.#bindings.get(this.names.find(field)) ?? [];
  }

  /** Names of the structs of which there is an initialised variable. */
  *tableStructs(): Iterable<string> {
    for (const id of this.#tables.keys()) yield this.names.text(id);
  }
}

class LazyFunction implements FunctionRef {
  readonly file: SourceFile;
  readonly span: FunctionSpan;
  readonly #names: NameTable;
  constructor(file: SourceFile, span: FunctionSpan, names: NameTable) {
    this.file = file;
    this.span = span;
    this.#names = names;
  }
  get name(): string {
    return this.#names.text(this.span.name);
  }
  get isStatic(): boolean {
    return (this.span.flags & STATIC) !== 0;
  }
  get isInline(): boolean {
    return (this.span.flags & INLINE) !== 0;
  }
  get fromMacro(): boolean {
    return (this.span.flags & FROM_MACRO) !== 0;
  }
}

class LazyMacro implements MacroRef {
  readonly file: SourceFile;
  readonly span: MacroSpan;
  readonly #names: NameTable;
  constructor(file: SourceFile, span: MacroSpan, names: NameTable) {
    this.file = file;
    this.span = span;
    this.#names = names;
  }
  get name(): string {
    return this.#names.text(this.span.name);
  }
}

class LazyBinding implements BindingRef {
  readonly file: SourceFile;
  readonly span: FieldBinding;
  readonly #names: NameTable;
  constructor(file: SourceFile, span: FieldBinding, names: NameTable) {
    this.file = file;
    this.span = span;
    this.#names = names;
  }
  get field(): string {
    return this.#names.text(this.span.field);
  }
  get target(): string {
    return this.#names.text(this.span.target);
  }
  get struct(): string | null {
    const table = this.file.skeleton.tables[this.span.table];
    return table === undefined ? null : this.#names.text(table.struct);
  }
  get table(): string | null {
    const table = this.file.skeleton.tables[this.span.table];
    return table === undefined ? null : this.#names.text(table.name);
  }
}

function contains(bytes: Uint8Array, word: string): boolean {
  const first = word.charCodeAt(0);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let k = 1;
    while (k < word.length && bytes[at + k] === word.charCodeAt(k)) k++;
    if (k === word.length) return true;
  }
  return false;
}

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function drop<T extends { readonly file: SourceFile }>(map: Map<number, T[]>, key: number, file: SourceFile): void {
  const list = map.get(key);
  if (list === undefined) return;
  const rest = list.filter((each) => each.file !== file);
  if (rest.length === 0) map.delete(key);
  else map.set(key, rest);
}
