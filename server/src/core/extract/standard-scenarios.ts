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

export interface StandardScenario {
  readonly model: RaceModel;
  /** The tree's functions that its threads start with. */
  readonly functions: readonly Fragment[];
}

const INVARIANTS: readonly BuiltInInvariant[] = ["UNIQ", "ONCE", "UAF", "WAKE", "PROG", "UMNT", "GEN", "STATE"];

/** The number that all threads are about. */
const NUMBER = "1";

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

// --- threads ------------------------------------------------------------------------------------------------------

interface Cast {
  readonly put: Fragment;
  readonly unlockNew: Fragment;
  readonly clear: Fragment;
}

/** Takes values that nobody wants. */
const IGNORED = "ignored";

const callOf = (fragment: Fragment, given: Readonly<Record<string, string>>): Step => {
  const wanted = fragment.procedure.parameters ?? [];
  const known: Record<string, string> = { ino: NUMBER, result: IGNORED, ...given };
  return {
    call: fragment.name,
    with: Object.fromEntries(wanted.map((name) => [name, known[name] ?? given.inode ?? NUMBER])),
  };
};

/** iput() of a reference that the thread holds from the start. */
function putThread(cast: Cast, name: string, before: readonly Step[] = []): ThreadDeclaration {
  return { name, steps: [...before, { label: "use the inode", do: USE("A") }, callOf(cast.put, { inode: "A" })] };
}

/** A user of an inode: it has been filled in, and has not been evicted. */
const USE = (v: string): string =>
  `assert(UNIQ, ${v}.built, "an inode is used that was never filled in"); assert(UAF, !${v}.CLEAR, "an inode is used that has been evicted")`;

const ENDS = { goto: "over" } as const;

/** Gets the inode by its number, fills it in when it is new, uses it and puts it. */
function lookupThread(cast: Cast, lookup: Fragment, count?: number, unlinks = false): ThreadDeclaration {
  const fillIn: Step[] = [
    { label: "the filesystem reads the inode from disk", do: "read_inode(found); found.pending = 1; found.built = 1" },
    callOf(cast.unlockNew, { inode: "found" }),
  ];
  return {
    name: "lookup",
    ...(count === undefined ? {} : { count }),
    locals: [{ name: "found", type: "slot" }],
    steps: [
      callOf(lookup, { result: "found" }),
      { label: "not found", if: "found == none", then: [ENDS] },
      { label: "if (inode->i_state & I_NEW)", if: "found.NEW", then: fillIn },
      { label: "use the inode", do: USE("found") },
      ...(unlinks ? [{ label: "clear_nlink(inode)", do: "found.nlink = 0" }] : []),
      callOf(cast.put, { inode: "found" }),
      { id: "over", label: "lookup is over", do: "found = none" },
    ],
  };
}

/** Takes a free number, makes its inode and inserts it. */
function createThread(cast: Cast, create: Fragment, newInode: Fragment): ThreadDeclaration {
  return {
    name: "create",
    locals: [
      { name: "made", type: "slot" },
      { name: "busy", max: 1 },
    ],
    steps: [
      { label: "take a free inode number", do: "wait(!disk.allocated); disk.allocated = 1; disk.gen = 1" },
      callOf(newInode, { result: "made" }),
      { label: "set its number and generation", do: "made.ino = 1; made.gen = 1" },
      callOf(create, { inode: "made", result: "busy" }),
      {
        label: "is the number taken?",
        if: "busy",
        then: [{ label: "give up", do: "made.nlink = 0" }, callOf(cast.put, { inode: "made" }), ENDS],
      },
      { label: "the filesystem writes the new inode", do: "disk_write(made); made.built = 1; made.pending = 1" },
      callOf(cast.unlockNew, { inode: "made" }),
      { label: "use the inode", do: USE("made") },
      callOf(cast.put, { inode: "made" }),
      { id: "over", label: "create is over", do: "made = none" },
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
  if (umount !== undefined)
    yield {
      id: "worker-against-umount",
      title: `a worker's ${cast.put.name}() against ${umount.name}()`,
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
      inode: INODE,
      functions: [umount, cast.put],
      variables: [{ name: "work", initial: 1, max: 1 }],
    };
}

function reclaimSteps(reclaim: Fragment): Step[] {
  // An inode that has been used lately is taken on the second visit.
  return [callOf(reclaim, {}), callOf(reclaim, {})];
}

/** A finder under RCU: it sees the inode in the hash and calls igrab(). */
function grabThread(cast: Cast, grab: Fragment): ThreadDeclaration {
  return {
    name: "grab",
    locals: [
      { name: "seen", type: "slot" },
      { name: "mine", type: "slot" },
    ],
    steps: [
      { label: "rcu_read_lock()", do: "rcu_read_lock()" },
      {
        label: "find the inode",
        do: `seen = find(${NUMBER})`,
        if: "seen == none",
        then: [{ do: "rcu_read_unlock()" }, ENDS],
      },
      callOf(grab, { inode: "seen", result: "mine" }),
      { label: "rcu_read_unlock()", do: "rcu_read_unlock()" },
      { label: "no reference", if: "mine == none", then: [ENDS] },
      { label: "use the inode", do: USE("mine") },
      callOf(cast.put, { inode: "mine" }),
      { id: "over", label: "grab is over", do: "seen = none; mine = none" },
    ],
  };
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
    assumptions: ASSUMPTIONS,
  });
}
