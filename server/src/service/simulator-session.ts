/**
 * One open simulator panel, seen from the host: takes the panel's messages, posts answers. It knows no transport and no
 * timers; the language server, the HTML report's page and the tests bring those. Long work is cut into slices, each
 * followed by `defer`, so that a server stays responsive and a cancel arrives.
 */
import { completeToggles } from "../core/race/compile.ts";
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import type { Outcome } from "../core/race/outcome.ts";
import { createStepper, type Exploration, type Stepper, startExploration } from "../core/race/simulator.ts";
import { parseTraceString } from "../core/race/trace-string.ts";
import { checkPanelMessage, type PanelMemory, type PanelMessage, SIMULATOR_PROTOCOL } from "../protocol/simulator.ts";
import type { LockInfo, RunEnd, RunKind } from "../protocol/simulator-view.ts";
import { designsView } from "./designs-view.ts";
import { exportRun } from "./simulator-exports.ts";
import { catalogueItem, locksOf, modelView, settingsOf, verdictView, wakingLabels } from "./simulator-model-view.ts";
import type { Opening, SessionOptions, SessionPort } from "./simulator-ports.ts";
import { endOf, findPassing, RUN_LIMIT, recordRows, runOn } from "./simulator-runs.ts";

/** A second or two of work: a verdict that takes longer is worth asking for. */
const AUTOMATIC_STATES = 300_000;
/** States looked into before other work gets its turn. */
const SLICE = 4000;
/** Slices between two progress messages. */
const PROGRESS_SLICES = 2;
/** States sent in one answer. */
const STATES_AT_ONCE = 256;

export type { DesignSource, Opening, OutsideMessage, SessionOptions, SessionPort } from "./simulator-ports.ts";

interface Opened {
  readonly model: RaceModel;
  readonly settings: ToggleSettings;
  readonly locks: readonly LockInfo[];
  stepper: Stepper;
  run: number;
  runKind: RunKind;
  outcome: Outcome | undefined;
}

export class SimulatorSession {
  private readonly port: SessionPort;
  private readonly options: SessionOptions;
  private readonly models: Map<string, RaceModel>;
  private opened: Opened | undefined;
  private opening: Opening | undefined;
  private ready = false;
  private runs = 0;
  private work = 0;
  private exploration: { readonly exploration: Exploration; readonly started: number } | undefined;

  constructor(port: SessionPort, options: SessionOptions, opening?: Opening) {
    this.port = port;
    this.options = options;
    this.models = new Map(options.models.map((model) => [model.id, model]));
    this.opening = opening;
  }

  /** Takes whatever the panel sent; a message that is none is answered with an error and changes nothing. */
  receive(data: unknown): void {
    const checked = checkPanelMessage(data);
    if (!checked.ok) {
      this.port.post({ t: "error", message: `Not understood: ${checked.error}`, about: "message" });
      return;
    }
    try {
      this.handle(checked.value);
    } catch (error) {
      this.port.post({
        t: "error",
        message: error instanceof Error ? error.message : String(error),
        about: checked.value.t,
      });
    }
  }

  /** Shows something else in an open panel (a finding's simulation). Before the panel is ready, it is kept for then. */
  open(opening: Opening): void {
    if (this.ready) this.show(opening);
    else this.opening = opening;
  }

  /** Stops all work; the panel is gone. */
  dispose(): void {
    this.work++;
    this.exploration = undefined;
    this.opened = undefined;
  }

  private handle(message: PanelMessage): void {
    switch (message.t) {
      case "ready":
        this.start(message.restore);
        return;
      case "open":
        this.show({ model: message.id });
        return;
      case "designs":
        void this.compareDesigns();
        return;
      case "openDesign":
        void this.openDesign(message.model, message.lacking);
        return;
      case "openTrace":
        this.openTrace(message.text);
        return;
      case "explore":
        this.explore(message.maxStates ?? this.options.maxStates, false);
        return;
      case "cancel":
        this.cancel();
        return;
      case "copy":
      case "save":
      case "reveal":
        this.port.outside(message);
        return;
      default:
        this.handleOpened(message, this.demandOpened());
    }
  }

  private handleOpened(
    message: Extract<
      PanelMessage,
      { t: "toggle" | "resetToggles" | "choose" | "extend" | "show" | "states" | "export" }
    >,
    opened: Opened,
  ): void {
    switch (message.t) {
      case "toggle":
        this.setToggles(opened, { ...opened.settings, [message.name]: message.value });
        return;
      case "resetToggles":
        this.setToggles(opened, {});
        return;
      case "choose":
        if (message.run === opened.run) this.choose(opened, message.at, message.index);
        return;
      case "extend":
        if (message.run === opened.run) this.extend(opened, message.at, message.steps);
        return;
      case "show":
        this.showKind(opened, message.kind);
        return;
      case "states":
        if (message.run === opened.run) this.sendStates(opened, message.from, message.to);
        return;
      case "export":
        if (message.run === opened.run) {
          this.port.post({
            t: "exported",
            format: message.format,
            ...exportRun(message.format, opened.model, opened.settings, opened.stepper.trace()),
          });
        }
        return;
    }
  }

  private demandOpened(): Opened {
    if (!this.opened) throw new Error("No model is open.");
    return this.opened;
  }

  private start(restore: PanelMemory | undefined): void {
    this.ready = true;
    const opening = this.opening;
    this.opening = undefined;
    const restores = restore !== undefined && this.models.has(restore.model);
    this.port.post({
      t: "catalogue",
      items: [...this.models.values()].map(catalogueItem),
      protocol: SIMULATOR_PROTOCOL,
      choose: !restores && opening === undefined,
      ...(this.options.designs === undefined ? {} : { designs: true }),
    });
    if (restores) {
      // A reload goes on where it was, even where the panel had been opened for something else at first.
      const toggles = Object.fromEntries(restore.toggles.map(({ name, value }) => [name, value]));
      this.show({ model: restore.model, toggles, trace: restore.trace, at: restore.at });
    } else if (opening) this.show(opening);
  }

  private show(opening: Opening): void {
    const model = typeof opening.model === "string" ? this.models.get(opening.model) : opening.model;
    if (!model) {
      this.port.post({ t: "error", message: `There is no model "${String(opening.model)}".`, about: "open" });
      return;
    }
    // A model of one's own can be found again (after a reload, from a pasted trace) while the session lives.
    this.models.set(model.id, model);
    const opened = this.load(model, opening.toggles ?? {});
    if (opening.trace !== undefined && opening.trace !== "") {
      const replayed = opened.stepper.replay(opening.trace);
      if ("error" in replayed) {
        this.port.post({
          t: "error",
          message: `The trace does not fit this model: ${replayed.error}`,
          about: "openTrace",
        });
      }
      this.sendRun(opened, "error" in replayed ? "start" : "pasted", opening.at ?? opened.stepper.rows - 1);
      this.explore(this.options.automaticStates ?? AUTOMATIC_STATES, true, false);
    } else this.explore(this.options.automaticStates ?? AUTOMATIC_STATES, true);
  }

  private async compareDesigns(): Promise<void> {
    const table = await this.options.designs?.table();
    if (table != null) this.port.post({ t: "designs", designs: designsView(table) });
    else this.port.post({ t: "error", message: "No designs can be compared here.", about: "designs" });
  }

  private async openDesign(id: string, lacking: boolean): Promise<void> {
    const model = await this.options.designs?.model(id);
    if (model == null) {
      this.port.post({ t: "error", message: `There is no model "${id}" any more.`, about: "openDesign" });
      return;
    }
    this.show({ model, toggles: lacking ? { obligation: "off" } : {} });
  }

  private load(model: RaceModel, toggles: ToggleSettings): Opened {
    this.work++;
    this.exploration = undefined;
    const settings = settingsOf(model, toggles);
    const stepper = createStepper(model, settings);
    const first = stepper.reset();
    const opened: Opened = {
      model,
      settings,
      stepper,
      locks: locksOf(first),
      run: 0,
      runKind: "start",
      outcome: undefined,
    };
    this.opened = opened;
    this.port.post({ t: "model", model: modelView(model, settings, first) });
    this.port.post({ t: "noVerdict" });
    this.sendRun(opened, "start", 0);
    return opened;
  }

  private setToggles(opened: Opened, toggles: ToggleSettings): void {
    for (const [name, value] of Object.entries(toggles)) {
      const toggle = (opened.model.toggles ?? []).find((candidate) => candidate.name === name);
      if (!toggle) throw new Error(`The model has no toggle "${name}".`);
      if (!toggle.values.includes(value)) throw new Error(`"${name}" cannot be ${String(value)}.`);
    }
    this.load(opened.model, toggles);
    this.explore(this.options.automaticStates ?? AUTOMATIC_STATES, true);
  }

  private openTrace(text: string): void {
    const parsed = parseTraceString(text);
    if ("error" in parsed) throw new Error(`This is no trace: ${parsed.error}.`);
    const model = this.models.get(parsed.modelId);
    if (!model) throw new Error(`The trace is of a model "${parsed.modelId}", which is not known here.`);
    const complete = completeToggles(model, parsed.toggles);
    if ("error" in complete) throw new Error(`The trace does not fit: ${complete.error.message}.`);
    // Tried on a stepper of its own first: a trace that does not fit leaves the panel as it was.
    const replayed = createStepper(model, complete.settings).replay(text);
    if ("error" in replayed) throw new Error(`The trace does not fit: ${replayed.error}.`);
    this.show({ model, toggles: complete.settings, trace: text });
  }

  private choose(opened: Opened, at: number, index: number): void {
    const view = opened.stepper.jump(at);
    if (opened.stepper.row >= RUN_LIMIT) throw new Error(`A run has at most ${RUN_LIMIT} steps here.`);
    if (!view.enabled.some((transition) => transition.index === index))
      throw new Error("This step cannot be taken now.");
    opened.stepper.step(index);
    this.sendRun(opened, "manual", opened.stepper.row);
  }

  private extend(opened: Opened, at: number, steps: number): void {
    opened.stepper.jump(at);
    const from = opened.stepper.row;
    runOn(opened.stepper, Math.min(steps, RUN_LIMIT - from));
    this.sendRun(opened, "manual", from);
  }

  private showKind(opened: Opened, kind: "counterexample" | "passing" | "start"): void {
    if (kind === "start") {
      // A stepper keeps its record on reset; a new one has none.
      opened.stepper = createStepper(opened.model, opened.settings);
      this.sendRun(opened, "start", 0);
    } else if (kind === "counterexample") {
      if (opened.outcome?.trace === undefined) throw new Error("No failing run is known; explore first.");
      this.showOutcome(opened, opened.outcome);
    } else this.searchPassing(opened, true);
  }

  private showOutcome(opened: Opened, outcome: Outcome): void {
    const { trace } = outcome;
    if (!trace) return;
    const replayed = opened.stepper.replay(trace.traceString);
    if ("error" in replayed) throw new Error(`The counterexample could not be replayed: ${replayed.error}`);
    // At its end: there the panel shows what went wrong, with the way to it above.
    this.sendRun(opened, "counterexample", trace.steps.length, trace.loopStart);
  }

  private sendRun(opened: Opened, kind: RunKind, at: number, loopStart?: number): void {
    const { stepper, locks } = opened;
    const recorded = recordRows(stepper, locks, wakingLabels(opened.model));
    const trace = stepper.trace();
    const loop = loopStart ?? trace.loopStart;
    opened.run = ++this.runs;
    opened.runKind = kind;
    const end: RunEnd =
      loop === undefined
        ? endOf(recorded.last)
        : {
            kind: "lasso",
            invariant: trace.violation?.invariant ?? opened.outcome?.invariant ?? "PROG",
            message:
              trace.violation?.message ?? opened.outcome?.violation?.message ?? "The loop can be repeated for ever.",
          };
    this.port.post({
      t: "run",
      at: Math.min(at, recorded.rows.length),
      run: {
        id: opened.run,
        kind,
        rows: recorded.rows,
        initialStatus: recorded.initialStatus,
        ...(loop === undefined ? {} : { loopStart: loop }),
        end,
        traceString: trace.traceString,
      },
    });
  }

  private sendStates(opened: Opened, from: number, to: number): void {
    const last = Math.min(to, opened.stepper.rows - 1, from + STATES_AT_ONCE - 1);
    const place = opened.stepper.row;
    const states = [];
    for (let row = from; row <= last; row++) states.push(opened.stepper.jump(row));
    opened.stepper.jump(place);
    this.port.post({ t: "states", run: opened.run, from, states });
  }

  private explore(maxStates: number | undefined, automatic: boolean, replaceRun = true): void {
    const opened = this.demandOpened();
    const ticket = ++this.work;
    const exploration = startExploration(opened.model, {
      toggles: opened.settings,
      ...(maxStates === undefined ? {} : { maxStates }),
      ...(this.options.engine === undefined ? {} : { engine: this.options.engine }),
    });
    const started = this.port.now();
    this.exploration = { exploration, started };
    let slices = 0;
    const slice = () => {
      if (ticket !== this.work) return;
      try {
        const outcome = exploration.advance(SLICE);
        if (outcome) {
          this.exploration = undefined;
          this.finish(opened, outcome, this.port.now() - started, automatic, replaceRun);
          return;
        }
      } catch (error) {
        this.exploration = undefined;
        this.port.post({ t: "noVerdict" });
        this.port.post({
          t: "error",
          message: error instanceof Error ? error.message : String(error),
          about: "explore",
        });
        return;
      }
      if (slices++ % PROGRESS_SLICES === 0) this.postProgress(exploration);
      this.port.defer(slice);
    };
    this.postProgress(exploration);
    this.port.defer(slice);
  }

  private postProgress(exploration: Exploration): void {
    const { phase, states, transitions, frontier } = exploration.progress;
    this.port.post({ t: "progress", phase, states, transitions, frontier });
  }

  private finish(opened: Opened, outcome: Outcome, elapsedMs: number, automatic: boolean, replaceRun: boolean): void {
    opened.outcome = outcome;
    this.port.post({ t: "verdict", verdict: verdictView(opened.model, opened.settings, outcome, elapsedMs) });
    // The picture comes by itself, but never in place of a run that the user made or brought.
    if (!replaceRun || opened.runKind === "manual" || opened.runKind === "pasted") return;
    if (outcome.trace) this.showOutcome(opened, outcome);
    else if (automatic) this.searchPassing(opened, false);
  }

  private cancel(): void {
    const running = this.exploration;
    if (!running || !this.opened) {
      this.work++;
      return;
    }
    this.work++;
    this.exploration = undefined;
    const outcome = running.exploration.cancel();
    this.opened.outcome = outcome;
    this.port.post({
      t: "verdict",
      verdict: verdictView(this.opened.model, this.opened.settings, outcome, this.port.now() - running.started),
    });
  }

  private searchPassing(opened: Opened, asked: boolean): void {
    // The search walks a stepper of its own: the panel may ask for states of the present run meanwhile.
    const stepper = createStepper(opened.model, opened.settings);
    const search = findPassing(stepper);
    const slice = () => {
      if (this.opened !== opened) return;
      const turn = search.next();
      if (!turn.done) {
        this.port.defer(slice);
      } else if (turn.value) {
        opened.stepper = stepper;
        this.sendRun(opened, "passing", 0);
      } else if (asked) {
        this.port.post({ t: "error", message: "No run was found in which every thread finishes.", about: "show" });
      }
    };
    this.port.defer(slice);
  }
}
