/**
 * The sleeping locks of a whole filesystem: which a call takes or gives back, itself or as a wrapper does, and which are held
 * where. Locks of one inode are none of these: who evicts an inode is alone with it, and a lookup that waits for it has not got it.
 * The open transaction of its journal (transactions.ts) is asked for here, too.
 */
import { lockIdentity } from "../../analysis/lock-scope.ts";
import { type Body, positionIn } from "../../ir/function-bodies.ts";
import { type CallExpr, guardOf, type Leaves } from "../../ir/ir.ts";
import type { LocalDeclaration, SourceSpan, Step } from "../../race/model.ts";
import { callsIn, nextOf } from "../../rules/walk-steps.ts";
import { callText } from "./chain-steps.ts";
import type { EntryScope } from "./entry-path.ts";
import type { SharedFlow } from "./flow.ts";
import { type Definition, type OwnCalls, ownCallsOf } from "./own-calls.ts";
import { lockThing, type SharedThing, transactionThing } from "./shared-things.ts";
import { type Transactions, transactionsOf } from "./transactions.ts";

export interface LockUse {
  readonly lock: string;
  readonly takes: boolean;
  /** Readers do not keep one another out. */
  readonly shared: boolean;
}

/** include/linux/mutex.h, rwsem.h, percpu-rwsem.h, semaphore.h, rtmutex.h. */
const GIVES_BACK: ReadonlySet<string> = new Set([
  "mutex_unlock",
  "up_read",
  "up_write",
  "up_read_non_owner",
  "percpu_up_read",
  "percpu_up_write",
  "up",
  "rt_mutex_unlock",
  "ww_mutex_unlock",
]);
/** Whether the lock is held afterwards depends on their answer. */
const MAY_FAIL = /trylock|_interruptible$|_killable$|^downgrade_write$/;
const TRIES: ReadonlySet<string> = new Set([
  "mutex_trylock",
  "down_read_trylock",
  "down_write_trylock",
  "percpu_down_read_trylock",
  "down_trylock",
  "downgrade_write",
]);
const SHARED = /(^|_)(down_read|up_read)/;
/** Wrappers of wrappers that are looked into. */
const MAX_DEPTH = 3;

type Held = "exclusive" | "shared" | "given-back" | "unclear";
type State = ReadonlyMap<string, Held>;

/** Locks, and whether they are taken for reading only. */
export type Taken = ReadonlyMap<string, { readonly shared: boolean }>;

interface BodyLocks {
  /** Before each step that control comes to. */
  readonly before: readonly (State | undefined)[];
  readonly atEnd: State;
  /** Of locks that are held on some of the ways to a place and not on others. */
  readonly unclear: ReadonlySet<string>;
}

const NOTHING: State = new Map();

/** Made once for each state of the tree. */
const KNOWN = new WeakMap<OwnCalls, SleepingLocks>();

export function sleepingLocksOf(scope: EntryScope): SleepingLocks {
  const calls = ownCallsOf(scope.engine, scope.program, scope.filesystem);
  const known = KNOWN.get(calls) ?? new SleepingLocks(scope, calls);
  KNOWN.set(calls, known);
  return known;
}

export class SleepingLocks {
  readonly #scope: EntryScope;
  readonly #calls: OwnCalls;
  readonly #bodies = new WeakMap<Body, BodyLocks>();
  readonly #always = new WeakMap<Body, Taken>();
  readonly #wrappers = new Map<Definition, readonly LockUse[]>();
  #transactions: readonly Transactions[] | null = null;

  constructor(scope: EntryScope, calls: OwnCalls) {
    this.#scope = scope;
    this.#calls = calls;
  }

  get transactions(): readonly Transactions[] {
    this.#transactions ??= transactionsOf(this.#scope.engine.knowledge, this.#calls);
    return this.#transactions;
  }

  isTransaction(name: string): boolean {
    return this.transactions.some((each) => each.name === name);
  }

  thing(name: string): SharedThing {
    const one = this.transactions.find((each) => each.name === name);
    return one === undefined ? lockThing(name) : transactionThing(one.entry, this.#scope);
  }

  /** What is held after a call and was not before, and the other way about. Empty where that is not clear. */
  usesOf(body: Body, call: CallExpr, depth = 0): readonly LockUse[] {
    const direct = this.#direct(body, call);
    if (direct !== null) return [direct];
    if (call.callee.k !== "id" || depth >= MAX_DEPTH) return [];
    const target = this.#calls.target(call.callee.name, body.file);
    return target === null ? [] : this.#wrapper(target, depth);
  }

  /** The lock that a call of a primitive takes or gives back; null when it does neither. */
  #direct(body: Body, call: CallExpr): (LockUse & { readonly mayFail: boolean }) | null {
    const { knowledge, types } = this.#scope.engine;
    const guard = guardOf(call);
    const name =
      guard !== null ? knowledge.guardClasses.get(guard.class) : call.callee.k === "id" ? call.callee.name : "";
    if (name === undefined || name === "") return null;
    const entry = knowledge.functions.get(name);
    const takes = entry?.effects?.includes("lock") === true || TRIES.has(name);
    if (!takes && !GIVES_BACK.has(name)) return null;
    const lock = lockIdentity(guard !== null ? guard.args[0] : call.args[entry?.lockArgument ?? 0], body, types);
    return lock === null ? null : { lock, takes, shared: SHARED.test(name), mayFail: MAY_FAIL.test(name) };
  }

  /**
   * The locks that are held at the first call of some kind, of those that the function takes itself; of a transaction it is enough
   * that it may be open, for a model knows where it is.
   */
  heldAt(body: Body, isTarget: (call: CallExpr) => boolean): readonly LockUse[] {
    const open = this.transactions.flatMap((each): LockUse[] => {
      const held = each.heldAt(body, isTarget);
      return held === null ? [] : [{ lock: each.name, takes: held === "taken", shared: true }];
    });
    return [...this.#locksAt(body, isTarget), ...open];
  }

  #locksAt(body: Body, isTarget: (call: CallExpr) => boolean): readonly LockUse[] {
    const { before, unclear } = this.#of(body, 0);
    const at = body.ir.steps.findIndex((step, i) => before[i] !== undefined && callsIn(step).some(isTarget));
    return [...(before[at] ?? NOTHING)].flatMap(([lock, held]): LockUse[] =>
      unclear.has(lock) || held === "unclear"
        ? []
        : [{ lock, takes: held !== "given-back", shared: held === "shared" }],
    );
  }

  /** What one function does with some of these, for its steps in a model; nothing where none is asked for. */
  flowOf(body: Body, names: ReadonlySet<string>): SharedFlow | undefined {
    if (names.size === 0) return undefined;
    const open = this.transactions.filter((each) => names.has(each.name));
    return {
      stepsOf: (call, inPlace) => {
        const locks = this.#steps(body, call, names, inPlace);
        const handles = open.map((each) => each.stepsOf(body, call, this.thing(each.name), inPlace));
        return {
          takes: [...locks.takes, ...handles.flatMap(({ takes }) => takes)],
          givesBack: [...handles.flatMap(({ givesBack }) => givesBack), ...locks.givesBack],
        };
      },
      leaves: (call) => this.#leaves(body, call, names),
      testOf: (step) => open.map((each) => each.testOf(body, step)).find((said) => said !== null) ?? null,
      locals: open.flatMap((each): LocalDeclaration[] => each.localsOf(body)),
    };
  }

  #steps(
    body: Body,
    call: CallExpr,
    names: ReadonlySet<string>,
    inPlace: boolean,
  ): { readonly takes: Step[]; readonly givesBack: Step[] } {
    const takes: Step[] = [];
    const givesBack: Step[] = [];
    const place = placeOf(body, call);
    const direct = this.#direct(body, call);
    for (const use of inPlace ? (direct === null ? [] : [direct]) : this.usesOf(body, call)) {
      if (!names.has(use.lock)) continue;
      const { take, giveBack, words } = this.thing(use.lock);
      // Who waits for ever never takes the step that it waits at: the call itself comes before.
      if (use.takes) takes.push({ ...place, do: "skip()" }, { ...place, label: `has ${words}`, do: take });
      else givesBack.push({ ...place, do: giveBack });
    }
    return { takes, givesBack };
  }

  #leaves(body: Body, call: CallExpr, names: ReadonlySet<string>): Step[] {
    const place = placeOf(body, call);
    return this.usesOf(body, call).flatMap(({ lock }): Step[] =>
      names.has(lock) ? [{ ...place, label: `the scope of ${place.label} ends`, do: this.thing(lock).giveBack }] : [],
    );
  }

  /** Whether it is known at each place of the function if the lock is held; of a transaction, whether it ends what it starts. */
  isClear(body: Body, lock: string): boolean {
    const open = this.transactions.find((each) => each.name === lock);
    return open === undefined ? !this.#of(body, 0).unclear.has(lock) : open.isClear(body);
  }

  /** The locks that are taken on every way through a function, by it or by what it calls; whether for reading only. */
  takenAlways(body: Body, depth = 0): Taken {
    const known = this.#always.get(body);
    if (known !== undefined) return known;
    this.#always.set(body, new Map());
    const { steps, entry } = body.ir;
    const before: (Taken | undefined)[] = steps.map(() => undefined);
    before[entry] = new Map();
    let always: Taken | null = null;
    const work = [entry];
    while (work.length > 0) {
      const at = work.pop()!;
      const step = steps[at]!;
      const taken = new Map(before[at]);
      for (const call of callsIn(step))
        for (const [lock, use] of this.#takenBy(body, call, depth)) taken.set(lock, use);
      const next = nextOf(step).filter((to) => to >= 0);
      if (next.length === 0) always = always === null ? taken : common(always, taken);
      for (const to of next) {
        const old = before[to];
        const now = old === undefined ? taken : common(old, taken);
        if (old !== undefined && old.size === now.size) continue;
        before[to] = now;
        work.push(to);
      }
    }
    const found = always ?? new Map();
    this.#always.set(body, found);
    return found;
  }

  /** The call of a function by which it takes a lock on every way through that call. */
  callThatTakes(body: Body, lock: string): CallExpr | null {
    const calls = body.ir.steps.flatMap((step) => callsIn(step));
    return calls.find((call) => this.#takenBy(body, call, 0).has(lock)) ?? null;
  }

  #takenBy(body: Body, call: CallExpr, depth: number): Taken {
    const started = this.transactions.find((each) => each.isStart(call.callee.k === "id" ? call.callee.name : ""));
    if (started !== undefined) return new Map([[started.name, { shared: true }]]);
    const direct = this.#direct(body, call);
    if (direct !== null)
      return direct.takes && !direct.mayFail ? new Map([[direct.lock, { shared: direct.shared }]]) : new Map();
    const target = call.callee.k === "id" ? this.#calls.target(call.callee.name, body.file) : null;
    const isStart = (name: string): boolean => this.transactions.some((each) => each.isStart(name));
    const mayTake = (wrapper: Definition): boolean =>
      this.#mayWrap(wrapper, depth) ||
      (this.transactions.length > 0 && this.#calls.comesTo(wrapper, isStart, MAX_DEPTH - depth - 1));
    const isSeen = target !== null && depth < MAX_DEPTH && mayTake(target);
    const inner = isSeen ? this.#calls.bodyOf(target) : null;
    return inner === null ? new Map() : this.takenAlways(inner, depth + 1);
  }

  #wrapper(target: Definition, depth: number): readonly LockUse[] {
    let uses = this.#wrappers.get(target);
    if (uses === undefined) {
      // One that calls itself is no wrapper.
      this.#wrappers.set(target, []);
      const body = this.#mayWrap(target, depth) ? this.#calls.bodyOf(target) : null;
      const end = body === null ? NOTHING : this.#of(body, depth + 1).atEnd;
      uses = [...end].flatMap(([lock, held]): LockUse[] =>
        held === "unclear" ? [] : [{ lock, takes: held !== "given-back", shared: held === "shared" }],
      );
      this.#wrappers.set(target, uses);
    }
    return uses;
  }

  /** By its text: most functions name no lock. */
  #mayWrap(target: Definition, depth: number): boolean {
    const { functions } = this.#scope.engine.knowledge;
    const isLock = (name: string): boolean =>
      GIVES_BACK.has(name) || TRIES.has(name) || functions.get(name)?.effects?.includes("lock") === true;
    return this.#calls.reaches(target, isLock, MAX_DEPTH - depth - 1);
  }

  #of(body: Body, depth: number): BodyLocks {
    let found = this.#bodies.get(body);
    if (found === undefined) {
      found = this.#solve(body, depth);
      this.#bodies.set(body, found);
    }
    return found;
  }

  #solve(body: Body, depth: number): BodyLocks {
    const { steps, entry } = body.ir;
    const before: (State | undefined)[] = steps.map(() => undefined);
    const unclear = new Set<string>();
    let atEnd: State | null = null;
    before[entry] = NOTHING;
    const work = [entry];
    const join = (a: State, b: State): State => {
      const both = new Map(a);
      for (const lock of new Set([...a.keys(), ...b.keys()])) {
        if (a.get(lock) === b.get(lock)) continue;
        both.set(lock, "unclear");
        unclear.add(lock);
      }
      return both;
    };
    while (work.length > 0) {
      const at = work.pop()!;
      const step = steps[at]!;
      let state = before[at]!;
      for (const call of callsIn(step).reverse())
        for (const use of this.#usesWithin(body, call, depth)) state = after(state, use, unclear);
      for (const call of leavesOf(step)) {
        const use = this.#direct(body, call);
        if (use !== null) state = after(state, { ...use, takes: false }, unclear);
      }
      const next = step.k === "return" ? [] : nextOf(step).filter((to) => to >= 0);
      if (next.length === 0) atEnd = atEnd === null ? state : join(atEnd, state);
      for (const to of next) {
        const known = before[to];
        const joined = known === undefined ? state : join(known, state);
        if (known !== undefined && isSame(known, joined)) continue;
        before[to] = joined;
        work.push(to);
      }
    }
    for (const lock of this.#inLoops(body, depth)) unclear.add(lock);
    return { before, atEnd: atEnd ?? NOTHING, unclear };
  }

  /** Loops are cut open in models: what is held behind one that takes a lock is not told by that. */
  #inLoops(body: Body, depth: number): string[] {
    const { steps } = body.ir;
    return steps.flatMap((step, at) => {
      const locks = callsIn(step).flatMap((call) => this.#usesWithin(body, call, depth).map(({ lock }) => lock));
      if (locks.length === 0) return [];
      const seen = new Set<number>();
      const work = [...nextOf(step)];
      while (work.length > 0) {
        const next = work.pop()!;
        if (next < 0 || seen.has(next)) continue;
        seen.add(next);
        work.push(...nextOf(steps[next]!));
      }
      return seen.has(at) ? locks : [];
    });
  }

  #usesWithin(body: Body, call: CallExpr, depth: number): readonly (LockUse & { readonly mayFail?: boolean })[] {
    const direct = this.#direct(body, call);
    return direct === null ? this.usesOf(body, call, depth) : [direct];
  }
}

/** A lock that one way takes for writing and the other for reading counts as taken for reading. */
function common(a: Taken, b: Taken): Taken {
  const both = new Map<string, { readonly shared: boolean }>();
  for (const [lock, { shared }] of a) {
    const other = b.get(lock);
    if (other !== undefined) both.set(lock, { shared: shared || other.shared });
  }
  return both;
}

function after(state: State, use: LockUse & { readonly mayFail?: boolean }, unclear: Set<string>): State {
  const next = new Map(state);
  const now = state.get(use.lock);
  if (now === "unclear") return state;
  const isTwice = use.takes ? now === "exclusive" || now === "shared" : now === "given-back";
  if (use.mayFail === true || isTwice) {
    next.set(use.lock, "unclear");
    unclear.add(use.lock);
  } else if (now !== undefined) next.delete(use.lock);
  else next.set(use.lock, use.takes ? (use.shared ? "shared" : "exclusive") : "given-back");
  return next;
}

function placeOf(body: Body, call: CallExpr): { readonly label: string; readonly source: SourceSpan } {
  return { label: callText(body, call), source: { file: body.file.path, line: positionIn(body, call.at).line } };
}

function leavesOf(step: Body["ir"]["steps"][number]): Leaves {
  return (step.k === "nop" || step.k === "return" ? step.leaves : undefined) ?? [];
}

function isSame(a: State, b: State): boolean {
  return a.size === b.size && [...a].every(([lock, held]) => b.get(lock) === held);
}
