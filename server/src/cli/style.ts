/** Colours for terminals; plain text for pipes, files, NO_COLOR and TERM=dumb. */
import type { Severity } from "../core/report/finding.ts";

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly severity: (severity: Severity, text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Style = { bold: same, dim: same, severity: (_, text) => text };

const sgr =
  (code: string) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
const SEVERITY: Readonly<Record<Severity, (text: string) => string>> = {
  error: sgr("1;31"),
  warning: sgr("1;33"),
  hint: sgr("36"),
};
const COLOURED: Style = { bold: sgr("1"), dim: sgr("2"), severity: (severity, text) => SEVERITY[severity](text) };

/** The style for what goes to standard output, unless it goes to a file. See https://no-color.org. */
export function styleFor(toFile: boolean): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (toFile || (NO_COLOR !== undefined && NO_COLOR !== "")) return PLAIN;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0") return COLOURED;
  return process.stdout.isTTY && TERM !== "dumb" ? COLOURED : PLAIN;
}

/** Columns of the terminal, or 100 where there is none. */
export function outputWidth(): number {
  return process.stdout.isTTY ? Math.max(60, process.stdout.columns) : 100;
}

/** A path as a shell takes it for one word. */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** How the user calls this program: by `npx` from a check-out of the repository, else by name. */
export function commandName(): string {
  return process.env.npm_command === undefined ? "evictscope" : "npx evictscope";
}
