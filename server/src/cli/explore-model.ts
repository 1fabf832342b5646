/** Explores a model with progress and Ctrl-C: in slices, because a signal is only seen between turns. */
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import type { Outcome, Reductions } from "../core/race/outcome.ts";
import { ModelRejected, startExploration } from "../core/race/simulator.ts";
import { Cancelled } from "../core/text/cancellation.ts";
import { Refusal } from "./exit-status.ts";
import { INTERRUPT, nextTurn } from "./interrupt.ts";
import type { ProgressLine } from "./progress-line.ts";

/** States between two turns of the event loop: some hundredths of a second. */
const SLICE = 5_000;

export interface ExploreRequest {
  readonly toggles?: ToggleSettings;
  readonly maxStates?: number;
  readonly reductions?: Reductions;
}

/** Throws Refusal for a toggle the model has not, Cancelled on Ctrl-C. */
export async function exploreModel(
  model: RaceModel,
  request: ExploreRequest,
  progress: ProgressLine,
): Promise<Outcome> {
  try {
    const exploration = startExploration(model, request);
    for (;;) {
      const outcome = exploration.advance(SLICE);
      if (outcome !== undefined) return outcome;
      await nextTurn();
      if (INTERRUPT.isCancellationRequested) throw new Cancelled();
      const { phase, states, frontier } = exploration.progress;
      progress.show(
        `Simulating ${model.id}: ${phase}, ${states.toLocaleString("en")} states, ${frontier.toLocaleString("en")} to do (Ctrl-C stops)`,
      );
    }
  } catch (error) {
    if (error instanceof ModelRejected) throw new Refusal(error.message);
    throw error;
  } finally {
    progress.clear();
  }
}
