/** The simulator's verdict on a finding, in a few words: for hovers, lenses and mails. */
import { parseTraceString } from "../core/race/trace-string.ts";
import type { FindingSimulation } from "../core/report/finding.ts";

/** `race reachable in 9 steps`, `holds: 41,302 states`, `bounded at 5,000,000 states`; null when it has not run. */
export function describeVerdict(simulation: FindingSimulation): string | null {
  const states = simulation.states === undefined ? null : `${count(simulation.states)} states`;
  switch (simulation.verdict) {
    case "violated": {
      const steps = stepsOf(simulation);
      const how = steps === null ? "race reachable" : `race reachable in ${steps} steps`;
      return simulation.invariant === undefined ? how : `${how} (${simulation.invariant})`;
    }
    case "holds":
      return states === null ? "holds" : `holds: ${states}`;
    case "bounded":
      return states === null ? "bounded: a limit was met" : `bounded at ${states}`;
    case "not-run":
      return null;
  }
}

function stepsOf({ traceString }: FindingSimulation): number | null {
  if (traceString === undefined) return null;
  const parsed = parseTraceString(traceString);
  return "error" in parsed ? null : parsed.steps.length;
}

/** 41302 as 41,302, whatever the machine's language. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
