/** `evictscope simulate`: explores a model of the catalogue, of a file, or of a finding, or replays a run of it. */
import { readFileSync, statSync } from "node:fs";
import { designOfModelId, isDesignModelId } from "../core/extract/filesystem/design-models.ts";
import { getModel, listModels } from "../core/race/catalogue/index.ts";
import type { RaceModel, ToggleSettings } from "../core/race/model.ts";
import { NO_REDUCTIONS } from "../core/race/outcome.ts";
import { createStepper, loadModel, ModelRejected, modelToPromela, type Trace } from "../core/race/simulator.ts";
import { parseTraceString } from "../core/race/trace-string.ts";
import { catalogueModel, findingOfModel } from "../core/report/simulation-models.ts";
import { CLEAN, FOUND, Refusal } from "./exit-status.ts";
import { exploreModel } from "./explore-model.ts";
import { INTERRUPT } from "./interrupt.ts";
import { deliver, requireWritable } from "./output.ts";
import { createProgressLine, type ProgressLine } from "./progress-line.ts";
import { resolveTree } from "./resolve-tree.ts";
import { isFindingId, openFinding, openReview } from "./review-tree.ts";
import { simulateDesigns } from "./simulate-designs.ts";
import { type Simulation, simulationToText } from "./simulation-text.ts";
import { parseToggles } from "./toggle-arguments.ts";

export interface SimulateOptions {
  readonly format: "text" | "json" | "promela" | "mermaid" | "svg";
  readonly set?: readonly string[];
  readonly maxStates?: number;
  readonly trace?: string;
  /** False: every state by itself. */
  readonly reductions?: boolean;
  readonly designs?: string;
  readonly output?: string;
}

/** A model is written by hand; anything larger is not one. */
const MAX_MODEL_BYTES = 4 << 20;
const ERRORS_SHOWN = 20;

/** Returns the exit status. Throws Refusal, Cancelled. */
export async function simulate(subject: string, path: string | undefined, options: SimulateOptions): Promise<number> {
  requireWritable(options.output);
  if (options.designs !== undefined) {
    // `--designs DIR TREE`: the one argument is the tree.
    if (path !== undefined) throw new Refusal("--designs: give the tree and nothing else");
    return simulateDesigns(options.designs, subject, options, createProgressLine());
  }
  if (subject === "list") {
    await deliver(catalogueText(), options.output);
    return CLEAN;
  }
  const progress = createProgressLine();
  const { model, note } = await findModel(subject, path, progress);
  const toggles = parseToggles(model, options.set ?? []);
  if (options.format === "promela") {
    // For SPIN to explore, not for us.
    await deliver(modelToPromela(model, toggles), options.output);
    return CLEAN;
  }
  const simulation =
    options.trace === undefined
      ? await explore(model, toggles, options, progress)
      : replay(model, options.trace, options.set ?? []);
  const text = simulationToText({ ...simulation, notes: note === null ? [] : [note] }, model, options.format);
  await deliver(text, options.output);
  return simulation.verdict === "holds" ? CLEAN : FOUND;
}

/** What can be asked for: `evictscope simulate list`. */
function catalogueText(): string {
  const width = Math.max(...listModels().map(({ id }) => id.length));
  return `${listModels()
    .map(({ id, title }) => `${id.padEnd(width)}  ${title}`)
    .join("\n")}\n`;
}

async function findModel(
  subject: string,
  path: string | undefined,
  progress: ProgressLine,
): Promise<{ readonly model: RaceModel; readonly note: string | null }> {
  const known = getModel(subject);
  if (known !== undefined) return { model: known, note: null };
  if (subject.endsWith(".json")) return { model: readModel(subject), note: null };
  if (isDesignModelId(subject)) return { model: await designModelOf(subject, path, progress), note: null };
  if (!isFindingId(findingOfModel(subject) ?? subject)) {
    throw new Refusal(`${subject}: neither a model of the catalogue, nor a .json file, nor a finding's id`, [
      "evictscope simulate list shows the catalogue",
    ]);
  }
  if (path === undefined)
    throw new Refusal(`${subject}: a finding needs its tree: evictscope simulate ${subject} TREE`);
  const { finding, session } = await openFinding(resolveTree([path]), findingOfModel(subject) ?? subject, progress);
  const model = await session.query({ name: "model", finding }, INTERRUPT);
  const place = `${finding.file}:${finding.line}`;
  if (model !== null && !("reason" in model)) {
    return { model, note: `Made from ${finding.function}() for ${finding.rule} (${place}).` };
  }
  const example = getModel(catalogueModel(finding.rule));
  if (example === undefined) throw new Refusal(`${subject}: ${model?.reason ?? "the tree has changed"}`);
  const reason = `No model of this code (${place}): ${model?.reason ?? "the tree has changed"}.`;
  return { model: example, note: `${reason} This is the catalogue's example of ${finding.rule}.` };
}

/** A cell of the table of designs, by the id that stands there. */
async function designModelOf(id: string, path: string | undefined, progress: ProgressLine): Promise<RaceModel> {
  if (path === undefined) throw new Refusal(`${id}: a design needs its tree: evictscope simulate ${id} TREE`);
  const { review, session } = await openReview(resolveTree([path]), {}, progress);
  for (const filesystem of new Set(review.implementations.map((each) => each.filesystem))) {
    const cell = designOfModelId(id, filesystem);
    if (cell === null) continue;
    const model = await session.query({ name: "designModel", filesystem, ...cell }, INTERRUPT);
    if (model !== null) return model;
  }
  throw new Refusal(`${id}: no such design of a filesystem of this tree`);
}

function readModel(file: string): RaceModel {
  let json: unknown;
  try {
    const { size } = statSync(file);
    if (size > MAX_MODEL_BYTES) throw new Refusal(`${file}: ${size} bytes are no model (at most ${MAX_MODEL_BYTES})`);
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Refusal(
      `${file}: ${code === "ENOENT" ? "no such file" : error instanceof SyntaxError ? `not JSON: ${message}` : message}`,
    );
  }
  const loaded = loadModel(json);
  if ("model" in loaded) return loaded.model;
  const { errors } = loaded;
  throw new Refusal(`${file}: ${errors.length} ${errors.length === 1 ? "error" : "errors"} in the model`, [
    ...errors.slice(0, ERRORS_SHOWN).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)),
    ...(errors.length > ERRORS_SHOWN ? [`and ${errors.length - ERRORS_SHOWN} more`] : []),
  ]);
}

async function explore(
  model: RaceModel,
  toggles: ToggleSettings,
  { maxStates, reductions }: SimulateOptions,
  progress: ProgressLine,
): Promise<Simulation> {
  const started = performance.now();
  const outcome = await exploreModel(
    model,
    {
      toggles,
      ...(maxStates === undefined ? {} : { maxStates }),
      ...(reductions === false ? { reductions: NO_REDUCTIONS } : {}),
    },
    progress,
  );
  return {
    toggles: outcome.toggles,
    verdict: outcome.verdict,
    states: outcome.states,
    transitions: outcome.transitions,
    elapsedMs: Math.round(performance.now() - started),
    assumptions: outcome.assumptions,
    ...(outcome.invariant === undefined ? {} : { invariant: outcome.invariant }),
    ...(outcome.trace === undefined ? {} : { trace: outcome.trace }),
    ...(outcome.limit === undefined ? {} : { limit: outcome.limit.message }),
  };
}

/** The recorded run, and whether it ends in a violation. Toggles stand in the trace string itself. */
function replay(model: RaceModel, text: string, set: readonly string[]): Simulation {
  const started = performance.now();
  if (set.length > 0) throw new Refusal("--set: a trace string holds its toggles; give one or the other");
  const parsed = parseTraceString(text);
  if ("error" in parsed) throw new Refusal(`--trace: ${parsed.error}`);
  if (parsed.modelId !== model.id) throw new Refusal(`--trace: it is a run of ${parsed.modelId}, not of ${model.id}`);
  const toggles = parseToggles(
    model,
    Object.entries(parsed.toggles).map(([name, value]) => `${name}=${String(value)}`),
  );
  let trace: Trace;
  try {
    const stepper = createStepper(model, toggles);
    const replayed = stepper.replay(text);
    if ("error" in replayed) throw new Refusal(`--trace: ${replayed.error}`);
    trace = stepper.trace();
  } catch (error) {
    if (error instanceof ModelRejected) throw new Refusal(`--trace: ${error.message}`);
    throw error;
  }
  const { violation } = trace;
  return {
    toggles: trace.toggles,
    // One run that ends well says nothing about the others.
    verdict: violation === undefined ? "bounded" : "violated",
    states: trace.steps.length + 1,
    transitions: trace.steps.length,
    elapsedMs: Math.round(performance.now() - started),
    assumptions: model.assumptions ?? [],
    ...(violation === undefined
      ? { limit: "one run was replayed, which violates nothing" }
      : { invariant: violation.invariant }),
    trace,
  };
}
