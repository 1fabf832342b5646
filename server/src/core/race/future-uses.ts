/** What a thread can still touch from a place on, while somebody else holds certain locks. */
import { type Access, accessesOf, expressionKey } from "./cell-access.ts";
import type { Cell, Expr, Location, LockUse, Program, Template, Transition } from "./program.ts";

/** Index of an access: fixed, or `local + offset` of the thread that makes it. */
export type IndexForm =
  | { readonly kind: "scalar" }
  | { readonly kind: "const"; readonly value: number }
  | { readonly kind: "local"; readonly cell: Cell; readonly offset: number }
  | { readonly kind: "unknown" };

/** A lock held, with its index as text (empty: a single lock). */
export interface HeldKey {
  readonly cell: Cell;
  readonly key: string;
}

export function heldKeys(held: readonly LockUse[]): HeldKey[] {
  return held.map((lock) => ({ cell: lock.cell, key: lock.index === undefined ? "" : expressionKey(lock.index) }));
}

export interface Use extends Access {
  /** Index as long as the locals in it have not changed. */
  readonly form: IndexForm;
  readonly held: readonly HeldKey[];
  /** Text of the index, equal for equal expressions; empty without one. */
  readonly indexKey: string;
  /** Part of taking or releasing a lock. */
  readonly locking: boolean;
}

export function formKey(form: IndexForm): string {
  if (form.kind === "const") return `=${form.value}`;
  if (form.kind === "local") return `${form.cell.id}+${form.offset}`;
  return form.kind;
}

function formOf(index: Expr | undefined, changed: (cell: Cell) => boolean): IndexForm {
  if (index === undefined) return { kind: "scalar" };
  if (index.k === "const") return { kind: "const", value: index.v };
  const local = (e: Expr): Cell | undefined =>
    e.k === "cell" && e.cell.scope === "local" && e.thread === undefined && e.index === undefined && !changed(e.cell)
      ? e.cell
      : undefined;
  const direct = local(index);
  if (direct !== undefined) return { kind: "local", cell: direct, offset: 0 };
  if (index.k === "bin" && index.b.k === "const" && (index.op === "+" || index.op === "-")) {
    const cell = local(index.a);
    if (cell !== undefined) return { kind: "local", cell, offset: index.op === "+" ? index.b.v : -index.b.v };
  }
  return { kind: "unknown" };
}

/** What all transitions of a location touch outside the thread's own locals. */
export function usesAt(location: Location, blocked: (transition: Transition) => boolean = () => false): Use[] {
  const uses: Use[] = [];
  const held = heldKeys(location.held);
  for (const transition of location.transitions) {
    if (blocked(transition)) continue;
    const own = new Set<Cell>();
    accessesOf(transition, (access) => {
      if (access.write && access.cell.scope === "local" && access.thread === undefined) own.add(access.cell);
    });
    const lockUses = new Set([...transition.acquires, ...transition.releases].map((lock) => lock.cell));
    accessesOf(transition, (access) => {
      if (access.cell.name.endsWith(".pc")) return;
      if (access.cell.scope === "local" && access.cell.shared !== true) return;
      const form = formOf(access.index, (cell) => own.has(cell));
      const locking = lockUses.has(access.cell) && transition.tries !== true;
      const indexKey = access.index === undefined ? "" : expressionKey(access.index);
      uses.push({ ...access, form, held, indexKey, locking });
    });
  }
  return uses;
}

interface Edge {
  readonly target: number;
  /** Own locals that the step changes, as a bit set. */
  readonly writes: number;
  /** Locks without index that it waits for, as a bit set; all must be free. */
  readonly takes: number;
}

/** Each distinct use has two numbers: as written (even), and with its index unknown (odd, after its local changed). */
export class FutureUses {
  readonly #program: Program;
  readonly #lockBit = new Map<Cell, number>();
  readonly #edges: Edge[][][];
  readonly #usesAt: { class: number; local: number; takes: number }[][][];
  readonly #localBit: Map<Cell, number>[];
  readonly #cache = new Map<number, readonly Uint32Array[]>();
  readonly classes: Use[] = [];
  readonly #known = new Map<string, number>();
  readonly #byCell: Map<Cell, number[]>[];
  readonly #staleSets: Map<number, Uint32Array | undefined>[];

  constructor(program: Program) {
    this.#program = program;
    this.#staleSets = program.templates.map(() => new Map());
    this.#byCell = program.templates.map(() => new Map());
    for (const lock of program.locks)
      if (lock.cell.count === 1 && this.#lockBit.size < 16) this.#lockBit.set(lock.cell, 1 << this.#lockBit.size);
    this.#localBit = program.templates.map((template) => {
      const plain = template.locals.filter((cell) => cell.shared !== true);
      // More locals than bits: the last bit stands for all the rest.
      return new Map(plain.map((cell, i) => [cell, 1 << Math.min(i, 30)]));
    });
    this.#edges = program.templates.map((template, t) => template.locations.map((l) => this.#edgesOf(t, l)));
    this.#usesAt = program.templates.map((template, t) => template.locations.map((l) => this.#classesOf(t, l)));
  }

  /** Locks without index as a bit set. */
  lockMask(cells: Iterable<Cell>): number {
    let mask = 0;
    for (const cell of cells) mask |= this.#lockBit.get(cell) ?? 0;
    return mask;
  }

  /** An empty set of classes. */
  noClasses(): Uint32Array {
    return new Uint32Array((this.classes.length + 31) >>> 5);
  }

  /** Numbers of the classes in which template `u` uses this cell. */
  classesOf(u: number, cell: Cell): readonly number[] {
    return this.#byCell[u]?.get(cell) ?? [];
  }

  #takes(transition: Transition): number {
    if (transition.tries === true) return 0;
    return this.lockMask(transition.acquires.filter((lock) => lock.index === undefined).map((lock) => lock.cell));
  }

  #edgesOf(t: number, location: Location): Edge[] {
    return location.transitions.flatMap((transition) => {
      let writes = 0;
      accessesOf(transition, (access) => {
        if (access.write && access.thread === undefined) writes |= this.#localBit[t]?.get(access.cell) ?? 0;
      });
      const takes = this.#takes(transition);
      return transition.targets.map((target): Edge => ({ target, writes, takes }));
    });
  }

  #classesOf(t: number, location: Location): { class: number; local: number; takes: number }[] {
    return location.transitions.flatMap((transition) => {
      const takes = this.#takes(transition);
      return usesAt({ ...location, transitions: [transition] }).map((use) => {
        const local = use.form.kind === "local" ? (this.#localBit[t]?.get(use.form.cell) ?? 0) : 0;
        return { class: this.#number(t, use), local, takes };
      });
    });
  }

  #number(t: number, use: Use): number {
    const index = use.indexKey;
    const held = use.held.map((h) => `${h.cell.id}${h.key}`).join(";");
    const key = `${t} ${use.cell.id} ${use.thread ?? ""} ${use.write} ${use.locking} ${formKey(use.form)} ${index} ${held}`;
    let number = this.#known.get(key);
    if (number === undefined) {
      number = this.classes.length;
      this.#known.set(key, number);
      const depends = use.form.kind === "local";
      this.classes.push(use, depends ? { ...use, form: { kind: "unknown" } } : use);
      const byCell = this.#byCell[t] as Map<Cell, number[]>;
      const same = byCell.get(use.cell) ?? [];
      if (same.length === 0) byCell.set(use.cell, same);
      same.push(number);
      // What does not depend on a local is never met as an odd number.
      if (depends) same.push(number + 1);
    }
    return number;
  }

  /** For each location of template `u`: bit set of the classes it can use from there while others hold `mask`'s locks. */
  from(u: number, mask: number): readonly Uint32Array[] {
    const key = u * 65536 + mask;
    let list = this.#cache.get(key);
    if (list === undefined) {
      list = this.#compute(u, mask);
      this.#cache.set(key, list);
    }
    return list;
  }

  /** Backwards to a fixed point: what a location uses itself, and what its successors use, seen from before the step. */
  #compute(u: number, mask: number): Uint32Array[] {
    const template = this.#program.templates[u] as Template;
    const edges = this.#edges[u] as Edge[][];
    const size = template.locations.length;
    const words = (this.classes.length + 31) >>> 5;
    // One more for the end, from which nothing is used.
    const all = new Uint32Array((size + 1) * words);
    for (let l = 0; l < size; l++) {
      for (const use of this.#usesAt[u]?.[l] ?? []) {
        if ((use.takes & mask) !== 0) continue;
        const word = l * words + (use.class >>> 5);
        all[word] = (all[word] as number) | (1 << (use.class & 31));
      }
    }
    let changed = true;
    while (changed) {
      changed = false;
      // Most steps lead forwards in the text.
      for (let l = size - 1; l >= 0; l--) {
        for (const { target, writes, takes } of edges[l] as Edge[]) {
          if ((takes & mask) !== 0 || target >= size) continue;
          const stale = this.#stale(u, writes);
          for (let w = 0; w < words; w++) {
            const after = all[target * words + w] as number;
            // Odd numbers are the same uses with their index unknown; they stand one bit higher.
            const moved = stale === undefined ? 0 : after & (stale[w] as number);
            const before = all[l * words + w] as number;
            const now = (before | (after & ~moved) | (moved << 1)) >>> 0;
            if (now === before) continue;
            all[l * words + w] = now;
            changed = true;
          }
        }
      }
    }
    return Array.from({ length: size + 1 }, (_, l) => all.subarray(l * words, (l + 1) * words));
  }

  /** Classes of template `u` whose index depends on one of these locals; undefined when there are none. */
  #stale(u: number, writes: number): Uint32Array | undefined {
    if (writes === 0) return undefined;
    const known = this.#staleSets[u] as Map<number, Uint32Array | undefined>;
    if (known.has(writes)) return known.get(writes);
    let bits: Uint32Array | undefined;
    for (const list of this.#usesAt[u] as { class: number; local: number }[][]) {
      for (const use of list) {
        if ((use.local & writes) === 0) continue;
        bits ??= this.noClasses();
        bits[use.class >>> 5] = (bits[use.class >>> 5] as number) | (1 << (use.class & 31));
      }
    }
    known.set(writes, bits);
    return bits;
  }
}
