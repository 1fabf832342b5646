/**
 * Every top-level thing of the tree by name: functions, function-like macros, structs, tables, field bindings.
 * Built from skeletons; holds no source text. Files can be replaced one by one while documents are edited.
 */

import type { MacroSpan } from "../syntax/macro-spans.ts";
import {
  type FieldBinding,
  type FunctionSpan,
  type Skeleton,
  type StructSpan,
  scanSkeleton,
  type TableSpan,
} from "../syntax/skeleton.ts";
import { bufferLike } from "../text/byte-search.ts";
import { NameTable } from "../text/name-table.ts";
import { WordSearch } from "../text/word-search.ts";
import {
  bindingsByField,
  compareNames,
  differing,
  type FileChange,
  type LineMove,
  pairByName,
  TextComparison,
  tablesText,
  typedefsText,
  VISIBILITY,
} from "./file-change.ts";
import { MadeInFiles } from "./made-in-files.ts";
import { Listed, NameLists } from "./name-lists.ts";
import type { Reads } from "./reads.ts";
import { LazyBinding, LazyFunction, LazyMacro } from "./references.ts";
import { EMPTY_SKELETON, ProgramFile } from "./source-file.ts";

/** Reads a file's bytes now; null when it is gone. Paths are relative to the root, with `/`. */
export type SourceReader = (path: string) => Uint8Array | null;

export interface SourceFile {
  readonly path: string;
  /** The folder, without a trailing `/`; "" for the root. */
  readonly directory: string;
  readonly isHeader: boolean;
  /** Sorts files as a listing does: a folder's own files before those of its folders. */
  readonly order: string;
  skeleton: Skeleton;
  size: number;
  /** Changes with every replacement; caches compare it. */
  generation: number;
  functions: readonly FunctionRef[];
  readonly macros: readonly MacroRef[];
  /** It names something by which inodes of a hash are walked or held (a cheap test of its bytes). */
  walksInodes: boolean;
}

export interface FunctionRef {
  readonly file: SourceFile;
  readonly name: string;
  readonly isStatic: boolean;
  readonly isInline: boolean;
  readonly fromMacro: boolean;
  /** The macro whose call at the top level makes it; null for a function that is written out. */
  readonly madeBy: string | null;
  /** Moves with edits around it: a function stays the same one while its file has one of its name. */
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

/** Functions that macros' calls at the top level make in one file. */
export interface MadeFunctions {
  /** Their text. It is read as if it stood behind the file's own. */
  readonly bytes: Uint8Array;
  readonly functions: readonly { readonly span: FunctionSpan; readonly macro: string }[];
  /** Names of the macros. */
  readonly macros: ReadonlySet<string>;
}

export class Program {
  readonly names = new NameTable();
  readonly files = new Map<string, ProgramFile>();
  /** Set where edits are to be followed: notes who asked for what. */
  reads: Reads | null = null;
  readonly #read: SourceReader;
  readonly #functions = new NameLists<FunctionRef>();
  readonly #macros = new NameLists<MacroRef>();
  readonly #structs = new NameLists<StructRef>();
  readonly #typedefs = new NameLists<TypedefRef>();
  readonly #tables = new NameLists<TableRef>();
  readonly #bindings = new NameLists<BindingRef>();
  readonly #made: MadeInFiles;
  #generation = 0;
  #inOrder: readonly SourceFile[] | null = null;

  constructor(read: SourceReader) {
    this.#read = read;
    this.#made = new MadeInFiles(this, this.#functions);
  }

  get generation(): number {
    return this.#generation;
  }

  /** A file's bytes, and behind them the functions that macros make in it. */
  read(path: string): Uint8Array | null {
    const bytes = this.#read(path);
    const made = this.#made.bytesOf(path);
    if (bytes === null || made === null) return bytes;
    const all = bufferLike(bytes, bytes.length + made.length);
    all.set(bytes);
    all.set(made, bytes.length);
    return all;
  }

  /** Takes the functions that macros make, by file, in place of those that it has. */
  setMade(made: ReadonlyMap<string, MadeFunctions>): void {
    for (const file of this.#made.replace(made)) file.generation = ++this.#generation;
  }

  /** Takes what macros make in an edited file when it only moved, and says which lines moved; null when it is another. */
  moveMade(path: string, made: MadeFunctions | null): LineMove[] | null {
    return this.#made.move(path, made);
  }

  /** All files, in an order that does not depend on when each was read or edited. */
  get filesInOrder(): readonly SourceFile[] {
    this.#inOrder ??= [...this.files.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
    return this.#inOrder;
  }

  /** Whether it has a file that stands in this very folder. */
  hasFolder(directory: string): boolean {
    for (const file of this.files.values()) if (file.directory === directory) return true;
    return false;
  }

  /** Adds a file, or replaces it when it is there already. */
  setFile(path: string, bytes: Uint8Array): SourceFile {
    if (this.files.has(path)) this.replaceFile(path, bytes, null);
    else this.#add(path, bytes);
    return this.files.get(path)!;
  }

  /** A file that was not there, when nobody asks what changes with it. */
  #add(path: string, bytes: Uint8Array): void {
    const file = new ProgramFile(path, this.names);
    file.skeleton = scanSkeleton(bytes, this.names);
    file.size = bytes.length;
    file.generation = ++this.#generation;
    file.functions = file.skeleton.functions.map((span) => new LazyFunction(file, span, this.names));
    file.walksInodes = walksInodes(path, bytes);
    this.files.set(path, file);
    this.#enter(file);
    this.#inOrder = null;
  }

  removeFile(path: string): void {
    this.replaceFile(path, null, null);
  }

  /**
   * Takes a file's new bytes (null: it is gone) and says what changes with them. `before` are its bytes until now; without
   * them everything in it counts as changed. Functions and macros keep their identity by name, whatever their text.
   */
  replaceFile(path: string, bytes: Uint8Array | null, before: Uint8Array | null): FileChange {
    const old = this.files.get(path);
    const file = old ?? new ProgramFile(path, this.names);
    const skeleton = bytes === null ? EMPTY_SKELETON : scanSkeleton(bytes, this.names);
    const comparison = new TextComparison(before, bytes ?? NO_BYTES);
    const definitions = new Set<number>();
    const texts = new Set<FunctionRef | MacroRef>();
    const moves: LineMove[] = [];
    const functions = this.#pair(
      (file.functions as LazyFunction[]) ?? [],
      skeleton.functions,
      (span) => new LazyFunction(file, span, this.names),
      { comparison, texts, definitions, moves, among: this.#functions },
    );
    const macros = this.#pair(file.macros, skeleton.macros.all(), (span) => new LazyMacro(file, span, this.names), {
      comparison,
      texts,
      definitions,
      moves,
      among: this.#macros,
    });
    const structs = changedStructs(file.skeleton, skeleton, comparison);
    const typedefs = differing(typedefsText(file.skeleton), typedefsText(skeleton));
    const fields = differing(bindingsByField(file.skeleton), bindingsByField(skeleton));
    const tables = tablesText(file.skeleton) !== tablesText(skeleton);
    // Variables of a struct's type are looked up by name, too.
    if (tables) for (const { name } of [...file.skeleton.tables, ...skeleton.tables]) definitions.add(name);
    const changedMacros = [...texts].filter((each) => "functionLike" in each.span).map(({ span }) => span.name);
    const makes = this.#made.expandsOneOf(new Set([...definitions, ...changedMacros]));
    const invokes = file.skeleton.invocations.length > 0 || skeleton.invocations.length > 0;
    const units =
      makes ||
      file.skeleton.includes.join() !== skeleton.includes.join() ||
      ((old === undefined || bytes === null) && this.#isIncluded(path));
    const names = before === null || bytes === null ? null : compareNames(before, bytes, this.names);
    if (old !== undefined) this.#withdraw(file);
    file.replace(skeleton, macros);
    file.size = bytes?.length ?? 0;
    file.generation = ++this.#generation;
    file.functions = functions;
    const walked = file.walksInodes;
    file.walksInodes = bytes !== null && walksInodes(path, bytes);
    if (bytes === null) this.files.delete(path);
    else {
      this.files.set(path, file);
      this.#enter(file);
    }
    if (old === undefined || bytes === null) this.#inOrder = null;
    // Functions that macros make are found in all files together.
    if (makes) this.setMade(new Map());
    return {
      file,
      texts,
      definitions,
      structs,
      typedefs,
      fields,
      tables,
      units,
      invokes,
      walks: walked !== file.walksInodes,
      moves,
      names,
    };
  }

  /** The references for new spans: the old ones by name where there are such. Notes what is another than before. */
  #pair<S extends FunctionSpan | MacroSpan, T extends (FunctionRef | MacroRef) & { span: S }>(
    old: readonly T[],
    spans: readonly S[],
    make: (span: S) => T,
    changes: {
      readonly comparison: TextComparison;
      readonly texts: Set<FunctionRef | MacroRef>;
      readonly definitions: Set<number>;
      readonly moves: LineMove[];
      readonly among: { get(name: number): readonly unknown[] };
    },
  ): T[] {
    const { comparison, texts, definitions, moves, among } = changes;
    const { pairs, gone } = pairByName(old, (each) => each.span, spans);
    for (const each of gone) {
      texts.add(each);
      definitions.add(each.span.name);
    }
    return spans.map((span, i) => {
      const known = pairs[i];
      if (known === null || known === undefined) {
        definitions.add(span.name);
        return make(span);
      }
      if (!comparison.isSame(known.span, span)) {
        texts.add(known);
        // Among several of one name the larger wins.
        const isAlone = among.get(span.name).length < 2;
        if (!isAlone || visibilityOf(known.span) !== visibilityOf(span)) definitions.add(span.name);
      } else {
        const move = comparison.moveOf(known.span, span);
        if (move !== null) moves.push(move);
      }
      known.span = span;
      return known;
    });
  }

  /** Whether another file includes this one's text. */
  #isIncluded(path: string): boolean {
    for (const { directory, skeleton } of this.files.values())
      if (skeleton.includes.some((name) => `${directory}/${name}` === path)) return true;
    return false;
  }

  #enter(file: ProgramFile): void {
    const { functions, skeleton } = file;
    this.#functions.addAll(new Listed(functions, (each) => each.span.name));
    this.#macros.addAll({
      length: skeleton.macros.length,
      nameAt: (index) => skeleton.macros.nameAt(index),
      valueAt: (index) => file.macroAt(index),
    });
    for (const span of skeleton.structs) this.#structs.add(span.name, { file, span });
    for (const { name, struct } of skeleton.typedefs) this.#typedefs.add(name, { file, struct });
    const bindings = skeleton.bindings.map((span) => new LazyBinding(file, span, this.names));
    this.#bindings.addAll(new Listed(bindings, (each) => each.span.field));
    const ofTable = bindingsByTable(bindings);
    skeleton.tables.forEach((span, index) => {
      this.#tables.add(span.struct, {
        file,
        struct: this.names.text(span.struct),
        name: this.names.text(span.name),
        span,
        bindings: ofTable.get(index) ?? NO_BINDINGS,
      });
    });
  }

  #withdraw(file: SourceFile): void {
    const { skeleton } = file;
    for (const span of skeleton.functions) this.#functions.drop(span.name, file, ({ madeBy }) => madeBy === null);
    for (const span of skeleton.macros.all()) this.#macros.drop(span.name, file);
    for (const span of skeleton.structs) this.#structs.drop(span.name, file);
    for (const span of skeleton.typedefs) this.#typedefs.drop(span.name, file);
    for (const span of skeleton.tables) this.#tables.drop(span.struct, file);
    for (const span of skeleton.bindings) this.#bindings.drop(span.field, file);
  }

  functionsNamed(name: string): readonly FunctionRef[] {
    this.reads?.readName("definition", name);
    return this.#functions.get(this.names.find(name));
  }

  macrosNamed(name: string): readonly MacroRef[] {
    this.reads?.readName("definition", name);
    return this.#macros.get(this.names.find(name));
  }

  structsNamed(name: string): readonly StructRef[] {
    this.reads?.readName("struct", name);
    return this.#structs.get(this.names.find(name));
  }

  /** The struct tag behind a typedef, or the name itself. */
  structOfTypedef(name: string): string {
    this.reads?.readName("typedef", name);
    const struct = this.#typedefs.get(this.names.find(name)).at(-1)?.struct;
    return struct === undefined ? name : this.names.text(struct);
  }

  tablesOf(struct: string): readonly TableRef[] {
    return this.#tables.get(this.names.find(struct));
  }

  bindingsOf(field: string): readonly BindingRef[] {
    this.reads?.readName("field", field);
    return this.#bindings.get(this.names.find(field));
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_BINDINGS: readonly BindingRef[] = [];
let walks: WordSearch | null = null;

function walksInodes(path: string, bytes: Uint8Array): boolean {
  walks ??= new WordSearch(["__iget(", "find_inode_nowait(", "ihold("]);
  return path.endsWith(".c") && walks.holdsOne(bytes);
}

function bindingsByTable(bindings: readonly BindingRef[]): Map<number, BindingRef[]> {
  const ofTable = new Map<number, BindingRef[]>();
  for (const each of bindings) {
    const { table } = each.span;
    if (table < 0) continue;
    const own = ofTable.get(table);
    if (own === undefined) ofTable.set(table, [each]);
    else own.push(each);
  }
  return ofTable;
}

function visibilityOf(span: FunctionSpan | MacroSpan): number {
  return "flags" in span ? span.flags & VISIBILITY : span.functionLike ? 1 : 0;
}

/** Structs that are not word for word as before. */
function changedStructs(before: Skeleton, now: Skeleton, comparison: TextComparison): Set<number> {
  const changed = new Set<number>();
  const { pairs, gone } = pairByName(before.structs, (each) => each, now.structs);
  for (const { name } of gone) changed.add(name);
  now.structs.forEach((span, i) => {
    const old = pairs[i];
    if (old === null || old === undefined || !comparison.isSame(old, span)) changed.add(span.name);
  });
  return changed;
}

interface TypedefRef {
  readonly file: SourceFile;
  readonly struct: number;
}
