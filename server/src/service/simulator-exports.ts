/** Writes a run, or its model, in the forms that the panel offers. */
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import { modelToPromela } from "../core/race/simulator.ts";
import type { Trace } from "../core/race/trace.ts";
import { traceToMermaid } from "../core/race/trace-mermaid.ts";
import { traceToSvg } from "../core/race/trace-svg.ts";
import { traceToText } from "../core/race/trace-text.ts";
import type { ExportFormat } from "../protocol/simulator-view.ts";

/** File name to suggest, and the text. */
export interface Exported {
  readonly name: string;
  readonly text: string;
}

const WRITERS: Readonly<Record<ExportFormat, (trace: Trace, model: RaceModel, settings: ToggleSettings) => Exported>> =
  {
    text: (trace) => ({ name: `${trace.modelId}.txt`, text: traceToText(trace) }),
    svg: (trace) => ({ name: `${trace.modelId}.svg`, text: traceToSvg(trace) }),
    mermaid: (trace) => ({ name: `${trace.modelId}.mmd`, text: traceToMermaid(trace) }),
    promela: (_trace, model, settings) => ({ name: `${model.id}.pml`, text: modelToPromela(model, settings) }),
  };

export function exportRun(format: ExportFormat, model: RaceModel, settings: ToggleSettings, trace: Trace): Exported {
  return WRITERS[format](trace, model, settings);
}
