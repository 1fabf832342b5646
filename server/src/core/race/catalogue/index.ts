/** The catalogue of races and designs: models as data, each with its sources, toggles and expected verdicts. */

import type { RaceModel } from "../model.ts";
import evictAsyncAfterUnhash from "./evict-async-after-unhash.json" with { type: "json" };
import evictAsyncHashed from "./evict-async-hashed.json" with { type: "json" };
import syncEvictBaseline from "./sync-evict-baseline.json" with { type: "json" };

// The files are checked by loadModel() in the tests; their literal types are wider than RaceModel's.
const MODELS: readonly RaceModel[] = [
  syncEvictBaseline,
  evictAsyncHashed,
  evictAsyncAfterUnhash,
] as unknown as RaceModel[];

/** All models, in the order of the catalogue: designs, proposals, historical bugs. */
export function listModels(): readonly RaceModel[] {
  return MODELS;
}

export function getModel(id: string): RaceModel | undefined {
  return MODELS.find((model) => model.id === id);
}
