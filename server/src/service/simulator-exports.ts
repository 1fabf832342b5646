/** Writes a run, or its model, in the forms that the panel offers. */
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import type { Trace } from "../core/race/trace.ts";
import type { ExportFormat } from "../protocol/simulator-view.ts";

export function exportRun(
  format: ExportFormat,
  model: RaceModel,
  _settings: ToggleSettings,
  _trace: Trace,
): { readonly name: string; readonly text: string } {
  throw new Error(`${format} of ${model.id} is not written yet`);
}
