/** Title, summary, and the buttons for what concerns the whole model: catalogue, trace string, exports, help. */
import type { ExportFormat } from "../../../server/src/protocol/simulator-view.ts";
import { button, h, redraw } from "../dom.ts";
import type { PanelState } from "../panel-state.ts";

export interface HeaderEvents {
  catalogue(): void;
  designs(): void;
  copyTrace(): void;
  pasteTrace(): void;
  text(): void;
  export(format: ExportFormat): void;
  help(): void;
}

const EXPORTS: readonly (readonly [ExportFormat, string])[] = [
  ["svg", "Picture (SVG)"],
  ["text", "Text for a commit message"],
  ["mermaid", "Mermaid sequence diagram"],
  ["promela", "Promela model for SPIN"],
];

function menu(events: HeaderEvents): HTMLDetailsElement {
  const details = h("details", { class: "menu", id: "exports" });
  const close = () => {
    details.open = false;
    details.querySelector("summary")?.focus();
  };
  const item = (words: string, act: () => void) =>
    h(
      "li",
      {},
      button(
        words,
        () => {
          close();
          act();
        },
        { class: "menu-item", key: words },
      ),
    );
  details.append(
    h(
      "summary",
      { key: "exports", attributes: { "aria-keyshortcuts": "X" }, title: "Copy, open and export (X)" },
      "Trace ▾",
    ),
    h(
      "ul",
      { class: "menu-list" },
      item("Copy trace string", events.copyTrace),
      item("Open a trace string…", events.pasteTrace),
      item("Show as text…", events.text),
      h("li", { class: "menu-line", attributes: { role: "separator" } }),
      ...EXPORTS.map(([format, words]) => item(`Export: ${words}`, () => events.export(format))),
    ),
  );
  details.addEventListener("keydown", (event) => {
    const buttons = [...details.querySelectorAll<HTMLElement>(".menu-item")];
    const place = buttons.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Escape" && details.open) {
      event.stopPropagation();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && details.open) {
      event.preventDefault();
      event.stopPropagation();
      const step = event.key === "ArrowDown" ? 1 : -1;
      buttons[(place + step + buttons.length) % buttons.length]?.focus();
    }
  });
  details.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !details.contains(event.relatedTarget)) details.open = false;
  });
  return details;
}

export function drawHeader(container: HTMLElement, panel: PanelState, events: HeaderEvents): void {
  const { model } = panel;
  const about =
    model &&
    h(
      "details",
      { class: "about" },
      h(
        "summary",
        { key: "about" },
        h("span", { class: "about-word" }, "About"),
        h("span", { class: "summary" }, model.summary),
      ),
      model.assumptions.length > 0 && h("h3", {}, "What it takes for granted"),
      model.assumptions.length > 0 && h("ul", {}, ...model.assumptions.map((words) => h("li", {}, words))),
      model.invariants.length > 0 && h("h3", {}, "What is checked"),
      model.invariants.length > 0 &&
        h("dl", {}, ...model.invariants.flatMap(({ id, about: words }) => [h("dt", {}, id), h("dd", {}, words)])),
      model.sources.length > 0 && h("h3", {}, "Sources"),
      model.sources.length > 0 && h("ul", {}, ...model.sources.map((words) => h("li", {}, words))),
    );
  const exports = model && menu(events);
  // What a reader has unfolded stays so when the exploration goes on meanwhile.
  const wasOpen = (selector: string): boolean => container.querySelector<HTMLDetailsElement>(selector)?.open ?? false;
  if (about) about.open = wasOpen("details.about");
  if (exports) exports.open = wasOpen("#exports");
  redraw(
    container,
    h(
      "div",
      { class: "title-line" },
      button([h("span", { class: "burger", attributes: { "aria-hidden": "true" } }, "☰"), "Races"], events.catalogue, {
        class: "secondary",
        key: "catalogue",
        keys: "/",
        title: "Catalogue of races and designs",
      }),
      h("h1", {}, model?.title ?? "Race simulator"),
      model && h("span", { class: "tag" }, model.kind),
      model && h("code", { class: "model-id" }, model.id),
      h("span", { class: "spring" }),
      panel.designs &&
        button("Designs", events.designs, {
          class: "secondary",
          key: "designs",
          title: "Compare designs of inode eviction on this filesystem's own steps",
        }),
      exports,
      button("?", events.help, { class: "icon help", label: "Keyboard and signs", keys: "?", key: "help" }),
    ),
    about,
  );
}
