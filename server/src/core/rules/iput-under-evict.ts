/** Eviction drops references to other inodes, dentries, paths or files: evictions nest. */
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
      says: (operation, { site }) =>
        `${operation}() ${site.what}: ${site.primitive}() can start another eviction inside this one`,
    }),
};
