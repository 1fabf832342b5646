/** What lowering makes of the code's operations: steps, branches, choices. */
import { type Body, positionIn } from "../ir/function-bodies.ts";
import type { Config, Frame } from "./lowering-state.ts";
import { negate } from "./values.ts";

/** What one operation of the code comes to. */
export type Outcome =
  | { readonly k: "silent"; readonly config: Config }
  | Emission
  /** `free`: each can really be; otherwise nobody knows which. */
  | { readonly k: "choose"; readonly targets: readonly Config[]; readonly free: boolean }
  | { readonly k: "end" };

/** One step of the model. With `test` it branches: `no` is where it goes when the test fails. */
export interface Emission {
  readonly k: "emit";
  readonly do?: string;
  readonly test?: string;
  readonly next: Config;
  readonly no?: Config;
  /** The run ends with this step: an assertion that fails whenever it is reached. */
  readonly last?: boolean;
  /** The step is a call of a procedure of the scenario. */
  readonly call?: { readonly procedure: string; readonly with: Readonly<Record<string, string>> };
  /** A step that the source has no line for of its own is shown at this call. */
  readonly label?: string;
}

export interface LoweredNode {
  readonly id: number;
  readonly label: string;
  readonly file: string | null;
  readonly line: number;
  readonly do?: string;
  readonly test?: string;
  readonly call?: Emission["call"];
  readonly last?: boolean;
  /** Targets: [next], [yes, no], or the branches of a choice; -1 is the end. */
  readonly targets: number[];
  readonly isChoice: boolean;
}

/** Marks a step that goes one of several ways because nothing is known of its condition. */
export const NOT_KNOWN = "[either way]";

/** Marks a step that goes one of several ways because it can really be either: need_resched(). */
export const AT_ANY_TIME = "[at any time]";

/** The same branch by the opposite test, so that a trace's yes and no are those of the line as it is written. */
export function turned(outcome: Outcome): Outcome {
  if (outcome.k !== "emit" || outcome.test === undefined || outcome.no === undefined) return outcome;
  if (outcome.test.startsWith("trylock(")) return outcome;
  return { ...outcome, test: negate(outcome.test), next: outcome.no, no: outcome.next };
}

/** So many lines a condition may have. */
const MAX_LINES = 6;

/** The source line, and those behind it up to where its brackets close, without comments and without what opens a block. */
function labelOf(body: Body, at: number): string {
  const start = body.text.lastIndexOf("\n", at - 1) + 1;
  let end = start;
  let text = "";
  for (let lines = 0; lines < MAX_LINES && end < body.text.length; lines++) {
    const next = body.text.indexOf("\n", end + 1);
    end = next < 0 ? body.text.length : next;
    text = body.text.slice(start, end).replace(/\/\*[\s\S]*?(\*\/|$)/g, " ");
    if (depthOf(text) <= 0) break;
  }
  const line = text
    .replace(/[{;]\s*$/, "")
    .replace(/\s+/g, " ")
    .replace(/"/g, "'")
    .trim();
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}

/** How many brackets a text leaves open. */
function depthOf(text: string): number {
  const bare = text.replace(/"(\\.|[^"\\])*"/g, "");
  return bare.split("(").length - bare.split(")").length;
}

/** The line of the innermost frame that stands in a .c file: what a header's helper does is shown at its call. */
export function placeOf(config: Config): { label: string; file: string | null; line: number } {
  for (let i = config.frames.length - 1; i >= 0; i--) {
    const frame = config.frames[i] as Frame;
    const { body } = frame.function;
    if (body.file.isHeader && i > 0) continue;
    // Outer frames stand behind their call already: the call is what led here.
    const inner = config.frames[i + 1];
    const ip = inner === undefined ? frame.ip : Number(inner.id.slice(frame.id.length + 1).split(":")[0]);
    const op = frame.function.ops[ip];
    const at = op !== undefined && "at" in op ? op.at : 0;
    return { label: labelOf(body, at), file: body.file.path, line: positionIn(body, at).line };
  }
  return { label: "", file: null, line: 0 };
}
