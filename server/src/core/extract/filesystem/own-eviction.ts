/** A filesystem's own eviction, call by call: what each call of an operation's body does, in the order of its control flow. */
import { Env } from "../../analysis/env.ts";
import type { Anchor, FilesystemFacts, Operation, ReachedEffect } from "../../analysis/filesystem-facts.ts";
import type { CallEvent, Mode } from "../../analysis/interpreter.ts";
import { INODE } from "../../analysis/typestate.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, SourceSpan, Step } from "../../race/model.ts";
import { callText } from "./chain-steps.ts";
import { lowerFlow } from "./flow.ts";

export interface OwnCall {
  readonly label: string;
  readonly source: SourceSpan;
  /** The name of what is called. */
  readonly callee: string;
  /** The inode under eviction is among its arguments. */
  readonly takesInode: boolean;
  /** What it can do, itself or below; doubtful effects are left out. */
  readonly kinds: ReadonlySet<EffectKind>;
  /** The nearest effect of one of these kinds, in words: "mark_buffer_dirty() dirties a buffer". */
  words(kinds: ReadonlySet<EffectKind>): string;
}

/** What touches the disk or other inodes: everything that a lookup of the same number could meet half done. */
export const CLEANUP_KINDS: ReadonlySet<EffectKind> = new Set([
  "transaction",
  "dirty",
  "disk",
  "network",
  "defer",
  "truncate",
]);
export const BLOCKING_KINDS: ReadonlySet<EffectKind> = new Set([
  "disk",
  "network",
  "wait",
  "transaction",
  "freeze",
  "lock",
]);

/**
 * The operation as a procedure with the parameter `inode`; null when it does nothing that `write` makes steps of.
 * @param write the steps of one call; none where it does not matter
 */
export function ownProcedure(
  facts: FilesystemFacts,
  operation: Operation,
  mode: Mode,
  name: string,
  write: (call: OwnCall) => readonly Step[],
): Procedure | null {
  const { body } = operation;
  const anchors = new Map(facts.anchors(operation, mode).map((anchor) => [anchor.event.call.end, anchor]));
  const flow = lowerFlow({
    body,
    mode,
    interpreter: facts.engine.interpreter,
    args: [INODE],
    facts: Env.of([["#inode.i_sb", { k: "nonzero" }]]),
    onCall: (event) => {
      const anchor = anchors.get(event.call.end);
      return anchor === undefined ? [] : write(ownCall(operation, anchor, event));
    },
  });
  if (flow.steps.length === 0) return null;
  return { name, parameters: ["inode"], locals: flow.locals, steps: flow.steps };
}

/** `event` is the call with the values that the operation is called with. */
function ownCall({ body }: Operation, { effects }: Anchor, event: CallEvent): OwnCall {
  const sure = effects.filter((effect) => effect.doubt === null);
  const { callee } = event.call;
  return {
    label: callText(body, event.call),
    source: { file: body.file.path, line: positionIn(body, event.call.at).line },
    callee: callee.k === "id" || callee.k === "field" ? callee.name : "",
    takesInode: event.args.some((value) => value?.k === "symbol" && value.name.startsWith("#")),
    kinds: new Set(sure.map((effect) => effect.site.kind)),
    words: (kinds) => wordsOf(sure.find((effect) => kinds.has(effect.site.kind))),
  };
}

function wordsOf(effect: ReachedEffect | undefined): string {
  if (effect === undefined) return "";
  const { primitive, what } = effect.site;
  return `${primitive}() ${what}`;
}
