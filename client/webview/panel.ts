/** Puts the panel together: receives views, sends requests, redraws what changed. */
import type { HostMessage } from "../../server/src/protocol/simulator.ts";
import { SIMULATOR_PROTOCOL } from "../../server/src/protocol/simulator.ts";
import type { ExportFormat, ToggleValue, TraceRow } from "../../server/src/protocol/simulator-view.ts";
import type { PanelPort } from "./bridge.ts";
import { button, h, redraw } from "./dom.ts";
import { describeRow, traceLines } from "./lanes/describe-row.ts";
import { TraceList } from "./lanes/trace-list.ts";
import { PanelState, readMemory, SPEEDS } from "./panel-state.ts";
import { drawChooser, transitionsInOrder } from "./parts/chooser.ts";
import { openDesigns } from "./parts/designs.ts";
import { openCatalogue, openHelp, openPaste, openText } from "./parts/dialogs.ts";
import { drawHeader } from "./parts/header.ts";
import { drawEnd, endSentence } from "./parts/run-end.ts";
import { type Command, commandOf } from "./parts/shortcuts.ts";
import { Transport } from "./parts/transport.ts";
import { drawToggles, drawVerdict, type VerdictEvents, verdictSentence } from "./parts/verdict.ts";
import { drawState } from "./state/state-view.ts";

/** Steps that "run on" takes at most at once. */
const RUN_ON = 2000;

export class Panel {
  private readonly state = new PanelState();
  private readonly port: PanelPort;
  private readonly header = h("div", { class: "header" });
  private readonly verdict = h("div", { class: "verdict", attributes: { role: "group", "aria-label": "Verdict" } });
  private readonly toggles = h("div", {
    class: "toggles",
    attributes: { role: "group", "aria-label": "Fixes and variants" },
  });
  private readonly problem = h("div", { class: "problem", attributes: { role: "alert" } });
  private readonly end = h("div", { class: "run-end" });
  private readonly chooser = h("section", { class: "chooser", attributes: { "aria-label": "Who goes next" } });
  private readonly side = h("aside", { class: "state", attributes: { "aria-label": "State", tabindex: 0 } });
  private readonly live = h("div", { class: "hidden-text", attributes: { role: "status", "aria-live": "polite" } });
  private readonly list: TraceList;
  private readonly transport: Transport;
  private readonly asked = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private verdictEvents: VerdictEvents;

  constructor(root: HTMLElement, port: PanelPort) {
    this.port = port;
    this.verdictEvents = {
      explore: () => this.explore(),
      cancel: () => port.post({ t: "cancel" }),
      show: (kind) => port.post({ t: "show", kind }),
      toggle: (name: string, value: ToggleValue) => port.post({ t: "toggle", name, value }),
      resetToggles: () => port.post({ t: "resetToggles" }),
    };
    this.list = new TraceList(this.state, { go: (at) => this.go(at), reveal: (row) => this.reveal(row) });
    this.transport = new Transport(this.state, {
      go: (at) => this.go(at),
      forward: () => this.forward(),
      play: (on) => this.play(on),
      speed: (value) => this.setSpeed(value),
      extend: () => this.extend(),
    });
    root.classList.add("simulator");
    root.replaceChildren(
      h("header", { class: "top" }, this.header, this.problem, this.verdict, this.toggles),
      h(
        "main",
        { class: "main" },
        h(
          "section",
          { class: "trace", attributes: { "aria-label": "Trace" } },
          h(
            "p",
            { class: "hidden-text", id: "trace-help" },
            "Arrow keys step through the trace, number keys choose who goes next, question mark lists all keys.",
          ),
          this.list.element,
          h("div", { class: "trace-foot" }, this.end, this.transport.element),
          this.chooser,
        ),
        this.side,
      ),
      this.live,
    );
    document.addEventListener("keydown", (event) => this.key(event));
    port.listen(
      (message) => this.receive(message),
      (error) => this.fail(`A message from the host was not understood: ${error}`),
    );
    this.renderAll();
    const restore = readMemory(port.getState());
    port.post({ t: "ready", protocol: SIMULATOR_PROTOCOL, ...(restore ? { restore } : {}) });
  }

  private receive(message: HostMessage): void {
    const { state } = this;
    switch (message.t) {
      case "catalogue":
        state.catalogue = message.items;
        state.designs = message.designs === true;
        if (message.protocol !== SIMULATOR_PROTOCOL)
          this.fail("The panel and its host are of different versions; reload the window.");
        this.renderHeader();
        if (message.choose && !state.model) this.catalogue();
        break;
      case "designs":
        this.say("");
        openDesigns(message.designs, (model, lacking) => this.port.post({ t: "openDesign", model, lacking }));
        break;
      case "model": {
        const other = state.model?.id !== message.model.id;
        state.model = message.model;
        state.error = undefined;
        if (other) {
          state.run = undefined;
          state.geometry = undefined;
          state.verdict = undefined;
          state.exploring = undefined;
          state.states.clear();
          this.stop();
        }
        this.renderAll();
        break;
      }
      case "run":
        if (!state.model) break;
        this.stop();
        this.asked.clear();
        state.error = undefined;
        state.setRun(message.run, message.at);
        this.renderAll();
        this.remember();
        this.say(endSentence(message.run));
        break;
      case "states":
        if (message.run !== state.run?.id) break;
        message.states.forEach((view, i) => {
          state.states.set(message.from + i, view);
        });
        this.renderState();
        break;
      case "progress":
        state.exploring = message;
        drawVerdict(this.verdict, state, this.verdictEvents);
        break;
      case "verdict":
        state.exploring = undefined;
        state.verdict = message.verdict;
        drawVerdict(this.verdict, state, this.verdictEvents);
        this.say(verdictSentence(message.verdict));
        break;
      case "noVerdict":
        state.exploring = undefined;
        state.verdict = undefined;
        drawVerdict(this.verdict, state, this.verdictEvents);
        break;
      case "exported":
        this.port.post({ t: "save", name: message.name, text: message.text });
        break;
      case "done":
        this.say(message.message);
        break;
      case "error":
        this.fail(message.message);
        break;
    }
  }

  private renderAll(): void {
    this.renderHeader();
    drawVerdict(this.verdict, this.state, this.verdictEvents);
    drawToggles(this.toggles, this.state, this.verdictEvents);
    this.renderProblem();
    this.renderPlace();
  }

  private renderHeader(): void {
    drawHeader(this.header, this.state, {
      catalogue: () => this.catalogue(),
      designs: () => {
        this.say("Comparing designs");
        this.port.post({ t: "designs" });
      },
      copyTrace: () => this.copy(this.state.run?.traceString ?? ""),
      pasteTrace: () => this.paste(),
      text: () => this.text(),
      export: (format) => this.export(format),
      help: () => openHelp(),
    });
  }

  private renderProblem(): void {
    const { error } = this.state;
    this.problem.hidden = error === undefined;
    if (error === undefined) redraw(this.problem);
    else {
      redraw(
        this.problem,
        h("span", { class: "problem-words" }, error),
        button("✕", () => this.fail(undefined), { class: "icon", label: "Close this message", key: "close-problem" }),
      );
    }
  }

  /** Everything that depends on the place in the run. */
  private renderPlace(): void {
    this.list.render();
    this.transport.render();
    drawEnd(this.end, this.state, (at) => this.go(at));
    this.askForStates();
    this.renderState();
  }

  private renderState(): void {
    drawState(this.side, this.state);
    drawChooser(this.chooser, this.state, (index) => this.choose(index));
  }

  private askForStates(): void {
    const { run } = this.state;
    const missing = this.state.missing();
    if (!run || !missing) return;
    const key = `${missing.from}-${missing.to}`;
    if (this.asked.has(key)) return;
    this.asked.add(key);
    this.port.post({ t: "states", run: run.id, ...missing });
  }

  private go(at: number): void {
    const { run } = this.state;
    const wanted = Math.max(0, Math.min(this.state.length, at));
    if (!run || wanted === this.state.at) return;
    this.state.at = wanted;
    this.renderPlace();
    this.remember();
    const row = wanted > 0 ? run.rows[wanted - 1] : undefined;
    // While playing, a reader would be flooded; the list's active option tells the rest.
    if (!this.state.playing && this.state.model && document.activeElement?.id !== "trace") {
      this.say(row ? describeRow(this.state.model, row, wanted - 1) : "Initial state");
    }
  }

  private forward(): void {
    const next = this.state.next();
    if (next === undefined) return;
    if (next <= this.state.at) this.state.turns++;
    this.go(next);
  }

  private play(on: boolean): void {
    if (!on) {
      this.stop();
      this.transport.render();
      return;
    }
    if (!this.state.run) return;
    if (this.state.next() === undefined) this.go(0);
    this.state.playing = true;
    this.transport.render();
    this.tick();
  }

  private tick(): void {
    this.timer = setTimeout(() => {
      if (!this.state.playing) return;
      this.forward();
      if (this.state.next() === undefined) this.play(false);
      else this.tick();
    }, 1000 / this.state.speed);
  }

  private stop(): void {
    this.state.playing = false;
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
  }

  private setSpeed(value: number): void {
    this.state.speed = value;
    this.transport.render();
  }

  private choose(index: number): void {
    const { run, at } = this.state;
    if (!run) return;
    const taken = this.state.current?.enabled.find((transition) => transition.index === index);
    const row = run.rows[at];
    const follows = row && taken && row.thread === taken.threadIndex && row.label === taken.label;
    const alone = this.state.current?.enabled.filter((other) => other.threadIndex === taken?.threadIndex).length === 1;
    // The trace's own next step: go along it rather than throw its end away.
    if (follows && alone) this.forward();
    else this.port.post({ t: "choose", run: run.id, at, index });
  }

  private extend(): void {
    const { run, at } = this.state;
    if (run) this.port.post({ t: "extend", run: run.id, at, steps: RUN_ON });
  }

  private explore(): void {
    if (!this.state.model || this.state.exploring) return;
    // Further than the limit that was met; the host has a limit of bytes besides.
    const { verdict } = this.state;
    const further =
      verdict?.verdict === "bounded" && verdict.states >= 1_000_000 ? { maxStates: verdict.states * 4 } : {};
    this.state.exploring = { phase: "search", states: 0, transitions: 0, frontier: 0 };
    drawVerdict(this.verdict, this.state, this.verdictEvents);
    this.port.post({ t: "explore", ...further });
  }

  private reveal(row: TraceRow): void {
    if (row.source) this.port.post({ t: "reveal", file: row.source.file, line: row.source.line });
  }

  private catalogue(): void {
    openCatalogue(this.state.catalogue, this.state.model?.id, (id) => this.port.post({ t: "open", id }));
  }

  private paste(): void {
    openPaste((text) => this.port.post({ t: "openTrace", text }));
  }

  private text(): void {
    const { model, run } = this.state;
    if (model && run) openText(traceLines(model, run.rows, endSentence(run), run.loopStart), (text) => this.copy(text));
  }

  private copy(text: string): void {
    if (text !== "") this.port.post({ t: "copy", text });
  }

  private export(format: ExportFormat): void {
    const { run } = this.state;
    if (run) this.port.post({ t: "export", format, run: run.id });
  }

  private fail(message: string | undefined): void {
    this.state.error = message;
    this.state.exploring = undefined;
    this.renderProblem();
    drawVerdict(this.verdict, this.state, this.verdictEvents);
  }

  private say(words: string): void {
    this.live.textContent = words;
  }

  private remember(): void {
    const memory = this.state.memory();
    if (memory) this.port.setState(memory);
  }

  private key(event: KeyboardEvent): void {
    const command = commandOf(event);
    if (command === undefined) return;
    event.preventDefault();
    this.command(command, event.key);
  }

  private command(command: Command, key: string): void {
    const { state } = this;
    const actions: Readonly<Record<Command, () => void>> = {
      forward: () => this.forward(),
      back: () => this.go(state.at - 1),
      forwardPage: () => this.go(state.at + 10),
      backPage: () => this.go(state.at - 10),
      first: () => this.go(0),
      last: () => this.go(state.length),
      play: () => this.play(!state.playing),
      faster: () => this.setSpeed(SPEEDS.find((value) => value > state.speed) ?? state.speed),
      slower: () => this.setSpeed(SPEEDS.findLast((value) => value < state.speed) ?? state.speed),
      choose: () => {
        const transition = state.current && transitionsInOrder(state.current)[Number(key) - 1];
        if (transition) this.choose(transition.index);
      },
      extend: () => this.extend(),
      explore: () => this.explore(),
      cancel: () => {
        if (state.exploring) this.port.post({ t: "cancel" });
        this.play(false);
      },
      failing: () => {
        if (state.verdict?.verdict === "violated") this.verdictEvents.show("counterexample");
      },
      passing: () => this.verdictEvents.show("passing"),
      byHand: () => this.verdictEvents.show("start"),
      loop: () => {
        if (state.run?.loopStart !== undefined) this.go(state.run.loopStart + 1);
      },
      reveal: () => {
        const row = state.run?.rows[state.at - 1];
        if (row) this.reveal(row);
      },
      catalogue: () => this.catalogue(),
      copy: () => this.copy(state.run?.traceString ?? ""),
      paste: () => this.paste(),
      text: () => this.text(),
      exports: () => {
        const menu = document.querySelector<HTMLDetailsElement>("#exports");
        if (!menu) return;
        menu.open = true;
        menu.querySelector<HTMLElement>(".menu-item")?.focus();
      },
      help: () => openHelp(),
    };
    actions[command]();
  }
}
