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

  constructor(program: Program) {
    this.#program = program;
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
      this.classes.push(use, { ...use, form: use.form.kind === "local" ? { kind: "unknown" } : use.form });
    }
    return number;
  }

  /** For each location of template `u`: bit set of the classes it can use from there while others hold `mask`'s locks. */
  from(u: number, mask: number): readonly Uint32Array[] {
    const key = u * 65536 + mask;
    let list = this.#cache.get(key);
    if (list === undefined) {
      const size = this.#program.templates[u]?.locations.length ?? 0;
      list = Array.from({ length: size + 1 }, (_, m) => this.#compute(u, m, mask));
      this.#cache.set(key, list);
    }
    return list;
  }

  #compute(u: number, start: number, mask: number): Uint32Array {
    const template = this.#program.templates[u] as Template;
    const edges = this.#edges[u] as Edge[][];
    const size = template.locations.length;
    const changed = new Int32Array(size).fill(-1);
    const bits = new Uint32Array((this.classes.length + 31) >>> 5);
    if (start >= size) return bits;
    changed[start] = 0;
    const work = [start];
    while (work.length > 0) {
      const l = work.pop() as number;
      const before = changed[l] as number;
      for (const { target, writes, takes } of edges[l] as Edge[]) {
        if ((takes & mask) !== 0 || target >= size) continue;
        const now = changed[target] as number;
        const after = Math.max(now, 0) | before | writes;
        if (now === after) continue;
        changed[target] = after;
        work.push(target);
      }
    }
    for (let l = 0; l < size; l++) {
      const mods = changed[l] as number;
      if (mods < 0) continue;
      for (const use of this.#usesAt[u]?.[l] ?? []) {
        if ((use.takes & mask) !== 0) continue;
        const number = use.class + ((use.local & mods) !== 0 ? 1 : 0);
        bits[number >>> 5] = (bits[number >>> 5] as number) | (1 << (number & 31));
      }
    }
    return bits;
  }
}
