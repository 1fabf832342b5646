/**
 * The standard scenarios of a filesystem with an index of its own: its lookup against the eviction, the reclaimer and the
 * worker of its own inodes. What is written here are the threads that call the tree's functions, and the state at the start.
 */

import type {
  BuiltInInvariant,
  RaceModel,
  SlotInitial,
  ThreadDeclaration,
  VariableDeclaration,
} from "../race/model.ts";
import type { CancellationToken } from "../text/cancellation.ts";
import type { Fragment } from "./fragment.ts";
import type { ExtractionTree } from "./lowering-request.ts";
import { PRIVATE_CACHES, PrivateCache, type PrivateRole } from "./private-cache.ts";
import { composeScenario } from "./scenario.ts";
import { callOf, IGNORED } from "./scenario-threads.ts";
import { firstSlot } from "./slot-walks.ts";
import type { StandardScenario } from "./standard-scenarios.ts";

const INVARIANTS: readonly BuiltInInvariant[] = ["UNIQ", "ONCE", "UAF", "WAKE", "PROG", "STATE"];

const VARIABLES: readonly VariableDeclaration[] = [
  // As for an inode that is not to be cached (I_DONTCACHE): the last iput() evicts it although it has links.
  { name: "sb.active", initial: 0, max: 1, group: "superblock" },
  { name: "disk.allocated", initial: 1, max: 1, group: "disk" },
];

const ASSUMPTIONS = [
  "all threads are about one inode number; at most three inodes of it are in memory at a time",
  "the last iput() evicts the inode; its number is not taken for a new file",
  "the reclaimer looks the inode up under RCU, asks whether it may have it, leaves RCU, and frees it, once",
];

/** What the scenarios do without where the tree has none. */
const PARTS: readonly PrivateRole[] = ["reclaim-grab", "reclaim", "worker"];

interface Parts {
  readonly put: Fragment;
  readonly lookup: Fragment;
  /** Null: the tree has none, or it cannot be lowered; the scenarios then do without. */
  readonly grab: Fragment | null;
  readonly reclaim: Fragment | null;
}

const live = (v: string): string => `${v}.phase == LIVE && ${v}.count && ${v}.built && !${v}.DYING`;

/** Nobody else has another inode of the number, and this one can be used. */
function use(v: string, slots: number): string {
  const others = Array.from({ length: slots }, (_, i) => `(${v} != slot[${i}] && ${live(`slot[${i}]`)})`);
  return [
    `assert(UNIQ, ${v}.built, "an inode is used that was never set up")`,
    `assert(STATE, !${v}.DYING, "an inode is used that is being evicted")`,
    `assert(UNIQ, !(${others.join(" || ")}), "two inodes of one number are used")`,
  ].join("; ");
}

/** Looks the number up, uses the inode and puts it. */
function lookupThread({ lookup, put }: Parts, slots: number, count = 1): ThreadDeclaration {
  const [out = "found"] = (lookup.procedure.parameters ?? []).filter((name) => name !== "ino" && name !== "result");
  return {
    name: "lookup",
    count,
    locals: [
      { name: "found", type: "slot" },
      { name: "failed", max: 1 },
    ],
    steps: [
      callOf(lookup, { [out]: "found", result: "failed" }),
      { label: "no such inode", if: "failed", then: [{ goto: "over" }] },
      { label: "use the inode", do: use("found", slots) },
      callOf(put, { inode: "found" }),
      { id: "over", label: "lookup is over", do: "found = none; failed = 0" },
    ],
  };
}

/** The reclaimer's walk over the index (xfs_icwalk_ag()), for the one inode. */
function reclaimThread({ grab, reclaim }: Parts): readonly ThreadDeclaration[] {
  if (grab === null || reclaim === null) return [];
  const thread: ThreadDeclaration = {
    name: "reclaim",
    context: ["MEMALLOC"],
    locals: [
      { name: "seen", type: "slot" },
      { name: "mine", max: 1 },
    ],
    steps: [
      { label: "rcu_read_lock()", do: "rcu_read_lock()" },
      {
        label: "find the inode in the index",
        do: "seen = find(1)",
        if: "seen == none",
        then: [{ do: "rcu_read_unlock()" }, { goto: "over" }],
      },
      callOf(grab, { inode: "seen", result: "mine" }),
      { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
      { label: "not to be freed", if: "!mine", then: [{ goto: "over" }] },
      callOf(reclaim, { inode: "seen" }),
      { id: "over", label: "reclaim is over", do: "seen = none; mine = 0" },
    ],
  };
  return [thread];
}

function workerThread(worker: Fragment, slots: number): ThreadDeclaration {
  const queued = firstSlot(slots, (slot) => `${slot}.queued`);
  return {
    name: "worker",
    context: ["worker"],
    daemon: true,
    steps: [
      { id: "again", label: "work is queued", do: `wait(${queued} != none)` },
      callOf(worker, {}),
      { goto: "again" },
    ],
  };
}

const putThread = ({ put }: Parts): ThreadDeclaration => ({ name: "evict", steps: [callOf(put, { inode: "A" })] });

const LIVE: SlotInitial = { ino: 1, i_ino: 1, mode: 1, hashed: 1, on_sb: 1, built: 1, nlink: 1, count: 1 };
/** After ->destroy_inode. */
const DESTROYED: SlotInitial = { ...LIVE, on_sb: 0, count: 0, DYING: 1, CLEAR: 1 };
const RECLAIMABLE: SlotInitial = { ...DESTROYED, IRECLAIMABLE: 1 };
const QUEUED: SlotInitial = { ...DESTROYED, pending: 1, NEED_INACTIVE: 1, queued: 1 };

interface Draft {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly threads: readonly ThreadDeclaration[];
  readonly inode: SlotInitial;
  readonly functions: readonly Fragment[];
}

/** The scenarios of every filesystem with an index of its own that the tree has. Throws when cancelled. */
export function* privateCacheScenarios(tree: ExtractionTree, token?: CancellationToken): Iterable<StandardScenario> {
  for (const data of PRIVATE_CACHES) yield* scenariosOf(new PrivateCache(tree, data, token));
}

/** The scenario of this id under another name, or null when the tree has no such scenario. */
export function privateCacheModel(tree: ExtractionTree, scenario: string, id: string): RaceModel | null {
  for (const { model } of privateCacheScenarios(tree)) if (model.id === scenario) return { ...model, id };
  return null;
}

export function* scenariosOf(cache: PrivateCache): Iterable<StandardScenario> {
  if (cache.function("lookup") === null) return;
  const put = cache.generic.first("put");
  const lookup = cache.fragment("lookup");
  const grab = cache.fragment("reclaim-grab");
  const reclaim = cache.fragment("reclaim");
  const worker = cache.fragment("worker");
  if (put === null || lookup === null) return;
  for (const draft of drafts(cache, { put, lookup, grab, reclaim }, worker))
    yield { model: modelOf(cache, draft), functions: draft.functions, folder: cache.data.folder };
}

function* drafts(cache: PrivateCache, parts: Parts, worker: Fragment | null): Iterable<Draft> {
  const { put, lookup, grab, reclaim } = parts;
  const { slots } = cache.generic;
  const reclaimers = grab === null || reclaim === null ? [] : [grab, reclaim];
  const free = reclaim === null ? "" : `, then ${reclaim.name}() frees,`;
  yield {
    id: "evict-against-lookup",
    title: `${put.name}() evicts${free} against ${lookup.name}()`,
    summary: "The last reference of an inode is dropped and its memory reclaimed while somebody looks its number up.",
    threads: [putThread(parts), lookupThread(parts, slots), ...reclaimThread(parts)],
    inode: LIVE,
    functions: [put, lookup, ...reclaimers],
  };
  yield {
    id: "reclaim-against-two-lookups",
    title: `two ${lookup.name}()${reclaim === null ? "" : ` against ${reclaim.name}()`}`,
    summary: "An inode that was destroyed but is still in the index is recycled by a lookup, or freed.",
    threads: [lookupThread(parts, slots, 2), ...reclaimThread(parts)],
    inode: RECLAIMABLE,
    functions: [lookup, ...reclaimers, put],
  };
  if (worker === null) return;
  for (const [id, nlink, what] of [
    ["inactivate-against-lookup", 1, "an inode with links"],
    ["inactivate-unlinked-against-lookup", 0, "an unlinked inode"],
  ] as const)
    yield {
      id,
      title: `${worker.name}() cleans up ${what} against ${lookup.name}()`,
      summary: "A worker cleans up a destroyed inode and hands it to reclaim while somebody looks its number up.",
      threads: [workerThread(worker, slots), lookupThread(parts, slots), ...reclaimThread(parts)],
      inode: { ...QUEUED, nlink },
      functions: [worker, lookup, ...reclaimers, put],
    };
  yield {
    id: "evict-and-inactivate-against-lookup",
    title: `${put.name}() evicts and ${worker.name}() cleans up against ${lookup.name}()`,
    summary: "The same from the last reference on.",
    threads: [putThread(parts), workerThread(worker, slots), lookupThread(parts, slots), ...reclaimThread(parts)],
    inode: { ...LIVE, pending: 1 },
    functions: [put, worker, lookup, ...reclaimers],
  };
}

function modelOf(cache: PrivateCache, draft: Draft): RaceModel {
  const { data, generic } = cache;
  const threads = draft.threads.map(
    (thread): ThreadDeclaration => ({ ...thread, locals: [...(thread.locals ?? []), { name: IGNORED, max: 1 }] }),
  );
  const failures = [...generic.failures, ...cache.failures];
  const absent = PARTS.filter((role) => cache.function(role) === null);
  return composeScenario({
    id: `protocol.${data.id}.${draft.id}`,
    title: `${data.title}: ${draft.title}`,
    summary: draft.summary,
    kind: "protocol",
    fragments: [...new Set(draft.functions)],
    threads,
    slots: { count: generic.slots, initial: [draft.inode], fields: data.words.fields ?? [] },
    variables: VARIABLES,
    invariants: INVARIANTS,
    progress: "deadlock",
    assumptions: [
      ...ASSUMPTIONS,
      ...failures.map(({ name, reason }) => `${name}() is not judged: ${reason}`),
      ...absent.map((role) => `no ${role} is judged: the tree has none that is known`),
    ],
  });
}
