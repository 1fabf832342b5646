/** The flusher writes a dirty inode back without a reference while the last one is dropped, or the shrinker comes by. */
import type { LockDeclaration, ThreadDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import { type Draft, INODE, UNMOUNTING } from "./scenario-draft.ts";
import { type Cast, callOf, putThread, reclaimThread } from "./scenario-threads.ts";

const LOCKS: readonly LockDeclaration[] = [
  { name: "i_lock", kind: "spin", per: "slot" },
  { name: "wb_list_lock", kind: "spin" },
];

const DIRTY = { ...INODE, DIRTY: 1, changed: 1, on_io: 1 } as const;

/** `written` is the tree's inode_sync_complete(). */
export function* writebackDrafts(cast: Cast, written: Fragment, reclaim: Fragment | null): Iterable<Draft> {
  const flusher = flusherThread(written);
  const functions = [cast.put, written];
  yield {
    id: "writeback-against-put",
    title: `the flusher writes back against ${cast.put.name}()`,
    summary: "The last reference of a dirty inode is dropped while it is written back.",
    threads: [putThread(cast, "put"), flusher],
    inode: DIRTY,
    functions,
    locks: LOCKS,
  };
  yield {
    id: "writeback-against-unlink",
    title: `the flusher writes back against ${cast.put.name}() of an unlinked inode`,
    summary: "The flusher works on an inode without a reference: whoever evicts it must wait.",
    threads: [putThread(cast, "unlink"), flusher],
    inode: { ...DIRTY, nlink: 0 },
    functions,
    locks: LOCKS,
  };
  yield {
    id: "writeback-against-put-at-umount",
    title: `the flusher writes back against ${cast.put.name}() after SB_ACTIVE was cleared`,
    summary: "The last put of a dirty inode writes it itself, and the flusher is at it already.",
    threads: [putThread(cast, "put"), flusher],
    inode: DIRTY,
    functions,
    locks: LOCKS,
    variables: [UNMOUNTING],
  };
  if (reclaim !== null)
    yield {
      id: "writeback-against-reclaim",
      title: `the flusher writes back against ${reclaim.name}()`,
      summary: "An inode on the LRU has become dirty: the shrinker must leave it to the flusher.",
      threads: [reclaimThread(reclaim), flusher],
      inode: { ...DIRTY, count: 0, lru: "LRU" },
      functions: [reclaim, written, cast.put],
      locks: LOCKS,
    };
}

/**
 * What writeback_sb_inodes() does with one inode of its list (fs/fs-writeback.c of Linux 6.12); the list itself is not in
 * the model, so its steps are written down here.
 */
function flusherThread(written: Fragment): ThreadDeclaration {
  const giveUp = (...locks: readonly string[]) => [
    ...locks.map((lock) => ({ label: `spin_unlock(${lock})`, do: `unlock(${lock})` })),
    { goto: "over" },
  ];
  return {
    name: "flusher",
    context: ["worker"],
    steps: [
      { label: "spin_lock(&wb->list_lock)", do: "lock(wb_list_lock)" },
      { label: "is the inode on the list?", if: "A.phase != LIVE || !A.on_io", then: giveUp("wb_list_lock") },
      { label: "spin_lock(&inode->i_lock)", do: "lock(i_lock[A])" },
      {
        label: "if (inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE))",
        if: "A.NEW || A.FREEING || A.WILL_FREE",
        then: giveUp("i_lock[A]", "wb_list_lock"),
      },
      { label: "spin_unlock(&wb->list_lock)", do: "unlock(wb_list_lock)" },
      { label: "inode->i_state |= I_SYNC", do: "A.SYNC = 1" },
      { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
      {
        label: "__writeback_single_inode(inode, &wbc)",
        do: "use_fs(); disk_write(A); if (A.DIRTY) { A.DIRTY = 0; A.changed = 0 }",
      },
      { label: "inode_to_wb_and_lock_list(inode)", do: "lock(wb_list_lock)" },
      { label: "spin_lock(&inode->i_lock)", do: "lock(i_lock[A])" },
      { label: "requeue_inode(inode)", do: "if (!A.FREEING) { A.on_io = 0 }" },
      callOf(written, { inode: "A" }),
      { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
      { label: "spin_unlock(&wb->list_lock)", do: "unlock(wb_list_lock)" },
      { id: "over", label: "the flusher is over", do: "skip()" },
    ],
  };
}
