/**
 * Evictions that meet others: a lookup during eviction waits for an inode that is on its way out (PROG), and a reference
 * dropped during eviction starts another eviction inside the first (RECL, PROG).
 */
import { MODES } from "../../analysis/interpreter.ts";
import { positionIn } from "../../ir/function-bodies.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";
import type { Procedure, SourceSpan, Step } from "../../race/model.ts";
import { type ChainFailure, callText } from "./chain-steps.ts";
import {
  chainOf,
  type FindingScope,
  primitiveOf,
  reclaimerOf,
  reclaimMode,
  runsInReclaim,
  type Scenario,
} from "./finding-scope.ts";
import { eitherLinkCount, HASH_LOCK, I_LOCK, unhashAndWake } from "./protocol.ts";

/** iget of the other inode: waits while it is I_FREEING and hashed. */
function waitForOther(label: string, source: SourceSpan): Step[] {
  return [
    { do: "rcu_read_lock()", label, source },
    {
      if: "other.hashed",
      label: "find_inode(): it is in the hash",
      then: [
        { do: "lock(i_lock[other])", label: "spin_lock(&inode->i_lock)" },
        {
          if: "other.FREEING",
          label: "if (inode->i_state & (I_FREEING|I_WILL_FREE))",
          then: [
            {
              if: "other.hashed",
              label: "__wait_on_freeing_inode(): still hashed",
              then: [
                { do: "prepare_wait(other, NEW)", label: "prepare_to_wait_event()" },
                { do: "unlock(i_lock[other])", label: "spin_unlock(&inode->i_lock)" },
                { do: "rcu_read_unlock()", label: "rcu_read_unlock()" },
                { do: "sleep()", label: "schedule() in __wait_on_freeing_inode()" },
                { do: "finish_wait()", label: "finish_wait()" },
                { goto: "found" },
              ],
            },
          ],
          else: [
            { do: "other.count++", label: "__iget(inode)" },
            { do: "unlock(i_lock[other])", label: "spin_unlock(&inode->i_lock)" },
            { do: "rcu_read_unlock()", label: "rcu_read_unlock()" },
            { do: "other.count--", label: "uses it, and lets go" },
            { goto: "found" },
          ],
        },
        { do: "unlock(i_lock[other])", label: "spin_unlock(&inode->i_lock)" },
      ],
    },
    { do: "rcu_read_unlock()", label: "rcu_read_unlock()" },
    { id: "found", do: "skip()", label: "the lookup returns" },
  ];
}

const LOOKUP: Procedure = { name: "look_up_other", parameters: ["inode", "other"], steps: [] };

export function lookupScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding, find } = scope;
  let procedure = LOOKUP;
  const chain = chainOf(
    scope,
    MODES.any,
    (label, source) => {
      procedure = { ...LOOKUP, steps: waitForOther(label, source) };
      return [{ call: LOOKUP.name, with: { inode: "inode", other: "other" } }];
    },
    ["other"],
  );
  if ("reason" in chain) return chain;
  const entry = chain.procedures[0]!;
  const evicts = (slot: string, other: string): Step[] => {
    const runs: Step = { call: entry.name, with: { inode: slot, other } };
    const hashed = unhashAndWake(slot, find);
    return finding.operation === "evict_inode" || finding.operation === "evict_inode_async"
      ? [{ label: `evict(${slot}): op->evict_inode`, do: "skip()", ...find("evict", /->evict_inode/) }, runs, ...hashed]
      : [...hashed, { label: `destroy_inode(${slot})`, do: "skip()", ...find("evict", /destroy_inode/) }, runs];
  };
  const isolates = (slot: string): Step[] => [
    {
      label: `inode_lru_isolate(): ${slot} goes to the dispose list`,
      do: `lock(i_lock[${slot}])`,
      ...find("inode_lru_isolate", /I_FREEING/),
    },
    {
      label: "if (unused)",
      if: `${slot}.count == 0 && !${slot}.FREEING`,
      then: [{ label: "i_state |= I_FREEING", do: `${slot}.FREEING = 1; mine_${slot} = 1` }],
    },
    { label: "spin_unlock(&inode->i_lock)", do: `unlock(i_lock[${slot}])` },
  ];
  const disposes = (slot: string, other: string): Step => ({
    label: `dispose_list(): ${slot}`,
    if: `mine_${slot}`,
    then: evicts(slot, other),
    ...find("dispose_list", /evict\s*\(/),
  });
  return {
    summary: "Reclaim has two inodes on its dispose list; the eviction of the first looks the second one up.",
    assumptions: [...chain.assumptions, "the inode that is looked up can be on its way out: nothing pins it"],
    variables: [{ name: "mine_A" }, { name: "mine_B" }],
    slots: {
      count: 2,
      initial: [
        { ino: 1, hashed: 1 },
        { ino: 2, hashed: 1 },
      ],
    },
    locks: [HASH_LOCK, I_LOCK],
    procedures: [...chain.procedures, procedure],
    threads: [
      {
        name: runsInReclaim(finding) ? reclaimerOf(finding) : "evictor",
        description: "prune_icache_sb() with a dispose list of two inodes",
        ...(runsInReclaim(finding) ? { context: ["MEMALLOC"] } : {}),
        steps: [eitherLinkCount("A"), ...isolates("A"), ...isolates("B"), disposes("A", "B"), disposes("B", "A")],
      },
      {
        name: "evictor 2",
        description: "another task that may take the second inode first",
        steps: [
          eitherLinkCount("B"),
          { label: "iput(): the last reference of B", do: "lock(i_lock[B])", ...find("iput_final", /I_FREEING/) },
          {
            label: "if (not on its way out)",
            if: "B.count == 0 && !B.FREEING",
            then: [
              { label: "i_state |= I_FREEING", do: "B.FREEING = 1" },
              { label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[B])" },
              ...evicts("B", "A"),
            ],
            else: [{ label: "spin_unlock(&inode->i_lock)", do: "unlock(i_lock[B])" }],
          },
        ],
      },
    ],
    invariants: ["PROG"],
    progress: "deadlock",
  };
}

/** What makes a nested eviction more than freeing memory. */
const HEAVY: ReadonlySet<EffectKind> = new Set(["nofail", "disk", "network", "wait", "transaction", "freeze", "lock"]);
/** Their last put comes later, in a task of its own. */
const PUTS_LATER = new Set(["fput", "fput_close", "filp_close"]);

export function nestedScenario(scope: FindingScope): Scenario | ChainFailure {
  const inReclaim = runsInReclaim(scope.finding) ? nestedIn(scope, true) : null;
  // A filesystem can decline in reclaim what it does elsewhere.
  return inReclaim === null || "reason" in inReclaim ? nestedIn(scope, false) : inReclaim;
}

function nestedIn(scope: FindingScope, inReclaim: boolean): Scenario | ChainFailure {
  const { finding, find } = scope;
  const primitive = primitiveOf(finding) ?? "iput";
  const inner = nestedEviction(scope, primitive);
  const step = inReclaim ? "io_wait()" : 'assert(PROG, sleeps_ok, "an eviction starts where nobody may sleep")';
  const drop = (label: string, source: SourceSpan): Step[] => [
    {
      label,
      source,
      if: "B.count > 0",
      then: [
        { do: "B.count--", label: "iput_final(): the last reference of B", ...find("iput_final", /I_FREEING/) },
        { do: "skip()", label: "evict(B) inside evict(A)", ...find("iput_final", /evict\s*\(/) },
        {
          do: inner.waits ? step : "skip()",
          label: inner.label,
          ...(inner.source === null ? {} : { source: inner.source }),
        },
      ],
    },
  ];
  const chain = chainOf(scope, inReclaim ? reclaimMode(finding) : MODES.any, drop);
  if ("reason" in chain) return chain;
  const entry = chain.procedures[0]!;
  return {
    summary: "The eviction of A drops what A held: the last reference of B, whose eviction runs inside this one.",
    assumptions: [...chain.assumptions, ...inner.assumptions],
    ...(inReclaim ? {} : { variables: [{ name: "sleeps_ok", initial: finding.contexts.includes("rcu") ? 0 : 1 }] }),
    slots: {
      count: 2,
      initial: [
        { ino: 1, hashed: 1, FREEING: 1 },
        { ino: 2, hashed: 1, count: 1 },
      ],
    },
    locks: [I_LOCK],
    procedures: [...chain.procedures],
    threads: [
      {
        name: inReclaim ? reclaimerOf(finding) : "evictor",
        description: "evicts A, which holds the last reference of B",
        ...(inReclaim ? { context: ["MEMALLOC"] } : {}),
        steps: [
          eitherLinkCount("A"),
          {
            label: `evict(A): ${finding.operation}`,
            do: "skip()",
            ...find("evict", finding.operation === "evict_inode" ? /->evict_inode/ : /destroy_inode/),
          },
          { call: entry.name, with: { inode: "A" } },
        ],
      },
    ],
    invariants: inReclaim ? ["RECL", "PROG"] : ["PROG"],
    progress: "deadlock",
  };
}

interface NestedEviction {
  readonly waits: boolean;
  readonly label: string;
  readonly source: SourceSpan | null;
  readonly assumptions: readonly string[];
}

/** The eviction of what was dropped: the filesystem's own where an inode was dropped, somebody's else. */
function nestedEviction(scope: FindingScope, primitive: string): NestedEviction {
  const { filesystem } = scope;
  if (PUTS_LATER.has(primitive)) {
    return {
      waits: false,
      label: `${primitive}() leaves the last put to a task of its own`,
      source: null,
      assumptions: ["what the delayed put does, and when, is not part of this model"],
    };
  }
  if (primitive !== "iput" || filesystem === null) {
    return {
      waits: true,
      label: "->evict_inode of the other filesystem",
      source: null,
      assumptions: ["the reference can be the last one, and the eviction that it starts waits for something"],
    };
  }
  const facts = scope.facts(filesystem);
  for (const name of ["evict_inode", "destroy_inode"] as const) {
    const operation = facts.operation(name);
    if (operation === undefined) continue;
    for (const anchor of facts.anchors(operation, MODES.reclaim)) {
      const heavy = anchor.effects.find((effect) => HEAVY.has(effect.site.kind) && effect.doubt === null);
      if (heavy === undefined) continue;
      const { body } = operation;
      return {
        waits: true,
        label: `${callText(body, anchor.event.call)} for B: ${heavy.site.primitive}() ${heavy.site.what}`,
        source: { file: body.file.path, line: positionIn(body, anchor.event.call.at).line },
        assumptions: ["the reference can be the last one of an inode of this filesystem"],
      };
    }
  }
  return {
    waits: true,
    label: "->evict_inode of the filesystem that the inode belongs to",
    source: null,
    assumptions: ["the reference can be the last one, of an inode whose eviction waits for something"],
  };
}
