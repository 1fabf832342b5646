/** Which functions macros make in which files of a program, and whether an edit may change that. */
import type { LineMove } from "./file-change.ts";
import type { NameLists } from "./name-lists.ts";
import type { FunctionRef, MadeFunctions, Program, SourceFile } from "./program.ts";
import { LazyFunction } from "./references.ts";

interface Made {
  readonly file: SourceFile;
  readonly made: MadeFunctions;
  /** For each of `made.functions` its reference. */
  readonly references: readonly LazyFunction[];
}

export class MadeInFiles {
  readonly #program: Program;
  /** All functions of the program by name; those that are made are entered beside the others. */
  readonly #functions: NameLists<FunctionRef>;
  readonly #files = new Map<string, Made>();

  constructor(program: Program, functions: NameLists<FunctionRef>) {
    this.#program = program;
    this.#functions = functions;
  }

  /** What stands behind a file's own text; null for nothing. */
  bytesOf(path: string): Uint8Array | null {
    return this.#files.get(path)?.made.bytes ?? null;
  }

  /** Takes what is made in all files, in place of what was. Returns the files whose text is another now. */
  replace(made: ReadonlyMap<string, MadeFunctions>): SourceFile[] {
    const changed = [...this.#files.values()].map(({ file }) => file);
    for (const { file, references } of this.#files.values())
      for (const { span } of references) this.#functions.drop(span.name, file, isMade);
    this.#files.clear();
    for (const [path, each] of made) {
      const file = this.#program.files.get(path)!;
      const references = each.functions.map(
        ({ span, macro }) => new LazyFunction(file, span, this.#program.names, macro),
      );
      for (const reference of references) this.#functions.add(reference.span.name, reference);
      this.#files.set(path, { file, made: each, references });
      changed.push(file);
    }
    return changed;
  }

  /** Whether a call at some top level may expand a macro of one of these names (by number). */
  expandsOneOf(names: ReadonlySet<number>): boolean {
    if (names.size === 0) return false;
    for (const { skeleton } of this.#program.files.values())
      if (skeleton.invocations.some(({ name }) => names.has(name))) return true;
    const texts = [...names].map((name) => this.#program.names.text(name));
    return [...this.#files.values()].some(({ made }) => texts.some((name) => made.macros.has(name)));
  }

  /** Takes what is made in a file now when it is the same as before, standing elsewhere: the moved lines. Null when it is not. */
  move(path: string, now: MadeFunctions | null): LineMove[] | null {
    const known = this.#files.get(path);
    if (known === undefined || now === null) return known === undefined && now === null ? [] : null;
    if (!isSameText(known.made, now)) return null;
    const moves: LineMove[] = [];
    known.references.forEach((reference, i) => {
      const { line } = reference.span;
      reference.span = now.functions[i]!.span;
      const by = reference.span.line - line;
      if (by !== 0 && moves.at(-1)?.from !== line) moves.push({ from: line, to: line, by });
    });
    this.#files.set(path, { ...known, made: now });
    return moves;
  }
}

function isMade({ madeBy }: FunctionRef): boolean {
  return madeBy !== null;
}

function isSameText(a: MadeFunctions, b: MadeFunctions): boolean {
  return (
    a.bytes.length === b.bytes.length &&
    a.bytes.every((byte, i) => byte === b.bytes[i]) &&
    a.functions.length === b.functions.length &&
    a.functions.every(({ macro }, i) => macro === b.functions[i]!.macro)
  );
}
