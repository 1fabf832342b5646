/** A filesystem's own eviction under a design: one model for each question (designs.ts). */
import type { FilesystemFacts } from "../../analysis/filesystem-facts.ts";
import { MODES } from "../../analysis/interpreter.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, RaceModel, Step, StepObject, ThreadDeclaration } from "../../race/model.ts";
import { hashUse } from "../../rules/hash-use.ts";
import { memoryModel, throttleModel, umountModel } from "./design-obligations.ts";
import { type Design, obligationOf, QUESTION_TITLES, type Question } from "./designs.ts";
import { dropOf } from "./operation-methods.ts";
import { BLOCKING_KINDS, CLEANUP_KINDS, type OwnCall, ownProcedure } from "./own-eviction.ts";
import {
  type FindLine,
  HASH_LOCK,
  I_LOCK,
  LOOKUP_ASSUMPTION,
  lookupProcedure,
  startFreeing,
  unhashAndWake,
} from "./protocol.ts";
import { callOf, closer, D_LOCK, reserveUser, shrinker, unlinker } from "./reclaim-scenario.ts";

export interface DesignScope {
  readonly facts: FilesystemFacts;
  readonly find: FindLine;
  readonly design: Design;
}

export type DesignParts = Pick<RaceModel, "threads" | "invariants" | "summary"> &
  Partial<Pick<RaceModel, "variables" | "slots" | "locks" | "queues" | "procedures" | "progress" | "bounds">> & {
    readonly assumptions?: readonly string[];
  };

/** Why a design has no model for a question. */
export interface NoModel {
  readonly note: string;
}

const BUILDERS: Readonly<Record<Question, (scope: DesignScope) => DesignParts | NoModel>> = {
  reclaim: reclaimModel,
  lookup: lookupModel,
  create: createModel,
  umount: umountModel,
  memory: memoryModel,
  throttle: throttleModel,
};

export function designModelId(filesystem: string, design: string, question: Question): string {
  return `design.${slug(filesystem)}.${design}.${question}`;
}

function slug(filesystem: string): string {
  return filesystem.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 50);
}

export function isDesignModelId(id: string): boolean {
  return id.startsWith("design.");
}

/** The design and the question that an id of this filesystem names; null when it is another filesystem's. */
export function designOfModelId(
  id: string,
  filesystem: string,
): { readonly design: string; readonly question: string } | null {
  const [kind, name, design, question] = id.split(".");
  if (kind !== "design" || name !== slug(filesystem) || design === undefined || question === undefined) return null;
  return { design, question };
}

export function designModel(scope: DesignScope, question: Question): RaceModel | NoModel {
  const { design, facts } = scope;
  const parts = BUILDERS[question](scope);
  if ("note" in parts) return parts;
  const obligation = obligationOf(design, question);
  const { assumptions, ...rest } = parts;
  return {
    format: 1,
    id: designModelId(facts.filesystem.id, design.id, question),
    title: `${facts.filesystem.id}: ${design.title}`,
    kind: "design",
    notes: [QUESTION_TITLES[question]],
    assumptions: assumptions ?? [],
    ...(obligation === null
      ? {}
      : { toggles: [{ name: "obligation", description: obligation, values: ["off", "on"], default: "on" }] }),
    ...rest,
  };
}

/** The filesystem's ->evict_inode and ->destroy_inode as procedures; the calls of those that do nothing are no steps. */
export function ownSteps(
  { facts }: DesignScope,
  write: (call: OwnCall) => readonly Step[],
  inReclaim = false,
): { readonly evict: readonly Step[]; readonly destroy: readonly Step[]; readonly procedures: readonly Procedure[] } {
  const mode = inReclaim ? MODES.reclaim : MODES.any;
  const procedures: Procedure[] = [];
  const steps = (name: "evict_inode" | "destroy_inode"): Step[] => {
    const operation = facts.operation(name);
    const procedure = operation === undefined ? null : ownProcedure(facts, operation, mode, name, write);
    if (procedure === null) return [];
    procedures.push(procedure);
    return [callOf(procedure)];
  };
  return { evict: steps("evict_inode"), destroy: steps("destroy_inode"), procedures };
}

const DIRTIES: ReadonlySet<EffectKind> = new Set(["dirty", "transaction"]);
const NOFAIL: ReadonlySet<EffectKind> = new Set(["nofail"]);

/** What each call does to a task with PF_MEMALLOC set. */
function underReclaim(call: OwnCall): Step[] {
  const steps: StepObject[] = [];
  const step = (kinds: ReadonlySet<EffectKind>, statement: string): void => {
    if (![...kinds].some((kind) => call.kinds.has(kind))) return;
    steps.push({ do: statement, label: `${call.label}: ${call.words(kinds)}`, source: call.source });
  };
  step(DIRTIES, "dirty(inode)");
  step(NOFAIL, "alloc_nf(1)");
  step(BLOCKING_KINDS, "io_wait()");
  return steps;
}

function reclaimModel(scope: DesignScope): DesignParts {
  const { design, facts, find } = scope;
  const own = ownSteps(scope, underReclaim, true);
  const evicts: readonly Step[] = [
    { label: "evict(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
    ...own.evict,
    ...own.destroy,
  ];
  const handsOn = (why: string): Step[] => [{ label: `handed on to a worker: ${why}`, do: "handed = 1" }];
  const putsBack: Step[] = [
    { label: "->evict_inode returns an error before it does anything", do: "skip()" },
    { label: "the inode is put back", do: "A.lru = LRU" },
  ];
  const unlessObliged = (without: readonly Step[], why: string): Step[] => [
    { when: "obligation == on", label: `handed on to a worker: ${why}`, do: "handed = 1" },
    ...without.map(
      (step): Step => ({ ...(typeof step === "string" ? { do: step } : step), when: "obligation == off" }),
    ),
  ];
  const atLastPut = {
    both: handsOn("at the last iput()"),
    lru: design.hands === "lru" ? unlessObliged(evicts, "at the last iput()") : [],
    deleted: [] as Step[],
    none: design.runs === "nobody" ? putsBack : evicts,
  }[design.hands];
  const cached: Step[] = [{ label: "inode_add_lru(inode)", do: "A.lru = LRU", ...find("iput_final", /lru/) }];
  const kept: Step[] = [{ label: "->drop_inode queues it and keeps it in the cache", do: "handed = 1; A.lru = LRU" }];
  const lastPut: Step[] =
    design.hands === "deleted"
      ? [{ label: "if (!inode->i_nlink)", if: "A.nlink == 0", then: kept, else: cached }]
      : dropOf(facts.filesystem) === "always"
        ? [...atLastPut]
        : [
            {
              label: "iput_final(): generic_drop_inode(inode): !inode->i_nlink",
              if: "A.nlink == 0",
              ...find("iput_final", /drop_inode/),
              then: atLastPut,
              else: cached,
            },
          ];
  const isolated = {
    both: handsOn("by the walk of the LRU"),
    lru: handsOn("by the walk of the LRU"),
    deleted: design.hands === "deleted" ? unlessObliged(evicts, "by the walk of the LRU") : [],
    none: design.runs === "nobody" ? putsBack : evicts,
  }[design.hands];
  const allocates = JSON.stringify(own.procedures).includes("alloc_nf(");
  return {
    summary: "Reclaim becomes the last holder of an inode, by a dentry or by the LRU.",
    variables: [
      { name: "d_count", initial: 2, max: 3 },
      { name: "dead" },
      { name: "handed" },
      { name: "free", initial: 0, max: 4, group: "memory" },
      { name: "reserve", initial: design.reserve, max: 4, group: "memory" },
    ],
    slots: { count: 1, initial: [{ ino: 1, count: 1, nlink: 1, hashed: 1 }] },
    locks: [I_LOCK, D_LOCK],
    procedures: own.procedures,
    threads: [
      unlinker(find),
      closer(find),
      shrinker(find, { name: "kswapd", put: dropsLast(lastPut, find), reclaim: isolates(isolated, find) }),
      ...(allocates ? [reserveUser(2)] : []),
    ],
    invariants: ["DIRT", "RECL"],
  };
}

/** iput() of a design that changes what comes behind it. */
function dropsLast(then: readonly Step[], find: FindLine): Step[] {
  return [
    { label: "iput(): the last reference", do: "lock(i_lock[A])", ...find("iput", /iput_final|i_count/) },
    { label: "i_count becomes 0", do: "A.count--" },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
    ...then,
  ];
}

/** prune_icache_sb() of a design that changes what comes behind it. */
function isolates(then: readonly Step[], find: FindLine): Step[] {
  return [
    {
      label: "prune_icache_sb(): spin_lock(&inode->i_lock)",
      do: "lock(i_lock[A])",
      ...find("inode_lru_isolate", /spin_(try)?lock/),
    },
    {
      label: "if (unused and on the LRU)",
      if: "A.lru == LRU && A.count == 0",
      then: [
        {
          label: "inode_lru_isolate(): i_state |= I_FREEING",
          do: "A.FREEING = 1; A.lru = LRU_PRIVATE",
          ...find("inode_lru_isolate", /I_FREEING/),
        },
        { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
        ...then,
      ],
      else: [{ label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" }],
    },
  ];
}

const CLEANUP =
  'assert(UNIQ, !built, "the older inode of this number still cleans up, and a lookup has read the number from disk")';

function lookupModel(scope: DesignScope): DesignParts {
  const { design, facts, find } = scope;
  const use = hashUse(facts).severity;
  const own = ownSteps(scope, (call) =>
    [...CLEANUP_KINDS].some((kind) => call.kinds.has(kind))
      ? [{ do: CLEANUP, label: call.label, source: call.source }]
      : [],
  );
  const done: Step = { label: "the memory is freed: call_rcu()", do: "indexed = 0; call_rcu(A)" };
  const full: readonly Step[] = design.unhashFirst
    ? [...own.evict, ...own.destroy, done]
    : [...own.evict, ...unhashAndWake("A", find), ...own.destroy, done];
  const byWorker = design.runs === "worker";
  const evictor: ThreadDeclaration = { name: "evictor", description: "drops the last reference", steps: [] };
  const threads: ThreadDeclaration[] = [];
  if (byWorker && design.parked === "live") {
    threads.push({ ...evictor, steps: parks(find) }, worker([...takesParked(), ...full]));
  } else if (byWorker) {
    const before = design.unhashFirst ? unhashAndWake("A", find) : [];
    const queues: Step = { label: "punted: queue_work()", do: "queue(work, A)" };
    threads.push({ ...evictor, steps: [...startFreeing("A", find), ...before, queues] }, worker(full));
  } else if (design.runs === "nobody") {
    threads.push({ ...evictor, steps: [...startFreeing("A", find), { choose: [[...full], putBack()] }] });
  } else threads.push({ ...evictor, steps: [...startFreeing("A", find), ...full] });
  if (use !== "hint") threads.push(lookupThread());
  const readsDisk =
    use === "warning"
      ? "wait(!indexed); built = 1"
      : design.ownIndex
        ? "wait(obligation == off || !indexed); built = 1"
        : "built = 1";
  return {
    summary: "The inode is evicted while a lookup comes for the same number.",
    assumptions: [HASH_USES[use]],
    variables: [{ name: "built" }, { name: "indexed", initial: 1, description: "in the filesystem's own index" }],
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    ...(byWorker ? { queues: [{ name: "work", capacity: 2 }] } : {}),
    procedures: [...own.procedures, lookupProcedure(find, readsDisk)],
    threads,
    invariants: ["UNIQ", "ONCE", "UAF", "WAKE", "PROG"],
    progress: "deadlock",
  };
}

const HASH_USES = {
  error: LOOKUP_ASSUMPTION,
  warning: "its lookups use an index of its own, which is taken to show the inode until its memory is freed",
  hint: "its inodes are never hashed: nobody looks one up",
} as const;

function lookupThread(): ThreadDeclaration {
  return {
    name: "lookup",
    description: "iget_locked() of the same number, then iput()",
    locals: [{ name: "r", type: "slot" }],
    steps: [
      { call: "iget_locked", with: { r: "r" } },
      {
        label: "uses the inode",
        do: 'assert(UAF, !r.FREEING, "the inode that a lookup returned is being freed"); r.count--',
      },
    ],
  };
}

export function worker(steps: readonly Step[]): ThreadDeclaration {
  return {
    name: "worker",
    description: "takes inodes off the queue and evicts them",
    context: ["worker"],
    daemon: true,
    steps: [{ label: "takes the inode off the queue", do: "wait(length(work) > 0); dequeue(work, A)" }, ...steps],
  };
}

/** Count 0, not I_FREEING, on the deferred list. */
export function parks(find: FindLine): Step[] {
  return [
    { choose: [[putOf("a deleted inode", 0, find)], [putOf("a cached inode", 1, find)]] },
    {
      label: "if (!--inode->i_count)",
      do: "A.count--",
      if: "A.count == 0",
      then: [{ label: "onto the deferred list, not I_FREEING", do: "A.lru = LRU_DEFERRED; queue(work, A)" }],
    },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
  ];
}

function putOf(what: string, nlink: number, find: FindLine): Step {
  return {
    label: `iput() of ${what}: spin_lock(&inode->i_lock)`,
    do: `lock(i_lock[A]); A.nlink = ${nlink}`,
    ...find("iput", /lock/),
  };
}

export function takesParked(): Step[] {
  return [
    { label: "spin_lock(&inode->i_lock)", do: "lock(i_lock[A])" },
    {
      label: "if (in use again, or on its way out)",
      if: "(A.count > 0 || A.FREEING) && obligation == on",
      then: [
        { label: "off the list: spin_unlock(&inode->i_lock)", do: "A.lru = LRU_NONE; unlock(i_lock[A])" },
        { end: true },
      ],
    },
    { label: "i_state |= I_FREEING", do: "A.FREEING = 1; A.lru = LRU_NONE" },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
  ];
}

function putBack(): Step[] {
  return [
    { label: "->evict_inode fails: spin_lock(&inode->i_lock)", do: "lock(i_lock[A])" },
    { label: "i_state &= ~I_FREEING, back on the LRU", do: "A.FREEING = 0; A.lru = LRU" },
    { when: "obligation == on", label: "inode_wake_up_bit(inode, __I_NEW)", do: "wake(A, NEW)" },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
  ];
}

/** Names of functions that make an inode's number free on disk. */
const FREES_NUMBER = /(^|_)(free_inode|ifree|free_ino|free_dinode)$|^diFree$/;
const WRITES: ReadonlySet<EffectKind> = new Set(["dirty", "truncate"]);

function createModel(scope: DesignScope): DesignParts | NoModel {
  const { design, find } = scope;
  let frees = false;
  const own = ownSteps(scope, (call) => {
    const isFree = FREES_NUMBER.test(call.callee) && call.takesInode;
    frees ||= isFree;
    if (isFree) return [{ do: "free_on_disk = 1", label: call.label, source: call.source }];
    if (!call.takesInode || ![...WRITES].some((kind) => call.kinds.has(kind))) return [];
    const text = "the older inode is written after its number was given to a new file";
    return [{ do: `assert(GEN, !created, "${text}")`, label: call.label, source: call.source }];
  });
  if (!frees) return { note: "which call frees the number on disk was not found" };
  const tail = design.unhashFirst
    ? [...own.evict, ...own.destroy]
    : [...own.evict, ...unhashAndWake("A", find), ...own.destroy];
  return {
    summary: "The number becomes free on disk in the middle of the eviction; a new file gets it.",
    variables: [
      { name: "free_on_disk", group: "disk" },
      { name: "created", group: "disk" },
    ],
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    procedures: own.procedures,
    threads: [
      {
        name: design.runs === "worker" ? "worker" : "evictor",
        description: "evicts the inode",
        steps: [...startFreeing("A", find), ...(design.unhashFirst ? unhashAndWake("A", find) : []), ...tail],
      },
      {
        name: "create",
        description: "insert_inode_locked() steps over I_FREEING",
        steps: [
          { label: "finds the number free on disk", do: "wait(free_on_disk)" },
          { label: "a new inode of the number is hashed and written", do: "created = 1" },
        ],
      },
    ],
    invariants: ["GEN"],
  };
}
