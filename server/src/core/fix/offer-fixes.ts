/** The fixes of a finding: which fit, and the change that one makes. */
import type { Fix, FixEdit, FixOffer, FixSubject } from "../query/queries.ts";
import type { QueryScope } from "../query/query-scope.ts";
import { addClearInode, addTruncatePages } from "./complete-eviction.ts";
import { deferEviction } from "./defer-eviction.ts";
import { type FixSite, fixSite } from "./fix-site.ts";
import type { Fixer } from "./fixer.ts";
import { guardMemalloc } from "./guard-memalloc.ts";
import { lookupNowait } from "./lookup-nowait.ts";
import { markHard } from "./mark-hard.ts";
import { moveUnhash } from "./move-unhash.ts";

/** In the order in which they are offered: the smallest change first. */
const FIXERS: readonly Fixer[] = [
  moveUnhash,
  addTruncatePages,
  addClearInode,
  lookupNowait,
  guardMemalloc,
  deferEviction,
  markHard,
];

export function offerFixes(scope: QueryScope, subject: FixSubject): FixOffer[] {
  const site = fixSite(scope, subject);
  if (site === null) return [];
  const offers: FixOffer[] = [];
  for (const fixer of FIXERS) {
    const made = make(fixer, site);
    if (made !== null) offers.push({ fix: made.fix, title: made.title });
  }
  return offers;
}

/** Null when the fix does not fit (any more). */
export function makeFix(scope: QueryScope, subject: FixSubject, fix: string): Fix | null {
  const site = fixSite(scope, subject);
  const fixer = FIXERS.find((each) => each.fix === fix);
  return site === null || fixer === undefined ? null : make(fixer, site);
}

function make(fixer: Fixer, site: FixSite): Fix | null {
  if (!(fixer.rules as readonly string[]).includes(site.subject.rule)) return null;
  const made = fixer.make(site);
  if (made === null || made.edits.length === 0) return null;
  return { fix: fixer.fix, title: made.title, edits: made.edits.toSorted(byPlace) };
}

function byPlace(a: FixEdit, b: FixEdit): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.span.line - b.span.line || a.span.column - b.span.column;
}
