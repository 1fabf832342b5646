/** Bytes of a WebAssembly module (core specification 1.0): only what we emit. */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;
const EMPTY = 0x40;

export type Operator =
  | "eqz"
  | "eq"
  | "ne"
  | "lt_s"
  | "lt_u"
  | "gt_s"
  | "gt_u"
  | "le_s"
  | "ge_s"
  | "ge_u"
  | "ctz"
  | "popcnt"
  | "add"
  | "sub"
  | "mul"
  | "div_s"
  | "div_u"
  | "rem_s"
  | "rem_u"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr_s"
  | "shr_u"
  | "drop"
  | "eq64"
  | "ne64"
  | "mul64"
  | "and64"
  | "xor64"
  | "shr64_u"
  | "wrap"
  | "extend_u";

const OPCODES: Readonly<Record<Operator, number>> = {
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  lt_s: 0x48,
  lt_u: 0x49,
  gt_s: 0x4a,
  gt_u: 0x4b,
  le_s: 0x4c,
  ge_s: 0x4e,
  ge_u: 0x4f,
  ctz: 0x68,
  popcnt: 0x69,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  div_s: 0x6d,
  div_u: 0x6e,
  rem_s: 0x6f,
  rem_u: 0x70,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shr_s: 0x75,
  shr_u: 0x76,
  drop: 0x1a,
  eq64: 0x51,
  ne64: 0x52,
  mul64: 0x7e,
  and64: 0x83,
  xor64: 0x85,
  shr64_u: 0x88,
  wrap: 0xa7,
  extend_u: 0xad,
};

const VECTOR = 0xfd;
/** On bytes; `less` takes them without sign. */
export type VectorOperator = "splat" | "equal" | "less" | "subtract" | "and" | "or" | "bitmask";
const VECTOR_OPCODES: Readonly<Record<VectorOperator, number>> = {
  splat: 0x0f,
  equal: 0x23,
  less: 0x26,
  subtract: 0x71,
  and: 0x4e,
  or: 0x50,
  bitmask: 0x64,
};

/** Bytes that grow at the end. */
class Bytes {
  #bytes = new Uint8Array(256);
  length = 0;

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** LEB128. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  signed(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  signed64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  text(value: string): void {
    this.unsigned(value.length);
    for (let i = 0; i < value.length; i++) this.byte(value.charCodeAt(i));
  }

  append(other: Bytes): void {
    this.#reserve(other.length);
    this.#bytes.set(other.view(), this.length);
    this.length += other.length;
  }

  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }
}

/** The body of one function. Every method adds instructions and returns the code, so that calls can be chained. */
export class Code {
  readonly bytes = new Bytes();
  readonly parameters: number;
  /** Types of the locals beyond the parameters. */
  readonly locals: number[] = [];

  constructor(parameters: number) {
    this.parameters = parameters;
  }

  local(type = I32): number {
    return this.parameters + this.locals.push(type) - 1;
  }

  #byte(value: number): this {
    this.bytes.byte(value);
    return this;
  }

  #with(opcode: number, operand: number): this {
    this.bytes.byte(opcode);
    this.bytes.unsigned(operand);
    return this;
  }

  #memory(opcode: number, alignment: number, offset: number): this {
    this.bytes.byte(opcode);
    return this.#with(alignment, offset);
  }

  const(value: number): this {
    this.bytes.byte(0x41);
    this.bytes.signed(value);
    return this;
  }
  const64(value: bigint): this {
    this.bytes.byte(0x42);
    this.bytes.signed64(value);
    return this;
  }
  get(local: number): this {
    return this.#with(0x20, local);
  }
  set(local: number): this {
    return this.#with(0x21, local);
  }
  tee(local: number): this {
    return this.#with(0x22, local);
  }
  /** Address on the stack. */
  load(offset = 0): this {
    return this.#memory(0x28, 2, offset);
  }
  loadByte(offset = 0): this {
    return this.#memory(0x2d, 0, offset);
  }
  /** Two bytes without sign. */
  loadHalf(offset = 0): this {
    return this.#memory(0x2f, 1, offset);
  }
  /** Address and value on the stack. */
  store(offset = 0): this {
    return this.#memory(0x36, 2, offset);
  }
  /** Eight bytes; they need not be aligned. */
  load64(offset = 0): this {
    return this.#memory(0x29, 2, offset);
  }
  store64(offset = 0): this {
    return this.#memory(0x37, 2, offset);
  }
  op(operator: Operator): this {
    return this.#byte(OPCODES[operator]);
  }
  /** Sixteen bytes; they need not be aligned. */
  load128(offset = 0): this {
    this.bytes.byte(VECTOR);
    return this.#memory(0x00, 0, offset);
  }
  /** On sixteen bytes at once (core specification 2.0). */
  vector(operator: VectorOperator): this {
    return this.#with(VECTOR, VECTOR_OPCODES[operator]);
  }
  call(functionIndex: number): this {
    return this.#with(0x10, functionIndex);
  }
  return(): this {
    return this.#byte(0x0f);
  }
  unreachable(): this {
    return this.#byte(0x00);
  }
  br(depth: number): this {
    return this.#with(0x0c, depth);
  }
  brIf(depth: number): this {
    return this.#with(0x0d, depth);
  }
  brTable(targets: readonly number[], otherwise: number): this {
    this.#with(0x0e, targets.length);
    for (const target of targets) this.bytes.unsigned(target);
    this.bytes.unsigned(otherwise);
    return this;
  }
  block(fill: () => void): this {
    this.#byte(0x02).#byte(EMPTY);
    fill();
    return this.#byte(0x0b);
  }
  loop(fill: () => void): this {
    this.#byte(0x03).#byte(EMPTY);
    fill();
    return this.#byte(0x0b);
  }
  if(yes: () => void, no?: () => void, result = false): this {
    this.#byte(0x04).#byte(result ? I32 : EMPTY);
    yes();
    if (no !== undefined) {
      this.#byte(0x05);
      no();
    }
    return this.#byte(0x0b);
  }

  /** Runs the case whose number `push` leaves on the stack; after a case the function returns. */
  switchOn(push: () => void, cases: readonly (() => void)[], otherwise: () => void): this {
    for (let i = 0; i <= cases.length; i++) this.#byte(0x02).#byte(EMPTY);
    push();
    this.brTable(
      cases.map((_, i) => i),
      cases.length,
    );
    for (const body of cases) {
      this.#byte(0x0b);
      body();
      this.return();
    }
    this.#byte(0x0b);
    otherwise();
    return this;
  }
}

export interface WasmFunction {
  readonly code: Code;
  readonly result: boolean;
  readonly exported?: string;
}

function list<T>(items: readonly T[], write: (into: Bytes, item: T) => void): Bytes {
  const into = new Bytes();
  into.unsigned(items.length);
  for (const item of items) write(into, item);
  return into;
}

/** A module with one exported memory `memory` of `pages` pages and these functions. */
export function encodeModule(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const types = new Map<string, number>();
  const shapes: { parameters: number; result: boolean }[] = [];
  const typeOf = functions.map(({ code, result }) => {
    const key = `${code.parameters} ${result}`;
    let index = types.get(key);
    if (index === undefined) {
      index = shapes.length;
      types.set(key, index);
      shapes.push({ parameters: code.parameters, result });
    }
    return index;
  });
  const out = new Bytes();
  for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(byte);
  const section = (id: number, content: Bytes): void => {
    out.byte(id);
    out.unsigned(content.length);
    out.append(content);
  };
  section(
    1,
    list(shapes, (into, { parameters, result }) => {
      into.byte(0x60);
      into.unsigned(parameters);
      for (let i = 0; i < parameters; i++) into.byte(I32);
      into.byte(result ? 1 : 0);
      if (result) into.byte(I32);
    }),
  );
  section(
    3,
    list(typeOf, (into, type) => into.unsigned(type)),
  );
  section(
    5,
    list([pages], (into, count) => {
      into.byte(0);
      into.unsigned(count);
    }),
  );
  const exported = functions.flatMap(({ exported: name }, index) => (name === undefined ? [] : [{ name, index }]));
  section(
    7,
    list([undefined, ...exported], (into, one) => {
      into.text(one?.name ?? "memory");
      into.byte(one === undefined ? 2 : 0);
      into.unsigned(one?.index ?? 0);
    }),
  );
  section(
    10,
    list(functions, (into, { code }) => {
      const body = new Bytes();
      body.unsigned(code.locals.length);
      for (const type of code.locals) {
        body.unsigned(1);
        body.byte(type);
      }
      into.unsigned(body.length + code.bytes.length + 1);
      into.append(body);
      into.append(code.bytes);
      into.byte(0x0b);
    }),
  );
  return out.view();
}
