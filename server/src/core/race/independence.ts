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
  const lists = new ConditionLists();
  const futures = new FutureUses(program);
  const clashes = new ClashingClasses(program, futures, lists);
  const twins = new Map<string, number>();
  const fillRow = (
    row: number,
    t: number,
    u: number,
    mine: readonly Use[],
    held: readonly HeldKey[],
    mask: number,
  ): void => {
    const { always, sometimes } = clashes.of(mine, held, t, u);
    const start = row * size + (offset[u] as number);
    const futureSets = futures.from(u, mask);
    for (let m = 0; m < futureSets.length; m++) {
      const future = futureSets[m] as Uint32Array;
      if (meets(future, always)) continue;
      clash[start + m] =
        sometimes === undefined || !meets(future, sometimes.any) ? NEVER : lists.code(sometimes, future);
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
  return { offset, size, candidate, clash, conditions: lists.lists };
}

function meets(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < a.length; i++) if (((a[i] as number) & (b[i] as number)) !== 0) return true;
  return false;
}

const useKey = (use: Use): string =>
  `${use.cell.id}${use.write ? "w" : "r"}${use.thread ?? ""}[${use.indexKey}]${formKey(use.form)}`;

function setBit(bits: Uint32Array, number: number): void {
  bits[number >>> 5] = (bits[number >>> 5] as number) | (1 << (number & 31));
}

const has = (bits: Uint32Array, number: number): boolean =>
  (((bits[number >>> 5] as number) >>> (number & 31)) & 1) === 1;

/** Classes that clash only under a condition. */
interface Sometimes {
  /** Bit set of them all. */
  readonly any: Uint32Array;
  /** Pairs: class, number of the condition. */
  readonly pairs: readonly number[];
  /** Codes by which of the pairs are met, for the first 31. */
  readonly codes: Map<number, number>;
}

/** Conditions and lists of them, each kept once. */
class ConditionLists {
  readonly lists: Condition[][] = [];
  readonly #conditions: Condition[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #codes = new Map<string, number>();

  number(condition: Condition): number {
    const key = `${formKey(condition.mine)}|${formKey(condition.theirs)}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#conditions.length;
      this.#conditions.push(condition);
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** The table's code for the conditions of those classes that are in `future` (at least one). */
  code({ pairs, codes }: Sometimes, future: Uint32Array): number {
    let which = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      if (has(future, pairs[i] as number)) which |= 1 << Math.min(i >> 1, 31);
    }
    // The last bit stands for all the rest.
    const known = which >= 0 ? codes.get(which) : undefined;
    if (known !== undefined) return known;
    const found = new Set<number>();
    for (let i = 0; i < pairs.length; i += 2) {
      if (has(future, pairs[i] as number)) found.add(pairs[i + 1] as number);
    }
    const sorted = [...found].sort((a, b) => a - b);
    const key = sorted.join(" ");
    let code = this.#codes.get(key);
    if (code === undefined) {
      code = 2 + this.lists.length;
      this.lists.push(sorted.map((number) => this.#conditions[number] as Condition));
      this.#codes.set(key, code);
    }
    if (which >= 0) codes.set(which, code);
    return code;
  }
}

/** Classes of uses that clash with one use under certain locks, by how. */
interface Clashing {
  readonly always: Uint32Array;
  readonly pairs: readonly number[];
}

class ClashingClasses {
  readonly #program: Program;
  readonly #futures: FutureUses;
  readonly #lists: ConditionLists;
  readonly #lockCells: ReadonlySet<Cell>;
  readonly #known = new Map<string, Clashing>();

  constructor(program: Program, futures: FutureUses, lists: ConditionLists) {
    this.#program = program;
    this.#futures = futures;
    this.#lists = lists;
    this.#lockCells = new Set(program.locks.map((lock) => lock.cell));
  }

  /** For all uses of a step of template `t` that holds `held`, against template `u`. */
  of(
    mine: readonly Use[],
    held: readonly HeldKey[],
    t: number,
    u: number,
  ): { readonly always: Uint32Array; readonly sometimes: Sometimes | undefined } {
    const always = this.#futures.noClasses();
    const pairs: number[] = [];
    const prefix = `${t} ${u} ${held.map((h) => `${h.cell.id}${h.key}`).join(" ")} `;
    const seen = new Set<Clashing>();
    for (const use of mine) {
      const key = prefix + useKey(use);
      let one = this.#known.get(key);
      if (one === undefined) {
        one = this.#ofOne(use, held, t, u);
        this.#known.set(key, one);
      }
      if (seen.has(one)) continue;
      seen.add(one);
      for (let w = 0; w < always.length; w++) always[w] = (always[w] as number) | (one.always[w] as number);
      pairs.push(...one.pairs);
    }
    if (pairs.length === 0) return { always, sometimes: undefined };
    const any = this.#futures.noClasses();
    for (let i = 0; i < pairs.length; i += 2) setBit(any, pairs[i] as number);
    return { always, sometimes: { any, pairs, codes: new Map() } };
  }

  #ofOne(use: Use, held: readonly HeldKey[], t: number, u: number): Clashing {
    const always = this.#futures.noClasses();
    const pairs: number[] = [];
    for (const number of this.#futures.classesOf(u, use.cell)) {
      const theirs = this.#futures.classes[number] as Use;
      const found = compare(this.#program, use, held, theirs, this.#lockCells, t, u);
      if (found === "always") setBit(always, number);
      else if (found !== "never") pairs.push(number, this.#lists.number(found));
    }
    return { always, pairs };
  }
}

function compare(
  program: Program,
  a: Use,
  held: readonly HeldKey[],
  f: Use,
  lockCells: ReadonlySet<Cell>,
  t: number,
  u: number,
): Condition | "always" | "never" {
  if (!a.write && !f.write) return "never";
  if (lockCells.has(a.cell) && f.locking && holds(held, a)) return "never";
  if (guarded(held, a, f)) return "never";
  if (a.cell.scope === "local") return sameOwner(program, a, f, t, u) ? "always" : "never";
  const { form: x } = a;
  const { form: y } = f;
  if (x.kind === "unknown" || y.kind === "unknown" || x.kind === "scalar" || y.kind === "scalar") return "always";
  if (x.kind === "const" && y.kind === "const") return x.value === y.value ? "always" : "never";
  return { mine: x, theirs: y };
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
