/**
 * The call graph of one filesystem's operations under one assumption about the task: nodes are functions with what is
 * known of their arguments, edges are calls that can be made, and each node has its effects.
 */
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { IndirectCalls } from "../callgraph/indirect.ts";
import type { LiveFunctions } from "../callgraph/live-functions.ts";
import type { Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, SourceFile } from "../callgraph/program.ts";
import type { TypeResolver } from "../callgraph/types.ts";
import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";
import type { EffectKind, FunctionEntry, Knowledge } from "../knowledge/knowledge.ts";
import type { EffectSite } from "./effect.ts";
import type { CallEvent, Expansion, Interpreter, Mode } from "./interpreter.ts";
import { lockScope } from "./lock-scope.ts";
import type { Value } from "./value.ts";

export interface Edge {
  readonly event: CallEvent;
  readonly target: GraphNode;
  /** The pointer as written, for an indirect call. */
  readonly via: string | null;
  readonly doubt: string | null;
}

export interface GraphNode {
  readonly expansion: Expansion;
  /** Calls from the nearest operation. */
  depth: number;
  /** Calls were left out because the chain would have become too long. */
  cut: boolean;
  readonly edges: Edge[];
  readonly effects: EffectSite[];
  /** Functions handed to call_rcu(): they run later. */
  readonly callbacks: Edge[];
}

export interface UnresolvedSite {
  readonly body: Body;
  readonly event: CallEvent;
  readonly expression: string;
}

/** Limits are counts, so that editor and command line agree. */
export const MAX_NODES = 60_000;
/**
 * Calls of a chain. A longer one hangs on more conditions than anybody has checked together: on Linux 6.12 none of those
 * that were looked at could happen (an NFS open context's last reference dropped by the truncation of an inode that it pins).
 */
export const MAX_CHAIN = 16;

export interface Engine {
  readonly bodies: FunctionBodies;
  readonly lookup: Lookup;
  readonly types: TypeResolver;
  readonly indirect: IndirectCalls;
  readonly interpreter: Interpreter;
  readonly knowledge: Knowledge;
  readonly live: LiveFunctions;
}

const NOFAIL = "__GFP_NOFAIL";
const SCOPED_GUARDS = new Set(["scoped_guard", "scoped_cond_guard"]);
const QUIET_KINDS: ReadonlySet<EffectKind> = new Set(["wait", "lock", "disk", "dirty"]);
/** With more candidates than this, which of them a callback is depends on the object at hand. */
const MAX_SURE_TARGETS = 6;

export class EffectGraph {
  readonly filesystem: Filesystem;
  readonly mode: Mode;
  readonly unresolved: UnresolvedSite[] = [];
  readonly nodes = new Map<Expansion, GraphNode>();
  readonly #engine: Engine;
  readonly #folder: string;
  #limitHit = false;

  constructor(engine: Engine, filesystem: Filesystem, mode: Mode) {
    this.#engine = engine;
    this.filesystem = filesystem;
    this.mode = mode;
    this.#folder = filesystem.table.file.directory;
  }

  get limitHit(): boolean {
    return this.#limitHit;
  }

  /** Whether any function of it looks at the task's flags. */
  get asksForTask(): boolean {
    for (const expansion of this.nodes.keys()) if (expansion.asksForTask) return true;
    return false;
  }

  /** The node of a function called with unknown arguments; null when it cannot be parsed. */
  root(fn: FunctionRef): GraphNode | null {
    const body = this.#engine.bodies.of(fn);
    return body === null ? null : this.#nodeOf(body, []);
  }

  #nodeOf(body: Body, args: readonly Value[]): GraphNode | null {
    const first = this.#make(body, args, 0);
    // Breadth first: each function is met by the shortest way.
    for (let i = 0; i < this.#pending.length; i++) this.#complete(this.#pending[i]!);
    this.#pending.length = 0;
    return first;
  }

  readonly #pending: GraphNode[] = [];

  #make(body: Body, args: readonly Value[], depth: number): GraphNode | null {
    const expansion = this.#engine.interpreter.expand(body, args, this.mode);
    let node = this.nodes.get(expansion);
    if (node === undefined) {
      if (this.nodes.size >= MAX_NODES) {
        this.#limitHit = true;
        return null;
      }
      node = { expansion, depth, cut: false, edges: [], effects: [], callbacks: [] };
      this.nodes.set(expansion, node);
      this.#pending.push(node);
    } else if (node.cut && depth < node.depth) {
      // Another operation gets here by a shorter way: what was left out is within reach now.
      node.depth = depth;
      node.cut = false;
      node.edges.length = 0;
      node.effects.length = 0;
      node.callbacks.length = 0;
      this.#pending.push(node);
    }
    return node;
  }

  #complete(node: GraphNode): void {
    for (const event of node.expansion.events) this.#call(node, event);
  }

  #call(node: GraphNode, event: CallEvent): void {
    const { body } = node.expansion;
    const { callee } = event.call;
    if (callee.k === "id") {
      if (SCOPED_GUARDS.has(callee.name)) {
        this.#enterScope(node, event, event.call.args[0], 1);
        return;
      }
      if (event.callee?.k === "global") {
        this.#callNamed(node, event, event.callee.name, callee.name);
        return;
      }
      if (this.#engine.types.localType(callee.name, body) !== null) {
        this.#unresolved(body, event);
        return;
      }
      this.#callNamed(node, event, callee.name, null);
    } else if (callee.k === "call" && callee.callee.k === "id") {
      this.#enterScope(node, event, callee.args[0], 0);
    } else this.#callThroughPointer(node, event);
  }

  /** guard(mutex)(&lock), scoped_guard(mutex, &lock): the class says what is called on the lock. */
  #enterScope(node: GraphNode, event: CallEvent, guardClass: Expr | undefined, lockArgument: number): void {
    const target = guardClass?.k === "id" ? this.#engine.knowledge.guardClasses.get(guardClass.name) : undefined;
    const entry = target === undefined ? undefined : this.#engine.knowledge.functions.get(target);
    if (target !== undefined && entry !== undefined)
      this.#primitive(node, event, target, { ...entry, lockArgument }, true);
  }

  #callNamed(node: GraphNode, event: CallEvent, name: string, via: string | null): void {
    const { body } = node.expansion;
    const { knowledge, lookup } = this.#engine;
    const target = lookup.direct(name, body.file);
    let entry = knowledge.functions.get(name);
    // A filesystem's own static function that happens to have a primitive's name is not the primitive.
    if (
      entry !== undefined &&
      target?.kind === "function" &&
      target.function.isStatic &&
      this.filesystem.owns(target.function.file)
    )
      entry = undefined;
    if (entry !== undefined) {
      this.#primitive(node, event, name, entry, target !== null);
      if (!entry.follow) return;
    }
    if (target === null) return;
    const file = target.kind === "function" ? target.function.file : target.macro.file;
    if (!knowledge.isFollowed(file.path) && !this.filesystem.owns(file) && !this.#isBesideTable(file)) return;
    if (!this.#engine.live.mayMatter(target.kind === "function" ? target.function : target.macro)) return;
    if (this.#isTooDeep(node)) return;
    const callee =
      target.kind === "function" ? this.#engine.bodies.of(target.function) : this.#engine.bodies.ofMacro(target.macro);
    if (callee === null) return;
    const next = this.#make(callee, event.args, node.depth + 1);
    if (next !== null) node.edges.push({ event, target: next, via, doubt: null });
  }

  /** A subsystem's folder (kernel/bpf, net/sunrpc) goes with the table in it; a shared one (mm) does not. */
  #isBesideTable(file: SourceFile): boolean {
    return file.directory === this.#folder && this.#folder.includes("/");
  }

  #isTooDeep(node: GraphNode): boolean {
    if (node.depth < MAX_CHAIN - 1) return false;
    node.cut = true;
    return true;
  }

  #callThroughPointer(node: GraphNode, event: CallEvent): void {
    const { body } = node.expansion;
    const targets = this.#engine.indirect.targets(event.call.callee, body, this.filesystem);
    if (targets === null) {
      this.#unresolved(body, event);
      return;
    }
    const via = textOf(event.call.callee, body, event);
    const doubt = targets.untyped
      ? `the type behind ${via} was not found`
      : targets.functions.length > (targets.assigned ? 1 : MAX_SURE_TARGETS)
        ? `${via} is one of ${targets.functions.length} functions`
        : null;
    for (const fn of targets.functions) {
      if (!this.#engine.live.mayMatter(fn) || this.#isTooDeep(node)) continue;
      const callee = this.#engine.bodies.of(fn);
      if (callee === null) continue;
      const next = this.#make(callee, event.args, node.depth + 1);
      if (next !== null) node.edges.push({ event, target: next, via, doubt });
    }
  }

  #unresolved(body: Body, event: CallEvent): void {
    this.unresolved.push({ body, event, expression: textOf(event.call.callee, body, event) });
  }

  #primitive(node: GraphNode, event: CallEvent, name: string, entry: FunctionEntry, defined: boolean): void {
    const { body } = node.expansion;
    const { knowledge, types } = this.#engine;
    // The wrapper that the caller named has been reported already.
    const around = knowledge.functions.get(body.name);
    const kinds = new Set(entry.effects ?? []);
    if (!defined) for (const kind of entry.undefinedEffects ?? []) kinds.add(kind);
    if (entry.gfp !== undefined && isNofail(event.args[entry.gfp], knowledge)) kinds.add("nofail");
    for (const kind of kinds) {
      if (around?.effects?.includes(kind)) continue;
      let doubt: string | null = null;
      let what = entry.what ?? "";
      if (QUIET_KINDS.has(kind) && knowledge.quietFiles.has(body.file.path)) continue;
      if (kind === "lock") {
        const scope = lockScope(event.call.args[entry.lockArgument ?? 0], body, types);
        if (scope === "inode") continue;
        what = scope === "filesystem" ? "sleeps on a filesystem-wide lock" : "sleeps on a shared lock";
        if (scope === "other") doubt = "who else holds this lock is not known";
      } else if (kind === "nofail") what = "makes an allocation that may not fail";
      if (kind === "rcu") {
        const callback = event.args[entry.callback ?? 1];
        if (callback?.k === "global") this.#callback(node, event, callback.name);
        continue;
      }
      node.effects.push({ kind, body, event, primitive: name, what, doubt });
    }
  }

  #callback(node: GraphNode, event: CallEvent, name: string): void {
    const fn = this.#engine.lookup.functionValue(name, node.expansion.body.file);
    const body = fn === null ? null : this.#engine.bodies.of(fn);
    const target = body === null ? null : this.#make(body, [], node.depth + 1);
    if (target !== null) node.callbacks.push({ event, target, via: name, doubt: null });
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
