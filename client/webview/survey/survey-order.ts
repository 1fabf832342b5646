/** Which rows the survey shows, and in which order. No DOM. */
import type { SurveyCell, SurveyRow, SurveyView } from "../../../server/src/protocol/views.ts";

export interface SurveyOrder {
  /** A column's id, or `filesystem`. */
  readonly sort: string;
  readonly descending: boolean;
  /** Words that must stand in the row, in any order. */
  readonly filter: string;
  readonly onlyFindings: boolean;
}

export const FIRST_ORDER: SurveyOrder = { sort: "findings", descending: true, filter: "", onlyFindings: false };

const WEIGHT: Readonly<Record<SurveyCell["state"], number>> = {
  reclaim: 4,
  outside: 3,
  doubtful: 2,
  value: 1,
  none: 0,
};
const SEVERITY = { error: 1_000_000, warning: 1000, information: 1 } as const;

export function rowsInOrder(view: SurveyView, order: SurveyOrder): readonly SurveyRow[] {
  const words = order.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const findings = view.columns.findIndex(({ id }) => id === "findings");
  const rows = view.rows.filter(
    (row) =>
      words.every((word) => textOf(row).includes(word)) &&
      (!order.onlyFindings || (row.cells[findings]?.findings.length ?? 0) > 0),
  );
  const column = view.columns.findIndex(({ id }) => id === order.sort);
  const sign = order.descending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const first = column < 0 ? 0 : sign * compareCells(a.cells[column], b.cells[column]);
    if (first !== 0) return first;
    const byName = compare(a.filesystem, b.filesystem) || compare(a.table, b.table);
    return column < 0 ? sign * byName : byName;
  });
}

function textOf(row: SurveyRow): string {
  return `${row.filesystem} ${row.table} ${row.cells.map(({ text }) => text).join(" ")}`.toLowerCase();
}

function compareCells(a: SurveyCell | undefined, b: SurveyCell | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return severityOf(a) - severityOf(b) || WEIGHT[a.state] - WEIGHT[b.state] || compare(a.text, b.text);
}

function severityOf(cell: SurveyCell): number {
  return cell.findings.reduce((sum, { severity }) => sum + SEVERITY[severity], 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
