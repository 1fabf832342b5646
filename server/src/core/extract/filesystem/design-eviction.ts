/**
 * Who evicts inode A under a design. What a design leaves as it is are the tree's own functions: iput(), evict(), the walk
 * of the LRU, evict_inodes(). What it changes is written down: a method that hands on, a list, a worker.
 */
import type { Step, ThreadDeclaration } from "../../race/model.ts";
import type { DesignScope } from "./design-models.ts";
import type { Question } from "./designs.ts";
import { dropOf, eitherAnswer } from "./operation-methods.ts";
import { eitherLinkCount, startFreeing } from "./protocol.ts";
import { FREES, type Methods, plainEvict } from "./protocol-scenario.ts";
import { type Bindings, Protocol } from "./tree-protocol.ts";

/** Calls of the filesystem's own operations, for a slot. */
export interface OwnSteps {
  readonly evict: (slot: string) => readonly Step[];
  readonly destroy: (slot: string) => readonly Step[];
}

export interface EvictionRequest {
  readonly own: OwnSteps;
  readonly slots: number;
  /** Whether the last iput() leaves an inode with links in the cache. */
  readonly caches: boolean;
  /** Statements in front of the one that frees the memory, and behind the one that queues the inode. */
  readonly onFree?: string;
  readonly onQueue?: string;
  /** Behind that where the task that queues it ends there. */
  readonly onEnd?: string;
  /** What its obligation is about (designs.ts): what belongs to other questions is taken for granted. */
  readonly question: Question;
  /** Steps of the evictor and of the worker when they are through. */
  readonly through?: readonly Step[];
  readonly idle?: readonly Step[];
}

export interface DesignEviction {
  /** The filesystem's methods do their work in whoever calls them. */
  readonly real: Protocol;
  readonly protocols: readonly Protocol[];
  readonly methods: readonly Methods[];
  readonly threads: readonly ThreadDeclaration[];
}

export function realProtocol(scope: DesignScope, bindings: Partial<Bindings>): Protocol {
  return new Protocol(protocolScope(scope), { hasDestroy: true, ...bindings });
}

/** Another protocol beside the real one: the filesystem's methods hand on. */
export function puntingProtocol(scope: DesignScope, bindings: Partial<Bindings>): Protocol {
  return new Protocol(protocolScope(scope), { hasDestroy: true, ...bindings, suffix: "_again" });
}

function protocolScope({ facts, find }: DesignScope): ConstructorParameters<typeof Protocol>[0] {
  return { engine: facts.engine, program: facts.program, find };
}

/** ->evict_inode and ->destroy_inode as they are; with an unhash first, they have nothing left to do themselves. */
export function realMethods(scope: DesignScope, real: Protocol, own: OwnSteps, onFree = ""): Methods {
  return {
    evict: plainEvict(real, own.evict("inode")),
    destroy: [...own.destroy("inode"), { ...FREES, do: `${onFree}call_rcu(inode)` }],
    drop: answers(scope),
  };
}

function answers({ facts, find }: DesignScope): Step[] {
  return eitherAnswer({ engine: facts.engine, filesystem: facts.filesystem, find });
}

/** The method hands the inode on, and nothing behind it runs in this task. */
export function punts(statement: string): Step[] {
  return [{ label: "punted: queue_work()", do: statement }, { end: true }];
}

export function designEviction(scope: DesignScope, request: EvictionRequest): DesignEviction {
  const { design } = scope;
  const { question, own, slots, caches, onFree = "", onQueue = "", onEnd = "", through = [], idle = [] } = request;
  const drop = caches ? dropOf(scope.facts.filesystem) : "always";
  const real = realProtocol(scope, { drop, slots });
  const methods = realMethods(scope, real, own, onFree);
  const evictor: ThreadDeclaration = { name: "evictor", description: "drops the last reference", steps: [] };
  const queue = `queue(work, A)${onQueue}`;
  const evictsA = real.call("evict", { inode: "A" });
  const done = (threads: readonly ThreadDeclaration[], handing?: readonly [Protocol, Methods]): DesignEviction => ({
    real,
    protocols: handing === undefined ? [real] : [real, handing[0]],
    methods: handing === undefined ? [methods] : [methods, handing[1]],
    threads,
  });
  const puts = (protocol: Protocol): ThreadDeclaration => ({
    ...evictor,
    steps: [eitherLinkCount("A"), protocol.call("put", { inode: "A" }), ...through],
  });
  if (design.runs === "nobody")
    return done([
      {
        ...evictor,
        steps: [...startFreeing("A", scope.find), { choose: [[evictsA], putBack(scope, question)] }, ...through],
      },
    ]);
  if (design.runs === "reclaim") return done([puts(real)]);
  if (design.hands === "deleted") {
    const keeps = puntingProtocol(scope, { drop: "own", slots });
    const drops: Step[] = [
      {
        label: "->drop_inode: if (!inode->i_nlink)",
        if: "inode.nlink == 0",
        then: [{ label: "queues it", do: queue }],
      },
      { label: "->drop_inode keeps it in the cache", do: "result = 0" },
    ];
    return done(
      [puts(keeps), worker([...takesParked(question), evictsA, ...idle])],
      [keeps, { drop: drops, destroy: [FREES] }],
    );
  }
  if (design.parked === "live")
    return done([
      { ...evictor, steps: [...parks(scope, queue), ...through] },
      worker([...takesParked(question), evictsA, ...idle]),
    ]);
  if (design.hands === "lru")
    return done([
      {
        ...evictor,
        steps: [...startFreeing("A", scope.find), { label: "handed on: queue_work()", do: queue }, ...through],
      },
      worker([evictsA, ...idle]),
    ]);
  const hands = puntingProtocol(scope, { drop, slots });
  if (!design.unhashFirst)
    return done(
      [puts(hands), worker([evictsA, ...idle])],
      [hands, { evict: punts(`${queue}${onEnd}`), destroy: [FREES], drop: answers(scope) }],
    );
  // evict() is over for the task that dropped the reference; the worker has the filesystem's work left, and the memory.
  const frees: Step = { ...FREES, do: `${onFree}call_rcu(A)` };
  const rest = [...own.evict("A"), ...own.destroy("A"), frees];
  return done(
    [puts(hands), worker([...rest, ...idle])],
    [hands, { destroy: [{ label: "->destroy_inode: queue_work()", do: queue }], drop: answers(scope) }],
  );
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

/** Count 0, not I_FREEING, on a deferred list that has a link of its own in the inode. */
function parks({ find }: DesignScope, queue: string): Step[] {
  return [
    eitherLinkCount("A"),
    { label: "iput(): spin_lock(&inode->i_lock)", do: "lock(i_lock[A])", ...find("iput", /lock/) },
    {
      label: "if (!--inode->i_count)",
      do: "A.count--",
      if: "A.count == 0",
      then: [{ label: "onto the deferred list, not I_FREEING", do: queue }],
    },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
  ];
}

function takesParked(question: Question): Step[] {
  const looksAgain = question === "lookup" ? " && obligation == on" : "";
  return [
    { label: "spin_lock(&inode->i_lock)", do: "lock(i_lock[A])" },
    {
      label: "if (in use again, or on its way out)",
      if: `(A.count > 0 || A.FREEING)${looksAgain}`,
      then: [
        { label: "off the list: spin_unlock(&inode->i_lock)", do: "A.lru = LRU_NONE; unlock(i_lock[A])" },
        { end: true },
      ],
    },
    { label: "i_state |= I_FREEING", do: "A.FREEING = 1; A.lru = LRU_NONE" },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
  ];
}

/** evict() of this design, where the method fails. */
function putBack({ find }: DesignScope, question: Question): Step[] {
  const obliged = (of: Question) => (question === of ? { when: "obligation == on" } : {});
  return [
    { label: "evict(): inode_sb_list_del(inode)", do: "A.on_sb = 0", ...find("evict", /inode_sb_list_del/) },
    { label: "->evict_inode fails: spin_lock(&inode->i_lock)", do: "lock(i_lock[A])" },
    { label: "i_state &= ~I_FREEING, back on the LRU", do: "A.FREEING = 0; A.lru = LRU" },
    { ...obliged("lookup"), label: "inode_wake_up_bit(inode, __I_NEW)", do: "wake(A, NEW)" },
    { ...obliged("umount"), label: "inode_sb_list_add(inode)", do: "A.on_sb = 1" },
    { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[A])" },
  ];
}
