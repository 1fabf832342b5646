/** What a standard scenario is written down as, before everything that it needs is declared (standard-scenarios.ts). */
import type {
  BuiltInInvariant,
  LockDeclaration,
  Procedure,
  QueueDeclaration,
  SlotInitial,
  Step,
  ThreadDeclaration,
  VariableDeclaration,
} from "../race/model.ts";
import type { Fragment } from "./fragment.ts";

export interface Draft {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly threads: readonly ThreadDeclaration[];
  readonly inode: SlotInitial;
  /** Inodes of other numbers beside it. */
  readonly others?: readonly SlotInitial[];
  readonly functions: readonly Fragment[];
  readonly queues?: readonly QueueDeclaration[];
  /** Procedures that the fragments call, beside the filesystem's eviction. */
  readonly procedures?: readonly Procedure[];
  /** What the filesystem does first in its ->evict_inode. */
  readonly evictsWith?: readonly Step[];
  /** Locks that the threads' own steps take. */
  readonly locks?: readonly LockDeclaration[];
  /** Invariants that do not hold where the scenario starts from. */
  readonly without?: readonly BuiltInInvariant[];
  /** First values that differ from the usual ones. */
  readonly variables?: readonly VariableDeclaration[];
}

/** An inode that somebody holds. */
export const INODE: SlotInitial = { ino: 1, hashed: 1, on_sb: 1, built: 1, pending: 1, nlink: 1, count: 1 };

export const UNMOUNTING: VariableDeclaration = { name: "sb.active", initial: 0, max: 1, group: "superblock" };

/** Threads of a scenario that have not ended. */
const USERS = "users";

/**
 * When everybody is through umount must be able to evict each inode that is left, as evict_inodes() does: nobody has a
 * reference, nobody is about to evict it or to fill it in, and it is on the superblock's list.
 */
export function withLastLook(draft: Draft, slots: number): Draft {
  const users = draft.threads.reduce((sum, { count }) => sum + Number(count ?? 1), 0);
  const looks = Array.from({ length: slots }, (_, i) => {
    const v = `slot[${i}]`;
    const alive = `${v}.phase != LIVE`;
    return [
      `assert(UMNT, ${alive} || !${v}.count, "everybody is through, and somebody has kept a reference: umount finds a busy inode")`,
      `assert(STATE, ${alive} || !${v}.nlink || !${v}.changed || ${v}.DIRTY || ${v}.DIRTY_TIME, "everybody is through, and an inode has changes that nobody will write")`,
      `assert(UMNT, ${alive} || ${v}.on_sb, "everybody is through, and an inode is left that umount cannot find")`,
      `assert(UMNT, ${alive} || !(${v}.FREEING || ${v}.WILL_FREE || ${v}.NEW), "everybody is through, and an inode is left that nobody finishes")`,
    ].join("; ");
  });
  return {
    ...draft,
    variables: [...(draft.variables ?? []), { name: USERS, initial: users, max: users }],
    threads: [
      ...draft.threads.map((thread) => ({
        ...thread,
        steps: [...thread.steps, { label: `${thread.name} is over`, do: `${USERS}--` }],
      })),
      { name: "last look", steps: [{ label: "what is left for umount?", do: `wait(!${USERS}); ${looks.join("; ")}` }] },
    ],
  };
}
