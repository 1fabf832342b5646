/**
 * Eviction hands work to another task: umount must not tear down what the worker still uses (UMNT), the eviction must be
 * completed once (ONCE), and whoever waits for the inode must be woken (WAKE, PROG).
 */
import { type CallExpr, MODES } from "../../analysis/interpreter.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { SourceSpan, Step, ThreadDeclaration } from "../../race/model.ts";
import type { ChainFailure, ChainSteps } from "./chain-steps.ts";
import { type Drain, drainFor } from "./drains.ts";
import { chainOf, type FindingScope, type Scenario } from "./finding-scope.ts";
import { bindingsOf, eitherAnswer, methodsWith } from "./operation-methods.ts";
import { operationSteps } from "./operation-steps.ts";
import { SHOWN_KINDS } from "./own-eviction.ts";
import { eitherLinkCount, HASH_LOCK, I_LOCK, startFreeing, unhashAndWake } from "./protocol.ts";
import { onProtocol } from "./protocol-scenario.ts";
import { lookupPartner } from "./protocol-threads.ts";
import { callOf } from "./reclaim-scenario.ts";
import { type Ties, tiesOf } from "./ties.ts";
import { Protocol } from "./tree-protocol.ts";
import { evictionWithUnhash } from "./unhashed-scenario.ts";

const QUEUE = { name: "work", capacity: 2, description: "what eviction handed on" } as const;

export function umountScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding } = scope;
  let queued: CallExpr | null = null;
  const chain = chainOf(scope, MODES.any, (label, source, call) => {
    queued = call;
    return [{ do: "queue(work, inode); queued = 1", label, source }];
  });
  if ("reason" in chain) return chain;
  const drain = queued === null ? null : drainFor(scope, queued);
  const isAsync = finding.operation === "evict_inode_async";
  const runs = callOf(chain.procedures[0]!, "inode");
  const protocol = new Protocol(scope, bindingsOf(scope));
  const punts = isAsync ? puntingEvictor(scope, callOf(chain.procedures[0]!)) : null;
  const methods = methodsWith(scope, protocol, [runs]);
  const put = punts?.steps ?? [eitherLinkCount("A"), protocol.call("put", { inode: "A" })];
  return onProtocol({
    summary: "Eviction hands work to another task; the filesystem is unmounted before the work is done.",
    protocols: [protocol],
    // Queueing does not sleep: ->drop_inode does it under i_lock.
    methods: [finding.operation === "drop_inode" ? { drop: [runs, ...eitherAnswer(scope)] } : methods],
    own: chain.procedures,
    assumptions: [
      ...chain.assumptions,
      ...(isAsync ? [PUNTS] : []),
      drain === null
        ? "nothing was found on the way from ->put_super and ->kill_sb that waits for this work"
        : `${drain.label} in ${drain.function}() waits for all of this work, and it runs before what the work uses is freed`,
      "the work uses structures of the mounted filesystem",
    ],
    variables: [
      { name: "queued", description: "the work has not been done yet" },
      { name: "gone", description: "the task that had the last reference is through" },
    ],
    slots: { count: 1, initial: [{ ino: 1, count: 1, hashed: 1, on_sb: 1 }] },
    queues: [QUEUE],
    threads: [
      {
        name: "evictor",
        description: "the last reference is dropped",
        steps: [...put, { label: "returns", do: "gone = 1" }],
      },
      worker(punts?.tail ?? []),
      umount(scope, protocol, drain),
    ],
    invariants: ["UMNT", "ONCE"],
  });
}

/** What evict() does with the answer of ->evict_inode_async is the tree's own affair; this is what the name says. */
const PUNTS =
  "evict() leaves an inode that was punted to the worker, which completes it as evict() of Linux 6.12 would";

function puntingEvictor({ find }: FindingScope, runs: Step): { steps: readonly Step[]; tail: readonly Step[] } {
  const tail = [
    ...unhashAndWake("A", find),
    { label: "destroy_inode(inode): call_rcu()", do: "call_rcu(A)", ...find("evict", /destroy_inode/) },
  ];
  return {
    steps: [
      ...startFreeing("A", find),
      { label: "inode_sb_list_del(inode)", do: "A.on_sb = 0", ...find("evict", /inode_sb_list_del/) },
      { label: "op->evict_inode_async(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
      runs,
      { label: "punted: the worker completes it", if: "!queued && A.phase == LIVE && A.hashed", then: tail },
    ],
    tail,
  };
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

function umount({ find }: FindingScope, protocol: Protocol, drain: Drain | null): ThreadDeclaration {
  return {
    name: "umount",
    description: "generic_shutdown_super()",
    steps: [
      { label: "nobody uses the filesystem any more", do: "wait(gone)" },
      {
        label: "sb->s_flags &= ~SB_ACTIVE",
        do: "sb.active = 0",
        ...find("generic_shutdown_super", /SB_ACTIVE/),
      },
      protocol.call("umount"),
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
  const protocol = new Protocol(scope, { slots: 3 });
  const ties = tiesOf(scope, ["lookup"], ["evict_inode_async"]);
  const own = isExit
    ? eachReturn(scope, ties)
    : isLate
      ? evictionWithUnhash(
          scope,
          (label, source: SourceSpan) => [{ do: "queue(work, inode); queued = 1", label, source }],
          [protocol.call("unhash", { inode: "inode" })],
          ties,
        )
      : chainOf(
          scope,
          MODES.any,
          (label, source) => [{ do: "queue(work, inode); queued = 1", label, source }],
          [],
          ties.flow,
        );
  if ("reason" in own) return own;
  const entry = own.procedures[0]!;
  const lookup = lookupPartner({ ...scope, locks: ties.of("lookup") }, protocol);
  const tail = [
    ...unhashAndWake("A", find).slice(0, 2),
    { label: "hlist_del_init_rcu(&inode->i_hash)", if: "A.hashed", then: ["hash_del(A)"] },
    ...unhashAndWake("A", find).slice(3),
    { label: "destroy_inode(inode): call_rcu()", do: "call_rcu(A)" },
  ];
  const work: Step[] = isLate
    ? [{ label: "the worker cleans up on disk", do: cleanup }, ...tail]
    : [{ label: "the work function runs; it does not complete the eviction", do: "skip()" }];
  return onProtocol({
    summary: "->evict_inode_async must complete the eviction or hand it on while lookups can still see the inode.",
    protocols: [protocol],
    methods: [{}],
    own: [...own.procedures, ...lookup.procedures],
    assumptions: [...own.assumptions, ...lookup.assumptions, ...ties.assumptions, PUNTS],
    shared: ties.things,
    variables: [{ name: "built" }, { name: "queued" }, { name: "at_exit" }],
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    queues: [QUEUE],
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
      lookup.thread,
    ],
    invariants: ["UNIQ", "ONCE", "WAKE", "PROG"],
  });
}

/** The ways out of the operation; the one that the finding is about is marked. */
function eachReturn({ finding, filesystem, facts }: FindingScope, ties: Ties): ChainSteps | ChainFailure {
  if (filesystem === null) return { reason: "it belongs to no filesystem" };
  let met = false;
  const own = operationSteps({
    facts: facts(filesystem),
    operation: "evict_inode_async",
    ties,
    shows: SHOWN_KINDS,
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
