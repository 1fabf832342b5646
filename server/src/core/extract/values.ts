/**
 * What is known of a C value while its code is lowered: constants, inodes held in a variable of the model, parts of an
 * inode, words of flags bit by bit, and expressions of the model language that are yet to be read.
 */
import type { FunctionRef } from "../callgraph/program.ts";

/** 0, 1, or an expression of the model language that is one of them. */
export type Bit = 0 | 1 | string;

export type Value =
  | { readonly k: "number"; readonly value: number }
  /** `free`: it can really be either, at any time: need_resched(). */
  | { readonly k: "unknown"; readonly free?: true }
  /** A pointer to the inode in the model's variable `v`. `by`: the lock under which a walk goes on from it. */
  | { readonly k: "slot"; readonly v: string; readonly sure: boolean; readonly by?: string }
  /** A part of an inode, or its address: `&inode->i_lock`, `inode->i_hash`. */
  | { readonly k: "part"; readonly v: string; readonly member: string; readonly object: string }
  /** Another object that the model knows: the superblock, its LRU, a global lock. */
  | { readonly k: "object"; readonly object: string; readonly member: string | null }
  /** A variable of the tree that the model may know by name: a global, a list on the stack. */
  | { readonly k: "name"; readonly name: string; readonly frame: string }
  | { readonly k: "error" }
  | { readonly k: "flags"; readonly domain: string; readonly bits: ReadonlyMap<string, Bit>; readonly others: 0 | 1 }
  /** A number that is an expression. `shared`: it reads what other threads write, so it must be read now. */
  | { readonly k: "expression"; readonly text: string; readonly max: number; readonly shared: boolean }
  | { readonly k: "queue"; readonly v: string; readonly bit: string }
  | { readonly k: "wait-bit"; readonly bit: string }
  | { readonly k: "function"; readonly function: FunctionRef }
  /** The address of a caller's variable that takes an inode; no frame: it is the scenario's. */
  | { readonly k: "variable"; readonly frame: string | null; readonly name: string }
  /** The number of the inode that the scenario is about. */
  | { readonly k: "inode-number" };

export const UNKNOWN: Value = { k: "unknown" };
export const EITHER: Value = { k: "unknown", free: true };
export const ZERO: Value = { k: "number", value: 0 };
export const ONE: Value = { k: "number", value: 1 };
export const numberValue = (value: number): Value => ({ k: "number", value });

/** A text as an operand of any operator. */
export function wrap(text: string | number): string {
  if (typeof text === "number") return String(text);
  return /^[\w.[\]]+$/.test(text) || /^!?[\w.[\]]+$/.test(text) ? text : `(${text})`;
}

export function notBit(bit: Bit): Bit {
  if (bit === 0) return 1;
  if (bit === 1) return 0;
  return negate(bit);
}

export function negate(text: string): string {
  if (/^![\w.[\]]+$/.test(text)) return text.slice(1);
  const wrapped = /^!\((.*)\)$/.exec(text);
  if (wrapped !== null && isBalanced(wrapped[1] as string)) return wrapped[1] as string;
  return `!${wrap(text)}`;
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const c of text) {
    if (c === "(") depth++;
    else if (c === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

export function orBits(bits: readonly Bit[]): Bit {
  if (bits.includes(1)) return 1;
  const texts = [...new Set(bits.filter((bit): bit is string => typeof bit === "string"))];
  if (texts.length === 0) return 0;
  return texts.length === 1 ? (texts[0] as string) : texts.map(wrap).join(" || ");
}

export function andBits(a: Bit, b: Bit): Bit {
  if (a === 0 || b === 0) return 0;
  if (a === 1) return b;
  if (b === 1) return a;
  return a === b ? a : `${wrap(a)} && ${wrap(b)}`;
}

/** Whether a value is true: 0, 1, an expression, or null when nobody knows. */
export function truthOf(value: Value): Bit | null {
  switch (value.k) {
    case "number":
      return value.value === 0 ? 0 : 1;
    case "unknown":
    case "inode-number":
      return null;
    case "slot":
      return value.sure ? 1 : `${value.v} != none`;
    case "flags":
      return value.others === 1 ? 1 : orBits([...value.bits.values()]);
    case "expression":
      return value.max === 1 ? value.text : `${wrap(value.text)} != 0`;
    default:
      return 1;
  }
}

export function isShared(value: Value, sharedText: (text: string) => boolean): boolean {
  if (value.k === "expression") return value.shared;
  if (value.k === "flags") return [...value.bits.values()].some((bit) => typeof bit === "string" && sharedText(bit));
  return false;
}

export function bitValue(bit: Bit, shared: boolean): Value {
  return typeof bit === "number" ? numberValue(bit) : { k: "expression", text: bit, max: 1, shared };
}

/** Reading anything of an inode, of a variable of the scenario, or a lock. */
export function readsShared(text: string): boolean {
  return /\.|\w\[|\(/.test(text.replace(/"[^"]*"/g, ""));
}

function combineFlags(a: Value & { k: "flags" }, b: Value & { k: "flags" }, op: "&" | "|"): Value {
  const bits = new Map<string, Bit>();
  for (const name of new Set([...a.bits.keys(), ...b.bits.keys()])) {
    const left = a.bits.get(name) ?? a.others;
    const right = b.bits.get(name) ?? b.others;
    bits.set(name, op === "&" ? andBits(left, right) : orBits([left, right]));
  }
  const others = op === "&" ? a.others & b.others : a.others | b.others;
  return { k: "flags", domain: a.domain, bits, others: others === 0 ? 0 : 1 };
}

/** C's `~`. */
export function complement(value: Value): Value {
  if (value.k === "flags")
    return {
      ...value,
      bits: new Map([...value.bits].map(([name, bit]) => [name, notBit(bit)])),
      others: value.others === 0 ? 1 : 0,
    };
  return value.k === "number" ? numberValue(~value.value) : UNKNOWN;
}

/** A word of flags without any bit of its domain. */
function asFlags(value: Value, domain: string): (Value & { k: "flags" }) | null {
  if (value.k === "flags") return value;
  if (value.k === "number" && value.value === 0) return { k: "flags", domain, bits: new Map(), others: 0 };
  return null;
}

/** C's binary operators as far as anything is known of the operands. */
export function binaryValue(op: string, a: Value, b: Value): Value {
  if (op === "&" || op === "|") {
    if (a.k === "number" && b.k === "number") return numberValue(op === "&" ? a.value & b.value : a.value | b.value);
    const domain = a.k === "flags" ? a.domain : b.k === "flags" ? b.domain : null;
    if (domain !== null) {
      const left = asFlags(a, domain);
      const right = asFlags(b, domain);
      if (left !== null && right !== null) return combineFlags(left, right, op);
      return UNKNOWN;
    }
    if (op === "&" && (isZeroValue(a) || isZeroValue(b))) return ZERO;
    return op === "|" ? logical("||", a, b) : UNKNOWN;
  }
  if (op === "&&" || op === "||") return logical(op, a, b);
  if (op === "==" || op === "!=") {
    const equal = equality(a, b);
    if (equal === null) return UNKNOWN;
    return bitValue(op === "==" ? equal : notBit(equal), typeof equal === "string" && readsShared(equal));
  }
  // (char *)&inode->i_state + bit (include/linux/fs.h, inode_state_wait_address()).
  if (op === "+" && a.k === "part" && b.k === "wait-bit") return { k: "queue", v: a.v, bit: b.bit };
  const left = numberText(a);
  const right = numberText(b);
  if (a.k === "number" && b.k === "number") return arithmetic(op, a.value, b.value);
  if (left === null || right === null) return UNKNOWN;
  const shared = readsShared(left) || readsShared(right);
  if (["<", ">", "<=", ">="].includes(op))
    return { k: "expression", text: `${wrap(left)} ${op} ${wrap(right)}`, max: 1, shared };
  if (op === "+" || op === "-") return { k: "expression", text: `${wrap(left)} ${op} ${wrap(right)}`, max: 7, shared };
  return UNKNOWN;
}

export const isZeroValue = (value: Value): boolean => value.k === "number" && value.value === 0;

function logical(op: "&&" | "||", a: Value, b: Value): Value {
  const left = truthOf(a);
  const right = truthOf(b);
  if (op === "&&" && (left === 0 || right === 0)) return ZERO;
  if (op === "||" && (left === 1 || right === 1)) return ONE;
  if (left === null || right === null) return UNKNOWN;
  const bit = op === "&&" ? andBits(left, right) : orBits([left, right]);
  return bitValue(bit, typeof bit === "string" && readsShared(bit));
}

/** What a hash link points to: never to itself, unless it is a fake one that no lookup can find. */
export const NEIGHBOUR: Value = { k: "name", name: "%neighbour", frame: "" };

function equality(a: Value, b: Value): Bit | null {
  if ((a === NEIGHBOUR && b.k === "part") || (b === NEIGHBOUR && a.k === "part")) return 0;
  if (a.k === "inode-number" || b.k === "inode-number") return a.k === b.k ? 1 : null;
  if (a.k === "slot" || b.k === "slot") {
    if (a.k === "slot" && b.k === "slot") return a.v === b.v ? 1 : `${a.v} == ${b.v}`;
    const slot = a.k === "slot" ? a : (b as Value & { k: "slot" });
    const other = a.k === "slot" ? b : a;
    if (isZeroValue(other)) return slot.sure ? 0 : `${slot.v} == none`;
    return other.k === "error" ? 0 : null;
  }
  if (a.k === "flags" || b.k === "flags") {
    const domain = a.k === "flags" ? a.domain : (b as Value & { k: "flags" }).domain;
    const left = asFlags(a, domain);
    const right = asFlags(b, domain);
    if (left === null || right === null) return null;
    if (left.others !== right.others) return 0;
    let all: Bit = 1;
    for (const name of new Set([...left.bits.keys(), ...right.bits.keys()])) {
      const x = left.bits.get(name) ?? left.others;
      const y = right.bits.get(name) ?? right.others;
      all = andBits(
        all,
        y === 1 ? x : y === 0 ? notBit(x) : x === 1 ? y : x === 0 ? notBit(y) : `${wrap(x)} == ${wrap(y)}`,
      );
    }
    return all;
  }
  if (a.k === "number" && b.k === "number") return a.value === b.value ? 1 : 0;
  if (a.k === "object" && b.k === "object") return a.object === b.object && a.member === b.member ? 1 : 0;
  if (a.k === "function" && b.k === "function") return a.function === b.function ? 1 : 0;
  const left = numberText(a);
  const right = numberText(b);
  return left === null || right === null ? null : `${wrap(left)} == ${wrap(right)}`;
}

/** A number as text of the model language; null when there is none. */
export function numberText(value: Value): string | null {
  if (value.k === "number") return value.value >= 0 && value.value <= 255 ? String(value.value) : null;
  if (value.k === "expression") return value.text;
  if (value.k === "flags") {
    const bit = truthOf(value);
    return bit === null ? null : String(bit);
  }
  return null;
}

function arithmetic(op: string, a: number, b: number): Value {
  switch (op) {
    case "+":
      return numberValue(a + b);
    case "-":
      return numberValue(a - b);
    case "*":
      return numberValue(a * b);
    case "<":
      return numberValue(a < b ? 1 : 0);
    case ">":
      return numberValue(a > b ? 1 : 0);
    case "<=":
      return numberValue(a <= b ? 1 : 0);
    case ">=":
      return numberValue(a >= b ? 1 : 0);
    case "<<":
      return numberValue(a << b);
    case ">>":
      return numberValue(a >> b);
    case "^":
      return numberValue(a ^ b);
    default:
      return UNKNOWN;
  }
}

/** The variable that holds the inode by which a value is known; null where it is known by none. */
export function slotNamedBy(value: Value): string | null {
  return value.k === "slot" || value.k === "part" || value.k === "queue" ? value.v : null;
}

/** A text that is the same for equal values: part of the key of a state of the lowering. */
export function keyOf(value: Value): string {
  switch (value.k) {
    case "number":
      return `n${value.value}`;
    case "slot":
      return `s${value.sure ? "!" : "?"}${value.v}${value.by === undefined ? "" : `/${value.by}`}`;
    case "part":
      return `p${value.v}.${value.object}.${value.member}`;
    case "object":
      return `o${value.object}.${value.member ?? ""}`;
    case "name":
      return `v${value.frame}/${value.name}`;
    case "flags":
      return `f${value.domain}${value.others}${[...value.bits].map(([name, bit]) => `${name}=${bit}`).join(",")}`;
    case "expression":
      return `e${value.text}`;
    case "queue":
      return `q${value.v}.${value.bit}`;
    case "wait-bit":
      return `b${value.bit}`;
    case "variable":
      return `a${value.frame ?? ""}/${value.name}`;
    case "function":
      return `c${value.function.file.path}:${value.function.name}`;
    default:
      return value.k;
  }
}
