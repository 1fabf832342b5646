/** Umount: what it does, and what others do meanwhile. */
import type { SlotInitial, Step } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import { type Draft, INODE } from "./scenario-draft.ts";
import { type Cast, callOf, reclaimThread } from "./scenario-threads.ts";

/** generic_shutdown_super(), from the moment at which no dentry is left. */
export function umountSteps(
  umount: Fragment,
  slots: number,
  { between = [], behind = [] }: { readonly between?: readonly Step[]; readonly behind?: readonly Step[] } = {},
): Step[] {
  const written = Array.from(
    { length: slots },
    (_, i) => `if (slot[${i}].phase != FREE && slot[${i}].DIRTY) { slot[${i}].DIRTY = 0; slot[${i}].changed = 0 }`,
  );
  return [
    { label: "sb->s_flags &= ~SB_ACTIVE", do: "sb.active = 0" },
    ...between,
    { label: "sync_filesystem(sb)", do: written.join("; ") },
    callOf(umount, {}),
    ...behind,
    { label: "->put_super(sb)", do: "put_super()" },
  ];
}

/** The last put of a worker, and that of an inode whose times are only in memory (lazytime): it dirties and puts again. */
const WORKERS: readonly (readonly [id: string, times: SlotInitial, of: string])[] = [
  ["worker-against-umount", {}, ""],
  ["lazytime-put-against-umount", { DIRTY_TIME: 1 }, " lazytime"],
];

export function* umountDrafts(cast: Cast, umount: Fragment, reclaim: Fragment | null, slots: number): Iterable<Draft> {
  for (const [id, times, of] of WORKERS)
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
          steps: umountSteps(umount, slots, { between: [{ label: "flush_workqueue()", do: "wait(!work)" }] }),
        },
      ],
      inode: { ...INODE, ...times },
      functions: [umount, cast.put],
      variables: [{ name: "work", initial: 1, max: 1 }],
    };
  yield {
    id: "put-behind-umount",
    title: `${umount.name}(), then the last ${cast.put.name}()`,
    summary: "A watch holds an inode until umount has evicted the others (fsnotify_sb_delete()).",
    threads: [{ name: "umount", steps: umountSteps(umount, slots, { behind: [callOf(cast.put, { inode: "A" })] }) }],
    inode: INODE,
    functions: [umount, cast.put],
  };
  const unused: SlotInitial = { ...INODE, count: 0, lru: "LRU" };
  yield {
    id: "umount-of-two-inodes",
    title: `${umount.name}() with two inodes`,
    summary: "Umount evicts all that it has collected.",
    threads: [{ name: "umount", steps: umountSteps(umount, slots) }],
    inode: unused,
    others: [{ ...unused, ino: 2 }],
    functions: [umount],
  };
  if (reclaim !== null)
    yield {
      id: "reclaim-of-two-inodes",
      title: `${reclaim.name}() with two inodes`,
      summary: "The shrinker evicts all that it has taken off the LRU.",
      threads: [reclaimThread(reclaim)],
      inode: unused,
      others: [{ ...unused, ino: 2 }],
      functions: [reclaim],
    };
}
