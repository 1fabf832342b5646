/** Where lowering stands in the code: the functions it is inside of, what is known of their variables, the locks held. */
import type { MicroFunction } from "./micro-op.ts";
import { keyOf, readsShared, type Value } from "./values.ts";

export type Env = ReadonlyMap<string, Value>;

export interface Frame {
  readonly function: MicroFunction;
  /** Index of the operation that comes next. */
  readonly ip: number;
  readonly env: Env;
  /** The caller's variable that takes the value; null: nobody wants it. */
  readonly into: string | null;
  /** Tells one inlined copy from another. */
  readonly id: string;
}

export interface HeldLock {
  /** As the model language names it: `i_lock[inode]`. */
  readonly text: string;
  readonly spin: boolean;
  /** The variable by which it is held. */
  readonly v: string | null;
}

/** Innermost frame last; no frame: the function has returned. */
export interface Config {
  readonly frames: readonly Frame[];
  readonly locks: readonly HeldLock[];
  readonly rcu: number;
  /** Locks held that the model does not have. */
  readonly others?: number;
  /** The frame whose wait-queue entry may be on a queue. */
  readonly waits?: string;
}

export function topOf(config: Config): Frame {
  return config.frames[config.frames.length - 1] as Frame;
}

export function withTop(config: Config, change: Partial<Frame>): Config {
  const frames = config.frames.slice(0, -1);
  return { ...config, frames: [...frames, { ...topOf(config), ...change }] };
}

/** Goes on at `ip`, with a variable set. */
export function goOn(config: Config, ip: number, name: string | null = null, value: Value | null = null): Config {
  const top = topOf(config);
  if (name === null || value === null) return withTop(config, { ip });
  const env = new Map(top.env);
  env.set(name, value);
  return withTop(config, { ip, env });
}

/** Calls `visit` for each variable whose value may still be read. The value of a running call is not there yet. */
export function forEachLive(config: Config, visit: (frame: number, name: string, value: Value) => void): void {
  config.frames.forEach((frame, index) => {
    const live = frame.function.live[frame.ip];
    const inner = config.frames[index + 1];
    for (const [name, value] of frame.env) {
      // Progress inside one operation (`%!..`) is needed until it is over.
      if (live?.has(name) !== true && !name.startsWith("%!")) continue;
      if (inner !== undefined && inner.into === name) continue;
      visit(index, name, value);
    }
  });
}

/** Forgets a variable: progress inside an operation that is over. */
export function withoutVariable(config: Config, name: string): Config {
  const frames = config.frames.map((frame) => {
    if (!frame.env.has(name)) return frame;
    const env = new Map(frame.env);
    env.delete(name);
    return { ...frame, env };
  });
  return { ...config, frames };
}

/** Changes the values of all frames' variables. */
export function mapValues(config: Config, change: (value: Value) => Value): Config {
  const frames = config.frames.map((frame) => {
    let env: Map<string, Value> | null = null;
    for (const [name, value] of frame.env) {
      const next = change(value);
      if (next === value) continue;
      env ??= new Map(frame.env);
      env.set(name, next);
    }
    return env === null ? frame : { ...frame, env };
  });
  return { ...config, frames };
}

/** Equal keys: the same code follows. */
export function keyOfConfig(config: Config): string {
  const parts: string[] = [];
  const values = new Map<number, string[]>();
  forEachLive(config, (frame, name, value) => {
    const list = values.get(frame) ?? [];
    list.push(`${name}:${keyOf(value)}`);
    values.set(frame, list);
  });
  config.frames.forEach((frame, index) => {
    parts.push(`${frame.id}@${frame.ip}(${(values.get(index) ?? []).sort().join(";")})`);
  });
  const locks = config.locks.map((lock) => lock.text).sort();
  return `${parts.join("|")}#${locks.join(",")}#${config.rcu}#${config.others ?? 0}#${config.waits ?? ""}`;
}

/** Whether a value is an expression that has yet to be read from memory that other threads write. */
export function isPending(value: Value): boolean {
  if (value.k === "expression") return readsShared(value.text);
  if (value.k === "flags")
    for (const bit of value.bits.values()) if (typeof bit === "string" && readsShared(bit)) return true;
  return false;
}

/** What is known once a test has gone one way: the same expression elsewhere has the same value. */
export function refine(config: Config, text: string, holds: boolean): Config {
  const nullTest = /^(\w+) (==|!=) none$/.exec(text);
  if (nullTest !== null) {
    const isNone = (nullTest[2] === "==") === holds;
    return mapValues(config, (value) => {
      if (value.k !== "slot" || value.v !== nullTest[1]) return value;
      return isNone ? { k: "number", value: 0 } : value.sure ? value : { ...value, sure: true };
    });
  }
  const plain = text.startsWith("!") ? text.slice(1) : text;
  const plainHolds = text.startsWith("!") ? !holds : holds;
  const bitOf = (bit: string): 0 | 1 | null => {
    if (bit === plain) return plainHolds ? 1 : 0;
    if (bit === `!${plain}`) return plainHolds ? 0 : 1;
    return null;
  };
  return mapValues(config, (value) => {
    if (value.k === "expression" && value.max === 1) {
      const known = bitOf(value.text);
      return known === null ? value : { k: "number", value: known };
    }
    if (value.k !== "flags") return value;
    let bits: Map<string, 0 | 1 | string> | null = null;
    for (const [name, bit] of value.bits) {
      const known = typeof bit === "string" ? bitOf(bit) : null;
      if (known === null) continue;
      bits ??= new Map(value.bits);
      bits.set(name, known);
    }
    return bits === null ? value : { ...value, bits };
  });
}
