/**
 * A reference is dropped with a lock of the filesystem held, or a transaction open: the eviction that this starts waits for ever
 * where it takes that lock, too, or starts a transaction that does not nest. Only one that does so on every way is taken to: what is
 * dropped may be an inode for which it does not.
 */
import type { Operation } from "../../analysis/filesystem-facts.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { Step } from "../../race/model.ts";
import { bodyOf, type ChainRequest, callText } from "./chain-steps.ts";
import { locksOfEviction } from "./entry-locks.ts";
import type { FindingScope } from "./finding-scope.ts";
import { type ChainCall, heldAlong } from "./held-along.ts";
import type { SharedThing } from "./shared-things.ts";
import { sleepingLocksOf } from "./sleeping-locks.ts";

export interface HeldAtDrop {
  /** For the functions of the finding's chain. */
  readonly chain: ChainRequest["shared"];
  /** What the inner eviction does with them. */
  readonly inner: readonly Step[];
  readonly things: readonly SharedThing[];
  readonly assumptions: readonly string[];
}

export const NOTHING_HELD: HeldAtDrop = {
  chain: undefined,
  inner: [],
  things: [],
  assumptions: [],
};

/**
 * An eviction looks another inode up, and waits for that one's eviction, which runs the same functions: what the chain holds
 * meanwhile both need. The transaction is left out: two that look each other up wait without it, and the commit would multiply the
 * states.
 */
export function heldAtLookup(scope: FindingScope): Pick<HeldAtDrop, "chain" | "things"> {
  const { filesystem, engine, program } = scope;
  const chain = callsOf(scope);
  if (filesystem === null || chain === null) return NOTHING_HELD;
  const locks = sleepingLocksOf({ engine, program, filesystem });
  const things = heldAlong(locks, chain)
    .filter(({ shared, top }) => top !== null && !shared)
    .map(({ lock }) => locks.thing(lock));
  const names = new Set(things.map(({ name }) => name));
  return { chain: (body) => locks.flowOf(body, names), things };
}

/** The finding's chain, down to its effect; null where a function of it could not be read. */
function callsOf({ finding, engine, program }: FindingScope): ChainCall[] | null {
  const chain: ChainCall[] = [];
  for (const link of finding.chain) {
    const body = bodyOf({ engine, program }, link);
    if (body === null) return null;
    chain.push({ body, isNext: (call) => positionIn(body, call.at).line === link.line });
  }
  return chain;
}

/** `inner`: the operation that evicts what the last call of the finding's chain drops. */
export function heldAtDrop(scope: FindingScope, inner: Operation): HeldAtDrop {
  const { filesystem, engine, program } = scope;
  if (filesystem === null) return NOTHING_HELD;
  const facts = scope.facts(filesystem);
  const taken = locksOfEviction(facts, [inner.name]);
  if (taken.size === 0) return NOTHING_HELD;
  const locks = sleepingLocksOf({ engine, program, filesystem });
  const chain = callsOf(scope);
  if (chain === null) return NOTHING_HELD;
  const always = locks.takenAlways(inner.body);
  const things: SharedThing[] = [];
  const steps: Step[] = [];
  const assumptions: string[] = [];
  for (const { lock, shared, top } of heldAlong(locks, chain)) {
    const thing = locks.thing(lock);
    const isOpen = thing.kind === "transaction";
    const maybe = taken.get(lock);
    const surely = always.get(lock);
    if (maybe === undefined || (shared && maybe.shared && !isOpen)) continue;
    const isTaken = surely !== undefined && (isOpen || !(shared && surely.shared));
    const call = isTaken && top !== null ? locks.callThatTakes(inner.body, lock) : null;
    if (call === null) {
      // One that nests waits for nothing, whether it is started or not.
      if (!thing.nests)
        assumptions.push(`the eviction of what is dropped does not take ${thing.words}, which is held meanwhile`);
      continue;
    }
    things.push(thing);
    const place = {
      label: `${callText(inner.body, call)} for B`,
      source: { file: inner.body.file.path, line: positionIn(inner.body, call.at).line },
    };
    steps.push(
      { ...place, do: "skip()" },
      { ...place, label: `has ${thing.words} for B`, do: thing.take },
      { ...place, label: `gives ${thing.words} back`, do: thing.giveBack },
    );
  }
  const names = new Set(things.map(({ name }) => name));
  return { chain: (body) => locks.flowOf(body, names), inner: steps, things, assumptions };
}
