/**
 * What is known of values by name at a point of a function. They are few (six in the middle) and most copies have the names of
 * what they were copied from: two lists are copied, searched and compared in a fraction of a map's time.
 */
import { join, same, type Value } from "./value.ts";

export class Env {
  static readonly EMPTY: Env = new Env([], []);

  /** In the order in which they came; shared by copies, never changed in place. */
  #names: readonly string[];
  readonly #values: Value[];

  private constructor(names: readonly string[], values: Value[]) {
    this.#names = names;
    this.#values = values;
  }

  static of(...entries: Iterable<readonly [string, Value]>[]): Env {
    const env = Env.EMPTY.copy();
    for (const list of entries) for (const [name, value] of list) env.set(name, value);
    return env;
  }

  copy(): Env {
    return new Env(this.#names, this.#values.slice());
  }

  get(name: string): Value {
    const at = this.#names.indexOf(name);
    return at < 0 ? undefined : this.#values[at];
  }

  /** As `get`, and null for a name of which there is not even an entry. */
  find(name: string): Value | null {
    const at = this.#names.indexOf(name);
    return at < 0 ? null : this.#values[at];
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** For the one who made the copy. */
  set(name: string, value: Value): void {
    const at = this.#names.indexOf(name);
    if (at >= 0) this.#values[at] = value;
    else {
      this.#names = [...this.#names, name];
      this.#values.push(value);
    }
  }

  *[Symbol.iterator](): Iterator<readonly [string, Value]> {
    for (let at = 0; at < this.#names.length; at++) yield [this.#names[at]!, this.#values[at]];
  }

  /** What is known where a way with `this` and one with `other` meet. `this` itself when nothing is lost, so that a fixpoint shows by identity. */
  join(other: Env): Env {
    if (this === other) return this;
    const names = this.#names;
    const isAlike = names === other.#names;
    let values: Value[] | null = null;
    let lost: Set<number> | null = null;
    for (let at = 0; at < names.length; at++) {
      const value = this.#values[at];
      const there = isAlike || other.#names[at] === names[at] ? at : other.#names.indexOf(names[at]!);
      const joined = there < 0 ? undefined : join(value, other.#values[there]);
      if (same(joined, value)) continue;
      values ??= this.#values.slice();
      values[at] = joined;
      if (there < 0) {
        lost ??= new Set();
        lost.add(at);
      }
    }
    if (values === null) return this;
    if (lost === null) return new Env(names, values);
    const isKept = (_: unknown, at: number): boolean => !lost.has(at);
    return new Env(names.filter(isKept), values.filter(isKept));
  }
}

/** An environment that is copied when something in it changes. */
export interface MutableEnv {
  env: Env;
  copied: boolean;
}

export function assign(out: MutableEnv, name: string, value: Value): void {
  const before = out.env.get(name);
  if (before === undefined ? value === undefined : same(before, value)) {
    // An entry that says "nothing known" hides a constant of the same name: it stays, and none is made.
    return;
  }
  if (!out.copied) {
    out.env = out.env.copy();
    out.copied = true;
  }
  out.env.set(name, value);
}
