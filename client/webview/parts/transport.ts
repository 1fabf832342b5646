/** Step, back, jump, play, speed. Made once and updated, so that the slider can be dragged through a run. */
import { button, h, svg } from "../dom.ts";
import { type PanelState, SPEEDS } from "../panel-state.ts";

export interface TransportEvents {
  go(at: number): void;
  forward(): void;
  play(on: boolean): void;
  speed(rowsPerSecond: number): void;
  extend(): void;
}

const ICONS = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M5 3v10l7-5z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
} as const;

function icon(name: keyof typeof ICONS): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }),
  );
}

function disable(control: HTMLElement, off: boolean): void {
  if (off) control.setAttribute("aria-disabled", "true");
  else control.removeAttribute("aria-disabled");
}

export class Transport {
  readonly element: HTMLElement;
  private readonly panel: PanelState;
  private readonly first: HTMLButtonElement;
  private readonly back: HTMLButtonElement;
  private readonly play: HTMLButtonElement;
  private readonly forward: HTMLButtonElement;
  private readonly last: HTMLButtonElement;
  private readonly run: HTMLButtonElement;
  private readonly slider: HTMLInputElement;
  private readonly position: HTMLInputElement;
  private readonly total = h("span", {}, "");
  private readonly turns = h("span", { class: "turns", title: "how often the playback went round the loop" });
  private readonly speed: HTMLSelectElement;

  constructor(panel: PanelState, events: TransportEvents) {
    this.panel = panel;
    const control = (name: keyof typeof ICONS, label: string, keys: string, act: () => void) =>
      button(icon(name), act, { class: `icon icon-${name}`, label, keys });
    this.first = control("first", "First state", "Home", () => events.go(0));
    this.back = control("back", "One step back", "ArrowUp", () => events.go(panel.at - 1));
    this.play = control("play", "Play", "Space", () => events.play(!panel.playing));
    this.forward = control("forward", "One step on", "ArrowDown", () => events.forward());
    this.last = control("last", "Last state", "End", () => events.go(panel.length));
    this.run = button("Run on", events.extend, {
      class: "secondary",
      keys: "G",
      title: "let the threads take turns from here until nobody can go on",
    });
    this.slider = h("input", {
      class: "slider",
      attributes: { type: "range", min: 0, max: 1, "aria-label": "Position in the trace" },
      on: { input: () => events.go(Number(this.slider.value)) },
    });
    this.position = h("input", {
      class: "position",
      attributes: { type: "number", min: 0, "aria-label": "Step" },
      on: {
        change: () => {
          const wanted = Number(this.position.value);
          events.go(Number.isInteger(wanted) ? Math.max(0, Math.min(panel.length, wanted)) : panel.at);
        },
      },
    });
    this.speed = h(
      "select",
      {
        title: "Steps per second (+ and -)",
        attributes: { "aria-label": "Steps per second" },
        on: {
          change: () => {
            const chosen = SPEEDS[this.speed.selectedIndex];
            if (chosen !== undefined) events.speed(chosen);
          },
        },
      },
      ...SPEEDS.map((value) => h("option", {}, `${value}/s`)),
    );
    this.element = h(
      "div",
      { class: "transport", attributes: { role: "group", "aria-label": "Playback" } },
      h("div", { class: "buttons" }, this.first, this.back, this.play, this.forward, this.last),
      this.slider,
      h("span", { class: "place" }, "step ", this.position, this.total),
      this.turns,
      this.speed,
      this.run,
    );
    this.render();
  }

  render(): void {
    const { at, length, playing, run, speed, turns } = this.panel;
    const atEnd = this.panel.next() === undefined;
    this.element.hidden = run === undefined;
    disable(this.first, at === 0);
    disable(this.back, at === 0);
    disable(this.forward, atEnd);
    disable(this.last, at === length);
    const label = playing ? "Pause" : "Play";
    if (this.play.getAttribute("aria-label") !== label) {
      this.play.setAttribute("aria-label", label);
      this.play.title = `${label} (Space)`;
      this.play.replaceChildren(icon(playing ? "pause" : "play"));
    }
    this.slider.max = String(Math.max(1, length));
    this.slider.value = String(at);
    this.slider.setAttribute("aria-valuetext", `step ${at} of ${length}`);
    this.position.max = String(length);
    if (document.activeElement !== this.position) this.position.value = String(at);
    this.total.textContent = ` of ${length}`;
    this.speed.selectedIndex = (SPEEDS as readonly number[]).indexOf(speed);
    this.turns.hidden = run?.loopStart === undefined;
    this.turns.textContent = `↻ ${turns}`;
  }
}
