/**
 * Checks a finding's chain against the source: in every link the named line lies in the named function and holds the
 * call of the next link's function, or the pointer named in `via`.
 */
import type { ChainLink, Finding } from "../../server/src/core/report/finding.ts";

export type SourceReader = (path: string) => string | null | undefined;

/** Lines over which a statement that begins on the named line may run. */
const MAX_STATEMENT_LINES = 12;

/**
 * @param finding its chain is checked link by link
 * @param read gives the text of a file of the tree
 * @returns one line for each edge that does not stand in the source; empty when all do
 */
export function chainProblems(finding: Pick<Finding, "id" | "rule" | "chain" | "ends">, read: SourceReader): string[] {
  const problems: string[] = [];
  const say = (link: ChainLink, text: string): void => {
    problems.push(`${finding.id} ${finding.rule}: ${link.file}:${link.line} ${link.function}: ${text}`);
  };
  if (finding.chain.length === 0) problems.push(`${finding.id} ${finding.rule}: the chain is empty`);

  for (const [index, link] of finding.chain.entries()) checkLink(link, finding.chain[index + 1], read, say);
  return problems;
}

function checkLink(
  link: ChainLink,
  next: ChainLink | undefined,
  read: SourceReader,
  say: (link: ChainLink, text: string) => void,
): void {
  const source = read(link.file);
  if (source === null || source === undefined) {
    say(link, "there is no such file");
    return;
  }
  const lines = blankComments(source).split("\n");
  const statement = statementAt(lines, link.line);
  if (statement === "") {
    say(link, "there is no such line");
    return;
  }
  if (!liesIn(lines, link.line, link.function) && !isMadeBy(statement, link.function))
    say(link, "the line is not in that function");
  if (next === undefined) return;
  if (link.via !== undefined) {
    if (!squeeze(statement).includes(squeeze(link.via))) say(link, `no "${link.via}" in: ${statement.trim()}`);
  } else if (!new RegExp(`\\b${next.function}\\s*\\(`).test(statement)) {
    say(link, `no call of ${next.function}() in: ${statement.trim()}`);
  }
}

/** What a comment says is no call. */
function blankComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
}

/** The text from a line (1-based) to the end of the statement that begins there; a macro's line goes on behind a `\`. */
function statementAt(lines: readonly string[], line: number): string {
  const parts: string[] = [];
  for (let index = line - 1; index >= 0 && index < lines.length && parts.length < MAX_STATEMENT_LINES; index++) {
    const text = lines[index] ?? "";
    parts.push(text);
    if (/[;{}]\s*(\/\*.*\*\/|\/\/.*)?$/.test(text.trimEnd())) break;
  }
  return parts.join("\n");
}

/** White space is no part of an expression; the way a pointer is written is. */
function squeeze(text: string): string {
  return text.replace(/\s+/g, "");
}

/** `BUFFER_FNS(Dirty, dirty)` makes set_buffer_dirty(): an argument of a call in the first column is a part of the name. */
function isMadeBy(statement: string, name: string): boolean {
  const call = /^\w+\(([^)]*)\)?/.exec(statement);
  return call !== null && (call[1] ?? "").split(",").some((each) => each.trim() !== "" && name.includes(each.trim()));
}

/** Whether a line belongs to a function or macro: going up to the end of what is before it, its name is met. */
function liesIn(lines: readonly string[], line: number, name: string): boolean {
  // A definition's name stands in a line that begins in the first column; a mere call is indented.
  const header = new RegExp(`^[^\\s/*}](.*[^\\w])?${name}\\b|^${name}\\b`);
  for (let index = line - 1; index >= 0; index--) {
    const text = lines[index] ?? "";
    if (header.test(text)) return true;
    // Kernel style closes a definition in the first column.
    if (index < line - 1 && /^\}/.test(text)) return false;
  }
  return false;
}
