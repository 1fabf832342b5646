/** Rows in words: for screen readers, tooltips and the text form of the trace. */
import type { ModelView, TraceRow } from "../../../server/src/protocol/simulator-view.ts";

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/** "Step 4, evict: spin_lock(&inode->i_lock); takes i_lock[A]; A.FREEING 0 -> 1". */
export function describeRow(model: ModelView, row: TraceRow, index: number): string {
  const name = (thread: number) => model.threads[thread]?.name ?? `thread ${thread}`;
  const locks = (indices: readonly number[]) => list(indices.map((lock) => model.locks[lock]?.name ?? `lock ${lock}`));
  const parts = [`Step ${index + 1}, ${name(row.thread)}: ${row.label}`];
  if (row.spurious) parts.push("wakes up without a wake-up");
  if (row.took.length > 0) parts.push(`takes ${locks(row.took)}`);
  if (row.dropped.length > 0) parts.push(`drops ${locks(row.dropped)}`);
  for (const { thread, what } of row.wakes) parts.push(`lets ${name(thread)} go on (${what})`);
  if (row.lostWake) parts.push("wakes nobody");
  parts.push(...row.changes);
  return parts.join("; ");
}

/** The trace as plain lines, one for each step, and how it ends. */
export function traceLines(model: ModelView, rows: readonly TraceRow[], end: string, loopStart?: number): string[] {
  const lines = rows.map((row, index) => describeRow(model, row, index));
  if (loopStart !== undefined) lines.push(`From here steps ${loopStart + 1} to ${rows.length} repeat for ever.`);
  lines.push(end);
  return lines;
}
