/**
 * Work after the inode left the hash, with a lookup (toggle `partner`: or a create) of the same number. UNIQ: nobody
 * reads the number from disk while an older inode of it has cleanup to do. GEN: the disk is written for the right
 * generation.
 */
import { MODES } from "../../analysis/interpreter.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, SourceSpan, Step } from "../../race/model.ts";
import type { EvictionOperation } from "../../report/finding.ts";
import { hashUse } from "../../rules/hash-use.ts";
import type { ChainFailure, ChainSteps } from "./chain-steps.ts";
import { chainOf, type FindingScope, type Scenario } from "./finding-scope.ts";
import { someStep } from "./nested-steps.ts";
import { type OperationRequest, operationSteps } from "./operation-steps.ts";
import { freesNumber, type OwnCall, ownProcedure, SHOWN_KINDS } from "./own-eviction.ts";
import { FREES, onProtocol, plainEvict, TRUNCATES } from "./protocol-scenario.ts";
import { createPartner, evictorThread, lookupPartner } from "./protocol-threads.ts";
import { callOf } from "./reclaim-scenario.ts";
import { type Ties, tiesOf } from "./ties.ts";
import { Protocol } from "./tree-protocol.ts";

const EVICTS: ReadonlySet<string> = new Set(["evict_inode", "evict_inode_async"]);
const KINDS: ReadonlySet<EffectKind> = new Set(["unhash"]);

const CLEANUP = [
  'assert(UNIQ, !built, "the older inode of this number still cleans up, and a lookup has read the number from disk")',
  'assert(GEN, !created, "the older inode of this number still cleans up, and the number was given to a new file")',
].join("; ");

export function unhashedScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, filesystem } = scope;
  const isEviction = EVICTS.has(finding.operation);
  const use = filesystem === null ? null : hashUse(scope.facts(filesystem));
  const effect = (label: string, source: SourceSpan): Step[] => [{ do: CLEANUP, label, source }];
  const hidden = use !== null && use.severity === "hint";
  const indexed = use !== null && use.severity === "warning";
  // Whatever the link count, the inode goes: which way reclaim took is another question.
  const protocol = new Protocol(scope, { drop: "always", hasDestroy: !isEviction, slots: 3 });
  const isFound = !hidden && !indexed;
  const operation = finding.operation as EvictionOperation;
  const ties = tiesOf(
    scope,
    isFound ? ["lookup", "create"] : [],
    isEviction ? [operation] : ["evict_inode", operation],
  );
  const own = isEviction
    ? evictionWithUnhash(scope, effect, [protocol.call("unhash", { inode: "inode" })], ties, freesAt)
    : chainOf(scope, MODES.any, effect, [], ties.flow);
  if ("reason" in own) return own;
  const before = isEviction ? null : cleanUp(scope, ties);
  const locks = ties.things.filter(({ kind }) => kind === "lock");
  const freed = [...own.procedures, ...(before === null ? [] : [before])].some(({ steps }) => someStep(steps, isFreed));
  const runs = callOf(own.procedures[0]!, "inode");
  const comes = isFound
    ? [
        lookupPartner({ ...scope, locks: ties.of("lookup") }, protocol),
        createPartner({ ...scope, locks: ties.of("create") }, protocol, becomesFree(isEviction && !freed)),
      ]
    : [];
  const partners = comes.map(({ thread }) => ({ ...thread, when: `partner == ${thread.name}` }));
  return onProtocol({
    summary:
      "The inode is out of the hash and its filesystem still works on it; a lookup of the same number builds another one.",
    protocols: [protocol],
    methods: [
      isEviction
        ? { evict: [TRUNCATES, protocol.call("clear", { inode: "inode" }), runs] }
        : {
            evict: plainEvict(protocol, before === null ? [] : [callOf(before, "inode")]),
            destroy: [{ label: "->destroy_inode(inode)", do: freed ? "skip()" : FREED }, runs, FREES],
          },
    ],
    own: [...own.procedures, ...(before === null ? [] : [before]), ...comes.flatMap(({ procedures }) => procedures)],
    assumptions: [
      ...own.assumptions,
      ...comes.flatMap(({ assumptions }) => assumptions),
      ...ties.assumptions,
      ...(isFound && !freed ? [`which call frees the number on disk was not found: ${TAKEN_AS_FREE(isEviction)}`] : []),
      // Another way to the number would meet what this one cannot while the lock is held.
      ...locks.map(({ words }) => `who comes for the number comes this way, with ${words}`),
      ...(indexed
        ? [
            "its lookups use an index of the filesystem's own, which is taken to keep the inode in sight until this is done",
          ]
        : []),
    ],
    shared: ties.things,
    toggles: [
      {
        name: "partner",
        description: "who comes for the same number",
        values: ["lookup", "create"],
        default: "lookup",
      },
    ],
    variables: [
      { name: "built", description: "a lookup has read the number from disk" },
      { name: "created", description: "the number was given to a new file" },
      { name: "free_on_disk", initial: 0, group: "disk", description: "the number can be given away" },
    ],
    slots: { count: 3, initial: [{ ino: 1, hashed: 1, on_sb: 1, count: 1 }] },
    threads: [evictorThread(protocol), ...partners],
    invariants: ["UNIQ", "GEN", "UAF"],
    looksAtOwnStepsAlone: partners.length === 0,
  });
}

const FREED = "free_on_disk = 1";
const isFreed = (step: Step): boolean => typeof step !== "string" && step.do === FREED;
const freesAt: OperationRequest["onCall"] = (callee, { onInode, label, source }) =>
  freesNumber({ callee, takesInode: onInode }) ? [{ do: FREED, label, source }] : [];
const TAKEN_AS_FREE = (isEviction: boolean): string =>
  `it is taken to be free when ${isEviction ? "the inode is out of the hash" : "->destroy_inode begins"}`;

/** What ->evict_inode does before the inode leaves the hash: its clean-up, to be seen, and where it frees the number. */
function cleanUp({ filesystem, facts }: FindingScope, ties: Ties): Procedure | null {
  if (filesystem === null) return null;
  const operation = facts(filesystem).operation("evict_inode");
  if (operation === undefined) return null;
  const write = (call: OwnCall): Step[] => {
    const { label, source } = call;
    if (freesNumber(call)) return [{ do: FREED, label, source }];
    const isShown = [...SHOWN_KINDS].some((kind) => call.kinds.has(kind));
    return isShown ? [{ do: "skip()", label: `${label}: ${call.words(SHOWN_KINDS)}`, source }] : [];
  };
  return ownProcedure(facts(filesystem), operation, MODES.any, "evict_inode", write, ties);
}

function becomesFree(byUnhash: boolean): Step {
  return byUnhash
    ? { label: "finds the number free once it is out of the hash", do: "wait(!A.hashed)" }
    : { label: "finds the number free on disk", do: "wait(free_on_disk)" };
}

/** The operation takes the inode out of the hash itself (`unhash`), and goes on. */
export function evictionWithUnhash(
  scope: FindingScope,
  effect: (label: string, source: SourceSpan) => readonly Step[],
  unhash: readonly Step[],
  ties: Ties,
  onCall?: OperationRequest["onCall"],
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
    opensLarge: true,
    ties,
    shows: SHOWN_KINDS,
    ...(onCall === undefined ? {} : { onCall }),
    onEffect: (site, { body, label, source, onInode }) => {
      if (body.name === last.function && source.line === last.line && site.kind !== "unhash") {
        met = true;
        return effect(label, source);
      }
      return site.kind === "unhash" && onInode ? [{ do: "skip()", label, source }, ...unhash] : null;
    },
  });
  const procedures: readonly Procedure[] = own.procedures;
  if (!met || procedures.length === 0) return { reason: "the place of the finding was not met in its operation" };
  return { procedures, assumptions: own.assumptions };
}
