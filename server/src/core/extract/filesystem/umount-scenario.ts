/**
 * Eviction hands work to another task: umount must not tear down what the worker still uses (UMNT), the eviction must be
 * completed once (ONCE), and whoever waits for the inode must be woken (WAKE, PROG).
 */
import { type CallExpr, MODES } from "../../analysis/interpreter.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { Procedure, SourceSpan, Step, ThreadDeclaration } from "../../race/model.ts";
import type { ChainFailure, ChainSteps } from "./chain-steps.ts";
import { type Drain, drainFor } from "./drains.ts";
import { chainOf, type FindingScope, type Scenario } from "./finding-scope.ts";
import { operationSteps } from "./operation-steps.ts";
import { HASH_LOCK, I_LOCK, LOOKUP_ASSUMPTION, lookupProcedure, startFreeing, unhashAndWake } from "./protocol.ts";
import { callOf } from "./reclaim-scenario.ts";
import { evictionWithUnhash } from "./unhashed-scenario.ts";

const QUEUE = { name: "work", capacity: 2, description: "what eviction handed on" } as const;

export function umountScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, find } = scope;
  let queued: CallExpr | null = null;
  const chain = chainOf(scope, MODES.any, (label, source, call) => {
    queued = call;
    return [{ do: "queue(work, inode); queued = 1", label, source }];
  });
  if ("reason" in chain) return chain;
  const drain = queued === null ? null : drainFor(scope, queued);
  const isAsync = finding.operation === "evict_inode_async";
  const entry = chain.procedures[0]!;
  const tail = [
    ...unhashAndWake("A", find),
    { label: "destroy_inode(inode): call_rcu()", do: "call_rcu(A)", ...find("evict", /destroy_inode/) },
  ];
  return {
    summary: "Eviction hands work to another task; the filesystem is unmounted before the work is done.",
    assumptions: [
      ...chain.assumptions,
      drain === null
        ? "nothing was found on the way from ->put_super and ->kill_sb that waits for this work"
        : `${drain.label} in ${drain.function}() waits for all of this work, and it runs before what the work uses is freed`,
      "the work uses structures of the mounted filesystem",
    ],
    variables: [
      { name: "sb.dead", group: "superblock" },
      { name: "queued", description: "the work has not been done yet" },
      { name: "gone", description: "the evicting task is through" },
    ],
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    queues: [QUEUE],
    procedures: [...chain.procedures],
    threads: [
      {
        name: "evictor",
        description: "the last reference is dropped",
        steps: [
          ...startFreeing("A", find),
          ...evictionOf(scope, entry, tail, isAsync),
          { label: "returns", do: "gone = 1" },
        ],
      },
      worker(isAsync ? tail : []),
      umount(scope, drain),
    ],
    invariants: ["UMNT", "ONCE"],
  };
}

function evictionOf(
  { finding, find }: FindingScope,
  entry: Procedure,
  tail: readonly Step[],
  isAsync: boolean,
): Step[] {
  const offList: Step = { label: "inode_sb_list_del(inode)", do: "A.on_sb = 0", ...find("evict", /inode_sb_list_del/) };
  const method: Step = { label: `op->${finding.operation}(inode)`, do: "skip()", ...find("evict", /->evict_inode/) };
  if (isAsync) {
    return [
      offList,
      method,
      callOf(entry),
      { label: "punted: the worker completes it", if: "!queued && A.phase == LIVE && A.hashed", then: tail },
    ];
  }
  if (finding.operation === "evict_inode") return [offList, method, callOf(entry), ...tail];
  if (finding.operation === "drop_inode") return [method, callOf(entry), offList, ...tail];
  const beforeFree = tail.slice(0, -1);
  return [offList, ...beforeFree, method, callOf(entry), ...tail.slice(-1)];
}

function worker(tail: readonly Step[]): ThreadDeclaration {
  return {
    name: "worker",
    description: "the task that the work was handed to",
    context: ["worker"],
    daemon: true,
    locals: [{ name: "x", type: "slot" }],
    steps: [
      { label: "takes the work", do: "pop(work, x)" },
      { label: "uses the mounted filesystem", do: "use_fs()" },
      ...tail,
      { label: "is done", do: "queued = 0; x = none" },
    ],
  };
}

function umount({ find }: FindingScope, drain: Drain | null): ThreadDeclaration {
  return {
    name: "umount",
    description: "generic_shutdown_super()",
    steps: [
      {
        label: "generic_shutdown_super(): evict_inodes(): the inode is on no list any more",
        do: "wait(gone)",
        ...find("generic_shutdown_super", /evict_inodes/),
      },
      ...(drain === null ? [] : [{ label: drain.label, do: "wait(!queued)", source: drain.source }]),
      { label: "sop->put_super(sb)", do: "put_super()", ...find("generic_shutdown_super", /put_super/) },
    ],
  };
}

/** ->evict_inode_async: by what the rule says is wrong. */
export function asyncContractScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, find } = scope;
  const what = finding.ends[0]?.what ?? "";
  const isLate = /after the unhash/.test(what);
  const isExit = /neither completes nor punts/.test(what);
  const cleanup =
    'assert(UNIQ, !built, "the worker still cleans the older inode up, and a lookup has read the number from disk")';
  const own = isExit
    ? eachReturn(scope)
    : isLate
      ? evictionWithUnhash(scope, (label, source: SourceSpan) => [
          { do: "queue(work, inode); queued = 1", label, source },
        ])
      : chainOf(scope, MODES.any, (label, source) => [{ do: "queue(work, inode); queued = 1", label, source }]);
  if ("reason" in own) return own;
  const entry = own.procedures[0]!;
  const tail = [
    ...unhashAndWake("A", find).slice(0, 2),
    { label: "hlist_del_init_rcu(&inode->i_hash)", if: "A.hashed", then: ["hash_del(A)"] },
    ...unhashAndWake("A", find).slice(3),
    { label: "destroy_inode(inode): call_rcu()", do: "call_rcu(A)" },
  ];
  const work: Step[] = isLate
    ? [{ label: "the worker cleans up on disk", do: cleanup }, ...tail]
    : [{ label: "the work function runs; it does not complete the eviction", do: "skip()" }];
  return {
    summary: "->evict_inode_async must complete the eviction or hand it on while lookups can still see the inode.",
    assumptions: [...own.assumptions, LOOKUP_ASSUMPTION],
    variables: [{ name: "built" }, { name: "queued" }, { name: "at_exit" }],
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    queues: [QUEUE],
    procedures: [...own.procedures, lookupProcedure(find)],
    threads: [
      {
        name: "evictor",
        description: "the last reference is dropped",
        steps: [
          ...startFreeing("A", find),
          { label: "op->evict_inode_async(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
          callOf(entry),
          { label: "neither punted nor left half done", if: "!queued && !at_exit", then: tail },
        ],
      },
      {
        name: "worker",
        description: "the task that the eviction was handed to",
        context: ["worker"],
        daemon: true,
        locals: [{ name: "x", type: "slot" }],
        steps: [{ label: "takes the work", do: "pop(work, x)" }, ...work, { label: "is done", do: "x = none" }],
      },
      {
        name: "lookup",
        description: "iget_locked() of the same number",
        locals: [{ name: "r", type: "slot" }],
        steps: [{ call: "iget_locked", with: { r: "r" } }],
      },
    ],
    invariants: ["UNIQ", "ONCE", "WAKE", "PROG"],
    progress: "deadlock",
  };
}

/** The ways out of the operation; the one that the finding is about is marked. */
function eachReturn({ finding, filesystem, facts }: FindingScope): ChainSteps | ChainFailure {
  if (filesystem === null) return { reason: "it belongs to no filesystem" };
  let met = false;
  const own = operationSteps({
    facts: facts(filesystem),
    operation: "evict_inode_async",
    mode: MODES.any,
    kinds: new Set(),
    functions: new Set(),
    onEffect: (effect, { label, source }) => (effect.kind === "defer" ? [{ do: "skip()", label, source }] : null),
    onReturn: (body, at) => {
      const { line, column } = positionIn(body, at);
      if (body.name !== finding.function || line !== finding.line || column !== finding.column) return [];
      met = true;
      return [{ do: "at_exit = 1", label: "returns: not done, not queued", source: { file: finding.file, line } }];
    },
  });
  if (!met || own.procedures.length === 0) return { reason: "the place of the finding was not met in its operation" };
  return { procedures: own.procedures, assumptions: own.assumptions };
}
