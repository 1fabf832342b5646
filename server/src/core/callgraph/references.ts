/** References to what stands in a file's skeleton; their names are made when somebody asks. */

import type { MacroSpan } from "../syntax/macro-spans.ts";
import { type FieldBinding, FROM_MACRO, type FunctionSpan, INLINE, STATIC } from "../syntax/skeleton.ts";
import type { NameTable } from "../text/name-table.ts";
import type { BindingRef, FunctionRef, MacroRef, SourceFile } from "./program.ts";

export class LazyFunction implements FunctionRef {
  readonly file: SourceFile;
  span: FunctionSpan;
  readonly #names: NameTable;
  readonly madeBy: string | null;
  constructor(file: SourceFile, span: FunctionSpan, names: NameTable, madeBy: string | null = null) {
    this.file = file;
    this.span = span;
    this.#names = names;
    this.madeBy = madeBy;
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

export class LazyMacro implements MacroRef {
  readonly file: SourceFile;
  span: MacroSpan;
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

export class LazyBinding implements BindingRef {
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
