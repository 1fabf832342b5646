/** What one rule finds in the tree's generic code, kept until something that it was made from changes. */
import type { FilesystemFacts } from "../core/analysis/filesystem-facts.ts";
import type { LineMove } from "../core/callgraph/file-change.ts";
import { Fact } from "../core/callgraph/reads.ts";
import type { OutcomeStore } from "../core/extract/filesystem/verdict.ts";
import type { Finding } from "../core/report/finding.ts";
import { FindingMaker } from "../core/report/make-finding.ts";
import { shiftLines } from "../core/report/shift-lines.ts";
import type { Rule } from "../core/rules/rule.ts";
import { keepEqual, type ReviewParts } from "./filesystem-review.ts";

export class GenericReview {
  readonly #rule: Rule;
  readonly #outcomes: OutcomeStore | null;
  readonly #fact = new Fact();
  #findings: readonly Finding[] = [];
  #suppressed = 0;

  constructor(rule: Rule, outcomes: OutcomeStore | null) {
    this.#rule = rule;
    this.#outcomes = outcomes;
    this.#fact.stale = true;
  }

  get isStale(): boolean {
    return this.#fact.stale;
  }

  invalidate(): void {
    this.#fact.stale = true;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  get suppressed(): number {
    return this.#suppressed;
  }

  /** `filesystems`: those of the tree, asked for when the rule runs. */
  solve({ engine, program, contextsFact, token }: ReviewParts, filesystems: () => readonly FilesystemFacts[]): void {
    const { reads } = engine;
    const solve = (): void => {
      reads?.read(contextsFact);
      reads?.readText(program);
      const maker = new FindingMaker();
      const findings: Finding[] = [];
      for (const draft of this.#rule.checkTree?.({
        filesystems: filesystems(),
        ...(token === undefined ? {} : { token }),
        ...(this.#outcomes === null ? {} : { outcomes: this.#outcomes }),
      }) ?? []) {
        const finding = maker.make(draft, { filesystem: draft.generic ?? "", table: "" });
        if (finding !== null) findings.push(finding);
      }
      this.#findings = keepEqual(this.#findings, findings);
      this.#suppressed = maker.suppressed;
    };
    if (reads === null) solve();
    else reads.track(this.#fact, solve);
    this.#fact.stale = false;
  }

  /** Lines of a file that stand elsewhere now. */
  shift(file: string, moves: readonly LineMove[]): void {
    // What a simulation found speaks of lines in words, too.
    if (this.#rule.onDemand === true) this.invalidate();
    else this.#findings = shiftLines(this.#findings, file, moves);
  }
}
