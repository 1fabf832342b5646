/**
 * Work after the inode left the hash, with a lookup (toggle `partner`: or a create) of the same number. UNIQ: nobody
 * reads the number from disk while an older inode of it has cleanup to do. GEN: the disk is written for the right
 * generation.
 */
import { MODES } from "../../analysis/interpreter.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, SourceSpan, Step, ThreadDeclaration, VariableDeclaration } from "../../race/model.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import { hashUse } from "../../rules/hash-use.ts";
import type { ChainFailure, ChainSteps } from "./chain-steps.ts";
import { chainOf, type FindingScope, type Scenario } from "./finding-scope.ts";
import { operationSteps } from "./operation-steps.ts";
import {
  HASH_LOCK,
  I_LOCK,
  LOOKUP_ASSUMPTION,
  lookupProcedure,
  startFreeing,
  unhashAndWake,
  wakeWaiters,
} from "./protocol.ts";
import { callOf } from "./reclaim-scenario.ts";
import { treeProtocol, unhashCall, withTreeProtocol } from "./tree-protocol.ts";

const EVICTS: ReadonlySet<string> = new Set(["evict_inode", "evict_inode_async"]);
const KINDS: ReadonlySet<EffectKind> = new Set(["unhash"]);

const CLEANUP = [
  'assert(UNIQ, !built, "the older inode of this number still cleans up, and a lookup has read the number from disk")',
  'assert(GEN, !created, "the older inode of this number still cleans up, and the number was given to a new file")',
].join("; ");

export function unhashedScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, filesystem, find } = scope;
  const isEviction = EVICTS.has(finding.operation);
  const use = filesystem === null ? null : hashUse(scope.facts(filesystem));
  const effect = (label: string, source: SourceSpan): Step[] => [{ do: CLEANUP, label, source }];
  const hidden = use !== null && use.severity === "hint";
  const indexed = use !== null && use.severity === "warning";
  const protocol = hidden || indexed ? null : treeProtocol(scope, !isEviction);
  const unhash = protocol === null ? null : unhashCall(protocol);
  const own = isEviction
    ? evictionWithUnhash(scope, effect, unhash === null ? undefined : [unhash])
    : chainOf(scope, MODES.any, effect);
  if ("reason" in own) return own;
  const summary =
    "The inode is out of the hash and its filesystem still works on it; a lookup of the same number builds another one.";
  const variables: VariableDeclaration[] = [
    { name: "built", description: "a lookup has read the number from disk" },
    { name: "created", description: "the number was given to a new file" },
    { name: "free_on_disk", initial: 0, group: "disk", description: "the number can be given away" },
  ];
  const toggles = [
    { name: "partner", description: "who comes for the same number", values: ["lookup", "create"], default: "lookup" },
  ];
  if (protocol !== null && (unhash !== null || !isEviction)) {
    return withTreeProtocol(protocol, {
      own: own.procedures,
      operation: isEviction ? "evict" : "destroy",
      assumptions: own.assumptions,
      variables,
      others: [creator(isEviction)],
      toggles,
      summary,
      invariants: ["UNIQ", "GEN", "UAF"],
    });
  }
  const entry = own.procedures[0]!;
  const before: Step[] = isEviction
    ? [
        { label: "evict(): op->evict_inode(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
        callOf(entry),
        {
          label: "evict(): still hashed?",
          if: "A.hashed",
          then: unhashAndWake("A", find),
          else: wakeWaiters("A", find),
        },
      ]
    : [
        { label: "evict(): op->evict_inode(inode)", do: "skip()", ...find("evict", /->evict_inode/) },
        ...unhashAndWake("A", find),
        { label: "destroy_inode(inode)", do: "free_on_disk = 1", ...find("destroy_inode", /->destroy_inode/) },
        callOf(entry),
      ];
  const evictor: ThreadDeclaration = {
    name: "evictor",
    description: "the last reference of the inode is dropped",
    steps: [...startFreeing("A", find), ...before, { label: "the memory is freed: call_rcu()", do: "call_rcu(A)" }],
  };
  return {
    summary,
    toggles,
    assumptions: [
      ...own.assumptions,
      ...(hidden || indexed ? [] : [LOOKUP_ASSUMPTION]),
      ...(indexed
        ? [
            "its lookups use an index of the filesystem's own, which is taken to keep the inode in sight until this is done",
          ]
        : []),
    ],
    variables,
    slots: { count: 3, initial: [{ ino: 1, count: 1, hashed: 1 }] },
    locks: [HASH_LOCK, I_LOCK],
    procedures: [...own.procedures, lookupProcedure(find)],
    threads: [evictor, ...(hidden || indexed ? [] : [lookup(), creator(isEviction)])],
    invariants: ["UNIQ", "GEN", "UAF"],
  };
}

function lookup(): ThreadDeclaration {
  return {
    name: "lookup",
    description: "iget_locked() of the same number",
    when: "partner == lookup",
    locals: [{ name: "r", type: "slot" }],
    steps: [{ call: "iget_locked", with: { r: "r" } }],
  };
}

function creator(isEviction: boolean): ThreadDeclaration {
  return {
    name: "create",
    description: "a new file gets the number",
    when: "partner == create",
    steps: [
      {
        label: isEviction ? "finds the number free once it is out of the hash" : "finds the number free on disk",
        do: isEviction ? "wait(!A.hashed)" : "wait(free_on_disk)",
      },
      {
        label: "insert_inode_locked() steps over I_FREEING: a new inode of the number is hashed and written",
        do: "created = 1",
      },
    ],
  };
}

/** The operation takes the inode out of the hash itself, and goes on; `unhash` are the steps of that, where they are known. */
export function evictionWithUnhash(
  scope: FindingScope,
  effect: (label: string, source: SourceSpan) => readonly Step[],
  unhash?: readonly Step[],
): ChainSteps | ChainFailure {
  const { finding, filesystem } = scope;
  if (filesystem === null) return { reason: "it belongs to no filesystem" };
  const last = finding.chain.at(-1)!;
  let met = false;
  const own = operationSteps({
    facts: scope.facts(filesystem),
    operation: finding.operation as EvictionOperation,
    mode: MODES.any,
    kinds: KINDS,
    functions: new Set(finding.chain.slice(1).map((link) => link.function)),
    onEffect: (site, { body, label, source, onInode }) => {
      if (body.name === last.function && source.line === last.line && site.kind !== "unhash") {
        met = true;
        return effect(label, source);
      }
      if (site.kind !== "unhash" || !onInode) return null;
      return unhash === undefined ? unhashSteps(label, source) : [{ do: "skip()", label, source }, ...unhash];
    },
  });
  const procedures: readonly Procedure[] = own.procedures;
  if (!met || procedures.length === 0) return { reason: "the place of the finding was not met in its operation" };
  return { procedures, assumptions: own.assumptions };
}

/** remove_inode_hash() in a filesystem's own code. */
function unhashSteps(label: string, source: SourceSpan): Step[] {
  return [
    { do: "lock(hash_lock)", label, source },
    { do: "lock(i_lock[inode])", label: "spin_lock(&inode->i_lock)" },
    { if: "inode.hashed", label: "hlist_del_init_rcu(&inode->i_hash)", then: [{ do: "hash_del(inode)" }] },
    { do: "unlock(i_lock[inode])", label: "spin_unlock(&inode->i_lock)" },
    { do: "unlock(hash_lock)", label: "spin_unlock(&inode_hash_lock)" },
  ];
}
