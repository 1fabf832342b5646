/** The designs compared for one filesystem: a verdict for each design and question, with and without what it must bring. */
import type { FilesystemFacts } from "../../analysis/filesystem-facts.ts";
import type { RaceModel } from "../../race/model.ts";
import { loadModel } from "../../race/simulator.ts";
import type { CancellationToken } from "../../text/cancellation.ts";
import { throwIfCancelled } from "../../text/cancellation.ts";
import { designModel } from "./design-models.ts";
import { DESIGNS, obligationOf, QUESTION_TITLES, QUESTIONS, type Question } from "./designs.ts";
import type { FindLine } from "./protocol.ts";
import { type KeptOutcome, outcomeOf, type VerdictCache } from "./verdict.ts";

export interface DesignRun {
  readonly verdict: "violated" | "holds" | "bounded";
  readonly invariant?: string;
  readonly message?: string;
  readonly states: number;
  readonly steps?: number;
  readonly traceString?: string;
}

export interface DesignCell {
  readonly question: Question;
  /** Id of the cell's model; missing where the question does not arise. */
  readonly model?: string;
  /** With what the design must bring. */
  readonly run?: DesignRun;
  /** What it must bring, and what happens without; only where that makes a difference. */
  readonly obligation?: { readonly text: string; readonly without: DesignRun };
  readonly note?: string;
}

export interface DesignRow {
  readonly id: string;
  readonly title: string;
  readonly origin: string;
  readonly cells: readonly DesignCell[];
  /** The obligations of its cells. */
  readonly obligations: readonly string[];
}

export interface DesignTable {
  readonly filesystem: string;
  readonly table: string;
  readonly questions: readonly { readonly id: Question; readonly title: string }[];
  readonly designs: readonly DesignRow[];
  readonly assumptions: readonly string[];
  readonly states: number;
}

/** States of one cell's model at most. */
export const MAX_DESIGN_STATES = 1_000_000;

/** Throws `Cancelled`. */
export function designTable(
  facts: FilesystemFacts,
  find: FindLine,
  cache: VerdictCache,
  token: CancellationToken,
): DesignTable {
  const assumptions = new Set<string>();
  let states = 0;
  const run = (model: RaceModel, obligation: "on" | "off" | null): DesignRun => {
    throwIfCancelled(token);
    const toggled = obligation === null ? model : withDefault(model, obligation);
    const outcome = outcomeOf(toggled, MAX_DESIGN_STATES, cache, token);
    states += outcome.states;
    return runOf(outcome);
  };
  const designs = DESIGNS.map((design): DesignRow => {
    const cells = QUESTIONS.map((question): DesignCell => {
      const model = designModel({ facts, find, design }, question);
      if ("note" in model) return { question, note: model.note };
      const loaded = loadModel(model);
      if ("errors" in loaded) return { question, note: `no model could be made: ${loaded.errors[0]?.message ?? "?"}` };
      for (const assumption of model.assumptions ?? []) assumptions.add(assumption);
      const text = obligationOf(design, question);
      if (text === null) return { question, model: model.id, run: run(model, null) };
      const without = run(model, "off");
      if (without.verdict === "holds") return { question, model: model.id, run: without };
      return { question, model: model.id, run: run(model, "on"), obligation: { text, without } };
    });
    const obligations = cells.flatMap(({ run: each, obligation }) =>
      obligation !== undefined && each?.verdict === "holds" ? [obligation.text] : [],
    );
    return { id: design.id, title: design.title, origin: design.origin, cells, obligations };
  });
  return {
    filesystem: facts.filesystem.id,
    table: facts.filesystem.table.name,
    questions: QUESTIONS.map((id) => ({ id, title: QUESTION_TITLES[id] })),
    designs,
    assumptions: [...assumptions],
    states,
  };
}

/** The toggle is set by its default, so that a cached outcome's trace string names it. */
function withDefault(model: RaceModel, value: "on" | "off"): RaceModel {
  return { ...model, toggles: (model.toggles ?? []).map((toggle) => ({ ...toggle, default: value })) };
}

function runOf({ limit: _, ...run }: KeptOutcome): DesignRun {
  return run;
}

/** The model of one cell; null for a design or question that is none, or that does not arise. */
export function cellModel(facts: FilesystemFacts, find: FindLine, design: string, question: string): RaceModel | null {
  const chosen = DESIGNS.find(({ id }) => id === design);
  const asked = QUESTIONS.find((each) => each === question);
  if (chosen === undefined || asked === undefined) return null;
  const model = designModel({ facts, find, design: chosen }, asked);
  return "note" in model ? null : model;
}
