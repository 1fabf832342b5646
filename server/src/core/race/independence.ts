/**
 * When may one thread be run alone? At a state, thread t is *persistent* if nothing that the others can do before t moves
 * touches what t's next step touches. Then only t's steps need to be explored there (persistent sets, Godefroid 1996).
 *
 * "What the others can do before t moves" is everything reachable in their code without acquiring a lock that t holds:
 * this is what makes a lock region a single step. The tables are computed once from the program; at run time a lookup by
 * both program counters is left, with comparisons of indexes (inode slots) where the answer depends on them.
 */
import { FutureUses, formKey, type HeldKey, heldKeys, type IndexForm, type Use, usesAt } from "./future-uses.ts";
import { loopBreakers } from "./loop-breakers.ts";
import type { Cell, Program } from "./program.ts";
import { visibility } from "./visibility.ts";

export type { IndexForm } from "./future-uses.ts";

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

/** `original`: the program before dead locals are forgotten; its loops are the same and its counters easier to see. */
export function computeIndependence(program: Program, original: Program = program): Independence {
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
  const byCell = new Map<Cell, number[]>();
  for (const [number, use] of futures.classes.entries()) {
    const list = byCell.get(use.cell);
    if (list === undefined) byCell.set(use.cell, [number]);
    else list.push(number);
  }
  const twins = new Map<string, number>();
  const fillRow = (
    row: number,
    t: number,
    u: number,
    mine: readonly Use[],
    held: readonly HeldKey[],
    mask: number,
  ): void => {
    const { always, sometimes } = clashingClasses(futures, byCell, mine, held, lockCells, program, t, u);
    const forbidden = new Uint32Array((futures.classes.length + 31) >>> 5);
    for (const number of always) forbidden[number >>> 5] = (forbidden[number >>> 5] as number) | (1 << (number & 31));
    for (const [m, future] of futures.from(u, mask).entries()) {
      if (meets(future, forbidden)) continue;
      const found =
        sometimes.length === 0 ? [] : sometimes.flatMap(([number, list]) => (has(future, number) ? list : []));
      clash[row * size + (offset[u] as number) + m] = encode(found, conditions, known);
    }
  };
  for (const [t, template] of program.templates.entries()) {
    const breakers = loopBreakers(original.templates[t]?.locations ?? template.locations);
    for (const [l, location] of template.locations.entries()) {
      if (breakers.has(l) || location.transitions.some((transition) => visible(t, l, transition))) continue;
      const mine = usesAt(location);
      const held = heldKeys(location.held);
      const mask = futures.lockMask(location.held.filter((one) => one.index === undefined).map((one) => one.cell));
      const row = (offset[t] as number) + l;
      candidate[row] = 1;
      // Equal uses under equal locks clash alike: the same code stands in several places.
      const signature = `${t}|${mask}|${mine.map(useKey).sort().join(" ")}|${held.map((h) => `${h.cell.id}${h.key}`).join(" ")}`;
      const twin = twins.get(signature);
      if (twin === undefined) {
        twins.set(signature, row);
        for (const u of program.templates.keys()) fillRow(row, t, u, mine, held, mask);
      } else clash.copyWithin(row * size, twin * size, (twin + 1) * size);
      const cells = clash.subarray(row * size, (row + 1) * size);
      if (program.threads.length > 1 && cells.every((code) => code === ALWAYS)) candidate[row] = 0;
    }
  }
  return { offset, size, candidate, clash, conditions };
}

function meets(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < a.length; i++) if (((a[i] as number) & (b[i] as number)) !== 0) return true;
  return false;
}

const useKey = (use: Use): string =>
  `${use.cell.id}${use.write ? "w" : "r"}${use.thread ?? ""}[${use.indexKey}]${formKey(use.form)}`;

const has = (bits: Uint32Array, number: number): boolean =>
  (((bits[number >>> 5] as number) >>> (number & 31)) & 1) === 1;

/** Classes of uses that clash with `mine`, by how. */
function clashingClasses(
  futures: FutureUses,
  byCell: ReadonlyMap<Cell, readonly number[]>,
  mine: readonly Use[],
  held: readonly HeldKey[],
  lockCells: ReadonlySet<Cell>,
  program: Program,
  t: number,
  u: number,
): { always: number[]; sometimes: [number, Condition[]][] } {
  const always: number[] = [];
  const sometimes = new Map<number, Condition[]>();
  const seen = new Set<string>();
  for (const use of mine) {
    const key = `${use.cell.id} ${use.write} ${use.thread ?? ""} ${use.indexKey}`;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const number of byCell.get(use.cell) ?? []) {
      const found = compare(program, [use], held, [futures.classes[number] as Use], lockCells, t, u);
      if (found === "always") always.push(number);
      else if (found.length > 0) sometimes.set(number, [...(sometimes.get(number) ?? []), ...found]);
    }
  }
  return { always, sometimes: [...sometimes] };
}

function encode(found: Condition[], lists: Condition[][], known: Map<string, number>): number {
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

function compare(
  program: Program,
  mine: readonly Use[],
  held: readonly HeldKey[],
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

/** The access is to a lock that the thread holds here. */
function holds(held: readonly HeldKey[], a: Use): boolean {
  return held.some((lock) => lock.cell === a.cell && lock.key === a.indexKey);
}

/** Both are made under the same lock, or under the locks of the very elements they touch. */
function guarded(held: readonly HeldKey[], a: Use, f: Use): boolean {
  return held.some((h) =>
    f.held.some((g) => {
      if (g.cell !== h.cell) return false;
      if (g.key === "") return true;
      return h.key === a.indexKey && g.key === f.indexKey;
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
