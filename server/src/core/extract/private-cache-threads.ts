/** The threads of a private cache's scenarios that call the tree's functions: who drops, looks up, creates and reclaims. */
import type { Step, ThreadDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import type { PrivateCacheData } from "./private-cache.ts";
import { reclaimSteps } from "./private-cache-partners.ts";
import { callOf } from "./scenario-threads.ts";

export interface Parts {
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
    'assert(UNIQ, disk.allocated, "an inode is used whose number is free")',
    `assert(UNIQ, !(${others.join(" || ")}), "two inodes of one number are used")`,
  ].join("; ");
}

/** Looks the number up, uses the inode and puts it. */
export function lookupThread(
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
export function createThread(
  { data, put }: Parts,
  create: Fragment,
  setUp: Fragment,
  slots: number,
): ThreadDeclaration {
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
export function reclaimThread({ grab, reclaim }: Parts): readonly ThreadDeclaration[] {
  if (grab === null || reclaim === null) return [];
  const thread: ThreadDeclaration = {
    name: "reclaim",
    context: ["MEMALLOC"],
    locals: [
      { name: "seen", type: "slot" },
      { name: "mine", max: 1 },
    ],
    steps: [
      ...reclaimSteps(grab, reclaim, { none: "over" }),
      { id: "over", label: "reclaim is over", do: "seen = none; mine = 0" },
    ],
  };
  return [thread];
}

export const putThread = ({ put }: Parts): ThreadDeclaration => ({
  name: "evict",
  steps: [callOf(put, { inode: "A" })],
});
