/**
 * Where the boxes of a call chain stand: a layered drawing, the kernel's own ways in from above, the effect at the bottom.
 * Layers are counted from the effect, so that ways of different length end side by side at what they share. No DOM.
 */
import {
  type CallChainView,
  type ChainEdge,
  type ChainNode,
  CONTEXT_WORDS,
} from "../../../server/src/protocol/views.ts";
import { type FileGroup, framesOf, GROUP_HEAD, GROUP_PADDING, nameRoom } from "./chain-frames.ts";

export interface Box {
  readonly node: ChainNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The title, broken into lines. */
  readonly lines: readonly string[];
  /** Where it stands, and of a way's first function in which context. */
  readonly place: string;
}

export interface Arrow {
  readonly edge: ChainEdge;
  /** From the middle of the lower side of one box to that of the upper side of the other. */
  readonly from: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
  /** From here on it goes straight down: the upper side of the frame that it comes into, past whose name it goes. */
  readonly straightFrom: number;
  readonly labels: readonly Label[];
  readonly labelAt: { readonly x: number; readonly y: number };
}

export interface Label {
  readonly kind: "guard" | "via";
  readonly text: string;
  readonly full: string;
}

export interface ChainLayout {
  readonly boxes: readonly Box[];
  readonly groups: readonly FileGroup[];
  readonly arrows: readonly Arrow[];
  readonly width: number;
  readonly height: number;
}

/** Pixels; the page's code font at 12 px is about 7.2 wide, a little more is safe. */
const CHARACTER = 7.4;
/** The text font at 11 px. */
const PLACE_CHARACTER = 6.4;
const LINE = 16;
const BOX_PADDING = 12;
const MIN_WIDTH = 130;
const MAX_CHARACTERS = 46;
const COLUMN_GAP = 28;
const LAYER_GAP = 26;
const LABEL_LINE = 15;
const LABEL_CHARACTERS = 58;
const MARGIN = 16;
const MAX_LABELS = 4;

export function layoutChain(view: CallChainView): ChainLayout {
  const { nodes, edges } = view;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const used = edges.filter(({ from, to }) => byId.has(from) && byId.has(to));
  const layers = layersOf(nodes, used);
  const sizes = new Map(nodes.map((node) => [node.id, sizeOf(node)]));
  const rooms = roomsOf(nodes, used, sizes, byId);
  const xs = columnsOf(nodes, used, layers, rooms);
  const ys = rowsOf(nodes, used, layers, sizes, byId);
  const left = Math.min(...nodes.map(({ id }) => xs.get(id)! - rooms.get(id)! / 2), 0);
  const shift = MARGIN + GROUP_PADDING - left;
  const boxes = nodes.map((node): Box => {
    const { width, height, lines, place } = sizes.get(node.id)!;
    return { node, x: xs.get(node.id)! + shift - width / 2, y: ys.get(node.id)!, width, height, lines, place };
  });
  const boxOf = new Map(boxes.map((box) => [box.node.id, box]));
  const frames = framesOf(boxes, used, MARGIN);
  const arrows = used.map((edge): Arrow => {
    const from = boxOf.get(edge.from)!;
    const to = boxOf.get(edge.to)!;
    const start = { x: from.x + from.width / 2, y: from.y + from.height };
    const labels = labelsOf(edge);
    return {
      edge,
      from: start,
      to: { x: to.x + to.width / 2, y: to.y },
      straightFrom: frames.entered(edge) ?? to.y,
      labels,
      labelAt: { x: start.x + 10, y: start.y + 4 + LABEL_LINE * 0.8 },
    };
  });
  const { groups } = frames;
  const right = (arrow: Arrow): number =>
    arrow.labelAt.x + Math.max(0, ...arrow.labels.map(({ text }) => text.length)) * CHARACTER;
  return {
    boxes,
    groups,
    arrows,
    width:
      Math.max(
        ...groups.map(({ x, width }) => x + width),
        ...boxes.map(({ x, width }) => x + width),
        ...arrows.map(right),
      ) + MARGIN,
    height: Math.max(...boxes.map(({ y, height }) => y + height)) + GROUP_PADDING + MARGIN,
  };
}

/** The longest way to the end, in calls; an edge that would close a circle does not count. */
function layersOf(nodes: readonly ChainNode[], edges: readonly ChainEdge[]): ReadonlyMap<string, number> {
  const below = new Map<string, string[]>();
  for (const { from, to } of edges) below.set(from, [...(below.get(from) ?? []), to]);
  const layers = new Map<string, number>();
  const open = new Set<string>();
  const visit = (id: string): number => {
    const known = layers.get(id);
    if (known !== undefined) return known;
    if (open.has(id)) return -1;
    open.add(id);
    const layer = Math.max(0, ...(below.get(id) ?? []).map((next) => visit(next) + 1));
    open.delete(id);
    layers.set(id, layer);
    return layer;
  };
  for (const { id } of nodes) visit(id);
  return layers;
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly lines: readonly string[];
  readonly place: string;
}

function sizeOf(node: ChainNode): Size {
  const lines = breakLines(node.title, MAX_CHARACTERS);
  const place = placeOf(node);
  const text = Math.max(place.length * PLACE_CHARACTER, ...lines.map((line) => line.length * CHARACTER));
  return {
    width: Math.max(MIN_WIDTH, Math.ceil(text) + 2 * BOX_PADDING),
    height: (lines.length + 1) * LINE + 12,
    lines,
    place,
  };
}

/** Other ways may lead through a function where one begins: which contexts those are, the stripes say. */
function placeOf({ role, line, contexts }: ChainNode): string {
  if (role !== "root" || contexts.length === 0) return `line ${line}`;
  const words = contexts.length > 2 ? [`${contexts.length} contexts`] : contexts.map((each) => CONTEXT_WORDS[each]);
  return `${words.join(", ")} · line ${line}`;
}

/** Breaks at blanks; a longer word is cut. */
export function breakLines(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).flatMap((each) => each.match(new RegExp(`.{1,${most}}`, "gu")) ?? [])) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.length === 0 ? [""] : lines;
}

/** The width that each box is given among its neighbours: left of an arrow from another file stands the frame's name. */
function roomsOf(
  nodes: readonly ChainNode[],
  edges: readonly ChainEdge[],
  sizes: ReadonlyMap<string, Size>,
  byId: ReadonlyMap<string, ChainNode>,
): ReadonlyMap<string, number> {
  const entered = new Set(
    edges.filter(({ from, to }) => byId.get(from)!.file !== byId.get(to)!.file).map(({ to }) => to),
  );
  return new Map(
    nodes.map(({ id, file }) => {
      const { width } = sizes.get(id)!;
      return [id, entered.has(id) ? Math.max(width, 2 * (nameRoom(file) - GROUP_PADDING)) : width];
    }),
  );
}

/** Middle of each box: above what it calls, as far as its neighbours leave room. */
function columnsOf(
  nodes: readonly ChainNode[],
  edges: readonly ChainEdge[],
  layers: ReadonlyMap<string, number>,
  rooms: ReadonlyMap<string, number>,
): Map<string, number> {
  const xs = new Map<string, number>();
  const deepest = Math.max(0, ...layers.values());
  for (let layer = 0; layer <= deepest; layer++) {
    const here = nodes.filter(({ id }) => layers.get(id) === layer);
    const wanted = here
      .map(({ id }) => {
        const called = edges.filter(({ from, to }) => from === id && xs.has(to)).map(({ to }) => xs.get(to)!);
        const middle = called.length === 0 ? 0 : called.reduce((sum, x) => sum + x, 0) / called.length;
        return { id, x: middle, width: rooms.get(id)! };
      })
      .toSorted((a, b) => a.x - b.x);
    place(wanted, xs);
  }
  return xs;
}

/** Neighbours that want the same place share it out around its middle. */
function place(
  wanted: readonly { readonly id: string; readonly x: number; readonly width: number }[],
  xs: Map<string, number>,
): void {
  // Runs of boxes that touch are moved as one: their middle is the mean of what their members want.
  let runs: { items: (typeof wanted)[number][]; x: number; width: number }[] = [];
  for (const item of wanted) {
    runs.push({ items: [item], x: item.x, width: item.width });
    for (let last = runs.length - 1; last > 0; last--) {
      const a = runs[last - 1]!;
      const b = runs[last]!;
      if (a.x + a.width / 2 + COLUMN_GAP <= b.x - b.width / 2) break;
      const items = [...a.items, ...b.items];
      const x = items.reduce((sum, each) => sum + each.x, 0) / items.length;
      runs = [...runs.slice(0, last - 1), { items, x, width: a.width + COLUMN_GAP + b.width }];
    }
  }
  for (const run of runs) {
    let x = run.x - run.width / 2;
    for (const { id, width } of run.items) {
      xs.set(id, x + width / 2);
      x += width + COLUMN_GAP;
    }
  }
}

/** Upper side of each box: the deepest layer stands on top. */
function rowsOf(
  nodes: readonly ChainNode[],
  edges: readonly ChainEdge[],
  layers: ReadonlyMap<string, number>,
  sizes: ReadonlyMap<string, Size>,
  byId: ReadonlyMap<string, ChainNode>,
): Map<string, number> {
  const ys = new Map<string, number>();
  const deepest = Math.max(0, ...layers.values());
  let y = MARGIN + GROUP_HEAD + GROUP_PADDING;
  for (let layer = deepest; layer >= 0; layer--) {
    const here = nodes.filter(({ id }) => layers.get(id) === layer);
    for (const { id } of here) ys.set(id, y);
    const leaving = edges.filter(({ from }) => layers.get(from) === layer);
    const labels = Math.max(0, ...leaving.map((edge) => labelsOf(edge).length));
    // A box of another file below begins a frame, which has a head.
    const entersFile = leaving.some(({ from, to }) => byId.get(from)!.file !== byId.get(to)!.file);
    const room = entersFile ? GROUP_HEAD + 2 * GROUP_PADDING : 0;
    y += Math.max(0, ...here.map(({ id }) => sizes.get(id)!.height)) + LAYER_GAP + labels * LABEL_LINE + room;
  }
  return ys;
}

function labelsOf({ via, guards }: ChainEdge): Label[] {
  const label = (kind: Label["kind"], words: string): Label => ({ kind, text: shorten(words), full: words });
  const labels = guards.slice(-MAX_LABELS).map((guard) => label("guard", `if ${guard}`));
  if (via !== undefined) labels.push(label("via", `through ${via}`));
  return labels;
}

function shorten(text: string): string {
  return text.length <= LABEL_CHARACTERS ? text : `${text.slice(0, LABEL_CHARACTERS - 1)}…`;
}
