/**
 * Runs through a function's code with the values that are known (partial evaluation) and writes down a step of the model
 * for each operation that the model language has. Helpers are lowered in place; paths with different locks or constants
 * become different steps; loops close where nothing known differs.
 */
import type { Body } from "../ir/function-bodies.ts";
import type { Expr } from "../ir/ir.ts";
import type { LocalDeclaration } from "../race/model.ts";
import { Evaluator } from "./evaluate.ts";
import { flagsOfMacro } from "./flag-macros.ts";
import type { Assumption } from "./fragment.ts";
import {
  AT_ANY_TIME,
  type Emission,
  type LoweredNode,
  NOT_KNOWN,
  type Outcome,
  placeOf,
  turned,
} from "./lowered-step.ts";
import { LoweringLimit } from "./lowering-limit.ts";
import type { ExtractionTree, LowerRequest, QueuedWork } from "./lowering-request.ts";
import {
  type Config,
  type Frame,
  forEachLive,
  goOn,
  type HeldLock,
  keyOfConfig,
  refine,
  topOf,
  withTop,
} from "./lowering-state.ts";
import { takeApart } from "./micro.ts";
import type { MicroFunction, MicroOp } from "./micro-op.ts";
import { readFirst } from "./read-first.ts";
import { Relevance } from "./relevance.ts";
import { returnFrom } from "./return-steps.ts";
import { storeTo } from "./store-steps.ts";
import { slotNamedBy, truthOf, UNKNOWN, type Value } from "./values.ts";
import { mayNotSleep } from "./wait-steps.ts";
import { startWalk } from "./walk-steps.ts";
import { runWord } from "./word-steps.ts";

/** Nodes of one function; more are given up with a reason. */
const MAX_NODES = 900;
const MAX_DEPTH = 16;
/** Operations without a step in a row, before a loop without a step is assumed. */
const MAX_SILENT = 20_000;

export class Lowering {
  readonly tree: ExtractionTree;
  readonly request: LowerRequest;
  readonly evaluator: Evaluator;
  readonly nodes: LoweredNode[] = [];
  readonly assumptions: Assumption[] = [];
  readonly locals = new Map<string, LocalDeclaration>();
  readonly inlined = new Set<string>();
  readonly files = new Set<string>();
  readonly locksUsed = new Set<string>();
  readonly procedures = new Set<string>();
  /** Lists on the stack: frame and name to the prefix of its flags. */
  readonly lists = new Map<string, string>();
  /** Counters that are no inode's, and work that was handed on (work-steps.ts). */
  readonly counters = new Set<string>();
  readonly queued: QueuedWork[] = [];
  /** Variables that say that somebody is changing a list (unlocked-steps.ts). */
  readonly busyLists = new Set<string>();
  /** Locks that the caller holds. */
  heldBefore: readonly HeldLock[] = [];
  usesNumber = false;
  resultKind: "slot" | "number" | null = null;
  readonly #relevance: Relevance;
  readonly #micro = new Map<Body, MicroFunction>();
  readonly #ids = new Map<string, number>();
  readonly #localNames = new Map<string, string>();
  readonly #assumed = new Set<string>();
  readonly #reserved: Set<string>;

  constructor(tree: ExtractionTree, request: LowerRequest, reserved: Iterable<string>) {
    this.tree = tree;
    this.request = request;
    this.#reserved = new Set(reserved);
    this.#relevance = new Relevance(tree, request.vocabulary, [
      ...request.methods.keys(),
      // EXAMPLE_I(inode) leads to what holds the inode, and its work.
      ...(request.waitsFor === undefined ? [] : ["container_of"]),
    ]);
    const functionValue = (name: string, frame: Frame): Value | null => {
      const fn = tree.lookup.functionValue(name, frame.function.body.file);
      return fn === null ? null : { k: "function", function: fn };
    };
    const flagsOf = (name: string) => flagsOfMacro(tree, request.vocabulary, name, this.files);
    this.evaluator = new Evaluator(request.vocabulary, request.methods, functionValue, flagsOf);
  }

  // --- nodes ----------------------------------------------------------------------------------------------------

  /** Lowers everything that can be reached from `start`; returns the first node, or -1 when there is no step. */
  run(start: Config): number {
    const work: { readonly id: number; readonly targets: readonly Config[] }[] = [];
    const idOf = (config: Config): number => {
      const settled = this.#settle(config);
      if (settled === null) return -1;
      const { at, outcome } = settled;
      const key = keyOfConfig(at);
      const known = this.#ids.get(key);
      if (known !== undefined) return known;
      const id = this.nodes.length;
      if (id >= MAX_NODES) throw new LoweringLimit(`more than ${MAX_NODES} steps`);
      this.#ids.set(key, id);
      const place = placeOf(at);
      const isChoice = outcome.k === "choose";
      this.nodes.push({
        id,
        label: isChoice
          ? outcome.free
            ? `${place.label} ${AT_ANY_TIME}`
            : `${place.label} ${NOT_KNOWN}`
          : (outcome.label ?? place.label),
        file: place.file,
        line: place.line,
        targets: [],
        isChoice,
        ...(isChoice
          ? {}
          : {
              ...(outcome.do === undefined ? {} : { do: outcome.do }),
              ...(outcome.test === undefined ? {} : { test: outcome.test }),
              ...(outcome.call === undefined ? {} : { call: outcome.call }),
              ...(outcome.last === true ? { last: true } : {}),
            }),
      });
      const targets = isChoice
        ? outcome.targets
        : outcome.last === true
          ? []
          : outcome.no === undefined
            ? [outcome.next]
            : [outcome.next, outcome.no];
      work.push({ id, targets });
      return id;
    };
    const first = idOf(start);
    while (work.length > 0) {
      const { id, targets } = work.pop() as { id: number; targets: readonly Config[] };
      for (const target of targets) (this.nodes[id] as LoweredNode).targets.push(idOf(target));
    }
    return first;
  }

  /** Goes on until an operation needs a step. Null: the function has returned. */
  #settle(start: Config): { at: Config; outcome: Emission | (Outcome & { k: "choose" }) } | null {
    let config = start;
    for (let i = 0; i < MAX_SILENT; i++) {
      if (config.frames.length === 0) return null;
      this.evaluator.wild = null;
      const stepped = this.#step(config);
      const outcome =
        this.evaluator.wild === null
          ? stepped
          : this.fails(config, "UAF", `${this.evaluator.wild} is reached through NULL or an error pointer`);
      if (outcome.k === "end") return null;
      if (outcome.k === "silent") {
        config = outcome.config;
        continue;
      }
      const first = outcome.k === "emit" ? readFirst(this, config, outcome) : null;
      return { at: config, outcome: first ?? outcome };
    }
    // A loop that does nothing that the model knows: the thread stays there for ever.
    return { at: config, outcome: { k: "emit", do: "wait(0)", next: config, last: true } };
  }

  // --- operations -----------------------------------------------------------------------------------------------

  #step(config: Config): Outcome {
    const frame = topOf(config);
    const op = frame.function.ops[frame.ip] as MicroOp;
    switch (op.k) {
      case "jump":
        return { k: "silent", config: goOn(config, op.next) };
      case "let":
        return { k: "silent", config: goOn(config, op.next, op.name, this.evaluator.evaluate(op.value, frame)) };
      case "store":
        return storeTo(this, config, op.target, op.op, this.evaluator.evaluate(op.value, frame), op.next);
      case "branch":
        return op.sense === false
          ? turned(this.branchOn(config, this.evaluator.evaluate(op.test, frame), op.yes, op.no))
          : this.branchOn(config, this.evaluator.evaluate(op.test, frame), op.yes, op.no);
      case "either":
        return this.choose(op.targets.map((target) => goOn(config, target)));
      case "switch":
        return this.#switch(config, op);
      case "walk":
        return startWalk(this, config, op);
      case "call":
        return this.#call(config, op);
      case "return":
        return returnFrom(this, config, op.value === null ? UNKNOWN : this.evaluator.evaluate(op.value, frame));
    }
  }

  choose(targets: readonly Config[]): Outcome {
    const [only] = targets;
    if (only === undefined) return { k: "end" };
    return targets.length === 1 ? { k: "silent", config: only } : { k: "choose", targets, free: false };
  }

  branchOn(config: Config, value: Value, yes: number, no: number): Outcome {
    const truth = truthOf(value);
    if (truth === 1) return { k: "silent", config: goOn(config, yes) };
    if (truth === 0) return { k: "silent", config: goOn(config, no) };
    if (truth === null)
      return {
        k: "choose",
        targets: [goOn(config, yes), goOn(config, no)],
        free: value.k === "unknown" && value.free === true,
      };
    return {
      k: "emit",
      test: truth,
      next: refine(goOn(config, yes), truth, true),
      no: refine(goOn(config, no), truth, false),
    };
  }

  #switch(config: Config, op: MicroOp & { k: "switch" }): Outcome {
    const frame = topOf(config);
    const value = this.evaluator.evaluate(op.value, frame);
    if (value.k !== "number") {
      // `switch (state & MASK) { case 0: ..; default: .. }`
      const [one, other, more] = op.cases;
      if (one?.value != null && other?.value === null && more === undefined) {
        const wanted = this.evaluator.evaluate(one.value, frame);
        if (wanted.k === "number" && wanted.value === 0) return this.branchOn(config, value, other.target, one.target);
      }
      return this.choose(op.cases.map((each) => goOn(config, each.target)));
    }
    for (const each of op.cases) {
      const wanted = each.value === null ? null : this.evaluator.evaluate(each.value, frame);
      if (wanted?.k === "number" && wanted.value === value.value)
        return { k: "silent", config: goOn(config, each.target) };
    }
    const other = op.cases.find((each) => each.value === null);
    return other === undefined ? { k: "end" } : { k: "silent", config: goOn(config, other.target) };
  }

  #call(config: Config, op: MicroOp & { k: "call" }): Outcome {
    const frame = topOf(config);
    const args = op.args.map((arg) => this.evaluator.evaluate(arg, frame));
    if (op.callee.k === "id") {
      const { name } = op.callee;
      const held = frame.env.get(name);
      if (held?.k === "function") return this.callBody(config, op, this.tree.bodies.of(held.function), args);
      const word = frame.env.has(name) ? undefined : this.request.vocabulary.words.get(name);
      if (word !== undefined && !(word.elsewhere === true && this.#isDefined(name, frame))) {
        if (word.assume !== undefined) this.assume(word.assume);
        return runWord(this, config, op, word, args);
      }
      if (held !== undefined || frame.function.body.ir.parameters.some((each) => each.name === name))
        return this.#callMethod(config, op, name, args);
      const target = this.tree.lookup.direct(name, frame.function.body.file);
      if (target === null) return this.answer(config, op, UNKNOWN);
      const definition = target.kind === "function" ? target.function : target.macro;
      if (!this.#relevance.of(definition)) return this.answer(config, op, UNKNOWN);
      if (!this.request.vocabulary.follows(definition.file.path)) {
        this.assume(`${name}() does nothing that matters here`, config);
        return this.answer(config, op, UNKNOWN);
      }
      const body =
        target.kind === "function" ? this.tree.bodies.of(target.function) : this.tree.bodies.ofMacro(target.macro);
      return this.callBody(config, op, body, args);
    }
    const name = op.callee.k === "field" ? op.callee.name : "";
    return this.#callMethod(config, op, name, args);
  }

  /** Whether the tree has a function or macro of this name that may be followed. */
  #isDefined(name: string, frame: Frame): boolean {
    const target = this.tree.lookup.direct(name, frame.function.body.file);
    if (target === null) return false;
    const { file } = target.kind === "function" ? target.function : target.macro;
    return this.request.vocabulary.follows(file.path);
  }

  /** A call through a pointer. */
  #callMethod(config: Config, op: MicroOp & { k: "call" }, name: string, args: readonly Value[]): Outcome {
    const binding = this.request.methods.get(name);
    switch (binding?.kind) {
      case "function":
        return this.callBody(config, op, this.tree.bodies.of(binding.function), args);
      case "value":
        return this.answer(config, op, { k: "number", value: binding.value });
      case "procedure": {
        const inode = args.find((arg) => arg.k === "slot");
        if (inode?.k !== "slot" && binding.alone !== true) break;
        const stopped =
          binding.sleeps === true ? mayNotSleep(this, config, `->${name}() may sleep and is called`) : null;
        if (stopped !== null) return stopped;
        this.procedures.add(binding.procedure);
        const given: Record<string, string> = inode?.k === "slot" && binding.alone !== true ? { inode: inode.v } : {};
        let value: Value = UNKNOWN;
        if (binding.hasResult === true) {
          const into = this.local(`${this.siteOf(config)}:${name}`, `${name}_result`, "number", 1);
          given.result = into;
          value = { k: "expression", text: into, max: 1, shared: false };
        }
        return {
          k: "emit",
          call: { procedure: binding.procedure, with: given },
          next: goOn(config, op.next, op.into, value),
        };
      }
      default:
    }
    if (name !== "" && binding === undefined) this.assume(`->${name}() does nothing that matters here`, config);
    return this.answer(config, op, UNKNOWN);
  }

  /** Goes on with the call's value. */
  answer(config: Config, op: MicroOp & { k: "call" }, value: Value): Outcome {
    return { k: "silent", config: goOn(config, op.next, op.into, value) };
  }

  callBody(config: Config, op: MicroOp & { k: "call" }, body: Body | null, args: readonly Value[]): Outcome {
    if (body === null) {
      this.assume("a function that cannot be parsed does nothing that matters here", config);
      return this.answer(config, op, UNKNOWN);
    }
    if (config.frames.some((frame) => frame.function.body === body)) {
      this.assume(`${body.name}() does not get deeper into itself here`, config);
      return this.answer(config, op, UNKNOWN);
    }
    if (config.frames.length >= MAX_DEPTH) {
      this.assume(`${body.name}() is too deep and does nothing that matters here`, config);
      return this.answer(config, op, UNKNOWN);
    }
    if (body.ir.parseErrors > 0) this.assume(`${body.name}() has parse errors`, config);
    const given = args.map((arg, index) => this.#variableOf(config, body, op, index) ?? arg);
    return { k: "silent", config: this.enter(config, this.microOf(body), given, op.into, op.next) };
  }

  /** `&ip` for a parameter that takes an inode (`struct xfs_inode **ipp`), `&isnew` for one that takes a number (`bool *isnew`). */
  #variableOf(config: Config, body: Body, op: MicroOp & { k: "call" }, index: number): Value | null {
    const arg = op.args[index];
    const type = body.ir.parameters[index]?.type;
    if (arg?.k !== "unary" || arg.op !== "&" || arg.operand.k !== "id") return null;
    const takesInode = type?.pointers === 2 && this.isInode(type.struct);
    const takesNumber = type?.pointers === 1 && type.struct === null && !type.isTypedef;
    if (!takesInode && !takesNumber) return null;
    return { k: "variable", frame: topOf(config).id, name: arg.operand.name };
  }

  /** A filesystem's own inode is the same slot as the generic one that it holds. */
  isInode(struct: string | null): boolean {
    const { objects } = this.request.vocabulary.data;
    return struct !== null && Object.hasOwn(objects, struct) && objects[struct] === "inode";
  }

  microOf(body: Body): MicroFunction {
    let micro = this.#micro.get(body);
    if (micro === undefined) {
      micro = takeApart(body, this.request.vocabulary);
      this.#micro.set(body, micro);
      this.inlined.add(body.name);
      this.files.add(body.file.path);
    }
    return micro;
  }

  /** The frame of a call; the caller goes on at `next` afterwards. */
  enter(config: Config, micro: MicroFunction, args: readonly Value[], into: string | null, next: number): Config {
    const env = new Map<string, Value>();
    micro.body.ir.parameters.forEach((parameter, index) => {
      env.set(parameter.name, args[index] ?? this.objectOf(parameter.type.struct) ?? UNKNOWN);
      if (env.get(parameter.name)?.k === "unknown") {
        const object = this.objectOf(parameter.type.struct);
        if (object !== null) env.set(parameter.name, object);
      }
    });
    const caller = config.frames.length === 0 ? config : withTop(config, { ip: next });
    const id =
      config.frames.length === 0 ? micro.body.name : `${topOf(config).id}/${topOf(config).ip}:${micro.body.name}`;
    const frame: Frame = { function: micro, ip: micro.entry, env, into, id };
    return { ...caller, frames: [...caller.frames, frame] };
  }

  /** The superblock and its lists are the same for everybody. */
  objectOf(struct: string | null): Value | null {
    const { objects } = this.request.vocabulary.data;
    const object = struct === null || !Object.hasOwn(objects, struct) ? undefined : objects[struct];
    return object === undefined || object === "inode" ? null : { k: "object", object, member: null };
  }

  // --- helpers for the other files ---------------------------------------------------------------------------------

  /** A step at which the run ends with a violation. */
  fails(config: Config, invariant: string, message: string): Emission {
    return { k: "emit", do: `assert(${invariant}, 0, "${message}")`, next: config, last: true };
  }

  siteOf(config: Config): string {
    const top = topOf(config);
    return `${top.id}@${top.ip}`;
  }

  /** A variable of the procedure: the same for the same site, named after what it holds. */
  local(site: string, hint: string, type: "slot" | "number", max = 1): string {
    const known = this.#localNames.get(site);
    if (known !== undefined) return known;
    const base = hint.replace(/^%.*/, "found").replace(/\W/g, "_");
    let name = base;
    for (let i = 2; this.#reserved.has(name) || this.locals.has(name); i++) name = `${base}_${i}`;
    this.#localNames.set(site, name);
    this.locals.set(name, type === "slot" ? { name, type } : { name, max });
    return name;
  }

  /** A variable for an inode that is about to be found; another one when the first is still needed. */
  slotLocal(config: Config, variable: string, next: Config): { v: string; lost: boolean } {
    const site = this.siteOf(config);
    const used = new Set<string>();
    const top = next.frames.length - 1;
    forEachLive(next, (frame, name, value) => {
      // What the variable held before is gone.
      if (frame === top && (name === variable || name.startsWith("%walk"))) return;
      const slot = slotNamedBy(value);
      if (slot !== null) used.add(slot);
    });
    for (const lock of config.locks) if (lock.v !== null) used.add(lock.v);
    for (let i = 0; i < 3; i++) {
      const v = this.local(`slot:${site}:${i}`, variable, "slot");
      if (!used.has(v)) return { v, lost: false };
    }
    return { v: "", lost: true };
  }

  assume(text: string, config?: Config): void {
    const place = config === undefined ? null : placeOf(config);
    const key = `${text} ${place?.file ?? ""}:${place?.line ?? 0}`;
    if (this.#assumed.has(key)) return;
    this.#assumed.add(key);
    this.assumptions.push(place?.file == null ? { text } : { text, file: place.file, line: place.line });
  }

  evaluate(expr: Expr, config: Config): Value {
    return this.evaluator.evaluate(expr, topOf(config));
  }
}
