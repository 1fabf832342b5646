/** What the rules find in one filesystem, kept until something that it was made from changes. */
import type { Engine } from "../core/analysis/effect-graph.ts";
import { FilesystemFacts } from "../core/analysis/filesystem-facts.ts";
import type { TreeContexts } from "../core/analysis/reclaim-roots.ts";
import type { LineMove } from "../core/callgraph/file-change.ts";
import type { FollowedFilesystem } from "../core/callgraph/filesystem.ts";
import type { Program } from "../core/callgraph/program.ts";
import { Fact } from "../core/callgraph/reads.ts";
import { positionIn } from "../core/ir/function-bodies.ts";
import type { ReachIndex } from "../core/query/reach-index.ts";
import type { FilesystemProperties } from "../core/report/filesystem-properties.ts";
import type { Finding, UnresolvedCall } from "../core/report/finding.ts";
import { FindingMaker, type Ordinals } from "../core/report/make-finding.ts";
import { isSameData } from "../core/report/same-data.ts";
import { shiftLines } from "../core/report/shift-lines.ts";
import { describeFilesystem } from "../core/rules/filesystem-properties.ts";
import type { Rule } from "../core/rules/rule.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";

export interface FilesystemOutcome {
  readonly findings: readonly Finding[];
  readonly suppressed: number;
  readonly unresolved: readonly UnresolvedCall[];
  readonly properties: FilesystemProperties;
}

export interface ReviewParts {
  readonly engine: Engine;
  readonly program: Program;
  readonly contexts: TreeContexts;
  /** Changes when the contexts do. */
  readonly contextsFact: Fact;
  readonly rules: readonly Rule[];
  readonly reach: ReachIndex;
  readonly token?: CancellationToken;
}

export class FilesystemReview {
  readonly filesystem: FollowedFilesystem;
  /** Findings of tables of one name in one folder are numbered on: this one's numbers begin after those. */
  readonly before: FilesystemReview | null;
  readonly #fact = new Fact();
  #ordinals: Ordinals = new Map();
  #facts: FilesystemFacts | null = null;
  #outcome: FilesystemOutcome | null = null;
  /** The files that the outcome names; null until somebody asks. */
  #placed: ReadonlySet<string> | null = null;

  constructor(filesystem: FollowedFilesystem, before: FilesystemReview | null) {
    this.filesystem = filesystem;
    this.before = before;
    this.#fact.stale = true;
  }

  get isStale(): boolean {
    return this.#fact.stale;
  }

  /** Null before the first review. When it is stale, what was found before the change. */
  get outcome(): FilesystemOutcome | null {
    return this.#outcome;
  }

  /** Released: for the rules on the whole tree, which ask little of each. */
  facts({ engine, program, contexts }: ReviewParts): FilesystemFacts {
    if (this.#facts?.contexts !== contexts || this.#facts.engine !== engine || this.isStale)
      this.#facts = new FilesystemFacts(engine, program, this.filesystem, contexts);
    return this.#facts;
  }

  solve(parts: ReviewParts): FilesystemOutcome {
    const { reads } = parts.engine;
    const solve = (): FilesystemOutcome => this.#solve(parts);
    this.#outcome = reads === null ? solve() : reads.track(this.#fact, solve);
    this.#fact.stale = false;
    this.#placed = null;
    return this.#outcome;
  }

  #solve({ engine, program, contexts, contextsFact, rules, reach, token }: ReviewParts): FilesystemOutcome {
    engine.reads?.read(contextsFact);
    engine.reads?.read(this.filesystem.fact!);
    if (this.before !== null) engine.reads?.read(this.before.#fact);
    const facts = new FilesystemFacts(engine, program, this.filesystem, contexts);
    this.#facts = facts;
    const maker = new FindingMaker(this.before === null ? new Map() : this.before.#ordinals);
    const owner = { filesystem: this.filesystem.id, table: this.filesystem.table.name };
    const findings: Finding[] = [];
    for (const rule of rules) {
      if (token !== undefined) throwIfCancelled(token);
      for (const draft of rule.check?.(facts) ?? []) {
        const finding = maker.make(draft, owner);
        if (finding !== null) findings.push(finding);
      }
    }
    const known = this.#outcome;
    const unresolved = unresolvedOf(facts);
    const properties = describeFilesystem(facts);
    reach.record(facts);
    facts.release();
    this.#ordinals = maker.ordinals;
    return {
      findings: known === null ? findings : keepEqual(known.findings, findings),
      suppressed: maker.suppressed,
      unresolved,
      properties,
    };
  }

  /** Lines of a file that stand elsewhere now. */
  shift(file: string, moves: readonly LineMove[]): void {
    if (this.#outcome === null) return;
    this.#placed ??= filesOf(this.#outcome);
    if (this.#placed.has(file)) this.#outcome = shiftLines(this.#outcome, file, moves);
  }

  /** Files whose diagnostics may change when it is solved again. */
  files(): Set<string> {
    const files = new Set<string>();
    for (const { function: fn } of this.filesystem.operations.values()) if (fn !== null) files.add(fn.file.path);
    for (const { file } of this.#outcome?.findings ?? []) files.add(file);
    return files;
  }
}

/** Every `file` in what was found. */
function filesOf(value: unknown, files = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const each of value) filesOf(each, files);
  else if (typeof value === "object" && value !== null)
    for (const [key, each] of Object.entries(value)) {
      if (key === "file" && typeof each === "string") files.add(each);
      else filesOf(each, files);
    }
  return files;
}

/** The findings `now`, those of them that were there before as the same objects: what did not change is not sent again. */
export function keepEqual(before: readonly Finding[], now: readonly Finding[]): readonly Finding[] {
  const byId = new Map(before.map((finding) => [finding.id, finding]));
  return now.map((finding) => {
    const old = byId.get(finding.id);
    return old !== undefined && isSameData(old, finding) ? old : finding;
  });
}

function unresolvedOf(facts: FilesystemFacts): UnresolvedCall[] {
  const calls = new Map<string, UnresolvedCall>();
  for (const graph of facts.graphs())
    for (const { body, event, expression } of graph.unresolved) {
      const { line } = positionIn(body, event.call.at);
      const call = { filesystem: facts.filesystem.id, function: body.name, file: body.file.path, line, expression };
      calls.set(`${call.file}:${line}:${expression}`, call);
    }
  return [...calls.values()].sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || (a.expression < b.expression ? -1 : 1),
  );
}
