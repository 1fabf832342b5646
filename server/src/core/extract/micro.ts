/**
 * A function's IR with its expressions taken apart: each call stands alone, with its value in a temporary (`%3`), so that
 * each operation can become a step of its own and each call can be lowered in place.
 */
import type { Body } from "../ir/function-bodies.ts";
import { type CallExpr, cleanupOf, type Expr, guardOf, type Step } from "../ir/ir.ts";
import { hasEffects, placeOf } from "./expression-shape.ts";
import { liveBefore } from "./micro-liveness.ts";
import type { MicroFunction, MicroOp } from "./micro-op.ts";
import type { Vocabulary, WordEntry } from "./vocabulary.ts";

const NOTHING: Expr = { k: "num", value: 0 };
const OPEN = -1;

export function takeApart(body: Body, vocabulary: Vocabulary): MicroFunction {
  const builder = new Builder(body, vocabulary);
  const { ops, entry } = builder.build();
  return { body, ops, entry, live: liveBefore(ops) };
}

class Builder {
  readonly #body: Body;
  readonly #vocabulary: Vocabulary;
  readonly #ops: MicroOp[] = [];
  /** IR step to its first operation. */
  readonly #starts = new Map<number, number>();
  /** What the guards of open scopes were given. */
  readonly #guards = new Map<Expr, readonly Expr[]>();
  /** Variables that say whether a guard's scope has been entered: it need not have been, in one arm of an #if. */
  readonly #entered = new Set<string>();
  #temps = 0;
  /** The place that the step at hand is shown at. */
  #at = 0;

  constructor(body: Body, vocabulary: Vocabulary) {
    this.#body = body;
    this.#vocabulary = vocabulary;
  }

  build(): { ops: MicroOp[]; entry: number } {
    const { steps, entry } = this.#body.ir;
    const pending: { readonly op: number; readonly set: (target: number) => void; readonly step: number }[] = [];
    const goTo = (op: number, step: number, set: (target: number) => void): void => {
      pending.push({ op, set, step });
    };
    for (const [index, step] of steps.entries()) {
      this.#starts.set(index, this.#ops.length);
      this.step(index, step, goTo);
    }
    const end = this.add({ k: "return", value: null, at: 0 });
    for (const { set, step } of pending) set(this.#starts.get(step) ?? end);
    const first = this.#ops.length;
    for (const name of this.#entered) this.letTemp(name, NOTHING);
    this.add({ k: "jump", next: this.#starts.get(entry) ?? end });
    return { ops: this.#ops, entry: first };
  }

  private add(op: MicroOp): number {
    this.#ops.push(op);
    return this.#ops.length - 1;
  }

  private step(
    index: number,
    step: Step,
    goTo: (op: number, step: number, set: (target: number) => void) => void,
  ): void {
    const jumpTo = (target: number): void => {
      const jump: MicroOp = { k: "jump", next: OPEN };
      const at = this.add(jump);
      goTo(at, target, (to) => {
        (jump as { next: number }).next = to;
      });
    };
    switch (step.k) {
      case "nop":
        for (const guard of step.leaves ?? []) this.leave(guard);
        jumpTo(step.next);
        return;
      case "eval": {
        this.#at = placeOf(step.expr) ?? this.#at;
        const walk = this.walkAt(index);
        if (walk !== null) {
          this.add({ k: "let", name: walk.cursor, value: NOTHING, at: this.#at, next: this.#ops.length + 1 });
          jumpTo(walk.head);
          return;
        }
        this.effects(step.expr);
        jumpTo(step.next);
        return;
      }
      case "declare": {
        if (step.init !== null) {
          this.#at = placeOf(step.init) ?? this.#at;
          this.assign({ k: "id", name: step.name, at: this.#at }, step.init);
        }
        jumpTo(step.next);
        return;
      }
      case "branch": {
        this.#at = step.at;
        const test = this.value(step.test);
        const op: MicroOp = { k: "branch", test, sense: step.sense, at: step.at, yes: OPEN, no: OPEN };
        const at = this.add(op);
        goTo(at, step.yes, (to) => {
          (op as { yes: number }).yes = to;
        });
        goTo(at, step.no, (to) => {
          (op as { no: number }).no = to;
        });
        return;
      }
      case "either": {
        const walk = this.headOf(index);
        if (walk !== null && step.targets.length === 2) {
          const op: MicroOp = {
            k: "walk",
            ...walk,
            at: placeOf(walk.args[0] ?? NOTHING) ?? this.#at,
            body: OPEN,
            exit: OPEN,
          };
          const at = this.add(op);
          goTo(at, step.targets[0] as number, (to) => {
            (op as { body: number }).body = to;
          });
          goTo(at, step.targets[1] as number, (to) => {
            (op as { exit: number }).exit = to;
          });
          return;
        }
        const taken = this.conditionalGuardBefore(index);
        if (taken !== null && step.targets.length === 2) {
          const op = { k: "branch", test: taken, at: this.#at, yes: OPEN, no: OPEN } as MicroOp & { k: "branch" };
          const at = this.add(op);
          goTo(at, step.targets[0] as number, (to) => {
            op.yes = to;
          });
          goTo(at, step.targets[1] as number, (to) => {
            op.no = to;
          });
          return;
        }
        const op: MicroOp = { k: "either", targets: [], at: this.#at };
        const at = this.add(op);
        for (const target of step.targets)
          goTo(at, target, (to) => {
            (op as { targets: number[] }).targets.push(to);
          });
        return;
      }
      case "switch": {
        this.#at = placeOf(step.value) ?? this.#at;
        const op: MicroOp = { k: "switch", value: this.value(step.value), cases: [], at: this.#at };
        const at = this.add(op);
        for (const each of step.cases)
          goTo(at, each.target, (to) => {
            op.cases.push({ value: each.value, target: to });
          });
        return;
      }
      case "return": {
        this.#at = step.at;
        let value = step.value === null ? null : this.value(step.value);
        if (step.leaves !== undefined && value !== null) {
          const kept = this.temp();
          this.letTemp(kept, value);
          value = { k: "id", name: kept, at: step.at };
        }
        for (const guard of step.leaves ?? []) this.leave(guard);
        this.add({ k: "return", value, at: step.at });
        return;
      }
    }
  }

  /** A walk's head is the `either` behind its macro's name and arguments (ir/lower-function.ts, repeat()). */
  private walkAt(index: number): { cursor: string; head: number } | null {
    const { steps } = this.#body.ir;
    const name = steps[index];
    if (name?.k !== "eval" || name.expr.k !== "id" || !isWalkMacro(name.expr.name)) return null;
    const args = steps[name.next];
    if (args?.k !== "eval" || args.expr.k !== "other") return null;
    const head = steps[args.next];
    if (head?.k !== "either") return null;
    return { cursor: `%walk${args.next}`, head: args.next };
  }

  private headOf(index: number): { macro: string; args: readonly Expr[]; cursor: string } | null {
    const { steps } = this.#body.ir;
    for (let i = index - 1; i >= 0 && i >= index - 3; i--) {
      const walk = this.walkAt(i);
      const name = steps[i];
      const args = name?.k === "eval" ? steps[name.next] : undefined;
      if (walk?.head !== index || name?.k !== "eval" || name.expr.k !== "id") continue;
      if (args?.k !== "eval" || args.expr.k !== "other") continue;
      return { macro: name.expr.name, args: args.expr.parts, cursor: walk.cursor };
    }
    return null;
  }

  // --- expressions --------------------------------------------------------------------------------------------

  private temp(): string {
    return `%${this.#temps++}`;
  }

  /** An expression whose value nobody wants. */
  private effects(expr: Expr): void {
    if (expr.k === "call") this.call(expr, null);
    else if (expr.k === "cast") this.effects(expr.operand);
    else if (expr.k === "other") for (const part of expr.parts) this.effects(part);
    else this.value(expr);
  }

  /** The same value without calls, assignments or short circuits inside. */
  private value(expr: Expr): Expr {
    switch (expr.k) {
      case "num":
      case "str":
      case "id":
      case "type":
      case "init":
        return expr;
      case "field":
        return { ...expr, base: this.value(expr.base) };
      case "index":
        return { ...expr, base: this.value(expr.base), index: this.value(expr.index) };
      case "cast":
        return this.value(expr.operand);
      case "call": {
        const into = this.temp();
        this.call(expr, into);
        return { k: "id", name: into, at: expr.at };
      }
      case "assign":
        this.#at = expr.at;
        this.assign(expr.left, expr.right, expr.op);
        return this.value(expr.left);
      case "unary": {
        if (expr.op === "++" || expr.op === "--") {
          const target = this.value(expr.operand);
          this.add({
            k: "store",
            target,
            op: expr.op === "++" ? "+=" : "-=",
            value: { k: "num", value: 1 },
            at: this.#at,
            next: this.#ops.length + 1,
          });
          return target;
        }
        return { ...expr, operand: this.value(expr.operand) };
      }
      case "binary": {
        if ((expr.op === "&&" || expr.op === "||") && hasEffects(expr.right)) return this.shortCircuit(expr);
        const left = this.value(expr.left);
        return { ...expr, left, right: this.value(expr.right) };
      }
      case "cond": {
        if (!hasEffects(expr.yes) && !hasEffects(expr.no)) return { ...expr, test: this.value(expr.test) };
        const into = this.temp();
        const test = this.value(expr.test);
        const branch = { k: "branch", test, at: this.#at, yes: OPEN, no: OPEN } as MicroOp & { k: "branch" };
        this.add(branch);
        branch.yes = this.#ops.length;
        // `a ?: b` computes a once.
        this.letTemp(into, expr.yes === expr.test ? test : this.value(expr.yes));
        const jump = { k: "jump", next: OPEN } as MicroOp & { k: "jump" };
        this.add(jump);
        branch.no = this.#ops.length;
        this.letTemp(into, this.value(expr.no));
        jump.next = this.#ops.length;
        return { k: "id", name: into, at: this.#at };
      }
      default: {
        const parts = expr.parts.map((part) => this.value(part));
        // A statement expression's or comma expression's value is that of its last part.
        return parts.length === 1 ? (parts[0] as Expr) : { k: "other", parts };
      }
    }
  }

  private letTemp(name: string, value: Expr): void {
    this.add({ k: "let", name, value, at: this.#at, next: this.#ops.length + 1 });
  }

  private shortCircuit(expr: Expr & { k: "binary" }): Expr {
    const into = this.temp();
    const isAnd = expr.op === "&&";
    const first = { k: "branch", test: this.value(expr.left), at: this.#at, yes: OPEN, no: OPEN } as MicroOp & {
      k: "branch";
    };
    this.add(first);
    const middle = this.#ops.length;
    const second = { k: "branch", test: this.value(expr.right), at: this.#at, yes: OPEN, no: OPEN } as MicroOp & {
      k: "branch";
    };
    this.add(second);
    const whenTrue = this.#ops.length;
    this.letTemp(into, { k: "num", value: 1 });
    const jump = { k: "jump", next: OPEN } as MicroOp & { k: "jump" };
    this.add(jump);
    const whenFalse = this.#ops.length;
    this.letTemp(into, { k: "num", value: 0 });
    jump.next = this.#ops.length;
    first.yes = isAnd ? middle : whenTrue;
    first.no = isAnd ? whenFalse : middle;
    second.yes = whenTrue;
    second.no = whenFalse;
    return { k: "id", name: into, at: this.#at };
  }

  private assign(target: Expr, right: Expr, op = "="): void {
    if (target.k === "id" && op === "=") {
      if (right.k === "call") {
        this.call(right, target.name);
        return;
      }
      this.letTemp(target.name, this.value(right));
      return;
    }
    const place = this.value(target);
    const value = this.value(right);
    this.add({ k: "store", target: place, op, value, at: this.#at, next: this.#ops.length + 1 });
  }

  private call(expr: Expr & { k: "call" }, into: string | null): void {
    if (this.enterGuard(expr)) return;
    const [kept] = expr.args;
    if (expr.callee.k === "id" && GIVES_UP.test(expr.callee.name) && kept?.k === "id") {
      this.#at = expr.at;
      if (into !== null) this.letTemp(into, kept);
      this.letTemp(kept.name, NOTHING);
      return;
    }
    const word = expr.callee.k === "id" ? this.#vocabulary.words.get(expr.callee.name) : undefined;
    if (word?.op === "wait-event") {
      this.waitEvent(expr, word);
      return;
    }
    const callee = expr.callee.k === "id" ? expr.callee : this.value(expr.callee);
    const args = word?.op === "ignore" && word.unread === true ? [] : expr.args.map((arg) => this.value(arg));
    this.#at = expr.at;
    this.add({ k: "call", into, callee, args, at: expr.at, next: this.#ops.length + 1 });
  }

  /** guard(class)(lock): the class's constructor now, its destructor with the same argument where the scope ends. */
  private enterGuard(expr: CallExpr): boolean {
    const guard = guardOf(expr);
    if (guard === null) return false;
    this.#at = expr.at;
    const words = this.#guardWords(guard.class);
    const kept = guard.args.slice(0, 1).map((arg): Expr => {
      const name = `%guard${expr.at}`;
      this.letTemp(name, this.value(arg));
      return { k: "id", name, at: expr.at };
    });
    this.#guards.set(expr, kept);
    const entered = enteredName(expr);
    this.#entered.add(entered);
    const isTried = guard.isConditional && words !== undefined;
    this.callWord(words?.[0] ?? UNKNOWN_GUARD, kept, expr.at, isTried ? entered : null);
    if (!isTried) this.letTemp(entered, ENTERED);
    return true;
  }

  /** The variable that says whether the scoped_cond_guard() in front of this `either` was to be had. */
  private conditionalGuardBefore(index: number): Expr | null {
    const before = this.#body.ir.steps.find((step) => step.k === "eval" && step.next === index);
    if (before?.k !== "eval" || before.expr.k !== "call" || guardOf(before.expr)?.isConditional !== true) return null;
    return { k: "id", name: enteredName(before.expr), at: before.expr.at };
  }

  private leave(expr: CallExpr): void {
    const cleanup = cleanupOf(expr);
    if (cleanup !== null) {
      this.#at = expr.at;
      this.onlyIf(cleanup.variable, () => {
        const failed = this.temp();
        this.callWord("IS_ERR", [cleanup.variable], expr.at, failed);
        const succeeded: Expr = { k: "unary", op: "!", operand: { k: "id", name: failed, at: expr.at } };
        this.onlyIf(succeeded, () => this.callWord(cleanup.name, [cleanup.variable], expr.at));
      });
      return;
    }
    const words = this.#guardWords(guardOf(expr)?.class ?? "");
    if (words === undefined) return;
    const entered = enteredName(expr);
    this.#at = expr.at;
    this.onlyIf({ k: "id", name: entered, at: expr.at }, () => {
      this.callWord(words[1], this.#guards.get(expr) ?? [], expr.at);
      this.letTemp(entered, NOTHING);
    });
  }

  private onlyIf(test: Expr, work: () => void): void {
    const branch = { k: "branch", test, at: this.#at, yes: OPEN, no: OPEN } as MicroOp & { k: "branch" };
    this.add(branch);
    branch.yes = this.#ops.length;
    work();
    branch.no = this.#ops.length;
  }

  #guardWords(name: string): readonly [string, string] | undefined {
    const { guards } = this.#vocabulary.data;
    return Object.hasOwn(guards, name) ? guards[name] : undefined;
  }

  private callWord(name: string, args: readonly Expr[], at: number, into: string | null = null): void {
    this.add({ k: "call", into, callee: { k: "id", name, at }, args, at, next: this.#ops.length + 1 });
  }

  /** for (;;) { prepare; if (condition) break; schedule(); } finish; (include/linux/wait.h, ___wait_event()). */
  private waitEvent(expr: Expr & { k: "call" }, word: WordEntry & { op: "wait-event" }): void {
    const { at } = expr;
    const queue = this.value(expr.args[word.queue] ?? NOTHING);
    const call = (name: string, args: readonly Expr[]): void => this.callWord(name, args, at);
    this.#at = at;
    const head = this.#ops.length;
    call(WAIT_PARTS.prepare, [queue]);
    const test = this.value(expr.args[word.condition] ?? { k: "num", value: 1 });
    const branch = { k: "branch", test, at, yes: OPEN, no: OPEN } as MicroOp & { k: "branch" };
    this.add(branch);
    branch.no = this.#ops.length;
    call(WAIT_PARTS.sleep, []);
    this.add({ k: "jump", next: head });
    branch.yes = this.#ops.length;
    call(WAIT_PARTS.finish, []);
  }
}

/** The value of a pointer that is not to be given back any more (include/linux/cleanup.h). */
const GIVES_UP = /^(no_free_ptr|retain_and_null_ptr)$/;

const ENTERED: Expr = { k: "num", value: 1 };
const enteredName = ({ at }: CallExpr): string => `%in${at}`;

/** A guard of a class that the vocabulary has not; it has a word of this name. */
const UNKNOWN_GUARD = "%guard_of_another_class";

/** Names of the operations that a wait_event() is made of; the vocabulary has them under these names. */
export const WAIT_PARTS = { prepare: "prepare_to_wait", sleep: "schedule", finish: "finish_wait" } as const;

export function isWalkMacro(name: string): boolean {
  return /for_each/.test(name);
}
