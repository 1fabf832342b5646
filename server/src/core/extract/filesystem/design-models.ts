/** A filesystem's own eviction under a design: one model for each question (designs.ts). */
import type { FilesystemFacts } from "../../analysis/filesystem-facts.ts";
import { MODES } from "../../analysis/interpreter.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, RaceModel, Step, StepObject } from "../../race/model.ts";
import { hashUse } from "../../rules/hash-use.ts";
import { designEviction, type OwnSteps, puntingProtocol, punts, realMethods, realProtocol } from "./design-eviction.ts";
import { memoryModel, throttleModel, umountModel } from "./design-obligations.ts";
import { type Design, obligationOf, QUESTION_TITLES, type Question } from "./designs.ts";
import { locksOfEntry, NO_LOCKS, type SharedLocks } from "./entry-locks.ts";
import { dropOf } from "./operation-methods.ts";
import { BLOCKING_KINDS, CLEANUP_KINDS, freesNumber, type OwnCall, ownProcedure } from "./own-eviction.ts";
import { type FindLine, I_LOCK } from "./protocol.ts";
import { type Methods, onProtocol, plainEvict } from "./protocol-scenario.ts";
import { createPartner, lookupPartner, type PartnerScope } from "./protocol-threads.ts";
import { callOf, closer, D_LOCK, reserveUser, shrinker, unlinker } from "./reclaim-scenario.ts";
import type { Protocol } from "./tree-protocol.ts";

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
  { inReclaim = false, locks = NO_LOCKS }: { readonly inReclaim?: boolean; readonly locks?: SharedLocks } = {},
): OwnSteps & { readonly procedures: readonly Procedure[] } {
  const mode = inReclaim ? MODES.reclaim : MODES.any;
  const procedures: Procedure[] = [];
  const calls = (name: "evict_inode" | "destroy_inode"): ((slot: string) => Step[]) => {
    const operation = facts.operation(name);
    const procedure = operation === undefined ? null : ownProcedure(facts, operation, mode, name, write, locks);
    if (procedure === null) return () => [];
    procedures.push(procedure);
    return (slot) => [callOf(procedure, slot)];
  };
  return { evict: calls("evict_inode"), destroy: calls("destroy_inode"), procedures };
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
  const own = ownSteps(scope, underReclaim, { inReclaim: true });
  const drop = dropOf(facts.filesystem);
  const real = realProtocol(scope, { drop, inReclaim: true });
  const hands = puntingProtocol(scope, { drop: design.hands === "deleted" ? "own" : drop, inReclaim: true });
  const isObliged = design.hands === "lru" || design.hands === "deleted";
  const puts = design.hands === "none" ? real : hands;
  const put = puts.call("put", { inode: "A" });
  const walk = real.call("reclaim");
  const handsOn: Step[] = isolates([{ label: "handed on to a worker, off the LRU", do: "handed = 1" }], find);
  const putsBack: Step[] = [
    { label: "->evict_inode returns an error before it does anything", do: "skip()" },
    { label: "the inode is put back", do: "A.lru = LRU" },
  ];
  const reclaim: Record<Design["hands"], readonly Step[]> = {
    none: [walk],
    both: [hands.call("reclaim")],
    lru: handsOn,
    deleted: onlyWith("on", handsOn).concat(onlyWith("off", [walk])),
  };
  const isNobody = design.runs === "nobody";
  const allocates = JSON.stringify(own.procedures).includes("alloc_nf(");
  return onProtocol({
    summary: "Reclaim becomes the last holder of an inode, by a dentry or by the LRU.",
    protocols: [real, hands],
    methods: [realMethods(scope, real, own), handingMethods(scope, hands, own, isObliged)],
    own: own.procedures,
    assumptions: [],
    variables: [
      { name: "d_count", initial: 2, max: 3 },
      { name: "dead" },
      { name: "handed" },
      { name: "free", initial: 0, max: 4, group: "memory" },
      { name: "reserve", initial: design.reserve, max: 4, group: "memory" },
    ],
    slots: { count: 1, initial: [{ ino: 1, count: 1, nlink: 1, hashed: 1, on_sb: 1 }] },
    locks: [D_LOCK, I_LOCK],
    threads: [
      unlinker(find),
      closer(find),
      shrinker(find, {
        name: "kswapd",
        put: isNobody ? dropsLast(putsBack, find) : [put],
        reclaim: isNobody ? isolates(putsBack, find) : reclaim[design.hands],
      }),
      ...(allocates ? [reserveUser(2)] : []),
    ],
    invariants: ["DIRT", "RECL"],
    looksAtOwnStepsAlone: true,
  });
}

/** The methods of a design that hands inodes on, wherever it does. */
function handingMethods(scope: DesignScope, hands: Protocol, own: OwnSteps, isObliged: boolean): Methods {
  const { design } = scope;
  const real = realMethods(scope, hands, own);
  if (design.hands === "deleted") {
    const keeps: Step[] = [
      { label: "->drop_inode: if (!inode->i_nlink)", if: "inode.nlink == 0", then: ["handed = 1"] },
      { label: "->drop_inode keeps it in the cache", do: "result = 0" },
    ];
    return { ...real, drop: keeps };
  }
  if (design.unhashFirst) return { ...real, evict: plainEvict(hands), destroy: punts("handed = 1") };
  const handed = punts("handed = 1");
  if (!isObliged) return { ...real, evict: handed };
  return { ...real, evict: [...onlyWith("on", handed), ...onlyWith("off", real.evict ?? [])] };
}

function onlyWith(obligation: "on" | "off", steps: readonly Step[]): Step[] {
  return steps.map(
    (step): Step => ({ ...(typeof step === "string" ? { do: step } : step), when: `obligation == ${obligation}` }),
  );
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
  const { design, facts } = scope;
  const use = hashUse(facts).severity;
  const locks = locksOfEntry(facts, "lookup");
  const own = ownSteps(
    scope,
    (call) =>
      [...CLEANUP_KINDS].some((kind) => call.kinds.has(kind))
        ? [{ do: CLEANUP, label: call.label, source: call.source }]
        : [],
    { locks },
  );
  const eviction = designEviction(scope, {
    own,
    slots: 3,
    caches: false,
    onFree: "indexed = 0; ",
    question: "lookup",
  });
  const readsDisk =
    use === "warning"
      ? "wait(!indexed); built = 1"
      : design.ownIndex
        ? "wait(obligation == off || !indexed); built = 1"
        : "built = 1";
  const uses: Step = {
    label: "uses the inode, and lets go",
    do: 'assert(UAF, !found.FREEING, "the inode that a lookup returned is being freed"); found.count--',
  };
  const lookup = lookupPartner(partnerScope(scope, locks), eviction.real, readsDisk, [uses]);
  return onProtocol({
    ...eviction,
    summary: "The inode is evicted while a lookup comes for the same number.",
    own: [...own.procedures, ...lookup.procedures],
    assumptions: [...(use === "error" ? [] : [HASH_USES[use]]), ...lookup.assumptions, ...locks.assumptions],
    variables: [{ name: "built" }, { name: "indexed", initial: 1, description: "in the filesystem's own index" }],
    shared: locks.things,
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    ...(design.runs === "worker" ? { queues: [WORK] } : {}),
    threads: [...eviction.threads, ...(use === "hint" ? [] : [lookup.thread])],
    invariants: ["UNIQ", "ONCE", "UAF", "WAKE", "PROG"],
  });
}

function partnerScope({ facts }: DesignScope, locks: SharedLocks): PartnerScope {
  return { engine: facts.engine, program: facts.program, filesystem: facts.filesystem, locks };
}

export const WORK = { name: "work", capacity: 2 } as const;

const HASH_USES = {
  warning: "its lookups use an index of its own, which is taken to show the inode until its memory is freed",
  hint: "its inodes are never hashed: nobody looks one up",
} as const;

const WRITES: ReadonlySet<EffectKind> = new Set(["dirty", "truncate"]);

function createModel(scope: DesignScope): DesignParts | NoModel {
  const { design, facts } = scope;
  let frees = false;
  const locks = locksOfEntry(facts, "create");
  const write = (call: OwnCall): Step[] => {
    const isFree = freesNumber(call);
    frees ||= isFree;
    if (isFree) return [{ do: "free_on_disk = 1", label: call.label, source: call.source }];
    if (!call.takesInode || ![...WRITES].some((kind) => call.kinds.has(kind))) return [];
    const text = "the older inode is written after its number was given to a new file";
    return [{ do: `assert(GEN, !created, "${text}")`, label: call.label, source: call.source }];
  };
  const own = ownSteps(scope, write, { locks });
  if (!frees) return { note: "which call frees the number on disk was not found" };
  const eviction = designEviction(scope, { question: "create", own, slots: 3, caches: false });
  const create = createPartner(partnerScope(scope, locks), eviction.real, {
    label: "finds the number free on disk",
    do: "wait(free_on_disk)",
  });
  return onProtocol({
    ...eviction,
    summary: "The number becomes free on disk in the middle of the eviction; a new file gets it.",
    own: [...own.procedures, ...create.procedures],
    assumptions: [...create.assumptions, ...locks.assumptions],
    variables: [
      { name: "free_on_disk", group: "disk" },
      { name: "created", group: "disk" },
    ],
    shared: locks.things,
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    ...(design.runs === "worker" ? { queues: [WORK] } : {}),
    // The number need not become free: only the eviction must end.
    threads: [...eviction.threads, { ...create.thread, daemon: true }],
    invariants: locks.things.length > 0 ? ["GEN", "PROG"] : ["GEN"],
  });
}
