/** Stepping through a model by hand, with every row kept so that one can go back and forth. */
import { compileModel, completeToggles } from "./compile.ts";
import { Expander, type Move, reduceProgram } from "./expander.ts";
import { ModelRejected } from "./explore.ts";
import type { RaceModel, ToggleSettings } from "./model.ts";
import { NO_REDUCTIONS } from "./outcome.ts";
import type { Program } from "./program.ts";
import type { Stepper } from "./simulator.ts";
import { locationOf } from "./state-names.ts";
import { transitionsOf, viewState } from "./state-view.ts";
import type { Trace } from "./trace.ts";
import { buildTrace } from "./trace-builder.ts";
import { parseTraceString } from "./trace-string.ts";
import type { StateView } from "./view.ts";

interface Row {
  readonly state: Int32Array;
  /** The move that led here; none for the first. */
  readonly move?: Move;
  readonly violation: number;
}

export class ModelStepper implements Stepper {
  readonly model: RaceModel;
  readonly toggles: ToggleSettings;
  readonly #program: Program;
  readonly #expander: Expander;
  #rows: Row[];
  #row = 0;
  #loopStart: number | undefined;
  #view: StateView | undefined;

  constructor(model: RaceModel, toggles: ToggleSettings = {}) {
    const complete = completeToggles(model, toggles);
    if ("error" in complete) throw new ModelRejected(complete.error.message);
    const compiled = compileModel(model, complete.settings);
    if ("errors" in compiled) throw new ModelRejected(compiled.errors[0]?.message ?? "the model is not valid");
    this.model = model;
    this.toggles = complete.settings;
    this.#program = compiled.program;
    this.#expander = new Expander(reduceProgram(compiled.program, NO_REDUCTIONS));
    this.#rows = [this.#first()];
  }

  #first(): Row {
    return { state: Int32Array.from(this.#program.initial), violation: 0 };
  }

  #moves(until: number): Move[] {
    return this.#rows.slice(1, until + 1).map((row) => row.move as Move);
  }

  get row(): number {
    return this.#row;
  }

  get rows(): number {
    return this.#rows.length;
  }

  get view(): StateView {
    if (this.#view === undefined || this.#view.row !== this.#row) {
      const row = this.#rows[this.#row] as Row;
      this.#view = viewState({
        program: this.#program,
        expander: this.#expander,
        state: row.state,
        before: this.#rows[this.#row - 1]?.state,
        movedThread: row.move?.thread,
        row: this.#row,
        moves: this.#moves(this.#row),
        stepViolation: row.violation,
      });
    }
    return this.#view;
  }

  step(index: number): StateView {
    const row = this.#rows[this.#row] as Row;
    const chosen = transitionsOf(this.#program, this.#expander, row.state, row.violation)[index];
    if (chosen === undefined) throw new RangeError(`there is no enabled step ${index} here`);
    const enabled = this.#expander.enabled(row.state, chosen.threadIndex, true);
    this.#append({ thread: chosen.threadIndex, transition: enabled[chosen.alternative] as number });
    return this.view;
  }

  #append(move: Move): void {
    const state = Int32Array.from((this.#rows[this.#row] as Row).state);
    const violation = this.#expander.take(state, move);
    this.#rows.length = this.#row + 1;
    this.#rows.push({ state, move, violation });
    this.#row++;
    this.#loopStart = undefined;
    this.#view = undefined;
  }

  jump(row: number): StateView {
    this.#row = Math.max(0, Math.min(this.#rows.length - 1, Math.trunc(row)));
    return this.view;
  }

  back(): StateView {
    return this.jump(this.#row - 1);
  }

  forward(): StateView {
    return this.jump(this.#row + 1);
  }

  reset(): StateView {
    this.#rows = [this.#first()];
    this.#row = 0;
    this.#loopStart = undefined;
    this.#view = undefined;
    return this.view;
  }

  replay(traceString: string): { readonly view: StateView } | { readonly error: string } {
    const parsed = parseTraceString(traceString);
    if ("error" in parsed) return parsed;
    if (parsed.modelId !== this.model.id)
      return { error: `the trace is of model "${parsed.modelId}", not "${this.model.id}"` };
    const complete = completeToggles(this.model, parsed.toggles);
    if ("error" in complete) return { error: complete.error.message };
    for (const [name, value] of Object.entries(complete.settings)) {
      if (this.toggles[name] !== value) return { error: `the trace was made with ${name}=${String(value)}` };
    }
    const kept = { rows: this.#rows, row: this.#row, loop: this.#loopStart };
    this.reset();
    const other = parsed.fingerprint === this.#program.fingerprint ? "" : " (the model has changed since it was made)";
    for (const [i, step] of parsed.steps.entries()) {
      const { state, violation } = this.#rows[this.#row] as Row;
      const enabled =
        step.thread < this.#program.threads.length ? this.#expander.enabled(state, step.thread, true) : [];
      const transition = enabled[step.transition];
      if (transition === undefined || violation !== 0) {
        const thread = this.#program.threads[step.thread];
        const place =
          thread === undefined ? undefined : locationOf(this.#program, state, thread)?.transitions[0]?.label;
        this.#rows = kept.rows;
        this.#row = kept.row;
        this.#loopStart = kept.loop;
        this.#view = undefined;
        const at = place === undefined ? "" : ` at "${place}"`;
        return {
          error: `step ${i + 1} of the trace does not fit${other}: ${thread?.name ?? "no such thread"} cannot run${at}`,
        };
      }
      this.#append({ thread: step.thread, transition });
    }
    this.#loopStart = parsed.loopStart;
    this.#view = undefined;
    return { view: this.view };
  }

  trace(): Trace {
    const last = this.#rows.length - 1;
    const kept = this.#row;
    const { violations } = this.jump(last);
    this.jump(kept);
    const [first] = violations;
    return buildTrace({
      program: this.#program,
      title: this.model.title,
      toggles: this.toggles,
      moves: this.#moves(last),
      ...(this.#loopStart === undefined ? {} : { loopStart: this.#loopStart }),
      ...(first === undefined
        ? {}
        : {
            violation: {
              invariant: first.invariant,
              kind: first.artefact ? ("model" as const) : ("state" as const),
              message: first.message,
              ...(first.artefact ? { artefact: true } : {}),
            },
          }),
    });
  }
}
