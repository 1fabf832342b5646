/**
 * Who read what. Everything that can change under an edit (a name, a struct, a function's text) and everything that was
 * made from such things (an expansion, a filesystem's findings) is a Fact; making one records the facts that it reads,
 * and a change makes stale what was made from it, and nothing else. Without an instance nothing is recorded: a single
 * run needs none of this.
 */
import type { NameTable } from "../text/name-table.ts";

export class Fact {
  /** Something that it was made from has changed: it must be made again before it is used. */
  stale = false;
  /** What was made from it. */
  dependents: Fact[] = [];
  /** The last making in which it was read, so that it is noted once. */
  mark = 0;
  /** What it was made from stands when it is stale, and is only added to: see `Reads.extend`. */
  isLasting = false;
  #room = 16;

  addDependent(fact: Fact): void {
    if (this.dependents.length >= this.#room) {
      // Those that are stale register again when they are made again.
      this.dependents = [...new Set(this.dependents)].filter((each) => !each.stale || each.isLasting);
      this.#room = Math.max(16, this.dependents.length * 2);
    }
    this.dependents.push(fact);
  }
}

const CERTAIN = new Fact();

/** Where no edits are followed nothing becomes stale, and one fact does for all. */
export function newFact(reads: Reads | null): Fact {
  return reads === null ? CERTAIN : new Fact();
}

/** Values that are made from facts, one for each key, and made again when one of those facts has changed. */
export class Remembered<K extends object, V> {
  readonly #values = new WeakMap<K, { readonly value: V; readonly fact: Fact; readonly reads: Reads }>();

  /** Without `reads` nothing tells when a value is out of date: it is made each time. */
  get(reads: Reads | null, key: K, make: () => V): V {
    if (reads === null) return make();
    const known = this.#values.get(key);
    if (known?.reads === reads && !known.fact.stale) {
      reads.read(known.fact);
      return known.value;
    }
    const fact = new Fact();
    const value = reads.track(fact, make);
    this.#values.set(key, { value, fact, reads });
    return value;
  }
}

/** What of a name can change: its functions, macros and tables; its struct; its typedef; the bindings of a field. */
export type NameKind = "definition" | "struct" | "typedef" | "field";

const KINDS: Readonly<Record<NameKind, number>> = { definition: 0, struct: 1, typedef: 2, field: 3 };

export class Reads {
  readonly #names: NameTable;
  readonly #facts = new Map<number, Fact>();
  readonly #texts = new WeakMap<object, Fact>();
  #frame: Fact[] | null = null;
  #frameId = 0;
  #frames = 0;

  constructor(names: NameTable) {
    this.#names = names;
  }

  /** Notes that what is being made depends on `fact`. */
  read(fact: Fact): void {
    if (this.#frame === null || fact.mark === this.#frameId) return;
    fact.mark = this.#frameId;
    this.#frame.push(fact);
  }

  readName(kind: NameKind, name: string): void {
    if (this.#frame !== null) this.read(this.#nameFact(this.#names.internString(name) * 4 + KINDS[kind]));
  }

  /** Notes that the text of a definition (or a file) was looked at. */
  readText(definition: object): void {
    if (this.#frame === null) return;
    let fact = this.#texts.get(definition);
    if (fact === undefined) {
      fact = new Fact();
      this.#texts.set(definition, fact);
    }
    this.read(fact);
  }

  /** Runs `make` and has `fact` depend on all that it reads; whatever is being made around it depends on `fact`. */
  track<T>(fact: Fact, make: () => T): T {
    const outer = this.#frame;
    const outerId = this.#frameId;
    const frame: Fact[] = [];
    this.#frame = frame;
    this.#frameId = ++this.#frames;
    fact.stale = false;
    try {
      return make();
    } catch (error) {
      fact.stale = true;
      throw error;
    } finally {
      this.#frame = outer;
      this.#frameId = outerId;
      for (const each of frame) each.addDependent(fact);
      this.read(fact);
    }
  }

  /** Like `track` for a lasting fact: it goes on to depend on all that was read for it before. */
  extend<T>(fact: Fact, make: () => T): T {
    return this.track(fact, make);
  }

  /** Runs `make` without noting what it reads: it looks after that by itself. */
  apart<T>(make: () => T): T {
    const outer = this.#frame;
    this.#frame = null;
    try {
      return make();
    } finally {
      this.#frame = outer;
    }
  }

  /** Makes stale what was made from `fact`, and what was made from that. */
  change(fact: Fact): void {
    const work = [fact];
    while (work.length > 0) {
      const { dependents } = work[work.length - 1]!;
      work.pop()!.dependents = [];
      for (const each of dependents) {
        if (each.stale) continue;
        each.stale = true;
        work.push(each);
      }
    }
  }

  changeName(kind: NameKind, id: number): void {
    const fact = this.#facts.get(id * 4 + KINDS[kind]);
    if (fact !== undefined) this.change(fact);
  }

  changeText(definition: object): void {
    const fact = this.#texts.get(definition);
    if (fact !== undefined) this.change(fact);
  }

  #nameFact(key: number): Fact {
    let fact = this.#facts.get(key);
    if (fact === undefined) {
      fact = new Fact();
      this.#facts.set(key, fact);
    }
    return fact;
  }
}
