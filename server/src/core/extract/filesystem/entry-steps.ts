/**
 * A filesystem's own lookup (foo_iget()) or create (foo_new_inode()) as procedures of a model: around the tree's iget_locked() or
 * insert_inode_locked() what the filesystem does with the inode at hand, in the order of its control flow and at its lines. It
 * reads the inode or writes it, tests I_NEW, unlocks it, and gives it up where something fails.
 */
import type { Engine } from "../../analysis/effect-graph.ts";
import { Env } from "../../analysis/env.ts";
import { type CallEvent, MODES } from "../../analysis/interpreter.ts";
import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { Program } from "../../callgraph/program.ts";
import { type Body, positionIn } from "../../ir/function-bodies.ts";
import type { Step as CodeStep, Expr } from "../../ir/ir.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, SourceSpan, Step } from "../../race/model.ts";
import { callsIn, nextOf } from "../../rules/walk-steps.ts";
import { callText, uniqueNames } from "./chain-steps.ts";
import { type AtHand, assignmentOf, bare, meaningOf, namesOf, refersTo } from "./entry-conditions.ts";
import { NO_LOCKS, type SharedLocks } from "./entry-locks.ts";
import { type EntryKind, type EntryPath, entryPath, INSERTS_BLINDLY } from "./entry-path.ts";
import { lowerFlow } from "./flow.ts";
import { type Definition, type OwnCalls, ownCallsOf } from "./own-calls.ts";
import { sleepingLocksOf } from "./sleeping-locks.ts";
import type { Protocol } from "./tree-protocol.ts";

export interface EntryRequest {
  readonly engine: Engine;
  readonly program: Program;
  readonly filesystem: Filesystem;
  readonly protocol: Protocol;
  /** Statement where a lookup reads the inode from disk, or a create writes it there. */
  readonly mark: string;
  /** ... and where it gives up what it has read or written. */
  readonly forget: string;
  /** The last iput() of what is given up, where that is not the protocol's. */
  readonly put?: Step;
  /** Locks of the filesystem that are steps: from the function of the way that takes the first of them. */
  readonly locks?: SharedLocks;
  /** In front of the procedures' names. */
  readonly prefix?: string;
}

export interface EntrySteps {
  /** Takes the parameter `found` (`made`): a local of the thread, `none` at first, which has the inode afterwards. */
  readonly procedures: readonly Procedure[];
  /** Names of the functions, from the method down to the generic one. */
  readonly way: string;
  readonly assumptions: readonly string[];
}

/** There is a way, and the model cannot take it. */
export interface EntryFailure {
  readonly assumption: string;
}

/** The local of the thread that has the inode. */
export const SLOT_OF: Readonly<Record<EntryKind, string>> = { lookup: "found", create: "made" };
/** What insert_inode_locked() answers. */
export const BUSY = "busy";

const UNLOCKS: ReadonlySet<string> = new Set(["unlock_new_inode", "d_instantiate_new"]);
const GIVES_UP: ReadonlyMap<string, "put" | "fail" | "discard"> = new Map([
  ["iput", "put"],
  ["iget_failed", "fail"],
  ["discard_new_inode", "discard"],
]);
const MAKES: ReadonlySet<string> = new Set(["new_inode"]);
const MARKS: Readonly<Record<EntryKind, ReadonlySet<EffectKind>>> = {
  lookup: new Set(["disk", "network", "wait"]),
  create: new Set(["dirty"]),
};
const MARK_WORDS: Readonly<Record<EntryKind, string>> = {
  lookup: "a new inode is read from disk",
  create: "the new inode of the number is written",
};
const MAX_DEPTH = 4;

/** Null where the filesystem has none: its lookups use an index of their own, or its inodes are never hashed. */
export function entrySteps(request: EntryRequest, kind: EntryKind): EntrySteps | EntryFailure | null {
  const path = entryPath(request, kind);
  return path === null ? null : new Builder(request, path).build();
}

interface Lowered {
  readonly steps: readonly Step[];
  readonly locals: Procedure["locals"];
}

class Builder {
  readonly #request: EntryRequest;
  readonly #path: EntryPath;
  readonly #calls: OwnCalls;
  readonly #slot: string;
  readonly #made = new Map<Definition, Lowered | null>();
  readonly #order: Definition[] = [];
  readonly #assumptions = new Set<string>();
  #meets = false;
  #makes = false;

  constructor(request: EntryRequest, path: EntryPath) {
    this.#request = request;
    this.#path = path;
    this.#calls = ownCallsOf(request.engine, request.program, request.filesystem);
    this.#slot = SLOT_OF[path.kind];
  }

  build(): EntrySteps | EntryFailure {
    const { kind, chain, generic } = this.#path;
    const way = [...chain.map(({ name }) => name), [...generic].join("/")].map((name) => `${name}()`).join(" -> ");
    const failure = (why: string): EntryFailure => ({
      assumption: `the filesystem's own ${kind}, ${chain.at(-1)!.name}(), is left out: ${why}`,
    });
    const { locks = NO_LOCKS, prefix = "in" } = this.#request;
    const start = Math.min(this.#start(), locks.top);
    if (start < 0)
      return failure(kind === "lookup" ? "where I_NEW is cleared was not found" : "new_inode() was not found");
    if (!this.#lower(start, chain[start]!, [], 0)) return failure("it could not be read");
    if (!this.#meets || (kind === "create" && !this.#makes))
      return failure("its call of the generic function was not met");
    const kept = this.#order.filter((each) => this.#made.get(each) != null);
    const names = uniqueNames(kept.map(({ name }) => name)).map((name) => name.replace(/^do_/, `${prefix}_`));
    const nameOf = new Map(kept.map((each, i) => [token(this.#order.indexOf(each)), names[i]!]));
    const rename = (steps: readonly Step[]): Step[] =>
      JSON.parse(JSON.stringify(steps), (key, value) =>
        key === "call" ? (nameOf.get(value as string) ?? value) : value,
      ) as Step[];
    const procedures = kept.map((each, i): Procedure => {
      const { steps, locals } = this.#made.get(each)!;
      return { name: names[i]!, parameters: parametersOf(kind), locals: locals ?? [], steps: rename(steps) };
    });
    return { procedures, way, assumptions: [...this.#assumptions] };
  }

  /** The function nearest to the generic one that has the whole life of the inode at hand. */
  #start(): number {
    const { kind, chain } = this.#path;
    const wanted = kind === "lookup" ? UNLOCKS : MAKES;
    for (let i = chain.length - 1; i >= 0; i--)
      if (
        kind === "lookup"
          ? this.#calls.reaches(chain[i]!, (name) => wanted.has(name), MAX_DEPTH)
          : this.#names(chain[i]!, wanted)
      )
        return i;
    return -1;
  }

  #names(definition: Definition, wanted: ReadonlySet<string>): boolean {
    return [...this.#calls.names(definition)].some((name) => wanted.has(name));
  }

  /** `at`: place in the chain, -1 for a function beside it that takes the inode. Whether anything of it is in the model. */
  #lower(at: number, definition: Definition, given: readonly string[], depth: number): boolean {
    const known = this.#made.get(definition);
    if (known !== undefined) return known !== null;
    this.#made.set(definition, null);
    this.#order.push(definition);
    const body = this.#calls.bodyOf(definition);
    if (body === null) return false;
    const { engine } = this.#request;
    const brings = (expr: Expr): boolean => this.#brings(at, expr);
    const isGeneric = (expr: Expr): boolean => calls(expr, this.#path.generic);
    const names = namesOf(body, brings, given);
    const hand = { names, slot: this.#slot };
    const answers = this.#path.kind === "create" ? answersOf(body, (expr) => this.#isInsert(at, expr)) : null;
    // `a ? inode_insert5(..) : iget5_locked(..)` calls one of them.
    const others = new Set(body.ir.steps.flatMap((step) => callsIn(step).filter(isGeneric).slice(1)));
    const behind = callsBehind(body, hand, given.length > 0 ? null : (expr) => this.#isSource(at, expr));
    const { locks = NO_LOCKS } = this.#request;
    const shared = sleepingLocksOf(this.#request).flowOf(body, locks.names);
    let marked = false;
    const flow = lowerFlow({
      body,
      mode: MODES.any,
      interpreter: engine.interpreter,
      args: [],
      facts: Env.of(),
      mergesChoices: true,
      onCall: (event) => {
        if (others.has(event.call)) return [];
        const steps = this.#call(at, body, event, names, depth);
        if (steps.length > 0 || marked || !behind.has(event.call.at)) return steps;
        const itself = shared?.stepsOf(event.call, false);
        if (itself !== undefined && itself.takes.length + itself.givesBack.length > 0) return steps;
        marked = this.#isMark(body, event, names);
        return marked ? [this.#mark(body, event)] : steps;
      },
      shared,
      onTest: (step) => answers?.(step) ?? meaningOf(step.test, hand),
    });
    if (flow.steps.length === 0) return false;
    if (flow.cutsLoop) this.#assumptions.add(`loops of ${body.name}() run once`);
    this.#made.set(definition, { steps: flow.steps, locals: flow.locals });
    return true;
  }

  #call(at: number, body: Body, event: CallEvent, names: ReadonlySet<string>, depth: number): Step[] {
    const { callee, args } = event.call;
    if (callee.k !== "id") return [];
    const { name } = callee;
    const { chain, generic, kind } = this.#path;
    const place = this.#place(body, event);
    if (at === chain.length - 1 && generic.has(name)) {
      this.#meets = true;
      return [{ do: "skip()", ...place }, ...this.#generic(name)];
    }
    const next = at >= 0 ? chain[at + 1] : undefined;
    if (next !== undefined && name === next.name) return this.#enter(at + 1, next, event, names, depth);
    if (kind === "create" && MAKES.has(name)) {
      this.#makes = true;
      return [{ do: "skip()", ...place }, this.#request.protocol.call("new-inode", { result: this.#slot })];
    }
    const takes = args.some((arg) => refersTo(arg, names));
    if (!takes) return [];
    if (UNLOCKS.has(name)) return this.#unlocks(place);
    const gives = GIVES_UP.get(name);
    if (gives !== undefined) return this.#givesUp(gives, place);
    const target = this.#calls.target(name, body.file);
    const isWanted =
      target !== null &&
      !chain.includes(target) &&
      depth < MAX_DEPTH &&
      this.#calls.reaches(
        target,
        (each) => UNLOCKS.has(each) || GIVES_UP.get(each) === "fail" || GIVES_UP.get(each) === "discard",
        2,
      );
    return isWanted ? this.#enter(-1, target, event, names, depth) : [];
  }

  #enter(at: number, target: Definition, event: CallEvent, names: ReadonlySet<string>, depth: number): Step[] {
    const body = this.#calls.bodyOf(target);
    const given = (body?.ir.parameters ?? []).flatMap(({ name }, i) => {
      const arg = event.call.args[i];
      return name !== "" && arg !== undefined && refersTo(arg, names) ? [name] : [];
    });
    if (!this.#lower(at, target, given, depth + 1)) return [];
    const passed = Object.fromEntries(parametersOf(this.#path.kind).map((name) => [name, name]));
    return [{ call: token(this.#order.indexOf(target)), with: passed }];
  }

  #generic(name: string): Step[] {
    const { protocol } = this.#request;
    if (this.#path.kind === "lookup") return [protocol.call("lookup", { result: this.#slot }, name)];
    return [
      {
        label: "inode->i_ino is the number",
        if: `${this.#slot} != none`,
        then: [
          { label: "the number is that of the inode that is evicted", do: `${this.#slot}.ino = 1` },
          ...(INSERTS_BLINDLY.has(name)
            ? protocol.inserts(this.#slot)
            : [protocol.call("create", { inode: this.#slot, result: BUSY }, name)]),
        ],
      },
    ];
  }

  #unlocks(place: { readonly label: string; readonly source: SourceSpan }): Step[] {
    const { protocol, mark } = this.#request;
    const { kind } = this.#path;
    return [
      {
        ...place,
        if: `${this.#slot} != none && ${this.#slot}.NEW`,
        then: [
          { label: `${MARK_WORDS[kind]} by now`, do: mark, source: place.source },
          protocol.call("unlock-new", { inode: this.#slot }),
        ],
      },
    ];
  }

  /**
   * Which inode is given up how follows from tests that the model does not know: iget_failed() and discard_new_inode() are for one
   * with I_NEW set, and iput() alone never is (iput_final() warns).
   */
  #givesUp(how: "put" | "fail" | "discard", place: { readonly label: string; readonly source: SourceSpan }): Step[] {
    const { protocol, forget, put } = this.#request;
    const slot = this.#slot;
    const puts: Step[] = put === undefined ? protocol.givesUp("put", slot) : [put];
    const unlock = protocol.call("unlock-new", { inode: slot });
    const fails: Step[] =
      how === "put"
        ? [unlock, ...puts]
        : put === undefined
          ? protocol.givesUp(how, slot)
          : [...(how === "fail" ? [protocol.call("unhash", { inode: slot })] : []), unlock, put];
    return [
      {
        ...place,
        if: `${slot} != none`,
        then: [
          { label: "what is known of it is forgotten", do: forget, source: place.source },
          { label: "if (inode->i_state & I_NEW)", if: `${slot}.NEW`, then: fails, else: puts },
          { label: "it is given up", do: `${slot} = none`, source: place.source },
        ],
      },
    ];
  }

  #mark(body: Body, event: CallEvent): Step {
    const { kind } = this.#path;
    const isOne = kind === "lookup" ? `${this.#slot} != none && ${this.#slot}.NEW` : `${this.#slot} != none`;
    const place = this.#place(body, event);
    return { ...place, if: isOne, then: [{ label: MARK_WORDS[kind], do: this.#request.mark, source: place.source }] };
  }

  /** A create that writes the inode, or a lookup that reads anything: the inode's block need not be asked for by the inode. */
  #isMark(body: Body, { call }: CallEvent, names: ReadonlySet<string>): boolean {
    const { kind } = this.#path;
    if (call.callee.k !== "id" || !this.#calls.does(call.callee.name, body, MARKS[kind])) return false;
    return kind === "lookup" || call.args.some((arg) => refersTo(arg, names));
  }

  /** Whether the value of an expression is the inode at hand. */
  #brings(at: number, expr: Expr): boolean {
    if (this.#path.kind === "create" && calls(expr, MAKES)) return true;
    return this.#path.kind === "lookup" ? this.#isSource(at, expr) : this.#isNext(at, expr);
  }

  /** Behind what the inode is at hand. */
  #isSource(at: number, expr: Expr): boolean {
    if (this.#path.kind === "create") return calls(expr, MAKES) || this.#isNext(at, expr);
    const isLast = at === this.#path.chain.length - 1;
    if (expr.k === "cond") return this.#isSource(at, bare(expr.yes)) || this.#isSource(at, bare(expr.no));
    return (isLast && calls(expr, this.#path.generic)) || this.#isNext(at, expr);
  }

  #isNext(at: number, expr: Expr): boolean {
    const next = at >= 0 ? this.#path.chain[at + 1] : undefined;
    return next !== undefined && calls(expr, new Set([next.name]));
  }

  #isInsert(at: number, expr: Expr): boolean {
    return (at === this.#path.chain.length - 1 && calls(expr, this.#path.generic)) || this.#isNext(at, expr);
  }

  #place(body: Body, event: CallEvent): { readonly label: string; readonly source: SourceSpan } {
    return {
      label: callText(body, event.call),
      source: { file: body.file.path, line: positionIn(body, event.call.at).line },
    };
  }
}

function parametersOf(kind: EntryKind): string[] {
  return kind === "lookup" ? [SLOT_OF.lookup] : [SLOT_OF.create, BUSY];
}

function calls(expr: Expr, names: ReadonlySet<string>): boolean {
  return expr.k === "call" && expr.callee.k === "id" && names.has(expr.callee.name);
}

/** Procedures are named when all are known. */
function token(index: number): string {
  return `entry_${index}`;
}

/**
 * Offsets of the calls that are made when the inode is there: where a function asks for I_NEW, those that only a new one comes to,
 * and otherwise those behind what brings it (`isSource`; null: it is there from the start).
 */
function callsBehind(body: Body, hand: AtHand, isSource: ((expr: Expr) => boolean) | null): ReadonlySet<number> {
  const { steps, entry } = body.ir;
  const behind = (from: readonly number[]): Set<number> => {
    const seen = new Set<number>();
    const work = [...from];
    while (work.length > 0) {
      const at = work.pop()!;
      if (at < 0 || seen.has(at)) continue;
      seen.add(at);
      work.push(...nextOf(steps[at]!));
    }
    return seen;
  };
  const found = new Set<number>();
  for (const step of steps) {
    const meaning = step.k === "branch" ? meaningOf(step.test, hand) : null;
    if (step.k !== "branch" || meaning?.includes(".NEW") !== true) continue;
    const old = behind([step.no]);
    for (const at of behind([step.yes])) if (!old.has(at)) found.add(at);
  }
  if (found.size === 0) {
    const from =
      isSource === null ? [entry] : steps.flatMap((step) => (callsIn(step).some(isSource) ? nextOf(step) : []));
    for (const at of behind(from)) found.add(at);
  }
  return new Set([...found].flatMap((at) => callsIn(steps[at]!).map((call) => call.at)));
}

/** What a test of insert_inode_locked()'s answer says: of the call itself, or of the local that takes it, right behind the call. */
function answersOf(
  body: Body,
  isInsert: (expr: Expr) => boolean,
): (step: CodeStep & { readonly k: "branch" }) => string | null {
  const locals = new Map<CodeStep, string>();
  for (const step of body.ir.steps) {
    const assigned = assignmentOf(step);
    if (assigned === null || !isInsert(bare(assigned.value))) continue;
    for (const to of nextOf(step)) if (to >= 0) locals.set(body.ir.steps[to]!, assigned.name);
  }
  const means = (test: Expr, local: string | undefined): string | null => {
    switch (test.k) {
      case "id":
        return test.name === local ? BUSY : null;
      case "call":
        return isInsert(test) ? BUSY : null;
      case "binary": {
        const isZero = test.right.k === "num" && test.right.value === 0;
        const inner = isZero ? means(test.left, local) : null;
        if (inner === null) return null;
        return test.op === "<" || test.op === "!="
          ? inner
          : test.op === "==" || test.op === ">="
            ? `!(${inner})`
            : null;
      }
      default:
        return null;
    }
  };
  return (step) => means(step.test, locals.get(step));
}
