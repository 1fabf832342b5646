/**
 * A run as kernel developers write races in changelogs: a column for each thread, time running down, 72 characters wide.
 * With more threads than columns can hold, one line for each step, its thread in front.
 */
import type { Trace, TraceStep } from "./trace.ts";

/** Git's and checkpatch's width for the body of a commit message, less its usual indent. */
export const COMMIT_WIDTH = 72;
const INDENT = "  ";
const GAP = 2;
/** Narrower columns than this break most kernel calls. */
const LEAST_COLUMN = 20;

/** Where a word that is too long for `room` characters breaks: behind an arrow, a bracket or a comma, or else anywhere. */
function breakIn(word: string, room: number): number {
  const good = /^.*(?:->|[(,|])/.exec(word.slice(0, room))?.[0].length ?? 0;
  return good * 2 >= room ? good : room;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    let rest = word;
    const candidate = line === "" ? rest : `${line} ${rest}`;
    if (candidate.length <= width) {
      line = candidate;
      continue;
    }
    if (line !== "" && rest.length + 2 > width && line.length + 8 < width) {
      // Too long for any line: it may as well begin here.
      const room = breakIn(rest, width - line.length - 1);
      lines.push(`${line} ${rest.slice(0, room)}`);
      rest = rest.slice(room);
    } else if (line !== "") lines.push(line);
    const indent = lines.length > 0 ? "  " : "";
    for (let before = indent; before.length + rest.length > width; before = "  ") {
      const room = breakIn(rest, width - before.length);
      lines.push(before + rest.slice(0, room));
      rest = rest.slice(room);
    }
    line = (lines.length > 0 ? "  " : "") + rest;
  }
  if (line.trim() !== "") lines.push(line);
  return lines.length === 0 ? [""] : lines;
}

/** Threads that take part, in the order of the model. */
function actors(trace: Trace): number[] {
  return trace.threads
    .map((_, index) => index)
    .filter((index) => trace.steps.some((step) => step.threadIndex === index));
}

/** A step's lines: what it does and, on a line of its own, whom it wakes. */
function words(trace: Trace, step: TraceStep, row: number, width: number): string[] {
  const woken = trace.wakes
    .filter((wake) => wake.row === row && wake.fromThread === step.threadIndex)
    // That an unlock lets the next one in goes without saying; that a wake-up found a sleeper does not.
    .filter((wake) => !trace.locks.some((span) => span.lock === wake.what))
    .map((wake) => trace.threads[wake.toThread]?.name ?? "?");
  const lines = wrap(step.spurious ? "(wakes up spuriously)" : step.label, width);
  if (woken.length > 0)
    lines.push(...wrap(`[wakes ${[...new Set(woken)].join(", ")}]`, width - 2).map((part) => `  ${part}`));
  return lines;
}

function columns(trace: Trace, shown: readonly number[]): string[] {
  const room = COMMIT_WIDTH - INDENT.length - GAP * (shown.length - 1);
  const width = Math.floor(room / shown.length);
  const line = (cells: readonly string[]) =>
    `${INDENT}${cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(width + GAP))).join("")}`.trimEnd();
  const heads = shown.map((thread) => wrap(trace.threads[thread]?.name ?? "?", width)[0] ?? "");
  const lines = [line(heads), line(heads.map((head) => "-".repeat(head.length)))];
  trace.steps.forEach((step, row) => {
    if (row === trace.loopStart) lines.push(`${INDENT}... from here for ever:`);
    const place = shown.indexOf(step.threadIndex);
    for (const part of words(trace, step, row, width)) {
      lines.push(line(shown.map((_, i) => (i === place ? part : ""))));
    }
  });
  return lines;
}

function list(trace: Trace, shown: readonly number[]): string[] {
  const longest = Math.min(24, Math.max(...shown.map((thread) => trace.threads[thread]?.name.length ?? 0)));
  return trace.steps.flatMap((step, row) => {
    const name = (trace.threads[step.threadIndex]?.name ?? "?").slice(0, longest).padEnd(longest);
    const parts = words(trace, step, row, COMMIT_WIDTH - INDENT.length - longest - GAP);
    const lines = parts.map((part, i) => `${INDENT}${i === 0 ? name : " ".repeat(longest)}  ${part}`.trimEnd());
    return row === trace.loopStart ? [`${INDENT}... from here for ever:`, ...lines] : lines;
  });
}

/** The run as text; the trace string in the last line replays it. */
export function traceToText(trace: Trace): string {
  const shown = actors(trace);
  const room = COMMIT_WIDTH - INDENT.length - GAP * (shown.length - 1);
  const body =
    shown.length === 0
      ? [`${INDENT}(no step taken)`]
      : room / shown.length >= LEAST_COLUMN
        ? columns(trace, shown)
        : list(trace, shown);
  const { violation } = trace;
  const end =
    violation === undefined ? [] : ["", ...wrap(`${violation.invariant}: ${violation.message}`, COMMIT_WIDTH)];
  return `${[...wrap(`${trace.title}:`, COMMIT_WIDTH), "", ...body, ...end, "", `Trace: ${trace.traceString}`].join("\n")}\n`;
}
