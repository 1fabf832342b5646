/** The threads of the standard scenarios: who calls the tree's functions, and what they do with the inode meanwhile. */
import type { Step, ThreadDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";

/** The number that all threads are about. */
export const NUMBER = "1";

export interface Cast {
  readonly put: Fragment;
  readonly unlockNew: Fragment;
  readonly clear: Fragment;
}

/** Takes values that nobody wants. */
export const IGNORED = "ignored";

export const callOf = (fragment: Fragment, given: Readonly<Record<string, string>>): Step => {
  const wanted = fragment.procedure.parameters ?? [];
  const known: Record<string, string> = { ino: NUMBER, result: IGNORED, ...given };
  return {
    call: fragment.name,
    with: Object.fromEntries(wanted.map((name) => [name, known[name] ?? given.inode ?? NUMBER])),
  };
};

/** iput() of a reference that the thread holds from the start. */
export function putThread(cast: Cast, name: string, before: readonly Step[] = []): ThreadDeclaration {
  return { name, steps: [...before, { label: "use the inode", do: USE("A") }, callOf(cast.put, { inode: "A" })] };
}

/** A user of an inode: it has been filled in, and has not been evicted. */
const USE = (v: string): string =>
  `assert(UNIQ, ${v}.built, "an inode is used that was never filled in"); assert(UAF, !${v}.CLEAR, "an inode is used that has been evicted")`;

const ENDS = { goto: "over" } as const;

/** Gets the inode by its number, fills it in when it is new, uses it and puts it. */
export function lookupThread(cast: Cast, lookup: Fragment, count?: number, unlinks = false): ThreadDeclaration {
  const fillIn: Step[] = [
    {
      label: "the filesystem reads the inode from disk",
      // A number that is free gives a bad inode: eviction writes nothing for it.
      do: "read_inode(found); found.gen = disk.gen; found.pending = disk.allocated; found.built = 1",
    },
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

/** A lookup that gives an inode up when it has to build it: the disk cannot be read. */
export function failingThread(cast: Cast, lookup: Fragment, fail: Fragment): ThreadDeclaration {
  return {
    name: "failing",
    locals: [{ name: "found", type: "slot" }],
    steps: [
      callOf(lookup, { result: "found" }),
      { label: "not found", if: "found == none", then: [ENDS] },
      {
        label: "if (inode->i_state & I_NEW)",
        if: "found.NEW",
        then: [
          { label: "the filesystem cannot read the inode from disk", do: "read_inode(found)" },
          callOf(fail, { inode: "found" }),
          ENDS,
        ],
      },
      { label: "use the inode", do: USE("found") },
      callOf(cast.put, { inode: "found" }),
      { id: "over", label: "lookup is over", do: "found = none" },
    ],
  };
}

/** Takes a free number, inserts an inode for it, and gives it up half-way: the number is to be freed again. */
export function discardThread(cast: Cast, create: Fragment, newInode: Fragment, discard: Fragment): ThreadDeclaration {
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
      { label: "the filesystem fails half-way", do: "made.pending = 1; made.nlink = 0" },
      callOf(discard, { inode: "made" }),
      { id: "over", label: "create is over", do: "made = none; busy = 0" },
    ],
  };
}

/** Takes a free number, makes its inode and inserts it. */
export function createThread(
  cast: Cast,
  create: Fragment,
  newInode: Fragment,
  { times = 1, takes = "wait(!disk.allocated); disk.allocated = 1; disk.gen = 1" } = {},
): ThreadDeclaration {
  return {
    name: "create",
    ...(times === 1 ? {} : { count: times }),
    locals: [
      { name: "made", type: "slot" },
      { name: "busy", max: 1 },
    ],
    steps: [
      { label: "take a free inode number", do: takes },
      callOf(newInode, { result: "made" }),
      { label: "set its number and generation", do: "made.ino = 1; made.gen = 1" },
      callOf(create, { inode: "made", result: "busy" }),
      {
        label: "is the number taken?",
        if: "busy",
        then: [{ label: "give up", do: "made.nlink = 0" }, callOf(cast.put, { inode: "made" }), ENDS],
      },
      {
        label: "the filesystem writes the new inode",
        do: 'assert(UNIQ, made.hashed, "a new inode is used that lookups cannot find"); disk_write(made); made.built = 1; made.pending = 1',
      },
      { label: "mark_inode_dirty(inode)", do: "made.DIRTY = 1; made.changed = 1" },
      callOf(cast.unlockNew, { inode: "made" }),
      {
        label: "use the inode",
        do: `${USE("made")}; assert(STATE, !made.NEW && !made.CREATING, "an inode is in use that lookups refuse")`,
      },
      callOf(cast.put, { inode: "made" }),
      { id: "over", label: "create is over", do: "made = none; busy = 0" },
    ],
  };
}

/** The shrinker. An inode that has been used lately is taken on the second visit. */
export function reclaimThread(reclaim: Fragment): ThreadDeclaration {
  return { name: "reclaim", context: ["MEMALLOC"], steps: [callOf(reclaim, {}), callOf(reclaim, {})] };
}

/** A finder under RCU: it sees the inode in the hash and calls igrab(). */
export function grabThread(cast: Cast, grab: Fragment): ThreadDeclaration {
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
