/** A finding's severity as every view of the editor shows it. */
import type { Finding } from "../core/report/finding.ts";
import type { Settings } from "../protocol/settings.ts";
import type { Counts, ShownSeverity } from "../protocol/views.ts";

/** A rule's setting counts; a hint is an information, since VS Code leaves hints out of its problem list. */
export function shownSeverity(finding: Finding, settings: Settings): ShownSeverity {
  const setting = settings.rules[finding.rule];
  if (setting !== undefined && setting !== "default" && setting !== "off") return setting;
  return finding.severity === "hint" ? "information" : finding.severity;
}

export function countSeverities(severities: Iterable<ShownSeverity>): Counts {
  const counts = { error: 0, warning: 0, information: 0 };
  for (const severity of severities) counts[severity]++;
  return counts;
}

/** Negative when `a` is to stand first: the worse one. */
export function compareCounts(a: Counts, b: Counts): number {
  return b.error - a.error || b.warning - a.warning || b.information - a.information;
}
