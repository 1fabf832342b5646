/** The call chain's page: the picture, the same in words, and the ways on from here. */
import type { ChainMemory, ViewHostMessage } from "../../../server/src/protocol/view-messages.ts";
import { type CallChainView, CONTEXT_WORDS } from "../../../server/src/protocol/views.ts";
import { button, h } from "../dom.ts";
import { emptyPage, Notices, placeButton } from "../views/notices.ts";
import type { ViewPort } from "../views/view-port.ts";
import { drawPicture, type Picture } from "./chain-picture.ts";
import { chainToText, waysOf } from "./chain-words.ts";
import { contextIndex } from "./contexts.ts";

const TITLE = "Call chain";
const SCALES = [0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2] as const;
const SEVERITY_SIGNS = { error: "✖", warning: "▲", information: "ⓘ" } as const;

export class ChainPage {
  readonly #root: HTMLElement;
  readonly #port: ViewPort;
  readonly #notices = new Notices();
  #picture: Picture | null = null;
  #frame: HTMLElement | null = null;
  #scale = 1;

  constructor(root: HTMLElement, port: ViewPort) {
    this.#root = root;
    this.#port = port;
    root.replaceChildren(emptyPage(TITLE, "Waiting for the review of a kernel tree."));
    port.listen(
      (message) => this.#receive(message),
      (error) => this.#notices.say(`Not understood: ${error}`),
    );
    port.post({ t: "ready" });
  }

  #receive(message: ViewHostMessage): void {
    switch (message.t) {
      case "chain": {
        const memory: ChainMemory = { root: message.view.root, finding: message.view.finding };
        this.#port.setState(memory);
        this.#draw(message.view);
        return;
      }
      case "empty":
        this.#root.replaceChildren(emptyPage(TITLE, message.message));
        return;
      case "told":
        this.#notices.say(message.message);
        return;
      case "survey":
        return;
    }
  }

  #draw(view: CallChainView): void {
    const { scrollTop = 0, scrollLeft = 0 } = this.#frame ?? {};
    const first = this.#frame === null;
    const focused = document.activeElement?.getAttribute("data-id");
    this.#picture = drawPicture(view, { reveal: ({ file, line }) => this.#reveal(file, line) });
    this.#frame = h("div", {
      class: "picture-frame",
      attributes: { tabindex: 0, role: "region", "aria-label": "Picture of the chain" },
    });
    this.#frame.append(this.#picture.element);
    this.#root.replaceChildren(
      h(
        "main",
        { class: "chain" },
        this.#head(view),
        this.#frame,
        this.#words(view),
        h("footer", { class: "bottom" }, this.#notices.element),
      ),
    );
    if (first) this.#fit();
    else this.#zoomTo(this.#scale);
    this.#frame.scrollTop = scrollTop;
    this.#frame.scrollLeft = scrollLeft;
    if (focused) this.#frame.querySelector<SVGGElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  #head(view: CallChainView): HTMLElement {
    const facts = [
      h("span", {}, view.filesystem),
      view.table !== "" && h("code", {}, `${view.table}.${view.operation}`),
      view.confidence !== "high" && h("span", {}, `confidence ${view.confidence}`),
    ];
    return h(
      "header",
      { class: "top" },
      h(
        "div",
        { class: `title-line finding-${view.severity}` },
        h("span", { class: "severity", attributes: { "aria-hidden": "true" } }, SEVERITY_SIGNS[view.severity]),
        h("h1", {}, view.rule),
        h("span", { class: "tag" }, view.severity),
        ...facts,
      ),
      h("p", { class: "point" }, view.message),
      view.conditions.length > 0 &&
        h("p", { class: "conditions" }, "When ", ...joined(view.conditions.map((text) => h("code", {}, text)))),
      h(
        "div",
        { class: "tools", attributes: { role: "toolbar", "aria-label": "Picture and exports" } },
        this.#legend(view),
        h("span", { class: "spring" }),
        button("−", () => this.#zoom(-1), { class: "icon", label: "Smaller" }),
        button("+", () => this.#zoom(1), { class: "icon", label: "Larger" }),
        button("Fit", () => this.#fit(), { label: "Fit the width" }),
        button("Copy as text", () => this.#port.post({ t: "copy", text: chainToText(view) })),
        button("Simulate", () => this.#port.post({ t: "simulate", finding: view.finding }), { class: "primary" }),
      ),
    );
  }

  #legend(view: CallChainView): HTMLElement {
    const items = view.contexts.map((context) =>
      h(
        "li",
        {},
        h("span", { class: `context-chip context-${contextIndex(context)}`, attributes: { "aria-hidden": "true" } }),
        CONTEXT_WORDS[context],
        view.withoutWay.includes(context) && h("span", { class: "muted" }, " (no way drawn)"),
      ),
    );
    const more =
      view.moreWays > 0 &&
      h("li", { class: "muted" }, `and ${view.moreWays} more way${view.moreWays === 1 ? "" : "s"} in`);
    return h("ul", { class: "legend", attributes: { "aria-label": "Contexts" } }, ...items, more);
  }

  #words(view: CallChainView): HTMLElement {
    const reveal = (file: string, line: number): void => this.#reveal(file, line);
    const ways = waysOf(view).map(({ title, steps }) =>
      h(
        "section",
        { class: "way-in-words" },
        h("h2", {}, title),
        h(
          "ol",
          { class: "way" },
          ...steps.map(({ node, note }) =>
            h(
              "li",
              {},
              h("code", {}, node.title),
              " ",
              placeButton(node.file, node.line, reveal),
              note !== "" && h("span", { class: "muted" }, ` ${note}`),
            ),
          ),
        ),
      ),
    );
    const others =
      view.others.length > 0 &&
      h(
        "section",
        { class: "way-in-words" },
        h("h2", {}, "The same call also leads to"),
        h(
          "ul",
          { class: "way" },
          ...view.others.map((end) =>
            h("li", {}, h("code", {}, `${end.function}()`), `: ${end.what} `, placeButton(end.file, end.line, reveal)),
          ),
        ),
      );
    return h(
      "details",
      { class: "words" },
      h("summary", {}, `In words${othersWords(view.others.length)}`),
      h("div", { class: "ways" }, ...ways, others),
    );
  }

  #reveal(file: string, line: number): void {
    this.#port.post({ t: "reveal", file, line });
  }

  /** As wide as the frame, but never larger than life: the picture is taller than the frame anyway. */
  #fit(): void {
    const { clientWidth = 0 } = this.#frame ?? {};
    const width = this.#picture?.width ?? 1;
    this.#zoomTo(Math.max(SCALES[0], Math.min(1, (clientWidth - 4) / width)));
  }

  #zoom(by: number): void {
    const next =
      by > 0
        ? SCALES.find((scale) => scale > this.#scale + 0.01)
        : SCALES.findLast((scale) => scale < this.#scale - 0.01);
    if (next !== undefined) this.#zoomTo(next);
  }

  #zoomTo(scale: number): void {
    this.#scale = scale;
    const { element, width, height } = this.#picture ?? {};
    element?.setAttribute("width", String(Math.round((width ?? 0) * scale)));
    element?.setAttribute("height", String(Math.round((height ?? 0) * scale)));
  }
}

function joined(items: readonly HTMLElement[]): (HTMLElement | string)[] {
  return items.flatMap((item, i) => (i === 0 ? [item] : [" and ", item]));
}

function othersWords(count: number): string {
  return count === 0 ? "" : count === 1 ? ", with another end" : `, with ${count} other ends`;
}
