/** One line on the terminal that says what is going on; nothing at all when standard error is no terminal. */
import type { Progress, ProgressListener } from "../index/review-session.ts";

/** Milliseconds between two drawings. */
const INTERVAL = 100;

const PHASES: Readonly<Record<Progress["phase"], string>> = {
  list: "Listing files",
  read: "Reading files",
  skeleton: "Reading files",
  parse: "Parsing functions",
  solve: "Following evictions",
  simulate: "Simulating",
};

export interface ProgressLine {
  readonly report: ProgressListener;
  /** Draws a line of the caller's own. */
  readonly show: (text: string) => void;
  /** Wipes the line; called before anything else is written. */
  readonly clear: () => void;
}

export function createProgressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  if (!stream.isTTY || process.env.TERM === "dumb") {
    return { report: () => {}, show: () => {}, clear: () => {} };
  }
  let last = 0;
  let drawn = false;
  const show = (text: string): void => {
    const now = performance.now();
    if (now - last < INTERVAL) return;
    last = now;
    drawn = true;
    // Some pseudo-terminals have no size.
    const width = stream.columns > 0 ? stream.columns : 80;
    stream.write(`\r\u001b[K${text.slice(0, width - 1)}`);
  };
  return {
    show,
    report: ({ phase, done, total }) => {
      const count = total > 0 ? ` ${done.toLocaleString("en")} of ${total.toLocaleString("en")}` : "";
      show(`${PHASES[phase]}${count} (Ctrl-C stops)`);
    },
    clear: () => {
      if (!drawn) return;
      drawn = false;
      stream.write("\r\u001b[K");
    },
  };
}
