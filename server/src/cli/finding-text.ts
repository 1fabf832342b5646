/** One finding as a person reads it in a terminal: the point first, then how one gets there, then what to look at. */
import type { ChainLink, Finding } from "../core/report/finding.ts";
import { rulePageAddress } from "./rule-page.ts";
import { commandName, type Style, shellWord } from "./style.ts";

/** Ends listed in the report; explain lists them all. */
const ENDS_SHOWN = 3;

export function findingLines(finding: Finding, style: Style): string[] {
  const { file, line, column, severity, message, rule, operation } = finding;
  const lines = [
    `${style.bold(`${file}:${line}:${column}:`)} ${style.severity(severity, `${severity}:`)} ${message} ${style.dim(`[${rule}]`)}`,
  ];
  const table = finding.table === "" ? "" : ` of ${finding.table}`;
  lines.push(`    ${operation}${table}, in ${finding.contexts.join(", ") || "no context of this tree"}`);
  if (finding.conditions.length > 0) lines.push(`    only if ${finding.conditions.join(" and ")}`);
  if (finding.confidenceReason !== undefined) {
    lines.push(`    confidence ${finding.confidence}: ${finding.confidenceReason}`);
  }
  lines.push(...chainLines(finding.chain).map((text) => `      ${text}`));
  const [shown, rest] = [finding.ends.slice(0, ENDS_SHOWN), finding.ends.length - ENDS_SHOWN];
  const last = finding.chain[finding.chain.length - 1];
  for (const end of shown) {
    const isLast = last !== undefined && last.file === end.file && last.line === end.line;
    const place = isLast ? "" : `  ${style.dim(`${end.file}:${end.line} in ${end.function}()`)}`;
    lines.push(`      => ${end.what}${place}`);
  }
  if (rest > 0) lines.push(style.dim(`      => and ${rest} more (${commandName()} explain ${finding.id})`));
  lines.push(...simulationLines(finding).map((text) => `    ${text}`));
  lines.push(style.dim(`    id ${finding.id}  ${rulePageAddress(rule)}`));
  return lines;
}

/** Each link indented under its caller; `via` names the pointer of an indirect call. */
export function chainLines(chain: readonly ChainLink[]): string[] {
  const place = (link: ChainLink): string => `${link.file}:${link.line}`;
  const deepest = Math.min(chain.length, 16);
  const names = chain.map((link, depth) => `${"  ".repeat(Math.min(depth, deepest))}${link.function}()`);
  const width = Math.max(0, ...names.map((name) => name.length));
  return chain.map((link, depth) => {
    const via = link.via === undefined ? "" : `  via ${link.via}`;
    return `${names[depth]!.padEnd(width)}  ${place(link)}${via}`;
  });
}

/** What the simulator says of the finding, or how to ask it. */
export function simulationLines({ id, simulation, severity, staticSeverity }: Finding, treeName = "TREE"): string[] {
  const { verdict, invariant, states, traceString, assumptions } = simulation;
  if (verdict === "not-run") {
    const [reason] = assumptions;
    return reason === undefined
      ? [`simulate: ${commandName()} simulate ${id} ${shellWord(treeName)}`]
      : [`not simulated: ${reason}`];
  }
  const count = states === undefined ? "" : ` in ${states.toLocaleString("en")} states`;
  const result =
    verdict === "violated"
      ? `confirmed, ${invariant} is violated${count}`
      : verdict === "holds"
        ? `holds${count}`
        : `bounded${count}`;
  const lowered = severity === staticSeverity ? "" : `: lowered from ${staticSeverity} to ${severity}`;
  const lines = [`simulated: ${result}${lowered}`];
  for (const assumption of assumptions) lines.push(`  assuming that ${assumption}`);
  if (traceString !== undefined)
    lines.push(`replay: ${commandName()} simulate ${id} ${shellWord(treeName)} --trace '${traceString}'`);
  return lines;
}
