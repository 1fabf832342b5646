/**
 * Conditional constant propagation inside one function: which steps can run, and with which argument values their
 * calls are made, given what is known of the parameters and of the task (PF_MEMALLOC, kswapd).
 */
import type { DirectTarget, Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, MacroRef } from "../callgraph/program.ts";
import { type Fact, newFact, type Reads } from "../callgraph/reads.ts";
import { BodyNotes } from "../ir/body-notes.ts";
import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import type { Expr, Step } from "../ir/ir.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { CallPlan } from "./call-plan.ts";
import type { ConstantTable } from "./constants.ts";
import { assign, Env, type MutableEnv } from "./env.ts";
import { relevantParameters } from "./relevant-parameters.ts";
import { type StepOrder, stepOrder } from "./step-order.ts";
import {
  binary,
  complement,
  hasFlag,
  isZero,
  join,
  keyOf,
  NONZERO,
  not,
  number,
  ONE,
  truth,
  type Value,
  withFlag,
  withoutFlag,
  ZERO,
} from "./value.ts";

/** What is known of the task that runs. */
export interface Mode {
  readonly name: "reclaim" | "kswapd" | "direct" | "relaxed" | "any";
  /** PF_MEMALLOC is set; undefined: either. */
  readonly memalloc: boolean | undefined;
  readonly kswapd: boolean | undefined;
}

export const MODES = {
  reclaim: { name: "reclaim", memalloc: true, kswapd: undefined },
  kswapd: { name: "kswapd", memalloc: true, kswapd: true },
  direct: { name: "direct", memalloc: true, kswapd: false },
  /** Not in reclaim: a syscall, umount, drop_caches. */
  relaxed: { name: "relaxed", memalloc: false, kswapd: false },
  any: { name: "any", memalloc: undefined, kswapd: undefined },
} as const satisfies Record<string, Mode>;

export type CallExpr = Expr & { readonly k: "call" };

export interface CallEvent {
  readonly call: CallExpr;
  readonly args: readonly Value[];
  /** What a callee that is a local or parameter is known to be. */
  readonly callee: Value;
  readonly guard: number;
}

/** A function under one assumption about its parameters and its task. */
export interface Expansion {
  readonly body: Body;
  readonly mode: Mode;
  readonly args: readonly Value[];
  /** Of the arguments. */
  readonly key: string;
  readonly events: readonly CallEvent[];
  readonly returns: Value;
  /** What it does depends on the task's flags; otherwise it is the same in every mode. */
  readonly asksForTask: boolean;
  /** ... and on whether the task is kswapd. */
  readonly asksForKswapd: boolean;
  /** Stale when something that it was made from has changed. */
  readonly fact: Fact;
  /** What its calls come to in every filesystem alike, once that is known; null where it differs. */
  plan: CallPlan | null;
}

/** What is kept of a body. */
interface Notes {
  /** For each parameter whether it can change what the function does. */
  readonly relevant: readonly boolean[];
  readonly order: StepOrder;
  /**
   * By how deep in the evaluation of a predicate it was asked for: deeper down less is looked into. What one holds is told
   * by body, arguments and depth alone, never by who asked first.
   */
  readonly expansions: Expansion[][];
}

/** One evaluation: what is known, which grows with assignments, and the calls met on the way when `sink` is set. */
interface Run extends MutableEnv {
  readonly body: Body;
  readonly mode: Mode;
  readonly sink: boolean;
  guard: number;
  events: CallEvent[] | null;
}

/** Step by step: what is known before it, and the calls that it makes. Undefined where control never gets. */
interface Fixpoint {
  readonly envs: readonly (Env | undefined)[];
  readonly events: readonly (readonly CallEvent[] | undefined)[];
}

const NO_EVENTS: readonly CallEvent[] = [];

/** The address of a counter that is zero while its inode is being evicted. */
const ZERO_COUNTER = "#zero";
const INODE_OBJECT = "#inode";
const DECIDES =
  /\bPF_|current_is|gfp|GFP|\breturn\s+(0|1|true|false|NULL)\s*;|^\s*\(?\s*(0|1|true|false|NULL)\s*\)?\s*$/;
const MAX_PREDICATE_TEXT = 800;
/** One that looks at the task's flags decides what its caller does in reclaim, however long it is (evict_should_delete). */
const ASKS_FOR_TASK = /\bPF_[A-Z]|\bcurrent_is_kswapd\b/;
const MAX_TASK_PREDICATE_TEXT = 4000;
const MAX_PREDICATE_DEPTH = 3;

const NO_VALUES: readonly Value[] = [];
const UNKNOWN_VALUES: (readonly Value[])[] = [];

/** So many values of which nothing is known. */
function unknownValues(count: number): readonly Value[] {
  let list = UNKNOWN_VALUES[count];
  if (list === undefined) {
    list = new Array<Value>(count).fill(undefined);
    UNKNOWN_VALUES[count] = list;
  }
  return list;
}

function tellsApart(value: Value): boolean {
  return value !== undefined && value.k !== "nonzero";
}

export class Interpreter {
  readonly #bodies: FunctionBodies;
  readonly #lookup: Lookup;
  readonly #knowledge: Knowledge;
  readonly #constants: ConstantTable;
  readonly #notes = new BodyNotes<Notes>("expansions", (body) => ({
    relevant: relevantParameters(body.ir),
    order: stepOrder(body.ir),
    expansions: [],
  }));
  readonly #decides = new Map<FunctionRef | MacroRef, boolean>();
  readonly #reads: Reads | null;
  readonly #meanings: ReadonlyMap<string, Meaning>;
  #asksForTask = false;
  #asksForKswapd = false;
  #depth = 0;

  constructor(
    bodies: FunctionBodies,
    lookup: Lookup,
    knowledge: Knowledge,
    constants: ConstantTable,
    reads: Reads | null = null,
  ) {
    this.#bodies = bodies;
    this.#lookup = lookup;
    this.#knowledge = knowledge;
    this.#constants = constants;
    this.#reads = reads;
    this.#meanings = meaningsOf(knowledge);
  }

  /** The text of these is another now. */
  forget(definitions: Iterable<FunctionRef | MacroRef>): void {
    for (const each of definitions) this.#decides.delete(each);
  }

  /** What `body` does when called with `args`. Memoised. */
  expand(body: Body, args: readonly Value[], mode: Mode): Expansion {
    const known = this.relevantArguments(body, args);
    return this.expandKnown(body, known, argumentsKey(known), mode);
  }

  /** The same for relevant arguments and their key, for those who have them already. */
  expandKnown(body: Body, known: readonly Value[], key: string, mode: Mode): Expansion {
    const { expansions } = this.#notes.of(body);
    expansions[this.#depth] ??= [];
    const ofBody = expansions[this.#depth]!;
    let expansion = find(ofBody, key, mode);
    if (expansion === null) expansion = this.#make(body, known, key, mode, ofBody);
    else this.#reads?.read(expansion.fact);
    // Whoever asked through a memoised predicate asked, too.
    this.#asksForTask ||= expansion.asksForTask;
    this.#asksForKswapd ||= expansion.asksForKswapd;
    return expansion;
  }

  #make(body: Body, args: readonly Value[], key: string, mode: Mode, ofBody: Expansion[]): Expansion {
    const fact = newFact(this.#reads);
    const run = (): Expansion => this.#run(body, args, key, mode, fact);
    const expansion = this.#reads === null ? run() : this.#reads.track(fact, run);
    // One that asked before the edit may not ask now, and the other way about.
    const stale = ofBody.findIndex((each) => each.key === key && serves(each, mode));
    if (stale >= 0) ofBody[stale] = expansion;
    else ofBody.push(expansion);
    return expansion;
  }

  /** The arguments that can change what the function does, and only what tells calls apart. */
  relevantArguments(body: Body, args: readonly Value[]): readonly Value[] {
    const { relevant } = this.#notes.of(body);
    let length = Math.min(relevant.length, args.length);
    while (length > 0 && !(relevant[length - 1] && tellsApart(args[length - 1]))) length--;
    if (length === 0) return NO_VALUES;
    const kept = args.slice(0, length);
    for (let i = 0; i < length; i++) if (!relevant[i] || !tellsApart(kept[i])) kept[i] = undefined;
    return kept;
  }

  /** Whether the same parameters of two functions can change what they do. */
  haveSameParameters(a: Body, b: Body): boolean {
    return this.#notes.of(a).relevant.join() === this.#notes.of(b).relevant.join();
  }

  #run(body: Body, args: readonly Value[], key: string, mode: Mode, fact: Fact): Expansion {
    this.#reads?.readText(body.definition);
    const outerTask = this.#asksForTask;
    const outerKswapd = this.#asksForKswapd;
    this.#asksForTask = false;
    this.#asksForKswapd = false;
    const { steps } = body.ir;
    const found = this.#fixpoint(body, this.entryEnv(body, args), mode);
    const events: CallEvent[] = [];
    let returns: Value;
    let returned = false;
    for (let at = 0; at < steps.length; at++) {
      const env = found.envs[at];
      if (env === undefined) continue;
      const step = steps[at]!;
      if (step.k !== "return") {
        const ofStep = found.events[at];
        if (ofStep !== undefined) for (const event of ofStep) events.push(event);
        continue;
      }
      const run: Run = { env, copied: false, body, mode, events, sink: true, guard: step.guard };
      const value = step.value === null ? undefined : this.#evaluate(step.value, run);
      // Falling off the end of a function with a value is not a way out.
      if (step.value !== null || !returned) returns = returned ? join(returns, value) : value;
      if (step.value !== null) returned = true;
    }
    const asksForTask = this.#asksForTask;
    const asksForKswapd = this.#asksForKswapd;
    this.#asksForTask ||= outerTask;
    this.#asksForKswapd ||= outerKswapd;
    // A list that was made by adding one by one holds room for more.
    return { body, mode, args, key, events: events.slice(), returns, asksForTask, asksForKswapd, fact, plan: null };
  }

  /**
   * What a call in `body` is given when `body` is called with `args`; null when the call is not reached. Unlike an
   * expansion, which is shared, it has the arguments that change nothing in what the function does, too.
   */
  argumentsOf(call: CallExpr, body: Body, args: readonly Value[], mode: Mode): readonly Value[] | null {
    const { events } = this.#fixpoint(body, this.entryEnv(body, args), mode);
    for (const ofStep of events) for (const event of ofStep ?? NO_EVENTS) if (event.call === call) return event.args;
    return null;
  }

  entryEnv(body: Body, args: readonly Value[]): Env {
    if (args.length === 0) return Env.EMPTY;
    const env = Env.of();
    body.ir.parameters.forEach(({ name }, i) => {
      if (args[i] !== undefined && name !== "") env.set(name, args[i]);
    });
    return env;
  }

  /**
   * Steps in reverse post order: where paths meet, all of them have arrived, but for those that come back. What a step calls is
   * that of its last turn, in which all is known that is known before it; a return leads nowhere and has none.
   */
  #fixpoint(body: Body, entry: Env, mode: Mode): Fixpoint {
    const { steps } = body.ir;
    const { sequence, position, landing } = this.#notes.of(body).order;
    const envs: (Env | undefined)[] = new Array(steps.length).fill(undefined);
    const events: (readonly CallEvent[] | undefined)[] = new Array(steps.length).fill(undefined);
    const waiting = new Uint8Array(sequence.length);
    envs[sequence[0]!] = entry;
    waiting[0] = 1;
    let next = 0;
    const arrive = (to: number, env: Env): void => {
      const target = to < 0 ? to : landing[to]!;
      if (target < 0) return;
      const before = envs[target];
      const after = before === undefined ? env : before.join(env);
      if (before !== undefined && after === before) return;
      envs[target] = after;
      const place = position[target]!;
      waiting[place] = 1;
      if (place < next) next = place;
    };
    const run: Run = { env: entry, copied: false, body, mode, events: null, sink: true, guard: 0 };
    for (let turn = 0; turn < sequence.length; turn = next) {
      next = turn + 1;
      if (waiting[turn] === 0) continue;
      waiting[turn] = 0;
      const at = sequence[turn]!;
      const step = steps[at]!;
      run.env = envs[at]!;
      run.copied = false;
      run.events = null;
      run.guard = step.guard;
      this.#leave(step, run, arrive);
      if (run.events !== null) events[at] = run.events;
      else if (events[at] !== undefined) events[at] = undefined;
    }
    return { envs, events };
  }

  /** Where control can go from a step, with what is known there. */
  successors(step: Step, env: Env, body: Body, mode: Mode): [number, Env][] {
    const out: [number, Env][] = [];
    const run: Run = { env, copied: false, body, mode, events: null, sink: false, guard: step.guard };
    this.#leave(step, run, (target, after) => out.push([target, after]));
    return out;
  }

  /** Both at once: the calls of a step, innermost first, and where control can go from it. */
  take(step: Step, env: Env, body: Body, mode: Mode): { calls: readonly CallEvent[]; successors: [number, Env][] } {
    if (step.k === "return") return { calls: this.callsOf(step, env, body, mode), successors: [] };
    const successors: [number, Env][] = [];
    const run: Run = { env, copied: false, body, mode, events: null, sink: true, guard: step.guard };
    this.#leave(step, run, (target, after) => successors.push([target, after]));
    return { calls: run.events ?? NO_EVENTS, successors };
  }

  /** Where control that goes to a step comes to one that does something; less than 0 where it comes to its end. */
  landing(body: Body, to: number): number {
    return to < 0 ? to : this.#notes.of(body).order.landing[to]!;
  }

  /** Runs a step and tells where control can go from it. */
  #leave(step: Step, run: Run, arrive: (target: number, env: Env) => void): void {
    const { body, mode } = run;
    switch (step.k) {
      case "eval":
        this.#execute(step.expr, run);
        arrive(step.next, run.env);
        return;
      case "declare":
        assign(run, step.name, step.init === null ? undefined : this.#evaluate(step.init, run));
        arrive(step.next, run.env);
        return;
      case "nop":
        arrive(step.next, run.env);
        return;
      case "either":
        for (const target of step.targets) arrive(target, run.env);
        return;
      case "return":
        return;
      case "branch": {
        const decided = truth(this.#evaluate(step.test, run));
        const after = run.env;
        if (decided !== false) arrive(step.yes, this.refine(step.test, true, after, body, mode));
        if (decided !== true) arrive(step.no, this.refine(step.test, false, after, body, mode));
        return;
      }
      case "switch": {
        const before = run.env;
        const value = this.#evaluate(step.value, run);
        const after = run.env;
        let decided = false;
        for (const each of step.cases) {
          if (each.value === null) continue;
          const hit = truth(binary("==", value, this.evaluate(each.value, before, body, mode)));
          if (hit !== false) arrive(each.target, after);
          if (hit === true) decided = true;
        }
        if (!decided) for (const each of step.cases) if (each.value === null) arrive(each.target, after);
      }
    }
  }

  /** The calls of a step, innermost first. */
  callsOf(step: Step, env: Env, body: Body, mode: Mode): readonly CallEvent[] {
    const run: Run = { env, copied: false, body, mode, events: null, sink: true, guard: step.guard };
    if (step.k === "eval") this.#execute(step.expr, run);
    else if (step.k === "declare") {
      if (step.init !== null) this.#evaluate(step.init, run);
    } else if (step.k === "branch") this.#evaluate(step.test, run);
    else if (step.k === "switch") this.#evaluate(step.value, run);
    else if (step.k === "return" && step.value !== null) this.#evaluate(step.value, run);
    return run.events ?? NO_EVENTS;
  }

  evaluate(expr: Expr, env: Env, body: Body, mode: Mode): Value {
    return this.#evaluate(expr, { env, copied: false, body, mode, events: null, sink: false, guard: 0 });
  }

  #evaluate(expr: Expr, run: Run): Value {
    switch (expr.k) {
      case "num":
        return number(expr.value);
      case "str":
        return NONZERO;
      case "id": {
        const known = run.env.find(expr.name);
        return known === null ? this.#constants.valueOf(expr.name, run.body) : known;
      }
      case "field": {
        this.#evaluate(expr.base, run);
        if (expr.name === "flags" && isCurrentTask(expr.base)) return this.#taskFlags(run.mode, run.body);
        const object = this.#memberOfObject(expr, run.env);
        if (object !== undefined) return object;
        const path = this.pathOf(expr, run.env);
        return path === null ? undefined : run.env.get(path);
      }
      case "index":
        this.#evaluate(expr.base, run);
        this.#evaluate(expr.index, run);
        return undefined;
      case "unary":
        return this.#unary(expr, run);
      case "binary": {
        const left = this.#evaluate(expr.left, run);
        if (expr.op === "&&" && truth(left) === false) return ZERO;
        if (expr.op === "||" && truth(left) === true) return ONE;
        return binary(expr.op, left, this.#evaluate(expr.right, run));
      }
      case "assign":
        return this.#assignment(expr, run);
      case "cond": {
        const test = truth(this.#evaluate(expr.test, run));
        if (test === true) return this.#evaluate(expr.yes, run);
        if (test === false) return this.#evaluate(expr.no, run);
        return join(this.#evaluate(expr.yes, run), this.#evaluate(expr.no, run));
      }
      case "cast":
        return this.#evaluate(expr.operand, run);
      case "init":
        for (const entry of expr.entries) this.#evaluate(entry.value, run);
        return undefined;
      case "other":
        for (const part of expr.parts) this.#evaluate(part, run);
        return undefined;
      case "type":
        return undefined;
      case "call":
        return this.#valueOfCall(expr, this.#call(expr, run), run.body, run.mode);
    }
  }

  /** Evaluates an expression whose value nobody takes: what a call returns is not looked for. */
  #execute(expr: Expr, run: Run): void {
    if (expr.k === "call") this.#call(expr, run);
    else this.#evaluate(expr, run);
  }

  /** Evaluates and returns the arguments of a call, and notes it. */
  #call(expr: CallExpr, run: Run): readonly Value[] {
    if (expr.callee.k !== "id") this.#evaluate(expr.callee, run);
    const args = this.#arguments(expr.args, run);
    if (run.sink) {
      const callee = expr.callee.k === "id" ? run.env.get(expr.callee.name) : undefined;
      const event: CallEvent = { call: expr, args, callee, guard: run.guard };
      if (run.events === null) run.events = [event];
      else run.events.push(event);
    }
    this.#noteFlag(expr, args, run);
    return args;
  }

  /** What a call that sets or clears a flag tells of the object whose flag it is. */
  #noteFlag({ callee, args }: CallExpr, values: readonly Value[], run: Run): void {
    const known = callee.k === "id" ? this.#knowledge.objectFlags.get(callee.name) : undefined;
    if (known === undefined) return;
    const object = args[0];
    const flag = args[1];
    const value = values[0];
    // More is known of the inode under eviction, where it has a name, and by that.
    if (object?.k !== "id" || flag?.k !== "id" || !known.flags.includes(flag.name) || value?.k === "symbol") return;
    if (known.does === "set") assign(run, object.name, withFlag(value, flag.name));
    else if (known.does === "clear") assign(run, object.name, withoutFlag(value, flag.name));
  }

  /** Mostly nothing is known of any of them: then one list does for all. */
  #arguments(exprs: readonly Expr[], run: Run): readonly Value[] {
    let args: Value[] | null = null;
    for (let i = 0; i < exprs.length; i++) {
      const value = this.#evaluate(exprs[i]!, run);
      if (value === undefined) continue;
      args ??= unknownValues(exprs.length).slice();
      args[i] = value;
    }
    return args ?? unknownValues(exprs.length);
  }

  #unary(expr: Expr & { k: "unary" }, run: Run): Value {
    const value = this.#evaluate(expr.operand, run);
    if (expr.op === "&") {
      if (expr.operand.k === "id") {
        // The callee may write through the pointer.
        if (run.env.has(expr.operand.name)) assign(run, expr.operand.name, undefined);
        return this.#constants.isGlobal(expr.operand.name) ? { k: "global", name: expr.operand.name } : NONZERO;
      }
      return (expr.operand.k === "field" ? this.#partOfObject(expr.operand, run.env) : undefined) ?? NONZERO;
    }
    switch (expr.op) {
      case "!":
        return not(value);
      case "~":
        return complement(value);
      case "-":
        return binary("-", ZERO, value);
      case "+":
        return value;
      case "++":
      case "--":
        if (expr.operand.k === "id") assign(run, expr.operand.name, undefined);
        return undefined;
      default:
        return undefined;
    }
  }

  #assignment(expr: Expr & { k: "assign" }, run: Run): Value {
    const right = this.#evaluate(expr.right, run);
    let value = right;
    if (expr.op !== "=") value = binary(expr.op.slice(0, -1), this.#evaluate(expr.left, run), right);
    else if (expr.left.k !== "id") this.#evaluate(expr.left, run);
    const target =
      expr.left.k === "id" ? expr.left.name : expr.left.k === "field" ? this.pathOf(expr.left, run.env) : null;
    if (target !== null) assign(run, target, value);
    return value;
  }

  #taskFlags(mode: Mode, body: Body): Value {
    this.#asksForTask = true;
    if (body.text.includes("PF_KSWAPD")) this.#asksForKswapd = true;
    const bit = (name: string): number => this.#knowledge.constants.get(name) ?? 0;
    let known = 0;
    let bits = 0;
    if (mode.memalloc !== undefined) {
      known |= bit("PF_MEMALLOC");
      if (mode.memalloc) bits |= bit("PF_MEMALLOC");
    }
    if (mode.kswapd !== undefined) {
      known |= bit("PF_KSWAPD");
      if (mode.kswapd) bits |= bit("PF_KSWAPD");
    }
    return known === 0 ? undefined : { k: "bits", known, bits };
  }

  #valueOfCall(expr: CallExpr, args: readonly Value[], body: Body, mode: Mode): Value {
    if (expr.callee.k !== "id") return undefined;
    const { name } = expr.callee;
    const flag = expr.args[1];
    if (flag?.k === "id" && this.#knowledge.objectFlags.get(name)?.does === "test" && hasFlag(args[0], flag.name))
      return NONZERO;
    const meaning = this.#meanings.get(name);
    if (meaning !== undefined) return this.#valueByMeaning(meaning, args, mode);
    if (this.#depth >= MAX_PREDICATE_DEPTH) return undefined;
    const target = this.#lookup.direct(name, body.file);
    if (target === null) return undefined;
    if (!this.#canDecide(target, args)) return undefined;
    const callee = target.kind === "function" ? this.#bodies.of(target.function) : this.#bodies.ofMacro(target.macro);
    if (callee === null) return undefined;
    this.#depth++;
    try {
      return this.expand(callee, args, mode).returns;
    } finally {
      this.#depth--;
    }
  }

  #valueByMeaning(meaning: Meaning, args: readonly Value[], mode: Mode): Value {
    switch (meaning.k) {
      case "value":
        return meaning.value;
      case "argument": {
        const value = args[meaning.index];
        // Constraints only ever take bits away.
        return meaning.onlyClears ? onlyZeros(value) : value;
      }
      case "part": {
        const object = args[meaning.index];
        if (object?.k !== "symbol" || !object.name.startsWith("#")) return undefined;
        return object.name === ZERO_COUNTER ? ZERO : object;
      }
      case "bit":
        return args[0] === undefined ? undefined : binary("<<", ONE, args[0]);
      case "kswapd":
        this.#asksForTask = true;
        this.#asksForKswapd = true;
        return mode.kswapd === undefined ? undefined : mode.kswapd ? ONE : ZERO;
    }
  }

  /**
   * Whether a parse of the function is worth it for its value: it looks at the task, or it is small and looks at gfp
   * bits, returns a plain constant, or is called with something known (a constant, a part of the inode under eviction).
   */
  #canDecide(target: DirectTarget, args: readonly Value[]): boolean {
    // What a macro makes tests or sets a flag (PageDirty()), which nobody knows here.
    if (target.kind === "function" && target.function.madeBy !== null) return false;
    const definition = target.kind === "function" ? target.function : target.macro;
    this.#reads?.readText(definition);
    const { span } = definition;
    const from = "body" in span ? span.body : span.parameters;
    const length = span.end - from;
    if (length > MAX_TASK_PREDICATE_TEXT) return false;
    if (length <= MAX_PREDICATE_TEXT && args.some((value) => value !== undefined && value.k !== "nonzero")) return true;
    let decides = this.#decides.get(definition);
    if (decides === undefined) {
      const text = this.#bodies.textOf(definition.file, from, span.end);
      decides = (length > MAX_PREDICATE_TEXT ? ASKS_FOR_TASK : DECIDES).test(text);
      this.#decides.set(definition, decides);
    }
    return decides;
  }

  /** The address of a member of the inode under eviction (or of the struct around it) is an address in it. */
  #partOfObject(expr: Expr & { k: "field" }, env: Env): Value {
    const known = this.#memberOfObject(expr, env);
    if (known !== undefined) return known;
    const base =
      expr.base.k === "id"
        ? env.get(expr.base.name)
        : expr.base.k === "call"
          ? this.#objectOf(expr.base, env)
          : undefined;
    return base?.k === "symbol" && base.name === INODE_OBJECT ? base : undefined;
  }

  /** What a member of the inode under eviction, or of its mapping, stands for. */
  #memberOfObject(expr: Expr & { k: "field" }, env: Env): Value {
    const { base } = expr;
    const object =
      base.k === "id"
        ? env.get(base.name)
        : base.k === "field"
          ? this.#memberOfObject(base, env)
          : base.k === "call"
            ? this.#objectOf(base, env)
            : undefined;
    if (object?.k !== "symbol" || !object.name.startsWith("#")) return undefined;
    const name = this.#knowledge.objects.get(object.name)?.get(expr.name);
    return name === undefined ? undefined : { k: "symbol", name };
  }

  /** `EXT4_I(inode)` and container_of() name another part of the same object. */
  #objectOf(expr: CallExpr, env: Env): Value {
    for (const arg of expr.args) {
      const value = arg.k === "id" ? env.get(arg.name) : undefined;
      if (value?.k === "symbol" && value.name.startsWith("#")) return value;
    }
    return undefined;
  }

  /** The name under which a stable member is remembered: `inode->i_nlink`; null for anything else. */
  pathOf(expr: Expr & { k: "field" }, env: Env): string | null {
    if (!this.#knowledge.stableMembers.has(expr.name)) return null;
    let base: Expr = expr.base;
    let path = expr.name;
    while (base.k === "field") {
      path = `${base.name}.${path}`;
      base = base.base;
    }
    if (base.k !== "id") return null;
    const object = env.get(base.name);
    // Facts about the inode under eviction survive a call: they are kept under the object's name, not the variable's.
    return object?.k === "symbol" && object.name.startsWith("#") ? `${object.name}.${path}` : `${base.name}.${path}`;
  }

  /** What else is known when `test` came out as `holds`. */
  refine(test: Expr, holds: boolean, env: Env, body: Body, mode: Mode): Env {
    const out: MutableEnv = { env, copied: false };
    if (test.k === "id" || test.k === "field") {
      const path = test.k === "id" ? test.name : this.pathOf(test, env);
      if (path === null || (test.k === "id" && this.#constants.isGlobal(path))) return env;
      if (!holds) assign(out, path, ZERO);
      else if (env.get(path) === undefined) assign(out, path, NONZERO);
    } else if (test.k === "assign" && test.left.k === "id") {
      if (!holds) assign(out, test.left.name, ZERO);
      else if (out.env.get(test.left.name) === undefined) assign(out, test.left.name, NONZERO);
    } else if (test.k === "binary" && (test.op === "==" || test.op === "!=")) {
      const path = test.left.k === "id" ? test.left.name : test.left.k === "field" ? this.pathOf(test.left, env) : null;
      const value = this.evaluate(test.right, env, body, mode);
      if (path !== null && value !== undefined) {
        if ((test.op === "==") === holds) assign(out, path, value);
        else if (isZero(value) && env.get(path) === undefined) assign(out, path, NONZERO);
      }
    } else if (test.k === "binary" && test.op === "&" && test.left.k === "id") {
      const mask = this.evaluate(test.right, env, body, mode);
      const before = env.get(test.left.name);
      if (mask?.k === "bits" && mask.known === -1 && (before === undefined || before.k === "bits")) {
        const single = (mask.bits & (mask.bits - 1)) === 0;
        const base = before ?? { k: "bits" as const, known: 0, bits: 0 };
        if (!holds)
          assign(out, test.left.name, { k: "bits", known: base.known | mask.bits, bits: base.bits & ~mask.bits });
        else if (single)
          assign(out, test.left.name, { k: "bits", known: base.known | mask.bits, bits: base.bits | mask.bits });
      }
    }
    return out.env;
  }
}

/** What a call comes to by its name alone, without a look at a definition. */
type Meaning =
  | { readonly k: "value"; readonly value: Value }
  | { readonly k: "argument"; readonly index: number; readonly onlyClears: boolean }
  | { readonly k: "part"; readonly index: number }
  | { readonly k: "bit" }
  | { readonly k: "kswapd" };

/** Later lines win over earlier ones. */
function meaningsOf(knowledge: Knowledge): Map<string, Meaning> {
  const meanings = new Map<string, Meaning>();
  for (const name of knowledge.functions.keys()) meanings.set(name, { k: "value", value: undefined });
  meanings.set("BIT", { k: "bit" });
  meanings.set("mapping_gfp_mask", { k: "value", value: { k: "bits", known: 1, bits: 0 } });
  for (const name of knowledge.sameValue) meanings.set(name, { k: "value", value: { k: "symbol", name: `${name}()` } });
  for (const name of knowledge.zeroDuringEviction) meanings.set(name, { k: "value", value: ZERO });
  for (const [name, index] of knowledge.parts) meanings.set(name, { k: "part", index });
  meanings.set("current_is_kswapd", { k: "kswapd" });
  for (const [name, index] of knowledge.values)
    meanings.set(name, { k: "argument", index, onlyClears: name.includes("constraint") || name.includes("mask") });
  return meanings;
}

/** One that never looked at the task serves every mode. */
export function serves(expansion: Expansion, mode: Mode): boolean {
  return !expansion.asksForTask || expansion.mode === mode;
}

/** Of one body there are few. */
function find(expansions: readonly Expansion[], key: string, mode: Mode): Expansion | null {
  for (const each of expansions) if (each.key === key && serves(each, mode) && !each.fact.stale) return each;
  return null;
}

/** A short text that two lists of arguments share only when they are the same. */
export function argumentsKey(args: readonly Value[]): string {
  return args.length === 0 ? "" : args.map(keyOf).join(",");
}

function onlyZeros(value: Value): Value {
  if (value?.k !== "bits") return undefined;
  const zeros = value.known & ~value.bits;
  return { k: "bits", known: zeros, bits: 0 };
}

function isCurrentTask(expr: Expr): boolean {
  return (
    (expr.k === "id" && expr.name === "current") ||
    (expr.k === "call" && expr.callee.k === "id" && expr.callee.name === "get_current")
  );
}
