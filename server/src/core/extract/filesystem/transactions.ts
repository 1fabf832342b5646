/**
 * Handles of a journal in one function: where there is one, and what a test of the variable that was given it says. A start may
 * fail, a handle may be there for some ways only, and the code asks its variable: `if (IS_ERR(handle)) return;`,
 * `if (handle) stop(handle);`. What it cannot tell by that is unclear.
 */
import { type Body, positionIn } from "../../ir/function-bodies.ts";
import type { CallExpr, Step as CodeStep, Expr } from "../../ir/ir.ts";
import type { Knowledge, TransactionEntry } from "../../knowledge/knowledge.ts";
import type { LocalDeclaration, Step } from "../../race/model.ts";
import { callsIn, nextOf } from "../../rules/walk-steps.ts";
import { callText } from "./chain-steps.ts";
import { assignmentOf, bare } from "./entry-conditions.ts";
import type { Definition, OwnCalls } from "./own-calls.ts";
import { handlesOfThread, type SharedThing, transactionOf } from "./shared-things.ts";

/** What a variable can be. */
const NULL = 1;
const ERROR = 2;
const HANDLE = 4;
/** A parameter: the caller's, if it is not NULL. */
const GIVEN = 8;

/** `tied`: there is one if the variable has it. */
type Open = "none" | "held" | "given-back" | "unclear" | { readonly tied: string };

interface State {
  readonly open: Open;
  /** Of others nothing is known. */
  readonly values: ReadonlyMap<string, number>;
}

interface BodyHandles {
  readonly before: readonly (State | undefined)[];
  readonly atEnd: Open;
}

/** Which variable takes the answer of a start, or of a call that gives the task's handle. */
interface Variables {
  readonly ofCall: ReadonlyMap<CallExpr, string>;
  readonly names: ReadonlySet<string>;
  /** Of these 0 stands for a handle. */
  readonly codes: ReadonlySet<string>;
}

type Branch = CodeStep & { readonly k: "branch" };

/** Stands for the answer of a start that is tested where it is called. */
const ANSWER = "";
/** Wrappers of wrappers that are looked into. */
const MAX_DEPTH = 3;
const NOTHING: BodyHandles = { before: [], atEnd: "none" };

/** Of one journal. */
export class Transactions {
  readonly #calls: OwnCalls;
  readonly #starts: ReadonlyMap<string, TransactionEntry>;
  readonly #stops: ReadonlySet<string>;
  readonly #current: ReadonlySet<string>;
  readonly #entry: TransactionEntry;
  readonly #bodies = new WeakMap<Body, BodyHandles>();
  readonly #named = new WeakMap<Body, Variables>();

  constructor(calls: OwnCalls, entries: readonly [TransactionEntry, ...TransactionEntry[]]) {
    this.#calls = calls;
    this.#entry = entries[0];
    this.#starts = new Map(entries.flatMap((entry) => entry.starts.map((name) => [name, entry] as const)));
    this.#stops = new Set(entries.flatMap(({ stops }) => stops));
    this.#current = new Set(entries.flatMap(({ current }) => current ?? []));
  }

  get name(): string {
    return transactionOf(this.#entry);
  }

  get entry(): TransactionEntry {
    return this.#entry;
  }

  isStart(name: string): boolean {
    return this.#starts.has(name);
  }

  isStop(name: string): boolean {
    return this.#stops.has(name);
  }

  /** Before the first call of some kind, on some of the ways to it: "taken" by the function, "given-back" of the caller's. */
  heldAt(body: Body, isTarget: (call: CallExpr) => boolean): "taken" | "given-back" | null {
    const { before } = this.#of(body);
    const at = body.ir.steps.findIndex((step, i) => before[i] !== undefined && callsIn(step).some(isTarget));
    const open = before[at]?.open ?? "none";
    return open === "none" ? null : open === "given-back" ? open : "taken";
  }

  /** Whether there is none of its own left wherever the function returns. */
  isClear(body: Body): boolean {
    return this.#of(body).atEnd === "none";
  }

  /** What a call of the filesystem's own function does in the end, where that is clear. */
  callDoes(body: Body, call: CallExpr): "starts" | "stops" | null {
    const name = nameOf(call);
    if (this.#starts.has(name)) return "starts";
    if (this.#stops.has(name)) return "stops";
    const end = this.#endOf(body, name, 0);
    return end === "held" ? "starts" : end === "given-back" ? "stops" : null;
  }

  /** The steps of a call in a function that is a procedure of the model. `inPlace`: what it calls is one, too. */
  stepsOf(body: Body, call: CallExpr, thing: SharedThing, inPlace: boolean): { takes: Step[]; givesBack: Step[] } {
    const name = nameOf(call);
    const place = {
      label: callText(body, call),
      source: { file: body.file.path, line: positionIn(body, call.at).line },
    };
    const variable = this.#variables(body).ofCall.get(call) ?? null;
    if (variable !== null && this.#current.has(name))
      return { takes: [{ ...place, do: `${localOf(variable)} = ${handlesOfThread(this.#entry)} > 0` }], givesBack: [] };
    const does = inPlace && !this.#starts.has(name) && !this.#stops.has(name) ? null : this.callDoes(body, call);
    if (does === "stops") {
      const names = call.args.flatMap((arg) => (arg.k === "id" ? [arg.name] : []));
      const forgets = [...this.#variables(body).names].filter((each) => names.includes(each));
      const statement = [thing.giveBack, ...forgets.map((each) => `${localOf(each)} = 0`)].join("; ");
      return {
        takes: [],
        givesBack: [{ ...place, if: `${handlesOfThread(this.#entry)} > 0`, then: [{ ...place, do: statement }] }],
      };
    }
    if (does === null) return { takes: [], givesBack: [] };
    const calls = { ...place, do: "skip()" };
    const has = { ...place, label: `has ${thing.words}` };
    if (variable === null) return { takes: [calls, { ...has, do: thing.take }], givesBack: [] };
    const fails = { ...place, label: `${place.label} fails`, do: `${localOf(variable)} = 0` };
    return {
      takes: [{ choose: [[calls, { ...has, do: `${thing.take}; ${localOf(variable)} = 1` }], [fails]] }],
      givesBack: [],
    };
  }

  /** The variables of a function that a model remembers: whether each has a handle. */
  localsOf(body: Body): LocalDeclaration[] {
    return [...this.#variables(body).names].map((name) => ({ name: localOf(name), max: 1 }));
  }

  /** What a test of such a variable says; null where it is another, or where that does not follow. */
  testOf(body: Body, step: Branch): string | null {
    const state = this.#of(body).before[body.ir.steps.indexOf(step)];
    const test = state === undefined ? null : this.#meaning(body, step);
    if (state === undefined || test === null || !this.#variables(body).names.has(test.name)) return null;
    const values = this.#through(step, state).values.get(test.name);
    if (values === undefined || (values & GIVEN) !== 0) return null;
    const yes = values & test.yes;
    const no = values & ~test.yes;
    if (yes === 0) return "0";
    if (no === 0) return "1";
    const local = localOf(test.name);
    if (yes === HANDLE && (no & HANDLE) === 0) return local;
    return no === HANDLE && (yes & HANDLE) === 0 ? `!${local}` : null;
  }

  #variables(body: Body): Variables {
    let found = this.#named.get(body);
    if (found === undefined) {
      const ofCall = new Map<CallExpr, string>();
      const codes = new Set<string>();
      for (const step of body.ir.steps)
        for (const call of callsIn(step)) {
          const variable = this.#variableOf(step, call);
          if (variable === null) continue;
          ofCall.set(call, variable);
          if (this.#starts.get(nameOf(call))?.answers === "error-code") codes.add(variable);
        }
      found = { ofCall, names: new Set(ofCall.values()), codes };
      this.#named.set(body, found);
    }
    return found;
  }

  #variableOf(step: CodeStep, call: CallExpr): string | null {
    const name = nameOf(call);
    if (!this.#starts.has(name) && !this.#current.has(name)) return null;
    const assigned = assignmentOf(step);
    if (assigned !== null) return bare(assigned.value) === call ? assigned.name : null;
    const isCall = (expr: Expr): string | null => (expr === call ? ANSWER : null);
    return step.k === "branch" && meaningOf(step.test, true, isCall) !== null ? ANSWER : null;
  }

  #of(body: Body, depth = 0): BodyHandles {
    let found = this.#bodies.get(body);
    if (found === undefined) {
      // One that calls itself is no wrapper.
      this.#bodies.set(body, NOTHING);
      found = this.#solve(body, depth);
      this.#bodies.set(body, found);
    }
    return found;
  }

  #solve(body: Body, depth: number): BodyHandles {
    const { steps, entry } = body.ir;
    const before: (State | undefined)[] = steps.map(() => undefined);
    const given = body.ir.parameters.flatMap(({ name, type }) =>
      type.pointers === 1 && /handle(_t)?$/.test(type.struct ?? type.scalar ?? "") ? [[name, GIVEN] as const] : [],
    );
    before[entry] = { open: "none", values: new Map(given) };
    let atEnd: State | null = null;
    const work = [entry];
    while (work.length > 0) {
      const at = work.pop()!;
      const step = steps[at]!;
      const after = this.#through(step, before[at]!, body, depth);
      const ways = step.k === "return" ? [] : nextOf(step).filter((to) => to >= 0);
      if (ways.length === 0) atEnd = atEnd === null ? after : joined(atEnd, after);
      for (const to of ways) {
        const state =
          step.k === "branch" && step.yes !== step.no ? this.#refined(body, step, after, to === step.yes) : after;
        if (state === null) continue;
        const known = before[to];
        const next = known === undefined ? state : joined(known, state);
        if (known !== undefined && isSame(known, next)) continue;
        before[to] = next;
        work.push(to);
      }
    }
    const open = atEnd?.open ?? "none";
    return { before, atEnd: typeof open === "string" ? open : "unclear" };
  }

  #through(step: CodeStep, before: State, body?: Body, depth = 0): State {
    let { open } = before;
    const values = new Map(before.values);
    const assigned = assignmentOf(step);
    const value = assigned === null ? null : bare(assigned.value);
    for (const call of callsIn(step).reverse()) {
      const name = nameOf(call);
      const start = this.#starts.get(name);
      if (start !== undefined) {
        const variable = value === call ? assigned!.name : step.k === "branch" ? ANSWER : null;
        if (variable !== null) values.set(variable, start.answers === "null" ? NULL | HANDLE : ERROR | HANDLE);
        open = open === "none" ? (variable === null ? "held" : { tied: variable }) : "unclear";
      } else if (this.#stops.has(name)) {
        open = stopped(open);
        for (const arg of call.args) if (arg.k === "id" && values.has(arg.name)) values.set(arg.name, NULL);
      } else if (this.#current.has(name)) {
        if (value !== call) continue;
        values.set(assigned!.name, NULL | HANDLE);
        if (open === "unclear") open = { tied: assigned!.name };
      } else if (body !== undefined) {
        const end = this.#endOf(body, name, depth);
        if (end === "held") open = open === "none" ? "held" : "unclear";
        else if (end === "given-back") open = stopped(open);
        else if (end === "unclear") open = "unclear";
      }
    }
    if (assigned === null) return { open, values };
    const isAnswer = value?.k === "call" && (this.#starts.has(nameOf(value)) || this.#current.has(nameOf(value)));
    if (isAnswer) return { open, values };
    if (typeof open !== "string" && open.tied === assigned.name) open = "unclear";
    const isNull = value?.k === "num" ? value.value === 0 : value?.k === "id" && value.name === "NULL";
    if (isNull) values.set(assigned.name, NULL);
    else values.delete(assigned.name);
    return { open, values };
  }

  /** What is true behind a test; null where it cannot go that way. */
  #refined(body: Body, step: Branch, state: State, yes: boolean): State | null {
    const test = this.#meaning(body, step);
    const old = test === null ? undefined : state.values.get(test.name);
    if (test === null || old === undefined) return state;
    let now = old & (yes ? test.yes : ~test.yes);
    // Whether the caller has given one is not known: it has not where NULL would go this way, and no handle would.
    if ((old & GIVEN) !== 0) {
      const goes = (what: number): boolean => ((test.yes & what) !== 0) === yes;
      now &= ~GIVEN;
      if (goes(HANDLE)) now |= GIVEN;
      else if (goes(NULL)) now |= NULL;
    }
    if (now === 0) return null;
    const values = new Map(state.values).set(test.name, now);
    const { open } = state;
    if (typeof open === "string" || open.tied !== test.name) return { open, values };
    if (now === HANDLE) return { open: "held", values };
    return { open: (now & HANDLE) === 0 ? "none" : open, values };
  }

  #meaning(body: Body, step: Branch): { readonly name: string; readonly yes: number } | null {
    const nameIn = (expr: Expr): string | null =>
      expr.k === "id" ? expr.name : expr.k === "call" && this.#starts.has(nameOf(expr)) ? ANSWER : null;
    const asCode = meaningOf(step.test, true, nameIn);
    return asCode !== null && this.#variables(body).codes.has(asCode.name)
      ? asCode
      : meaningOf(step.test, false, nameIn);
  }

  /** Of a function of the filesystem's own. */
  #endOf(body: Body, name: string, depth: number): Open {
    const target = name === "" || depth >= MAX_DEPTH ? null : this.#calls.target(name, body.file);
    if (target === null || !this.#comesToOne(target, MAX_DEPTH - depth - 1)) return "none";
    const inner = this.#calls.bodyOf(target);
    return inner === null ? "none" : this.#of(inner, depth + 1).atEnd;
  }

  /** By its text: most functions name none of these. */
  #comesToOne(target: Definition, depth: number): boolean {
    return this.#calls.comesTo(target, (name) => this.#starts.has(name) || this.#stops.has(name), depth);
  }
}

function stopped(open: Open): Open {
  return open === "none" ? "given-back" : open === "unclear" || open === "given-back" ? "unclear" : "none";
}

/**
 * Which values of a variable the truth of a test speaks for. A pointer is NULL, an error or a handle; of an error code 0 stands for
 * the handle.
 */
function meaningOf(
  test: Expr,
  isCode: boolean,
  nameOfOperand: (expr: Expr) => string | null,
): { readonly name: string; readonly yes: number } | null {
  const operand = nameOfOperand(test);
  if (operand !== null) return { name: operand, yes: isCode ? ERROR : ERROR | HANDLE };
  if (test.k === "call" && !isCode) {
    const [arg] = test.args;
    const name = arg === undefined ? null : nameOfOperand(arg);
    const yes = { IS_ERR: ERROR, IS_ERR_OR_NULL: NULL | ERROR }[nameOf(test)];
    return name === null || yes === undefined ? null : { name, yes };
  }
  if (test.k !== "binary") return null;
  const { op, left, right } = test;
  const isZero = (right.k === "num" && right.value === 0) || (right.k === "id" && right.name === "NULL");
  const name = isZero ? nameOfOperand(left) : null;
  if (name === null) return null;
  const isSet = isCode ? ERROR : ERROR | HANDLE;
  if (op === "!=" || (isCode && op === "<")) return { name, yes: isSet };
  return op === "==" || (isCode && op === ">=") ? { name, yes: isCode ? HANDLE : NULL } : null;
}

function joined(a: State, b: State): State {
  const values = new Map<string, number>();
  for (const [name, value] of a.values) {
    const other = b.values.get(name);
    if (other !== undefined) values.set(name, value | other);
  }
  const open = joinedOpen(a, b);
  return { open: typeof open !== "string" && !values.has(open.tied) ? "unclear" : open, values };
}

function joinedOpen(a: State, b: State): Open {
  if (isSameOpen(a.open, b.open)) return a.open;
  const names = [a.open, b.open].flatMap((open) => (typeof open === "string" ? [] : [open.tied]));
  for (const name of names.length > 0 ? names : a.values.keys())
    if (isTied(a, name) && isTied(b, name)) return { tied: name };
  return "unclear";
}

/** Whether there is a handle exactly if the variable has it. */
function isTied({ open, values }: State, name: string): boolean {
  const value = values.get(name);
  if (value === undefined) return false;
  if (typeof open !== "string") return open.tied === name;
  return open === "held" ? value === HANDLE : open === "none" && (value & HANDLE) === 0;
}

function isSameOpen(a: Open, b: Open): boolean {
  return a === b || (typeof a !== "string" && typeof b !== "string" && a.tied === b.tied);
}

function isSame(a: State, b: State): boolean {
  return (
    isSameOpen(a.open, b.open) &&
    a.values.size === b.values.size &&
    [...a.values].every(([name, value]) => b.values.get(name) === value)
  );
}

function nameOf({ callee }: CallExpr): string {
  return callee.k === "id" ? callee.name : "";
}

function localOf(variable: string): string {
  return `tx_${variable}`.slice(0, 60);
}

/** Of the journals of the knowledge base those that a filesystem's own functions name. */
export function transactionsOf(knowledge: Knowledge, calls: OwnCalls): Transactions[] {
  const byJournal = new Map<string, TransactionEntry[]>();
  for (const entry of new Set(knowledge.transactions.values()))
    byJournal.set(entry.journal, [...(byJournal.get(entry.journal) ?? []), entry]);
  const named = new Set<string>();
  for (const each of calls.all)
    for (const name of calls.names(each)) {
      const journal = knowledge.transactions.get(name)?.journal;
      if (journal !== undefined) named.add(journal);
    }
  return [...byJournal].flatMap(([journal, [first, ...more]]) =>
    named.has(journal) && first !== undefined ? [new Transactions(calls, [first, ...more])] : [],
  );
}
