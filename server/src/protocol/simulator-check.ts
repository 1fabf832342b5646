/**
 * Runtime checks for messages: small typed validators, so that a check that forgets a field of its type does not
 * compile. A validator answers with the first thing that is wrong, or with undefined.
 */

/** Says what is wrong with `value`, found at `at`; undefined if nothing is. `_type` exists for inference only. */
export interface Check<T> {
  (value: unknown, at: string): string | undefined;
  readonly _type?: T;
}

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

const TEXT_LIMIT = 20_000;
const LIST_LIMIT = 100_000;

function shown(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  return typeof value === "object" ? "an object" : String(value);
}

export function text(limit = TEXT_LIMIT): Check<string> {
  return (value, at) => {
    if (typeof value !== "string") return `${at}: expected text, got ${shown(value)}`;
    return value.length > limit ? `${at}: longer than ${limit} characters` : undefined;
  };
}

/** A whole number within bounds (both included). */
export function whole(least = 0, most = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, at) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : `${at}: expected a whole number from ${least} to ${most}, got ${shown(value)}`;
}

export const finite: Check<number> = (value, at) =>
  typeof value === "number" && Number.isFinite(value) ? undefined : `${at}: expected a number, got ${shown(value)}`;

export const truth: Check<boolean> = (value, at) =>
  typeof value === "boolean" ? undefined : `${at}: expected true or false, got ${shown(value)}`;

export function oneOf<T extends string>(...values: readonly T[]): Check<T> {
  return (value, at) =>
    values.includes(value as T) ? undefined : `${at}: expected one of ${values.join(", ")}; got ${shown(value)}`;
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, at) => (value === undefined ? undefined : check(value, at));
}

export function list<T>(of: Check<T>, limit = LIST_LIMIT): Check<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) return `${at}: expected a list, got ${shown(value)}`;
    if (value.length > limit) return `${at}: more than ${limit} items`;
    for (let i = 0; i < value.length; i++) {
      const wrong = of(value[i], `${at}[${i}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

export function either<A, B>(first: Check<A>, second: Check<B>): Check<A | B> {
  return (value, at) => (first(value, at) === undefined ? undefined : second(value, at));
}

/** Fields that the shape does not name are ignored: a newer peer may send more. */
export function fields<T extends object>(shape: { readonly [K in keyof T]-?: Check<T[K]> }): Check<T> {
  const keys = Object.keys(shape) as (keyof T & string)[];
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return `${at}: expected an object, got ${shown(value)}`;
    }
    for (const key of keys) {
      const inside = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      const wrong = shape[key](inside, `${at}.${key}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** A union told apart by its `t` field. */
export function tagged<U extends { readonly t: string }>(
  members: {
    readonly [T in U["t"]]: Check<Omit<Extract<U, { readonly t: T }>, "t">>;
  },
): (value: unknown) => Checked<U> {
  return (value) => {
    if (typeof value !== "object" || value === null) return { ok: false, error: `message: expected an object` };
    const tag = (value as { t?: unknown }).t;
    if (typeof tag !== "string" || !Object.hasOwn(members, tag)) {
      return { ok: false, error: `message: unknown kind ${shown(tag)}` };
    }
    const wrong = members[tag as U["t"]](value, tag);
    return wrong === undefined ? { ok: true, value: value as U } : { ok: false, error: wrong };
  };
}
