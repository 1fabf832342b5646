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
import {
  asUser,
  clusterThread,
  drainOf,
  logThread,
  neighbourThread,
  umountThread,
  umountVariables,
  workerThread,
} from "./private-cache-partners.ts";
import { createThread, lookupThread, type Parts, putThread, reclaimThread } from "./private-cache-threads.ts";
import { composeScenario } from "./scenario.ts";
import { IGNORED } from "./scenario-threads.ts";
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

const LIVE: SlotInitial = { ino: 1, hashed: 1, on_sb: 1, built: 1, nlink: 1, count: 1 };
/** After ->destroy_inode. */
const DESTROYED: SlotInitial = { on_sb: 0, count: 0, DYING: 1, CLEAR: 1 };
const RECLAIMABLE: SlotInitial = { ...DESTROYED, IRECLAIMABLE: 1, tagged: 1 };
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
  /** Absent: endless runs are looked for, too, without the search's reductions. */
  readonly progress?: "deadlock";
}

interface Reclaimers {
  readonly threads: readonly ThreadDeclaration[];
  readonly functions: readonly Fragment[];
  readonly inode: SlotInitial;
}

/** The reclaimer, from which the inode is safe until the log has written it. */
function reclaimersOf(parts: Parts): Reclaimers {
  const { grab, reclaim } = parts;
  if (grab === null || reclaim === null) return { threads: [], functions: [], inode: {} };
  return { threads: [...reclaimThread(parts), logThread], functions: [grab, reclaim], inode: { pinned: 1 } };
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
  const { put, lookup, reclaim } = parts;
  const { slots } = cache.generic;
  const reclaimers = reclaimersOf(parts);
  const free = reclaim === null ? "" : `, then ${reclaim.name}() frees,`;
  yield {
    id: "evict-against-lookup",
    title: `${put.name}() evicts${free} against ${lookup.name}()`,
    summary: "The last reference of an inode is dropped and its memory reclaimed while somebody looks its number up.",
    threads: [putThread(parts), lookupThread(parts, slots), ...reclaimThread(parts)],
    inode: { pages: 1 },
    functions: [put, lookup, ...reclaimers.functions],
  };
  yield {
    id: "evict-against-two-lookups",
    title: `${put.name}() evicts against two ${lookup.name}()`,
    summary: "The last reference of an inode is dropped while two look its number up, of whom one may recycle it.",
    threads: [putThread(parts), lookupThread(parts, slots, 2)],
    inode: {},
    functions: [put, lookup],
    progress: "deadlock",
  };
  yield {
    id: "reclaim-against-two-lookups",
    title: `two ${lookup.name}()${reclaim === null ? "" : ` against ${reclaim.name}()`}`,
    summary: "An inode that was destroyed but is still in the index is recycled by a lookup, or freed.",
    threads: [lookupThread(parts, slots, 2), ...reclaimThread(parts)],
    inode: RECLAIMABLE,
    // The largest; two lookups that get on stand in front of umount as well.
    progress: "deadlock",
    functions: [lookup, ...reclaimers.functions, put],
  };
  const { cluster } = cache.data;
  if (cluster !== undefined && [lookup, ...reclaimers.functions].some((each) => hasLocks(each, Object.values(cluster))))
    yield {
      id: "reclaim-against-cluster",
      title: `${lookup.name}()${reclaim === null ? "" : ` and ${reclaim.name}()`} against who writes the inode's cluster`,
      summary: "Somebody locks an inode without a reference while it is recycled by a lookup, or freed.",
      threads: [lookupThread(parts, slots), ...reclaimers.threads, clusterThread(cluster)],
      inode: { ...RECLAIMABLE, ...reclaimers.inode },
      functions: [lookup, ...reclaimers.functions, put],
    };
  yield* umountDrafts(cache, parts, worker, reclaimers);
  if (worker === null) return;
  const { indexLock } = cache.data;
  const neighbours = indexLock !== undefined && hasLocks(lookup, [indexLock]) ? [neighbourThread(indexLock)] : [];
  for (const [id, nlink, what, others] of [
    ["inactivate-against-lookup", 1, "an inode with links", neighbours],
    ["inactivate-unlinked-against-lookup", 0, "an unlinked inode", []],
  ] as const)
    yield {
      id,
      title: `${worker.name}() cleans up ${what} against ${lookup.name}()`,
      summary: "A worker cleans up a destroyed inode and hands it to reclaim while somebody looks its number up.",
      threads: [workerThread(worker, slots), lookupThread(parts, slots), ...reclaimers.threads, ...others],
      inode: { ...QUEUED, ...reclaimers.inode, nlink },
      functions: [worker, lookup, ...reclaimers.functions, put],
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
        ...reclaimers.threads,
      ],
      inode: { ...QUEUED, ...reclaimers.inode, nlink: 0 },
      functions: [worker, inMemory, ...reclaimers.functions, put],
    };
  const create = cache.fragment("create");
  const setUp = cache.fragment("set-up");
  if (create !== null && setUp !== null)
    yield {
      id: "inactivate-against-create",
      title: `${worker.name}() cleans up an unlinked inode whose number a new file takes by ${lookup.name}()`,
      summary:
        "A worker frees the number of an unlinked inode; a new file takes the number, and the inode if it is there.",
      threads: [workerThread(worker, slots), createThread(parts, create, setUp, slots), ...reclaimers.threads],
      inode: { ...QUEUED, ...reclaimers.inode, nlink: 0 },
      functions: [worker, create, setUp, ...reclaimers.functions, put],
    };
  yield {
    id: "evict-and-inactivate-against-lookup",
    title: `${put.name}() evicts and ${worker.name}() cleans up against ${lookup.name}()`,
    summary: "The same from the last reference on.",
    threads: [putThread(parts), workerThread(worker, slots), lookupThread(parts, slots), ...reclaimers.threads],
    inode: { pending: 1, ...reclaimers.inode },
    functions: [put, worker, lookup, ...reclaimers.functions],
  };
}

const hasLocks = ({ needs }: Fragment, names: readonly string[]): boolean =>
  names.every((name) => needs.locks.some((lock) => lock.name === name));

/** Umount, which must leave no inode: of those that two lookups have read, and of one that waits for the worker. */
function* umountDrafts(
  cache: PrivateCache,
  parts: Parts,
  worker: Fragment | null,
  reclaimers: Reclaimers,
): Iterable<Draft> {
  const { put, lookup, grab, reclaim, umount } = parts;
  if (umount === null || grab === null || reclaim === null) return;
  const { slots } = cache.generic;
  const umounting = umountThread(umount, drainOf(grab, reclaim, slots, cache.follows("mark")));
  const summary = "Umount evicts what the last users have left in memory, and frees what is left in the index.";
  yield {
    id: "umount-behind-lookups",
    title: `${umount.name}() and ${reclaim.name}() behind ${lookup.name}()`,
    summary,
    threads: [asUser(lookupThread(parts, slots, 2)), umounting],
    inode: null,
    functions: [put, lookup, umount, grab, reclaim],
    variables: umountVariables(2),
  };
  if (worker === null) return;
  const users = [lookupThread(parts, slots), ...reclaimers.threads];
  yield {
    id: "umount-behind-worker",
    title: `${umount.name}() and ${reclaim.name}() behind ${worker.name}()`,
    summary,
    threads: [workerThread(worker, slots, true), ...users.map(asUser), umounting],
    inode: { ...QUEUED, ...reclaimers.inode },
    functions: [put, lookup, worker, umount, grab, reclaim],
    variables: umountVariables(users.length),
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
    inode: { pages: 1 },
  };
  yield {
    ...once,
    id: "evict-unlinked-against-lookup",
    title: `${against} an unlinked inode against ${lookup.name}()`,
    summary: "The last reference of an unlinked inode is dropped while somebody looks its number up.",
    inode: { nlink: 0, pending: 1, pages: 1 },
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
    variables: umountVariables(2),
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
    ...(draft.progress === undefined ? {} : { progress: draft.progress }),
    assumptions: [
      ...ASSUMPTIONS,
      ...(data.functions.reclaim === undefined ? [] : RECLAIM_ASSUMPTIONS),
      ...(lookupHolds === undefined ? [] : [lookupHolds.assume]),
      ...failures.map(({ name, reason }) => `${name}() is not judged: ${reason}`),
      ...absent.map((role) => `no ${role} is judged: the tree has none that is known`),
    ],
  });
}
