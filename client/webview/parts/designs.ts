/** The table of designs: a row for each design, a column for each question; a cell opens its model. */
import type { DesignCellView, DesignsView } from "../../../server/src/protocol/simulator-view.ts";
import { button, h } from "../dom.ts";
import { openDialog } from "./dialogs.ts";

const SIGNS: Readonly<Record<DesignCellView["kind"], string>> = {
  holds: "✔",
  needs: "✔",
  violated: "✖",
  bounded: "…",
  none: "",
};

export function openDesigns(
  { filesystem, questions, rows, assumptions }: DesignsView,
  open: (model: string, lacking: boolean) => void,
): HTMLDialogElement {
  const cell = ({ text, kind, about, model, lacking }: DesignCellView): HTMLElement => {
    const words = `${SIGNS[kind]} ${text}`.trim();
    if (model === undefined) return h("td", { class: `design-${kind}`, title: about }, words);
    const opens = button(
      words,
      () => {
        dialog.close();
        open(model, lacking === true);
      },
      { class: "design-cell", title: about },
    );
    return h("td", { class: `design-${kind}` }, opens);
  };
  const table = h(
    "table",
    { class: "designs" },
    h("caption", { class: "hidden-text" }, `Designs of inode eviction for ${filesystem}`),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { attributes: { scope: "col" } }, "Design"),
        ...questions.map(({ name, about }) => h("th", { attributes: { scope: "col" }, title: about }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      ...rows.map((row) =>
        h(
          "tr",
          {},
          h(
            "th",
            { attributes: { scope: "row" } },
            row.title,
            h("span", { class: "design-origin" }, row.origin),
            row.obligations.length > 0 &&
              h("ul", { class: "design-obligations" }, ...row.obligations.map((words) => h("li", {}, words))),
          ),
          ...row.cells.map(cell),
        ),
      ),
    ),
  );
  const dialog = openDialog(
    `Designs for ${filesystem}`,
    "dialog-designs",
    h(
      "p",
      { class: "aside" },
      "On this filesystem's own steps. A cell opens its model; “holds, or X”: with what stands under the design, without it X is violated.",
    ),
    table,
    ...(assumptions.length === 0
      ? []
      : [h("h3", {}, "What it takes for granted"), h("ul", {}, ...assumptions.map((words) => h("li", {}, words)))]),
  );
  dialog.querySelector<HTMLElement>(".design-cell")?.focus();
  return dialog;
}
