/**
 * What is known of a value at a point: some of its bits, or the function it points to, or a name that stands for a
 * constant, or which flags have been set in the object it points to, or only that it is not zero. `undefined` is "nothing
 * known".
 */
export type Value =
  | { readonly k: "bits"; readonly known: number; readonly bits: number }
  | { readonly k: "symbol"; readonly name: string }
  | { readonly k: "global"; readonly name: string }
  /** Flags of the knowledge base's `objectFlags`, in the order of the alphabet. */
  | { readonly k: "flagged"; readonly flags: readonly string[] }
  | { readonly k: "nonzero" }
  | undefined;

export const ZERO: Value = { k: "bits", known: -1, bits: 0 };
export const ONE: Value = { k: "bits", known: -1, bits: 1 };
export const NONZERO: Value = { k: "nonzero" };

export function number(value: number): Value {
  return Number.isNaN(value) ? undefined : { k: "bits", known: -1, bits: value | 0 };
}

export function isZero(value: Value): boolean {
  return value?.k === "bits" && value.known === -1 && value.bits === 0;
}

/** True, false, or undefined when both are possible. */
export function truth(value: Value): boolean | undefined {
  if (value === undefined) return undefined;
  if (value.k === "bits") return (value.bits & value.known) !== 0 ? true : value.known === -1 ? false : undefined;
  return value.k === "symbol" ? (value.name.startsWith("#") ? true : undefined) : true;
}

export function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.k !== b.k) return false;
  if (a.k === "bits" && b.k === "bits") return a.known === b.known && (a.bits & a.known) === (b.bits & b.known);
  if (a.k === "nonzero") return true;
  if (a.k === "flagged" && b.k === "flagged") return a.flags.join() === b.flags.join();
  return (a as { name: string }).name === (b as { name: string }).name;
}

/** What holds of a value that is one or the other. */
export function join(a: Value, b: Value): Value {
  if (same(a, b)) return a;
  if (a === undefined || b === undefined) return undefined;
  if (a.k === "bits" && b.k === "bits") {
    const known = a.known & b.known & ~(a.bits ^ b.bits);
    return known === 0 ? undefined : { k: "bits", known, bits: a.bits & known };
  }
  return truth(a) === true && truth(b) === true ? NONZERO : undefined;
}

export function binary(op: string, a: Value, b: Value): Value {
  switch (op) {
    case "|":
      return bitwiseOr(a, b);
    case "&":
      return bitwiseAnd(a, b);
    case "==":
      return equal(a, b);
    case "!=": {
      const result = truth(equal(a, b));
      return result === undefined ? undefined : result ? ZERO : ONE;
    }
    case "&&": {
      const [x, y] = [truth(a), truth(b)];
      return x === false || y === false ? ZERO : x && y ? ONE : undefined;
    }
    case "||": {
      const [x, y] = [truth(a), truth(b)];
      return x || y ? ONE : x === false && y === false ? ZERO : undefined;
    }
    default:
      return arithmetic(op, a, b);
  }
}

function isFull(value: Value): value is { k: "bits"; known: number; bits: number } {
  return value?.k === "bits" && value.known === -1;
}

function arithmetic(op: string, a: Value, b: Value): Value {
  if (a?.k === "symbol" && b?.k === "symbol" && a.name === b.name) {
    if (op === "<" || op === ">") return ZERO;
    if (op === "<=" || op === ">=") return ONE;
  }
  if (!isFull(a) || !isFull(b)) return undefined;
  switch (op) {
    case "+":
      return number(a.bits + b.bits);
    case "-":
      return number(a.bits - b.bits);
    case "*":
      return number(Math.imul(a.bits, b.bits));
    case "<<":
      return number(a.bits << b.bits);
    case ">>":
      return number(a.bits >> b.bits);
    case "^":
      return number(a.bits ^ b.bits);
    case "<":
      return a.bits < b.bits ? ONE : ZERO;
    case ">":
      return a.bits > b.bits ? ONE : ZERO;
    case "<=":
      return a.bits <= b.bits ? ONE : ZERO;
    case ">=":
      return a.bits >= b.bits ? ONE : ZERO;
    default:
      return undefined;
  }
}

function bitwiseOr(a: Value, b: Value): Value {
  const ones = (value: Value): number => (value?.k === "bits" ? value.bits & value.known : 0);
  const zeros = (value: Value): number => (value?.k === "bits" ? ~value.bits & value.known : 0);
  const set = ones(a) | ones(b);
  const clear = zeros(a) & zeros(b);
  return set === 0 && clear === 0 ? undefined : { k: "bits", known: set | clear, bits: set };
}

function bitwiseAnd(a: Value, b: Value): Value {
  const ones = (value: Value): number => (value?.k === "bits" ? value.bits & value.known : 0);
  const zeros = (value: Value): number => (value?.k === "bits" ? ~value.bits & value.known : 0);
  const set = ones(a) & ones(b);
  const clear = zeros(a) | zeros(b);
  return set === 0 && clear === 0 ? undefined : { k: "bits", known: set | clear, bits: set };
}

function equal(a: Value, b: Value): Value {
  if (a === undefined || b === undefined) return undefined;
  if (a.k === "bits" && b.k === "bits") {
    const both = a.known & b.known;
    if (((a.bits ^ b.bits) & both) !== 0) return ZERO;
    return both === -1 ? ONE : undefined;
  }
  if ((a.k === "symbol" && b.k === "symbol") || (a.k === "global" && b.k === "global"))
    return a.name === b.name ? ONE : ZERO;
  // An address or something not zero against NULL.
  const [zero, other] = isZero(a) ? [a, b] : [b, a];
  if (isZero(zero) && truth(other) === true) return ZERO;
  return undefined;
}

export function not(value: Value): Value {
  const known = truth(value);
  return known === undefined ? undefined : known ? ZERO : ONE;
}

export function complement(value: Value): Value {
  return value?.k === "bits" ? { k: "bits", known: value.known, bits: ~value.bits & value.known } : undefined;
}

/** A short text that two values share only when they are the same; "" when nothing is known that tells calls apart. */
export function keyOf(value: Value): string {
  if (value === undefined || value.k === "nonzero") return "";
  if (value.k === "bits")
    return value.known === -1 ? `${value.bits}` : `${value.known.toString(36)}/${value.bits.toString(36)}`;
  return value.k === "flagged" ? value.flags.join("+") : value.name;
}

/** An object in which a flag has been set, of which `before` was known. */
export function withFlag(before: Value, flag: string): Value {
  const others = before?.k === "flagged" ? before.flags.filter((each) => each !== flag) : [];
  return { k: "flagged", flags: [...others, flag].sort() };
}

export function withoutFlag(before: Value, flag: string): Value {
  if (before?.k !== "flagged") return before;
  const flags = before.flags.filter((each) => each !== flag);
  return flags.length === 0 ? NONZERO : { k: "flagged", flags };
}

export function hasFlag(value: Value, flag: string): boolean {
  return value?.k === "flagged" && value.flags.includes(flag);
}
