/** What all parts of the compiler share: names, cells, violations, and the errors found so far. */

import type { ExpressionTree, StatementTree } from "./expression.ts";
import { ExpressionError, parseExpression, parseStatements } from "./expression.ts";
import type { ModelError, RaceModel, ToggleSettings, ToggleValue } from "./model.ts";
import type { Cell, ViolationText } from "./program.ts";

/** Built-in fields of an inode slot and their largest values. */
export const SLOT_FIELDS: Readonly<Record<string, number>> = {
  phase: 2,
  ino: 7,
  gen: 7,
  hashed: 7,
  count: 7,
  nlink: 3,
  lru: 3,
  on_sb: 1,
  on_io: 1,
  pages: 1,
  pending: 1,
  woken: 1,
  NEW: 1,
  CREATING: 1,
  DIRTY: 1,
  DIRTY_TIME: 1,
  SYNC: 1,
  WILL_FREE: 1,
  FREEING: 1,
  CLEAR: 1,
  LRU_ISOLATING: 1,
  REFERENCED: 1,
  BAD: 1,
  HARD: 1,
};

export const STATE_BITS: readonly string[] = [
  "NEW",
  "CREATING",
  "DIRTY",
  "DIRTY_TIME",
  "SYNC",
  "WILL_FREE",
  "FREEING",
  "CLEAR",
  "LRU_ISOLATING",
  "REFERENCED",
  "BAD",
  "HARD",
];

/** Names with a fixed meaning in expressions. */
export const FIXED_CONSTANTS: Readonly<Record<string, number>> = {
  true: 1,
  false: 0,
  on: 1,
  off: 0,
  FREE: 0,
  LIVE: 1,
  LIMBO: 2,
  LRU_NONE: 0,
  LRU: 1,
  LRU_PRIVATE: 2,
  LRU_DEFERRED: 3,
};

export const MAX_ERRORS = 100;

/** Thrown when a model cannot be compiled further at this place; the error itself is already recorded. */
export class CompileStop extends Error {}

export class CompileContext {
  readonly model: RaceModel;
  readonly toggles: ToggleSettings;
  readonly errors: ModelError[] = [];
  readonly constants = new Map<string, number>();
  readonly cells: Cell[] = [];
  readonly violations: ViolationText[] = [];
  readonly invariantIds: ReadonlySet<string>;
  temps = 0;
  /** Slots named by the step in the making: see Transition.slots. */
  named = 0;
  #violationIds = new Map<string, number>();
  /** Procedures are expanded in place: the same text is met again and again. Trees are never changed. */
  readonly #expressions = new Map<string, ExpressionTree>();
  readonly #statements = new Map<string, StatementTree[]>();

  constructor(model: RaceModel, toggles: ToggleSettings) {
    this.model = model;
    this.toggles = toggles;
    this.invariantIds = new Set(model.invariants.map((one) => (typeof one === "string" ? one : one.id)));
  }

  error(path: string, message: string, where?: { thread?: string; step?: string }): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ path, message, ...where });
  }

  stop(path: string, message: string, where?: { thread?: string; step?: string }): never {
    this.error(path, message, where);
    throw new CompileStop(message);
  }

  checks(invariant: string): boolean {
    return this.invariantIds.has(invariant);
  }

  cell(name: string, options: Partial<Cell> & { scope: Cell["scope"]; max: number }): Cell {
    const cell: Cell = {
      id: this.cells.length,
      name,
      count: 1,
      holds: options.max === 1 ? "flag" : "number",
      word: 0,
      shift: 0,
      width: 0,
      perWord: 0,
      ...options,
    };
    this.cells.push(cell);
    return cell;
  }

  temp(): number {
    return this.temps++;
  }

  /** Index of a violation text, 1 or more. */
  violation(invariant: string, message: string, kind: ViolationText["kind"] = "assertion", artefact = false): number {
    const key = `${invariant}\n${message}\n${kind}`;
    let id = this.#violationIds.get(key);
    if (id === undefined) {
      this.violations.push({ invariant, message, kind, artefact });
      id = this.violations.length;
      this.#violationIds.set(key, id);
    }
    return id;
  }

  parse(text: string, path: string, where?: { thread?: string; step?: string }): ExpressionTree {
    const known = this.#expressions.get(text);
    if (known !== undefined) return known;
    try {
      const tree = parseExpression(text);
      this.#expressions.set(text, tree);
      return tree;
    } catch (error) {
      if (error instanceof ExpressionError) this.stop(path, pointAt(text, error), where);
      throw error;
    }
  }

  parseStatements(text: string, path: string, where?: { thread?: string; step?: string }): StatementTree[] {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    try {
      const list = parseStatements(text);
      this.#statements.set(text, list);
      return list;
    } catch (error) {
      if (error instanceof ExpressionError) this.stop(path, pointAt(text, error), where);
      throw error;
    }
  }
}

/** The message with the place in the text: `expected ")" at column 7 of "lock(x"`. */
export function pointAt(text: string, error: ExpressionError): string {
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return `${error.message}, at column ${error.at + 1} of ${JSON.stringify(shown)}`;
}

/** Toggle values as numbers: booleans 0/1, numbers themselves, strings their place in the list of values plus 1000. */
export function toggleNumber(value: ToggleValue, values: readonly ToggleValue[]): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return value;
  if (value === "on") return 1;
  if (value === "off") return 0;
  return 1000 + values.indexOf(value);
}
