/** Statements of one atomic step: guard, effects, and the checks that come with them. */
import type { ExpressionTree, StatementTree } from "./expression.ts";
import {
  describe,
  dottedName,
  fail,
  fieldCell,
  type Lowered,
  lower,
  meaning,
  noteSlots,
  type Scope,
  slotIndex,
} from "./lower-expression.ts";
import { runPrimitive } from "./primitives.ts";
import {
  all,
  any,
  binary,
  type Cell,
  constant,
  type Expr,
  FALSE,
  type GuardKind,
  isConst,
  type LockUse,
  not,
  range,
  type Stmt,
  TRUE,
  truth,
} from "./program.ts";

/** One atomic step in the making. */
export class StepLowering {
  readonly scope: Scope;
  readonly memalloc: boolean;
  /** Local cells of the running thread with a fixed role. */
  readonly roles: ThreadRoles;
  guard: Expr = TRUE;
  guardKind: GuardKind = "none";
  guardText = "";
  readonly acquires: LockUse[] = [];
  readonly releases: LockUse[] = [];
  /** The step sleeps: a second transition wakes it spuriously with this body. */
  spurious: Stmt[] | undefined;
  #body: Stmt[] = [];
  #asserted = new Set<string>();
  #effects = false;
  #depth = 0;

  constructor(scope: Scope, roles: ThreadRoles, memalloc: boolean) {
    this.scope = scope;
    this.roles = roles;
    this.memalloc = memalloc;
  }

  get body(): readonly Stmt[] {
    return this.#body;
  }

  get checks(): (invariant: string) => boolean {
    return (invariant) => this.scope.world.context.checks(invariant);
  }

  violation(invariant: string, message: string, artefact = false): number {
    const kind = invariant === "MODEL" ? "model" : "assertion";
    return this.scope.world.context.violation(invariant, message, kind, artefact);
  }

  assert(c: Expr, invariant: string, message: string, artefact = false): void {
    if (isConst(c) && c.v !== 0) return;
    const violation = this.violation(invariant, message, artefact);
    const key = `${violation} ${JSON.stringify(c, keyOfCell)}`;
    if (this.#asserted.has(key)) return;
    this.#asserted.add(key);
    this.#body.push({ k: "assert", c, violation });
  }

  /** Reports faults of evaluating `value` before it is used. */
  touch(value: Lowered, text: string): void {
    if (value.none !== FALSE) this.assert(not(value.none), "UAF", `${text}: there is no inode here (NULL dereference)`);
    if (value.freed !== FALSE) this.assert(not(value.freed), "UAF", `${text}: the inode has been freed`);
  }

  set(cell: Cell, value: Expr, index?: Expr, thread?: number): void {
    this.#effects = true;
    if (cell.scope === "local" || cell.name.endsWith(".phase")) this.#asserted.clear();
    this.#body.push({
      k: "set",
      cell,
      value,
      ...(index === undefined ? {} : { index }),
      ...(thread === undefined ? {} : { thread }),
    });
  }

  /** Takes a lock: further locks may follow in the same step. */
  setLock(cell: Cell, index: Expr | undefined): void {
    this.#body.push({ k: "set", cell, value: constant(1), ...(index === undefined ? {} : { index }) });
  }

  /** Keeps a value that later statements need as it is now. */
  keep(value: Expr): Expr {
    if (isConst(value)) return value;
    const temp = this.scope.world.context.temp();
    this.#body.push({ k: "let", temp, value });
    return { k: "temp", temp };
  }

  when(c: Expr, then: () => void, otherwise: () => void = () => {}): void {
    if (isConst(c)) {
      (c.v !== 0 ? then : otherwise)();
      return;
    }
    const outer = this.#body;
    this.#depth++;
    const branch = (fill: () => void): Stmt[] => {
      this.#body = [];
      this.#asserted = new Set();
      fill();
      return this.#body;
    };
    const first = branch(then);
    const second = branch(otherwise);
    this.#depth--;
    this.#body = outer;
    this.#asserted = new Set();
    if (first.length > 0 || second.length > 0) this.#body.push({ k: "if", c, yes: first, no: second });
  }

  /** The step can run only when `c` is true. */
  block(c: Lowered, kind: GuardKind, text: string): void {
    if (this.#depth > 0) fail(this.scope, `${text} can block and may not stand inside "if {..}"`);
    if (this.#effects) fail(this.scope, `${text} can block and must come first in its step`);
    this.guard = all([this.guard, any([c.none, c.freed, truth(c.e)])]);
    this.guardKind = kind;
    this.guardText = this.guardText === "" ? text : `${this.guardText} and ${text}`;
    this.touch(c, text);
  }

  /** `max` is checked, so that nothing ever wraps. */
  store(cell: Cell, value: Expr, index: Expr | undefined, text: string): void {
    const [low, high] = range(value);
    const kept = low < 0 || high > cell.max ? this.keep(value) : value;
    if (low < 0) {
      this.assert(binary(">=", kept, constant(0)), "STATE", `${text} would become negative`);
    }
    if (high > cell.max) {
      this.assert(
        binary("<=", kept, constant(cell.max)),
        "MODEL",
        `${text} would exceed ${cell.max}, the largest value in this model`,
        true,
      );
    }
    this.set(cell, kept, index);
  }

  statements(list: readonly StatementTree[]): void {
    for (const statement of list) this.statement(statement);
  }

  statement(statement: StatementTree): void {
    switch (statement.t) {
      case "assign":
        this.assign(statement);
        return;
      case "do":
        runPrimitive(this, statement.name, statement.args);
        return;
      case "if": {
        const c = lower(this.scope, statement.c);
        this.touch(c, describe(statement.c));
        this.when(
          truth(c.e),
          () => this.statements(statement.yes),
          () => this.statements(statement.no),
        );
      }
    }
  }

  assign(statement: StatementTree & { t: "assign" }): void {
    const { target } = statement;
    const text = describe(target);
    const value = lower(this.scope, statement.value);
    this.touch(value, describe(statement.value));
    const { cell, index, type } = this.target(target);
    if (statement.op !== "" && (type === "slot" || value.type === "slot")) noteSlots(this.scope);
    const old: Expr = { k: "cell", cell, ...(index === undefined ? {} : { index }) };
    if (statement.op === "" && type !== value.type && !(isConst(value.e) && value.e.v === 0)) {
      fail(this.scope, `${text} holds ${type === "slot" ? "an inode slot" : "a number"}, but the value does not`);
    }
    let next = statement.op === "" ? value.e : binary(statement.op, old, value.e);
    if (cell.max === 1 && statement.op === "|") next = binary("||", old, value.e);
    this.fieldRules(target, next, index, text);
    this.store(cell, next, index, text);
  }

  /** FREEING and count have rules of their own (races.md 0.2: ONCE, STATE). */
  fieldRules(target: ExpressionTree, next: Expr, index: Expr | undefined, text: string): void {
    if (target.t !== "field" || index === undefined) return;
    const freeing = this.scope.world.fields.get("FREEING");
    if (freeing === undefined) return;
    const dying: Expr = { k: "cell", cell: freeing, index };
    if (target.field === "FREEING") {
      const clears = isConst(next) ? next.v === 0 : true;
      const sets = isConst(next) ? next.v !== 0 : true;
      if (sets && this.checks("ONCE"))
        this.assert(not(all([dying, truth(next)])), "ONCE", `${text} is set a second time`);
      if (clears && this.checks("STATE")) {
        this.assert(not(all([dying, not(truth(next))])), "STATE", `${text} is cleared: FREEING must be monotone`);
      }
    }
    if (target.field === "count" && this.checks("STATE")) {
      const count: Expr = { k: "cell", cell: fieldCell(this.scope, "count"), index };
      const rises = binary(">", next, count);
      if (!(isConst(rises) && rises.v === 0)) {
        this.assert(not(all([dying, rises])), "STATE", `${text} rises although the inode is FREEING`);
      }
    }
  }

  target(tree: ExpressionTree): { cell: Cell; index?: Expr; type: "slot" | "number" } {
    const name = dottedName(tree);
    const found = name === undefined ? undefined : meaning(this.scope, name);
    if (found !== undefined) {
      if (found.kind !== "variable") fail(this.scope, `${name} cannot be assigned to`);
      if (found.cell.count > 1) fail(this.scope, `${name} is an array: write ${name}[..]`);
      return { cell: found.cell, type: found.type };
    }
    if (tree.t === "field") {
      if (tree.field === "hashed") fail(this.scope, "use hash_add(x) and hash_del(x) to change x.hashed");
      const index = slotIndex(this.scope, tree.base);
      this.touch(index, describe(tree));
      const cell = fieldCell(this.scope, tree.field);
      return { cell, index: index.e, type: cell.holds === "slot" ? "slot" : "number" };
    }
    if (tree.t === "index") {
      const value = lower(this.scope, tree);
      if (value.e.k === "cell" && value.e.index !== undefined && value.e.cell.name !== "lock") {
        this.touch(value, describe(tree));
        return { cell: value.e.cell, index: value.e.index, type: value.type };
      }
    }
    return fail(this.scope, `${describe(tree)} cannot be assigned to`);
  }
}

export interface ThreadRoles {
  readonly thread: number | undefined;
  readonly waitKey: Cell | undefined;
  readonly rcu: Cell | undefined;
  readonly graceMask: Cell | undefined;
}

function keyOfCell(key: string, value: unknown): unknown {
  return key === "cell" && typeof value === "object" && value !== null ? (value as Cell).id : value;
}
