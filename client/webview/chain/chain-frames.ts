/**
 * The frames of a call chain's files: which boxes share one, how far it goes, and where its name has room. A name stands in
 * the frame's upper left corner, and arrows come down into the frame from above: it ends before the first of them. No DOM.
 */
import type { ChainEdge } from "../../../server/src/protocol/views.ts";
import type { Box } from "./chain-layout.ts";

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A frame around boxes of one file that call each other. */
export interface FileGroup extends Rectangle {
  readonly file: string;
  /** The file's path, or as much of its end as has room. */
  readonly name: string;
}

export interface Frames {
  readonly groups: readonly FileGroup[];
  /** The upper side of the frame that a call comes into from above; undefined: it stays in its frame, or comes from beside. */
  readonly entered: (edge: ChainEdge) => number | undefined;
}

export const GROUP_PADDING = 10;
export const GROUP_HEAD = 18;
/** Between a frame's left side and its name. */
export const NAME_INDENT = 9;
/** Between the name and an arrow, whose head is eight wide. */
const NAME_GAP = 8;
/** Pixels; the page's text font at 11 px is narrower. */
const NAME_CHARACTER = 6.4;
/** Between frames side by side. */
const FRAME_GAP = 8;

/** How far from a frame's left side an arrow may come in without crossing the name. */
export function nameRoom(file: string): number {
  return NAME_INDENT + Math.ceil(file.length * NAME_CHARACTER) + NAME_GAP;
}

/** No frame goes beyond `margin` to the left. */
export function framesOf(boxes: readonly Box[], edges: readonly ChainEdge[], margin: number): Frames {
  const members = groupsOf(boxes, edges);
  const frames = members.map(frameOf);
  const boxOf = new Map(boxes.map((box) => [box.node.id, box]));
  const groupOf = new Map(members.flatMap((group, i) => group.map(({ node }) => [node.id, i] as const)));
  const entered = ({ from, to }: ChainEdge): number | undefined => {
    const { y } = frames[groupOf.get(to)!]!;
    const caller = boxOf.get(from)!;
    return groupOf.get(from) !== groupOf.get(to) && caller.y + caller.height <= y ? y : undefined;
  };
  const groups: FileGroup[] = [];
  for (const [i, plain] of frames.entries()) {
    const { file } = members[i]![0]!.node;
    const entries = edges.filter((edge) => groupOf.get(edge.to) === i && entered(edge) !== undefined);
    const first = Math.min(...entries.map(({ to }) => boxOf.get(to)!.x + boxOf.get(to)!.width / 2));
    const frame = extendLeft(plain, first - nameRoom(file), frames, margin);
    frames[i] = frame;
    const room = Math.min(first - NAME_GAP, frame.x + frame.width) - frame.x - NAME_INDENT;
    groups.push({ file, name: shortenPath(file, Math.floor(room / NAME_CHARACTER)), ...frame });
  }
  return { groups, entered };
}

/** To `wanted`, or as far as there is room beside the other frames. */
function extendLeft(frame: Rectangle, wanted: number, frames: readonly Rectangle[], margin: number): Rectangle {
  const { x, y, width, height } = frame;
  const beside = frames.filter((other) => other.x < x && other.y < y + height && other.y + other.height > y);
  const free = Math.max(margin, ...beside.map((other) => other.x + other.width + FRAME_GAP));
  const left = Math.min(x, Math.max(wanted, free));
  return { x: left, y, width: width + x - left, height };
}

/** The end of a path tells files apart. */
function shortenPath(path: string, characters: number): string {
  return path.length <= characters ? path : `…${path.slice(path.length - characters + 1)}`;
}

/**
 * Boxes of one file that are joined by calls share a frame, all of them where it holds nothing of another file; else only
 * those that stand right below each other.
 */
function groupsOf(boxes: readonly Box[], edges: readonly ChainEdge[]): Box[][] {
  const fileOf = new Map(boxes.map((box) => [box.node.id, box.node.file]));
  const inner = edges.filter(({ from, to }) => fileOf.get(from) === fileOf.get(to));
  const whole = absorb(
    joinBoxes(boxes, inner, () => true),
    boxes,
  );
  return whole.flatMap((group) =>
    holdsOthers(group, boxes) ? joinBoxes(group, inner, (joined) => !holdsOthers(joined, boxes)) : [group],
  );
}

/** Boxes of the same file that stand inside a frame, called by nobody in it, belong into it, too. */
function absorb(groups: readonly Box[][], boxes: readonly Box[]): Box[][] {
  const left = new Set(groups);
  for (const group of groups.toSorted((a, b) => b.length - a.length)) {
    if (!left.has(group)) continue;
    for (;;) {
      const other = [...left].find(
        (each) =>
          each !== group &&
          each[0]!.node.file === group[0]!.node.file &&
          each.some((box) => touches(frameOf(group), box)),
      );
      if (other === undefined || holdsStrangers([...group, ...other], boxes)) break;
      left.delete(other);
      group.push(...other);
    }
  }
  return [...left];
}

function holdsStrangers(group: readonly Box[], boxes: readonly Box[]): boolean {
  const frame = frameOf(group);
  return boxes.some((box) => box.node.file !== group[0]!.node.file && touches(frame, box));
}

function joinBoxes(
  boxes: readonly Box[],
  edges: readonly ChainEdge[],
  allowed: (joined: readonly Box[]) => boolean,
): Box[][] {
  const groupOf = new Map(boxes.map((box) => [box.node.id, [box]]));
  for (const { from, to } of edges) {
    const a = groupOf.get(from);
    const b = groupOf.get(to);
    if (a === undefined || b === undefined || a === b) continue;
    const joined = [...a, ...b];
    if (!allowed(joined)) continue;
    for (const box of joined) groupOf.set(box.node.id, joined);
  }
  return [...new Set(groupOf.values())];
}

function frameOf(group: readonly Box[]): Rectangle {
  const x = Math.min(...group.map((box) => box.x)) - GROUP_PADDING;
  const y = Math.min(...group.map((box) => box.y)) - GROUP_HEAD - GROUP_PADDING / 2;
  const right = Math.max(...group.map((box) => box.x + box.width)) + GROUP_PADDING;
  const bottom = Math.max(...group.map((box) => box.y + box.height)) + GROUP_PADDING;
  return { x, y, width: right - x, height: bottom - y };
}

function holdsOthers(group: readonly Box[], boxes: readonly Box[]): boolean {
  const frame = frameOf(group);
  return boxes.some((box) => !group.includes(box) && touches(frame, box));
}

function touches({ x, y, width, height }: Rectangle, box: Box): boolean {
  return box.x < x + width && box.x + box.width > x && box.y < y + height && box.y + box.height > y;
}
