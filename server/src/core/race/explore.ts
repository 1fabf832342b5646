/** One exploration from the model to the outcome, in portions: search, shorten the counterexample, look for lassos. */
import { type CancellationToken, NEVER_CANCELLED } from "../text/cancellation.ts";
import { compileModel, completeToggles } from "./compile.ts";
import { Expander, type Move, type ReducedProgram, reduceProgram } from "./expander.ts";
import { hasLoops, LassoSearch } from "./lasso.ts";
import type { RaceModel, ToggleSettings } from "./model.ts";
import { ALL_REDUCTIONS, type ExploreOptions, type Outcome, type Progress, type Reductions } from "./outcome.ts";
import { movesTo, violationAfter } from "./path.ts";
import type { Program } from "./program.ts";
import { InterpreterSearch, type Search, type SearchOptions, type SearchResult } from "./search.ts";
import { describeStuck } from "./stuck.ts";
import type { Violation } from "./trace.ts";
import { buildTrace } from "./trace-builder.ts";
import { createWasmSearch } from "./wasm-search.ts";

export const DEFAULT_MAX_STATES = 5_000_000;
export const DEFAULT_MAX_BYTES = 2 ** 30;
export const DEFAULT_DIRECT_STATES = 40_000;
/** A portion between two looks at the cancellation token. */
const PORTION = 20_000;

/** Raised for a model or toggle that `loadModel` would not have let through. */
export class ModelRejected extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ModelRejected";
  }
}

interface Found {
  readonly moves: readonly Move[];
  readonly violation: Violation;
  readonly loopStart?: number;
}

interface DirectSearch {
  readonly reduced: ReducedProgram;
  readonly search: Search;
  statesLeft: number;
}

export class ModelExploration {
  readonly #model: RaceModel;
  readonly #options: ExploreOptions;
  readonly #program: Program;
  readonly #toggles: ToggleSettings;
  #reductions: Reductions;
  readonly #limits: SearchOptions;
  #reduced: ReducedProgram;
  #search: Search;
  /** The search without partial order and regions: first tried alone, later gone on with to shorten a trace. */
  #direct: DirectSearch | undefined;
  #lassos: LassoSearch | undefined;
  #phase: Progress["phase"] = "search";
  #found: Found | undefined;
  #statistics = { states: 0, transitions: 0, bytes: 0 };
  #outcome: Outcome | undefined;

  constructor(model: RaceModel, options: ExploreOptions = {}) {
    this.#model = model;
    this.#options = options;
    const toggles = completeToggles(model, options.toggles ?? {});
    if ("error" in toggles) throw new ModelRejected(toggles.error.message);
    const compiled = compileModel(model, toggles.settings);
    if ("errors" in compiled) {
      const [first] = compiled.errors;
      throw new ModelRejected(`${first?.path ?? "model"}: ${first?.message ?? "is not valid"}`);
    }
    this.#toggles = toggles.settings;
    this.#program = compiled.program;
    this.#reductions = { ...ALL_REDUCTIONS, ...options.reductions };
    this.#limits = {
      maxStates: options.maxStates ?? DEFAULT_MAX_STATES,
      maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
      checksDeadlock: this.#program.checksDeadlock,
      artefacts: new Set(this.#program.violations.flatMap((one, i) => (one.artefact ? [i + 1] : []))),
    };
    const direct = options.directStates ?? DEFAULT_DIRECT_STATES;
    const reduces = this.#reductions.partialOrder || this.#reductions.lockRegions;
    if (reduces && direct > 0 && options.shortest !== false && options.engine !== "interpreter") {
      const first = this.#startDirect();
      // The interpreter is too slow to try.
      if (first.search.engine === "wasm") this.#direct = { ...first, statesLeft: direct };
    }
    this.#reduced = this.#direct?.reduced ?? reduceProgram(this.#program, this.#reductions);
    this.#search = this.#direct?.search ?? this.#start(this.#reduced);
  }

  /** Symmetry keeps the length of paths; the other reductions may not. */
  #startDirect(): { reduced: ReducedProgram; search: Search } {
    const reduced = reduceProgram(this.#program, { ...this.#reductions, partialOrder: false, lockRegions: false });
    return { reduced, search: this.#start(reduced) };
  }

  #start(reduced: ReducedProgram): Search {
    const engine = this.#options.engine ?? "auto";
    if (engine !== "interpreter") {
      const search = createWasmSearch(reduced, this.#limits);
      if (search !== undefined) return search;
      if (engine === "wasm") throw new ModelRejected("this host has no WebAssembly");
    }
    return new InterpreterSearch(reduced, this.#limits);
  }

  get program(): Program {
    return this.#program;
  }

  get progress(): Progress {
    const source = this.#lassos ?? this.#search;
    return {
      phase: this.#phase,
      states: source.states,
      transitions: source.transitions,
      frontier: source.frontier,
      bytes: source.bytes,
    };
  }

  advance(states: number): Outcome | undefined {
    if (this.#outcome !== undefined) return this.#outcome;
    if (this.#phase === "lasso") this.#advanceLasso(states);
    else if (this.#phase === "shorten") this.#advanceShorten(states);
    else this.#advanceSearch(states);
    return this.#outcome;
  }

  cancel(): Outcome {
    this.#outcome ??= this.#bounded("cancelled", this.progress.states, "the exploration was cancelled");
    return this.#outcome;
  }

  /** The answer of the direct search; when it has had its states, the reduced search takes its place. */
  #advanceDirect(states: number): SearchResult | undefined {
    const direct = this.#direct as DirectSearch;
    const portion = Math.min(states, direct.statesLeft);
    direct.statesLeft -= portion;
    const result = direct.search.advance(portion);
    if (direct.search.slotsDiffer) return undefined;
    if (result !== undefined && result.kind !== "limit") {
      this.#reductions = direct.reduced.reductions;
      return result;
    }
    if (direct.statesLeft > 0 && result === undefined) return undefined;
    this.#reduced = reduceProgram(this.#program, this.#reductions);
    this.#search = this.#start(this.#reduced);
    return undefined;
  }

  #advanceSearch(states: number): void {
    const isDirect = this.#search === this.#direct?.search;
    const result = isDirect ? this.#advanceDirect(states) : this.#search.advance(states);
    if (this.#search.slotsDiffer) {
      this.#withoutSlots();
      return;
    }
    this.#statistics = {
      states: this.#search.states,
      transitions: this.#search.transitions,
      bytes: this.#search.bytes,
    };
    if (result === undefined) return;
    if (result.kind === "limit") {
      const what = result.name === "maxStates" ? "states" : "bytes of states";
      this.#outcome = this.#bounded(result.name, result.value, `stopped at the limit of ${result.value} ${what}`);
      return;
    }
    if (result.kind === "exhausted") {
      this.#exhausted();
      return;
    }
    this.#found = this.#counterexample(this.#reduced, this.#search, result);
    const reduces = this.#reductions.partialOrder || this.#reductions.lockRegions;
    if (this.#options.shortest === false || !reduces || this.#found.moves.length === 0) {
      this.#finishViolated(this.#options.shortest === false ? !reduces : true);
      return;
    }
    this.#phase = "shorten";
    const { reduced, search } = this.#direct ?? this.#startDirect();
    this.#reduced = reduced;
    this.#search = search;
  }

  /** Slots are not interchangeable after all: the present search is started again without taking them for that. */
  #withoutSlots(): void {
    this.#reductions = { ...this.#reductions, slots: false };
    const direct = this.#direct;
    if (this.#phase === "shorten" || this.#search === direct?.search) {
      const again = this.#startDirect();
      this.#reduced = again.reduced;
      this.#search = again.search;
      if (direct !== undefined) this.#direct = { ...again, statesLeft: direct.statesLeft };
    } else {
      this.#reduced = reduceProgram(this.#program, this.#reductions);
      this.#search = this.#start(this.#reduced);
    }
  }

  #advanceShorten(states: number): void {
    const result = this.#search.advance(states);
    if (this.#search.slotsDiffer) {
      this.#withoutSlots();
      return;
    }
    if (result === undefined) return;
    if (result.kind === "violation" || result.kind === "deadlock") {
      this.#found = this.#counterexample(this.#reduced, this.#search, result);
      this.#finishViolated(true);
    } else this.#finishViolated(false);
  }

  #exhausted(): void {
    const { artefact } = this.#search;
    if (artefact !== undefined) {
      const text = this.#program.violations[artefact.violation - 1];
      const moves = movesTo(new Expander(this.#reduced), this.#search, {
        state: artefact.parent,
        violation: artefact.violation,
      });
      const violation: Violation = {
        invariant: "MODEL",
        kind: "model",
        message: text?.message ?? "a bound of the model was met",
        artefact: true,
      };
      this.#found = { moves, violation };
      this.#outcome = this.#bounded("model-bound", 1, `a bound of the model itself was met: ${violation.message}`);
      return;
    }
    const wanted = this.#options.lassos !== false && this.#program.checksTermination;
    if (!wanted || !hasLoops(this.#program)) {
      this.#outcome = { ...this.#base(), verdict: "holds" };
      return;
    }
    this.#phase = "lasso";
    this.#lassos = new LassoSearch(this.#program, this.#limits.maxStates);
  }

  #advanceLasso(states: number): void {
    const result = (this.#lassos as LassoSearch).advance(states);
    if (result === undefined) return;
    if (result.kind === "limit") {
      const message = `no invariant is violated, but the search for endless runs stopped at ${result.value} states`;
      this.#outcome = this.#bounded("maxStates", result.value, message);
    } else if (result.kind === "none") this.#outcome = { ...this.#base(), verdict: "holds" };
    else {
      const names = result.threads.map((index) => this.#program.threads[index]?.name ?? "?").join(", ");
      const message = `endless run: ${names} go${result.threads.length === 1 ? "es" : ""} round for ever without finishing`;
      const violation: Violation = { invariant: "PROG", kind: "lasso", message };
      this.#found = { moves: result.moves, violation, loopStart: result.loopStart };
      this.#finishViolated(true);
    }
  }

  #counterexample(reduced: ReducedProgram, search: Search, result: SearchResult): Found {
    const expander = new Expander(reduced);
    if (result.kind === "deadlock") {
      const moves = movesTo(expander, search, { state: result.state });
      return { moves, violation: describeStuck(this.#program, moves) };
    }
    if (result.kind !== "violation") throw new Error("nothing was found");
    const moves = movesTo(expander, search, { state: result.parent, violation: result.violation });
    const text = this.#program.violations[(violationAfter(this.#program, moves) || result.violation) - 1];
    const violation: Violation = {
      invariant: text?.invariant ?? "MODEL",
      kind: text?.kind ?? "model",
      message: text?.message ?? "?",
    };
    return { moves, violation };
  }

  #base(): Omit<Outcome, "verdict"> {
    return {
      modelId: this.#model.id,
      toggles: this.#toggles,
      ...this.#statistics,
      engine: this.#search.engine,
      reductions: this.#reductions,
      assumptions: this.#model.assumptions ?? [],
    };
  }

  #traced(): Pick<Outcome, "trace" | "violation"> {
    const found = this.#found;
    if (found === undefined) return {};
    const trace = buildTrace({
      program: this.#program,
      title: this.#model.title,
      toggles: this.#toggles,
      moves: found.moves,
      violation: found.violation,
      ...(found.loopStart === undefined ? {} : { loopStart: found.loopStart }),
    });
    return { trace, violation: found.violation };
  }

  #finishViolated(shortest: boolean): void {
    const { violation } = this.#found as Found;
    this.#outcome = {
      ...this.#base(),
      verdict: "violated",
      invariant: violation.invariant,
      ...this.#traced(),
      shortest: shortest && violation.kind !== "lasso",
    };
  }

  #bounded(name: NonNullable<Outcome["limit"]>["name"], value: number, message: string): Outcome {
    // A counterexample that is known is not given up because shortening it was cancelled.
    if (this.#found !== undefined && name === "cancelled") {
      this.#finishViolated(false);
      return this.#outcome as Outcome;
    }
    return { ...this.#base(), verdict: "bounded", limit: { name, value, message }, ...this.#traced() };
  }
}

/** Runs to the end; the token is asked every 20,000 states. */
export function exploreModel(
  model: RaceModel,
  options: ExploreOptions = {},
  token: CancellationToken = NEVER_CANCELLED,
  onProgress: (progress: Progress) => void = () => {},
): Outcome {
  const exploration = new ModelExploration(model, options);
  while (true) {
    if (token.isCancellationRequested) return exploration.cancel();
    const outcome = exploration.advance(PORTION);
    if (outcome !== undefined) return outcome;
    onProgress(exploration.progress);
  }
}
