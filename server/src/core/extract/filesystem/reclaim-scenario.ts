/**
 * Reclaim becomes the last holder of an inode and does what the finding names: by the dentry shrinker, which races
 * with an unlink and a close, or by the walk of the inode LRU. DIRT: nothing is dirtied with PF_MEMALLOC set. RECL:
 * nobody with PF_MEMALLOC waits for memory, for I/O, or for somebody who waits for memory.
 */
import type { LockDeclaration, Procedure, Step, ThreadDeclaration, VariableDeclaration } from "../../race/model.ts";
import type { ChainFailure } from "./chain-steps.ts";
import { chainOf, type FindingScope, primitiveOf, reclaimerOf, reclaimMode, type Scenario } from "./finding-scope.ts";
import { asyncAssumption, bindingsOf, methodsWith } from "./operation-methods.ts";
import type { FindLine } from "./protocol.ts";
import { onProtocol } from "./protocol-scenario.ts";
import { Protocol } from "./tree-protocol.ts";

/** What the effect does to a reclaimer, and who else is needed to see it. */
interface Hazard {
  readonly step: string;
  /** For a step that waits: in words. */
  readonly waits?: string;
  /** What ends it: a lock that was taken is let go of. */
  readonly after?: string;
  readonly invariant: "DIRT" | "RECL";
  readonly variables: readonly VariableDeclaration[];
  readonly locks: readonly LockDeclaration[];
  readonly partners: readonly ThreadDeclaration[];
  readonly assumptions: readonly string[];
  readonly summary: string;
}

const MEMORY: readonly VariableDeclaration[] = [
  { name: "free", initial: 0, max: 4, group: "memory", description: "free pages: memory is short" },
  { name: "reserve", initial: 1, max: 4, group: "memory", description: "pages that only PF_MEMALLOC tasks may take" },
];

export function reclaimScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, find } = scope;
  const hazard = hazardOf(scope);
  const chain = chainOf(scope, reclaimMode(finding), (label, source) => [
    // Who waits for ever never takes the step it waits at: the call itself comes before.
    ...(hazard.waits === undefined ? [] : [{ do: "skip()", label, source }]),
    { do: hazard.step, label: hazard.waits ?? label, source },
    ...(hazard.after === undefined ? [] : [{ do: hazard.after, label: "and lets go of it", source }]),
  ]);
  if ("reason" in chain) return chain;
  const { operation } = finding;
  const runs = callOf(chain.procedures[0]!, "inode");
  const protocol = new Protocol(scope, { ...bindingsOf(scope), inReclaim: true });
  return onProtocol({
    summary: hazard.summary,
    protocols: [protocol],
    methods: [methodsWith(scope, protocol, [runs])],
    own: chain.procedures,
    assumptions: [...chain.assumptions, ...asyncAssumption(operation), ...hazard.assumptions],
    variables: [{ name: "d_count", initial: 2, max: 3 }, { name: "dead" }, ...hazard.variables],
    slots: { count: 1, initial: [{ ino: 1, count: 1, nlink: 1, hashed: 1, on_sb: 1 }] },
    locks: [D_LOCK, ...hazard.locks],
    threads: [
      unlinker(find),
      closer(find),
      shrinker(find, {
        name: reclaimerOf(finding),
        put: [...(operation === "iput" ? [callOf(chain.procedures[0]!)] : []), protocol.call("put", { inode: "A" })],
        reclaim: [protocol.call("reclaim")],
      }),
      ...hazard.partners,
    ],
    invariants: [hazard.invariant],
    looksAtOwnStepsAlone: true,
  });
}

export const D_LOCK = { name: "d_lock", kind: "spin", description: "dentry->d_lock" } as const;

function hazardOf({ finding, engine }: FindingScope): Hazard {
  if (finding.rule === "dirty-under-memalloc") {
    return {
      step: "dirty(inode)",
      invariant: "DIRT",
      variables: [],
      locks: [],
      partners: [],
      assumptions: [],
      summary: "Reclaim becomes the last holder of the inode; its eviction must not dirty anything.",
    };
  }
  if (finding.rule === "nofail-under-memalloc") {
    return {
      step: "alloc_nf(1)",
      waits: "gets a page of the reserve, or tries again",
      invariant: "RECL",
      variables: MEMORY,
      locks: [],
      partners: [reserveUser(1)],
      assumptions: [],
      summary:
        "Memory is short and others take the reserve: an allocation that may not fail then waits for the task that makes it.",
    };
  }
  const kinds = engine.knowledge.functions.get(primitiveOf(finding) ?? "")?.effects ?? [];
  const isLock = kinds.includes("lock");
  const isTransaction = kinds.includes("transaction");
  if (!isLock && !isTransaction && !kinds.includes("freeze")) {
    return {
      step: "io_wait()",
      invariant: "RECL",
      variables: MEMORY,
      locks: [],
      partners: [],
      assumptions: [],
      summary: "Reclaim becomes the last holder of the inode; its eviction must not wait for I/O.",
    };
  }
  const what = isLock ? "the lock" : isTransaction ? "the journal" : "the freezer's hold on the filesystem";
  const held = isLock ? "held_lock" : isTransaction ? "journal" : "sb_writers";
  return {
    step: `lock(${held})`,
    waits: `has ${what}`,
    after: `unlock(${held})`,
    invariant: "RECL",
    variables: MEMORY,
    locks: [{ name: held, kind: "sleep", description: what }],
    partners: [
      {
        name: "holder",
        description: `holds ${what} and needs memory`,
        context: ["NOFS"],
        steps: [
          { label: `takes ${what}`, do: `lock(${held})` },
          { label: "allocates with GFP_NOFS: nothing to reclaim but through kswapd", do: "alloc_nf(1)" },
          { label: `lets go of ${what}`, do: `unlock(${held})` },
        ],
      },
    ],
    assumptions: [`whoever holds ${what} can wait for memory meanwhile`],
    summary: `Memory is short: reclaim waits for ${what}, whose holder waits for memory.`,
  };
}

/** Who else lives on the reserve: other evictions in reclaim, network receive. */
export function reserveUser(pages: number): ThreadDeclaration {
  const takes: Step = {
    label: "takes a page of the reserve",
    if: "reserve > 0",
    then: [{ do: "reserve--", label: "the page is gone" }],
  };
  return {
    name: "reserve user",
    description: "other evictions in reclaim, network receive",
    steps: Array.from({ length: pages }, () => takes),
  };
}

/** unlink(): finds the dentry shared and only unhashes it, or is the last holder itself. */
export function unlinker(find: FindLine): ThreadDeclaration {
  return {
    name: "unlink",
    description: "unlink() of the last name while another task has the file open; or only a close()",
    steps: [
      {
        choose: [
          [{ label: "d_delete(): spin_lock(&dentry->d_lock)", do: "lock(d_lock)", ...find("d_delete", /spin_lock/) }],
          [
            { label: "no unlink: dput() alone", do: "lock(d_lock)" },
            { label: "the dentry stays cached", do: "d_count--" },
            { label: "spin_unlock(&dentry->d_lock)", do: "unlock(d_lock)" },
            { end: true },
          ],
        ],
      },
      { label: "drop_nlink(inode)", do: "A.nlink = 0", ...find("drop_nlink", /i_nlink/) },
      {
        label: "if (dentry->d_lockref.count == 1)",
        if: "d_count == 1",
        ...find("d_delete", /d_lockref\.count|d_count/),
        // Its own eviction, in a context that may sleep, is not what the finding is about.
        then: [
          { label: "dentry_unlink_inode(): iput() in a task that may sleep", do: "dead = 1; d_count--" },
          { label: "spin_unlock(&dentry->d_lock)", do: "unlock(d_lock)" },
          { end: true },
        ],
      },
      { label: "__d_drop(dentry); dput(dentry)", do: "d_count--", ...find("d_delete", /__d_drop/) },
      { label: "spin_unlock(&dentry->d_lock)", do: "unlock(d_lock)" },
    ],
  };
}

export function closer(find: FindLine): ThreadDeclaration {
  return {
    name: "close",
    description: "close(): the other user lets go",
    steps: [
      { label: "dput(): spin_lock(&dentry->d_lock)", do: "lock(d_lock)", ...find("dput", /dentry|lock/) },
      { label: "the dentry stays cached, unused", do: "d_count--" },
      { label: "spin_unlock(&dentry->d_lock)", do: "unlock(d_lock)" },
    ],
  };
}

export interface Shrinker {
  readonly name: string;
  /** The last reference is dropped by the dentry shrinker. */
  readonly put: readonly Step[];
  /** The walk of the inode LRU. */
  readonly reclaim: readonly Step[];
}

/** Reclaim's two ways into eviction: the last reference that a dentry held, and an unused inode of the LRU. */
export function shrinker(find: FindLine, { name, put, reclaim }: Shrinker): ThreadDeclaration {
  return {
    name,
    description: "drops dentries, then inodes, with PF_MEMALLOC set",
    context: ["MEMALLOC"],
    steps: [
      {
        label: "shrink_dentry_list(): spin_lock(&dentry->d_lock)",
        do: "lock(d_lock)",
        ...find("shrink_dentry_list", /spin_lock|dentry/),
      },
      {
        label: "if (!dentry->d_lockref.count)",
        if: "d_count == 0 && !dead",
        then: [
          { label: "__dentry_kill(): dentry_unlink_inode()", do: "dead = 1", ...find("__dentry_kill", /unlink_inode/) },
          { label: "spin_unlock(&dentry->d_lock)", do: "unlock(d_lock)" },
          ...put,
        ],
        else: [{ label: "spin_unlock(&dentry->d_lock): in use", do: "unlock(d_lock)" }],
      },
      ...reclaim,
    ],
  };
}

export function callOf(procedure: Procedure, slot = "A"): Step {
  return { call: procedure.name, with: { inode: slot } };
}
