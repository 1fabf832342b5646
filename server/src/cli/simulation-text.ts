/** What a simulation answers, in each format of the contract (docs/cli.md). */
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import type { Trace } from "../core/race/simulator.ts";
import { traceToMermaid } from "../core/race/trace-mermaid.ts";
import { traceToSvg } from "../core/race/trace-svg.ts";
import { traceToText } from "../core/race/trace-text.ts";
import { Refusal } from "./exit-status.ts";
import type { SimulateOptions } from "./simulate.ts";
import { commandName } from "./style.ts";

export interface Simulation {
  readonly toggles: ToggleSettings;
  readonly verdict: "violated" | "holds" | "bounded";
  readonly invariant?: string;
  readonly states: number;
  readonly transitions: number;
  readonly elapsedMs: number;
  readonly assumptions: readonly string[];
  readonly trace?: Trace;
  /** Why the verdict is `bounded`. */
  readonly limit?: string;
  readonly notes?: readonly string[];
}

/** Formats that show a run or a verdict; Promela shows the model. */
export type RunFormat = Exclude<SimulateOptions["format"], "promela">;

type Writer = (simulation: Simulation, model: RaceModel) => string;

/** Throws Refusal when the format shows a run and there is none. */
export function simulationToText(simulation: Simulation, model: RaceModel, format: RunFormat): string {
  return WRITERS[format](simulation, model);
}

const WRITERS: Readonly<Record<RunFormat, Writer>> = {
  text: reportText,
  json: reportJson,
  mermaid: (simulation, model) => ended(traceToMermaid(traceOf(simulation, model))),
  svg: (simulation, model) => ended(traceToSvg(traceOf(simulation, model))),
};

function traceOf({ trace, verdict }: Simulation, model: RaceModel): Trace {
  if (trace === undefined)
    throw new Refusal(`${model.id}: ${verdict}, so there is no run to draw (give one with --trace)`);
  return trace;
}

function ended(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

/** Models that are made from a tree. */
const NEEDS_TREE = /^(finding-|design\.)/;

function reportText(simulation: Simulation, model: RaceModel): string {
  const { verdict, invariant, states, transitions, elapsedMs, trace, limit } = simulation;
  const count = `${states.toLocaleString("en")} states, ${transitions.toLocaleString("en")} transitions, ${(elapsedMs / 1000).toFixed(2)} s`;
  const lines = [
    `${model.id}: ${model.title}`,
    "",
    ...(model.toggles ?? []).map(({ name, values, description }) => {
      const value = simulation.toggles[name];
      return `  --set ${name}=${String(value)}  (${values.map(String).join(", ")}) ${description}`;
    }),
    ...((model.toggles ?? []).length > 0 ? [""] : []),
    ...(simulation.notes ?? []),
    `Verdict: ${verdict}${invariant === undefined ? "" : ` (${invariant})`}; ${count}`,
    ...(limit === undefined ? [] : [`Limit: ${limit}`]),
    ...simulation.assumptions.map((assumption, i) => `${i === 0 ? "Assumes: " : "         "}${assumption}`),
  ];
  if (trace !== undefined) {
    lines.push("", traceToText(trace).trimEnd());
    lines.push(
      "",
      `Replay: ${commandName()} simulate ${model.id}${NEEDS_TREE.test(model.id) ? " TREE" : ""} --trace '${trace.traceString}'`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function reportJson(simulation: Simulation, model: RaceModel): string {
  const { toggles, verdict, invariant, states, transitions, elapsedMs, assumptions, trace, limit, notes } = simulation;
  const json = {
    version: 1,
    model: model.id,
    toggles,
    verdict,
    ...(invariant === undefined ? {} : { invariant }),
    ...(limit === undefined ? {} : { limit }),
    states,
    transitions,
    elapsedMs,
    assumptions: [...(notes ?? []), ...assumptions],
    ...(trace === undefined
      ? {}
      : {
          trace: trace.steps.map(({ thread, step, label, file, line }) => ({
            thread,
            step,
            label,
            ...(file === undefined ? {} : { file }),
            ...(line === undefined ? {} : { line }),
          })),
          ...(trace.loopStart === undefined ? {} : { loopStart: trace.loopStart }),
          ...(trace.violation === undefined ? {} : { message: trace.violation.message }),
          traceString: trace.traceString,
        }),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}
