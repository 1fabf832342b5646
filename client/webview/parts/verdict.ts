/** The verdict with its numbers, live counts while exploring, and the toggles that it belongs to. */
import type { ToggleInfo, ToggleValue, VerdictView } from "../../../server/src/protocol/simulator-view.ts";
import { button, h, hiddenText, redraw } from "../dom.ts";
import type { PanelState } from "../panel-state.ts";

const SIGNS: Readonly<Record<VerdictView["verdict"], string>> = {
  violated: "✖",
  holds: "✔",
  bounded: "◐",
  cancelled: "■",
};

const PHASES = { search: "searching", shorten: "looking for a shorter trace", lasso: "looking for loops" } as const;

export function count(n: number): string {
  return n.toLocaleString("en-US");
}

function counted(n: number, what: string): string {
  return `${count(n)} ${what}${n === 1 ? "" : "s"}`;
}

/** One sentence for the live region. */
export function verdictSentence(verdict: VerdictView): string {
  const name = verdict.verdict === "violated" ? `violated: ${verdict.invariant ?? ""}` : verdict.verdict;
  return `Verdict ${name}. ${verdict.message} ${counted(verdict.states, "state")}.`;
}

export interface VerdictEvents {
  explore(): void;
  cancel(): void;
  show(kind: "counterexample" | "passing" | "start"): void;
  toggle(name: string, value: ToggleValue): void;
  resetToggles(): void;
}

function exploreWords(verdict: VerdictView | undefined): string {
  if (!verdict || verdict.verdict === "cancelled") return "Explore all";
  return verdict.verdict === "bounded" ? "Explore further" : "Explore again";
}

function badge(panel: PanelState): HTMLElement {
  const { verdict, exploring } = panel;
  if (exploring) return h("span", { class: "badge badge-running" }, h("span", { class: "spinner" }), "exploring");
  if (!verdict) return h("span", { class: "badge badge-none" }, "not explored");
  return h(
    "span",
    { class: `badge badge-${verdict.verdict}` },
    h("span", { class: "badge-sign", attributes: { "aria-hidden": "true" } }, SIGNS[verdict.verdict]),
    verdict.verdict,
    verdict.invariant !== undefined && h("span", { class: "badge-invariant" }, verdict.invariant),
  );
}

function words(panel: PanelState): HTMLElement {
  const { verdict, exploring } = panel;
  if (exploring) {
    return h(
      "span",
      { class: "counts", attributes: { "data-live": "progress" } },
      `${PHASES[exploring.phase]}: `,
      h("b", {}, count(exploring.states)),
      " states, ",
      h("b", {}, count(exploring.transitions)),
      " transitions, ",
      h("b", {}, count(exploring.frontier)),
      " waiting",
    );
  }
  if (!verdict) return h("span", { class: "counts" }, "Explore all interleavings to get the verdict.");
  const seconds =
    verdict.elapsedMs < 1000 ? `${Math.round(verdict.elapsedMs)} ms` : `${(verdict.elapsedMs / 1000).toFixed(1)} s`;
  return h(
    "span",
    { class: "counts" },
    h("span", { class: "verdict-message" }, verdict.message),
    h(
      "span",
      { class: "figures" },
      `${counted(verdict.states, "state")}, ${counted(verdict.transitions, "transition")}, ${seconds}`,
    ),
    verdict.verdict === "holds" &&
      verdict.assumptions.length > 0 &&
      h(
        "span",
        { class: "figures", title: verdict.assumptions.join("\n") },
        `under ${verdict.assumptions.length} assumption${verdict.assumptions.length === 1 ? "" : "s"}`,
        hiddenText(`: ${verdict.assumptions.join(" ")}`),
      ),
    verdict.limit !== undefined && h("span", { class: "figures" }, verdict.limit),
    verdict.asExpected !== undefined &&
      h(
        "span",
        { class: verdict.asExpected ? "expected" : "expected unexpected" },
        verdict.asExpected ? "as the catalogue expects" : `the catalogue expects ${verdict.expected ?? ""}`,
      ),
  );
}

export function drawVerdict(container: HTMLElement, panel: PanelState, events: VerdictEvents): void {
  if (!panel.model) {
    redraw(container);
    return;
  }
  const { verdict, exploring, run } = panel;
  redraw(
    container,
    badge(panel),
    words(panel),
    h(
      "span",
      { class: "verdict-actions" },
      exploring
        ? button("Cancel", events.cancel, { class: "secondary", key: "explore", keys: "Escape" })
        : button(exploreWords(verdict), events.explore, {
            class: "primary",
            key: "explore",
            keys: "E",
          }),
      button("Failing run", () => events.show("counterexample"), {
        class: "secondary",
        key: "show-counterexample",
        keys: "F",
        disabled: verdict?.verdict !== "violated",
        attributes: { "aria-pressed": run?.kind === "counterexample" ? "true" : "false" },
      }),
      button("Passing run", () => events.show("passing"), {
        class: "secondary",
        key: "show-passing",
        keys: "P",
        attributes: { "aria-pressed": run?.kind === "passing" ? "true" : "false" },
      }),
      button("By hand", () => events.show("start"), {
        class: "secondary",
        key: "show-start",
        keys: "H",
        title: "start from the initial state and choose every step",
        attributes: { "aria-pressed": run?.kind === "start" || run?.kind === "manual" ? "true" : "false" },
      }),
    ),
  );
}

function toggleView(toggle: ToggleInfo, events: VerdictEvents): HTMLElement {
  const changed = toggle.value !== toggle.standard;
  const label = h("span", { class: "toggle-label", title: toggle.about ?? toggle.label }, toggle.label);
  const name = h("code", { class: "toggle-name" }, toggle.name);
  const on = toggle.values.find((value) => value === true || value === "on");
  const off = toggle.values.find((value) => value === false || value === "off");
  if (toggle.values.length === 2 && on !== undefined && off !== undefined) {
    const isOn = toggle.value === on;
    return button(
      [
        h("span", { class: "switch", attributes: { "aria-hidden": "true" } }),
        h("span", { class: "switch-word" }, isOn ? "on" : "off"),
        name,
        label,
      ],
      () => events.toggle(toggle.name, isOn ? off : on),
      {
        class: `toggle${changed ? " toggle-changed" : ""}`,
        key: `toggle-${toggle.name}`,
        title: toggle.about ?? toggle.label,
        attributes: { role: "switch", "aria-checked": String(isOn), "aria-label": `${toggle.name}: ${toggle.label}` },
      },
    );
  }
  const select = h(
    "select",
    {
      key: `toggle-${toggle.name}`,
      attributes: { "aria-label": `${toggle.name}: ${toggle.label}` },
      on: {
        change: (event) => {
          const value = toggle.values[(event.target as HTMLSelectElement).selectedIndex];
          if (value !== undefined) events.toggle(toggle.name, value);
        },
      },
    },
    ...toggle.values.map((value) => h("option", { attributes: { selected: value === toggle.value } }, String(value))),
  );
  return h("span", { class: `toggle${changed ? " toggle-changed" : ""}` }, name, select, label);
}

export function drawToggles(container: HTMLElement, panel: PanelState, events: VerdictEvents): void {
  const toggles = panel.model?.toggles ?? [];
  container.hidden = toggles.length === 0;
  if (toggles.length === 0) return;
  redraw(
    container,
    ...toggles.map((toggle) => toggleView(toggle, events)),
    toggles.some((toggle) => toggle.value !== toggle.standard) &&
      button("Reset", events.resetToggles, { class: "link-button", key: "toggle-reset" }),
  );
}
