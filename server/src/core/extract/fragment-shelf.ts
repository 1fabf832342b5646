/** Functions of a tree, lowered when somebody asks and kept: one fragment for each way in which a function is called. */
import type { FunctionRef } from "../callgraph/program.ts";
import { type CancellationToken, throwIfCancelled } from "../text/cancellation.ts";
import type { ExtractionFailure, Fragment } from "./fragment.ts";
import { lowerFunction } from "./lower-body.ts";
import type { ExtractionTree, LowerRequest } from "./lowering-request.ts";

/** What a function is called with, and another name for it when it is. */
export type CalledWith = Pick<LowerRequest, "constants" | "holds" | "name">;

export class FragmentShelf {
  /** Functions that could not be lowered, and why. */
  readonly failures: ExtractionFailure[] = [];
  readonly #tree: ExtractionTree;
  readonly #request: LowerRequest;
  readonly #token: CancellationToken;
  readonly #fragments = new Map<FunctionRef, Map<string, Fragment | null>>();

  constructor(tree: ExtractionTree, request: LowerRequest, token: CancellationToken) {
    this.#tree = tree;
    this.#request = request;
    this.#token = token;
  }

  /** Paths of the files whose text the fragments were made from so far. */
  *files(): Iterable<string> {
    for (const own of this.#fragments.values())
      for (const fragment of own.values()) if (fragment !== null) yield* [fragment.file, ...fragment.files];
  }

  /** Null when the function cannot be lowered; `failures` says why. Throws when cancelled. */
  get(fn: FunctionRef, calledWith: CalledWith = {}): Fragment | null {
    throwIfCancelled(this.#token);
    const own = this.#fragments.get(fn) ?? new Map<string, Fragment | null>();
    this.#fragments.set(fn, own);
    const key = JSON.stringify(calledWith);
    const known = own.get(key);
    if (known !== undefined) return known;
    const result = lowerFunction(this.#tree, fn, { ...this.#request, ...calledWith });
    if ("failure" in result) this.failures.push(result.failure);
    const fragment = "fragment" in result ? result.fragment : null;
    own.set(key, fragment);
    return fragment;
  }
}
