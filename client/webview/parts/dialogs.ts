/** Dialogs: the catalogue with its search, help, paste a trace, the trace as text. */
import type { CatalogueItem } from "../../../server/src/protocol/simulator-view.ts";
import { button, h } from "../dom.ts";
import { SHORTCUTS } from "./shortcuts.ts";

/** Opens a modal dialog that is gone when it closes; `Escape` and a click beside it close it. */
export function openDialog(title: string, className: string, ...content: HTMLElement[]): HTMLDialogElement {
  const head = h(
    "header",
    { class: "dialog-head" },
    h("h2", { id: "dialog-title" }, title),
    button("✕", () => dialog.close(), { class: "icon", label: "Close", keys: "Escape" }),
  );
  const dialog = h(
    "dialog",
    {
      class: `dialog ${className}`,
      attributes: { "aria-labelledby": "dialog-title" },
      on: {
        click: (event) => {
          if (event.target === dialog) dialog.close();
        },
      },
    },
    h("div", { class: "dialog-body" }, head, ...content),
  );
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    // The event comes some time after the dialog has gone: the next key may have put the focus somewhere already.
    const isFree = document.activeElement === null || document.activeElement === document.body;
    if (isFree && before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Every word must occur in the entry's id, title, kind or words. Ids first, then titles, then the rest. */
export function searchCatalogue(items: readonly CatalogueItem[], query: string): readonly CatalogueItem[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  const scored = items.flatMap((item) => {
    const id = item.id.toLowerCase();
    const title = item.title.toLowerCase();
    const all = `${id} ${title} ${item.kind} ${item.words} ${item.breaks.join(" ")}`.toLowerCase();
    if (!words.every((word) => all.includes(word))) return [];
    const score = words.reduce((sum, word) => sum + (id.includes(word) ? 4 : title.includes(word) ? 2 : 0), 0);
    return [{ item, score }];
  });
  return scored.sort((a, b) => b.score - a.score).map(({ item }) => item);
}

function breaksText(item: CatalogueItem): string {
  if (item.expected === "holds") return "✔ holds";
  return item.breaks.length === 0 ? "" : `✖ ${item.breaks.join(" ")}`;
}

/** A search field over a list, driven by the keyboard as an editor's quick pick. */
export function openCatalogue(
  items: readonly CatalogueItem[],
  present: string | undefined,
  open: (id: string) => void,
): HTMLDialogElement {
  let found: readonly CatalogueItem[] = items;
  let active = Math.max(
    0,
    items.findIndex((item) => item.id === present),
  );
  const options = h("ul", {
    class: "entries",
    id: "entries",
    attributes: { role: "listbox", "aria-label": "Catalogue entries" },
  });
  const number = h("p", { class: "aside", attributes: { "aria-live": "polite" } });
  const field = h("input", {
    class: "search",
    attributes: {
      type: "text",
      role: "combobox",
      "aria-label": "Search the catalogue",
      "aria-expanded": "true",
      "aria-controls": "entries",
      "aria-autocomplete": "list",
      placeholder: "Search by name, kind, filesystem, version, invariant…",
      spellcheck: "false",
    },
    on: {
      input: () => {
        found = searchCatalogue(items, field.value);
        active = 0;
        draw();
      },
      keydown: (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
        if (step !== undefined) {
          event.preventDefault();
          active = Math.max(0, Math.min(found.length - 1, active + step));
          draw();
        } else if (event.key === "Enter") {
          event.preventDefault();
          choose(found[active]);
        }
      },
    },
  });
  const choose = (item: CatalogueItem | undefined) => {
    if (!item) return;
    dialog.close();
    open(item.id);
  };
  const draw = () => {
    number.textContent = `${found.length} of ${items.length} entries`;
    options.replaceChildren(
      ...found.map((item, index) =>
        h(
          "li",
          {
            class: `entry${index === active ? " entry-active" : ""}${item.id === present ? " entry-present" : ""}`,
            id: `entry-${index}`,
            attributes: { role: "option", "aria-selected": String(index === active) },
            on: { click: () => choose(item) },
          },
          h("span", { class: "entry-title" }, item.title),
          h("span", { class: "entry-breaks" }, breaksText(item)),
          h("span", { class: "entry-id" }, item.id),
          h("span", { class: "entry-kind" }, `${item.kind} · ${item.threads} thread${item.threads === 1 ? "" : "s"}`),
        ),
      ),
    );
    field.setAttribute("aria-activedescendant", found.length > 0 ? `entry-${active}` : "");
    options.querySelector(".entry-active")?.scrollIntoView({ block: "nearest" });
  };
  const dialog = openDialog("Races and designs", "dialog-catalogue", field, number, options);
  draw();
  field.focus();
  return dialog;
}

export function openHelp(): HTMLDialogElement {
  const legend: readonly (readonly [string, string])[] = [
    ["key-life key-ready", "the thread can go on"],
    ["key-life key-blocked", "blocked: a lock is held by somebody else, or a condition does not hold"],
    ["key-life key-asleep", "asleep on a wait queue"],
    ["key-bar", "a spin lock is held; hatched: a sleeping lock; striped: an RCU read-side section"],
    ["key-arrow", "a wake-up, or (thin) a release that lets somebody go on"],
    ["key-cross", "a wake-up that found nobody"],
  ];
  return openDialog(
    "Keyboard and signs",
    "dialog-help",
    h(
      "table",
      { class: "shortcuts" },
      h("caption", { class: "hidden-text" }, "Keyboard shortcuts"),
      h(
        "tbody",
        {},
        ...SHORTCUTS.map((shortcut) =>
          h(
            "tr",
            {},
            h(
              "th",
              { attributes: { scope: "row" } },
              ...shortcut.shown.flatMap((key, i) => [i > 0 && " ", h("kbd", {}, key)]),
            ),
            h("td", {}, shortcut.about),
          ),
        ),
      ),
    ),
    h("h3", {}, "The picture"),
    h(
      "ul",
      { class: "legend" },
      ...legend.map(([sign, words]) =>
        h("li", {}, h("span", { class: `key ${sign}`, attributes: { "aria-hidden": "true" } }), words),
      ),
    ),
    h(
      "p",
      { class: "aside" },
      "Time runs down. ◆, + and − mark what the step changed; the value before is struck through.",
    ),
  );
}

export function openPaste(open: (text: string) => void): HTMLDialogElement {
  const field = h("textarea", {
    class: "paste",
    attributes: {
      rows: 5,
      "aria-label": "Trace string",
      spellcheck: "false",
      placeholder: "Paste a trace string here",
    },
  });
  const go = () => {
    const text = field.value.trim();
    if (text === "") return;
    dialog.close();
    open(text);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      go();
    }
  });
  const dialog = openDialog(
    "Open a trace",
    "dialog-paste",
    field,
    h("p", {}, button("Open", go, { class: "primary" })),
  );
  field.focus();
  return dialog;
}

export function openText(lines: readonly string[], copy: (text: string) => void): HTMLDialogElement {
  const dialog = openDialog(
    "The trace as text",
    "dialog-text",
    h(
      "p",
      {},
      button("Copy", () => copy(lines.join("\n")), { class: "secondary" }),
    ),
    h(
      "ol",
      { class: "text-trace", attributes: { tabindex: 0, "aria-label": "Steps" } },
      ...lines.map((line) => h("li", {}, line)),
    ),
  );
  dialog.querySelector<HTMLElement>(".text-trace")?.focus();
  return dialog;
}
