/**
 * What the threads of a finding's model share beside the inode: the locks of the filesystem, and its open transaction, that whoever
 * comes for the number holds while it waits, and that the eviction takes. One mechanism for all scenarios; a finding without such
 * things has the model that it would have without this.
 */
import type { Body } from "../../ir/function-bodies.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import { locksOfEntry, NO_LOCKS, type SharedLocks } from "./entry-locks.ts";
import type { EntryKind } from "./entry-path.ts";
import type { FindingScope } from "./finding-scope.ts";
import type { SharedFlow } from "./flow.ts";
import type { SharedThing } from "./shared-things.ts";
import { sleepingLocksOf } from "./sleeping-locks.ts";

export interface Ties {
  /** For the threads that come for the number. */
  readonly of: (kind: EntryKind) => SharedLocks;
  /** For the functions of the eviction that are procedures of the model. */
  readonly flow: (body: Body) => SharedFlow | undefined;
  readonly names: ReadonlySet<string>;
  readonly things: readonly SharedThing[];
  readonly assumptions: readonly string[];
}

const NO_TIES: Ties = { of: () => NO_LOCKS, flow: () => undefined, names: new Set(), things: [], assumptions: [] };

/**
 * @param kinds of the threads that come for the number
 * @param operations of the eviction that is part of the model
 */
export function tiesOf(
  scope: FindingScope,
  kinds: readonly EntryKind[],
  operations: readonly EvictionOperation[],
): Ties {
  const { filesystem, engine, program } = scope;
  if (filesystem === null) return NO_TIES;
  const facts = scope.facts(filesystem);
  const entries = new Map(kinds.map((kind) => [kind, locksOfEntry(facts, kind, operations)]));
  const locks = sleepingLocksOf({ engine, program, filesystem });
  const names = new Set([...entries.values()].flatMap((each) => [...each.names]));
  return {
    of: (kind) => entries.get(kind) ?? NO_LOCKS,
    flow: (body) => locks.flowOf(body, names),
    names,
    things: [...names].map((name) => locks.thing(name)),
    assumptions: [...entries.values()].flatMap(({ assumptions }) => assumptions),
  };
}
