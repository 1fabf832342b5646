/**
 * The standard scenarios of a filesystem with an index of its own: its lookup against the eviction, the reclaimer and the
 * worker of its own inodes. What is written here are the threads that call the tree's functions, and the state at the start.
 */

import type {
  BuiltInInvariant,
  RaceModel,
  SlotInitial,
  Step,
  ThreadDeclaration,
  VariableDeclaration,
} from "../race/model.ts";
import type { CancellationToken } from "../text/cancellation.ts";
import type { Fragment } from "./fragment.ts";
import type { ExtractionTree } from "./lowering-request.ts";
import { PRIVATE_CACHES, PrivateCache, type PrivateCacheData, type PrivateRole } from "./private-cache.ts";
import { composeScenario } from "./scenario.ts";
import { callOf, IGNORED } from "./scenario-threads.ts";
import { firstSlot } from "./slot-walks.ts";
import type { StandardScenario } from "./standard-scenarios.ts";

const INVARIANTS: readonly BuiltInInvariant[] = ["UNIQ", "ONCE", "UAF", "WAKE", "PROG", "STATE", "UMNT"];

/** Whether the inode has links on disk. */
const LINKED: VariableDeclaration = { name: "disk.linked", initial: 1, max: 1, group: "disk" };

const VARIABLES: readonly VariableDeclaration[] = [
  // As for an inode that is not to be cached (I_DONTCACHE): the last iput() evicts it although it has links.
  { name: "sb.active", initial: 0, max: 1, group: "superblock" },
  { name: "sb.dead", initial: 0, max: 1, group: "superblock" },
  { name: "disk.allocated", initial: 1, max: 1, group: "disk" },
  LINKED,
];

const ASSUMPTIONS = ["all threads are about one inode number; at most three inodes of it are in memory at a time"];
const RECLAIM_ASSUMPTIONS = [
  "the last iput() evicts the inode; its number is not taken for a new file",
  "the reclaimer looks the inode up under RCU, asks whether it may have it, leaves RCU, and frees it, once",
];

/** What the scenarios do without where the tree has none. */
const PARTS: readonly PrivateRole[] = ["reclaim-grab", "reclaim", "worker"];

interface Parts {
  readonly data: PrivateCacheData;
  readonly put: Fragment;
  readonly lookup: Fragment;
  /** Null: the tree has none, or it cannot be lowered; the scenarios then do without. */
  readonly grab: Fragment | null;
  readonly reclaim: Fragment | null;
  readonly umount: Fragment | null;
}

const of = (text: string, v: string): string => text.replaceAll("$", v);

/** Nobody else has another inode of the number, and this one can be used. */
function use({ usable, dying }: PrivateCacheData, v: string, slots: number): string {
  const others = Array.from({ length: slots }, (_, i) => {
    const other = `slot[${i}]`;
    return `(${v} != ${other} && ${other}.phase == LIVE && ${of(usable, other)})`;
  });
  return [
    `assert(UNIQ, ${v}.built, "an inode is used that was never set up")`,
    `assert(STATE, !${of(dying, v)}, "an inode is used that is being evicted")`,
    `assert(UNIQ, !(${others.join(" || ")}), "two inodes of one number are used")`,
  ].join("; ");
}

/** Looks the number up, uses the inode and puts it. */
function lookupThread(
  { data, lookup, put }: Pick<Parts, "data" | "lookup" | "put">,
  slots: number,
  count = 1,
): ThreadDeclaration {
  // The inode is the function's value, or goes to the caller's variable, and then the value says whether it failed.
  const isValue = lookup.result === "slot";
  const [out = "found"] = (lookup.procedure.parameters ?? []).filter((name) => name !== "ino" && name !== "result");
  const underRcu = (step: "rcu_read_lock()" | "rcu_read_unlock()"): Step[] =>
    data.lookupHolds === undefined ? [] : [{ label: step, do: step }];
  return {
    name: "lookup",
    count,
    locals: [
      { name: "found", type: "slot" },
      { name: "failed", max: 1 },
    ],
    steps: [
      ...underRcu("rcu_read_lock()"),
      callOf(lookup, isValue ? { result: "found" } : { [out]: "found", result: "failed" }),
      ...underRcu("rcu_read_unlock()"),
      { label: "no such inode", if: isValue ? "found == none" : "failed", then: [{ goto: "over" }] },
      { label: "use the inode", do: use(data, "found", slots) },
      callOf(put, { inode: "found" }),
      { id: "over", label: "lookup is over", do: "found = none; failed = 0" },
    ],
  };
}

/** A new file takes the number as soon as it is free, and its inode, which it makes one that others can use. */
function createThread({ data, put }: Parts, create: Fragment, setUp: Fragment, slots: number): ThreadDeclaration {
  const [out = "made"] = (create.procedure.parameters ?? []).filter((name) => name !== "ino" && name !== "result");
  return {
    name: "create",
    locals: [
      { name: "made", type: "slot" },
      { name: "failed", max: 1 },
    ],
    steps: [
      { label: "take a free inode number", do: "wait(!disk.allocated)" },
      callOf(create, { [out]: "made", result: "failed" }),
      {
        label: "is the inode to be had?",
        do: 'assert(STATE, !failed, "a new file cannot have the inode of its number")',
      },
      { label: "the filesystem fills in the new inode", do: "made.mode = 1; made.nlink = 1; disk.allocated = 1" },
      callOf(setUp, { inode: "made" }),
      { label: "use the inode", do: use(data, "made", slots) },
      callOf(put, { inode: "made" }),
      { label: "create is over", do: "made = none; failed = 0" },
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

/** Counts down the threads that umount waits for. */
const USERS = "users";

/** Umount when nobody is left: it evicts what the others have left in memory. */
function umountThread(umount: Fragment): ThreadDeclaration {
  return {
    name: "umount",
    steps: [
      { label: "nobody uses the mount", do: `wait(!${USERS})` },
      { label: "sb->s_flags &= ~SB_ACTIVE", do: "sb.active = 0" },
      callOf(umount, {}),
      { label: "->put_super(sb)", do: "put_super()" },
    ],
  };
}

const asUser = (thread: ThreadDeclaration): ThreadDeclaration => ({
  ...thread,
  steps: [...thread.steps, { label: `${thread.name} has left the mount`, do: `${USERS}--` }],
});

const LIVE: SlotInitial = { ino: 1, hashed: 1, on_sb: 1, built: 1, nlink: 1, count: 1 };
/** After ->destroy_inode. */
const DESTROYED: SlotInitial = { on_sb: 0, count: 0, DYING: 1, CLEAR: 1 };
const RECLAIMABLE: SlotInitial = { ...DESTROYED, IRECLAIMABLE: 1 };
const QUEUED: SlotInitial = { ...DESTROYED, pending: 1, NEED_INACTIVE: 1, queued: 1 };

interface Draft {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly threads: readonly ThreadDeclaration[];
  /** Null: the number has no inode in memory. Otherwise what differs from an inode in use. */
  readonly inode: SlotInitial | null;
  readonly functions: readonly Fragment[];
  readonly variables?: readonly VariableDeclaration[];
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
  const umount = cache.generic.first("umount");
  if (put === null || lookup === null) return;
  const parts: Parts = { data: cache.data, put, lookup, grab, reclaim, umount };
  const isReclaimed = cache.data.functions.reclaim !== undefined;
  for (const draft of isReclaimed ? drafts(cache, parts, worker) : tableDrafts(cache, parts))
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
    inode: {},
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
  const inMemory = cache.fragment("lookup-in-memory");
  if (inMemory !== null)
    yield {
      id: "inactivate-against-lookup-in-memory",
      title: `${worker.name}() cleans up an unlinked inode against ${lookup.name}() of what is in memory`,
      summary: "Somebody looks for an inode in memory alone while a worker cleans it up and hands it to reclaim.",
      threads: [
        workerThread(worker, slots),
        lookupThread({ ...parts, lookup: inMemory }, slots),
        ...reclaimThread(parts),
      ],
      inode: { ...QUEUED, nlink: 0 },
      functions: [worker, inMemory, ...reclaimers, put],
    };
  const create = cache.fragment("create");
  const setUp = cache.fragment("set-up");
  if (create !== null && setUp !== null)
    yield {
      id: "inactivate-against-create",
      title: `${worker.name}() cleans up an unlinked inode whose number a new file takes by ${lookup.name}()`,
      summary:
        "A worker frees the number of an unlinked inode; a new file takes the number, and the inode if it is there.",
      threads: [workerThread(worker, slots), createThread(parts, create, setUp, slots), ...reclaimThread(parts)],
      inode: { ...QUEUED, nlink: 0 },
      functions: [worker, create, setUp, ...reclaimers, put],
    };
  yield {
    id: "evict-and-inactivate-against-lookup",
    title: `${put.name}() evicts and ${worker.name}() cleans up against ${lookup.name}()`,
    summary: "The same from the last reference on.",
    threads: [putThread(parts), workerThread(worker, slots), lookupThread(parts, slots), ...reclaimThread(parts)],
    inode: { pending: 1 },
    functions: [put, worker, lookup, ...reclaimers],
  };
}

/** Where an evicted inode leaves the table at once, and is freed by generic code. */
function* tableDrafts(cache: PrivateCache, parts: Parts): Iterable<Draft> {
  const { put, lookup, umount } = parts;
  const { slots } = cache.generic;
  const against = `${put.name}() evicts`;
  const once = {
    threads: [putThread(parts), lookupThread(parts, slots)],
    functions: [put, lookup],
  };
  yield {
    ...once,
    id: "evict-against-lookup",
    title: `${against} against ${lookup.name}()`,
    summary: "The last reference of an inode is dropped while somebody looks its number up.",
    inode: {},
  };
  yield {
    ...once,
    id: "evict-unlinked-against-lookup",
    title: `${against} an unlinked inode against ${lookup.name}()`,
    summary: "The last reference of an unlinked inode is dropped while somebody looks its number up.",
    inode: { nlink: 0, pending: 1 },
    variables: [{ ...LINKED, initial: 0 }],
  };
  for (const [id, of, linked] of [
    ["two-lookups", "", 1],
    ["two-lookups-of-unlinked", " of an unlinked inode", 0],
  ] as const)
    yield {
      id,
      title: `two ${lookup.name}()${of}`,
      summary: "Two lookups read one inode from disk; one of them comes too late.",
      threads: [lookupThread(parts, slots, 2)],
      inode: null,
      functions: [lookup, put],
      variables: [{ ...LINKED, initial: linked }],
    };
  if (umount === null) return;
  yield {
    id: "umount-behind-lookups",
    title: `${umount.name}() behind ${lookup.name}()`,
    summary: "Umount evicts what the last users have left in memory.",
    threads: [asUser(lookupThread(parts, slots, 2)), umountThread(umount)],
    inode: null,
    functions: [put, lookup, umount],
    variables: [
      { name: "sb.active", initial: 1, max: 1, group: "superblock" },
      { name: USERS, initial: 2, max: 2 },
    ],
  };
}

function modelOf(cache: PrivateCache, draft: Draft): RaceModel {
  const { data, generic } = cache;
  const threads = draft.threads.map(
    (thread): ThreadDeclaration => ({ ...thread, locals: [...(thread.locals ?? []), { name: IGNORED, max: 1 }] }),
  );
  const failures = [...generic.failures, ...cache.failures];
  const absent = PARTS.filter((role) => data.functions[role] !== undefined && cache.function(role) === null);
  const { lookupHolds } = data;
  return composeScenario({
    id: `protocol.${data.id}.${draft.id}`,
    title: `${data.title}: ${draft.title}`,
    summary: draft.summary,
    kind: "protocol",
    fragments: [...new Set(draft.functions)],
    threads,
    slots: {
      count: generic.slots,
      initial: [draft.inode === null ? {} : { ...LIVE, ...data.inUse, ...draft.inode }],
      fields: data.words.fields ?? [],
    },
    variables: [...(draft.variables ?? []), ...VARIABLES],
    invariants: INVARIANTS,
    progress: "deadlock",
    assumptions: [
      ...ASSUMPTIONS,
      ...(data.functions.reclaim === undefined ? [] : RECLAIM_ASSUMPTIONS),
      ...(lookupHolds === undefined ? [] : [lookupHolds.assume]),
      ...failures.map(({ name, reason }) => `${name}() is not judged: ${reason}`),
      ...absent.map((role) => `no ${role} is judged: the tree has none that is known`),
    ],
  });
}
