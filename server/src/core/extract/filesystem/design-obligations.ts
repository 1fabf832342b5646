/** What a design adds beside the eviction itself: the drain at umount, the worker's memory, the limit of the backlog. */
import type { RaceModel, Step, ThreadDeclaration } from "../../race/model.ts";
import {
  type DesignParts,
  type DesignScope,
  type NoModel,
  ownSteps,
  parks,
  takesParked,
  worker,
} from "./design-models.ts";
import { CLEANUP_KINDS } from "./own-eviction.ts";
import { HASH_LOCK, I_LOCK, startFreeing, unhashAndWake } from "./protocol.ts";

const NO_WORKER: NoModel = { note: "nothing is handed on" };

export function umountModel(scope: DesignScope): DesignParts {
  const { design, find } = scope;
  const byWorker = design.runs === "worker";
  const own = ownSteps(scope, (call) =>
    [...CLEANUP_KINDS].some((kind) => call.kinds.has(kind))
      ? [{ do: "use_fs()", label: call.label, source: call.source }]
      : [],
  );
  const offList: Step = { label: "inode_sb_list_del(inode)", do: "A.on_sb = 0", ...find("evict", /inode_sb_list_del/) };
  const full: readonly Step[] = [
    ...own.evict,
    { label: "still hashed?", if: "A.hashed", then: unhashAndWake("A", find) },
    ...own.destroy,
    { label: "the memory is freed: call_rcu()", do: "call_rcu(A)" },
  ];
  const idle: Step = { label: "the worker is idle", do: "busy = 0" };
  const threads: ThreadDeclaration[] = [];
  const through: Step = { label: "returns", do: "gone = 1" };
  const describe = { name: "evictor", description: "drops the last reference before the umount" } as const;
  if (byWorker && design.parked === "live") {
    const takes = takesParked().map(unconditional);
    threads.push({ ...describe, steps: [...parks(find), { label: "queued", do: "busy = 1" }, through] });
    threads.push(worker([...takes, offList, ...full, idle]));
  } else if (byWorker) {
    const before = design.unhashFirst ? unhashAndWake("A", find) : [];
    const queues: Step = { label: "punted: queue_work()", do: "queue(work, A); busy = 1" };
    threads.push({ ...describe, steps: [...startFreeing("A", find), offList, ...before, queues, through] });
    threads.push(worker([...full, idle]));
  } else if (design.runs === "nobody") {
    const back: Step[] = [
      { label: "->evict_inode fails: i_state &= ~I_FREEING", do: "A.FREEING = 0" },
      { when: "obligation == on", label: "inode_sb_list_add(inode)", do: "A.on_sb = 1" },
    ];
    threads.push({ ...describe, steps: [...startFreeing("A", find), offList, { choose: [[...full], back] }, through] });
  } else threads.push({ ...describe, steps: [...startFreeing("A", find), offList, ...full, through] });
  return {
    summary: "The filesystem is unmounted after the last reference of an inode was dropped.",
    variables: [{ name: "sb.dead", group: "superblock" }, { name: "gone" }, { name: "busy" }],
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    ...(byWorker ? { queues: [{ name: "work", capacity: 2 }] } : {}),
    procedures: own.procedures,
    threads: [...threads, umount(scope, full, offList)],
    invariants: ["UMNT", "ONCE"],
  };
}

/** Here the obligation is the drain; that the worker looks again is taken for granted. */
function unconditional(step: Step): Step {
  return typeof step === "object" && step.if !== undefined
    ? { ...step, if: step.if.replace(" && obligation == on", "") }
    : step;
}

function umount({ design, find }: DesignScope, full: readonly Step[], offList: Step): ThreadDeclaration {
  const byWorker = design.runs === "worker";
  const isParked = byWorker && design.parked === "live";
  return {
    name: "umount",
    description: "generic_shutdown_super()",
    steps: [
      { label: "nobody uses the filesystem any more", do: "wait(gone)" },
      // What is parked without I_FREEING is still on the superblock's list: the worker must be through with it first.
      ...(isParked ? [{ when: "obligation == on", label: "drains the queue", do: "wait(!busy)" }] : []),
      {
        label: "evict_inodes(): spin_lock(&inode->i_lock)",
        do: "lock(i_lock[A])",
        ...find("generic_shutdown_super", /evict_inodes/),
      },
      {
        label: "if (on the superblock's list and unused)",
        if: "A.on_sb && A.phase == LIVE && A.count == 0 && !A.FREEING",
        ...find("evict_inodes", /i_count/),
        then: [
          { label: "i_state |= I_FREEING", do: "A.FREEING = 1" },
          { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
          offList,
          ...full,
        ],
        else: [{ label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" }],
      },
      ...(byWorker && !isParked ? [{ when: "obligation == on", label: "drains the queue", do: "wait(!busy)" }] : []),
      { label: "sop->put_super(sb)", do: "put_super()", ...find("generic_shutdown_super", /put_super/) },
    ],
  };
}

export function memoryModel(scope: DesignScope): DesignParts | NoModel {
  if (scope.design.runs !== "worker") return NO_WORKER;
  const own = ownSteps(scope, (call) =>
    call.kinds.has("nofail")
      ? [
          {
            when: "obligation == off",
            do: "alloc_nf(1)",
            label: `${call.label}: ${call.words(new Set(["nofail"]))}`,
            source: call.source,
          },
          { when: "obligation == on", do: "skip()", label: `${call.label}: from a mempool`, source: call.source },
        ]
      : [],
  );
  return {
    summary: "Memory is short: the queued inode is what reclaim has got, and one page comes from an easy one.",
    assumptions: ["one page can be reclaimed without the worker"],
    variables: [{ name: "free", initial: 0, max: 5, group: "memory" }, { name: "evicted" }],
    slots: { count: 1, initial: [{ ino: 1, FREEING: 1, hashed: 1 }] },
    procedures: own.procedures,
    threads: [
      {
        name: "kswapd",
        context: ["MEMALLOC"],
        steps: [{ label: "frees an inode that needs no work", do: "free_pages(1)" }],
      },
      {
        name: "writer",
        description: "an allocation that is waiting already",
        steps: [
          { label: "allocates a page", do: "alloc_nf(1)" },
          { label: "waits for the eviction's page before it lets go", do: "wait(evicted)" },
        ],
      },
      {
        name: "worker",
        context: ["worker"],
        steps: [
          { when: "obligation == off", label: "a new kworker is needed: it allocates", do: "alloc_nf(1)" },
          ...own.evict,
          ...own.destroy,
          { label: "the inode's memory is free", do: "evicted = 1; free_pages(1)" },
        ],
      },
    ],
    invariants: ["PROG"],
    progress: "deadlock",
  };
}

const BACKLOG_LIMIT = 2;

export function throttleModel({ design }: DesignScope): DesignParts | NoModel {
  if (design.runs !== "worker") return NO_WORKER;
  const produce: Step[] = Array.from({ length: BACKLOG_LIMIT + 2 }, (_, i): Step[] => [
    { when: "obligation == on", label: "waits while the backlog is full", do: `wait(backlog < ${BACKLOG_LIMIT})` },
    { label: `queues inode ${i + 1}`, do: "backlog++" },
  ]).flat();
  const bounds: RaceModel["bounds"] = { backlog: BACKLOG_LIMIT };
  return {
    summary: "Reclaim queues inodes faster than the worker evicts them.",
    variables: [{ name: "backlog", max: BACKLOG_LIMIT + 3, description: "inodes on the queue" }],
    threads: [
      { name: "reclaim", description: "hands inodes on", steps: produce },
      {
        name: "worker",
        context: ["worker"],
        daemon: true,
        steps: [
          {
            while: "1",
            label: "for ever",
            loop: [
              { label: "takes an inode", do: "wait(backlog > 0)" },
              { label: "evicts it", do: "backlog--" },
            ],
          },
        ],
      },
    ],
    bounds,
    invariants: ["BOUND"],
  };
}
