/** An implementation in one line, for lenses and hovers: "evict_inode of fs/ext2 - reached by kswapd - 3 findings". */
import type { ContextName, Finding, Implementation, Review } from "../core/report/finding.ts";
import type { Settings } from "../protocol/settings.ts";
import { describeVerdict } from "./describe-verdict.ts";
import { visibleFindings } from "./provide-diagnostics.ts";

export interface ImplementationSummary {
  readonly title: string;
  /** Errors first. */
  readonly findings: readonly Finding[];
}

const SEVERITY_ORDER = { error: 0, warning: 1, hint: 2 } as const;
/** The contexts worth a word in one line, the most troublesome first. */
const NOTABLE_CONTEXTS: readonly ContextName[] = ["kswapd", "direct-reclaim", "memcg-reclaim", "assumed"];

export function summariseImplementation(
  entry: Implementation,
  review: Review,
  settings: Settings,
): ImplementationSummary {
  const findings = visibleFindings(review, settings)
    .filter((finding) => finding.table === entry.table.name && finding.operation === entry.operation)
    .filter((finding) => finding.filesystem === entry.filesystem)
    .toSorted((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] || a.line - b.line);
  const context = NOTABLE_CONTEXTS.find((name) => findings.some((finding) => finding.contexts.includes(name)));
  const parts = [`${entry.operation} of ${entry.filesystem}`];
  if (context === "assumed") parts.push("reclaim assumed (no mm/ in this tree)");
  else if (context !== undefined) parts.push(`reached by ${context}`);
  parts.push(findings.length === 1 ? "1 finding" : `${findings.length === 0 ? "no" : findings.length} findings`);
  // The worst finding's verdict: a race that was shown says more than a count.
  const verdict = findings.map((finding) => describeVerdict(finding.simulation)).find((each) => each !== null);
  if (verdict !== undefined && verdict !== null) parts.push(verdict);
  return { title: parts.join(" - "), findings };
}
