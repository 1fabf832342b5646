/** Expressions without calls (micro.ts) to what is known of their value. */
import type { Expr } from "../ir/ir.ts";
import type { MethodBinding } from "./lowering-request.ts";
import type { Frame } from "./lowering-state.ts";
import {
  binaryValue,
  bitValue,
  complement,
  NEIGHBOUR,
  negate,
  numberValue,
  readsShared,
  truthOf,
  UNKNOWN,
  type Value,
  wrap,
} from "./values.ts";
import type { Member, Vocabulary } from "./vocabulary.ts";

/** Largest values of the number fields of a slot (race/compile-context.ts). */
const FIELD_MAX: Readonly<Record<string, number>> = { count: 7, nlink: 3, pages: 1 };

/** Macros that are made of macros are followed so far. */
const MAX_MACROS = 3;

export class Evaluator {
  /** The member of an inode that was read or addressed through NULL or an error pointer since this was last null. */
  wild: string | null = null;
  readonly #vocabulary: Vocabulary;
  readonly #functionValue: (name: string, frame: Frame) => Value | null;
  readonly #flagsOfMacro: (name: string, frame: Frame) => readonly string[] | null;
  readonly #methods: ReadonlyMap<string, MethodBinding>;

  constructor(
    vocabulary: Vocabulary,
    methods: ReadonlyMap<string, MethodBinding>,
    functionValue: (name: string, frame: Frame) => Value | null,
    flagsOfMacro: (name: string, frame: Frame) => readonly string[] | null,
  ) {
    this.#vocabulary = vocabulary;
    this.#methods = methods;
    this.#functionValue = functionValue;
    this.#flagsOfMacro = flagsOfMacro;
  }

  evaluate(expr: Expr, frame: Frame): Value {
    switch (expr.k) {
      case "num":
        return Number.isNaN(expr.value) ? UNKNOWN : numberValue(expr.value);
      case "id":
        return this.name(expr.name, frame);
      case "field":
        return this.taskFlags(expr) ?? this.field(this.base(expr, frame), expr.name);
      case "cast":
        return this.evaluate(expr.operand, frame);
      case "unary":
        return this.unary(expr.op, expr.operand, frame);
      case "binary":
        return this.binary(expr, frame);
      case "cond": {
        const test = truthOf(this.evaluate(expr.test, frame));
        if (test === 1) return this.evaluate(expr.yes, frame);
        if (test === 0) return this.evaluate(expr.no, frame);
        const yes = truthOf(this.evaluate(expr.yes, frame));
        const no = truthOf(this.evaluate(expr.no, frame));
        if (test === null || yes === null || no === null) return UNKNOWN;
        const text = `(${wrap(test)} ? ${wrap(String(yes))} : ${wrap(String(no))})`;
        return bitValue(text, readsShared(text));
      }
      case "other":
        return expr.parts.length === 0 ? UNKNOWN : this.evaluate(expr.parts[expr.parts.length - 1] as Expr, frame);
      default:
        return UNKNOWN;
    }
  }

  /** What `base->name` goes through. */
  private base({ base, name }: Expr & { k: "field" }, frame: Frame): Value {
    const value = this.evaluate(base, frame);
    const isNowhere = value.k === "error" || (base.k === "id" && value.k === "number" && value.value === 0);
    if (isNowhere && this.member("inode", name) !== null) this.wild = name;
    return value;
  }

  /** `current->flags`, in a task of which something is known: `& PF_MEMALLOC` is decided. */
  private taskFlags({ base, name }: Expr & { k: "field" }): Value | null {
    const { taskFlags = {} } = this.#vocabulary.data;
    const known = Object.values(taskFlags);
    if (known.length === 0 || name !== "flags" || base.k !== "id" || base.name !== "current") return null;
    return numberValue(known.reduce((sum, bit) => sum | bit, 0));
  }

  /** `a->b & mask` stays exact where one side is a set of flags, even of flags that the model does not have. */
  private binary(expr: Expr & { k: "binary" }, frame: Frame): Value {
    const left = this.evaluate(expr.left, frame);
    const decides = expr.op === "&&" ? 0 : expr.op === "||" ? 1 : null;
    if (decides !== null && truthOf(left) === decides) return numberValue(decides);
    const right = this.evaluate(expr.right, frame);
    return binaryValue(expr.op, left, right);
  }

  private unary(op: string, operand: Expr, frame: Frame): Value {
    // `&link->pprev` of a link is a place inside the link.
    if (op === "&") {
      const place = this.place(operand, frame);
      if (place !== NEIGHBOUR || operand.k !== "field") return place;
      return this.evaluate(operand.base, frame);
    }
    const value = this.evaluate(operand, frame);
    switch (op) {
      case "!": {
        const truth = truthOf(value);
        if (truth === null) return value.k === "unknown" ? value : UNKNOWN;
        if (typeof truth === "number") return numberValue(truth === 0 ? 1 : 0);
        return bitValue(negate(truth), readsShared(truth));
      }
      case "~":
        return complement(value);
      case "-":
        return value.k === "number" ? numberValue(-value.value) : UNKNOWN;
      case "*":
        return value.k === "part" ? this.read(value) : value;
      default:
        return UNKNOWN;
    }
  }

  /** What an address leads to: `&inode->i_lock`, `&dispose`. */
  place(expr: Expr, frame: Frame): Value {
    if (expr.k === "field") {
      const base = this.base(expr, frame);
      const part = this.part(base, expr.name);
      if (part !== null) return part;
      return this.field(base, expr.name);
    }
    return this.evaluate(expr, frame);
  }

  private part(base: Value, name: string): Value | null {
    if (base.k === "slot") {
      const member = this.member("inode", name);
      if (member === null || member.is === "object") return null;
      return { k: "part", v: base.v, member: name, object: "inode" };
    }
    if (base.k === "object" && base.member === null) {
      const member = this.member(base.object, name);
      if (member === null || member.is === "object") return null;
      return { k: "object", object: base.object, member: name };
    }
    return null;
  }

  member(object: string, name: string): Member | null {
    const members = this.#vocabulary.data.members[object];
    return members !== undefined && Object.hasOwn(members, name) ? (members[name] ?? null) : null;
  }

  private field(base: Value, name: string): Value {
    // A pointer to a method is tested before it is called.
    const method = this.#methods.get(name);
    if (method !== undefined) return numberValue(method.kind === "absent" ? 0 : 1);
    // inode->i_state.__state: the word inside the word.
    if (base.k === "flags" && this.member("inode", name)?.is === "flags") return base;
    if (base.k === "part" && this.member("inode", name)?.is === "flags") return base;
    if (base.k === "part") {
      const link = this.member(base.object, base.member);
      return link?.is === "link" && link.link === "hash" ? NEIGHBOUR : UNKNOWN;
    }
    const object = base.k === "slot" ? "inode" : base.k === "object" && base.member === null ? base.object : null;
    if (object === null) return UNKNOWN;
    const member = this.member(object, name);
    if (member === null) return UNKNOWN;
    switch (member.is) {
      case "object":
        if (member.object === "inode") return base;
        return { k: "object", object: member.object, member: null };
      case "value":
        return numberValue(member.value);
      case "number-of-inode":
        return { k: "inode-number" };
      case "flags":
      case "number":
        return base.k === "slot"
          ? this.read({ k: "part", v: base.v, member: name, object })
          : this.read({ k: "object", object, member: name });
      default:
        return base.k === "slot"
          ? { k: "part", v: base.v, member: name, object }
          : { k: "object", object, member: name };
    }
  }

  /** The value that a place holds now. */
  read(place: Value): Value {
    if (place.k === "part") {
      const member = this.member(place.object, place.member);
      if (member?.is === "flags") return this.stateOf(place.v, member.domain);
      if (member?.is === "number")
        return { k: "expression", text: `${place.v}.${member.field}`, max: FIELD_MAX[member.field] ?? 1, shared: true };
      return place;
    }
    if (place.k === "object" && place.member !== null) {
      const member = this.member(place.object, place.member);
      if (member?.is === "flags")
        return {
          k: "flags",
          domain: "sb",
          bits: new Map(
            Object.values(this.#vocabulary.data.sbFlags)
              .flat()
              .map((variable) => [variable, variable]),
          ),
          others: 0,
        };
    }
    return place;
  }

  /** i_state of the inode in `v`, or another word of its flags, bit by bit. */
  stateOf(v: string, domain = "state"): Value & { k: "flags" } {
    return {
      k: "flags",
      domain,
      bits: new Map(this.#vocabulary.bitsOf(domain).map((bit) => [bit, `${v}.${bit}`])),
      others: 0,
    };
  }

  private name(name: string, frame: Frame, depth = 0): Value {
    const known = frame.env.get(name);
    if (known !== undefined) return known;
    const { numbers, taskFlags, stateFlags, sbFlags, waitBits, globalLocks } = this.#vocabulary.data;
    const own = <T>(table: Readonly<Record<string, T>>): T | undefined =>
      Object.hasOwn(table, name) ? table[name] : undefined;
    const number = own(numbers) ?? own(taskFlags ?? {});
    if (number !== undefined) return numberValue(number);
    const lock = own(globalLocks);
    if (lock !== undefined) return { k: "object", object: "global-lock", member: lock };
    const bit = own(waitBits);
    if (bit !== undefined) return { k: "wait-bit", bit };
    const state = own(stateFlags);
    if (state !== undefined) return constantFlags("state", state);
    const slot = this.#vocabulary.slotFlags.get(name);
    if (slot !== undefined) return constantFlags(slot.domain, slot.bits);
    const sb = own(sbFlags);
    if (sb !== undefined) return constantFlags("sb", sb);
    const flags = depth < MAX_MACROS ? this.#flagsOfMacro(name, frame) : null;
    const word = flags?.map((each) => this.name(each, frame, depth + 1)).reduce((a, b) => binaryValue("|", a, b));
    if (word?.k === "flags") return word;
    // Other flags of the same words: never set in a scenario.
    if (/^I_[A-Z][A-Z_]+$/.test(name)) return constantFlags("state", []);
    if (/^SB_[A-Z][A-Z_]+$/.test(name)) return constantFlags("sb", []);
    return this.#functionValue(name, frame) ?? { k: "name", name, frame: frame.id };
  }
}

function constantFlags(domain: string, bits: readonly string[]): Value {
  return { k: "flags", domain, bits: new Map(bits.map((bit) => [bit, 1])), others: 0 };
}
