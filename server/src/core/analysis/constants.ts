/** What an identifier that is no local variable stands for: a flag, a number, a function, or only its own name. */
import type { Program } from "../callgraph/program.ts";
import { type Fact, newFact } from "../callgraph/reads.ts";
import type { Body, FunctionBodies } from "../ir/function-bodies.ts";
import { localsOf } from "../ir/locals.ts";
import { numberOf } from "../ir/lower-expression.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { binary, number, type Value } from "./value.ts";

const MAX_DEPTH = 4;

interface Macro {
  readonly value: Value;
  readonly fact: Fact;
}

export class ConstantTable {
  readonly #program: Program;
  readonly #bodies: FunctionBodies;
  readonly #knowledge: Knowledge;
  readonly #macros = new Map<string, Macro>();
  /** What names come to that are no locals, where no edits are followed; null for nothing, as most do. */
  readonly #globals = new Map<string, Value | null>();

  constructor(program: Program, bodies: FunctionBodies, knowledge: Knowledge) {
    this.#program = program;
    this.#bodies = bodies;
    this.#knowledge = knowledge;
  }

  /** The value of `name` in `body` when it is not a local of it. */
  valueOf(name: string, body: Body): Value {
    if (this.#program.reads !== null) return localsOf(body).has(name) ? undefined : this.#global(name, 0);
    let value = this.#globals.get(name);
    if (value === undefined) {
      value = this.#global(name, 0) ?? null;
      this.#globals.set(name, value);
    }
    return value === null || localsOf(body).has(name) ? undefined : value;
  }

  /** Whether the tree has a function or a table of this name, so that its address is a constant. */
  isGlobal(name: string): boolean {
    return this.#program.functionsNamed(name).length > 0;
  }

  #global(name: string, depth: number): Value {
    const flag = this.#knowledge.constants.get(name);
    if (flag !== undefined) return number(flag);
    if (/^[A-Z][A-Z0-9_]+$/.test(name)) return this.#macro(name, depth);
    return this.isGlobal(name) ? { k: "global", name } : undefined;
  }

  #macro(name: string, depth: number): Value {
    // A chain of macros is followed so far and no further, from wherever it is entered.
    const key = depth === 0 ? name : `${depth} ${name}`;
    const known = this.#macros.get(key);
    if (known !== undefined && !known.fact.stale) {
      this.#program.reads?.read(known.fact);
      return known.value;
    }
    const { reads } = this.#program;
    const fact = newFact(reads);
    const make = (): Value => this.#evaluateMacro(name, depth);
    const value = reads === null ? make() : reads.track(fact, make);
    this.#macros.set(key, { value, fact });
    return value;
  }

  #evaluateMacro(name: string, depth: number): Value {
    let value: Value;
    const definitions = this.#program.macrosNamed(name).filter((each) => !each.span.functionLike);
    // Different definitions in different places: only the name is certain.
    if (definitions.length === 1 && depth < MAX_DEPTH) {
      const { file, span } = definitions[0]!;
      this.#program.reads?.readText(definitions[0]!);
      const text = this.#bodies
        .textOf(file, span.parameters, span.end)
        .replace(/\/\*.*?\*\//gs, " ")
        .replace(/\/\/.*/, "");
      value = this.#parse(text.trim(), depth + 1);
    }
    // An enumerator, or a macro that is no plain number.
    return value ?? (definitions.length > 1 ? undefined : { k: "symbol", name });
  }

  /** Numbers, shifts of one, BIT(n) and these or-ed together; anything else is unknown. */
  #parse(text: string, depth: number): Value {
    let inner = text;
    while (inner.startsWith("(") && inner.endsWith(")") && closes(inner)) inner = inner.slice(1, -1).trim();
    if (inner.includes("|")) {
      const parts = inner.split("|").map((part) => this.#parse(part.trim(), depth));
      return parts.reduce((a, b) => binary("|", a, b));
    }
    const literal = /^(0[xX][0-9a-fA-F]+|\d+)[uUlL]*$/.exec(inner);
    if (literal !== null) return number(numberOf(literal[1]!));
    const shift =
      /^\(?\s*1[uUlL]*\s*\)?\s*<<\s*\(?\s*(\d+)\s*\)?$/.exec(inner) ?? /^BIT(?:_ULL)?\(\s*(\d+)\s*\)$/.exec(inner);
    if (shift !== null) return Number(shift[1]) < 32 ? number(1 << Number(shift[1])) : undefined;
    const alias = /^[A-Z][A-Z0-9_]+$/.exec(inner) ?? /^__GFP_\w+$/.exec(inner);
    return alias === null ? undefined : this.#global(inner, depth);
  }
}

function closes(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i === text.length - 1;
  }
  return false;
}
