/** The survey's page: a matrix of filesystems and what their eviction does, with the evidence of each cell. */
import type { RootChoice, SurveyMemory, ViewHostMessage } from "../../../server/src/protocol/view-messages.ts";
import { readSurveyMemory } from "../../../server/src/protocol/view-messages.ts";
import type { SurveyColumn, SurveyRow, SurveyView } from "../../../server/src/protocol/views.ts";
import { button, h } from "../dom.ts";
import { emptyPage, Notices } from "../views/notices.ts";
import type { ViewPort } from "../views/view-port.ts";
import { drawEvidence } from "./evidence-pane.ts";
import { surveyToCsv, surveyToMarkdown } from "./survey-export.ts";
import { FIRST_ORDER, rowsInOrder, type SurveyOrder } from "./survey-order.ts";
import { keyOf, SurveyTable } from "./survey-table.ts";

const TITLE = "Eviction survey";
const WAITING = "Waiting for the review of a kernel tree.";

export class SurveyPage {
  readonly #root: HTMLElement;
  readonly #port: ViewPort;
  readonly #notices = new Notices();
  readonly #table: SurveyTable;
  readonly #evidence = h("aside", {
    class: "evidence",
    id: "evidence",
    attributes: { "aria-label": "Evidence", tabindex: -1 },
    on: {
      keydown: (event) => {
        if (event.key === "Escape") this.#closeEvidence();
      },
    },
  });
  #view: SurveyView | null = null;
  #roots: readonly RootChoice[] = [];
  #order: SurveyOrder = FIRST_ORDER;
  #selected: { readonly row: string; readonly column: string | null } | null = null;
  #drawn = false;

  constructor(root: HTMLElement, port: ViewPort) {
    this.#root = root;
    this.#port = port;
    this.#table = new SurveyTable({
      sortBy: (column) => this.#sortBy(column),
      open: (row, column) => this.#open(row, column),
    });
    const memory = readSurveyMemory(port.getState());
    if (memory !== undefined) this.#order = memory;
    root.replaceChildren(emptyPage(TITLE, WAITING));
    port.listen(
      (message) => this.#receive(message),
      (error) => this.#notices.say(`Not understood: ${error}`),
    );
    port.post({ t: "ready" });
  }

  #receive(message: ViewHostMessage): void {
    switch (message.t) {
      case "survey":
        this.#view = message.view;
        this.#roots = message.roots;
        this.#draw();
        this.#remember();
        return;
      case "empty":
        this.#view = null;
        this.#drawn = false;
        this.#root.replaceChildren(emptyPage(TITLE, message.message));
        return;
      case "told":
        this.#notices.say(message.message);
        return;
      case "chain":
        return;
    }
  }

  #remember(): void {
    if (this.#view === null) return;
    const { sort, descending, filter, onlyFindings } = this.#order;
    const memory: SurveyMemory = { root: this.#view.root, sort, descending, filter, onlyFindings };
    this.#port.setState(memory);
  }

  #setOrder(order: Partial<SurveyOrder>): void {
    this.#order = { ...this.#order, ...order };
    this.#remember();
    this.#drawTable();
  }

  #sortBy(column: string): void {
    const { sort, descending } = this.#order;
    // Names read from A on, what counts from the worst on.
    const first = column !== "filesystem" && column !== "cache" && column !== "drop_inode";
    this.#setOrder({ sort: column, descending: sort === column ? !descending : first });
  }

  #rows(): readonly SurveyRow[] {
    return this.#view === null ? [] : rowsInOrder(this.#view, this.#order);
  }

  #draw(): void {
    if (!this.#drawn) {
      this.#root.replaceChildren(
        h(
          "main",
          { class: "survey" },
          h("header", { class: "top", id: "top" }),
          this.#table.element,
          this.#evidence,
          h("footer", { class: "bottom" }, legend(), this.#notices.element),
        ),
      );
      this.#drawn = true;
      this.#evidence.hidden = true;
      this.#notices.say("");
    }
    this.#drawHead();
    this.#drawTable();
    this.#drawEvidence();
  }

  #drawHead(): void {
    const view = this.#view;
    const top = this.#root.querySelector("#top");
    if (view === null || top === null) return;
    const focused = (document.activeElement as HTMLElement | null)?.id ?? "";
    const version = view.kernelVersion === "" ? "" : `Linux ${view.kernelVersion}`;
    const filter = h("input", {
      id: "filter",
      class: "filter",
      attributes: {
        type: "search",
        placeholder: "Filter: fs/ext, own index, generic_delete_inode …",
        "aria-label": "Filter the rows",
        value: this.#order.filter,
      },
      on: { input: () => this.#setOrder({ filter: filter.value.slice(0, 200) }) },
    });
    const only = h("input", {
      id: "only-findings",
      attributes: { type: "checkbox", checked: this.#order.onlyFindings },
      on: { change: () => this.#setOrder({ onlyFindings: only.checked }) },
    });
    top.replaceChildren(
      h(
        "div",
        { class: "title-line" },
        h("h1", {}, TITLE),
        this.#roots.length > 1 ? this.#rootChooser(view) : h("span", { class: "tag" }, view.name),
        version !== "" && h("span", { class: "muted" }, version),
        h("span", { class: "muted", id: "row-count" }),
      ),
      h(
        "div",
        { class: "tools", attributes: { role: "toolbar", "aria-label": "Rows and exports" } },
        filter,
        h("label", { class: "check" }, only, "Only with findings"),
        h("span", { class: "spring" }),
        button("Copy as Markdown", () => this.#port.post({ t: "copy", text: this.#markdown() }), {
          id: "copy-markdown",
        }),
        button("Save as CSV…", () => this.#save("csv", surveyToCsv(view, this.#rows())), { id: "save-csv" }),
        button("Save as Markdown…", () => this.#save("md", this.#markdown()), { id: "save-markdown" }),
      ),
    );
    if (focused !== "") document.getElementById(focused)?.focus();
  }

  #rootChooser(view: SurveyView): HTMLElement {
    const select = h(
      "select",
      {
        id: "root",
        attributes: { "aria-label": "Tree" },
        on: { change: () => this.#port.post({ t: "choose", root: select.value }) },
      },
      ...this.#roots.map(({ root, name }) =>
        h("option", { attributes: { value: root, selected: root === view.root } }, name),
      ),
    );
    return select;
  }

  #markdown(): string {
    return this.#view === null ? "" : surveyToMarkdown(this.#view, this.#rows());
  }

  #save(extension: string, text: string): void {
    const { name = "tree", kernelVersion = "" } = this.#view ?? {};
    const stem = `eviction-survey-${name}${kernelVersion === "" ? "" : `-${kernelVersion}`}`;
    this.#port.post({ t: "save", name: `${stem.replaceAll(/[^\w.-]+/g, "-")}.${extension}`, text });
  }

  #drawTable(): void {
    const view = this.#view;
    if (view === null) return;
    const rows = this.#rows();
    const selected = this.#selected;
    this.#table.draw(view, rows, this.#order, selected === null ? "" : `${selected.row} ${selected.column}`);
    const count = this.#root.querySelector("#row-count");
    const all = view.rows.length;
    if (count) count.textContent = rows.length === all ? `${all} tables of methods` : `${rows.length} of ${all} tables`;
  }

  #open(row: SurveyRow, column: SurveyColumn | null): void {
    this.#selected = { row: keyOf(row), column: column?.id ?? null };
    this.#drawTable();
    this.#drawEvidence();
    this.#evidence.scrollTop = 0;
    this.#evidence.focus({ preventScroll: true });
  }

  #drawEvidence(): void {
    const row = this.#view?.rows.find((each) => keyOf(each) === this.#selected?.row);
    this.#evidence.hidden = row === undefined;
    if (row === undefined) return;
    const at = this.#view?.columns.findIndex(({ id }) => id === this.#selected?.column) ?? -1;
    drawEvidence(this.#evidence, row, this.#view?.columns[at], row.cells[at], {
      reveal: (file, line) => this.#port.post({ t: "reveal", file, line }),
      showChain: (finding) => this.#port.post({ t: "showChain", finding }),
      simulate: (finding) => this.#port.post({ t: "simulate", finding }),
      close: () => this.#closeEvidence(),
    });
  }

  #closeEvidence(): void {
    this.#selected = null;
    this.#drawTable();
    this.#drawEvidence();
    this.#table.focus();
  }
}

function legend(): HTMLElement {
  const sign = (state: string, mark: string, words: string): HTMLElement =>
    h(
      "li",
      {},
      h("span", { class: `state-sign state-${state}`, attributes: { "aria-hidden": "true" } }, mark),
      h("span", {}, words),
    );
  return h(
    "ul",
    { class: "legend", attributes: { "aria-label": "Signs" } },
    sign("reclaim", "●", "in reclaim"),
    sign("outside", "○", "not in reclaim"),
    sign("doubtful", "?", "perhaps"),
    sign("none", "–", "not found"),
    h("li", { class: "muted" }, "a number: findings · arrows move, Enter shows the evidence"),
  );
}
