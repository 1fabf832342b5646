/** What an edit of one file changes for the rest of the tree: which texts, which names. What only moved is no change. */
import { INLINE, type Skeleton, STATIC } from "../syntax/skeleton.ts";
import { findWord } from "../text/byte-search.ts";
import type { NameTable } from "../text/name-table.ts";
import type { FunctionRef, MacroRef, SourceFile } from "./program.ts";

export interface FileChange {
  readonly file: SourceFile;
  /** Functions and macros whose text is another, or that are gone. */
  readonly texts: ReadonlySet<FunctionRef | MacroRef>;
  /** Names (by number) that may mean another function, macro or variable now. */
  readonly definitions: ReadonlySet<number>;
  readonly structs: ReadonlySet<number>;
  readonly typedefs: ReadonlySet<number>;
  /** Fields whose bindings (in tables or by assignment) changed. */
  readonly fields: ReadonlySet<number>;
  /** Its initialised tables, or what one of them names, changed. */
  readonly tables: boolean;
  /**
   * C files include others than before: whose static functions are whose may have changed anywhere. Or a macro changed that is
   * called at the top level of a file.
   */
  readonly units: boolean;
  /** Macros are called at its top level: the functions that they make have moved, or are others. */
  readonly invokes: boolean;
  /** Whether it walks or holds inodes of a hash (`SourceFile.walksInodes`) is another than before. */
  readonly walks: boolean;
  /** Where functions and macros whose text is the same stand now. */
  readonly moves: readonly LineMove[];
  /** Names that stand in it more often than before, and less often; null when its text before is not known. */
  readonly names: { readonly more: ReadonlySet<number>; readonly less: ReadonlySet<number> } | null;
}

/** Lines `from` to `to` (1-based, both included, as they were before) stand `by` lines further down. */
export interface LineMove {
  readonly from: number;
  readonly to: number;
  readonly by: number;
}

/** What a name's definition is compared by. */
interface Definition {
  readonly name: number;
  readonly start: number;
  readonly end: number;
}

/** Compares the names of two texts of a file where they differ. */
export function compareNames(
  before: Uint8Array,
  after: Uint8Array,
  names: NameTable,
): NonNullable<FileChange["names"]> {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  while (head > 0 && isWord(after[head - 1])) head--;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  while (tail > 0 && isWord(after[after.length - tail])) tail--;
  const counts = new Map<number, number>();
  const count = (bytes: Uint8Array, by: number): void => {
    for (let i = head; i < bytes.length - tail; i++) {
      if (!isWord(bytes[i])) continue;
      const from = i;
      while (i < bytes.length - tail && isWord(bytes[i])) i++;
      const id = names.intern(bytes, from, i);
      counts.set(id, (counts.get(id) ?? 0) + by);
    }
  };
  count(before, -1);
  count(after, 1);
  const more = new Set<number>();
  const less = new Set<number>();
  for (const [id, difference] of counts)
    if (difference > 0) more.add(id);
    else if (difference < 0) less.add(id);
  return { more, less };
}

/** Whether a name stands in a text as a word of its own. */
export function holdsName(bytes: Uint8Array, name: string): boolean {
  for (let at = findWord(bytes, name); at >= 0; at = findWord(bytes, name, at + 1))
    if (!isWord(bytes[at - 1]) && !isWord(bytes[at + name.length])) return true;
  return false;
}

function isWord(c: number | undefined): boolean {
  return c !== undefined && ((c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95);
}

interface Placed extends Definition {
  readonly line: number;
  readonly nameStart?: number;
}

function countLines(bytes: Uint8Array, from: number, to: number): number {
  let lines = 0;
  for (let i = from; i < to; i++) if (bytes[i] === 10) lines++;
  return lines;
}

/** Pairs each new definition with the old one of its name: the first with the first, the second with the second. */
export function pairByName<T extends object>(
  old: readonly T[],
  spanOf: (each: T) => Definition,
  spans: readonly Definition[],
): { readonly pairs: readonly (T | null)[]; readonly gone: readonly T[] } {
  const byName = new Map<number, T[]>();
  for (const each of old) {
    const { name } = spanOf(each);
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [each]);
    else list.push(each);
  }
  const taken = new Map<number, number>();
  const pairs = spans.map(({ name }) => {
    const at = taken.get(name) ?? 0;
    taken.set(name, at + 1);
    return byName.get(name)?.[at] ?? null;
  });
  const kept = new Set(pairs);
  return { pairs, gone: old.filter((each) => !kept.has(each)) };
}

/** Compares two texts of one file range by range. Without the old bytes everything counts as changed. */
export class TextComparison {
  readonly #before: Uint8Array | null;
  readonly #after: Uint8Array;

  constructor(before: Uint8Array | null, after: Uint8Array) {
    this.#before = before;
    this.#after = after;
  }

  /** The lines of a text that is the same as before; null when it has not moved. */
  moveOf(old: Placed, now: Placed): LineMove | null {
    const by = now.line - old.line;
    if (by === 0 || this.#before === null) return null;
    // A macro is placed by its `#`, a function by its name.
    const anchor = old.nameStart ?? old.start;
    const from = old.line - countLines(this.#before, old.start, anchor);
    return { from, to: old.line + countLines(this.#before, anchor, old.end), by };
  }

  isSame(old: Definition, now: Definition): boolean {
    const length = now.end - now.start;
    if (this.#before === null || old.end - old.start !== length || old.end > this.#before.length) return false;
    for (let i = 0; i < length; i++) if (this.#before[old.start + i] !== this.#after[now.start + i]) return false;
    return true;
  }
}

/** The flags that decide which definition a name means. */
export const VISIBILITY = STATIC | INLINE;

/** For each field, what is bound to it, in order; two skeletons with equal texts have equal bindings. */
export function bindingsByField(skeleton: Skeleton): Map<number, string> {
  const texts = new Map<number, string>();
  for (const { field, target, table } of skeleton.bindings) {
    const owner = skeleton.tables[table];
    const text = `${target} ${owner === undefined ? "" : `${owner.struct} ${owner.name}`};`;
    texts.set(field, (texts.get(field) ?? "") + text);
  }
  return texts;
}

/** All initialised tables with all that they bind, in order. */
export function tablesText(skeleton: Skeleton): string {
  const texts = skeleton.tables.map(({ struct, name }) => `${struct} ${name}:`);
  for (const { field, target, table } of skeleton.bindings) if (table >= 0) texts[table] += `${field}=${target},`;
  return texts.join(";");
}

export function typedefsText(skeleton: Skeleton): Map<number, string> {
  const texts = new Map<number, string>();
  for (const { name, struct } of skeleton.typedefs) texts.set(name, `${texts.get(name) ?? ""} ${struct}`);
  return texts;
}

/** The keys whose values differ, or that only one of the two has. */
export function differing(a: ReadonlyMap<number, string>, b: ReadonlyMap<number, string>): Set<number> {
  const keys = new Set<number>();
  for (const [key, text] of a) if (b.get(key) !== text) keys.add(key);
  for (const key of b.keys()) if (!a.has(key)) keys.add(key);
  return keys;
}
