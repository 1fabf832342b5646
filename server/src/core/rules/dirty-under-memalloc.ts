/** An inode, buffer or folio is dirtied on a path that reclaim can take. */
import { namesOf } from "./contexts.ts";
import { effectFindings } from "./effect-findings.ts";
import { lazytimeDrafts } from "./lazytime.ts";
import type { Rule } from "./rule.ts";

export const dirtyUnderMemalloc: Rule = {
  id: "dirty-under-memalloc",
  title: "Dirties under PF_MEMALLOC",
  description:
    "An inode, buffer or folio is dirtied on a path that reclaim can take; writing it out needs the memory that reclaim is to free.",
  severity: "error",
  check: (facts) =>
    effectFindings(facts, {
      rule: "dirty-under-memalloc",
      severity: "error",
      kinds: new Set(["dirty"]),
      underReclaim: true,
      says: (operation, { site }, contexts) =>
        `${operation}() can dirty in reclaim (${namesOf(contexts)}): ${site.primitive}() ${site.what} with PF_MEMALLOC set`,
    }),
  checkTree: lazytimeDrafts,
};
