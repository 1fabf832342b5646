/** "Who goes next?": a card for each thread with the step it would take, or why it can't. */
import type { StateView, ThreadView, TransitionView } from "../../../server/src/protocol/simulator-view.ts";
import { button, h, hiddenText, redraw } from "../dom.ts";
import type { PanelState } from "../panel-state.ts";

const STANDING: Readonly<Record<ThreadView["status"], string>> = {
  enabled: "can go on",
  blocked: "blocked",
  asleep: "asleep",
  idle: "nothing to do",
  finished: "has finished",
};

/** Number keys choose among these, in this order. */
export function transitionsInOrder(state: StateView): readonly TransitionView[] {
  return [...state.enabled].sort((a, b) => a.threadIndex - b.threadIndex || a.alternative - b.alternative);
}

/** Invariants whose violation is that somebody waits in vain. */
const ABOUT_WAITING: readonly string[] = ["PROG", "WAKE", "RECL"];

/** A violation ends a run; a deadlock is one, too, but there everybody's reason is what matters. */
function endsRun(state: StateView): boolean {
  const unfinished = state.threads.filter((thread) => thread.status !== "finished" && !thread.daemon);
  const stuck = unfinished.every((thread) => thread.reason !== undefined);
  return state.violations.some(({ invariant }) => !stuck || !ABOUT_WAITING.includes(invariant));
}

export function drawChooser(container: HTMLElement, panel: PanelState, choose: (index: number) => void): void {
  const state = panel.current;
  if (!state || !panel.model) {
    redraw(container);
    return;
  }
  const order = transitionsInOrder(state);
  const taken = panel.run?.rows[panel.at];
  if (order.length === 0 && endsRun(state)) {
    const names = [...new Set(state.violations.map((broken) => broken.invariant))].join(", ");
    redraw(
      container,
      h("h2", {}, "The run ends here", h("span", { class: "aside" }, `${names}: what would follow means nothing.`)),
    );
    return;
  }
  if (order.length === 0 && state.threads.every((thread) => thread.status === "finished" || thread.daemon)) {
    redraw(container, h("h2", {}, "Every thread has finished"));
    return;
  }
  const byItself = order.some((transition) => !transition.spurious);
  const cards = state.threads.map((thread) => {
    const steps = order.filter((transition) => transition.threadIndex === thread.index);
    const goesNext = taken?.thread === thread.index;
    const sign = h("span", { class: "sign" }, panel.model?.threads[thread.index]?.sign ?? "?");
    const head = h(
      "span",
      { class: "choice-head" },
      sign,
      h("span", { class: "choice-name" }, thread.name),
      h(
        "span",
        { class: `standing standing-${thread.status}` },
        goesNext ? "next in this trace" : STANDING[thread.status],
      ),
    );
    return h(
      "li",
      { class: `choice choice-${thread.status}${goesNext ? " choice-taken" : ""}` },
      head,
      ...steps.map((step) => {
        const key = order.indexOf(step) + 1;
        return button(
          [
            key <= 9 && h("kbd", {}, String(key)),
            h("code", {}, step.spurious ? "wakes up without a wake-up" : step.label),
            hiddenText(`, step of ${thread.name}`),
          ],
          () => choose(step.index),
          {
            class: "choice-step",
            key: `choice-${step.threadIndex}-${step.alternative}`,
            ...(key <= 9 ? { keys: String(key) } : {}),
          },
        );
      }),
      steps.length === 0 &&
        thread.status !== "finished" &&
        h(
          "p",
          { class: "why" },
          thread.next && h("code", {}, thread.next.label),
          thread.next && " ",
          thread.reason?.text ?? STANDING[thread.status],
        ),
    );
  });
  redraw(
    container,
    h(
      "h2",
      {},
      byItself ? "Who goes next?" : "Nobody can go on",
      order.length > 0 && !byItself && h("span", { class: "aside" }, "unless a sleeper wakes up without a wake-up"),
      byItself &&
        panel.at < panel.length &&
        h("span", { class: "aside" }, "another choice than the trace's starts a run of your own"),
    ),
    h("ul", { class: "choices" }, ...cards),
  );
}
