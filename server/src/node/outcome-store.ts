/**
 * What simulations came to, on disk. A model is all that a simulation depends on, beside the program: an outcome is kept under
 * both, and cannot become wrong. The places of a model's steps are no part of that, so moved lines find it again.
 */
import { join } from "node:path";
import type { KeptOutcome, OutcomeStore } from "../core/extract/filesystem/verdict.ts";
import { openShards } from "./disk-shards.ts";
import { programHash } from "./review-cache.ts";

/** Changes with the format of what is kept. */
const FORMAT = 1;
/** An outcome has some hundred bytes: these are of twenty kernels. */
const MAX_BYTES = 8 << 20;

/** The outcomes of this program in a folder beside its reviews; null where it runs from its sources. */
export function openOutcomeStore(reviews: string, log: (line: string) => void): OutcomeStore | null {
  const program = programHash();
  return program === null ? null : outcomeStore(reviews, program, log);
}

export function outcomeStore(reviews: string, program: string, log: (line: string) => void): OutcomeStore {
  const shards = openShards(folderOf(reviews), { maxBytes: MAX_BYTES, log });
  const keyOf = (content: string): string => `${FORMAT} ${program} ${content}`;
  return {
    get(content) {
      const bytes = shards.get(keyOf(content));
      if (bytes === null) return null;
      try {
        return JSON.parse(new TextDecoder("utf-8").decode(bytes)) as KeptOutcome;
      } catch {
        return null;
      }
    },
    put(content, outcome) {
      shards.put(keyOf(content), Buffer.from(JSON.stringify(outcome), "utf8"));
    },
  };
}

/** Removes what was kept beside these reviews. */
export function clearOutcomes(reviews: string): void {
  openShards(folderOf(reviews), { maxBytes: MAX_BYTES, log: () => {} }).clear();
}

function folderOf(reviews: string): string {
  return join(reviews, "outcomes");
}
