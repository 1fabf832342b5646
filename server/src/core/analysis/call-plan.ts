/**
 * What each call of a function comes to in one filesystem: an effect, a function to go on in, or a pointer that nothing is
 * registered for. It depends on the function's expansion and on the filesystem alone, so all graphs of the filesystem
 * share it, and it is kept from one review to the next. Where nothing in it was the filesystem's business (no pointer, no
 * name that could be the filesystem's own), all filesystems share it.
 */
import { type Filesystem, isBesideTable } from "../callgraph/filesystem.ts";
import type { FunctionRef, MacroRef } from "../callgraph/program.ts";
import { type Fact, newFact } from "../callgraph/reads.ts";
import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";
import type { EffectKind, FunctionEntry, Knowledge } from "../knowledge/knowledge.ts";
import type { EffectSite } from "./effect.ts";
import type { Engine, UnresolvedSite } from "./effect-graph.ts";
import type { CallEvent, Expansion } from "./interpreter.ts";
import { lockScope } from "./lock-scope.ts";
import type { Value } from "./value.ts";

export type PlannedCall =
  | { readonly k: "effect"; readonly site: EffectSite }
  /** `via`: the pointer as written, for an indirect call. */
  | {
      readonly k: "edge";
      readonly event: CallEvent;
      readonly target: FunctionRef | MacroRef;
      readonly via: string | null;
      readonly doubt: string | null;
      /** What the last graph made of it, with its arguments' key: graphs are much alike. */
      last: { readonly expansion: Expansion; readonly key: string } | null;
    }
  /** A function handed to call_rcu(). */
  | { readonly k: "callback"; readonly event: CallEvent; readonly function: FunctionRef; readonly name: string };

export interface CallPlan {
  /** In the order in which the calls stand in the function. */
  readonly calls: readonly PlannedCall[];
  readonly unresolved: readonly UnresolvedSite[];
  readonly fact: Fact;
}

interface PlanDraft {
  readonly expansion: Expansion;
  readonly calls: PlannedCall[];
  readonly unresolved: UnresolvedSite[];
  /** Another filesystem may have another plan. */
  isOwn: boolean;
}

const NOFAIL = "__GFP_NOFAIL";
const SCOPED_GUARDS = new Set(["scoped_guard", "scoped_cond_guard"]);
const QUIET_KINDS: ReadonlySet<EffectKind> = new Set(["wait", "lock", "disk", "dirty"]);
/** With more candidates than this, which of them a callback is depends on the object at hand. */
const MAX_SURE_TARGETS = 6;

const PLANNERS = new WeakMap<Filesystem, { readonly engine: Engine; readonly planner: CallPlanner }>();

/** The plans of a filesystem; they live as long as it does. */
export function plannerOf(engine: Engine, filesystem: Filesystem): CallPlanner {
  let known = PLANNERS.get(filesystem);
  if (known?.engine !== engine) {
    known = { engine, planner: new CallPlanner(engine, filesystem) };
    PLANNERS.set(filesystem, known);
  }
  return known.planner;
}

/** Gives the memory of a filesystem's plans back; they are made again when somebody asks. */
export function forgetPlans(filesystem: Filesystem): void {
  PLANNERS.delete(filesystem);
}

export function bodyOf(definition: FunctionRef | MacroRef, bodies: FunctionBodies): Body | null {
  return "isStatic" in definition ? bodies.of(definition) : bodies.ofMacro(definition);
}

export class CallPlanner {
  readonly #engine: Engine;
  readonly #filesystem: Filesystem;
  readonly #folders: ReadonlySet<string>;
  /** Those of this filesystem alone. */
  readonly #plans = new WeakMap<Expansion, CallPlan>();

  constructor(engine: Engine, filesystem: Filesystem) {
    this.#engine = engine;
    this.#filesystem = filesystem;
    this.#folders = new Set([filesystem.table.file.directory]);
  }

  /** The plan that there is already; null when there is none, or when something in it has changed. */
  freshPlanOf(expansion: Expansion): CallPlan | null {
    if (expansion.plan?.fact.stale === false) return expansion.plan;
    const plan = this.#plans.get(expansion);
    return plan === undefined || plan.fact.stale ? null : plan;
  }

  planOf(expansion: Expansion): CallPlan {
    const { reads } = this.#engine;
    const known = this.freshPlanOf(expansion);
    if (known !== null) {
      reads?.read(known.fact);
      return known;
    }
    const fact = newFact(reads);
    return reads === null ? this.#make(expansion, fact) : reads.track(fact, () => this.#make(expansion, fact));
  }

  #make(expansion: Expansion, fact: Fact): CallPlan {
    this.#engine.reads?.read(expansion.fact);
    const draft: PlanDraft = { expansion, calls: [], unresolved: [], isOwn: false };
    for (const event of expansion.events) this.#call(draft, event);
    // A list that was made by adding one by one holds room for more.
    const plan = { calls: draft.calls.slice(), unresolved: draft.unresolved, fact };
    if (draft.isOwn) this.#plans.set(expansion, plan);
    else expansion.plan = plan;
    return plan;
  }

  #call(draft: PlanDraft, event: CallEvent): void {
    const { body } = draft.expansion;
    const { callee } = event.call;
    if (callee.k === "id") {
      if (SCOPED_GUARDS.has(callee.name)) {
        this.#enterScope(draft, event, event.call.args[0], 1);
        return;
      }
      if (event.callee?.k === "global") {
        this.#callNamed(draft, event, event.callee.name, callee.name);
        return;
      }
      if (this.#engine.types.localType(callee.name, body) !== null) {
        this.#unresolved(draft, event);
        return;
      }
      this.#callNamed(draft, event, callee.name, null);
    } else if (callee.k === "call" && callee.callee.k === "id") {
      this.#enterScope(draft, event, callee.args[0], 0);
    } else this.#callThroughPointer(draft, event);
  }

  /** guard(mutex)(&lock), scoped_guard(mutex, &lock): the class says what is called on the lock. */
  #enterScope(draft: PlanDraft, event: CallEvent, guardClass: Expr | undefined, lockArgument: number): void {
    const target = guardClass?.k === "id" ? this.#engine.knowledge.guardClasses.get(guardClass.name) : undefined;
    const entry = target === undefined ? undefined : this.#engine.knowledge.functions.get(target);
    if (target !== undefined && entry !== undefined)
      this.#primitive(draft, event, target, { ...entry, lockArgument }, true);
  }

  #callNamed(draft: PlanDraft, event: CallEvent, name: string, via: string | null): void {
    const { body } = draft.expansion;
    const { knowledge, lookup } = this.#engine;
    const target = lookup.direct(name, body.file);
    let entry = knowledge.functions.get(name);
    // A filesystem's own static function that happens to have a primitive's name is not the primitive.
    if (entry !== undefined && target?.kind === "function" && target.function.isStatic) {
      draft.isOwn = true;
      if (this.#filesystem.owns(target.function.file)) entry = undefined;
    }
    if (entry !== undefined) {
      this.#primitive(draft, event, name, entry, target !== null);
      if (!entry.follow) return;
    }
    if (target === null) return;
    const file = target.kind === "function" ? target.function.file : target.macro.file;
    if (!knowledge.isFollowed(file.path)) {
      draft.isOwn = true;
      if (!this.#filesystem.owns(file) && !isBesideTable(file.directory, this.#folders)) return;
    }
    if (!this.#engine.live.mayMatter(target.kind === "function" ? target.function : target.macro)) return;
    const definition = target.kind === "function" ? target.function : target.macro;
    // The line of a function that a macro makes holds the macro's call, not its own.
    const written = via ?? body.function?.madeBy ?? null;
    draft.calls.push({ k: "edge", event, target: definition, via: written, doubt: null, last: null });
  }

  #callThroughPointer(draft: PlanDraft, event: CallEvent): void {
    draft.isOwn = true;
    const { body } = draft.expansion;
    const targets = this.#engine.indirect.targets(event.call.callee, body, this.#filesystem);
    if (targets === null) {
      this.#unresolved(draft, event);
      return;
    }
    const via = textOf(event.call.callee, body, event);
    const doubt = targets.untyped
      ? `the type behind ${via} was not found`
      : targets.functions.length > (targets.assigned ? 1 : MAX_SURE_TARGETS)
        ? `${via} is one of ${targets.functions.length} functions`
        : null;
    for (const fn of targets.functions)
      if (this.#engine.live.mayMatter(fn)) draft.calls.push({ k: "edge", event, target: fn, via, doubt, last: null });
  }

  #unresolved(draft: PlanDraft, event: CallEvent): void {
    const { body } = draft.expansion;
    draft.unresolved.push({ body, event, expression: textOf(event.call.callee, body, event) });
  }

  #primitive(draft: PlanDraft, event: CallEvent, name: string, entry: FunctionEntry, defined: boolean): void {
    const { body } = draft.expansion;
    const { knowledge, types } = this.#engine;
    // The wrapper that the caller named has been reported already.
    const around = knowledge.functions.get(body.name);
    const kinds = new Set(entry.effects ?? []);
    if (!defined) for (const kind of entry.undefinedEffects ?? []) kinds.add(kind);
    if (entry.gfp !== undefined && isNofail(event.args[entry.gfp], knowledge)) kinds.add("nofail");
    for (const kind of kinds) {
      if (around?.effects?.includes(kind)) continue;
      let doubt = entry.doubt ?? null;
      let what = entry.whats?.[kind] ?? entry.what ?? "";
      if (QUIET_KINDS.has(kind) && knowledge.quietFiles.has(body.file.path)) continue;
      if (kind === "lock") {
        const scope = lockScope(event.call.args[entry.lockArgument ?? 0], body, types);
        if (scope === "inode") continue;
        what = scope === "filesystem" ? "sleeps on a filesystem-wide lock" : "sleeps on a shared lock";
        if (scope === "other") doubt = "who else holds this lock is not known";
      } else if (kind === "nofail") what = "makes an allocation that may not fail";
      if (kind === "rcu") {
        const callback = event.args[entry.callback ?? 1];
        if (callback?.k === "global") this.#callback(draft, event, callback.name);
        continue;
      }
      draft.calls.push({ k: "effect", site: { kind, body, event, primitive: name, what, doubt } });
    }
  }

  #callback(draft: PlanDraft, event: CallEvent, name: string): void {
    const fn = this.#engine.lookup.functionValue(name, draft.expansion.body.file);
    if (fn !== null) draft.calls.push({ k: "callback", event, function: fn, name });
  }
}

function isNofail(gfp: Value, knowledge: Knowledge): boolean {
  const bit = knowledge.constants.get(NOFAIL) ?? 0;
  return gfp?.k === "bits" && (gfp.known & bit) !== 0 && (gfp.bits & bit) !== 0;
}

/** The callee as the source writes it. */
function textOf(callee: Expr, body: Body, event: CallEvent): string {
  const text = body.text.slice(event.call.at, event.call.end);
  const open = callee.k === "id" ? callee.name.length : calleeLength(text);
  return text.slice(0, open).replace(/\s+/g, " ").trim();
}

/** Length of the callee in front of the argument list that ends the call's text. */
function calleeLength(text: string): number {
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === ")") depth++;
    else if (text[i] === "(" && --depth === 0) return i;
  }
  return text.length;
}
