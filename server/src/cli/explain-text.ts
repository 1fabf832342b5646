/** A finding told in full: what, when, the way in, the chain with its source, the ends, what to do. */
import type { ChainLink, ContextRoot, Finding } from "../core/report/finding.ts";
import { waysIn } from "../core/report/ways-in.ts";
import { simulationLines } from "./finding-text.ts";
import { rulePageAddress, rulePagePart } from "./rule-page.ts";
import type { SourceLines } from "./source-lines.ts";
import type { Style } from "./style.ts";

export function explainToText(
  finding: Finding,
  ways: readonly ContextRoot[],
  source: SourceLines,
  style: Style,
  treeName: string,
): string {
  const { severity, rule, file, line, column } = finding;
  const lines = [
    `${style.bold(`${file}:${line}:${column}:`)} ${style.severity(severity, `${severity}:`)} ${finding.message} ${style.dim(`[${rule}]`)}`,
    `    ${source(file, line)}`,
    "",
    `Method:      ${finding.operation}${finding.table === "" ? "" : ` of ${finding.table}`} (${finding.filesystem})`,
    `Severity:    ${severity}${severity === finding.staticSeverity ? "" : ` (${finding.staticSeverity} before the simulation)`}`,
    `Confidence:  ${finding.confidence}${finding.confidenceReason === undefined ? "" : `: ${finding.confidenceReason}`}`,
    `Contexts:    ${finding.contexts.join(", ") || "none of this tree"}`,
    `Conditions:  ${finding.conditions.length === 0 ? "none" : finding.conditions[0]}`,
    ...finding.conditions.slice(1).map((condition) => `             and ${condition}`),
    "",
    style.bold("How the method is reached"),
    ...wayLines(finding, ways, source, style),
    "",
    style.bold("From the method to the effect"),
    ...linkLines(finding.chain, source, style),
    "",
    style.bold(finding.ends.length === 1 ? "Effect" : `Effects (${finding.ends.length})`),
    ...finding.ends.flatMap((end) => [
      `  ${end.file}:${end.line}: ${end.what}, in ${end.function}()`,
      style.dim(`      ${source(end.file, end.line)}`),
    ]),
    ...pagePart(finding, "Why", "Why it matters", style),
    ...pagePart(finding, "How to fix", "What to do", style),
    "",
    ...simulationLines(finding, treeName),
    `id ${finding.id}  ${rulePageAddress(rule)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The shortest way for each context of the finding. */
function wayLines(finding: Finding, ways: readonly ContextRoot[], source: SourceLines, style: Style): string[] {
  if (finding.contexts.includes("assumed")) {
    return ["  The tree has no reclaim of its own (no mm/): that reclaim evicts its inodes is assumed."];
  }
  const shortest = waysIn(finding, ways);
  if (shortest.size === 0) return ["  No way in was found in this tree."];
  const lines: string[] = [];
  for (const context of finding.contexts) {
    const way = shortest.get(context);
    if (way === undefined) continue;
    lines.push(`  ${style.bold(context)}: ${way.chain.map((link) => link.function).join(" -> ")}`);
    // The first way in full; the others share most of it.
    if (lines.length === 1) lines.push(...linkLines(way.chain, source, style).map((text) => `  ${text}`));
  }
  return lines;
}

function linkLines(chain: readonly ChainLink[], source: SourceLines, style: Style): string[] {
  return chain.flatMap((link) => [
    `  ${link.file}:${link.line}: ${link.function}()${link.via === undefined ? "" : ` via ${link.via}`}`,
    style.dim(`      ${source(link.file, link.line)}`),
  ]);
}

function pagePart(finding: Finding, title: string, heading: string, style: Style): string[] {
  const text = rulePagePart(finding.rule, title);
  return text === null ? [] : ["", style.bold(heading), ...text.split("\n").map((line) => `  ${line}`.trimEnd())];
}
