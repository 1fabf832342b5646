/** The call chain as SVG: boxes in frames of their files, stripes for contexts, guards on the arrows. */
import { type CallChainView, type ChainNode, CONTEXT_WORDS } from "../../../server/src/protocol/views.ts";
import { svg } from "../dom.ts";
import { type FileGroup, NAME_INDENT } from "./chain-frames.ts";
import { type Arrow, type Box, type ChainLayout, layoutChain } from "./chain-layout.ts";
import { contextIndex } from "./contexts.ts";

export interface PictureActions {
  readonly reveal: (node: ChainNode) => void;
}

const ROLE_WORDS: Readonly<Record<ChainNode["role"], string>> = {
  root: "sets out",
  way: "on the way in",
  operation: "the operation",
  call: "called by it",
  effect: "what happens",
};

export interface Picture {
  readonly element: SVGSVGElement;
  readonly width: number;
  readonly height: number;
}

export function drawPicture(view: CallChainView, actions: PictureActions): Picture {
  const layout = layoutChain(view);
  const { width, height } = layout;
  const element = svg(
    "svg",
    {
      class: "picture",
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      width: Math.ceil(width),
      height: Math.ceil(height),
      role: "group",
      "aria-label": `Call chain of ${view.rule} in ${view.filesystem}; the same in words stands below`,
    },
    svg("defs", {}, marker()),
    svg("g", { "aria-hidden": "true" }, ...layout.groups.map(drawGroup)),
    svg("g", { "aria-hidden": "true" }, ...layout.arrows.map(drawArrow)),
    ...inReadingOrder(layout).map((box) => drawBox(box, view, actions)),
  );
  element.addEventListener("keydown", (event) => moveFocus(element, event));
  return { element, width, height };
}

function inReadingOrder({ boxes }: ChainLayout): readonly Box[] {
  return boxes.toSorted((a, b) => a.y - b.y || a.x - b.x);
}

function marker(): SVGMarkerElement {
  return svg(
    "marker",
    { id: "arrow-head", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" },
    svg("path", { d: "M0 0.5 L8 4 L0 7.5 z", class: "arrow-head" }),
  );
}

function drawGroup({ file, name, x, y, width, height }: FileGroup): SVGGElement {
  return svg(
    "g",
    { class: "file-group" },
    svg("rect", { x, y, width, height, rx: 8, class: "file-frame" }),
    svg("text", { x: x + NAME_INDENT, y: y + 14, class: "file-name" }, svg("title", {}, file), name),
  );
}

function drawArrow({ edge, from, to, straightFrom, labels, labelAt }: Arrow): SVGGElement {
  return svg(
    "g",
    { class: "call" },
    svg("path", {
      d: pathOf(from, to, straightFrom),
      class: edge.via === undefined ? "arrow" : "arrow arrow-indirect",
      "marker-end": "url(#arrow-head)",
    }),
    ...labels.map(({ kind, text, full }, i) =>
      svg("text", { x: labelAt.x, y: labelAt.y + i * 15, class: `label label-${kind}` }, svg("title", {}, full), text),
    ),
  );
}

function pathOf(from: Arrow["from"], to: Arrow["to"], straightFrom: number): string {
  if (Math.abs(from.x - to.x) < 1) return `M${from.x} ${from.y} L${to.x} ${to.y}`;
  const bend = Math.max(14, (straightFrom - from.y) / 2);
  const curve = `M${from.x} ${from.y} C${from.x} ${from.y + bend} ${to.x} ${straightFrom - bend} ${to.x} ${straightFrom}`;
  // A line without length would turn the arrow's head.
  return straightFrom < to.y ? `${curve} L${to.x} ${to.y}` : curve;
}

function drawBox(box: Box, view: CallChainView, actions: PictureActions): SVGGElement {
  const { node, x, y, width, height, lines, place } = box;
  const stripes = node.contexts.map((context, i) => {
    const band = width / node.contexts.length;
    return svg("rect", {
      x: x + i * band + (i === 0 ? 4 : 0.5),
      y: y + height - 5,
      width: Math.max(2, band - (i === 0 || i === node.contexts.length - 1 ? 4.5 : 1)),
      height: 3,
      class: `context-fill context-${contextIndex(context)}`,
    });
  });
  const contexts = node.contexts.map((context) => CONTEXT_WORDS[context]).join(", ");
  const group = svg(
    "g",
    {
      class: `box box-${node.role}${node.role === "effect" ? ` box-${view.severity}` : ""}`,
      role: "button",
      tabindex: 0,
      "aria-label": `${node.title} ${place}, ${ROLE_WORDS[node.role]}, ${node.file}${contexts === "" ? "" : `, in ${contexts}`}`,
      "data-id": node.id,
    },
    svg("rect", { x, y, width, height, rx: node.role === "effect" ? 14 : 5, class: "box-frame" }),
    // The blanks keep the words of the drawn lines apart for readers.
    ...lines.flatMap((line, i) => [
      svg("text", { x: x + width / 2, y: y + 19 + i * 16, class: "box-title", "text-anchor": "middle" }, line),
      " ",
    ]),
    svg(
      "text",
      { x: x + width / 2, y: y + 19 + lines.length * 16 - 2, class: "box-place", "text-anchor": "middle" },
      place,
    ),
    ...stripes,
  );
  group.addEventListener("click", () => actions.reveal(node));
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    actions.reveal(node);
  });
  return group;
}

/** Arrow keys go to the next box in that direction. */
function moveFocus(picture: SVGSVGElement, event: KeyboardEvent): void {
  const direction = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  const from = document.activeElement?.closest(".box");
  if (direction === undefined || from == null) return;
  const [dx = 0, dy = 0] = direction;
  const middle = (element: Element): { x: number; y: number } => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  const start = middle(from);
  let best: { readonly element: SVGGElement; readonly far: number } | null = null;
  for (const element of picture.querySelectorAll<SVGGElement>(".box")) {
    const { x, y } = middle(element);
    const along = (x - start.x) * dx + (y - start.y) * dy;
    if (along < 8) continue;
    const across = Math.abs((x - start.x) * dy) + Math.abs((y - start.y) * dx);
    const far = along + 2 * across;
    if (best === null || far < best.far) best = { element, far };
  }
  if (best === null) return;
  event.preventDefault();
  best.element.focus();
  best.element.scrollIntoView({ block: "nearest", inline: "nearest" });
}
