/** A checked model and its toggles to a program. */
import { builtInInvariants } from "./built-in-invariants.ts";
import {
  CompileContext,
  CompileStop,
  FIXED_CONSTANTS,
  SLOT_FIELDS,
  STATE_BITS,
  toggleNumber,
} from "./compile-context.ts";
import { ThreadCompiler } from "./compile-thread.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { graceThread } from "./grace-thread.ts";
import { computeHeldLocks } from "./held-locks.ts";
import { layOut } from "./layout.ts";
import { computeLiveLocals } from "./live-locals.ts";
import { lower, type NameMeaning, type Peer, type Scope, type World } from "./lower-expression.ts";
import type { ModelError, RaceModel, ThreadDeclaration, ToggleSettings, ToggleValue } from "./model.ts";
import { textsOf } from "./model-text.ts";
import {
  binary,
  type Cell,
  constant,
  isConst,
  type Program,
  type ProgramInvariant,
  type QueueCells,
  type Template,
  type ThreadInstance,
  truth,
  type VariableCell,
} from "./program.ts";
import { storeCell } from "./state-access.ts";

export type CompileResult = { readonly program: Program } | { readonly errors: readonly ModelError[] };

export const MAX_THREADS = 24;
export const MAX_SLOTS = 8;
const WAIT_BITS = ["NEW", "SYNC", "LRU_ISOLATING"];
/** Fields that an operation needs although the model does not name them. */
const IMPLIED: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\b(new_inode|free_inode|call_rcu|free_slot|put_super)\(/, ["phase"]],
  [/\bread_inode\(/, ["phase", "ino", "pending"]],
  [/\b(hash_add|hash_del|find|find_live|find_next)\(/, ["hashed", "ino"]],
  [/\bclear_inode\(/, ["CLEAR", "FREEING"]],
  [/\bdisk_write\(/, ["gen"]],
];

/** All toggles with a value each, or an error. */
export function completeToggles(
  model: RaceModel,
  given: ToggleSettings,
): { readonly settings: ToggleSettings } | { readonly error: ModelError } {
  const settings: Record<string, ToggleValue> = {};
  for (const toggle of model.toggles ?? []) settings[toggle.name] = toggle.default;
  for (const [name, value] of Object.entries(given)) {
    const toggle = (model.toggles ?? []).find((one) => one.name === name);
    if (toggle === undefined) {
      const known = (model.toggles ?? []).map((one) => one.name).join(", ") || "none";
      const message = `model "${model.id}" has no toggle "${name}" (it has: ${known})`;
      return { error: { path: `toggles.${name}`, message } };
    }
    // From a command line or a trace string values arrive as text.
    const match = toggle.values.find((one) => one === value || String(one) === String(value));
    if (match === undefined) {
      const message = `toggle "${name}" cannot be ${JSON.stringify(value)} (values: ${toggle.values.join(", ")})`;
      return { error: { path: `toggles.${name}`, message } };
    }
    settings[name] = match;
  }
  return { settings };
}

export function compileModel(model: RaceModel, given: ToggleSettings = {}): CompileResult {
  const toggles = completeToggles(model, given);
  if ("error" in toggles) return { errors: [toggles.error] };
  const context = new CompileContext(model, toggles.settings);
  try {
    const program = new ModelCompiler(context).compile();
    if (context.errors.length > 0) return { errors: context.errors };
    return { program };
  } catch (error) {
    if (error instanceof CompileStop) return { errors: context.errors };
    throw error;
  }
}

class ModelCompiler {
  readonly #context: CompileContext;
  readonly #model: RaceModel;
  readonly #globals = new Map<string, NameMeaning>();
  readonly #fields = new Map<string, Cell>();
  readonly #locks = new Map<string, Cell>();
  readonly #queues: QueueCells[] = [];
  readonly #variables: VariableCell[] = [];
  #slotNames: readonly string[] = [];
  readonly #initials: { cell: Cell; index: number; text: number | string; path: string; thread?: number }[] = [];

  constructor(context: CompileContext) {
    this.#context = context;
    this.#model = context.model;
  }

  compile(): Program {
    this.constants();
    const { slotCount, slotNames } = this.slots();
    this.declareGlobals(slotCount);
    const declared = this.threads();
    const threads: ThreadInstance[] = [];
    const templates: Template[] = [];
    const threadCount = declared.reduce((sum, one) => sum + one.count, 0);
    const roles = declared.map((one) => this.roles(one.declaration, slotCount, threadCount));
    for (const [template, one] of declared.entries()) {
      for (let i = 0; i < one.count; i++) {
        const name = i === 0 ? one.declaration.name : `${one.declaration.name} ${i + 1}`;
        threads.push({ index: threads.length, name, template, base: 0 });
      }
    }
    const usesGrace = /\bcall_rcu\(/.test(this.text);
    const total = threads.length + (usesGrace ? 1 : 0);
    if (total > MAX_THREADS) this.#context.stop("threads", `more than ${MAX_THREADS} threads`);
    const peers = threads.map((thread): Peer => {
      const { waitKey, rcu, graceMask } = roles[thread.template] as Roles;
      return { thread: thread.index, waitKey, rcu, graceMask };
    });
    const world: World = {
      context: this.#context,
      slotCount,
      slotNames,
      ordered: true,
      fields: this.#fields,
      globals: this.#globals,
      peers,
      waitBits: WAIT_BITS,
      checkFreed: this.#context.checks("UAF") && this.#fields.has("phase"),
    };
    const procedures = new Map((this.#model.procedures ?? []).map((one) => [one.name, one]));
    const spin = new Set(
      (this.#model.locks ?? []).filter((l) => l.kind === "spin").map((l) => this.#locks.get(l.name) as Cell),
    );
    for (const [t, { declaration, path, count }] of declared.entries()) {
      const own = roles[t] as Roles;
      const once = count === 1 ? threads.find((thread) => thread.template === t)?.index : undefined;
      const compiler = new ThreadCompiler(
        this.#context,
        world,
        declaration,
        { ...own, thread: once },
        own.pc,
        procedures,
      );
      try {
        const { locations, entry, locals } = compiler.compile(path);
        computeHeldLocks(this.#context, declaration.name, path, locations, entry, { spin });
        computeLiveLocals(locations);
        const roleCells = [own.pc, own.waitKey, own.rcu, own.graceMask].flatMap((cell) => cell ?? []);
        templates.push({
          name: declaration.name,
          context: declaration.context ?? [],
          daemon: declaration.daemon === true,
          environment: false,
          locals: [...roleCells, ...locals],
          pc: own.pc,
          locations,
          end: locations.length,
          entry,
          description: declaration.description ?? "",
        });
        this.localInitials(
          declaration,
          path,
          locals,
          threads.filter((thread) => thread.template === t),
        );
      } catch (error) {
        if (!(error instanceof CompileStop)) throw error;
      }
    }
    if (this.#context.errors.length > 0) throw new CompileStop("threads");
    if (usesGrace) {
      templates.push(graceThread(this.#context, world));
      threads.push({ index: threads.length, name: "RCU", template: templates.length - 1, base: 0 });
    }
    this.#context.named = 0;
    const invariants = this.invariants(world, templates, threads);
    const invariantSlots = this.#context.named;
    const words = layOut(this.#context.cells, templates, threads);
    const initial = this.initialState(words, templates, threads);
    const progress = this.#context.checks("PROG");
    const program: Omit<Program, "fingerprint"> = {
      modelId: this.#model.id,
      words,
      cells: this.#context.cells,
      templates,
      threads,
      slots: { count: slotCount, names: slotNames, fields: this.#fields, ordered: true },
      locks: (this.#model.locks ?? []).map((l) => ({
        name: l.name,
        kind: l.kind,
        cell: this.#locks.get(l.name) as Cell,
        perSlot: l.per === "slot",
      })),
      queues: this.#queues,
      variables: this.#variables,
      invariants,
      invariantSlots,
      violations: this.#context.violations,
      initial,
      temps: this.#context.temps,
      waitKey: templates.map((_, t) => roles[t]?.waitKey),
      rcuFlag: templates.map((_, t) => roles[t]?.rcu),
      graceMask: templates.map((_, t) => roles[t]?.graceMask),
      waitBits: WAIT_BITS,
      checksDeadlock: progress,
      checksTermination: progress && this.#model.progress !== "deadlock",
    };
    return { ...program, fingerprint: fingerprintOf(program) };
  }

  readonly text: string = "";

  slots(): { slotCount: number; slotNames: readonly string[] } {
    (this as { text: string }).text = textsOf(this.#model).join("\n");
    const { slots } = this.#model;
    const slotCount = slots === undefined ? 0 : this.constantValue(slots.count, "slots.count");
    if (slotCount < 0 || slotCount > MAX_SLOTS) {
      this.#context.stop("slots.count", `count is ${slotCount}, not between 1 and ${MAX_SLOTS}`);
    }
    this.#slotNames = Array.from({ length: slotCount }, (_, i) => slots?.names?.[i] ?? String.fromCharCode(65 + i));
    const slotNames = this.#slotNames;
    if (slots === undefined) return { slotCount, slotNames };
    const used = new Set<string>();
    for (const match of this.text.matchAll(/\.([A-Za-z_]\w*)/g)) used.add(match[1] as string);
    for (const initial of slots.initial) for (const name of Object.keys(initial)) used.add(name);
    for (const [pattern, names] of IMPLIED) if (pattern.test(this.text)) for (const name of names) used.add(name);
    if (used.has("FREEING") && this.#context.checks("WAKE") && /\bprepare_wait\(/.test(this.text)) used.add("woken");
    const declared = new Map((slots.fields ?? []).map((field) => [field.name, field]));
    for (const name of [...Object.keys(SLOT_FIELDS), ...declared.keys()]) {
      if (this.#fields.has(name) || !(used.has(name) || declared.has(name))) continue;
      const own = declared.get(name);
      const max = name === "hashed" ? slotCount : (own?.max ?? SLOT_FIELDS[name] ?? 1);
      const holds = max === 1 || STATE_BITS.includes(name) ? "flag" : "number";
      this.#fields.set(name, this.#context.cell(`inode.${name}`, { scope: "global", max, count: slotCount, holds }));
    }
    for (const [i, initial] of slots.initial.entries()) {
      for (const [name, text] of Object.entries(initial)) {
        const cell = this.#fields.get(name);
        const path = `slots.initial[${i}].${name}`;
        if (cell === undefined) this.#context.error(path, `there is no field "${name}"`);
        else if (i < slotCount) this.#initials.push({ cell, index: i, text, path });
      }
      const phase = this.#fields.get("phase");
      if (phase && initial.phase === undefined && Object.keys(initial).length > 0 && i < slotCount) {
        this.#initials.push({ cell: phase, index: i, text: 1, path: `slots.initial[${i}]` });
      }
    }
    return { slotCount, slotNames };
  }

  constants(): void {
    const { constants } = this.#context;
    for (const [name, value] of Object.entries(FIXED_CONSTANTS)) constants.set(name, value);
    for (const toggle of this.#model.toggles ?? []) {
      for (const value of toggle.values) {
        if (typeof value === "string" && !constants.has(value))
          constants.set(value, toggleNumber(value, toggle.values));
      }
    }
    for (const toggle of this.#model.toggles ?? []) {
      const value = this.#context.toggles[toggle.name] as ToggleValue;
      const number = typeof value === "string" ? (constants.get(value) as number) : toggleNumber(value, toggle.values);
      constants.set(toggle.name, number);
    }
    for (const [name, value] of Object.entries(this.#model.constants ?? {})) {
      constants.set(name, this.constantValue(value, `constants.${name}`));
    }
  }

  constantValue(value: number | string, path: string): number {
    if (typeof value === "number") return value;
    const world = {
      context: this.#context,
      slotCount: this.#slotNames.length,
      slotNames: this.#slotNames,
      ordered: true,
      fields: new Map(),
      globals: new Map(),
      peers: [],
      waitBits: WAIT_BITS,
      checkFreed: false,
    } satisfies World;
    const scope: Scope = { world, locals: new Map(), place: { path }, observer: true };
    const { e } = lower(scope, this.#context.parse(value, path));
    if (!isConst(e)) this.#context.stop(path, `"${value}" is not constant`);
    return e.v;
  }

  declareGlobals(slotCount: number): void {
    const declare = (name: string, path: string, what: NameMeaning): void => {
      if (this.#globals.has(name) || this.#context.constants.has(name)) {
        this.#context.error(path, `the name "${name}" is used twice`);
      }
      this.#globals.set(name, what);
    };
    for (const [i, variable] of (this.#model.variables ?? []).entries()) {
      const cell = this.#context.cell(variable.name, {
        scope: "global",
        max: variable.max ?? 1,
        count: variable.count ?? 1,
      });
      declare(variable.name, `variables[${i}]`, { kind: "variable", cell, type: "number" });
      this.#variables.push({ name: variable.name, group: variable.group ?? "other", cell });
      if (variable.initial === undefined) continue;
      for (let k = 0; k < cell.count; k++) {
        this.#initials.push({ cell, index: k, text: variable.initial, path: `variables[${i}].initial` });
      }
    }
    for (const [i, lock] of (this.#model.locks ?? []).entries()) {
      const perSlot = lock.per === "slot";
      const cell = this.#context.cell(lock.name, {
        scope: "global",
        max: 1,
        count: perSlot ? Math.max(1, slotCount) : 1,
      });
      declare(lock.name, `locks[${i}]`, { kind: "lock", cell, perSlot });
      this.#locks.set(lock.name, cell);
    }
    for (const [i, declaration] of (this.#model.queues ?? []).entries()) {
      const { name, capacity } = declaration;
      const items = this.#context.cell(`${name}.items`, {
        scope: "global",
        max: Math.max(1, slotCount),
        count: capacity,
        holds: "slot",
      });
      const length = this.#context.cell(`${name}.length`, { scope: "global", max: capacity, holds: "number" });
      const queue = { name, capacity, items, length };
      declare(name, `queues[${i}]`, { kind: "queue", queue });
      this.#queues.push(queue);
    }
  }

  threads(): { declaration: ThreadDeclaration; count: number; path: string }[] {
    return this.#model.threads.flatMap((declaration, i) => {
      const path = `threads[${i}]`;
      if (declaration.when !== undefined && this.constantValue(declaration.when, `${path}.when`) === 0) return [];
      const count = this.constantValue(declaration.count ?? 1, `${path}.count`);
      if (count < 0 || count > MAX_THREADS) {
        this.#context.stop(`${path}.count`, `count is ${count}, not between 0 and ${MAX_THREADS}`);
      }
      return count === 0 ? [] : [{ declaration, count, path }];
    });
  }

  roles(declaration: ThreadDeclaration, slotCount: number, threadCount: number): Roles {
    const text = textsOf(declaration, this.#model.procedures ?? []).join("\n");
    const name = declaration.name;
    const local = (suffix: string, max: number, shared: boolean): Cell =>
      this.#context.cell(`${name}.${suffix}`, { scope: "local", max, shared });
    const reader = /\brcu_read_lock\(/.test(text);
    const grace = /\b(call_rcu|start_grace|synchronize_rcu)\(/.test(this.text);
    const synchronizers = /\bsynchronize_rcu\(/.test(this.text) ? threadCount : 0;
    return {
      pc: local("pc", 1, true),
      waitKey: /\bprepare_wait\(/.test(text) ? local("waits on", slotCount * WAIT_BITS.length, true) : undefined,
      rcu: reader ? local("RCU reader", 1, true) : undefined,
      graceMask: reader && grace ? local("grace", 2 ** Math.min(30, slotCount + synchronizers) - 1, true) : undefined,
    };
  }

  localInitials(
    declaration: ThreadDeclaration,
    path: string,
    cells: readonly Cell[],
    own: readonly ThreadInstance[],
  ): void {
    for (const [i, local] of (declaration.locals ?? []).entries()) {
      const cell = cells[i];
      if (local.initial === undefined || cell === undefined) continue;
      for (const thread of own) {
        this.#initials.push({
          cell,
          index: 0,
          text: local.initial,
          path: `${path}.locals[${i}].initial`,
          thread: thread.index,
        });
      }
    }
  }

  invariants(world: World, templates: readonly Template[], threads: readonly ThreadInstance[]): ProgramInvariant[] {
    const list = builtInInvariants({ context: this.#context, world, templates, threads, lockCells: this.#locks });
    if (this.#context.checks("BOUND")) {
      for (const [name, most] of Object.entries(this.#model.bounds ?? {})) {
        const found = this.#globals.get(name);
        const cell = found?.kind === "queue" ? found.queue.length : found?.kind === "variable" ? found.cell : undefined;
        if (cell === undefined) this.#context.stop(`bounds.${name}`, `there is no queue or variable "${name}"`);
        const violation = this.#context.violation("BOUND", `${name} grows beyond ${most}`, "state");
        list.push({ violation, holds: binary("<=", { k: "cell", cell }, constant(most)) });
      }
    }
    for (const [i, invariant] of this.#model.invariants.entries()) {
      if (typeof invariant === "string") continue;
      const path = `invariants[${i}].always`;
      const scope: Scope = { world, locals: new Map(), place: { path }, observer: true };
      const value = lower(scope, this.#context.parse(invariant.always, path));
      const violation = this.#context.violation(invariant.id, invariant.description, "state");
      list.push({ violation, holds: truth(value.e) });
    }
    return list;
  }

  initialState(words: number, templates: readonly Template[], threads: readonly ThreadInstance[]): Int32Array {
    const state = new Int32Array(words);
    for (const thread of threads) {
      const template = templates[thread.template] as Template;
      storeCell(state, template.pc, 0, template.entry, thread.base);
    }
    for (const { cell, index, text, path, thread } of this.#initials) {
      const value = this.constantValue(text, path);
      if (value < 0 || value > cell.max) {
        this.#context.error(path, `${value} is not between 0 and ${cell.max}`);
        continue;
      }
      const base = thread === undefined ? 0 : (threads[thread] as ThreadInstance).base;
      storeCell(state, cell, index, value, base);
    }
    return state;
  }
}

interface Roles {
  readonly pc: Cell;
  readonly waitKey: Cell | undefined;
  readonly rcu: Cell | undefined;
  readonly graceMask: Cell | undefined;
}
