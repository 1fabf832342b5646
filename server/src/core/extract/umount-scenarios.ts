/** Umount: what it does, and what others do meanwhile. */
import type { Procedure, SlotInitial, Step, ThreadDeclaration, VariableDeclaration } from "../race/model.ts";
import type { Fragment } from "./fragment.ts";
import { PUT_SUPER, WAITS_FOR_HOLDERS, WAITS_FOR_WRITEBACK } from "./protocol.ts";
import { type Draft, INODE } from "./scenario-draft.ts";
import { type Cast, callOf, reclaimThread } from "./scenario-threads.ts";

export interface UmountFunctions {
  /** evict_inodes() */
  readonly umount: Fragment;
  /** generic_shutdown_super(), which calls it. */
  readonly shutdown: Fragment | null;
  /** The procedures that it can wait in. */
  readonly umountWaits: ReadonlySet<string>;
}

/** What umount does on the way: for work of the flusher before it evicts, for those who hold an inode after that. */
interface Waits {
  readonly writeback?: Step;
  readonly holders?: Step;
}

/** The thread, the procedures that it needs, and the function that it starts with. */
type Umount = Required<Pick<Draft, "procedures">> & { readonly thread: ThreadDeclaration; readonly starts: Fragment };

/** The tree's generic_shutdown_super(), or what that does where it has none that can be lowered, or none that waits as it must. */
function umountOf({ umount, shutdown: own, umountWaits }: UmountFunctions, slots: number, waits: Waits = {}): Umount {
  const canWait =
    (waits.writeback === undefined || umountWaits.has(WAITS_FOR_WRITEBACK)) &&
    (waits.holders === undefined || umountWaits.has(WAITS_FOR_HOLDERS));
  const shutdown = canWait ? own : null;
  const waitsFor = (step: Step | undefined): Step => step ?? { label: "nobody is left to wait for", do: "skip()" };
  const procedures: Procedure[] = [
    { name: WAITS_FOR_WRITEBACK, steps: [waitsFor(waits.writeback)] },
    { name: WAITS_FOR_HOLDERS, steps: [waitsFor(waits.holders)] },
    { name: PUT_SUPER, steps: [{ label: "->put_super(sb)", do: "put_super()" }] },
  ];
  const call = (name: string): Step => ({ call: name, with: {} });
  const steps =
    shutdown === null
      ? [
          { label: "sync_filesystem(sb)", do: writesAll(slots) },
          { label: "sb->s_flags &= ~SB_ACTIVE", do: "sb.active = 0" },
          call(WAITS_FOR_WRITEBACK),
          callOf(umount, {}),
          call(WAITS_FOR_HOLDERS),
          call(PUT_SUPER),
        ]
      : [callOf(shutdown, {})];
  return { procedures, thread: { name: "umount", steps }, starts: shutdown ?? umount };
}

function writesAll(slots: number): string {
  const written = (slot: string): string =>
    `if (${slot}.phase != FREE && ${slot}.DIRTY) { ${slot}.DIRTY = 0; ${slot}.changed = 0 }`;
  return Array.from({ length: slots }, (_, i) => written(`slot[${i}]`)).join("; ");
}

/** The last put of a worker, and that of an inode whose times are only in memory (lazytime): it dirties and puts again. */
const WORKERS: readonly (readonly [id: string, of: string, before: readonly Step[]])[] = [
  ["worker-against-umount", "", []],
  [
    "lazytime-put-against-umount",
    " lazytime",
    // While SB_ACTIVE is set the last put keeps what it has dirtied, and umount has synced already.
    [{ label: "the inode is used: its times change in memory alone", do: "if (!sb.active) { A.DIRTY_TIME = 1 }" }],
  ],
];

const WORK: VariableDeclaration = { name: "work", initial: 1, max: 1 };
const WORK_IS_DONE: Step = { label: "the work is done", do: "work = 0" };

export function* umountDrafts(
  cast: Cast,
  functions: UmountFunctions,
  reclaim: Fragment | null,
  slots: number,
): Iterable<Draft> {
  const worker = (before: readonly Step[] = []): ThreadDeclaration => ({
    name: "worker",
    context: ["worker"],
    steps: [...before, callOf(cast.put, { inode: "A" }), WORK_IS_DONE],
  });
  const forWork: Step = { label: "flush_workqueue()", do: "wait(!work)" };
  const plain = umountOf(functions, slots);
  const { name } = plain.starts;
  const alone = { threads: [plain.thread], procedures: plain.procedures };
  for (const [id, of, before] of WORKERS) {
    const { thread, procedures, starts } = umountOf(functions, slots, { writeback: forWork });
    yield {
      id,
      title: `a worker's${of} ${cast.put.name}() against ${name}()`,
      summary:
        "A worker drops the last reference; umount waits for it, evicts what is left and takes the filesystem down.",
      threads: [worker(before), thread],
      procedures,
      inode: INODE,
      functions: [starts, cast.put],
      variables: [WORK],
    };
  }
  const lastPut = umountOf(functions, slots, { holders: callOf(cast.put, { inode: "A" }) });
  yield {
    id: "put-behind-umount",
    title: `${name}() evicts, then the last ${cast.put.name}()`,
    summary: "A watch holds an inode until umount has evicted the others (fsnotify_sb_delete()).",
    threads: [lastPut.thread],
    procedures: lastPut.procedures,
    inode: INODE,
    functions: [lastPut.starts, cast.put],
  };
  const unused: SlotInitial = { ...INODE, count: 0, lru: "LRU" };
  yield {
    ...alone,
    id: "umount-of-two-inodes",
    title: `${name}() with two inodes`,
    summary: "Umount evicts all that it has collected.",
    inode: unused,
    others: [{ ...unused, ino: 2 }],
    functions: [plain.starts],
  };
  yield {
    ...alone,
    id: "umount-of-dirty-inode",
    title: `${name}() with an inode that has not been written`,
    summary: "Umount writes what is dirty before it evicts.",
    inode: { ...INODE, count: 0, DIRTY: 1, changed: 1 },
    functions: [plain.starts],
  };
  const during = umountOf(functions, slots, { holders: { label: "wait for the last holder", do: "wait(!work)" } });
  yield {
    id: "put-during-umount",
    title: `${name}() with two inodes, of which a worker holds one`,
    summary: "Umount evicts what nobody holds and waits for the last holder; the other inode must not be left behind.",
    threads: [worker(), during.thread],
    procedures: during.procedures,
    inode: INODE,
    others: [{ ...unused, ino: 2 }],
    functions: [during.starts, cast.put],
    variables: [WORK],
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
