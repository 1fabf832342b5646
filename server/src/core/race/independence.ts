/**
 * When may one thread be run alone? At a state, thread t is *persistent* if nothing that the others can do before t moves
 * touches what t's next step touches. Then only t's steps need to be explored there (persistent sets, Godefroid 1996).
 *
 * "What the others can do before t moves" is everything reachable in their code without acquiring a lock that t holds:
 * this is what makes a lock region a single step. The tables are computed once from the program; at run time a lookup by
 * both program counters is left, with comparisons of indexes (inode slots) where the answer depends on them.
 */
import { type Access, accessesOf, expressionKey, readsOf } from "./cell-access.ts";
import { loopBreakers } from "./loop-breakers.ts";
import type { Cell, Expr, Location, LockUse, Program, Template, Transition } from "./program.ts";

/** Index of an access: fixed, or `local + offset` of the thread that makes it. */
export type IndexForm =
  | { readonly kind: "scalar" }
  | { readonly kind: "const"; readonly value: number }
  | { readonly kind: "local"; readonly cell: Cell; readonly offset: number }
  | { readonly kind: "unknown" };

/** t and u clash only if these indexes are equal. */
export interface Condition {
  readonly mine: IndexForm;
  readonly theirs: IndexForm;
}

export const NEVER = 0;
export const ALWAYS = 1;

export interface Independence {
  /** Location number over all templates: `offset[template] + pc`; each template also has its end. */
  readonly offset: readonly number[];
  readonly size: number;
  /** 1: this location may be run alone if the table agrees. */
  readonly candidate: Uint8Array;
  /** [mine * size + theirs]: NEVER clashes, ALWAYS may clash, else 2 + number of a list of conditions. */
  readonly clash: Int32Array;
  readonly conditions: readonly (readonly Condition[])[];
}

interface Use extends Access {
  readonly form: IndexForm;
  readonly held: readonly LockUse[];
  /** Part of taking or releasing a lock. */
  readonly locking: boolean;
}

export function computeIndependence(program: Program): Independence {
  const offset: number[] = [];
  let size = 0;
  for (const template of program.templates) {
    offset.push(size);
    size += template.locations.length + 1;
  }
  const visible = visibility(program);
  const candidate = new Uint8Array(size);
  const clash = new Int32Array(size * size).fill(ALWAYS);
  const conditions: Condition[][] = [];
  const known = new Map<string, number>();
  const futures = new FutureUses(program);
  const lockCells = new Set(program.locks.map((lock) => lock.cell));
  for (const [t, template] of program.templates.entries()) {
    const breakers = loopBreakers(template.locations);
    for (const [l, location] of template.locations.entries()) {
      if (breakers.has(l) || location.transitions.some((transition) => visible(t, l, transition))) continue;
      const mine = usesAt(location, () => false);
      const scalarHeld = location.held.filter((lock) => lock.index === undefined).map((lock) => lock.cell);
      const row = (offset[t] as number) + l;
      candidate[row] = 1;
      for (const [u, other] of program.templates.entries()) {
        for (let m = 0; m <= other.locations.length; m++) {
          const found: Condition[] | "always" =
            m === other.locations.length
              ? []
              : compare(program, mine, location.held, futures.from(u, m, scalarHeld), lockCells, t, u);
          clash[row * size + (offset[u] as number) + m] = encode(found, conditions, known);
        }
      }
      const rowStart = row * size;
      const alone = program.threads.length === 1;
      if (!alone && clash.subarray(rowStart, rowStart + size).every((code) => code === ALWAYS)) candidate[row] = 0;
    }
  }
  return { offset, size, candidate, clash, conditions };
}

function encode(found: Condition[] | "always", lists: Condition[][], known: Map<string, number>): number {
  if (found === "always") return ALWAYS;
  if (found.length === 0) return NEVER;
  const unique = new Map(found.map((one) => [`${formKey(one.mine)}|${formKey(one.theirs)}`, one]));
  const key = [...unique.keys()].sort().join(" ");
  let code = known.get(key);
  if (code === undefined) {
    code = 2 + lists.length;
    lists.push([...unique.values()]);
    known.set(key, code);
  }
  return code;
}

function formKey(form: IndexForm): string {
  if (form.kind === "const") return `=${form.value}`;
  if (form.kind === "local") return `${form.cell.id}+${form.offset}`;
  return form.kind;
}

/** Transitions that can change the truth of an invariant must be interleaved. */
function visibility(program: Program): (template: number, location: number, transition: Transition) => boolean {
  const cells = new Set<Cell>();
  const places = program.templates.map(() => new Set<number>());
  const pcOf = new Map(program.templates.map((template, t) => [template.pc, t]));
  const everywhere = new Set<number>();
  const visit = (e: Expr): void => {
    if (e.k === "bin" && e.op === "==" && e.a.k === "cell" && e.b.k === "const" && pcOf.has(e.a.cell)) {
      places[pcOf.get(e.a.cell) as number]?.add(e.b.v);
      return;
    }
    if (e.k === "cell") {
      const t = pcOf.get(e.cell);
      if (t === undefined) cells.add(e.cell);
      else everywhere.add(t);
      if (e.index) visit(e.index);
    } else if (e.k === "not") visit(e.a);
    else if (e.k === "bin") {
      visit(e.a);
      visit(e.b);
    } else if (e.k === "choice") {
      visit(e.c);
      visit(e.a);
      visit(e.b);
    }
  };
  for (const invariant of program.invariants) visit(invariant.holds);
  return (template, location, transition) => {
    if (everywhere.has(template)) return true;
    const watched = places[template] as Set<number>;
    if (watched.has(location) || transition.targets.some((target) => watched.has(target))) return true;
    let writes = false;
    accessesOf(transition, (access) => {
      if (access.write && cells.has(access.cell)) writes = true;
    });
    return writes;
  };
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
function usesAt(
  location: Location,
  changed: (cell: Cell) => boolean,
  blocked: (transition: Transition) => boolean = () => false,
): Use[] {
  const uses: Use[] = [];
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
      const form = formOf(access.index, (cell) => changed(cell) || own.has(cell));
      const locking = lockUses.has(access.cell) && transition.tries !== true;
      uses.push({ ...access, form, held: location.held, locking });
    });
  }
  return uses;
}

/** What thread template `u` can touch from location `m` on while somebody else holds the given locks. */
class FutureUses {
  readonly #program: Program;
  readonly #cache = new Map<string, readonly Use[]>();

  constructor(program: Program) {
    this.#program = program;
  }

  from(u: number, m: number, heldByOther: readonly Cell[]): readonly Use[] {
    const key = `${u} ${m} ${heldByOther.map((cell) => cell.id).join(",")}`;
    let uses = this.#cache.get(key);
    if (uses === undefined) {
      uses = this.#compute(this.#program.templates[u] as Template, m, new Set(heldByOther));
      this.#cache.set(key, uses);
    }
    return uses;
  }

  #compute(template: Template, start: number, heldByOther: ReadonlySet<Cell>): readonly Use[] {
    const blocked = (transition: Transition): boolean =>
      transition.tries !== true &&
      transition.acquires.some((lock) => lock.index === undefined && heldByOther.has(lock.cell));
    const modified = new Map<number, Set<Cell>>([[start, new Set()]]);
    const work = [start];
    while (work.length > 0) {
      const l = work.pop() as number;
      const before = modified.get(l) as Set<Cell>;
      for (const transition of template.locations[l]?.transitions ?? []) {
        if (blocked(transition)) continue;
        const after = new Set(before);
        accessesOf(transition, (access) => {
          if (access.write && access.cell.scope === "local" && access.thread === undefined) after.add(access.cell);
        });
        for (const target of transition.targets) {
          if (target >= template.locations.length) continue;
          const there = modified.get(target);
          if (there === undefined) {
            modified.set(target, new Set(after));
            work.push(target);
          } else {
            const size = there.size;
            for (const cell of after) there.add(cell);
            if (there.size !== size) work.push(target);
          }
        }
      }
    }
    const list: Use[] = [];
    const seen = new Set<string>();
    for (const [l, changed] of modified) {
      for (const use of usesAt(template.locations[l] as Location, (cell) => changed.has(cell), blocked)) {
        const key = `${use.cell.id} ${use.thread ?? ""} ${use.write} ${use.locking} ${formKey(use.form)} ${
          use.index ? expressionKey(use.index) : ""
        } ${use.held.map((h) => h.cell.id + (h.index ? expressionKey(h.index) : "")).join(";")}`;
        if (seen.has(key)) continue;
        seen.add(key);
        list.push(use);
      }
    }
    return list;
  }
}

function compare(
  program: Program,
  mine: readonly Use[],
  held: readonly LockUse[],
  theirs: readonly Use[],
  lockCells: ReadonlySet<Cell>,
  t: number,
  u: number,
): Condition[] | "always" {
  const list: Condition[] = [];
  for (const a of mine) {
    for (const f of theirs) {
      if (a.cell !== f.cell || (!a.write && !f.write)) continue;
      if (lockCells.has(a.cell) && f.locking && holds(held, a)) continue;
      if (guarded(held, a, f)) continue;
      if (a.cell.scope === "local") {
        if (sameOwner(program, a, f, t, u)) return "always";
        continue;
      }
      const { form: x } = a;
      const { form: y } = f;
      if (x.kind === "unknown" || y.kind === "unknown" || x.kind === "scalar" || y.kind === "scalar") return "always";
      if (x.kind === "const" && y.kind === "const") {
        if (x.value === y.value) return "always";
        continue;
      }
      list.push({ mine: x, theirs: y });
    }
  }
  return list;
}

const indexKey = (index: Expr | undefined): string => (index === undefined ? "" : expressionKey(index));

/** The access is to a lock that the thread holds here. */
function holds(held: readonly LockUse[], a: Use): boolean {
  return held.some((lock) => lock.cell === a.cell && indexKey(lock.index) === indexKey(a.index));
}

/** Both are made under the same lock, or under the locks of the very elements they touch. */
function guarded(held: readonly LockUse[], a: Use, f: Use): boolean {
  return held.some((h) =>
    f.held.some((g) => {
      if (g.cell !== h.cell) return false;
      if (g.index === undefined) return true;
      return indexKey(h.index) === indexKey(a.index) && indexKey(g.index) === indexKey(f.index);
    }),
  );
}

/** A thread's shared local (wait key, grace mask): can both mean the same thread's? */
function sameOwner(program: Program, a: Use, f: Use, t: number, u: number): boolean {
  if (a.thread !== undefined && f.thread !== undefined) return a.thread === f.thread;
  if (a.thread === undefined && f.thread === undefined) return false;
  const named = (a.thread ?? f.thread) as number;
  const self = a.thread === undefined ? t : u;
  return program.threads[named]?.template === self;
}

/** Only for tests: cells that a program's invariants read. */
export function invariantCells(program: Program): Set<Cell> {
  const cells = new Set<Cell>();
  for (const invariant of program.invariants) readsOf(invariant.holds, (access) => cells.add(access.cell));
  return cells;
}
