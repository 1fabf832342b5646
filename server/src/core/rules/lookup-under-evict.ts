/** Eviction looks another inode up: it can wait for an inode whose evictor waits for this one. */
import { effectFindings } from "./effect-findings.ts";
import type { Rule } from "./rule.ts";

export const lookupUnderEvict: Rule = {
  id: "lookup-under-evict",
  title: "Looks an inode up during eviction",
  description:
    "Eviction looks another inode up and can wait for one that is being freed, whose evictor waits for this one.",
  severity: "warning",
  check: (facts) =>
    effectFindings(facts, {
      rule: "lookup-under-evict",
      severity: "warning",
      kinds: new Set(["lookup"]),
      underReclaim: false,
      says: (operation, { site }) =>
        `${operation}() can look another inode up: ${site.primitive}() waits for an inode that is being freed`,
    }),
};
