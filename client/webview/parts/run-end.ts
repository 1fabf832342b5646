/** How the run ends: the violated invariant, the cycle of a deadlock, the loop of a lasso. */
import type { Run, RunEnd } from "../../../server/src/protocol/simulator-view.ts";
import { button, h, redraw } from "../dom.ts";
import type { PanelState } from "../panel-state.ts";

const SIGNS: Readonly<Record<RunEnd["kind"], string>> = {
  open: "…",
  finished: "✔",
  violated: "✖",
  deadlock: "✖",
  lasso: "↻",
  bound: "◐",
};

const RUN_NAMES: Readonly<Record<Run["kind"], string>> = {
  start: "Run by hand",
  manual: "Run by hand",
  counterexample: "Failing run",
  passing: "Passing run",
  pasted: "Pasted trace",
};

export function isBad(end: RunEnd): boolean {
  return end.kind === "violated" || end.kind === "deadlock" || end.kind === "lasso";
}

export function endSentence(run: Run): string {
  const { end } = run;
  const invariant = end.invariant === undefined ? "" : `${end.invariant}: `;
  return `${RUN_NAMES[run.kind]}, ${run.rows.length} steps. ${invariant}${end.message}`;
}

export function drawEnd(container: HTMLElement, panel: PanelState, go: (at: number) => void): void {
  const { run, model } = panel;
  if (!run || !model) {
    redraw(container);
    container.className = "run-end";
    return;
  }
  const { end } = run;
  container.className = `run-end run-end-${end.kind}`;
  const sign = (thread: number) =>
    h("span", { class: "sign", title: model.threads[thread]?.name ?? "" }, model.threads[thread]?.sign ?? "?");
  const loop = run.loopStart;
  redraw(
    container,
    h("span", { class: "run-end-sign", attributes: { "aria-hidden": "true" } }, SIGNS[end.kind]),
    h(
      "div",
      { class: "run-end-words" },
      h(
        "p",
        {},
        h("span", { class: "run-name" }, RUN_NAMES[run.kind]),
        end.invariant !== undefined && h("b", { class: "run-end-invariant" }, end.invariant),
        end.message,
      ),
      (end.waits?.length ?? 0) > 0 &&
        h(
          "ul",
          { class: "waits", attributes: { "aria-label": "Who waits for whom" } },
          ...(end.waits ?? []).map((wait) =>
            h(
              "li",
              {},
              sign(wait.thread),
              wait.holder !== undefined &&
                h("span", { class: "wait-arrow", attributes: { "aria-hidden": "true" } }, "⟶"),
              wait.holder !== undefined && sign(wait.holder),
              h("span", {}, `${model.threads[wait.thread]?.name ?? ""} ${wait.why}`),
            ),
          ),
        ),
    ),
    loop !== undefined &&
      button(`Loop from step ${loop + 1}`, () => go(loop + 1), { class: "link-button", key: "loop", keys: "L" }),
    panel.at < run.rows.length &&
      button("Go to the end", () => go(run.rows.length), { class: "link-button", key: "to-end" }),
  );
}
