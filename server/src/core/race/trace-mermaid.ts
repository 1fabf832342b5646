/** A run as a Mermaid sequence diagram, for issues and merge requests that draw one. */
import type { Trace } from "./trace.ts";

/** Mermaid ends a statement at `;` and a line break and reads `#` and `%%` as its own; entities are its way out. */
function escaped(text: string): string {
  return text
    .replace(/[#;<>&"%{}]/g, (character) => `#${character.charCodeAt(0)};`)
    .replace(/\s+/g, " ")
    .trim();
}

export function traceToMermaid(trace: Trace): string {
  const lines = ["sequenceDiagram", `  title ${escaped(trace.title)}`];
  trace.threads.forEach((thread, index) => {
    const context = thread.context.length === 0 ? "" : ` (${thread.context.join(", ")})`;
    lines.push(`  participant T${index} as ${escaped(thread.name + context)}`);
  });
  trace.steps.forEach((step, row) => {
    if (row === trace.loopStart) lines.push("  loop for ever");
    lines.push(
      `  Note over T${step.threadIndex}: ${escaped(step.spurious ? "wakes up without a wake-up" : step.label)}`,
    );
    for (const wake of trace.wakes) {
      if (wake.row !== row || wake.fromThread === wake.toThread) continue;
      lines.push(`  T${wake.fromThread}->>T${wake.toThread}: ${escaped(wake.what)}`);
    }
  });
  if (trace.loopStart !== undefined) lines.push("  end");
  const { violation } = trace;
  if (violation && trace.threads.length > 0) {
    const over = trace.threads.length === 1 ? "T0" : `T0,T${trace.threads.length - 1}`;
    lines.push(`  Note over ${over}: ${escaped(`${violation.invariant} violated. ${violation.message}`)}`);
  }
  return `${lines.join("\n")}\n`;
}
