/**
 * The trace: a list of rows over the lanes' picture. Only the rows in view (and a few beside them) exist as elements, so
 * that two thousand steps scroll as easily as twenty.
 */
import type { ModelView, Run, TraceRow } from "../../../server/src/protocol/simulator-view.ts";
import { h, hiddenText } from "../dom.ts";
import type { PanelState } from "../panel-state.ts";
import { isBad } from "../parts/run-end.ts";
import { describeRow } from "./describe-row.ts";
import { drawLanes, rowY } from "./draw.ts";
import { type LaneLayout, layoutLanes, NUMBER_WIDTH } from "./geometry.ts";

/** Rows come and go in portions, so that a small scroll draws nothing anew; one more portion exists on each side. */
const PORTION = 12;

/** Length of each thread's longest text. */
function labelLengths(model: ModelView, run: Run): number[] {
  const longest = model.threads.map(() => 0);
  for (const row of run.rows) longest[row.thread] = Math.max(longest[row.thread] ?? 0, row.label.length);
  // Nothing happened yet: every thread may still take a step.
  return run.rows.length === 0 ? longest.map(() => 1) : longest;
}

export interface TraceListEvents {
  /** The user went to state `at`. */
  go(at: number): void;
  /** The user wants to see a step's source line. */
  reveal(row: TraceRow): void;
}

export class TraceList {
  readonly element: HTMLElement;
  private readonly scroller: HTMLElement;
  private readonly heads: HTMLElement;
  private readonly spacer: HTMLElement;
  private readonly picture: HTMLElement;
  private readonly items = new Map<number, HTMLElement>();
  private readonly state: PanelState;
  private readonly events: TraceListEvents;
  private layout: LaneLayout | undefined;
  private shown: Run | undefined;
  private drawn = "";
  private scheduled = false;

  constructor(state: PanelState, events: TraceListEvents) {
    this.state = state;
    this.events = events;
    this.heads = h("div", { class: "lane-heads", attributes: { "aria-hidden": "true" } });
    this.picture = h("div", { class: "picture-place" });
    this.spacer = h("div", { class: "rows", attributes: { role: "presentation" } }, this.picture);
    this.scroller = h(
      "div",
      {
        class: "scroller",
        id: "trace",
        attributes: {
          role: "listbox",
          tabindex: 0,
          "aria-label": "Steps of the trace",
          "aria-describedby": "trace-help",
        },
        on: { scroll: () => this.schedule() },
      },
      this.heads,
      this.spacer,
    );
    this.spacer.addEventListener("click", (event) => this.clicked(event));
    this.element = this.scroller;
    new ResizeObserver(() => {
      this.layout = undefined;
      this.render();
    }).observe(this.scroller);
  }

  focus(): void {
    this.scroller.focus({ preventScroll: true });
  }

  /** Draws anew; rows scroll into view when the present state changed. */
  render(): void {
    const { model, run, geometry } = this.state;
    if (!model || !run || !geometry) {
      this.clear();
      return;
    }
    if (this.shown !== run || !this.layout) {
      const fresh = this.shown !== run;
      this.shown = run;
      const width = this.scroller.clientWidth;
      this.layout = layoutLanes(labelLengths(model, run), width, geometry.widest, run.loopStart !== undefined);
      this.clear();
      this.heads.replaceChildren(...this.laneHeads(model, this.layout));
      this.heads.style.width = `${this.layout.width}px`;
      this.spacer.style.width = `${this.layout.width}px`;
      this.spacer.style.height = `${(run.rows.length + 1) * this.layout.rowHeight + 12}px`;
      this.scroller.dataset.mode = this.layout.mode;
      if (fresh && this.state.at === 0) this.scroller.scrollTop = 0;
    }
    this.keepInView();
    this.drawWindow(true);
  }

  private clear(): void {
    for (const item of this.items.values()) item.remove();
    this.items.clear();
    this.picture.replaceChildren();
    this.drawn = "";
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.drawWindow(false);
    });
  }

  private headHeight(): number {
    return this.heads.offsetHeight;
  }

  /** Scrolls just enough that the present row and its neighbours are visible. */
  private keepInView(): void {
    if (!this.layout) return;
    const height = this.layout.rowHeight;
    const top = this.state.at * height;
    const room = this.scroller.clientHeight - this.headHeight();
    const margin = Math.min(2 * height, Math.max(0, (room - height) / 2));
    if (top - margin < this.scroller.scrollTop) this.scroller.scrollTop = Math.max(0, top - margin);
    else if (top + height + margin > this.scroller.scrollTop + room) {
      this.scroller.scrollTop = top + height + margin - room;
    }
  }

  private drawWindow(changed: boolean): void {
    const { model, run, geometry, at } = this.state;
    const layout = this.layout;
    if (!model || !run || !geometry || !layout) return;
    const count = run.rows.length + 1;
    const top = this.scroller.scrollTop / layout.rowHeight;
    const bottom = (this.scroller.scrollTop + this.scroller.clientHeight) / layout.rowHeight;
    const first = Math.max(0, Math.floor(top / PORTION) * PORTION - PORTION);
    const last = Math.min(count, Math.ceil(bottom / PORTION) * PORTION + PORTION);
    const drawn = `${first}-${last}`;
    if (!changed && drawn === this.drawn) return;
    this.drawn = drawn;
    for (const [index, item] of this.items) {
      if (index < first || index >= last) {
        item.remove();
        this.items.delete(index);
      }
    }
    for (let index = first; index < last; index++) {
      let item = this.items.get(index);
      if (!item) {
        item = this.makeItem(model, run, layout, index);
        this.items.set(index, item);
        this.spacer.append(item);
      }
      const now = index === at;
      item.setAttribute("aria-selected", String(now));
      item.classList.toggle("now", now);
      item.classList.toggle("future", index > at);
    }
    // Order in the document follows the order of the rows, whatever direction they came in from.
    if (!changed) this.sortItems();
    this.picture.replaceChildren(drawLanes(model, run, geometry, layout, { first, last }, at));
    this.picture.style.transform = `translateY(${first * layout.rowHeight}px)`;
    if (this.items.has(at)) this.scroller.setAttribute("aria-activedescendant", `row-${at}`);
    else this.scroller.removeAttribute("aria-activedescendant");
  }

  private sortItems(): void {
    const ordered = [...this.items].sort(([a], [b]) => a - b);
    let place: Element = this.picture;
    for (const [, item] of ordered) {
      if (place.nextElementSibling !== item) place.after(item);
      place = item;
    }
  }

  private makeItem(model: ModelView, run: Run, layout: LaneLayout, index: number): HTMLElement {
    const row = index === 0 ? undefined : run.rows[index - 1];
    const words = row ? describeRow(model, row, index - 1) : "Initial state";
    const item = h("div", {
      class: "row",
      id: `row-${index}`,
      attributes: {
        role: "option",
        "aria-setsize": run.rows.length + 1,
        "aria-posinset": index + 1,
        "aria-selected": "false",
        "data-index": index,
      },
    });
    item.style.top = `${index * layout.rowHeight}px`;
    item.style.height = `${layout.rowHeight}px`;
    // Readers get one sentence; the pieces of the picture would not make one.
    const hide = { "aria-hidden": "true" };
    item.append(
      hiddenText(words),
      h("span", { class: "row-number", attributes: hide }, index === 0 ? "" : String(index)),
    );
    if (!row) {
      const start = h("span", { class: "row-text row-start", attributes: hide }, "initial state");
      start.style.left = `${layout.mode === "wide" ? (layout.lanes[0] ?? NUMBER_WIDTH) + 12 : layout.textStart}px`;
      item.append(start);
      return item;
    }
    const text = h("span", { class: row.spurious ? "row-text row-spurious" : "row-text", attributes: hide });
    const lane = layout.lanes[row.thread] ?? layout.textStart;
    if (layout.mode === "wide") {
      text.style.left = `${lane + 12}px`;
      // A step's text may run on over the lanes to its right, where nothing happens in this row; arrows pass below it.
      text.style.maxWidth = `${layout.width - lane - 24}px`;
    } else {
      text.style.left = `${layout.textStart}px`;
      text.style.maxWidth = `${layout.width - layout.textStart - 12}px`;
      text.append(h("span", { class: "sign" }, model.threads[row.thread]?.sign ?? "?"));
    }
    text.title = words;
    text.append(h("code", { class: "row-label" }, row.label));
    if (row.spurious) text.append(h("span", { class: "row-note" }, "spurious"));
    const { end } = run;
    if (index === run.rows.length && isBad(end)) {
      text.append(h("span", { class: "row-note row-note-bad" }, `✖ ${end.invariant ?? "stuck"}`));
    }
    if (row.lostWake) text.append(h("span", { class: "row-note row-note-lost" }, "wakes nobody"));
    if (row.source) {
      item.classList.add("has-source");
      text.append(h("span", { class: "row-source" }, `${row.source.file.replace(/^.*\//, "")}:${row.source.line}`));
    }
    item.append(text);
    return item;
  }

  private laneHeads(model: ModelView, layout: LaneLayout): HTMLElement[] {
    return model.threads.map((thread, index) => {
      const context = thread.context.join(" ");
      const head = h(
        "div",
        { class: "lane-head", title: [thread.name, context, thread.about].filter(Boolean).join("\n") },
        h("span", { class: "sign" }, thread.sign),
      );
      if (layout.mode === "wide") {
        head.append(
          h(
            "span",
            { class: "lane-words" },
            h("span", { class: "lane-name" }, thread.name),
            h("span", { class: "lane-context" }, ...thread.context.map((word) => h("span", { class: "tag" }, word))),
          ),
        );
      }
      head.style.left = `${(layout.lanes[index] ?? 0) - 11}px`;
      if (layout.mode === "wide") head.style.maxWidth = `${(layout.laneWidths[index] ?? 0) - 24}px`;
      return head;
    });
  }

  private clicked(event: MouseEvent): void {
    const target = event.target;
    if (!(target instanceof Element)) return;
    const item = target.closest<HTMLElement>("[data-index]");
    if (!item) return;
    const index = Number(item.dataset.index);
    this.events.go(index);
    const row = index > 0 ? this.state.run?.rows[index - 1] : undefined;
    if (row?.source) this.events.reveal(row);
  }

  /** Where row `row` is on the screen, for tests and popovers. */
  positionOf(row: number): number {
    return this.layout ? rowY(this.layout, row) - this.scroller.scrollTop : 0;
  }
}
