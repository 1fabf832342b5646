/** A finding in Markdown: short first, details below. For hovers. */
import type { Finding } from "../core/report/finding.ts";
import { describeVerdict } from "./describe-verdict.ts";
import { uriOf } from "./tree-location.ts";

const LINKS_SHOWN = 12;

export interface DescriptionOptions {
  readonly root: string;
  readonly rulePages: string;
  /** The editor shows the diagnostic beside it: message and chain need not be said twice. */
  readonly beside: boolean;
}

export function describeFinding(finding: Finding, { root, rulePages, beside }: DescriptionOptions): string {
  const heading = `**[${finding.rule}](${rulePages}${finding.rule}.md)**`;
  const lines = [beside ? heading : `${heading} (${finding.severity}): ${finding.message}`];
  const facts = [`${finding.filesystem}, \`${finding.table}\`.${finding.operation}`];
  if (finding.contexts.length > 0) facts.push(`in ${finding.contexts.join(", ")}`);
  lines.push(facts.join(", "));
  if (finding.conditions.length > 0) {
    lines.push(`When ${finding.conditions.map((condition) => `\`${condition}\``).join(" and ")}`);
  }
  if (!beside && finding.chain.length > 0) lines.push(describeChain(finding, root));
  if (finding.confidence !== "high") {
    lines.push(`Confidence: ${finding.confidence}${finding.confidenceReason ? ` (${finding.confidenceReason})` : ""}`);
  }
  lines.push(describeSimulation(finding));
  return lines.join("\n\n");
}

/** The chain as a numbered list, each link to its line. */
function describeChain(finding: Finding, root: string): string {
  const { chain } = finding;
  const lines = chain.slice(0, LINKS_SHOWN).map((link, i) => {
    const where = `[${link.file}:${link.line}](${uriOf(root, link.file)}#L${link.line})`;
    const what = i === chain.length - 1 && finding.ends[0] !== undefined ? `: ${finding.ends[0].what}` : "";
    return `${i + 1}. \`${link.function}()\` ${where}${what}`;
  });
  if (chain.length > LINKS_SHOWN) lines.push(`${LINKS_SHOWN + 1}. … ${chain.length - LINKS_SHOWN} more calls`);
  return lines.join("\n");
}

function describeSimulation({ simulation }: Finding): string {
  const verdict = describeVerdict(simulation);
  // Until it has run, what is assumed says why there is no model of this code.
  if (verdict === null) return simulation.assumptions[0] ?? "Not simulated yet: open it from the quick fix.";
  const assumed = simulation.assumptions.length === 0 ? "" : ` Assumed: ${simulation.assumptions.join("; ")}.`;
  return `Simulator: ${verdict} in \`${simulation.model}\`.${assumed}`;
}
