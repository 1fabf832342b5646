/**
 * A mutant is a small edit of an unpacked kernel tree that plants a bug (or a look-alike that is none), held in memory:
 * no copy of the tree is made, and of the kernel's text only short anchor strings stand here.
 */
import type { RuleId } from "../../../server/src/core/report/finding.ts";

/** Where in a file an edit goes: in the definition of a function or struct, or in the initialiser of a table. */
export interface MutantEdit {
  readonly file: string;
  readonly function?: string;
  readonly struct?: string;
  readonly table?: string;
  /**
   * `start`: behind the opening brace. `above`: in front of the whole definition. Otherwise relative to `anchor`, which
   * must occur exactly once between the definition's braces.
   */
  readonly at: "start" | "above" | "after" | "before" | "replace";
  readonly anchor?: string;
  readonly text: string;
}

export interface Mutant {
  /** Rule, filesystem and kind in one name. */
  readonly id: string;
  readonly rule: RuleId;
  /** `shallow`: the bug stands in the operation; `deep`: behind calls; `guarded`: looks like it and is none. */
  readonly kind: "shallow" | "deep" | "guarded";
  /** As findings name it: `fs/minix`, `fs/inode.c`. */
  readonly filesystem: string;
  /** False: no finding of the rule may appear that was not there before. */
  readonly found: boolean;
  readonly edits: readonly MutantEdit[];
}

/**
 * Applies edits to the text of one file.
 * @throws Error when a definition or an anchor is missing or not unique: the tree is not the one that was meant
 */
export function applyEdits(text: string, edits: readonly MutantEdit[]): string {
  let result = text;
  for (const edit of edits) result = applyEdit(result, edit);
  return result;
}

function applyEdit(text: string, edit: MutantEdit): string {
  const scope = scopeOf(text, edit);
  const splice = (from: number, to: number) => text.slice(0, from) + edit.text + text.slice(to);
  if (edit.at === "above") return splice(scope.above, scope.above);
  if (edit.at === "start") return splice(scope.start, scope.start);
  const anchor = edit.anchor ?? "";
  const first = text.indexOf(anchor, scope.start);
  if (anchor === "" || first < 0 || first + anchor.length > scope.end)
    throw new Error(`${where(edit)}: no "${anchor}"`);
  const second = text.indexOf(anchor, first + 1);
  if (second >= 0 && second + anchor.length <= scope.end) throw new Error(`${where(edit)}: "${anchor}" is not unique`);
  if (edit.at === "before") return splice(first, first);
  if (edit.at === "after") return splice(first + anchor.length, first + anchor.length);
  return splice(first, first + anchor.length);
}

interface Scope {
  /** Offset of the line where the definition begins. */
  readonly above: number;
  /** Offset behind the opening brace. */
  readonly start: number;
  /** Offset of the closing brace, which kernel style puts into the first column. */
  readonly end: number;
}

function scopeOf(text: string, edit: MutantEdit): Scope {
  const { function: fn, struct, table } = edit;
  let pattern: RegExp;
  if (fn !== undefined) pattern = new RegExp(`^[a-z][^;{}]*\\b${fn}\\s*\\([^;{}]*\\)\\s*\\{`, "m");
  else if (struct !== undefined) pattern = new RegExp(`^struct ${struct}\\s*\\{`, "m");
  else if (table !== undefined) pattern = new RegExp(`^[a-z][^;{}]*\\b${table}\\s*=\\s*\\{`, "m");
  else throw new Error(`${edit.file}: an edit needs a function, a struct or a table`);
  const match = pattern.exec(text);
  if (match === null) throw new Error(`${where(edit)}: no definition`);
  const start = match.index + match[0].length;
  const end = text.indexOf("\n}", start);
  if (end < 0) throw new Error(`${where(edit)}: the definition does not end`);
  return { above: match.index, start, end };
}

function where(edit: MutantEdit): string {
  return `${edit.file}: ${edit.function ?? edit.struct ?? edit.table}`;
}

/**
 * Puts mutants into as few groups as possible: each group is one review. No two of a group touch one filesystem, nor one
 * file, unless by the very same edits.
 */
export function groupMutants(mutants: readonly Mutant[]): Mutant[][] {
  const groups: MutantGroup[] = [];
  for (const mutant of mutants) {
    const own = editsByFile(mutant);
    const free = groups.find(
      (group) =>
        !group.filesystems.has(mutant.filesystem) &&
        [...own].every(([file, edits]) => sameEdits(group.edits.get(file) ?? edits, edits)),
    );
    const group: MutantGroup = free ?? { members: [], filesystems: new Set(), edits: new Map() };
    if (free === undefined) groups.push(group);
    group.members.push(mutant);
    group.filesystems.add(mutant.filesystem);
    for (const [file, edits] of own) group.edits.set(file, edits);
  }
  return groups.map((group) => group.members);
}

interface MutantGroup {
  readonly members: Mutant[];
  readonly filesystems: Set<string>;
  readonly edits: Map<string, readonly MutantEdit[]>;
}

function editsByFile(mutant: Mutant): Map<string, MutantEdit[]> {
  const files = new Map<string, MutantEdit[]>();
  for (const edit of mutant.edits) files.set(edit.file, [...(files.get(edit.file) ?? []), edit]);
  return files;
}

function sameEdits(one: readonly MutantEdit[], other: readonly MutantEdit[]): boolean {
  return one.length === other.length && one.every((edit, index) => edit === other[index]);
}

/**
 * The edited texts of a group of mutants.
 * @param read gives a file's text, or null
 * @returns path to text, for every file that a mutant of the group touches
 */
export function overlayOf(mutants: readonly Mutant[], read: (path: string) => string | null): Map<string, string> {
  const overlay = new Map<string, string>();
  const done = new Set<MutantEdit>();
  for (const mutant of mutants) {
    for (const edit of mutant.edits) {
      if (done.has(edit)) continue;
      done.add(edit);
      const text = overlay.get(edit.file) ?? read(edit.file);
      if (text === null) throw new Error(`${mutant.id}: the tree has no ${edit.file}`);
      overlay.set(edit.file, applyEdits(text, [edit]));
    }
  }
  return overlay;
}
