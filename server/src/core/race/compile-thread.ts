/** Steps of one thread, with its procedures expanded, to numbered locations with atomic transitions. */
import type { CompileContext } from "./compile-context.ts";
import { CompileStop } from "./compile-context.ts";
import { describe, lower, lowerLock, type NameMeaning, type Scope, type World } from "./lower-expression.ts";
import { StepLowering, type ThreadRoles } from "./lower-statement.ts";
import type { LocalDeclaration, Procedure, SourceSpan, Step, StepObject, ThreadDeclaration } from "./model.ts";
import {
  all,
  type Cell,
  choice,
  constant,
  type Expr,
  FALSE,
  isConst,
  type Location,
  not,
  type Stmt,
  type Transition,
  truth,
} from "./program.ts";

export const MAX_LOCATIONS = 2000;
const MAX_EXPANSIONS = 400;

/** A place to go to, known once everything is compiled. */
interface Ref {
  node?: Node;
  to?: Ref;
  end?: boolean;
  readonly what: string;
}

interface Node {
  readonly order: number;
  readonly transitions: Pending[];
  /** Entries of the branches of a `choose`. */
  readonly merges: Ref[];
  number?: number;
}

interface Pending extends Omit<Transition, "body" | "targets"> {
  readonly effects: readonly Stmt[];
  /** The test after the effects, if any: first target when true. */
  readonly branch?: Expr;
  readonly refs: readonly Ref[];
  /** Effects when the test is true (trylock). */
  readonly onTrue?: readonly Stmt[];
}

export interface CompiledThread {
  readonly locations: Location[];
  readonly entry: number;
  readonly locals: Cell[];
}

interface Frame {
  readonly path: string;
  readonly name: string;
  readonly names: ReadonlyMap<string, NameMeaning>;
  readonly labels: ReadonlyMap<string, Ref>;
  readonly callers: readonly string[];
}

export class ThreadCompiler {
  readonly #context: CompileContext;
  readonly #world: World;
  readonly #thread: ThreadDeclaration;
  readonly #roles: ThreadRoles;
  readonly #pc: Cell;
  readonly #procedures: ReadonlyMap<string, Procedure>;
  readonly #locals: Cell[] = [];
  readonly #procedureLocals = new Map<string, ReadonlyMap<string, NameMeaning>>();
  #order = 0;
  #expansions = 0;

  constructor(
    context: CompileContext,
    world: World,
    thread: ThreadDeclaration,
    roles: ThreadRoles,
    pc: Cell,
    procedures: ReadonlyMap<string, Procedure>,
  ) {
    this.#context = context;
    this.#world = world;
    this.#thread = thread;
    this.#roles = roles;
    this.#pc = pc;
    this.#procedures = procedures;
  }

  compile(path: string): CompiledThread {
    const names = this.declareLocals(this.#thread.locals ?? [], `${path}.locals`, "");
    const end: Ref = { end: true, what: "the end" };
    const labels = this.labels(this.#thread.steps, `${path}.steps`, end);
    const frame: Frame = { path: `${path}.steps`, name: "", names, labels, callers: [] };
    const entry = this.steps(this.#thread.steps, frame, frame.path, end);
    return this.number(entry, path);
  }

  declareLocals(list: readonly LocalDeclaration[], path: string, prefix: string): Map<string, NameMeaning> {
    const names = new Map<string, NameMeaning>();
    for (const [i, local] of list.entries()) {
      if (names.has(local.name)) this.#context.error(`${path}[${i}]`, `local "${local.name}" is declared twice`);
      const slot = local.type === "slot";
      const cell = this.#context.cell(prefix + local.name, {
        scope: "local",
        max: slot ? this.#world.slotCount : (local.max ?? 1),
        holds: slot ? "slot" : (local.max ?? 1) === 1 ? "flag" : "number",
      });
      this.#locals.push(cell);
      names.set(local.name, { kind: "variable", cell, type: slot ? "slot" : "number" });
    }
    return names;
  }

  /** All ids of a list of steps, however deep, but not those of called procedures. */
  labels(steps: readonly Step[], path: string, exit: Ref): Map<string, Ref> {
    const labels = new Map<string, Ref>([["return", { to: exit, what: "return" }]]);
    const visit = (list: readonly Step[], at: string): void => {
      for (const [i, step] of list.entries()) {
        if (typeof step === "string") continue;
        if (step.id !== undefined) {
          if (labels.has(step.id)) this.#context.error(`${at}[${i}].id`, `step id "${step.id}" is used twice`);
          labels.set(step.id, { what: step.id });
        }
        if (step.then) visit(step.then, `${at}[${i}].then`);
        if (step.else) visit(step.else, `${at}[${i}].else`);
        if (step.loop) visit(step.loop, `${at}[${i}].loop`);
        for (const [b, branch] of (step.choose ?? []).entries()) visit(branch, `${at}[${i}].choose[${b}]`);
      }
    };
    visit(steps, path);
    return labels;
  }

  steps(list: readonly Step[], frame: Frame, path: string, exit: Ref): Ref {
    let next = exit;
    for (let i = list.length - 1; i >= 0; i--) {
      const raw = list[i] as Step;
      const step: StepObject = typeof raw === "string" ? { do: raw } : raw;
      const at = `${path}[${i}]`;
      const name = frame.name + (step.id ?? String(i + 1));
      let entry: Ref;
      try {
        const place = { path: at, thread: this.#thread.name, step: name };
        if (step.when !== undefined && !this.constantTest(step.when, { ...place, path: `${at}.when` })) entry = next;
        else entry = this.step(step, frame, at, name, next);
      } catch (error) {
        // The error is recorded; the other steps are still checked.
        if (!(error instanceof CompileStop)) throw error;
        entry = next;
      }
      if (step.id !== undefined) (frame.labels.get(step.id) as Ref).to = entry;
      next = entry;
    }
    return next;
  }

  scope(frame: Frame, path: string, step: string): Scope {
    return {
      world: this.#world,
      locals: frame.names,
      place: { path, thread: this.#thread.name, step },
      observer: false,
    };
  }

  constantTest(text: string, place: { path: string; thread: string; step: string }): boolean {
    const scope: Scope = { world: this.#world, locals: new Map(), place, observer: true };
    const value = lower(scope, this.#context.parse(text, place.path, place)).e;
    if (!isConst(value)) this.#context.stop(place.path, `"${text}" must depend on toggles and constants only`, place);
    return value.v !== 0;
  }

  node(): Node {
    return { order: this.#order++, transitions: [], merges: [] };
  }

  step(step: StepObject, frame: Frame, path: string, name: string, next: Ref): Ref {
    const where = { thread: this.#thread.name, step: name };
    if (step.goto !== undefined) {
      const label = frame.labels.get(step.goto);
      if (label === undefined) this.#context.stop(`${path}.goto`, `there is no step "${step.goto}" here`, where);
      return { to: label, what: `goto ${step.goto}` };
    }
    if (step.end === true) return { end: true, what: "the end" };
    if (step.call !== undefined) return this.call(step, frame, path, name, next);
    if (step.choose !== undefined) {
      const node = this.node();
      for (const [i, branch] of step.choose.entries()) {
        const inner = { ...frame, name: `${name}.${i + 1}.` };
        node.merges.push(this.steps(branch, inner, `${path}.choose[${i}]`, next));
      }
      return { node, what: name };
    }
    if (step.while !== undefined) return this.loop(step, frame, path, name, next);
    if (step.do === "synchronize_rcu()") {
      const wait = this.atomic({ ...step, do: "synchronize_wait()" }, frame, path, `${name}.wait`, next);
      return this.atomic({ ...step, do: "synchronize_start()" }, frame, path, name, wait);
    }
    if (step.if !== undefined) return this.branch(step, frame, path, name, next);
    return this.atomic(step, frame, path, name, next);
  }

  loop(step: StepObject, frame: Frame, path: string, name: string, next: Ref): Ref {
    const again: Ref = { what: `while of step ${name}` };
    const body = this.steps(step.loop ?? [], { ...frame, name: `${name}.` }, `${path}.loop`, again);
    again.to = this.test(step, step.while as string, frame, `${path}.while`, name, body, next);
    return again.to;
  }

  branch(step: StepObject, frame: Frame, path: string, name: string, next: Ref): Ref {
    const then = this.steps(step.then ?? [], { ...frame, name: `${name}.yes.` }, `${path}.then`, next);
    const otherwise = this.steps(step.else ?? [], { ...frame, name: `${name}.no.` }, `${path}.else`, next);
    return this.test(step, step.if as string, frame, `${path}.if`, name, then, otherwise);
  }

  atomic(step: StepObject, frame: Frame, path: string, name: string, next: Ref): Ref {
    const text = step.do ?? "";
    const lowering = this.lowering(frame, `${path}.do`, name);
    lowering.statements(this.#context.parseStatements(text, `${path}.do`, lowering.scope.place));
    return this.finish(step, name, text, lowering, { refs: [next] });
  }

  lowering(frame: Frame, path: string, name: string): StepLowering {
    this.#context.named = 0;
    const memalloc = this.#thread.context?.includes("MEMALLOC") === true;
    return new StepLowering(this.scope(frame, path, name), this.#roles, memalloc);
  }

  test(step: StepObject, text: string, frame: Frame, path: string, name: string, yes: Ref, no: Ref): Ref {
    const lowering = this.lowering(frame, path, name);
    const { place } = lowering.scope;
    if (step.do !== undefined) lowering.statements(this.#context.parseStatements(step.do, path, place));
    const tree = this.#context.parse(text, path, place);
    const shown = step.do === undefined ? `if (${text})` : `${step.do}; if (${text})`;
    if (tree.t === "call" && tree.name === "trylock" && tree.args[0] !== undefined) {
      const lock = lowerLock(lowering.scope, tree.args[0]);
      if (lock.index) lowering.touch(lock.index, lock.text);
      const index = lock.index === undefined ? {} : { index: lock.index.e };
      lowering.acquires.push({ cell: lock.cell, name: lock.text, ...index });
      return this.finish(step, name, shown, lowering, {
        refs: [yes, no],
        branch: not({ k: "cell", cell: lock.cell, ...index }),
        onTrue: [{ k: "set", cell: lock.cell, value: constant(1), ...index }],
        tries: true,
      });
    }
    const condition = lower(lowering.scope, tree);
    lowering.touch(condition, describe(tree));
    const c = truth(condition.e);
    if (isConst(c)) {
      // Decided by toggles: the test is not there.
      if (step.do === undefined) return c.v !== 0 ? yes : no;
      return this.finish(step, name, step.do, lowering, { refs: [c.v !== 0 ? yes : no] });
    }
    return this.finish(step, name, shown, lowering, { refs: [yes, no], branch: c });
  }

  finish(
    step: StepObject,
    name: string,
    text: string,
    lowering: StepLowering,
    rest: Pick<Pending, "refs" | "branch" | "onTrue" | "tries">,
  ): Ref {
    const node = this.node();
    const common = {
      label: step.label ?? text,
      step: name,
      ...(step.source === undefined ? {} : { source: step.source as SourceSpan }),
    };
    node.transitions.push({
      ...common,
      guard: lowering.guard,
      guardKind: lowering.guardKind,
      guardText: lowering.guardText,
      effects: lowering.body,
      acquires: lowering.acquires,
      releases: lowering.releases,
      slots: this.#context.named,
      ...(rest.branch === undefined ? {} : { test: true }),
      ...rest,
    });
    if (lowering.spurious !== undefined) {
      node.transitions.push({
        ...common,
        label: `${common.label} (spurious wake-up)`,
        guard: not(lowering.guard),
        guardKind: "none",
        guardText: "",
        effects: [...lowering.spurious, ...lowering.body],
        acquires: [],
        releases: [],
        slots: this.#context.named,
        spurious: true,
        refs: rest.refs,
      });
    }
    return { node, what: name };
  }

  call(step: StepObject, frame: Frame, path: string, name: string, next: Ref): Ref {
    const where = { thread: this.#thread.name, step: name };
    const procedure = this.#procedures.get(step.call as string);
    if (procedure === undefined) this.#context.stop(`${path}.call`, `there is no procedure "${step.call}"`, where);
    if (frame.callers.includes(procedure.name)) {
      this.#context.stop(`${path}.call`, `procedure "${procedure.name}" calls itself`, where);
    }
    if (++this.#expansions > MAX_EXPANSIONS) {
      this.#context.stop(`${path}.call`, `more than ${MAX_EXPANSIONS} procedure calls in one thread`, where);
    }
    const parameters = procedure.parameters ?? [];
    const names = new Map<string, NameMeaning>();
    for (const key of Object.keys(step.with ?? {})) {
      if (!parameters.includes(key)) {
        this.#context.error(`${path}.with.${key}`, `procedure "${procedure.name}" has no parameter "${key}"`, where);
      }
    }
    for (const parameter of parameters) {
      const text = step.with?.[parameter];
      if (text === undefined) {
        this.#context.stop(`${path}.with`, `parameter "${parameter}" of "${procedure.name}" has no value`, where);
      }
      names.set(parameter, this.parameter(text, frame, `${path}.with.${parameter}`, name));
    }
    const own = this.#procedureLocals.get(procedure.name) ?? this.declareProcedureLocals(procedure);
    for (const [key, value] of own) names.set(key, value);
    const at = `procedures.${procedure.name}.steps`;
    const inner: Frame = {
      path: at,
      name: `${name}/${procedure.name}.`,
      names,
      labels: this.labels(procedure.steps, at, next),
      callers: [...frame.callers, procedure.name],
    };
    return this.steps(procedure.steps, inner, at, next);
  }

  declareProcedureLocals(procedure: Procedure): ReadonlyMap<string, NameMeaning> {
    const path = `procedures.${procedure.name}.locals`;
    const own = this.declareLocals(procedure.locals ?? [], path, `${procedure.name}.`);
    this.#procedureLocals.set(procedure.name, own);
    return own;
  }

  parameter(text: string, frame: Frame, path: string, name: string): NameMeaning {
    const scope = this.scope(frame, path, name);
    const tree = this.#context.parse(text, path, scope.place);
    const direct = tree.t === "name" ? (frame.names.get(tree.name) ?? this.#world.globals.get(tree.name)) : undefined;
    if (direct !== undefined) return direct;
    const value = lower(scope, tree);
    if (value.freed !== FALSE) {
      this.#context.stop(path, `pass a local, a global or an index, not "${text}"`, scope.place);
    }
    return { kind: "value", e: value.e, type: value.type };
  }

  /** Resolves references, numbers what can be reached, and writes the pc assignments. */
  number(entry: Ref, path: string): CompiledThread {
    const resolve = (start: Ref): Node | undefined => {
      let ref = start;
      for (let hops = 0; hops < 100_000; hops++) {
        if (ref.end === true) return undefined;
        if (ref.node !== undefined) return ref.node;
        if (ref.to === undefined) break;
        ref = ref.to;
      }
      return this.#context.stop(path, `cyclic goto without a step in between (${start.what})`, {
        thread: this.#thread.name,
      });
    };
    const flat = new Map<Node, readonly Pending[]>();
    const flatten = (node: Node, inside: readonly Node[]): readonly Pending[] => {
      const known = flat.get(node);
      if (known !== undefined) return known;
      if (inside.includes(node) || inside.length > 50) {
        this.#context.stop(path, "a choose leads back to itself without a step", { thread: this.#thread.name });
      }
      const list = [...node.transitions];
      for (const ref of node.merges) {
        const target = resolve(ref);
        if (target === undefined) {
          this.#context.stop(path, 'a branch of a choose has no step: write "skip()"', { thread: this.#thread.name });
        }
        list.push(...flatten(target, [...inside, node]));
      }
      flat.set(node, list);
      return list;
    };
    const first = resolve(entry);
    const found: Node[] = [];
    const seen = new Set<Node>();
    const work: Node[] = first === undefined ? [] : [first];
    while (work.length > 0) {
      const node = work.pop() as Node;
      if (seen.has(node)) continue;
      seen.add(node);
      found.push(node);
      if (found.length > MAX_LOCATIONS) {
        this.#context.stop(path, `more than ${MAX_LOCATIONS} steps in one thread`, { thread: this.#thread.name });
      }
      for (const transition of flatten(node, [])) {
        for (const ref of transition.refs) {
          const target = resolve(ref);
          if (target !== undefined) work.push(target);
        }
      }
    }
    // Nodes were made back to front: the last made is the first in the text.
    found.sort((a, b) => b.order - a.order);
    for (const [i, node] of found.entries()) node.number = i;
    const end = found.length;
    const numberOf = (ref: Ref): number => resolve(ref)?.number ?? end;
    const locations = found.map(
      (node): Location => ({
        transitions: flatten(node, []).map((pending) => this.complete(pending, pending.refs.map(numberOf))),
        held: [],
        live: [],
      }),
    );
    this.#pc.max = Math.max(1, end);
    return { locations, entry: first?.number ?? end, locals: this.#locals };
  }

  complete(pending: Pending, targets: readonly number[]): Transition {
    const { effects, branch, refs: _refs, onTrue, ...rest } = pending;
    const body: Stmt[] = [...effects];
    const set = (value: Expr): Stmt => ({ k: "set", cell: this.#pc, value });
    const [first, second] = targets as [number, number?];
    if (branch === undefined || second === undefined) body.push(set(constant(first)));
    else if (onTrue !== undefined) {
      body.push({ k: "if", c: branch, yes: [...onTrue, set(constant(first))], no: [set(constant(second))] });
    } else
      body.push(set(first === second ? constant(first) : choice(all([branch]), constant(first), constant(second))));
    return { ...rest, body, targets };
  }
}
