/** What stands behind a cell: the way to the line, and the findings. */
import type { SurveyCell, SurveyColumn, SurveyRow } from "../../../server/src/protocol/views.ts";
import { button, h, redraw } from "../dom.ts";
import { placeButton } from "../views/notices.ts";

export interface EvidenceActions {
  readonly reveal: (file: string, line: number) => void;
  readonly showChain: (finding: string) => void;
  readonly simulate: (finding: string) => void;
  readonly close: () => void;
}

const SEVERITY_SIGNS = { error: "✖", warning: "▲", information: "ⓘ" } as const;
const STATE_WORDS = {
  reclaim: "yes, and a task in reclaim gets there",
  outside: "yes, but not in reclaim: the task's flags keep it away",
  doubtful: "perhaps",
  none: "no",
  value: "",
} as const;

export function drawEvidence(
  pane: HTMLElement,
  row: SurveyRow,
  column: SurveyColumn | undefined,
  cell: SurveyCell | undefined,
  actions: EvidenceActions,
): void {
  const place = placeButton(row.file, row.line, actions.reveal);
  const title = h(
    "h2",
    { id: "evidence-title" },
    column === undefined ? row.filesystem : `${row.filesystem}: ${column.title}`,
  );
  const head = h(
    "div",
    { class: "evidence-head" },
    title,
    h("span", { class: "spring" }),
    button("Close", actions.close, { class: "link-button", keys: "Escape" }),
  );
  if (column === undefined || cell === undefined) {
    redraw(pane, head, h("p", {}, h("code", {}, row.table), " stands in ", place));
    return;
  }
  const words = STATE_WORDS[cell.state];
  redraw(
    pane,
    head,
    h("p", { class: "evidence-hint" }, `${column.hint}: ${words === "" ? cell.text : words}.`),
    cell.evidence !== undefined && evidenceList(cell.evidence, actions),
    cell.evidence === undefined &&
      cell.findings.length === 0 &&
      h(
        "p",
        { class: "muted" },
        "Nothing was found. Calls that could not be resolved are in the log, by ",
        h("em", {}, "Show What Is Indexed"),
        ".",
      ),
    cell.findings.length > 0 && findingList(cell, actions),
  );
}

function evidenceList(evidence: NonNullable<SurveyCell["evidence"]>, actions: EvidenceActions): HTMLElement {
  const steps = evidence.way.map((step) =>
    h("li", {}, h("code", {}, `${step.function}()`), " ", placeButton(step.file, step.line, actions.reveal)),
  );
  return h(
    "section",
    { attributes: { "aria-label": "Evidence" } },
    h("p", { class: "evidence-what" }, evidence.what),
    evidence.doubt !== undefined && h("p", { class: "evidence-doubt" }, `Doubtful: ${evidence.doubt}.`),
    h("ol", { class: "way" }, ...steps),
  );
}

function findingList({ findings }: SurveyCell, actions: EvidenceActions): HTMLElement {
  const items = findings.map(({ id, rule, severity, message }) =>
    h(
      "li",
      { class: `finding finding-${severity}` },
      h("span", { class: "severity", attributes: { "aria-hidden": "true" } }, SEVERITY_SIGNS[severity]),
      h(
        "div",
        { class: "finding-words" },
        h("span", { class: "finding-rule" }, `${severity}: ${rule}`),
        h("span", {}, message),
        h(
          "span",
          { class: "finding-actions" },
          button("Show call chain", () => actions.showChain(id), { class: "link-button", key: `chain ${id}` }),
          button("Simulate", () => actions.simulate(id), { class: "link-button", key: `simulate ${id}` }),
        ),
      ),
    ),
  );
  return h(
    "section",
    { attributes: { "aria-labelledby": "findings-title" } },
    h("h3", { id: "findings-title" }, findings.length === 1 ? "One finding" : `${findings.length} findings`),
    h("ul", { class: "findings" }, ...items),
  );
}
