/** The shape of a model file, checked before anything is compiled. Messages name the place and what was expected. */
import { MAX_ERRORS } from "./compile-context.ts";
import { MAX_EXPRESSION_LENGTH } from "./expression.ts";
import { BUILT_IN_INVARIANTS, type ModelError } from "./model.ts";

type Json = Record<string, unknown>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const DOTTED_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63})?$/;
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const THREAD_NAME = /^[A-Za-z_][A-Za-z0-9_ -]{0,63}$/;
const MAX_NESTING = 30;
const MAX_STEPS = 5000;
const MAX_SLOTS = 8;

class Checker {
  readonly errors: ModelError[] = [];
  steps = 0;

  error(path: string, message: string): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ path, message });
  }

  object(value: unknown, path: string, keys: readonly string[]): Json | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.error(path, `expected an object, found ${kindOf(value)}`);
      return undefined;
    }
    for (const key of Object.keys(value)) {
      if (!keys.includes(key))
        this.error(path, `unknown key ${JSON.stringify(key.slice(0, 60))} (known: ${keys.join(", ")})`);
    }
    return value as Json;
  }

  array(value: unknown, path: string, most: number, required = false): readonly unknown[] {
    if (value === undefined && !required) return [];
    if (!Array.isArray(value)) {
      this.error(path, `expected a list, found ${kindOf(value)}`);
      return [];
    }
    if (value.length > most) {
      this.error(path, `has ${value.length} entries; at most ${most} are allowed`);
      return [];
    }
    return value;
  }

  text(value: unknown, path: string, most = 4000): void {
    if (value === undefined) return;
    if (typeof value !== "string") this.error(path, `expected text, found ${kindOf(value)}`);
    else if (value.length > most) this.error(path, `is longer than ${most} characters`);
  }

  code(value: unknown, path: string): void {
    this.text(value, path, MAX_EXPRESSION_LENGTH);
  }

  name(value: unknown, path: string, pattern: RegExp, what: string): void {
    if (typeof value !== "string") this.error(path, `expected ${what}, found ${kindOf(value)}`);
    else if (!pattern.test(value)) this.error(path, `${JSON.stringify(value.slice(0, 60))} is not a valid ${what}`);
  }

  number(value: unknown, path: string, least: number, most: number): void {
    if (value === undefined) return;
    if (typeof value !== "number" || !Number.isInteger(value)) {
      this.error(path, `expected a whole number, found ${kindOf(value)}`);
    } else if (value < least || value > most) this.error(path, `${value} is not between ${least} and ${most}`);
  }

  numberOrCode(value: unknown, path: string): void {
    if (typeof value === "string") this.code(value, path);
    else this.number(value, path, 0, 255);
  }

  oneOf(value: unknown, path: string, list: readonly string[]): void {
    if (value === undefined) return;
    if (typeof value !== "string" || !list.includes(value)) this.error(path, `expected one of ${list.join(", ")}`);
  }

  boolean(value: unknown, path: string): void {
    if (value !== undefined && typeof value !== "boolean")
      this.error(path, `expected true or false, found ${kindOf(value)}`);
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isInteger(value)) return `${value}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

const MODEL_KEYS = [
  "$schema",
  "format",
  "id",
  "title",
  "kind",
  "summary",
  "affected",
  "sources",
  "assumptions",
  "notes",
  "toggles",
  "constants",
  "variables",
  "slots",
  "locks",
  "queues",
  "procedures",
  "threads",
  "invariants",
  "progress",
  "spuriousWakeups",
  "bounds",
  "expected",
];

/** Errors of shape; an empty list means that the value may be treated as a RaceModel and compiled. */
export function validateModelShape(value: unknown): ModelError[] {
  const check = new Checker();
  const model = check.object(value, "model", MODEL_KEYS);
  if (model === undefined) return check.errors;
  if (model.format !== 1)
    check.error("format", `this program reads format 1, not ${JSON.stringify(model.format) ?? "nothing"}`);
  check.name(model.id, "id", ID, "identifier");
  for (const key of ["title", "summary"]) {
    if (model[key] === undefined) check.error(key, "is missing");
    check.text(model[key], key);
  }
  for (const key of ["kind", "affected"]) check.text(model[key], key, 500);
  for (const key of ["assumptions", "notes"]) {
    for (const [i, text] of check.array(model[key], key, 50).entries()) check.text(text, `${key}[${i}]`);
  }
  check.oneOf(model.progress, "progress", ["termination", "deadlock"]);
  check.boolean(model.spuriousWakeups, "spuriousWakeups");
  sources(check, model);
  toggles(check, model);
  world(check, model);
  for (const [i, raw] of check.array(model.procedures, "procedures", 100).entries()) {
    const path = `procedures[${i}]`;
    const one = check.object(raw, path, ["name", "parameters", "locals", "steps"]);
    if (one === undefined) continue;
    check.name(one.name, `${path}.name`, NAME, "name");
    for (const [p, name] of check.array(one.parameters, `${path}.parameters`, 20).entries()) {
      check.name(name, `${path}.parameters[${p}]`, NAME, "name");
    }
    locals(check, one.locals, `${path}.locals`);
    steps(check, one.steps, `${path}.steps`, 0, true);
  }
  threads(check, model);
  for (const [i, raw] of check.array(model.invariants, "invariants", 50, true).entries()) invariant(check, raw, i);
  for (const [i, raw] of check.array(model.expected, "expected", 100).entries()) {
    const path = `expected[${i}]`;
    const one = check.object(raw, path, ["toggles", "verdict", "invariant", "note"]);
    if (one === undefined) continue;
    check.oneOf(one.verdict, `${path}.verdict`, ["violated", "holds"]);
    check.object(one.toggles, `${path}.toggles`, Object.keys((one.toggles as object | null) ?? {}));
    for (const [k, id] of check.array(one.invariant, `${path}.invariant`, 20).entries()) {
      check.name(id, `${path}.invariant[${k}]`, NAME, "invariant");
    }
    check.text(one.note, `${path}.note`);
  }
  return check.errors;
}

function sources(check: Checker, model: Json): void {
  for (const [i, raw] of check.array(model.sources, "sources", 50).entries()) {
    const one = check.object(raw, `sources[${i}]`, ["text", "url", "file", "line", "mark"]);
    if (one === undefined) continue;
    check.text(one.text, `sources[${i}].text`);
    check.text(one.url, `sources[${i}].url`, 500);
    check.text(one.file, `sources[${i}].file`, 500);
    check.number(one.line, `sources[${i}].line`, 1, 10_000_000);
    check.oneOf(one.mark, `sources[${i}].mark`, ["read", "read-part", "memory", "inferred"]);
  }
}

function toggles(check: Checker, model: Json): void {
  const seen = new Set<unknown>();
  for (const [i, raw] of check.array(model.toggles, "toggles", 20).entries()) {
    const path = `toggles[${i}]`;
    const one = check.object(raw, path, ["name", "description", "values", "default"]);
    if (one === undefined) continue;
    check.name(one.name, `${path}.name`, NAME, "name");
    if (seen.has(one.name)) check.error(`${path}.name`, `toggle ${JSON.stringify(one.name)} is declared twice`);
    seen.add(one.name);
    check.text(one.description, `${path}.description`);
    const values = check.array(one.values, `${path}.values`, 20, true);
    for (const [v, item] of values.entries()) {
      if (typeof item === "string") check.name(item, `${path}.values[${v}]`, NAME, "toggle value");
      else if (typeof item === "number") check.number(item, `${path}.values[${v}]`, 0, 255);
      else check.boolean(item, `${path}.values[${v}]`);
    }
    if (!values.includes(one.default)) check.error(`${path}.default`, "is not one of the values");
  }
  if (model.constants !== undefined) {
    const constants = check.object(model.constants, "constants", Object.keys((model.constants as object | null) ?? {}));
    for (const [name, item] of Object.entries(constants ?? {})) {
      check.name(name, `constants.${name.slice(0, 60)}`, NAME, "name");
      check.numberOrCode(item, `constants.${name.slice(0, 60)}`);
    }
  }
  if (model.bounds !== undefined) {
    const bounds = check.object(model.bounds, "bounds", Object.keys((model.bounds as object | null) ?? {}));
    for (const [name, item] of Object.entries(bounds ?? {}))
      check.number(item ?? null, `bounds.${name.slice(0, 60)}`, 0, 255);
  }
}

function variables(check: Checker, value: unknown, path: string): void {
  for (const [i, raw] of check.array(value, path, 64).entries()) {
    const at = `${path}[${i}]`;
    const one = check.object(raw, at, ["name", "initial", "max", "count", "group", "description"]);
    if (one === undefined) continue;
    check.name(one.name, `${at}.name`, DOTTED_NAME, "name");
    if (one.initial !== undefined) check.numberOrCode(one.initial, `${at}.initial`);
    check.number(one.max, `${at}.max`, 1, 255);
    check.number(one.count, `${at}.count`, 1, 16);
    check.oneOf(one.group, `${at}.group`, ["memory", "disk", "transaction", "superblock", "other"]);
    check.text(one.description, `${at}.description`);
  }
}

function world(check: Checker, model: Json): void {
  variables(check, model.variables, "variables");
  if (model.slots !== undefined) {
    const slots = check.object(model.slots, "slots", ["count", "names", "initial", "fields"]);
    if (slots !== undefined) {
      if (typeof slots.count === "string") check.code(slots.count, "slots.count");
      else check.number(slots.count ?? null, "slots.count", 1, MAX_SLOTS);
      for (const [i, name] of check.array(slots.names, "slots.names", MAX_SLOTS).entries()) {
        check.name(name, `slots.names[${i}]`, NAME, "name");
      }
      for (const [i, raw] of check.array(slots.initial, "slots.initial", MAX_SLOTS, true).entries()) {
        const one = check.object(raw, `slots.initial[${i}]`, Object.keys((raw as object | null) ?? {}));
        for (const [name, item] of Object.entries(one ?? {})) {
          check.numberOrCode(item, `slots.initial[${i}].${name.slice(0, 60)}`);
        }
      }
      variables(check, slots.fields, "slots.fields");
    }
  }
  for (const [i, raw] of check.array(model.locks, "locks", 32).entries()) {
    const one = check.object(raw, `locks[${i}]`, ["name", "kind", "per", "description"]);
    if (one === undefined) continue;
    check.name(one.name, `locks[${i}].name`, NAME, "name");
    if (one.kind === undefined) check.error(`locks[${i}].kind`, "expected one of spin, sleep");
    check.oneOf(one.kind, `locks[${i}].kind`, ["spin", "sleep"]);
    check.oneOf(one.per, `locks[${i}].per`, ["slot"]);
    check.text(one.description, `locks[${i}].description`);
  }
  for (const [i, raw] of check.array(model.queues, "queues", 16).entries()) {
    const one = check.object(raw, `queues[${i}]`, ["name", "capacity", "description"]);
    if (one === undefined) continue;
    check.name(one.name, `queues[${i}].name`, NAME, "name");
    check.number(one.capacity ?? null, `queues[${i}].capacity`, 1, 16);
    check.text(one.description, `queues[${i}].description`);
  }
}

function locals(check: Checker, value: unknown, path: string): void {
  // A procedure made from a function of the kernel, with its helpers in place, has dozens.
  for (const [i, raw] of check.array(value, path, 256).entries()) {
    const one = check.object(raw, `${path}[${i}]`, ["name", "type", "max", "initial"]);
    if (one === undefined) continue;
    check.name(one.name, `${path}[${i}].name`, NAME, "name");
    check.oneOf(one.type, `${path}[${i}].type`, ["slot", "number"]);
    check.number(one.max, `${path}[${i}].max`, 1, 255);
    if (one.initial !== undefined) check.numberOrCode(one.initial, `${path}[${i}].initial`);
  }
}

function threads(check: Checker, model: Json): void {
  const names = new Set<unknown>();
  const list = check.array(model.threads, "threads", 24, true);
  if (list.length === 0 && Array.isArray(model.threads)) check.error("threads", "a model needs at least one thread");
  for (const [i, raw] of list.entries()) {
    const path = `threads[${i}]`;
    const keys = ["name", "count", "description", "context", "daemon", "when", "locals", "steps"];
    const one = check.object(raw, path, keys);
    if (one === undefined) continue;
    check.name(one.name, `${path}.name`, THREAD_NAME, "thread name");
    if (names.has(one.name)) check.error(`${path}.name`, `thread ${JSON.stringify(one.name)} is declared twice`);
    names.add(one.name);
    if (one.count !== undefined) check.numberOrCode(one.count, `${path}.count`);
    check.text(one.description, `${path}.description`);
    for (const [c, item] of check.array(one.context, `${path}.context`, 5).entries()) {
      check.oneOf(item ?? null, `${path}.context[${c}]`, ["MEMALLOC", "NOFS", "worker"]);
    }
    check.boolean(one.daemon, `${path}.daemon`);
    check.code(one.when, `${path}.when`);
    locals(check, one.locals, `${path}.locals`);
    steps(check, one.steps, `${path}.steps`, 0, true);
  }
}

const ACTIONS = ["do", "if", "while", "choose", "call", "goto", "end"];
const STEP_KEYS = [...ACTIONS, "id", "label", "source", "when", "then", "else", "loop", "with"];

function steps(check: Checker, value: unknown, path: string, depth: number, required = false): void {
  if (depth > MAX_NESTING) {
    check.error(path, `steps are nested deeper than ${MAX_NESTING}`);
    return;
  }
  for (const [i, raw] of check.array(value, path, 1000, required).entries()) {
    const at = `${path}[${i}]`;
    if (++check.steps > MAX_STEPS) {
      if (check.steps === MAX_STEPS + 1) check.error(at, `the model has more than ${MAX_STEPS} steps`);
      return;
    }
    if (typeof raw === "string") {
      check.code(raw, at);
      continue;
    }
    const step = check.object(raw, at, STEP_KEYS);
    if (step === undefined) continue;
    const actions = ACTIONS.filter((key) => step[key] !== undefined);
    const fine = actions.length === 1 || (actions.length === 2 && actions[0] === "do" && actions[1] === "if");
    if (!fine)
      check.error(at, `a step needs exactly one of ${ACTIONS.join(", ")}; found ${actions.join(" and ") || "none"}`);
    if (step.id !== undefined) check.name(step.id, `${at}.id`, NAME, "step id");
    check.text(step.label, `${at}.label`, 300);
    for (const key of ["when", "do", "if", "while", "goto", "call"]) check.code(step[key], `${at}.${key}`);
    if (step.end !== undefined && step.end !== true) check.error(`${at}.end`, "can only be true");
    if (step.source !== undefined) {
      const source = check.object(step.source, `${at}.source`, ["file", "line", "endLine"]);
      check.text(source?.file ?? 0, `${at}.source.file`, 500);
      check.number(source?.line ?? null, `${at}.source.line`, 1, 10_000_000);
      check.number(source?.endLine, `${at}.source.endLine`, 1, 10_000_000);
    }
    const needs = (key: string, action: string): void => {
      if (step[key] !== undefined && step[action] === undefined)
        check.error(`${at}.${key}`, `stands only beside "${action}"`);
    };
    needs("then", "if");
    needs("else", "if");
    needs("loop", "while");
    needs("with", "call");
    steps(check, step.then, `${at}.then`, depth + 1);
    steps(check, step.else, `${at}.else`, depth + 1);
    steps(check, step.loop, `${at}.loop`, depth + 1);
    for (const [b, branch] of check.array(step.choose, `${at}.choose`, 20).entries()) {
      steps(check, branch, `${at}.choose[${b}]`, depth + 1, true);
    }
    if (step.with !== undefined) {
      const given = check.object(step.with, `${at}.with`, Object.keys((step.with as object | null) ?? {}));
      for (const [name, text] of Object.entries(given ?? {})) check.code(text ?? 0, `${at}.with.${name.slice(0, 60)}`);
    }
  }
}

function invariant(check: Checker, raw: unknown, i: number): void {
  const path = `invariants[${i}]`;
  if (typeof raw === "string") {
    check.oneOf(raw, path, BUILT_IN_INVARIANTS);
    return;
  }
  const one = check.object(raw, path, ["id", "description", "always"]);
  if (one === undefined) return;
  check.name(one.id, `${path}.id`, NAME, "invariant id");
  check.text(one.description ?? 0, `${path}.description`);
  check.code(one.always ?? 0, `${path}.always`);
}
