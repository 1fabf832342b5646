/** Line numbers in what was found, kept right while text above a function comes and goes. */
import type { LineMove } from "../callgraph/file-change.ts";

/**
 * `value` with every line of `file` where it stands now: in each object that names the file, its `line` and `endLine`.
 * What does not change is the same object as before; `value` is plain data.
 */
export function shiftLines<T>(value: T, file: string, moves: readonly LineMove[]): T {
  return shift(value, file, moves) as T;
}

function shift(value: unknown, file: string, moves: readonly LineMove[]): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | null = null;
    for (let i = 0; i < value.length; i++) {
      const now = shift(value[i], file, moves);
      if (now === value[i]) continue;
      copy ??= [...value];
      copy[i] = now;
    }
    return copy ?? value;
  }
  if (typeof value !== "object" || value === null) return value;
  const here = value as Record<string, unknown>;
  let copy: Record<string, unknown> | null = null;
  for (const key in here) {
    const old = here[key];
    const isLine = typeof old === "number" && (key === "line" || key === "endLine") && here.file === file;
    const now = isLine ? lineNow(old, moves) : shift(old, file, moves);
    if (now === old) continue;
    copy ??= { ...here };
    copy[key] = now;
  }
  return copy ?? value;
}

/** Functions do not overlap: at most one move holds a line. */
function lineNow(line: number, moves: readonly LineMove[]): number {
  for (const { from, to, by } of moves) if (line >= from && line <= to) return line + by;
  return line;
}
