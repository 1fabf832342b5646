/** The matrix as a grid: one stop for the Tab key, arrows inside it, Enter for the evidence. */
import type { SurveyCell, SurveyColumn, SurveyRow, SurveyView } from "../../../server/src/protocol/views.ts";
import { h, hiddenText } from "../dom.ts";
import type { SurveyOrder } from "./survey-order.ts";

export interface TableActions {
  readonly sortBy: (column: string) => void;
  /** A null column is the filesystem's own cell. */
  readonly open: (row: SurveyRow, column: SurveyColumn | null) => void;
}

const SIGNS: Readonly<Record<SurveyCell["state"], string>> = {
  reclaim: "●",
  outside: "○",
  doubtful: "?",
  none: "–",
  value: "",
};

export function keyOf(row: SurveyRow): string {
  return `${row.filesystem} ${row.table}`;
}

export class SurveyTable {
  readonly element = h("div", { class: "table-frame" });
  readonly #actions: TableActions;
  /** Cells by line (0 is the head) and column, for the arrow keys. */
  #cells: HTMLElement[][] = [];
  #at = { line: 0, column: 0 };

  constructor(actions: TableActions) {
    this.#actions = actions;
  }

  draw(view: SurveyView, rows: readonly SurveyRow[], order: SurveyOrder, selected: string): void {
    const hadFocus = this.element.contains(document.activeElement);
    const { scrollTop, scrollLeft } = this.element;
    const head = this.#head(view, order);
    const body = rows.map((row) => this.#row(view, row, selected));
    this.#cells = [head.cells, ...body.map(({ cells }) => cells)];
    const table = h(
      "table",
      {
        class: "matrix",
        attributes: {
          role: "grid",
          "aria-label": `Survey of ${view.name}`,
          "aria-rowcount": rows.length + 1,
          "aria-readonly": "true",
        },
        on: { keydown: (event) => this.#key(event), focusin: (event) => this.#focused(event) },
      },
      h("thead", {}, head.element),
      h("tbody", {}, ...body.map(({ element }) => element)),
    );
    this.element.replaceChildren(table);
    this.element.scrollTop = scrollTop;
    this.element.scrollLeft = scrollLeft;
    this.#at = {
      line: Math.min(this.#at.line, this.#cells.length - 1),
      column: Math.min(this.#at.column, head.cells.length - 1),
    };
    const current = this.#cells[this.#at.line]?.[this.#at.column];
    if (current !== undefined) {
      current.tabIndex = 0;
      if (hadFocus) current.focus({ preventScroll: true });
    }
  }

  focus(): void {
    this.#cells[this.#at.line]?.[this.#at.column]?.focus();
  }

  #head(view: SurveyView, order: SurveyOrder): { element: HTMLElement; cells: HTMLElement[] } {
    const columns = [
      { id: "filesystem", title: "Filesystem", hint: "By name, with the table of methods" },
      ...view.columns,
    ];
    const cells: HTMLElement[] = [];
    const headers = columns.map(({ id, title, hint }) => {
      const sorted = order.sort === id;
      const control = h(
        "button",
        {
          class: "column-button",
          title: `${hint}. Sort by it.`,
          key: `head ${id}`,
          attributes: { type: "button", tabindex: -1 },
          on: { click: () => this.#actions.sortBy(id) },
        },
        h("span", {}, title),
        h(
          "span",
          { class: "arrow", attributes: { "aria-hidden": "true" } },
          sorted ? (order.descending ? "▼" : "▲") : "",
        ),
      );
      cells.push(control);
      return h(
        "th",
        {
          class: id === "filesystem" ? "name-column" : `column-${id}`,
          attributes: {
            scope: "col",
            role: "columnheader",
            "aria-sort": sorted ? (order.descending ? "descending" : "ascending") : "none",
          },
        },
        control,
      );
    });
    return { element: h("tr", { attributes: { role: "row" } }, ...headers), cells };
  }

  #row(view: SurveyView, row: SurveyRow, selected: string): { element: HTMLElement; cells: HTMLElement[] } {
    const key = keyOf(row);
    const slash = row.filesystem.lastIndexOf("/");
    const name = h(
      "button",
      {
        class: "cell-button name-button",
        title: `${row.filesystem}, ${row.table}`,
        key: `${key} name`,
        attributes: { type: "button", tabindex: -1 },
        on: { click: () => this.#actions.open(row, null) },
      },
      h(
        "span",
        { class: "name" },
        h("span", { class: "muted" }, row.filesystem.slice(0, slash + 1)),
        row.filesystem.slice(slash + 1),
      ),
      h("span", { class: "table-name" }, row.table),
    );
    const cells: HTMLElement[] = [name];
    const boxes = row.cells.map((cell, i) => {
      const column = view.columns[i];
      const chosen = selected === `${key} ${column?.id}`;
      const control = h(
        "button",
        {
          class: `cell-button state-${cell.state}${severityClass(cell)}`,
          key: `${key} ${column?.id}`,
          ...(column === undefined ? {} : { title: column.hint }),
          attributes: { type: "button", tabindex: -1, "aria-current": chosen ? "true" : undefined },
          on: { click: () => column !== undefined && this.#actions.open(row, column) },
        },
        SIGNS[cell.state] !== "" &&
          h("span", { class: "state-sign", attributes: { "aria-hidden": "true" } }, SIGNS[cell.state]),
        h("span", { class: cell.state === "none" ? "hidden-text" : "cell-text" }, cell.text),
        cell.findings.length > 0 && column?.id !== "findings" && this.#number(cell),
      );
      cells.push(control);
      return h("td", { class: `column-${column?.id}`, attributes: { role: "gridcell" } }, control);
    });
    const header = h("th", { class: "name-column", attributes: { scope: "row", role: "rowheader" } }, name);
    return { element: h("tr", { attributes: { role: "row" } }, header, ...boxes), cells };
  }

  #number(cell: SurveyCell): HTMLElement {
    const { length } = cell.findings;
    return h("span", { class: "number" }, String(length), hiddenText(length === 1 ? " finding" : " findings"));
  }

  #focused(event: FocusEvent): void {
    for (const [line, cells] of this.#cells.entries()) {
      const column = cells.indexOf(event.target as HTMLElement);
      if (column < 0) continue;
      const before = this.#cells[this.#at.line]?.[this.#at.column];
      if (before !== undefined) before.tabIndex = -1;
      cells[column]!.tabIndex = 0;
      this.#at = { line, column };
      return;
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return;
    const { line, column } = this.#at;
    const last = { line: this.#cells.length - 1, column: (this.#cells[0]?.length ?? 1) - 1 };
    const page = Math.max(1, Math.floor(this.element.clientHeight / 36) - 2);
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [line - 1, column],
      ArrowDown: [line + 1, column],
      ArrowLeft: [line, column - 1],
      ArrowRight: [line, column + 1],
      Home: event.ctrlKey ? [0, 0] : [line, 0],
      End: event.ctrlKey ? [last.line, last.column] : [line, last.column],
      PageUp: [line - page, column],
      PageDown: [line + page, column],
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = this.#cells[clamp(to[0], last.line)]?.[clamp(to[1], last.column)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

function severityClass(cell: SurveyCell): string {
  const worst = (["error", "warning", "information"] as const).find((severity) =>
    cell.findings.some((finding) => finding.severity === severity),
  );
  return worst === undefined ? "" : ` severity-${worst}`;
}
