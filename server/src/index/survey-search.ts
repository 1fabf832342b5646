/** The survey's port to a fast search of many files, and the plain search for hosts that have nothing better. */
import type { TreeProblem } from "../core/report/finding.ts";
import { holds, makeNeedle } from "../core/text/byte-search.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import type { FileSource } from "./file-source.ts";
import { MAX_FILE_BYTES } from "./tree-scope.ts";

export interface SearchAnswer {
  /** Those of the paths whose bytes hold one of the words, in the order given. */
  readonly hits: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly problems: readonly TreeProblem[];
}

/** Words are ASCII. Throws Cancelled. */
export type SearchFiles = (
  paths: readonly string[],
  words: readonly string[],
  token: CancellationToken,
) => Promise<SearchAnswer>;

/** As a problem of the survey, and of the search in Node. */
export const TOO_LARGE = `larger than ${MAX_FILE_BYTES >> 20} MiB: not read`;

export function searchSource(source: FileSource): SearchFiles {
  return async (paths, words, token) => {
    const needles = words.map(makeNeedle);
    const hits: string[] = [];
    const problems: TreeProblem[] = [];
    let files = 0;
    let bytes = 0;
    for (const path of paths) {
      throwIfCancelled(token);
      const content = await source.read(path);
      if (content === null) problems.push({ file: path, message: "cannot be read" });
      else if (content.length > MAX_FILE_BYTES) problems.push({ file: path, message: TOO_LARGE });
      else {
        files++;
        bytes += content.length;
        if (needles.some((needle) => holds(content, needle))) hits.push(path);
      }
    }
    return { hits, files, bytes, problems };
  };
}
