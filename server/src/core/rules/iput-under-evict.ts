/** Eviction drops references to other inodes, dentries, paths or files: evictions nest. */
import type { Engine } from "../analysis/effect-graph.ts";
import type { ReachedEffect } from "../analysis/filesystem-facts.ts";
import { MODES } from "../analysis/interpreter.ts";
import { INODE } from "../analysis/typestate.ts";
import type { Value } from "../analysis/value.ts";
import { effectFindings } from "./effect-findings.ts";
import type { Rule } from "./rule.ts";

export const iputUnderEvict: Rule = {
  id: "iput-under-evict",
  title: "Drops other references during eviction",
  description:
    "Eviction drops references to other inodes, dentries, paths or files; the last reference starts another eviction inside this one.",
  severity: "warning",
  check: (facts) =>
    effectFindings(facts, {
      rule: "iput-under-evict",
      severity: "warning",
      kinds: new Set(["drop"]),
      underReclaim: false,
      doubts: (effect) => (isOfOwnFolio(effect, facts.engine) ? OF_OWN_FOLIO : null),
      says: (operation, { site }) =>
        `${operation}() ${site.what}: ${site.primitive}() ${
          putsLater(site.primitive, facts.engine)
            ? "leaves the last put to a task of its own, which can start another eviction"
            : "can start another eviction inside this one"
        }`,
    }),
};

const OF_OWN_FOLIO =
  "it is dropped for a folio of the inode itself, and what a folio holds a reference to is as a rule that inode, which then is not evicted";

/** As fput() does: the eviction that may follow is not inside this one. */
function putsLater(primitive: string, { knowledge }: Engine): boolean {
  return knowledge.functions.get(primitive)?.effects?.includes("defer") === true;
}

/** The mapping of the inode under eviction, as knowledge's `objects` name it. */
const OWN_MAPPING = "#mapping";

/**
 * Whether the reference is dropped where truncation hands a folio of the inode's own mapping back (->invalidate_folio).
 * fs/ceph/addr.c ceph_dirty_folio() and the open context of an NFS write request (fs/nfs/pagelist.c) pin the host.
 */
function isOfOwnFolio({ chain }: ReachedEffect, { knowledge, interpreter }: Engine): boolean {
  const handedBack = chain.findIndex(
    ({ event: { call } }) => call.callee.k === "id" && knowledge.handsFoliosBack.has(call.callee.name),
  );
  let args: readonly Value[] = [INODE];
  for (const { body, event } of chain.slice(0, Math.max(handedBack, 0))) {
    const given = interpreter.argumentsOf(event.call, body, args, MODES.any);
    if (given === null) return false;
    args = given;
    if (args.some((value) => value?.k === "symbol" && value.name === OWN_MAPPING)) return true;
  }
  return false;
}
