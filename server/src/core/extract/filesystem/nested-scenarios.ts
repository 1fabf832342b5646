/**
 * Evictions that meet others: a lookup during eviction waits for an inode that is on its way out (PROG), and a reference
 * dropped during eviction starts another eviction inside the first (RECL, PROG).
 */

import type { Operation } from "../../analysis/filesystem-facts.ts";
import { MODES, type Mode } from "../../analysis/interpreter.ts";
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
import { heldAtDrop, heldAtLookup, NOTHING_HELD } from "./held-at-drop.ts";
import { asyncAssumption, bindingsOf, dropOf, eitherAnswer, methodsWith } from "./operation-methods.ts";
import { eitherLinkCount } from "./protocol.ts";
import { FREES, type Methods, onProtocol, plainEvict } from "./protocol-scenario.ts";
import { callOf } from "./reclaim-scenario.ts";
import { Protocol } from "./tree-protocol.ts";

/** What one eviction does to the other inode. It stands in both evictions, and the inode at hand says which is the other. */
const LOOK_UP_OTHER = "look_up_other";

export function lookupScenario(scope: FindingScope): Scenario | ChainFailure {
  const { finding } = scope;
  const held = heldAtLookup(scope);
  const chain = chainOf(
    scope,
    MODES.any,
    (label, source) => [
      { do: "skip()", label, source },
      { call: LOOK_UP_OTHER, with: { inode: "inode" } },
    ],
    [],
    held.chain,
  );
  if ("reason" in chain) return chain;
  // Where both are out of the hash when they look each other up, each builds another one.
  const slots = finding.operation === "destroy_inode" ? 4 : 3;
  const outer = new Protocol(scope, { ...bindingsOf(scope), slots });
  // What the nested lookup evicts, where it does, looks nothing up.
  const inner = new Protocol(scope, { drop: dropOf(scope.filesystem), slots, suffix: "_again" });
  const lookUp: Procedure = {
    name: LOOK_UP_OTHER,
    parameters: ["inode"],
    locals: [
      { name: "other", max: 3 },
      { name: "found", type: "slot" },
    ],
    steps: [
      { label: "the number of the other inode", do: "other = 3 - inode.ino" },
      inner.call("lookup", { ino: "other", result: "found" }, primitiveOf(finding)),
      {
        label: "if (inode->i_state & I_NEW)",
        if: "found != none && found.NEW",
        then: [inner.call("unlock-new", { inode: "found" })],
      },
      { label: "the lookup returns, and keeps what it has found", do: "found = none; other = 0" },
    ],
  };
  const name = runsInReclaim(finding) ? reclaimerOf(finding) : "evictor";
  return onProtocol({
    summary: "Two inodes die at once, in two tasks or on one dispose list; the eviction of one looks the other one up.",
    protocols: [outer, inner],
    methods: [methodsWith(scope, outer, [callOf(chain.procedures[0]!, "inode")]), { drop: eitherAnswer(scope) }],
    own: [...chain.procedures, lookUp],
    assumptions: [
      ...chain.assumptions,
      ...asyncAssumption(finding.operation),
      "the inode that is looked up can be on its way out: nothing pins it",
    ],
    shared: held.things,
    slots: {
      count: slots,
      initial: [
        { ino: 1, hashed: 1, on_sb: 1, count: 1 },
        { ino: 2, hashed: 1, on_sb: 1, count: 1 },
      ],
    },
    threads: [
      {
        name,
        description:
          "drops the last reference of the first inode; the walk of the LRU finds what that leaves in the cache",
        ...(runsInReclaim(finding) ? { context: ["MEMALLOC"] } : {}),
        // iput_final() keeps no inode without links: the walk meets one only where ->drop_inode has kept it.
        steps: [eitherLinkCount("A"), outer.call("put", { inode: "A" }), outer.call("reclaim")],
      },
      {
        name: "evictor 2",
        description: "another task drops the last reference of the second inode",
        steps: [eitherLinkCount("B"), outer.call("put", { inode: "B" })],
      },
    ],
    invariants: ["PROG"],
  });
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
  const { finding } = scope;
  const primitive = primitiveOf(finding) ?? "iput";
  const inner = nestedEviction(scope, primitive, inReclaim ? MODES.reclaim : MODES.any);
  const heavy = inReclaim ? "io_wait()" : 'assert(PROG, sleeps_ok, "an eviction starts where nobody may sleep")';
  const waits: Step = { do: heavy, label: inner.label, ...(inner.source === null ? {} : { source: inner.source }) };
  const outer = new Protocol(scope, { ...bindingsOf(scope), slots: 2, inReclaim });
  const nested = new Protocol(scope, {
    drop: primitive === "iput" ? dropOf(scope.filesystem) : "generic",
    hasDestroy: inner.operation === "destroy_inode",
    slots: 2,
    inReclaim,
    suffix: "_again",
  });
  const held = inner.own === null ? NOTHING_HELD : heldAtDrop(scope, inner.own);
  const chain = chainOf(
    scope,
    inReclaim ? reclaimMode(finding) : MODES.any,
    (label, source) =>
      inner.waits
        ? [{ label, source, if: "B.count > 0", then: [nested.call("put", { inode: "B" })] }]
        : [
            { label, source, do: "skip()" },
            { do: "skip()", label: inner.label },
          ],
    [],
    held.chain,
  );
  if ("reason" in chain) return chain;
  const runs = callOf(chain.procedures[0]!, "inode");
  // An RCU callback runs when evict() is over: only what it drops is evicted by the tree's functions.
  const isCallback = finding.operation === "free_inode";
  const starts: Step[] = isCallback ? [callOf(chain.procedures[0]!)] : evictsA(outer, inReclaim);
  const innerMethods: Methods =
    inner.operation === "destroy_inode"
      ? { destroy: [...held.inner, waits, FREES], drop: eitherAnswer(scope) }
      : { evict: plainEvict(nested, [...held.inner, waits]), drop: eitherAnswer(scope) };
  return onProtocol({
    summary: "The eviction of A drops what A held: the last reference of B, whose eviction runs inside this one.",
    protocols: [outer, nested],
    methods: [isCallback ? {} : methodsWith(scope, outer, [runs]), innerMethods],
    own: chain.procedures,
    assumptions: [
      ...chain.assumptions,
      ...asyncAssumption(finding.operation),
      ...inner.assumptions,
      ...held.assumptions,
    ],
    variables: inReclaim ? [] : [{ name: "sleeps_ok", initial: finding.contexts.includes("rcu") ? 0 : 1 }],
    shared: held.things,
    slots: {
      count: 2,
      initial: [
        { ino: 1, hashed: 1, on_sb: 1, ...(isCallback ? { FREEING: 1 } : { count: 1 }) },
        { ino: 2, hashed: 1, on_sb: 1, count: 1 },
      ],
    },
    threads: [
      {
        name: inReclaim ? reclaimerOf(finding) : "evictor",
        description: "evicts A, which holds the last reference of B",
        ...(inReclaim ? { context: ["MEMALLOC"] } : {}),
        steps: [eitherLinkCount("A"), eitherLinkCount("B"), ...starts],
      },
    ],
    invariants: inReclaim ? ["RECL", "PROG"] : ["PROG"],
  });
}

/** The last reference of A goes; what that leaves in the cache, the walk of the LRU finds. */
function evictsA(protocol: Protocol, inReclaim: boolean): Step[] {
  const put = protocol.call("put", { inode: "A" });
  return [put, ...(inReclaim ? [protocol.call("reclaim")] : [])];
}

interface NestedEviction {
  readonly operation: "evict_inode" | "destroy_inode";
  readonly waits: boolean;
  /** The filesystem's own; null where it is not known whose eviction it is, or not what it does. */
  readonly own: Operation | null;
  readonly label: string;
  readonly source: SourceSpan | null;
  readonly assumptions: readonly string[];
}

/** The eviction of what was dropped: the filesystem's own where an inode was dropped, somebody's else. */
function nestedEviction(scope: FindingScope, primitive: string, mode: Mode): NestedEviction {
  const { filesystem } = scope;
  if (PUTS_LATER.has(primitive)) {
    return {
      operation: "evict_inode",
      waits: false,
      own: null,
      label: `${primitive}() leaves the last put to a task of its own`,
      source: null,
      assumptions: ["what the delayed put does, and when, is not part of this model"],
    };
  }
  if (primitive !== "iput" || filesystem === null) {
    return {
      operation: "evict_inode",
      waits: true,
      own: null,
      label: "->evict_inode of the other filesystem",
      source: null,
      assumptions: ["the reference can be the last one, and the eviction that it starts waits for something"],
    };
  }
  const facts = scope.facts(filesystem);
  for (const name of ["evict_inode", "destroy_inode"] as const) {
    const operation = facts.operation(name);
    if (operation === undefined) continue;
    for (const anchor of facts.anchors(operation, mode)) {
      const heavy = anchor.effects.find((effect) => HEAVY.has(effect.site.kind) && effect.doubt === null);
      if (heavy === undefined) continue;
      const { body } = operation;
      return {
        operation: name,
        waits: true,
        own: operation,
        label: `${callText(body, anchor.event.call)} for B: ${heavy.site.primitive}() ${heavy.site.what}`,
        source: { file: body.file.path, line: positionIn(body, anchor.event.call.at).line },
        assumptions: ["the reference can be the last one of an inode of this filesystem"],
      };
    }
  }
  return {
    operation: "evict_inode",
    waits: true,
    own: null,
    label: "->evict_inode of the filesystem that the inode belongs to",
    source: null,
    assumptions: ["the reference can be the last one, of an inode whose eviction waits for something"],
  };
}
