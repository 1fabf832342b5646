/** What a fix is made by: the rules whose findings it takes away, and the change, or null where it does not fit. */
import type { EffectKind } from "../knowledge/knowledge.ts";
import type { FixEdit } from "../query/queries.ts";
import type { RuleId } from "../report/finding.ts";
import type { FixSite } from "./fix-site.ts";

export interface MadeFix {
  readonly title: string;
  readonly edits: readonly FixEdit[];
}

export interface Fixer {
  /** Public: a client hands it back to have the change made. */
  readonly fix: string;
  readonly rules: readonly RuleId[];
  make(site: FixSite): MadeFix | null;
}

/** Findings that a task without PF_MEMALLOC does not have. */
export const MEMALLOC_RULES: readonly RuleId[] = [
  "dirty-under-memalloc",
  "nofail-under-memalloc",
  "blocking-under-memalloc",
];

/** Findings of what eviction does: another task that does it later, with the inode still hashed, is no part of evict(). */
export const RECLAIM_RULES: readonly RuleId[] = [...MEMALLOC_RULES, "lookup-under-evict", "iput-under-evict"];

/** What reclaim must not do: the effects of the *-under-memalloc rules. */
export const NOT_IN_RECLAIM: ReadonlySet<EffectKind> = new Set([
  "dirty",
  "nofail",
  "transaction",
  "disk",
  "network",
  "wait",
  "freeze",
  "lock",
]);
