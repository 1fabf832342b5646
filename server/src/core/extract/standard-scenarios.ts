/**
 * The standard scenarios of the eviction protocol, made of what a tree's own functions do. What is written here are the
 * threads that call them, the filesystem's part of an eviction, and the state at the start.
 */
import type {
  BuiltInInvariant,
  Procedure,
  RaceModel,
  Step,
  ThreadDeclaration,
  VariableDeclaration,
} from "../race/model.ts";
import { attachedDraft } from "./attached-scenario.ts";
import { createDrafts } from "./create-scenarios.ts";
import type { Fragment } from "./fragment.ts";
import { handedOnScenarios } from "./handed-on-scenarios.ts";
import { ExtractedProtocol, FILESYSTEM_EVICT } from "./protocol.ts";
import { composeScenario } from "./scenario.ts";
import { type Draft, INODE, UNMOUNTING, withLastLook } from "./scenario-draft.ts";
import {
  type Cast,
  callOf,
  failingThread,
  grabThread,
  IGNORED,
  lookupThread,
  putThread,
  reclaimThread,
} from "./scenario-threads.ts";
import { umountDrafts } from "./umount-scenarios.ts";
import { writebackDrafts } from "./writeback-scenarios.ts";

export interface StandardScenario {
  readonly model: RaceModel;
  /** The tree's functions that its threads start with. */
  readonly functions: readonly Fragment[];
  /** Where a violation is shown: a filesystem's files, of which its scenarios are about. */
  readonly folder?: string;
}

/**
 * How they are explored. Their programs are large and their states few: the tables of the partial order, and the attempt to
 * take slots for one another, cost more than the states that they save. Linux 6.12 has up to 40,000 states in one.
 */
export const PROTOCOL_OPTIONS = { maxStates: 500_000, directStates: 200_000, reductions: { slots: false } } as const;

const INVARIANTS: readonly BuiltInInvariant[] = ["UNIQ", "ONCE", "UAF", "WAKE", "PROG", "UMNT", "GEN", "STATE"];

/** Fields of a slot beyond the language's own: whether the inode's content has been read or written. */
const FIELDS: readonly VariableDeclaration[] = [
  { name: "built", max: 1, description: "filled in by its filesystem" },
  { name: "changed", max: 1, description: "what was changed is not on disk yet, whatever i_state says" },
];

const VARIABLES: readonly VariableDeclaration[] = [
  { name: "sb.active", initial: 1, max: 1, group: "superblock" },
  { name: "sb.dead", initial: 0, max: 1, group: "superblock" },
  { name: "disk.allocated", initial: 1, max: 1, group: "disk" },
  { name: "disk.gen", initial: 0, max: 3, group: "disk" },
];

const ASSUMPTIONS = [
  "all threads are about one inode number; at most three inodes of it are in memory at a time",
  "the filesystem truncates, cleans up and calls clear_inode() in its ->evict_inode, and frees the number last",
];

/** What any filesystem does in ->evict_inode; the number is free for others with the last step. */
function filesystemEvict(clear: Fragment, before: readonly Step[] = []): Procedure {
  return {
    name: FILESYSTEM_EVICT,
    parameters: ["inode"],
    steps: [
      ...before,
      {
        label: "->evict_inode: truncate_inode_pages_final(&inode->i_data)",
        do: 'assert(STATE, !inode.nlink || !inode.changed, "a linked inode is evicted whose changes were never written"); inode.pages = 0',
      },
      { label: "->evict_inode: clean up on disk", do: "use_fs(); if (inode.pending) { disk_write(inode) }" },
      { label: "->evict_inode: the cleanup is done", do: "inode.pending = 0" },
      { call: clear.name, with: { inode: "inode" } },
      {
        label: "->evict_inode: free the inode number",
        do: "if (inode.nlink == 0) { disk.allocated = 0 }",
      },
    ],
  };
}

// --- scenarios ----------------------------------------------------------------------------------------------------

/** The scenarios that this tree has the functions for. */
export function* standardScenarios(protocol: ExtractedProtocol): Iterable<StandardScenario> {
  const put = protocol.first("put");
  const unlockNew = protocol.first("unlock-new");
  const clear = protocol.first("clear");
  if (put === null || unlockNew === null || clear === null) return;
  const cast: Cast = { put, unlockNew, clear };
  // What cannot be lowered is known before the first scenario, which lists it.
  for (const role of [
    "lookup",
    "create",
    "discard",
    "grab",
    "reclaim",
    "umount",
    "shutdown",
    "new-inode",
    "written",
    "fail",
  ] as const)
    protocol.all(role);
  const handedOn = [...handedOnScenarios(protocol.tree, (name, reason) => protocol.failures.push({ name, reason }))];
  for (const draft of drafts(protocol, cast))
    yield { model: modelOf(protocol, cast, withLastLook(draft, protocol.slots)), functions: draft.functions };
  yield* withoutEvictInode(protocol);
  for (const { protocol: own, draft, ...its } of handedOn)
    yield { model: modelOf(own, its, draft), functions: draft.functions };
}

/** Where a filesystem has no ->evict_inode evict() truncates and clears itself. */
function* withoutEvictInode({ tree, failures }: ExtractedProtocol): Iterable<StandardScenario> {
  const protocol = new ExtractedProtocol(tree, { methods: new Map([["evict_inode", { kind: "absent" }]]) });
  protocol.failures.push(...failures);
  const [put, unlockNew, clear] = [protocol.first("put"), protocol.first("unlock-new"), protocol.first("clear")];
  if (put === null || unlockNew === null || clear === null) return;
  const cast: Cast = { put, unlockNew, clear };
  const draft: Draft = {
    id: "unlink-without-evict_inode",
    title: `${put.name}() of an inode whose filesystem has no ->evict_inode`,
    summary: "The last reference of an unlinked inode with pages is dropped.",
    threads: [putThread(cast, "unlink")],
    inode: { ...INODE, nlink: 0, pages: 1 },
    functions: [put],
  };
  yield { model: modelOf(protocol, cast, withLastLook(draft, protocol.slots)), functions: draft.functions };
}

/** A dirty inode, of which the flusher has been first, or not. */
const WRITTEN: Step = { label: "the inode has been written", do: "A.DIRTY = 0; A.changed = 0" };
const STILL_DIRTY: Step = { label: "the inode is dirty", do: "skip()" };

/** Whether a lookup makes an inode that it does not find. */
function builds({ procedure }: Fragment): boolean {
  return procedure.steps.some((step) => typeof step !== "string" && step.do?.startsWith("new_inode(") === true);
}

/** The scenario of this id under another name, or null when the tree has no such scenario. */
export function protocolModel(protocol: ExtractedProtocol, scenario: string, id: string): RaceModel | null {
  for (const { model } of standardScenarios(protocol)) if (model.id === scenario) return { ...model, id };
  return null;
}

function* drafts(protocol: ExtractedProtocol, cast: Cast): Iterable<Draft> {
  const lookups = protocol.all("lookup");
  const umounts = protocol.all("umount");
  const reclaim = protocol.first("reclaim");
  const [lookup] = lookups;
  for (const each of lookups)
    yield {
      id: `evict-against-lookup-${each.name}`,
      title: `${cast.put.name}() evicts against ${each.name}()`,
      summary: "The last reference of an unlinked inode is dropped while somebody looks its number up.",
      threads: [putThread(cast, "unlink"), lookupThread(cast, each)],
      inode: { ...INODE, nlink: 0 },
      functions: [cast.put, each],
    };
  const builder = lookups.find(builds);
  const finders = lookups.filter((each) => !builds(each));
  if (builder !== undefined)
    for (const each of finders)
      yield {
        id: `finder-against-builder-${each.name}`,
        title: `${each.name}() against ${builder.name}(), which builds the inode`,
        summary: "Somebody looks for an inode in memory while a lookup of its number reads it from disk.",
        threads: [lookupThread(cast, builder), { ...lookupThread(cast, each), name: "finder" }],
        inode: {},
        functions: [builder, each],
      };
  yield* createDrafts(protocol, cast, lookups.filter(builds), finders);
  const fail = protocol.first("fail");
  if (fail !== null && builder !== undefined)
    for (const each of lookups)
      yield {
        id: `failed-read-against-${each.name}`,
        title: `${fail.name}() of ${builder.name}() against ${each.name}()`,
        summary: "A lookup cannot read the inode that it builds and gives it up; another one waits for it.",
        threads: [failingThread(cast, builder, fail), { ...lookupThread(cast, each), name: "finder" }],
        inode: {},
        functions: [builder, fail, each],
      };
  if (lookup !== undefined)
    for (const each of umounts)
      yield {
        id: `second-evictor-${each.name}`,
        title: `${cast.put.name}() and ${each.name}() evict, somebody looks up`,
        summary: "Umount evicts what nobody holds while the last references are taken and dropped elsewhere.",
        threads: [
          { name: "umount", steps: [{ label: "sb->s_flags &= ~SB_ACTIVE", do: "sb.active = 0" }, callOf(each, {})] },
          lookupThread(cast, lookup),
        ],
        inode: { ...INODE, count: 0, lru: "LRU" },
        functions: [each, lookup, cast.put],
      };
  if (reclaim !== null) {
    yield {
      id: "reclaim-against-iput",
      title: `${reclaim.name}() against ${cast.put.name}()`,
      summary: "The shrinker takes inodes off the LRU while a reference to one of them is dropped.",
      threads: [putThread(cast, "user"), reclaimThread(reclaim)],
      inode: { ...INODE, count: 1, lru: "LRU" },
      functions: [reclaim, cast.put],
    };
    if (lookup !== undefined) {
      yield {
        id: "reclaim-against-unlink",
        title: `${reclaim.name}() drops pages while the inode is unlinked and evicted by ${cast.put.name}()`,
        summary:
          "The shrinker drops an inode's page cache without a reference; meanwhile the inode is found, unlinked and put.",
        threads: [lookupThread(cast, lookup, undefined, true), reclaimThread(reclaim)],
        inode: { ...INODE, count: 0, lru: "LRU", pages: 1, REFERENCED: 1 },
        functions: [reclaim, lookup, cast.put],
      };
      yield {
        id: "reclaim-against-lookup",
        title: `${reclaim.name}() against ${lookup.name}()`,
        summary: "The shrinker evicts an unused inode while somebody looks it up and puts it again.",
        threads: [lookupThread(cast, lookup), reclaimThread(reclaim)],
        inode: { ...INODE, count: 0, lru: "LRU" },
        functions: [reclaim, lookup, cast.put],
      };
    }
  }
  if (reclaim !== null && builder !== undefined) yield attachedDraft(cast, builder, reclaim);
  if (reclaim !== null)
    yield {
      id: "put-at-umount-against-reclaim",
      title: `${cast.put.name}() writes back before it evicts, against ${reclaim.name}()`,
      summary:
        "An inode that is on the LRU is not to be cached any more (I_DONTCACHE, or SB_ACTIVE is clear): its last put gives up the lock to write it.",
      threads: [putThread(cast, "put", [{ choose: [[WRITTEN], [STILL_DIRTY]] }]), reclaimThread(reclaim)],
      inode: { ...INODE, lru: "LRU", DIRTY: 1, changed: 1 },
      functions: [cast.put, reclaim],
      variables: [UNMOUNTING],
    };
  const grab = protocol.first("grab");
  if (grab !== null) {
    yield {
      id: "evict-against-igrab",
      title: `${cast.put.name}() evicts against ${grab.name}()`,
      summary: "Somebody who sees the inode without a reference, under RCU, tries to take one.",
      threads: [putThread(cast, "unlink"), grabThread(cast, grab)],
      inode: { ...INODE, nlink: 0 },
      functions: [cast.put, grab],
    };
    yield {
      id: "put-at-umount-against-igrab",
      title: `${cast.put.name}() writes back before it evicts, against ${grab.name}()`,
      summary: "The last put gives up its lock to write the inode back; meanwhile somebody tries to take a reference.",
      threads: [putThread(cast, "put"), grabThread(cast, grab)],
      inode: INODE,
      functions: [cast.put, grab],
      variables: [UNMOUNTING],
    };
  }
  if (lookup !== undefined)
    yield {
      id: "lazytime-put-against-lookup",
      title: `${cast.put.name}() of lazy times against ${lookup.name}() and an unlink`,
      summary:
        "The last put of an inode whose times are only in memory dirties it first; meanwhile it is found, unlinked and put.",
      threads: [putThread(cast, "put"), lookupThread(cast, lookup, undefined, true)],
      inode: { ...INODE, DIRTY_TIME: 1 },
      functions: [cast.put, lookup],
    };
  if (lookup !== undefined) {
    for (const each of lookups.filter(builds))
      if (each !== lookup)
        yield {
          id: `put-at-umount-against-${each.name}`,
          title: `${cast.put.name}() after SB_ACTIVE was cleared, against ${each.name}()`,
          summary: "The same with another lookup.",
          threads: [putThread(cast, "put"), lookupThread(cast, each)],
          inode: INODE,
          functions: [cast.put, each],
          variables: [UNMOUNTING],
        };
    yield {
      id: "put-at-umount-against-lookup",
      title: `${cast.put.name}() after SB_ACTIVE was cleared, against ${lookup.name}()`,
      summary:
        "At umount the last put of a linked inode writes it back before it evicts, and gives up its lock meanwhile.",
      threads: [putThread(cast, "put"), lookupThread(cast, lookup)],
      inode: INODE,
      functions: [cast.put, lookup],
      variables: [UNMOUNTING],
    };
    for (const each of lookups.filter(builds))
      yield {
        id: `two-lookups-and-an-evictor-${each.name}`,
        title: `${cast.put.name}() evicts against two ${each.name}()`,
        summary: "Two lookups of the number wait for the same eviction; one of them builds the inode anew.",
        threads: [putThread(cast, "unlink"), lookupThread(cast, each, 2)],
        inode: { ...INODE, nlink: 0 },
        functions: [cast.put, each],
      };
  }
  const written = protocol.first("written");
  if (written !== null) yield* writebackDrafts(cast, written, reclaim);
  const [umount] = umounts;
  if (umount !== undefined)
    yield* umountDrafts(
      cast,
      { umount, shutdown: protocol.first("shutdown"), umountWaits: protocol.umountWaits },
      reclaim,
      protocol.slots,
    );
}

function modelOf(protocol: ExtractedProtocol, cast: Cast, draft: Draft): RaceModel {
  const threads = draft.threads.map(
    (thread): ThreadDeclaration => ({
      ...thread,
      locals: [...(thread.locals ?? []), { name: IGNORED, max: 1 }],
    }),
  );
  return composeScenario({
    id: `protocol.${draft.id}`,
    title: draft.title,
    summary: draft.summary,
    kind: "protocol",
    fragments: [...new Set([...draft.functions, cast.put, cast.unlockNew, cast.clear, ...protocol.all("new-inode")])],
    procedures: [filesystemEvict(cast.clear, draft.evictsWith), ...(draft.procedures ?? [])],
    threads,
    slots: { count: protocol.slots, initial: [draft.inode, ...(draft.others ?? [])], fields: FIELDS },
    variables: [...(draft.variables ?? []), ...VARIABLES],
    ...(draft.locks === undefined ? {} : { locks: draft.locks }),
    ...(draft.queues === undefined ? {} : { queues: draft.queues }),
    invariants: INVARIANTS.filter((each) => draft.without?.includes(each) !== true),
    assumptions: [...ASSUMPTIONS, ...protocol.failures.map(({ name, reason }) => `${name}() is not judged: ${reason}`)],
  });
}
