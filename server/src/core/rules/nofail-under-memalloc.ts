/** A __GFP_NOFAIL allocation is reachable in reclaim. */
import { namesOf } from "./contexts.ts";
import { effectFindings } from "./effect-findings.ts";
import type { Rule } from "./rule.ts";

export const nofailUnderMemalloc: Rule = {
  id: "nofail-under-memalloc",
  title: "No-fail allocation under PF_MEMALLOC",
  description:
    "A __GFP_NOFAIL allocation is reachable in reclaim: the task cannot reclaim for it, so it takes the last reserves or loops.",
  severity: "error",
  check: (facts) =>
    effectFindings(facts, {
      rule: "nofail-under-memalloc",
      severity: "error",
      kinds: new Set(["nofail"]),
      underReclaim: true,
      says: (operation, { site }, contexts) =>
        `${operation}() can allocate with __GFP_NOFAIL in reclaim (${namesOf(contexts)}): ${site.primitive}() in ${site.body.name}()`,
    }),
};
