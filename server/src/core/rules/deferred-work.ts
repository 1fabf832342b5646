/** Eviction queues work: a survey fact; as severe as a work-after-unhash at the same call, where there is one. */
import { effectFindings } from "./effect-findings.ts";
import type { Rule } from "./rule.ts";
import { unhashSeverities } from "./work-after-unhash.ts";

export const deferredWork: Rule = {
  id: "deferred-work",
  title: "Defers work",
  description:
    "Eviction queues work that runs later, in another task: umount, freeze and a lookup of the same inode must know of it.",
  severity: "hint",
  *check(facts) {
    const drafts = effectFindings(facts, {
      rule: "deferred-work",
      severity: "hint",
      kinds: new Set(["defer"]),
      underReclaim: false,
      says: (operation, { site }) => `${operation}() defers: ${site.primitive}() ${site.what}`,
    });
    const severities = unhashSeverities(facts);
    for (const draft of drafts) {
      const severity = severities.get(`${draft.operation.name}|${draft.at}`);
      yield severity === undefined ? draft : { ...draft, severity };
    }
  },
};
