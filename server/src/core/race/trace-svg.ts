/**
 * A run as a picture: the panel's lanes as a self-contained SVG, light, readable in print. No script, no style sheet, no
 * font file; shapes and words carry the meaning, colour only helps.
 */
import type { LockSpan, Trace } from "./trace.ts";

const ROW = 30;
const HEAD = 92;
const NUMBER = 44;
const LOOP = 34;
/** From one bar to the next; a name stands between them. */
const BAR = 15;
const BAR_WIDTH = 5;
/** Width of a character of the label font at 12 px. */
const LABEL_ADVANCE = 7.25;
const MOST_LABEL = 46;
const INK = "#1f1f1f";
const PALE = "#6b6b6b";
/** Print-safe, told apart by most colour-blind readers (Okabe and Ito, 2008). */
const LOCK_COLOURS = ["#0072b2", "#e69f00", "#cc79a7", "#009e73", "#d55e00", "#56b4e9"];

function escaped(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
      // XML 1.0 has no way to write other control characters.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
  );
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

interface Bar extends LockSpan {
  readonly place: number;
}

/** Bars of one thread that overlap stand beside each other. */
function placed(spans: readonly LockSpan[]): Bar[] {
  const bars: Bar[] = [];
  for (const span of spans) {
    const used = new Set(
      bars
        .filter((bar) => bar.threadIndex === span.threadIndex && (bar.to ?? Number.POSITIVE_INFINITY) >= span.from)
        .map((bar) => bar.place),
    );
    let place = 0;
    while (used.has(place)) place++;
    bars.push({ ...span, place });
  }
  return bars;
}

interface Frame {
  readonly lanes: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly y: (row: number) => number;
}

function frameOf(trace: Trace, bars: readonly Bar[]): Frame {
  const widest = (thread: number) =>
    Math.max(0, ...bars.filter((bar) => bar.threadIndex === thread).map((bar) => bar.place + 1));
  let x = NUMBER + (trace.loopStart === undefined ? 0 : LOOP);
  const lanes = trace.threads.map((thread, index) => {
    const labels = trace.steps.filter((step) => step.threadIndex === index).map((step) => step.label.length);
    const text = Math.min(MOST_LABEL, Math.max(thread.name.length + 2, 10, ...labels)) * LABEL_ADVANCE;
    const lane = x + widest(index) * BAR + 24;
    x = lane + 14 + text + 14;
    return lane;
  });
  const end = trace.violation === undefined && trace.loopStart === undefined ? 0 : 44;
  return {
    lanes,
    width: Math.max(x + 8, Math.ceil(trace.title.length * 9) + 32, 420),
    height: HEAD + trace.steps.length * ROW + end + 34,
    y: (row) => HEAD + row * ROW + ROW / 2,
  };
}

function line(x1: number, y1: number, x2: number, y2: number, more: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" ${more}/>`;
}

function heads(trace: Trace, frame: Frame): string[] {
  return trace.threads.flatMap((thread, index) => {
    const x = frame.lanes[index] as number;
    const context = thread.context.join(" ");
    return [
      `<text x="${x - 6}" y="58" font-weight="600">${escaped(thread.name)}</text>`,
      context === "" ? "" : `<text x="${x - 6}" y="74" font-size="11" fill="${PALE}">${escaped(context)}</text>`,
      line(x, HEAD - 8, x, HEAD + trace.steps.length * ROW, `stroke="${PALE}" stroke-width="1.5"`),
    ];
  });
}

/** Over a wait the life line is drawn anew, dotted: from where the thread began to wait to where it could go on. */
function waits(trace: Trace, frame: Frame): string[] {
  return trace.wakes.flatMap(({ toThread, since, row }) => {
    const x = frame.lanes[toThread];
    if (x === undefined) return [];
    return [
      line(x, frame.y(since) + 6, x, frame.y(row) + 9, `stroke="#ffffff" stroke-width="4"`),
      line(
        x,
        frame.y(since) + 8,
        x,
        frame.y(row) + 9,
        `stroke="${INK}" stroke-width="2.2" stroke-linecap="round" stroke-dasharray="0.1 6"`,
      ),
    ];
  });
}

function lockBars(trace: Trace, frame: Frame, bars: readonly Bar[]): string[] {
  const names = [...new Set(trace.locks.map((span) => span.lock))];
  return bars.flatMap((bar) => {
    const lane = frame.lanes[bar.threadIndex];
    if (lane === undefined) return [];
    const x = lane - 13 - bar.place * BAR;
    const top = frame.y(bar.from) - 6;
    const height = (bar.to === undefined ? HEAD + trace.steps.length * ROW : frame.y(bar.to) + 4) - top;
    const colour = LOCK_COLOURS[names.indexOf(bar.lock) % LOCK_COLOURS.length];
    const room = Math.floor((height - 6) / 5.6);
    const name = room >= Math.min(bar.lock.length, 10) ? shortened(bar.lock, room) : "";
    return [
      `<rect x="${x}" y="${top}" width="${BAR_WIDTH}" height="${height}" rx="2" fill="${colour}"><title>${escaped(bar.lock)}</title></rect>`,
      name === ""
        ? ""
        : `<text transform="translate(${x - 3} ${top + 3}) rotate(-90)" text-anchor="end" font-size="9" stroke="#ffffff" stroke-width="3" paint-order="stroke">${escaped(name)}</text>`,
    ];
  });
}

function arrows(trace: Trace, frame: Frame): string[] {
  return trace.wakes.flatMap((wake) => {
    const from = frame.lanes[wake.fromThread];
    const to = frame.lanes[wake.toThread];
    if (from === undefined || to === undefined || from === to) return [];
    const side = to > from ? 1 : -1;
    const y = frame.y(wake.row) + 11;
    return [
      `<path d="M${from} ${y - 6} V${y - 3} Q${from} ${y} ${from + 3 * side} ${y} H${to - 3 * side}" fill="none" stroke="${INK}" stroke-width="1.5" marker-end="url(#head)"><title>${escaped(wake.what)}</title></path>`,
    ];
  });
}

function steps(trace: Trace, frame: Frame): string[] {
  return trace.steps.flatMap((step, row) => {
    const x = frame.lanes[step.threadIndex];
    if (x === undefined) return [];
    const y = frame.y(row);
    const label = step.spurious ? "wakes up without a wake-up" : step.label;
    const place = step.file === undefined ? "" : ` (${step.file}${step.line === undefined ? "" : `:${step.line}`})`;
    return [
      `<text x="${NUMBER - 12}" y="${y + 4}" text-anchor="end" font-size="11" fill="${PALE}">${row + 1}</text>`,
      `<circle cx="${x}" cy="${y}" r="4.5" fill="${INK}" stroke="#ffffff" stroke-width="1.5"/>`,
      `<text x="${x + 12}" y="${y + 3}" font-family="ui-monospace, Consolas, 'DejaVu Sans Mono', monospace" font-size="12" stroke="#ffffff" stroke-width="3" paint-order="stroke">${escaped(shortened(label, MOST_LABEL))}<title>${escaped(label + place)}</title></text>`,
    ];
  });
}

function loop(trace: Trace, frame: Frame): string[] {
  if (trace.loopStart === undefined || trace.steps.length === 0) return [];
  const x = NUMBER + 8;
  const right = NUMBER + LOOP - 6;
  const top = frame.y(trace.loopStart);
  const bottom = frame.y(trace.steps.length - 1) + 6;
  return [
    `<path d="M${right} ${bottom} H${x + 8} Q${x} ${bottom} ${x} ${bottom - 8} V${top + 8} Q${x} ${top} ${x + 8} ${top} H${right}" fill="none" stroke="#b3261e" stroke-width="2" marker-end="url(#loop-head)"/>`,
  ];
}

function ending(trace: Trace, frame: Frame): string[] {
  const y = HEAD + trace.steps.length * ROW + 26;
  const { violation } = trace;
  const words = [
    ...(violation === undefined ? [] : [`${violation.invariant}: ${violation.message}`]),
    ...(trace.loopStart === undefined
      ? []
      : [`Steps ${trace.loopStart + 1} to ${trace.steps.length} repeat for ever.`]),
  ];
  return words.map(
    (text, i) =>
      `<text x="16" y="${y + i * 18}" font-weight="600" fill="#b3261e">✖ ${escaped(shortened(text, Math.floor(frame.width / 7)))}<title>${escaped(text)}</title></text>`,
  );
}

/** The whole run as one picture; its text form is the picture's description. */
export function traceToSvg(trace: Trace): string {
  const bars = placed(trace.locks);
  const frame = frameOf(trace, bars);
  const width = Math.ceil(frame.width);
  const marker = (id: string, colour: string) =>
    `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0.8 L10 5 L0 9.2 L2.6 5 z" fill="${colour}"/></marker>`;
  const description = trace.steps.map((step, row) => `${row + 1}. ${step.thread}: ${step.label}`).join("\n");
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${frame.height}" viewBox="0 0 ${width} ${frame.height}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="${INK}" role="img">`,
    `<title>${escaped(trace.title)}</title>`,
    `<desc>${escaped(description)}</desc>`,
    `<defs>${marker("head", INK)}${marker("loop-head", "#b3261e")}</defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="16" y="28" font-size="16" font-weight="600">${escaped(trace.title)}</text>`,
    ...heads(trace, frame),
    ...waits(trace, frame),
    ...lockBars(trace, frame, bars),
    ...arrows(trace, frame),
    ...loop(trace, frame),
    ...steps(trace, frame),
    ...ending(trace, frame),
    `<text x="16" y="${frame.height - 10}" font-size="10" fill="${PALE}">${escaped(shortened(trace.traceString, Math.floor(width / 5.6)))}</text>`,
    "</svg>",
  ]
    .filter((part) => part !== "")
    .join("\n")}\n`;
}
