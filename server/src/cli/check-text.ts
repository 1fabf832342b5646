/** `check` as text: findings grouped by filesystem, then what was read, what was not, and what to do next. */
import { type Finding, type Review, RULE_IDS, type RuleId, type Severity } from "../core/report/finding.ts";
import { oneLine } from "../core/text/one-line.ts";
import { findingLines } from "./finding-text.ts";
import { commandName, type Style, shellWord } from "./style.ts";

export interface CheckTextOptions {
  readonly style: Style;
  /** The tree as the user can give it to the next command. */
  readonly treeName: string;
  /** Why not everything was looked at: a lone folder, a restriction. */
  readonly notices: readonly string[];
}

const SEVERITIES: readonly Severity[] = ["error", "warning", "hint"];
const PROBLEMS_SHOWN = 20;

export function checkToText(review: Review, options: CheckTextOptions): string {
  const { style } = options;
  const lines: string[] = [];
  for (const [filesystem, findings] of groupByFilesystem(review.findings)) {
    // A lone folder has no name in a tree.
    const heading = filesystem === "." ? options.treeName : filesystem;
    lines.push(`${style.bold(heading)}  ${countText(findings)}`, "");
    for (const finding of findings) lines.push(...findingLines(finding, style), "");
  }
  lines.push(...summaryLines(review, options));
  return `${lines.join("\n")}\n`;
}

function groupByFilesystem(findings: readonly Finding[]): [string, Finding[]][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.filesystem);
    if (group === undefined) groups.set(finding.filesystem, [finding]);
    else group.push(finding);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function countText(findings: readonly Finding[]): string {
  const parts = SEVERITIES.map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? "" : `${count} ${severity}${count === 1 ? "" : "s"}`;
  });
  return parts.filter((part) => part !== "").join(", ");
}

function summaryLines(review: Review, options: CheckTextOptions): string[] {
  const { findings, stats, tree } = review;
  const { style } = options;
  const version = tree.kernelVersion === "" ? "" : ` (Linux ${tree.kernelVersion})`;
  const lines = [style.bold(`Summary of ${options.treeName}${version}`), ""];
  if (findings.length === 0) lines.push("No findings.");
  else lines.push(...ruleTable(findings));
  lines.push("");
  const tables = new Set(review.implementations.map(({ table }) => `${table.file} ${table.name}`)).size;
  lines.push(
    `Read: ${number(stats.files)} files (${megabytes(stats.bytes)} MB), ${number(tables)} super_operations tables with ` +
      `${number(review.implementations.length)} eviction methods; ${number(stats.functionsParsed)} of ${number(stats.functions)} functions parsed; ` +
      `${(stats.elapsedMs / 1000).toFixed(1)} s, ${megabytes(stats.peakRssBytes)} MB.`,
  );
  const unread = unreadLines(review, options.notices);
  if (unread.length > 0) lines.push("Not seen or not sure:", ...unread.map((line) => `  ${line}`));
  lines.push(...nextLines(review, options.treeName));
  return lines;
}

function ruleTable(findings: readonly Finding[]): string[] {
  const rules = RULE_IDS.filter((rule) => findings.some((finding) => finding.rule === rule));
  const count = (rule: RuleId | null, severity: Severity): string => {
    const n = findings.filter((each) => (rule === null || each.rule === rule) && each.severity === severity).length;
    return (n === 0 ? "-" : String(n)).padStart(8);
  };
  const row = (name: string, rule: RuleId | null): string =>
    `  ${name.padEnd(24)}${SEVERITIES.map((severity) => count(rule, severity)).join("")}`;
  return [
    `  ${"rule".padEnd(24)}${SEVERITIES.map((severity) => severity.padStart(8)).join("")}`,
    ...rules.map((rule) => row(rule, rule)),
    row("all", null),
  ];
}

function unreadLines(review: Review, notices: readonly string[]): string[] {
  const { stats, unresolvedCalls, problems, findings, implementations } = review;
  const lines = [...notices];
  if (stats.suppressed > 0) {
    lines.push(`${stats.suppressed} ${plural(stats.suppressed, "finding")} suppressed by a comment in the source`);
  }
  if (findings.some((finding) => finding.contexts.includes("assumed"))) {
    lines.push("the tree has no reclaim of its own (mm/): reclaim is assumed for every method");
  }
  if (stats.functionsWithParseErrors > 0) {
    lines.push(
      `${number(stats.functionsWithParseErrors)} parsed ${plural(stats.functionsWithParseErrors, "function")} with syntax errors: something in them may be missed`,
    );
  }
  const undefinedNames = implementations.filter((each) => !each.defined);
  if (undefinedNames.length > 0) {
    lines.push(`no definition in the tree: ${listShort(undefinedNames.map((each) => `${each.function}()`))}`);
  }
  if (unresolvedCalls.length > 0) {
    const perFilesystem = new Map<string, number>();
    for (const { filesystem } of unresolvedCalls)
      perFilesystem.set(filesystem, (perFilesystem.get(filesystem) ?? 0) + 1);
    const counts = [...perFilesystem].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`);
    lines.push(
      `${number(unresolvedCalls.length)} ${plural(unresolvedCalls.length, "call")} through pointers not resolved (--format json lists them): ${listShort(counts)}`,
    );
  }
  for (const { file, message } of problems.slice(0, PROBLEMS_SHOWN)) lines.push(oneLine(`${file}: ${message}`));
  if (problems.length > PROBLEMS_SHOWN)
    lines.push(`and ${problems.length - PROBLEMS_SHOWN} more problems (--format json)`);
  return lines;
}

function nextLines(review: Review, treeName: string): string[] {
  const [first] = [...review.findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  if (first === undefined) return [];
  const tree = shellWord(treeName);
  const steps: [string, string][] = [
    [`${commandName()} explain ${first.id} ${tree}`, "the chain with its source lines, the way in, how to fix it"],
    [`${commandName()} simulate ${first.id} ${tree}`, "the model that replays it"],
    [`/* evictscope: allow(${first.rule}): reason */`, "on its line or the line above suppresses one finding"],
  ];
  const width = Math.max(...steps.map(([command]) => command.length));
  return ["Next:", ...steps.map(([command, effect]) => `  ${command.padEnd(width)}  ${effect}`)];
}

function listShort(names: readonly string[]): string {
  const shown = names.slice(0, 6);
  return shown.join(", ") + (names.length > shown.length ? `, and ${names.length - shown.length} more` : "");
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
