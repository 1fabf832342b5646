/**
 * Conditional constant propagation inside one function: which steps can run, and with which argument values their
 * calls are made, given what is known of the parameters and of the task (PF_MEMALLOC, kswapd).
 */
import type { DirectTarget, Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, MacroRef } from "../callgraph/program.ts";
import { Fact, type Reads } from "../callgraph/reads.ts";
import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import type { Expr, Step } from "../ir/ir.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { ConstantTable } from "./constants.ts";
import { type StepOrder, stepOrder } from "./step-order.ts";
import {
  binary,
  complement,
  isZero,
  join,
  keyOf,
  NONZERO,
  not,
  number,
  ONE,
  same,
  truth,
  type Value,
  ZERO,
} from "./value.ts";

/** What is known of the task that runs. */
export interface Mode {
  readonly name: "reclaim" | "kswapd" | "direct" | "any";
  /** PF_MEMALLOC is set; undefined: either. */
  readonly memalloc: boolean | undefined;
  readonly kswapd: boolean | undefined;
}

export const MODES = {
  reclaim: { name: "reclaim", memalloc: true, kswapd: undefined },
  kswapd: { name: "kswapd", memalloc: true, kswapd: true },
  direct: { name: "direct", memalloc: true, kswapd: false },
  any: { name: "any", memalloc: undefined, kswapd: undefined },
} as const satisfies Record<string, Mode>;

export type Env = ReadonlyMap<string, Value>;
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
  readonly events: readonly CallEvent[];
  readonly returns: Value;
  /** What it does depends on the task's flags; otherwise it is the same in every mode. */
  readonly asksForTask: boolean;
  /** ... and on whether the task is kswapd. */
  readonly asksForKswapd: boolean;
  /** Stale when something that it was made from has changed. */
  readonly fact: Fact;
}

export type EventSink = (event: CallEvent) => void;

/** The address of a counter that is zero while its inode is being evicted. */
const ZERO_COUNTER = "#zero";
const INODE_OBJECT = "#inode";
const EMPTY: Env = new Map();
const DECIDES =
  /\bPF_|current_is|gfp|GFP|\breturn\s+(0|1|true|false|NULL)\s*;|^\s*\(?\s*(0|1|true|false|NULL)\s*\)?\s*$/;
const MAX_PREDICATE_TEXT = 800;
/** One that looks at the task's flags decides what its caller does in reclaim, however long it is (evict_should_delete). */
const ASKS_FOR_TASK = /\bPF_[A-Z]|\bcurrent_is_kswapd\b/;
const MAX_TASK_PREDICATE_TEXT = 4000;
const MAX_PREDICATE_DEPTH = 3;

const NO_VALUES: readonly Value[] = [];

function tellsApart(value: Value): boolean {
  return value !== undefined && value.k !== "nonzero";
}

export class Interpreter {
  readonly #bodies: FunctionBodies;
  readonly #lookup: Lookup;
  readonly #knowledge: Knowledge;
  readonly #constants: ConstantTable;
  /**
   * By how deep in the evaluation of a predicate it was asked for: deeper down less is looked into. What one holds is told
   * by body, arguments and depth alone, never by who asked first.
   */
  readonly #expansions = Array.from(
    { length: MAX_PREDICATE_DEPTH + 1 },
    () => new WeakMap<Body, Map<string, Expansion>>(),
  );
  readonly #relevant = new WeakMap<Body, readonly boolean[]>();
  readonly #orders = new WeakMap<Body, StepOrder>();
  readonly #decides = new Map<FunctionRef | MacroRef, boolean>();
  readonly #reads: Reads | null;
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
  }

  /** The text of these is another now. */
  forget(definitions: Iterable<FunctionRef | MacroRef>): void {
    for (const each of definitions) this.#decides.delete(each);
  }

  /** What `body` does when called with `args`. Memoised. */
  expand(body: Body, args: readonly Value[], mode: Mode): Expansion {
    const expansions = this.#expansions[this.#depth]!;
    let ofBody = expansions.get(body);
    if (ofBody === undefined) {
      ofBody = new Map();
      expansions.set(body, ofBody);
    }
    const known = this.relevantArguments(body, args);
    let expansion = find(ofBody, known, mode);
    if (expansion === undefined) {
      const fact = new Fact();
      const run = (): Expansion => this.#run(body, known, mode, fact);
      expansion = this.#reads === null ? run() : this.#reads.track(fact, run);
      // One that asked before the edit may not ask now, and the other way about.
      ofBody.delete(argumentsKey(known));
      ofBody.set(expansion.asksForTask ? this.keyOf(known, mode) : argumentsKey(known), expansion);
    } else this.#reads?.read(expansion.fact);
    // Whoever asked through a memoised predicate asked, too.
    this.#asksForTask ||= expansion.asksForTask;
    this.#asksForKswapd ||= expansion.asksForKswapd;
    return expansion;
  }

  keyOf(args: readonly Value[], mode: Mode): string {
    return `${mode.name}:${argumentsKey(args)}`;
  }

  /** The arguments that can change what the function does, and only what tells calls apart. */
  relevantArguments(body: Body, args: readonly Value[]): readonly Value[] {
    const relevant = this.#relevantOf(body);
    let length = Math.min(relevant.length, args.length);
    while (length > 0 && !(relevant[length - 1] && tellsApart(args[length - 1]))) length--;
    if (length === 0) return NO_VALUES;
    const kept: Value[] = [];
    for (let i = 0; i < length; i++) kept.push(relevant[i] && tellsApart(args[i]) ? args[i] : undefined);
    return kept;
  }

  #relevantOf(body: Body): readonly boolean[] {
    let relevant = this.#relevant.get(body);
    if (relevant === undefined) {
      relevant = relevantParameters(body);
      this.#relevant.set(body, relevant);
    }
    return relevant;
  }

  /** Whether the same parameters of two functions can change what they do. */
  haveSameParameters(a: Body, b: Body): boolean {
    return this.#relevantOf(a).join() === this.#relevantOf(b).join();
  }

  #run(body: Body, args: readonly Value[], mode: Mode, fact: Fact): Expansion {
    this.#reads?.readText(body.definition);
    const outerTask = this.#asksForTask;
    const outerKswapd = this.#asksForKswapd;
    this.#asksForTask = false;
    this.#asksForKswapd = false;
    const entry = this.entryEnv(body, args);
    const envs = this.#fixpoint(body, entry, mode);
    const events: CallEvent[] = [];
    let returns: Value;
    let returned = false;
    envs.forEach((env, at) => {
      if (env === undefined) return;
      const step = body.ir.steps[at]!;
      this.transfer(step, env, body, mode, (event) => events.push(event));
      if (step.k === "return") {
        const value = step.value === null ? undefined : this.evaluate(step.value, env, body, mode, null, step.guard);
        // Falling off the end of a function with a value is not a way out.
        if (step.value !== null || !returned) returns = returned ? join(returns, value) : value;
        if (step.value !== null) returned = true;
      }
    });
    const asksForTask = this.#asksForTask;
    const asksForKswapd = this.#asksForKswapd;
    this.#asksForTask ||= outerTask;
    this.#asksForKswapd ||= outerKswapd;
    return { body, mode, args, events, returns, asksForTask, asksForKswapd, fact };
  }

  entryEnv(body: Body, args: readonly Value[]): Env {
    if (args.length === 0) return EMPTY;
    const env = new Map<string, Value>();
    body.ir.parameters.forEach(({ name }, i) => {
      if (args[i] !== undefined && name !== "") env.set(name, args[i]);
    });
    return env;
  }

  /** Steps in reverse post order: where paths meet, all of them have arrived, but for those that come back. */
  #fixpoint(body: Body, entry: Env, mode: Mode): (Env | undefined)[] {
    const { steps } = body.ir;
    let order = this.#orders.get(body);
    if (order === undefined) {
      order = stepOrder(body.ir);
      this.#orders.set(body, order);
    }
    const { sequence, position } = order;
    const envs: (Env | undefined)[] = new Array(steps.length).fill(undefined);
    const waiting = new Uint8Array(sequence.length);
    envs[body.ir.entry] = entry;
    waiting[0] = 1;
    for (let turn = 0; turn < sequence.length; ) {
      if (waiting[turn] === 0) {
        turn++;
        continue;
      }
      waiting[turn] = 0;
      const at = sequence[turn]!;
      let next = turn + 1;
      for (const [target, env] of this.successors(steps[at]!, envs[at]!, body, mode)) {
        if (target < 0) continue;
        const before = envs[target];
        const after = before === undefined ? env : joinEnvs(before, env);
        if (before !== undefined && after === before) continue;
        envs[target] = after;
        const place = position[target]!;
        waiting[place] = 1;
        if (place < next) next = place;
      }
      turn = next;
    }
    return envs;
  }

  /** Where control can go from a step, with what is known there. */
  successors(step: Step, env: Env, body: Body, mode: Mode): [number, Env][] {
    switch (step.k) {
      case "eval":
      case "declare":
        return [[step.next, this.transfer(step, env, body, mode, null)]];
      case "nop":
        return [[step.next, env]];
      case "either":
        return step.targets.map((target) => [target, env]);
      case "return":
        return [];
      case "branch": {
        const ran: MutableEnv = { env, copied: false };
        const decided = truth(this.#evaluateInto(step.test, ran, body, mode, null, step.guard));
        const after = ran.env;
        const out: [number, Env][] = [];
        if (decided !== false) out.push([step.yes, this.refine(step.test, true, after, body, mode)]);
        if (decided !== true) out.push([step.no, this.refine(step.test, false, after, body, mode)]);
        return out;
      }
      case "switch": {
        const ran: MutableEnv = { env, copied: false };
        const value = this.#evaluateInto(step.value, ran, body, mode, null, step.guard);
        const after = ran.env;
        const out: [number, Env][] = [];
        let decided = false;
        for (const each of step.cases) {
          if (each.value === null) continue;
          const hit = truth(binary("==", value, this.evaluate(each.value, env, body, mode, null, step.guard)));
          if (hit !== false) out.push([each.target, after]);
          if (hit === true) decided = true;
        }
        if (!decided) for (const each of step.cases) if (each.value === null) out.push([each.target, after]);
        return out;
      }
    }
  }

  /** What is known after a step; its calls go to `sink`, innermost first. */
  transfer(step: Step, env: Env, body: Body, mode: Mode, sink: EventSink | null): Env {
    const out: MutableEnv = { env, copied: false };
    if (step.k === "eval") this.#evaluateInto(step.expr, out, body, mode, sink, step.guard);
    else if (step.k === "declare") {
      const value = step.init === null ? undefined : this.#evaluateInto(step.init, out, body, mode, sink, step.guard);
      assign(out, step.name, value);
    } else if (step.k === "branch") this.#evaluateInto(step.test, out, body, mode, sink, step.guard);
    else if (step.k === "switch") this.#evaluateInto(step.value, out, body, mode, sink, step.guard);
    else if (step.k === "return" && step.value !== null && sink !== null)
      this.#evaluateInto(step.value, out, body, mode, sink, step.guard);
    return out.env;
  }

  evaluate(expr: Expr, env: Env, body: Body, mode: Mode, sink: EventSink | null, guard: number): Value {
    return this.#evaluateInto(expr, { env, copied: false }, body, mode, sink, guard);
  }

  #evaluateInto(expr: Expr, out: MutableEnv, body: Body, mode: Mode, sink: EventSink | null, guard: number): Value {
    const recur = (each: Expr): Value => this.#evaluateInto(each, out, body, mode, sink, guard);
    switch (expr.k) {
      case "num":
        return number(expr.value);
      case "str":
        return NONZERO;
      case "id": {
        if (out.env.has(expr.name)) return out.env.get(expr.name);
        return this.#constants.valueOf(expr.name, body);
      }
      case "field": {
        recur(expr.base);
        if (expr.name === "flags" && isCurrentTask(expr.base)) return this.#taskFlags(mode, body);
        const object = this.#memberOfObject(expr, out.env);
        if (object !== undefined) return object;
        const path = this.pathOf(expr, out.env);
        return path === null ? undefined : out.env.get(path);
      }
      case "index":
        recur(expr.base);
        recur(expr.index);
        return undefined;
      case "unary":
        return this.#unary(expr, out, recur);
      case "binary": {
        const left = recur(expr.left);
        if (expr.op === "&&" && truth(left) === false) return ZERO;
        if (expr.op === "||" && truth(left) === true) return ONE;
        return binary(expr.op, left, recur(expr.right));
      }
      case "assign":
        return this.#assignment(expr, out, recur);
      case "cond": {
        const test = truth(recur(expr.test));
        if (test === true) return recur(expr.yes);
        if (test === false) return recur(expr.no);
        return join(recur(expr.yes), recur(expr.no));
      }
      case "cast":
        return recur(expr.operand);
      case "init":
        for (const entry of expr.entries) recur(entry.value);
        return undefined;
      case "other":
        for (const part of expr.parts) recur(part);
        return undefined;
      case "type":
        return undefined;
      case "call": {
        if (expr.callee.k !== "id") recur(expr.callee);
        const args = expr.args.map(recur);
        const callee = expr.callee.k === "id" ? out.env.get(expr.callee.name) : undefined;
        sink?.({ call: expr, args, callee, guard });
        return this.#valueOfCall(expr, args, body, mode);
      }
    }
  }

  #unary(expr: Expr & { k: "unary" }, out: MutableEnv, recur: (expr: Expr) => Value): Value {
    if (expr.op === "&") {
      recur(expr.operand);
      if (expr.operand.k === "id") {
        // The callee may write through the pointer.
        if (out.env.has(expr.operand.name)) assign(out, expr.operand.name, undefined);
        return this.#constants.isGlobal(expr.operand.name) ? { k: "global", name: expr.operand.name } : NONZERO;
      }
      return (expr.operand.k === "field" ? this.#partOfObject(expr.operand, out.env) : undefined) ?? NONZERO;
    }
    const value = recur(expr.operand);
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
        if (expr.operand.k === "id") assign(out, expr.operand.name, undefined);
        return undefined;
      default:
        return undefined;
    }
  }

  #assignment(expr: Expr & { k: "assign" }, out: MutableEnv, recur: (expr: Expr) => Value): Value {
    const right = recur(expr.right);
    let value = right;
    if (expr.op !== "=") value = binary(expr.op.slice(0, -1), recur(expr.left), right);
    else if (expr.left.k !== "id") recur(expr.left);
    const target =
      expr.left.k === "id" ? expr.left.name : expr.left.k === "field" ? this.pathOf(expr.left, out.env) : null;
    if (target !== null) assign(out, target, value);
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
    const through = this.#knowledge.values.get(name);
    if (through !== undefined) {
      const value = args[through];
      // Constraints only ever take bits away.
      return name.includes("constraint") || name.includes("mask") ? onlyZeros(value) : value;
    }
    if (name === "current_is_kswapd") {
      this.#asksForTask = true;
      this.#asksForKswapd = true;
      return mode.kswapd === undefined ? undefined : mode.kswapd ? ONE : ZERO;
    }
    const part = this.#knowledge.parts.get(name);
    if (part !== undefined) {
      const object = args[part];
      if (object?.k !== "symbol" || !object.name.startsWith("#")) return undefined;
      return object.name === ZERO_COUNTER ? ZERO : object;
    }
    if (this.#knowledge.zeroDuringEviction.has(name)) return ZERO;
    if (this.#knowledge.sameValue.has(name)) return { k: "symbol", name: `${name}()` };
    if (name === "mapping_gfp_mask") return { k: "bits", known: 1, bits: 0 };
    if (name === "BIT" && args[0] !== undefined) return binary("<<", ONE, args[0]);
    if (this.#depth >= MAX_PREDICATE_DEPTH || this.#knowledge.functions.has(name)) return undefined;
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
      const value = this.evaluate(test.right, env, body, mode, null, 0);
      if (path !== null && value !== undefined) {
        if ((test.op === "==") === holds) assign(out, path, value);
        else if (isZero(value) && env.get(path) === undefined) assign(out, path, NONZERO);
      }
    } else if (test.k === "binary" && test.op === "&" && test.left.k === "id") {
      const mask = this.evaluate(test.right, env, body, mode, null, 0);
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

/** One that never looked at the task serves every mode. */
function find(expansions: ReadonlyMap<string, Expansion>, args: readonly Value[], mode: Mode): Expansion | undefined {
  const key = argumentsKey(args);
  const any = expansions.get(key);
  if (any !== undefined && !any.fact.stale) return any;
  const ofMode = expansions.get(`${mode.name}:${key}`);
  return ofMode?.fact.stale === false ? ofMode : undefined;
}

/** A short text that two lists of arguments share only when they are the same. */
export function argumentsKey(args: readonly Value[]): string {
  return args.length === 0 ? "" : args.map(keyOf).join(",");
}

interface MutableEnv {
  env: Env;
  copied: boolean;
}

function assign(out: MutableEnv, name: string, value: Value): void {
  if (same(out.env.get(name), value) && out.env.has(name)) return;
  if (value === undefined && !out.env.has(name)) {
    // An entry that says "nothing known" hides a constant of the same name.
    return;
  }
  if (!out.copied) {
    out.env = new Map(out.env);
    out.copied = true;
  }
  const env = out.env as Map<string, Value>;
  env.set(name, value);
}

/** Keeps `a` itself when nothing is lost, so that a fixpoint shows by identity. */
export function joinEnvs(a: Env, b: Env): Env {
  if (a === b) return a;
  let result: Map<string, Value> | null = null;
  for (const [name, value] of a) {
    const joined = b.has(name) ? join(value, b.get(name)) : undefined;
    if (same(joined, value)) continue;
    result ??= new Map(a);
    if (joined === undefined && !b.has(name)) result.delete(name);
    else result.set(name, joined);
  }
  return result ?? a;
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

/** Which parameters can change what the function does: those in a condition, those passed on, those called. */
function relevantParameters(body: Body): boolean[] {
  const names = new Set<string>();
  const collect = (expr: Expr, inTest: boolean): void => {
    switch (expr.k) {
      case "id":
        if (inTest) names.add(expr.name);
        return;
      case "field":
        collect(expr.base, false);
        return;
      case "index":
        collect(expr.base, false);
        collect(expr.index, false);
        return;
      case "call":
        collect(expr.callee, true);
        for (const arg of expr.args) collect(arg, true);
        return;
      case "unary":
        collect(expr.operand, inTest);
        return;
      case "binary":
        collect(expr.left, inTest);
        collect(expr.right, inTest);
        return;
      case "assign":
        collect(expr.right, true);
        collect(expr.left, false);
        return;
      case "cond":
        collect(expr.test, true);
        collect(expr.yes, inTest);
        collect(expr.no, inTest);
        return;
      case "cast":
        collect(expr.operand, inTest);
        return;
      case "init":
        for (const entry of expr.entries) collect(entry.value, true);
        return;
      case "other":
        for (const part of expr.parts) collect(part, true);
        return;
      default:
        return;
    }
  };
  for (const step of body.ir.steps) {
    if (step.k === "eval") collect(step.expr, false);
    else if (step.k === "declare" && step.init !== null) collect(step.init, true);
    else if (step.k === "branch") collect(step.test, true);
    else if (step.k === "switch") collect(step.value, true);
    else if (step.k === "return" && step.value !== null) collect(step.value, true);
  }
  return body.ir.parameters.map(({ name }) => names.has(name));
}
