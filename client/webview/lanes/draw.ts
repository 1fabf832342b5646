/**
 * Draws the part of the lanes that is in view: life lines, lock bars, arrows, the loop of a lasso. Only attributes and
 * classes; colours are the style sheet's, so that the picture follows the theme.
 */
import type { ModelView, Run } from "../../../server/src/protocol/simulator-view.ts";
import { svg } from "../dom.ts";
import type { Arrow, Geometry, LaneLayout, LockBar } from "./geometry.ts";
import { NUMBER_WIDTH } from "./geometry.ts";

export interface Window {
  /** List items in view, `last` excluded. Item 0 is the initial state, item i + 1 is row i. */
  readonly first: number;
  readonly last: number;
}

export const LOCK_COLOURS = 6;
/** Width of a character of a lock's name beside its bar. */
const NAME_ADVANCE = 5.8;

/** y of the middle of row `row` (-1: the initial state). */
export function rowY(layout: LaneLayout, row: number): number {
  return (row + 1) * layout.rowHeight + layout.rowHeight / 2;
}

/** Arrows run through the lower part of their row, below the step's text. */
function arrowY(layout: LaneLayout, row: number): number {
  return layout.mode === "wide" ? rowY(layout, row) + 13 : rowY(layout, row);
}

export function patterns(): SVGDefsElement {
  const hatch = (id: string, path: string, size: number) =>
    svg(
      "pattern",
      { id, width: size, height: size, patternUnits: "userSpaceOnUse" },
      svg("path", { d: path, class: "hatch" }),
    );
  const head = (id: string) =>
    svg(
      "marker",
      {
        id,
        viewBox: "0 0 10 10",
        refX: 9,
        refY: 5,
        markerWidth: 11,
        markerHeight: 11,
        markerUnits: "userSpaceOnUse",
        orient: "auto-start-reverse",
      },
      svg("path", { d: "M0 0.8 L10 5 L0 9.2 L2.6 5 z", class: id }),
    );
  return svg(
    "defs",
    {},
    hatch("hatch-sleep", "M0 6 L6 0", 6),
    hatch("hatch-rcu", "M0 1 L4 1", 4),
    head("head-wake"),
    head("head-handover"),
    head("head-loop"),
  );
}

function stretchesIn(geometry: Geometry, layout: LaneLayout, window: Window): SVGElement[] {
  const drawn: SVGElement[] = [];
  for (const stretch of geometry.stretches) {
    if (stretch.to + 1 < window.first || stretch.from > window.last) continue;
    const x = layout.lanes[stretch.thread];
    if (x === undefined) continue;
    const y1 = stretch.from < 0 ? layout.rowHeight / 2 : rowY(layout, stretch.from);
    const y2 = rowY(layout, stretch.to);
    drawn.push(svg("line", { x1: x, x2: x, y1, y2, class: `life life-${stretch.state}` }));
    if (stretch.state === "d") {
      drawn.push(svg("rect", { x: x - 5, y: y1 + 9, width: 10, height: 3, class: "life-end" }));
    }
  }
  return drawn;
}

function lockBar(bar: LockBar, model: ModelView, layout: LaneLayout, window: Window): SVGElement[] {
  const lane = layout.lanes[bar.thread];
  const lock = model.locks[bar.lock];
  if (lane === undefined || !lock) return [];
  const x = lane - 12 - bar.place * layout.barStep;
  const y1 = bar.from < 0 ? 0 : rowY(layout, bar.from) - 7;
  const y2 = rowY(layout, bar.to) + (bar.open ? layout.rowHeight / 2 : 3);
  const colour = `lock-${bar.lock % LOCK_COLOURS}`;
  const title = `${lock.name}: held by ${model.threads[bar.thread]?.name ?? ""} from step ${bar.from + 1} to ${
    bar.open ? "the end" : `step ${bar.to + 1}`
  }`;
  const shapes: SVGElement[] = [
    svg(
      "rect",
      { x, y: y1, width: layout.barWidth, height: Math.max(4, y2 - y1), rx: 2, class: `bar ${colour}` },
      svg("title", {}, title),
    ),
  ];
  if (lock.kind !== "spin") {
    shapes.push(
      svg("rect", {
        x,
        y: y1,
        width: layout.barWidth,
        height: Math.max(4, y2 - y1),
        rx: 2,
        fill: `url(#hatch-${lock.kind})`,
        class: "bar-hatch",
      }),
    );
  }
  // The name stands along the bar where it fits, again in every window that the bar runs through.
  const top = Math.max(y1, window.first * layout.rowHeight);
  const bottom = Math.min(y2, window.last * layout.rowHeight);
  const room = Math.floor((bottom - top - 8) / NAME_ADVANCE);
  const own = layout.barStep > 7 || bar.place === 0;
  if (own && (room >= lock.name.length || room >= 12)) {
    const name = lock.name.length > room ? `${lock.name.slice(0, room - 1)}…` : lock.name;
    shapes.push(
      svg(
        "text",
        { class: "bar-name", transform: `translate(${x - 3} ${top + 6}) rotate(-90)`, "text-anchor": "end" },
        name,
      ),
    );
  }
  return shapes;
}

function arrow(item: Arrow, layout: LaneLayout): SVGElement[] {
  const from = layout.lanes[item.from];
  if (from === undefined) return [];
  const y = arrowY(layout, item.row);
  const start = rowY(layout, item.row);
  if (item.to === undefined) {
    const end = from + 34;
    return [
      svg("path", {
        d: `M${from} ${start + 5} V${y - 4} Q${from} ${y} ${from + 4} ${y} H${end}`,
        class: "arrow arrow-lost",
      }),
      svg(
        "path",
        { d: `M${end} ${y - 4} l8 8 m0 -8 l-8 8`, class: "arrow arrow-cross" },
        svg("title", {}, "wakes nobody"),
      ),
    ];
  }
  const to = layout.lanes[item.to];
  if (to === undefined || to === from) return [];
  const side = to > from ? 1 : -1;
  const d =
    layout.mode === "wide"
      ? `M${from} ${start + 5} V${y - 4} Q${from} ${y} ${from + 4 * side} ${y} H${to - 3 * side}`
      : `M${from + 5 * side} ${y} H${to - 3 * side}`;
  const path = svg("path", { d, class: `arrow arrow-${item.kind}`, "marker-end": `url(#head-${item.kind})` });
  path.append(svg("title", {}, item.kind === "wake" ? `wakes: ${item.what}` : `may go on: ${item.what}`));
  return [path];
}

function loop(run: Run, layout: LaneLayout): SVGElement[] {
  if (run.loopStart === undefined || run.rows.length === 0) return [];
  const x = NUMBER_WIDTH + 16;
  const top = rowY(layout, run.loopStart);
  const bottom = rowY(layout, run.rows.length - 1) + 8;
  const right = (layout.lanes[0] ?? x + 20) - 16;
  return [
    svg("path", {
      d: `M${right} ${bottom} H${x + 10} Q${x} ${bottom} ${x} ${bottom - 10} V${top + 10} Q${x} ${top} ${x + 10} ${top} H${right}`,
      class: "loop",
      "marker-end": "url(#head-loop)",
    }),
    svg(
      "text",
      {
        class: "loop-name",
        transform: `translate(${x - 5} ${(top + bottom) / 2}) rotate(-90)`,
        "text-anchor": "middle",
      },
      bottom - top > 120 ? "repeats for ever" : "repeats",
    ),
  ];
}

/** The picture of the items in view; its coordinates are those of the whole list. */
export function drawLanes(
  model: ModelView,
  run: Run,
  geometry: Geometry,
  layout: LaneLayout,
  window: Window,
  at: number,
): SVGSVGElement {
  const top = window.first * layout.rowHeight;
  const height = Math.max(1, (window.last - window.first) * layout.rowHeight);
  const inView = (row: number) => row + 1 >= window.first && row < window.last;
  const nodes = run.rows.slice(Math.max(0, window.first - 1), Math.max(0, window.last - 1)).flatMap((row, i) => {
    const index = Math.max(0, window.first - 1) + i;
    const x = layout.lanes[row.thread];
    if (x === undefined) return [];
    const state = index + 1 === at ? "node node-now" : index < at ? "node node-past" : "node node-future";
    const y = rowY(layout, index);
    return [svg("circle", { cx: x, cy: y, r: index + 1 === at ? 7 : 5, class: state })];
  });
  return svg(
    "svg",
    {
      width: layout.width,
      height,
      viewBox: `0 ${top} ${layout.width} ${height}`,
      class: "picture",
      "aria-hidden": "true",
    },
    patterns(),
    ...stretchesIn(geometry, layout, window),
    ...geometry.bars
      .filter((bar) => bar.to + 1 >= window.first && bar.from < window.last)
      .flatMap((bar) => lockBar(bar, model, layout, window)),
    ...geometry.arrows.filter((item) => inView(item.row)).flatMap((item) => arrow(item, layout)),
    ...loop(run, layout),
    ...nodes,
  );
}
