/** The survey as CSV and as a Markdown table: what the page shows, in its order. No DOM. */
import type { SurveyRow, SurveyView } from "../../../server/src/protocol/views.ts";

/** RFC 4180, with CRLF; a cell that a spreadsheet would take for a formula gets an apostrophe. */
export function surveyToCsv(view: SurveyView, rows: readonly SurveyRow[]): string {
  const head = ["Filesystem", "Table", "File", "Line", ...view.columns.map(({ title }) => title)];
  const lines = rows.map((row) => [
    row.filesystem,
    row.table,
    row.file,
    String(row.line),
    ...row.cells.map(({ text }) => text),
  ]);
  return `${[head, ...lines].map((line) => line.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Aligned, so that it is readable as plain text, too: in a mail or a commit message. */
export function surveyToMarkdown(view: SurveyView, rows: readonly SurveyRow[]): string {
  const head = ["Filesystem", ...view.columns.map(({ title }) => title)];
  const lines = rows.map((row) => [row.filesystem, ...row.cells.map(({ text }) => (text === "no" ? "-" : text))]);
  const table = [head, ...lines].map((line) => line.map(markdownCell));
  const widths = head.map((_, column) => Math.max(3, ...table.map((line) => line[column]?.length ?? 0)));
  const draw = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const version = view.kernelVersion === "" ? "" : ` (Linux ${view.kernelVersion})`;
  return [
    `Inode eviction in ${view.name}${version}, by Evictscope`,
    "",
    draw(table[0] ?? []),
    `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`,
    ...table.slice(1).map(draw),
    "",
  ].join("\n");
}

function markdownCell(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replace(/\s+/g, " ");
}
