/** Reclaim can start a transaction, wait for disk or network, or sleep on a filesystem-wide lock. */
import { namesOf } from "./contexts.ts";
import { effectFindings } from "./effect-findings.ts";
import type { Rule } from "./rule.ts";

export const blockingUnderMemalloc: Rule = {
  id: "blocking-under-memalloc",
  title: "Blocks under PF_MEMALLOC",
  description:
    "Reclaim can start a transaction, wait for disk or network, or sleep on a lock of the whole filesystem, whose holder may wait for memory.",
  severity: "warning",
  check: (facts) =>
    effectFindings(facts, {
      rule: "blocking-under-memalloc",
      severity: "warning",
      kinds: new Set(["transaction", "disk", "network", "wait", "freeze", "lock"]),
      underReclaim: true,
      says: (operation, { site }, contexts) =>
        `${operation}() can block in reclaim (${namesOf(contexts)}): ${site.primitive}() ${site.what}`,
    }),
};
