/** What a design adds beside the eviction itself: the drain at umount, the worker's memory, the limit of the backlog. */
import type { RaceModel, Step, ThreadDeclaration } from "../../race/model.ts";
import { designEviction } from "./design-eviction.ts";
import { type DesignParts, type DesignScope, type NoModel, ownSteps, WORK } from "./design-models.ts";
import { CLEANUP_KINDS } from "./own-eviction.ts";
import { onProtocol } from "./protocol-scenario.ts";
import type { Protocol } from "./tree-protocol.ts";

const NO_WORKER: NoModel = { note: "nothing is handed on" };

export function umountModel(scope: DesignScope): DesignParts {
  const { design } = scope;
  const own = ownSteps(scope, (call) =>
    [...CLEANUP_KINDS].some((kind) => call.kinds.has(kind))
      ? [{ do: "use_fs()", label: call.label, source: call.source }]
      : [],
  );
  const eviction = designEviction(scope, {
    own,
    slots: 1,
    caches: true,
    question: "umount",
    onQueue: "; busy = 1",
    onEnd: "; gone = 1",
    through: [{ label: "returns", do: "gone = 1" }],
    idle: [{ label: "the worker is idle", do: "busy = 0" }],
  });
  return onProtocol({
    ...eviction,
    summary: "The filesystem is unmounted after the last reference of an inode was dropped.",
    own: own.procedures,
    assumptions: [],
    variables: [{ name: "gone" }, { name: "busy" }],
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    ...(design.runs === "worker" ? { queues: [WORK] } : {}),
    threads: [...eviction.threads, umount(scope, eviction.real)],
    invariants: ["UMNT", "ONCE"],
  });
}

function umount({ design, find }: DesignScope, real: Protocol): ThreadDeclaration {
  const byWorker = design.runs === "worker";
  const isParked = byWorker && design.parked === "live";
  const drains: Step = { when: "obligation == on", label: "drains the queue", do: "wait(!busy)" };
  return {
    name: "umount",
    description: "generic_shutdown_super()",
    steps: [
      { label: "nobody uses the filesystem any more", do: "wait(gone)" },
      { label: "sb->s_flags &= ~SB_ACTIVE", do: "sb.active = 0", ...find("generic_shutdown_super", /SB_ACTIVE/) },
      // What is parked without I_FREEING is still on the superblock's list: the worker must be through with it first.
      ...(isParked ? [drains] : []),
      real.call("umount"),
      ...(byWorker && !isParked ? [drains] : []),
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
          ...own.evict("A"),
          ...own.destroy("A"),
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
