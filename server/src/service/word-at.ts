/** The C identifier that a position is on. */

export interface Word {
  readonly text: string;
  /** Columns in the line, end exclusive. */
  readonly start: number;
  readonly end: number;
}

const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/g;
/** Nobody hovers over generated lines of megabytes; the rest of such a line is not searched. */
const LINE_LIMIT = 20_000;

/** `line` is the line's text, `column` 0-based. Null when there is no identifier. */
export function wordAt(line: string, column: number): Word | null {
  for (const match of line.slice(0, LINE_LIMIT).matchAll(IDENTIFIER)) {
    const end = match.index + match[0].length;
    if (match.index > column) return null;
    if (column <= end) return { text: match[0], start: match.index, end };
  }
  return null;
}
