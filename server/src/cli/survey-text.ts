/** The survey as a matrix: filesystems down, eviction methods across, a place in each cell. */

import { oneLine } from "../core/text/one-line.ts";
import {
  SURVEY_PROPERTIES,
  type Survey,
  type SurveyedFilesystem,
  type SurveyedMethod,
} from "../index/survey-report.ts";
import type { Style } from "./style.ts";

const GAP = "  ";

export function surveyToText(survey: Survey, style: Style, treeName: string): string {
  const { counts, unhashSites, stats, tree, problems } = survey;
  const operations = counts.operations.map(({ operation }) => operation);
  const shown = survey.filesystems.filter(({ methods }) => methods.length > 0);
  const version = tree.kernelVersion === "" ? "" : ` (Linux ${tree.kernelVersion})`;
  const header = ["filesystem", "table", ...operations, "evict_inode itself"];
  const rows = shown.map((filesystem) => [
    filesystem.filesystem,
    place(filesystem, filesystem.table.file, filesystem.table.line),
    ...operations.map((operation) => cell(filesystem, methodOf(filesystem, operation))),
    letters(methodOf(filesystem, "evict_inode")),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, i) => text.padEnd(widths[i]!))
      .join(GAP)
      .trimEnd();
  const lines = [
    style.bold(`Survey of ${treeName}${version}`),
    "",
    style.bold(line(header)),
    ...rows.map(line),
    "",
    "Places are file:line of the table and of each definition, in the filesystem's folder where it has one.",
    `evict_inode itself (not what it calls): ${SURVEY_PROPERTIES.map(({ letter, meaning }) => `${letter} ${meaning}`).join(", ")}.`,
    "",
    style.bold("Unhash sites"),
    ...unhashSites.map((site) => `  ${site.file}:${site.line}: ${site.call}() in ${site.function}()`),
    "",
    style.bold("Counts"),
    ...counts.operations.map(
      ({ operation, tables, functions, definedElsewhere }) =>
        `  ${operation.padEnd(18)}${String(tables).padStart(4)} tables, ${String(functions).padStart(3)} functions; ${definedElsewhere} tables name one that is defined in another file`,
    ),
    `  ${counts.tables - shown.length} of ${counts.tables} super_operations tables have none of these`,
    "",
    `Searched ${stats.files.toLocaleString("en")} C files (${(stats.bytes / 1e6).toFixed(1)} MB), looked closely at ${stats.filesScanned}; ` +
      `${(stats.elapsedMs / 1000).toFixed(2)} s, ${(stats.peakRssBytes / 1e6).toFixed(0)} MB.`,
    ...problems.map(({ file, message }) => oneLine(`  ${file}: ${message}`)),
  ];
  return `${lines.join("\n")}\n`;
}

function methodOf({ methods }: SurveyedFilesystem, operation: string): SurveyedMethod | undefined {
  return methods.find((method) => method.operation === operation);
}

function cell(filesystem: SurveyedFilesystem, method: SurveyedMethod | undefined): string {
  if (method === undefined) return "-";
  return method.defined ? place(filesystem, method.file, method.line) : `${method.function}()?`;
}

/** Short where the file lies in the filesystem's own folder. */
function place({ filesystem }: SurveyedFilesystem, file: string, line: number): string {
  if (file === filesystem) return `:${line}`;
  return `${file.startsWith(`${filesystem}/`) ? file.slice(filesystem.length + 1) : file}:${line}`;
}

function letters(method: SurveyedMethod | undefined): string {
  if (method === undefined) return "-";
  if (!method.defined) return "?";
  return SURVEY_PROPERTIES.map(({ id, letter }) => (method.properties.includes(id) ? letter : ".")).join("");
}
