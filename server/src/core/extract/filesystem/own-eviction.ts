/** A filesystem's own eviction, call by call: what each call of an operation's body does, in the order of its control flow. */
import { Env } from "../../analysis/env.ts";
import type { Anchor, FilesystemFacts, Operation, ReachedEffect } from "../../analysis/filesystem-facts.ts";
import type { CallEvent, Mode } from "../../analysis/interpreter.ts";
import { INODE } from "../../analysis/typestate.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, SourceSpan, Step } from "../../race/model.ts";
import { callText } from "./chain-steps.ts";
import { NO_LOCKS, type SharedLocks, takenBy } from "./entry-locks.ts";
import { lowerFlow } from "./flow.ts";
import type { SharedThing } from "./shared-things.ts";
import { sleepingLocksOf } from "./sleeping-locks.ts";

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

/** Names of functions that make an inode's number free on disk. */
const FREES_NUMBER = /(^|_)(free_inode|ifree|free_ino|free_dinode)$|^diFree$/;

export function freesNumber({ callee, takesInode }: Pick<OwnCall, "callee" | "takesInode">): boolean {
  return takesInode && FREES_NUMBER.test(callee);
}

/** What of an eviction a reader of a run wants to see go on, though nothing follows from it. */
export const SHOWN_KINDS: ReadonlySet<EffectKind> = new Set(["transaction", "dirty", "disk", "network", "defer"]);

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
 * @param locks those of the filesystem that somebody else of the model takes, and its transaction
 */
export function ownProcedure(
  facts: FilesystemFacts,
  operation: Operation,
  mode: Mode,
  name: string,
  write: (call: OwnCall) => readonly Step[],
  locks: Pick<SharedLocks, "names" | "things"> = NO_LOCKS,
): Procedure | null {
  const { body } = operation;
  const shared = sleepingLocksOf(facts).flowOf(body, locks.names);
  const anchors = new Map(facts.anchors(operation, mode).map((anchor) => [anchor.event.call.end, anchor]));
  const flow = lowerFlow({
    body,
    mode,
    interpreter: facts.engine.interpreter,
    args: [INODE],
    facts: Env.of([["#inode.i_sb", { k: "nonzero" }]]),
    onCall: (event) => {
      const anchor = anchors.get(event.call.end);
      if (anchor === undefined) return [];
      const itself = shared?.stepsOf(event.call, false);
      const isOwn = itself !== undefined && itself.takes.length + itself.givesBack.length > 0;
      const below = isOwn ? [] : locksBelow(facts, operation, anchor, locks.things);
      return [...below, ...write(ownCall(operation, anchor, event))];
    },
    shared,
  });
  if (flow.steps.length === 0) return null;
  return { name, parameters: ["inode"], locals: flow.locals, steps: flow.steps };
}

/** What a call takes and gives back before it returns, or does not come to. */
function locksBelow(
  facts: FilesystemFacts,
  { body }: Operation,
  { event, effects }: Anchor,
  things: readonly SharedThing[],
): Step[] {
  const source = { file: body.file.path, line: positionIn(body, event.call.at).line };
  const found = new Map<SharedThing, ReachedEffect>();
  if (things.length === 0) return [];
  for (const effect of effects) {
    const taken = takenBy(facts, effect);
    for (const thing of things)
      if (taken.some(({ name }) => name === thing.name) && !found.has(thing)) found.set(thing, effect);
  }
  return [...found].map(([{ words, take, giveBack }, { site }]): Step => {
    const place = { file: site.body.file.path, line: positionIn(site.body, site.event.call.at).line };
    return {
      choose: [
        [
          {
            do: "skip()",
            label: `${callText(body, event.call)} comes to ${callText(site.body, site.event.call)}`,
            source,
          },
          { do: take, label: `has ${words}`, source: place },
          { do: giveBack, label: `gives ${words} back`, source: place },
        ],
        [{ do: "skip()", label: `${callText(body, event.call)} does not take ${words}`, source }],
      ],
    };
  });
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
