/**
 * The state beside the trace: the hash chain with its slots, the slots that are not on it, locks, memory, queues,
 * transactions. What the present step changed is marked and shows what was there before.
 */
import type {
  LockView,
  NamedValue,
  QueueView,
  SlotView,
  StateView,
  VariableGroupView,
} from "../../../server/src/protocol/simulator-view.ts";
import { h, hiddenText, redraw } from "../dom.ts";
import type { PanelState } from "../panel-state.ts";
import { find, mark, valueView } from "./changed.ts";
import { slotCard } from "./slot-card.ts";

const GROUPS: Readonly<Record<VariableGroupView["group"], string>> = {
  memory: "Memory",
  disk: "Disk",
  transaction: "Transactions",
  superblock: "Superblock",
  other: "Counters and flags",
};

/** A gauge is drawn for page counts up to this; larger ones are numbers only. */
const GAUGE_LIMIT = 16;

function section(title: string, changed: boolean, ...children: (Node | string | false | undefined)[]): HTMLElement {
  return h("section", { class: "state-section" }, h("h3", {}, mark(changed), title), ...children);
}

function chain(state: StateView, before: StateView | undefined): HTMLElement {
  const old = (slot: SlotView) => before?.slots.find((other) => other.index === slot.index);
  const hashed = state.hashChain
    .map((name) => state.slots.find((slot) => slot.name === name))
    .filter((slot): slot is SlotView => slot !== undefined);
  const loose = state.slots.filter((slot) => !hashed.includes(slot));
  return section(
    "Inode hash",
    state.hashChainChanged,
    h(
      "div",
      { class: `chain${state.hashChainChanged ? " changed" : ""}` },
      h("span", { class: "bucket", title: "the hash bucket" }, "bucket"),
      ...hashed.flatMap((slot) => [
        h("span", { class: "link", attributes: { "aria-hidden": "true" } }),
        slotCard(slot, old(slot)),
      ]),
      h("span", { class: "link", attributes: { "aria-hidden": "true" } }),
      h("span", { class: "chain-end" }, hashed.length === 0 ? "empty" : "end"),
    ),
    loose.length > 0 && h("h4", {}, "Not in the hash"),
    loose.length > 0 && h("div", { class: "loose" }, ...loose.map((slot) => slotCard(slot, old(slot)))),
  );
}

function locks(panel: PanelState, state: StateView): HTMLElement | undefined {
  const sign = (thread: number) =>
    h(
      "span",
      { class: "sign", title: panel.model?.threads[thread]?.name ?? "" },
      panel.model?.threads[thread]?.sign ?? "?",
      hiddenText(` (${panel.model?.threads[thread]?.name ?? ""})`),
    );
  const readers = state.threads.filter((thread) => thread.rcuReader);
  if (state.locks.length === 0 && readers.length === 0) return undefined;
  const item = (lock: LockView, index: number) =>
    h(
      "li",
      { class: `lock${lock.changed ? " changed" : ""}${lock.holder === null ? " lock-idle" : ""}` },
      h("span", { class: `swatch lock-${index % 6}${lock.kind === "sleep" ? " swatch-sleep" : ""}` }),
      mark(lock.changed),
      h("span", { class: "lock-name", title: lock.kind === "spin" ? "spin lock" : "sleeping lock" }, lock.name),
      lock.holder === null
        ? h("span", { class: "nothing" }, "free")
        : h("span", { class: "lock-by" }, "held by ", sign(lock.holder)),
      // Where a run ended by a violation, a thread may stand before a lock that is free.
      lock.holder !== null &&
        lock.waiters.length > 0 &&
        h("span", { class: "lock-by" }, "waiting ", ...lock.waiters.map(sign)),
    );
  return section(
    "Locks",
    state.locks.some((lock) => lock.changed),
    h(
      "ul",
      { class: "locks" },
      ...state.locks.map(item),
      readers.length > 0 &&
        h(
          "li",
          { class: "lock" },
          h("span", { class: `swatch lock-${state.locks.length % 6} swatch-rcu` }),
          h("span", { class: "lock-name" }, "RCU read side"),
          h("span", { class: "lock-by" }, ...readers.map((thread) => sign(thread.index))),
        ),
    ),
  );
}

function gauge(value: NamedValue, before: NamedValue | undefined): HTMLElement {
  const pages = Number(value.value);
  const drawn = Number.isInteger(pages) && pages >= 0 && pages <= GAUGE_LIMIT;
  const old = Number(before?.value);
  const room = drawn ? Math.max(pages, Number.isInteger(old) ? Math.min(old, GAUGE_LIMIT) : 0) : 0;
  return h(
    "div",
    { class: "gauge" },
    valueView(value, before),
    drawn &&
      h(
        "span",
        { class: "pages", attributes: { "aria-hidden": "true" } },
        ...Array.from({ length: room }, (_, i) => h("span", { class: i < pages ? "page" : "page page-gone" })),
        room === 0 && h("span", { class: "page page-none" }),
      ),
  );
}

function group(view: VariableGroupView, before: StateView | undefined): HTMLElement {
  const old = before?.groups.find((other) => other.group === view.group)?.variables;
  const draw = view.group === "memory" ? gauge : valueView;
  return section(
    GROUPS[view.group],
    view.variables.some((value) => value.changed),
    h("div", { class: "values" }, ...view.variables.map((value) => draw(value, find(old, value.name)))),
  );
}

function queue(view: QueueView): HTMLElement {
  return h(
    "div",
    { class: `queue${view.changed ? " changed" : ""}` },
    mark(view.changed),
    h("span", { class: "value-name" }, view.name),
    h(
      "span",
      { class: "queue-items" },
      ...(view.items.length === 0 ? [h("span", { class: "nothing" }, "empty")] : []),
      ...view.items.map((item) => h("span", { class: "box" }, item)),
    ),
  );
}

function threads(panel: PanelState, state: StateView, before: StateView | undefined): HTMLElement | undefined {
  const shown = state.threads.filter((thread) => thread.locals.length > 0);
  if (shown.length === 0) return undefined;
  return section(
    "Thread locals",
    shown.some((thread) => thread.locals.some((local) => local.changed)),
    h(
      "div",
      { class: "values" },
      ...shown.map((thread) =>
        h(
          "span",
          { class: "locals" },
          h("span", { class: "sign", title: thread.name }, panel.model?.threads[thread.index]?.sign ?? "?"),
          ...thread.locals.map((local) => valueView(local, find(before?.threads[thread.index]?.locals, local.name))),
        ),
      ),
    ),
  );
}

/** Draws the state the panel stands at into `container`. */
export function drawState(container: HTMLElement, panel: PanelState): void {
  const state = panel.current;
  if (!state) {
    redraw(container, h("p", { class: "nothing" }, panel.model ? "Fetching this state…" : "No model is open."));
    return;
  }
  const before = panel.previous;
  redraw(
    container,
    h("h2", { class: "state-title" }, panel.at === 0 ? "Initial state" : `After step ${panel.at}`),
    ...state.violations.map((broken) =>
      h(
        "p",
        { class: `broken${broken.artefact ? " broken-artefact" : ""}`, attributes: { role: "note" } },
        h("b", {}, broken.artefact ? "model bound" : broken.invariant),
        ` ${broken.message}`,
      ),
    ),
    state.slots.length > 0 && chain(state, before),
    locks(panel, state),
    ...state.groups.filter((view) => view.group === "memory").map((view) => group(view, before)),
    state.queues.length > 0 &&
      section(
        "Queues",
        state.queues.some((view) => view.changed),
        ...state.queues.map(queue),
      ),
    ...state.groups.filter((view) => view.group !== "memory").map((view) => group(view, before)),
    threads(panel, state, before),
  );
}
