/**
 * The standard scenarios of the eviction protocol, made of what a tree's own functions do. What is written here are the
 * threads that call them, the filesystem's part of an eviction, and the state at the start.
 */
import type {
  BuiltInInvariant,
  Procedure,
  RaceModel,
  SlotInitial,
  Step,
  ThreadDeclaration,
  VariableDeclaration,
} from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import { type ExtractedProtocol, FILESYSTEM_EVICT } from "./protocol.ts";
import { composeScenario } from "./scenario.ts";
import {
  type Cast,
  callOf,
  createThread,
  discardThread,
  grabThread,
  IGNORED,
  lookupThread,
  putThread,
} from "./scenario-threads.ts";

export interface StandardScenario {
  readonly model: RaceModel;
  /** The tree's functions that its threads start with. */
  readonly functions: readonly Fragment[];
  /** Where a violation is shown: a filesystem's files, of which its scenarios are about. */
  readonly folder?: string;
}

const INVARIANTS: readonly BuiltInInvariant[] = ["UNIQ", "ONCE", "UAF", "WAKE", "PROG", "UMNT", "GEN", "STATE"];

/** Fields of a slot beyond the language's own: whether the inode's content has been read or written. */
const FIELDS: readonly VariableDeclaration[] = [{ name: "built", max: 1, description: "filled in by its filesystem" }];

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
function filesystemEvict(clear: Fragment): Procedure {
  return {
    name: FILESYSTEM_EVICT,
    parameters: ["inode"],
    steps: [
      { label: "->evict_inode: truncate_inode_pages_final(&inode->i_data)", do: "inode.pages = 0" },
      { label: "->evict_inode: clean up on disk", do: "use_fs(); disk_write(inode)" },
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

interface Draft {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly threads: readonly ThreadDeclaration[];
  readonly inode: SlotInitial;
  readonly functions: readonly Fragment[];
  readonly queues?: boolean;
  /** First values that differ from VARIABLES. */
  readonly variables?: readonly VariableDeclaration[];
}

const INODE: SlotInitial = { ino: 1, hashed: 1, on_sb: 1, built: 1, pending: 1, nlink: 1, count: 1 };

/** The scenarios that this tree has the functions for. */
export function* standardScenarios(protocol: ExtractedProtocol): Iterable<StandardScenario> {
  const put = protocol.first("put");
  const unlockNew = protocol.first("unlock-new");
  const clear = protocol.first("clear");
  if (put === null || unlockNew === null || clear === null) return;
  const cast: Cast = { put, unlockNew, clear };
  // What cannot be lowered is known before the first scenario, which lists it.
  for (const role of ["lookup", "create", "discard", "grab", "reclaim", "umount", "new-inode"] as const)
    protocol.all(role);
  for (const draft of drafts(protocol, cast))
    yield { model: modelOf(protocol, cast, draft), functions: draft.functions };
}

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
  const newInode = protocol.first("new-inode");
  const [lookup] = lookups;
  const [umount] = umounts;
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
  if (builder !== undefined)
    for (const each of lookups.filter((other) => !builds(other)))
      yield {
        id: `finder-against-builder-${each.name}`,
        title: `${each.name}() against ${builder.name}(), which builds the inode`,
        summary: "Somebody looks for an inode in memory while a lookup of its number reads it from disk.",
        threads: [lookupThread(cast, builder), { ...lookupThread(cast, each), name: "finder" }],
        inode: {},
        functions: [builder, each],
      };
  const discard = protocol.first("discard");
  if (newInode !== null && discard !== null)
    for (const [create, finder] of protocol
      .all("create")
      .slice(0, 1)
      .flatMap((each) => lookups.filter(builds).map((other) => [each, other] as const)))
      yield {
        id: `discard-against-${finder.name}`,
        title: `${discard.name}() after ${create.name}() against ${finder.name}()`,
        summary: "A create fails half-way; its inode was in the hash and is looked up by an old file handle.",
        threads: [discardThread(cast, create, newInode, discard), lookupThread(cast, finder)],
        inode: {},
        functions: [create, discard, finder],
        variables: [{ name: "disk.allocated", initial: 0, max: 1, group: "disk" }],
      };
  if (newInode !== null && builder !== undefined)
    for (const each of protocol.all("create").slice(0, 1))
      yield {
        id: `lookup-against-create-${each.name}`,
        title: `${builder.name}() against ${each.name}() of the same number`,
        summary: "A number is taken for a new file while somebody looks it up by an old file handle.",
        threads: [lookupThread(cast, builder), createThread(cast, each, newInode)],
        inode: {},
        functions: [builder, each],
        variables: [{ name: "disk.allocated", initial: 0, max: 1, group: "disk" }],
      };
  if (newInode !== null)
    for (const each of protocol.all("create"))
      yield {
        id: `evict-against-create-${each.name}`,
        title: `${cast.put.name}() evicts against ${each.name}()`,
        summary: "An unlinked inode is evicted; its number is taken again while the old inode is still in the hash.",
        threads: [putThread(cast, "unlink"), createThread(cast, each, newInode)],
        inode: { ...INODE, nlink: 0 },
        functions: [cast.put, each],
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
      threads: [putThread(cast, "user"), { name: "reclaim", context: ["MEMALLOC"], steps: reclaimSteps(reclaim) }],
      inode: { ...INODE, count: 1, lru: "LRU" },
      functions: [reclaim, cast.put],
    };
    if (lookup !== undefined) {
      yield {
        id: "reclaim-against-unlink",
        title: `${reclaim.name}() drops pages while the inode is unlinked and evicted by ${cast.put.name}()`,
        summary:
          "The shrinker drops an inode's page cache without a reference; meanwhile the inode is found, unlinked and put.",
        threads: [
          lookupThread(cast, lookup, undefined, true),
          { name: "reclaim", context: ["MEMALLOC"], steps: reclaimSteps(reclaim) },
        ],
        inode: { ...INODE, count: 0, lru: "LRU", pages: 1 },
        functions: [reclaim, lookup, cast.put],
      };
      yield {
        id: "reclaim-against-lookup",
        title: `${reclaim.name}() against ${lookup.name}()`,
        summary: "The shrinker evicts an unused inode while somebody looks it up and puts it again.",
        threads: [lookupThread(cast, lookup), { name: "reclaim", context: ["MEMALLOC"], steps: reclaimSteps(reclaim) }],
        inode: { ...INODE, count: 0, lru: "LRU" },
        functions: [reclaim, lookup, cast.put],
      };
    }
  }
  const grab = protocol.first("grab");
  if (grab !== null)
    yield {
      id: "evict-against-igrab",
      title: `${cast.put.name}() evicts against ${grab.name}()`,
      summary: "Somebody who sees the inode without a reference, under RCU, tries to take one.",
      threads: [putThread(cast, "unlink"), grabThread(cast, grab)],
      inode: { ...INODE, nlink: 0 },
      functions: [cast.put, grab],
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
          variables: [{ name: "sb.active", initial: 0, max: 1, group: "superblock" }],
        };
    yield {
      id: "put-at-umount-against-lookup",
      title: `${cast.put.name}() after SB_ACTIVE was cleared, against ${lookup.name}()`,
      summary:
        "At umount the last put of a linked inode writes it back before it evicts, and gives up its lock meanwhile.",
      threads: [putThread(cast, "put"), lookupThread(cast, lookup)],
      inode: INODE,
      functions: [cast.put, lookup],
      variables: [{ name: "sb.active", initial: 0, max: 1, group: "superblock" }],
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
  for (const [id, times, of] of WORKERS)
    if (umount !== undefined)
      yield {
        id,
        title: `a worker's${of} ${cast.put.name}() against ${umount.name}()`,
        summary:
          "A worker drops the last reference; umount waits for it, evicts what is left and takes the filesystem down.",
        threads: [
          {
            name: "worker",
            context: ["worker"],
            steps: [callOf(cast.put, { inode: "A" }), { label: "the work is done", do: "work = 0" }],
          },
          {
            name: "umount",
            steps: [
              { label: "sb->s_flags &= ~SB_ACTIVE", do: "sb.active = 0" },
              { label: "flush_workqueue()", do: "wait(!work)" },
              callOf(umount, {}),
              { label: "->put_super(sb)", do: "put_super()" },
            ],
          },
        ],
        inode: { ...INODE, ...times },
        functions: [umount, cast.put],
        variables: [{ name: "work", initial: 1, max: 1 }],
      };
}

/** The last put of a worker, and that of an inode whose times are only in memory (lazytime): it dirties and puts again. */
const WORKERS: readonly (readonly [id: string, times: SlotInitial, of: string])[] = [
  ["worker-against-umount", {}, ""],
  ["lazytime-put-against-umount", { DIRTY_TIME: 1 }, " lazytime"],
];

function reclaimSteps(reclaim: Fragment): Step[] {
  // An inode that has been used lately is taken on the second visit.
  return [callOf(reclaim, {}), callOf(reclaim, {})];
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
    procedures: [filesystemEvict(cast.clear)],
    threads,
    slots: { count: protocol.slots, initial: [draft.inode], fields: FIELDS },
    variables: [...(draft.variables ?? []), ...VARIABLES],
    invariants: INVARIANTS,
    progress: "deadlock",
    assumptions: [...ASSUMPTIONS, ...protocol.failures.map(({ name, reason }) => `${name}() is not judged: ${reason}`)],
  });
}
