/** Lists of what has one name, by the number of the name. */
import type { SourceFile } from "./program.ts";

const NONE: readonly never[] = [];

/**
 * A list has the order of files: which of several definitions wins must not depend on which was read or edited last. Of some
 * hundred thousand names few are ever asked for, so what is added is chained, and a list is made when somebody asks.
 */
export class NameLists<T extends { readonly file: SourceFile }> {
  readonly #values: T[] = [];
  /** For each value the one that was added before it under the same name (-1: none). */
  #before: Int32Array = new Int32Array(1024);
  /** For each name the value that was added last (-1: none). */
  #last: Int32Array = new Int32Array(1024).fill(-1);
  /** Those that were asked for; what is added later goes there alone. */
  readonly #lists = new Map<number, T[]>();

  add(name: number, value: T): void {
    const list = this.#lists.get(name);
    if (list !== undefined) {
      insert(list, value);
      return;
    }
    const at = this.#values.push(value) - 1;
    if (at >= this.#before.length) this.#before = grown(this.#before, 2 * at);
    if (name >= this.#last.length) this.#last = grown(this.#last, Math.max(name + 1, 2 * this.#last.length));
    this.#before[at] = this.#last[name]!;
    this.#last[name] = at;
  }

  addAll<U extends T>(values: readonly U[], nameOf: (value: U) => number): void {
    for (const each of values) this.add(nameOf(each), each);
  }

  get(name: number): readonly T[] {
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    const last = name < 0 || name >= this.#last.length ? -1 : this.#last[name]!;
    if (last < 0) return NONE;
    const added: T[] = [];
    for (let at = last; at >= 0; at = this.#before[at]!) added.push(this.#values[at]!);
    const list: T[] = [];
    for (let i = added.length - 1; i >= 0; i--) insert(list, added[i]!);
    this.#lists.set(name, list);
    return list;
  }

  /** Takes out those of a file, or of these some. */
  drop(name: number, file: SourceFile, isGone: (each: T) => boolean = () => true): void {
    const rest = this.get(name).filter((each) => each.file !== file || !isGone(each));
    this.#lists.set(name, rest);
  }
}

function insert<T extends { readonly file: SourceFile }>(list: T[], value: T): void {
  const { order } = value.file;
  let at = list.length;
  while (at > 0 && list[at - 1]!.file.order > order) at--;
  if (at === list.length) list.push(value);
  else list.splice(at, 0, value);
}

function grown(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(length).fill(-1);
  larger.set(array);
  return larger;
}
