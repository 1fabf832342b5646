/** Lists of what has one name, by the number of the name. */
import type { SourceFile } from "./program.ts";

const NONE: readonly never[] = [];

/** What is added at once: so many values, made when somebody asks, each with the number of its name. */
export interface Source<T> {
  readonly length: number;
  nameAt(place: number): number;
  valueAt(place: number): T;
}

/** Values that are there already. */
export class Listed<T> implements Source<T> {
  readonly #values: readonly T[];
  readonly #nameOf: (value: T) => number;

  constructor(values: readonly T[], nameOf: (value: T) => number) {
    this.#values = values;
    this.#nameOf = nameOf;
  }

  get length(): number {
    return this.#values.length;
  }

  nameAt(place: number): number {
    return this.#nameOf(this.#values[place]!);
  }

  valueAt(place: number): T {
    return this.#values[place]!;
  }
}

/**
 * A list has the order of files: which of several definitions wins must not depend on which was read or edited last. Of some
 * hundred thousand names few are ever asked for, so what is added is chained, and a list is made when somebody asks.
 */
export class NameLists<T extends { readonly file: SourceFile }> {
  readonly #sources: Source<T>[] = [];
  /** For each that was added its source, and its place there. */
  #sourceOf: Int32Array = new Int32Array(1024);
  #placeOf: Int32Array = new Int32Array(1024);
  /** ... and the one that was added before it under the same name (-1: none). */
  #before: Int32Array = new Int32Array(1024);
  #count = 0;
  /** For each name the one that was added last (-1: none). */
  #last: Int32Array = new Int32Array(1024).fill(-1);
  /** Those that were asked for; what is added later goes there alone. */
  readonly #lists = new Map<number, T[]>();

  add(name: number, value: T): void {
    this.addAll(new Listed([value], () => name));
  }

  addAll(source: Source<T>): void {
    const number = this.#sources.push(source) - 1;
    for (let place = 0; place < source.length; place++) {
      const name = source.nameAt(place);
      const list = this.#lists.get(name);
      if (list === undefined) this.#chain(name, number, place);
      else insert(list, source.valueAt(place));
    }
  }

  #chain(name: number, source: number, place: number): void {
    const at = this.#count++;
    if (at >= this.#before.length) {
      this.#before = grown(this.#before, 2 * at);
      this.#sourceOf = grown(this.#sourceOf, 2 * at);
      this.#placeOf = grown(this.#placeOf, 2 * at);
    }
    if (name >= this.#last.length) this.#last = grown(this.#last, Math.max(name + 1, 2 * this.#last.length));
    this.#sourceOf[at] = source;
    this.#placeOf[at] = place;
    this.#before[at] = this.#last[name]!;
    this.#last[name] = at;
  }

  get(name: number): readonly T[] {
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    const last = name < 0 || name >= this.#last.length ? -1 : this.#last[name]!;
    if (last < 0) return NONE;
    const added: T[] = [];
    for (let at = last; at >= 0; at = this.#before[at]!)
      added.push(this.#sources[this.#sourceOf[at]!]!.valueAt(this.#placeOf[at]!));
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
