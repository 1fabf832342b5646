/** The work-done progress of one long review: percentages that never go back, a few messages a second, a cancel button. */
import type { Connection } from "vscode-languageserver";
import type { Progress } from "../index/review-session.ts";

interface Span {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}
/** How the phases share the bar; measured on a whole tree, rounded. A phase that does not come is jumped over. */
const PHASES: Readonly<Record<Progress["phase"], Span>> = {
  list: { from: 0, to: 5, label: "listing files" },
  read: { from: 5, to: 15, label: "reading files" },
  skeleton: { from: 15, to: 55, label: "indexing functions" },
  parse: { from: 55, to: 75, label: "parsing what eviction reaches" },
  solve: { from: 75, to: 95, label: "following contexts" },
  simulate: { from: 95, to: 100, label: "simulating" },
};

/** Milliseconds between two messages. */
const INTERVAL = 200;

export interface IndexingProgress {
  report(progress: Progress): void;
  done(): void;
}

const NOTHING: IndexingProgress = { report: () => {}, done: () => {} };

/** `onCancel` is called when the user presses cancel. A client that refuses or has no progress shows none. */
export async function startProgress(
  connection: Connection,
  supported: boolean,
  title: string,
  onCancel: () => void,
): Promise<IndexingProgress> {
  if (!supported) return NOTHING;
  try {
    const reporter = await connection.window.createWorkDoneProgress();
    reporter.begin(title, 0, undefined, true);
    reporter.token.onCancellationRequested(onCancel);
    let shown = 0;
    let last = 0;
    return {
      report(progress) {
        shown = Math.max(shown, percentageOf(progress));
        const now = Date.now();
        if (now - last < INTERVAL) return;
        last = now;
        const count = progress.total > 0 ? ` ${progress.done} of ${progress.total}` : "";
        reporter.report(shown, `${PHASES[progress.phase].label}${count}`);
      },
      done: () => reporter.done(),
    };
  } catch {
    return NOTHING;
  }
}

function percentageOf(progress: Progress): number {
  const { from, to } = PHASES[progress.phase];
  const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
  return Math.round(from + (to - from) * share);
}
