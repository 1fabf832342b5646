/**
 * The race simulator's face: everything that panel, command line and language server use.
 *
 *   const loaded = loadModel(JSON.parse(text));
 *   if ("errors" in loaded) ...
 *   const outcome = explore(loaded.model, { toggles: { order: "after" } }, token, (progress) => ...);
 *   const stepper = createStepper(loaded.model, toggles);
 */
import { type CancellationToken, NEVER_CANCELLED } from "../text/cancellation.ts";
import { compileModel } from "./compile.ts";
import { exploreModel, ModelExploration, ModelRejected } from "./explore.ts";
import type { ModelError, RaceModel, ToggleSettings } from "./model.ts";
import type { ExploreOptions, Outcome, Progress } from "./outcome.ts";
import { writePromela } from "./promela.ts";
import { ModelStepper } from "./stepper.ts";
import type { Trace } from "./trace.ts";
import { validateModelShape } from "./validate.ts";
import type { StateView } from "./view.ts";

export { ModelRejected } from "./explore.ts";
export type { Trace } from "./trace.ts";

export type LoadResult = { readonly model: RaceModel } | { readonly errors: readonly ModelError[] };

/** An exploration that the caller drives, so that a server can answer other requests in between. */
export interface Exploration {
  readonly progress: Progress;
  /** Goes on for about `states` more states; returns the outcome once there is one. */
  advance(states: number): Outcome | undefined;
  /** Ends it now; the verdict is then `bounded` with the limit `cancelled`. */
  cancel(): Outcome;
}

/** Steps through a model by hand; rows are counted from 0, the first state. */
export interface Stepper {
  readonly model: RaceModel;
  readonly toggles: ToggleSettings;
  /** The present state, its enabled transitions and what changed. */
  readonly view: StateView;
  /** Index of the present row and number of rows recorded (the present one may be in the middle after `jump`). */
  readonly row: number;
  readonly rows: number;
  /** Takes the transition with this `index` of `view.enabled`; rows after the present one are dropped. */
  step(index: number): StateView;
  back(): StateView;
  /** Goes on along the recorded rows. */
  forward(): StateView;
  jump(row: number): StateView;
  reset(): StateView;
  /** Replaces the run by the recorded one and stands at its last row. Error: why it does not fit. */
  replay(traceString: string): { readonly view: StateView } | { readonly error: string };
  /** The whole recorded run. */
  trace(): Trace;
}

/** Checks untrusted JSON. Never throws; at most 100 errors; time and memory are bounded by the size of the input. */
export function loadModel(json: unknown): LoadResult {
  const errors = validateModelShape(json);
  if (errors.length > 0) return { errors };
  const model = json as RaceModel;
  const compiled = compileModel(model, {});
  if ("errors" in compiled) return { errors: compiled.errors };
  return { model };
}

/** Runs to the end, asking the token now and then. Throws ModelRejected for a toggle or value the model does not have. */
export function explore(
  model: RaceModel,
  options: ExploreOptions = {},
  token: CancellationToken = NEVER_CANCELLED,
  onProgress: (progress: Progress) => void = () => {},
): Outcome {
  return exploreModel(model, options, token, onProgress);
}

/** Throws ModelRejected for a toggle or value the model does not have. */
export function startExploration(model: RaceModel, options: ExploreOptions = {}): Exploration {
  return new ModelExploration(model, options);
}

/** Throws ModelRejected for a toggle or value the model does not have. */
export function createStepper(model: RaceModel, toggles: ToggleSettings = {}): Stepper {
  return new ModelStepper(model, toggles);
}

/** The model under these toggles as Promela text for SPIN 6.5; throws ModelRejected for an unknown toggle. */
export function modelToPromela(model: RaceModel, toggles: ToggleSettings = {}): string {
  const compiled = compileModel(model, toggles);
  if ("errors" in compiled) throw new ModelRejected(compiled.errors[0]?.message ?? "the model is not valid");
  const settings = Object.entries(toggles).map(([name, value]) => `${name}=${String(value)}`);
  return writePromela(compiled.program, { comment: [`${model.id}: ${model.title}`, ...settings].join(" ") });
}
