/** Exit statuses of the command line (docs/cli.md) and the error that stands for "your input, not our bug". */

/** Nothing at or above --fail-on; simulate: the model holds. */
export const CLEAN = 0;
/** Findings at or above --fail-on; simulate: an invariant is violated. */
export const FOUND = 1;
/** Wrong usage, or input that cannot be read. */
export const REFUSED = 2;
/** A bug of ours. */
export const INTERNAL = 3;
/** As shells report a process that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** Input that cannot be used: printed as one line (more with `details`), exit status 2. */
export class Refusal extends Error {
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[] = []) {
    super(message);
    this.name = "Refusal";
    this.details = details;
  }
}

/** An option of the contract that this release does not have yet. */
export function comesLater(what: string, instead: string): Refusal {
  return new Refusal(`${what} comes with a later release${instead === "" ? "" : `; ${instead}`}`);
}
