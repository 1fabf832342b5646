/** The table of designs as the panel shows it. */
import type { DesignCell, DesignRun, DesignTable } from "../core/extract/filesystem/design-table.ts";
import type { DesignCellView, DesignsView } from "../protocol/simulator-view.ts";

export function designsView(table: DesignTable): DesignsView {
  return {
    filesystem: table.filesystem,
    questions: table.questions.map(({ id, title }) => ({ name: id, about: title })),
    rows: table.designs.map(({ title, origin, cells, obligations }) => ({
      title,
      origin,
      cells: cells.map(cellView),
      obligations,
    })),
    assumptions: table.assumptions,
  };
}

function cellView({ model, run, obligation, note }: DesignCell): DesignCellView {
  if (run === undefined) {
    // Said of a design without a worker; anything else is something that was not found.
    const text = note === "nothing is handed on" ? "-" : "?";
    return { text, kind: "none", about: note ?? "" };
  }
  const opens = model === undefined ? {} : { model };
  if (run.verdict !== "holds") {
    const text = run.verdict === "violated" ? (run.invariant ?? "violated") : "bounded";
    return { text, kind: run.verdict, about: aboutRun(run), ...opens, lacking: false };
  }
  if (obligation === undefined) return { text: "holds", kind: "holds", about: aboutRun(run), ...opens, lacking: false };
  const { text: needed, without } = obligation;
  const about = `Holds if ${needed}. Without: ${aboutRun(without)}`;
  return { text: `holds, or ${without.invariant ?? "violated"}`, kind: "needs", about, ...opens, lacking: true };
}

function aboutRun({ verdict, invariant, message, steps, states }: DesignRun): string {
  const count = `${states} ${states === 1 ? "state" : "states"}`;
  if (verdict !== "violated") return `${verdict}: ${count}`;
  return `${invariant ?? ""} violated in ${steps ?? "?"} steps: ${message ?? ""}`;
}
