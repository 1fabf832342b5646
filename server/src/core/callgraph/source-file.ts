/** A file of a program, whose macros are made one by one when somebody asks. */
import { MacroSpans } from "../syntax/macro-spans.ts";
import type { Skeleton } from "../syntax/skeleton.ts";
import type { NameTable } from "../text/name-table.ts";
import type { FunctionRef, SourceFile } from "./program.ts";
import { LazyMacro } from "./references.ts";

export const EMPTY_SKELETON: Skeleton = {
  functions: [],
  macros: MacroSpans.NONE,
  structs: [],
  typedefs: [],
  tables: [],
  bindings: [],
  invocations: [],
  includes: [],
  headers: [],
  complete: true,
};

export class ProgramFile implements SourceFile {
  readonly path: string;
  readonly directory: string;
  readonly isHeader: boolean;
  readonly order: string;
  skeleton: Skeleton = EMPTY_SKELETON;
  size = 0;
  generation = 0;
  functions: readonly FunctionRef[] = [];
  walksInodes = false;
  readonly #names: NameTable;
  /** Those that somebody asked for. */
  #macros: (LazyMacro | undefined)[] = [];

  constructor(path: string, names: NameTable) {
    const slash = path.lastIndexOf("/");
    this.path = path;
    this.directory = slash < 0 ? "" : path.slice(0, slash);
    this.isHeader = path.endsWith(".h");
    this.order = `${this.directory.replaceAll("/", "\0")}\0\0${path.slice(slash + 1)}`;
    this.#names = names;
  }

  macroAt(index: number): LazyMacro {
    let macro = this.#macros[index];
    if (macro === undefined) {
      macro = new LazyMacro(this, this.skeleton.macros.at(index), this.#names);
      this.#macros[index] = macro;
    }
    return macro;
  }

  get macros(): readonly LazyMacro[] {
    return Array.from({ length: this.skeleton.macros.length }, (_, index) => this.macroAt(index));
  }

  /** Takes a new skeleton, and the references for each of its macros. */
  replace(skeleton: Skeleton, macros: readonly LazyMacro[]): void {
    this.skeleton = skeleton;
    this.#macros = [...macros];
  }
}
