/** Bytes of a WebAssembly module (core specification 1.0): only what the explorer emits. */

export const I32 = 0x7f;
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
  | "shr_u";

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
};

export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (true) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** The body of one function. Every method adds instructions and returns the code, so that calls can be chained. */
export class Code {
  readonly bytes: number[] = [];
  readonly parameters: number;
  /** Locals beyond the parameters. */
  locals = 0;

  constructor(parameters: number) {
    this.parameters = parameters;
  }

  local(): number {
    return this.parameters + this.locals++;
  }

  #emit(...bytes: readonly number[]): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }

  const(value: number): this {
    return this.#emit(0x41, ...signed(value));
  }
  get(local: number): this {
    return this.#emit(0x20, ...unsigned(local));
  }
  set(local: number): this {
    return this.#emit(0x21, ...unsigned(local));
  }
  tee(local: number): this {
    return this.#emit(0x22, ...unsigned(local));
  }
  /** Address on the stack. */
  load(offset = 0): this {
    return this.#emit(0x28, 2, ...unsigned(offset));
  }
  loadByte(offset = 0): this {
    return this.#emit(0x2d, 0, ...unsigned(offset));
  }
  /** Address and value on the stack. */
  store(offset = 0): this {
    return this.#emit(0x36, 2, ...unsigned(offset));
  }
  op(operator: Operator): this {
    return this.#emit(OPCODES[operator]);
  }
  call(functionIndex: number): this {
    return this.#emit(0x10, ...unsigned(functionIndex));
  }
  return(): this {
    return this.#emit(0x0f);
  }
  unreachable(): this {
    return this.#emit(0x00);
  }
  br(depth: number): this {
    return this.#emit(0x0c, ...unsigned(depth));
  }
  brIf(depth: number): this {
    return this.#emit(0x0d, ...unsigned(depth));
  }
  brTable(targets: readonly number[], otherwise: number): this {
    this.#emit(0x0e, ...unsigned(targets.length));
    for (const target of targets) this.#emit(...unsigned(target));
    return this.#emit(...unsigned(otherwise));
  }
  block(fill: () => void): this {
    this.#emit(0x02, EMPTY);
    fill();
    return this.#emit(0x0b);
  }
  loop(fill: () => void): this {
    this.#emit(0x03, EMPTY);
    fill();
    return this.#emit(0x0b);
  }
  if(yes: () => void, no?: () => void, result = false): this {
    this.#emit(0x04, result ? I32 : EMPTY);
    yes();
    if (no !== undefined) {
      this.#emit(0x05);
      no();
    }
    return this.#emit(0x0b);
  }

  /** Runs the case whose number `push` leaves on the stack; after a case the function returns. */
  switchOn(push: () => void, cases: readonly (() => void)[], otherwise: () => void): this {
    for (let i = 0; i <= cases.length; i++) this.#emit(0x02, EMPTY);
    push();
    this.brTable(
      cases.map((_, i) => i),
      cases.length,
    );
    for (const body of cases) {
      this.#emit(0x0b);
      body();
      this.return();
    }
    this.#emit(0x0b);
    otherwise();
    return this;
  }
}

export interface WasmFunction {
  readonly code: Code;
  readonly result: boolean;
  readonly exported?: string;
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): number[] {
  return [...unsigned(value.length), ...[...value].map((c) => c.charCodeAt(0))];
}

/** A module with one exported memory `memory` of `pages` pages and these functions. */
export function encodeModule(functions: readonly WasmFunction[], pages: number): Uint8Array {
  const types = new Map<string, number>();
  const typeBytes: number[][] = [];
  const typeOf = functions.map(({ code, result }) => {
    const key = `${code.parameters} ${result}`;
    let index = types.get(key);
    if (index === undefined) {
      index = typeBytes.length;
      types.set(key, index);
      const parameters = new Array<number>(code.parameters).fill(I32);
      typeBytes.push([0x60, ...unsigned(parameters.length), ...parameters, ...(result ? [1, I32] : [0])]);
    }
    return index;
  });
  const exports = [[...text("memory"), 2, 0]];
  for (const [index, one] of functions.entries()) {
    if (one.exported !== undefined) exports.push([...text(one.exported), 0, ...unsigned(index)]);
  }
  const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const add = (bytes: readonly number[]): void => {
    for (const byte of bytes) out.push(byte);
  };
  add(section(1, [...unsigned(typeBytes.length), ...typeBytes.flat()]));
  add(section(3, [...unsigned(functions.length), ...typeOf.flatMap(unsigned)]));
  add(section(5, [1, 0, ...unsigned(pages)]));
  add(section(7, [...unsigned(exports.length), ...exports.flat()]));
  const bodies: number[] = [...unsigned(functions.length)];
  for (const { code } of functions) {
    const locals = code.locals === 0 ? [0] : [1, ...unsigned(code.locals), I32];
    for (const byte of unsigned(locals.length + code.bytes.length + 1)) bodies.push(byte);
    for (const byte of locals) bodies.push(byte);
    for (const byte of code.bytes) bodies.push(byte);
    bodies.push(0x0b);
  }
  add([10, ...unsigned(bodies.length)]);
  add(bodies);
  return Uint8Array.from(out);
}
