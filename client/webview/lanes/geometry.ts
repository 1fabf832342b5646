/**
 * From a run to what is drawn beside its lanes: locks held, times blocked or asleep, wake-ups. Pure; in rows, not pixels.
 */
import type { ModelView, Run } from "../../../server/src/protocol/simulator-view.ts";

/** Lock `lock` is held by `thread` from row `from` (which took it) to row `to` (which drops it, or the row count). */
export interface LockBar {
  readonly thread: number;
  readonly lock: number;
  readonly from: number;
  readonly to: number;
  /** Place among the bars that the thread has at the same time, 0 nearest to the lane. */
  readonly place: number;
  readonly open: boolean;
}

/** As in the protocol's STATUS_LETTERS. */
export type LaneState = "r" | "b" | "s" | "i" | "d";

/** The thread is in `state` after row `from` (-1: from the start) until row `to` or the end. */
export interface LaneStretch {
  readonly thread: number;
  readonly state: LaneState;
  readonly from: number;
  readonly to: number;
}

export interface Arrow {
  readonly kind: "wake" | "lost" | "handover";
  readonly row: number;
  readonly from: number;
  /** Absent for a wake-up that found nobody. */
  readonly to?: number;
  readonly what: string;
}

export interface Geometry {
  readonly bars: readonly LockBar[];
  readonly stretches: readonly LaneStretch[];
  readonly arrows: readonly Arrow[];
  /** Widest stack of bars of any thread. */
  readonly widest: number;
}

function freePlace(used: ReadonlySet<number>): number {
  let place = 0;
  while (used.has(place)) place++;
  return place;
}

export function geometryOf(model: ModelView, run: Run): Geometry {
  const bars: LockBar[] = [];
  const stretches: LaneStretch[] = [];
  const arrows: Arrow[] = [];
  const held = new Map<string, { thread: number; lock: number; from: number; place: number }>();
  const places = model.threads.map(() => new Set<number>());
  const current = model.threads.map((_, thread) => ({ state: letter(run.initialStatus, thread), from: -1 }));
  let widest = 0;

  run.rows.forEach((row, at) => {
    const before = current.map((lane) => lane.state);
    for (const lock of row.dropped) {
      const key = `${row.thread}/${lock}`;
      const hold = held.get(key) ?? { thread: row.thread, lock, from: -1, place: 0 };
      bars.push({ ...hold, to: at, open: false });
      held.delete(key);
      places[row.thread]?.delete(hold.place);
    }
    for (const lock of row.took) {
      const used = places[row.thread] ?? new Set<number>();
      const place = freePlace(used);
      used.add(place);
      widest = Math.max(widest, place + 1);
      held.set(`${row.thread}/${lock}`, { thread: row.thread, lock, from: at, place });
    }
    if (row.lostWake) arrows.push({ kind: "lost", row: at, from: row.thread, what: "nobody waits" });
    for (const { thread: to, what } of row.wakes) {
      // What a thread waits for is released or signalled; a sleeper is woken, a blocked thread may go on.
      arrows.push({ kind: before[to] === "s" ? "wake" : "handover", row: at, from: row.thread, to, what });
    }
    current.forEach((lane, thread) => {
      const now = letter(row.status, thread);
      if (now !== before[thread]) {
        stretches.push({ thread, state: lane.state, from: lane.from, to: at });
        lane.state = now;
        lane.from = at;
      }
    });
  });
  for (const hold of held.values()) bars.push({ ...hold, to: run.rows.length, open: true });
  current.forEach((lane, thread) => {
    stretches.push({ thread, state: lane.state, from: lane.from, to: run.rows.length });
  });
  return { bars, stretches, arrows, widest };
}

function letter(status: string, thread: number): LaneState {
  const found = status[thread];
  return found === "b" || found === "s" || found === "i" || found === "d" ? found : "r";
}

/** Where lanes stand, in pixels. */
export interface LaneLayout {
  readonly mode: "wide" | "compact";
  readonly rowHeight: number;
  readonly width: number;
  /** x of each lane's line. */
  readonly lanes: readonly number[];
  readonly laneWidths: readonly number[];
  /** x where a row's text starts in compact mode. */
  readonly textStart: number;
  readonly barStep: number;
  readonly barWidth: number;
}

export const NUMBER_WIDTH = 46;
const LOOP_WIDTH = 30;
const WIDE_LANE = 172;
/** A lane of a thread that takes no step: room for its name. */
const IDLE_LANE = 112;
const IDLE_INSET = 18;
/** Room wished for the text beside close lanes, and the least before the list scrolls sideways. */
const COMPACT_TEXT = 340;
const LEAST_TEXT = 220;
const COMPACT_BAR = 5;
/** Width of a character of a step's text. */
const LABEL_ADVANCE = 7.6;

/**
 * Wide: each lane has room for its steps' text; one without steps in this run has less. Compact (many threads or a narrow
 * panel): lanes close together, as in a history graph, and the text to their right.
 *
 * @param labels length of each thread's longest text in this run; 0 where it takes no step
 */
export function layoutLanes(labels: readonly number[], available: number, widest: number, loop: boolean): LaneLayout {
  const threads = labels.length;
  const start = NUMBER_WIDTH + (loop ? LOOP_WIDTH : 0);
  // Names stand beside the bars where few are held at a time.
  const barStep = widest > 4 ? 5 : widest > 3 ? 7 : 17;
  const bars = Math.min(widest, 6) * barStep + 10;
  const wideLane = Math.max(WIDE_LANE, bars + 130);
  const idle = labels.filter((label) => label === 0).length;
  const active = threads - idle;
  const room = available - start - 8 - idle * IDLE_LANE;
  if (active * wideLane <= room || threads <= 2) {
    const even = Math.max(wideLane, Math.min(380, Math.floor(room / Math.max(1, active))));
    // Texts run on over the lanes to their right; the last lane has none.
    const last = labels[threads - 1] ?? 0;
    const wanted = Math.min(last * LABEL_ADVANCE + bars + 40, room / 2);
    const others = Math.floor((room - wanted) / Math.max(1, active - 1));
    const width = last === 0 ? even : Math.max(WIDE_LANE, Math.min(even, others));
    const laneWidths = labels.map((label) => (label === 0 ? IDLE_LANE : width));
    let x = start;
    const lanes = labels.map((label, i) => {
      const lane = x + (label === 0 ? IDLE_INSET : bars + 6);
      x += laneWidths[i] as number;
      return lane;
    });
    return {
      mode: "wide",
      rowHeight: 36,
      width: Math.max(available, x),
      lanes,
      laneWidths,
      textStart: start,
      barStep,
      barWidth: 5,
    };
  }
  const narrow = Math.min(widest, 6) * COMPACT_BAR + 10;
  const least = narrow + 14;
  const spacing = Math.max(least, Math.min(44, Math.floor((available - start - COMPACT_TEXT) / threads)));
  const textStart = start + threads * spacing + 12;
  return {
    mode: "compact",
    rowHeight: 28,
    width: Math.max(available, textStart + LEAST_TEXT),
    lanes: Array.from({ length: threads }, (_, i) => start + i * spacing + narrow),
    laneWidths: labels.map(() => spacing),
    textStart,
    barStep: COMPACT_BAR,
    barWidth: 3,
  };
}
