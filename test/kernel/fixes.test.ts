/** Every fix that is offered on Linux 6.12, one of each kind for each filesystem: applied to the tree and reviewed again. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { FixEdit } from "../../server/src/core/query/queries.ts";
import type { Finding, Review } from "../../server/src/core/report/finding.ts";
import { NEVER_CANCELLED } from "../../server/src/core/text/cancellation.ts";
import type { ReviewSession } from "../../server/src/index/review-session.ts";
import { describeWith, pathOf } from "../support/requirements.ts";
import { reviewNow, sessionOf } from "../support/review.ts";

/**
 * Hints that a fix may bring: who puts work off has to see its drain; and whether a worker completes an eviction cannot be
 * said on a tree that does not have evict_inode_complete().
 */
const HINTS: ReadonlySet<string> = new Set(["deferred-work", "async-evict-contract"]);

describeWith("kernel-6.12", "fixes on Linux 6.12", () => {
  const root = pathOf("kernel-6.12");
  let session: ReviewSession;
  let before: Review;

  beforeAll(async () => {
    session = sessionOf(root);
    before = await reviewNow(session);
  }, 300_000);

  function textOf(file: string): string {
    return readFileSync(join(root, file), "latin1");
  }

  /** The files with a fix applied. Edits are of the text as it was: the last goes first. */
  function apply(edits: readonly FixEdit[]): Map<string, string> {
    const after = new Map<string, string>();
    for (const edit of edits.toReversed()) {
      const text = after.get(edit.file) ?? textOf(edit.file);
      const lines = text.split("\n");
      const offset = (line: number, column: number): number =>
        lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
      const { line, column, endLine, endColumn } = edit.span;
      after.set(edit.file, text.slice(0, offset(line, column)) + edit.text + text.slice(offset(endLine, endColumn)));
    }
    return after;
  }

  function counts({ findings }: Review): Map<string, number> {
    const counted = new Map<string, number>();
    for (const { filesystem, rule, severity } of findings)
      if (severity !== "hint" || !HINTS.has(rule))
        counted.set(`${filesystem} ${rule}`, (counted.get(`${filesystem} ${rule}`) ?? 0) + 1);
    return counted;
  }

  interface Offered {
    readonly finding: Finding;
    readonly name: string;
    readonly edits: readonly FixEdit[];
  }

  const say = ({ finding, name }: Offered): string => `${name} of ${finding.rule} at ${finding.file}:${finding.line}`;

  async function offered(): Promise<Offered[]> {
    const first = new Map<string, Offered>();
    for (const finding of before.findings)
      for (const { fix: name } of (await session.query({ name: "fixes", finding }, NEVER_CANCELLED)) ?? []) {
        const key = `${finding.filesystem} ${finding.rule} ${name}`;
        if (first.has(key)) continue;
        const fix = await session.query({ name: "fix", finding, fix: name }, NEVER_CANCELLED);
        first.set(key, { finding, name, edits: fix?.edits ?? [] });
      }
    return [...first.values()];
  }

  /** One fix for each filesystem at a time: they do not meet, and the tree is reviewed once for all of them. */
  function rounds(fixes: readonly Offered[]): Offered[][] {
    const made: { readonly taken: Set<string>; readonly fixes: Offered[] }[] = [];
    for (const fix of fixes) {
      const touched = [fix.finding.filesystem, ...fix.edits.map(({ file }) => file)];
      let round = made.find(({ taken }) => !touched.some((each) => taken.has(each)));
      if (round === undefined) {
        round = { taken: new Set(), fixes: [] };
        made.push(round);
      }
      for (const each of touched) round.taken.add(each);
      round.fixes.push(fix);
    }
    return made.map((round) => round.fixes);
  }

  test("each takes its finding away and brings no other", { timeout: 1_200_000 }, async () => {
    const fixes = await offered();
    const wrong = fixes.filter(({ edits }) => edits.length === 0).map((fix) => `${say(fix)} makes no change`);
    const was = counts(before);
    for (const round of rounds(fixes)) {
      const texts = apply(round.flatMap(({ edits }) => edits));
      for (const [file, text] of texts) session.setDocument(file, text);
      const after = await reviewNow(session);
      for (const file of texts.keys()) session.setDocument(file, null);
      for (const fix of round)
        if (after.findings.some(({ id }) => id === fix.finding.id)) wrong.push(`${say(fix)} leaves its finding`);
      for (const [count, number] of counts(after))
        if (number > (was.get(count) ?? 0))
          wrong.push(
            `${round.filter(({ finding }) => count.startsWith(`${finding.filesystem} `)).map(say)} brings ${count}`,
          );
      if (after.stats.functionsWithParseErrors > before.stats.functionsWithParseErrors)
        wrong.push(`one of these does not parse: ${round.map(say).join("; ")}`);
    }
    expect(wrong).toEqual([]);
    expect(fixes.length).toBeGreaterThan(100);
    // The others need what no filesystem of 6.12 has: a function that only puts an inode off, an early unhash to move.
    expect(new Set(fixes.map(({ name }) => name))).toEqual(
      new Set(["add-truncate-pages", "lookup-nowait", "defer-eviction", "mark-hard-to-reclaim"]),
    );
  });
});
