/** Runs the rules over a loaded tree, and again over what an edit changed. */
import { ConstantTable } from "../core/analysis/constants.ts";
import { type Engine, MAX_CHAIN, MAX_NODES } from "../core/analysis/effect-graph.ts";
import type { FilesystemFacts } from "../core/analysis/filesystem-facts.ts";
import { Interpreter } from "../core/analysis/interpreter.ts";
import { findTreeContexts, type TreeContexts } from "../core/analysis/reclaim-roots.ts";
import type { FileChange, LineMove } from "../core/callgraph/file-change.ts";
import {
  type Filesystem,
  type FollowedFilesystem,
  filesystemTables,
  findFilesystems,
  isBesideTable,
  tableFolders,
} from "../core/callgraph/filesystem.ts";
import { IndirectCalls } from "../core/callgraph/indirect.ts";
import { LiveFunctions } from "../core/callgraph/live-functions.ts";
import { Lookup } from "../core/callgraph/lookup.ts";
import { findMadeFunctions, findMadeFunctionsIn, type TextReader } from "../core/callgraph/made-functions.ts";
import type { Program, SourceFile, TableRef } from "../core/callgraph/program.ts";
import { Fact, Reads } from "../core/callgraph/reads.ts";
import { TypeResolver } from "../core/callgraph/types.ts";
import type { OutcomeStore } from "../core/extract/filesystem/verdict.ts";
import { FunctionBodies, MAX_BODY_BYTES } from "../core/ir/function-bodies.ts";
import { BUILT_IN, Knowledge, type KnowledgeData } from "../core/knowledge/knowledge.ts";
import { answerQuery } from "../core/query/answer-query.ts";
import type { Answer, Query, QueryName } from "../core/query/queries.ts";
import { QueryScope } from "../core/query/query-scope.ts";
import { ReachIndex } from "../core/query/reach-index.ts";
import type { Finding, Review, TreeProblem, UnhashSite } from "../core/report/finding.ts";
import { TOOL_NAME, TOOL_VERSION } from "../core/report/tool-version.ts";
import { RULES } from "../core/rules/all-rules.ts";
import { ASKED_NAMES } from "../core/rules/hash-use.ts";
import type { Rule } from "../core/rules/rule.ts";
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import { FilesystemReview, type ReviewParts } from "./filesystem-review.ts";
import { GenericReview } from "./generic-review.ts";
import { listImplementations } from "./implementations.ts";
import { type LoadedTree, nextTurn } from "./load-tree.ts";
import type { ProgressListener } from "./review-session.ts";
import { INCOMPLETE } from "./tree-scope.ts";
import type { TreeSessionOptions } from "./tree-session.ts";
import { findUnhashSites } from "./unhash-sites.ts";

/** A review in which some filesystems are still to be solved. */
export interface PartialReview {
  readonly review: Review;
  /** Files whose findings may be of the text before the last change. */
  readonly pending: ReadonlySet<string>;
}

/** Milliseconds of work between two turns of the event loop. */
const TURN = 12;

export class Analysis {
  readonly #tree: LoadedTree;
  readonly #parser: SyntaxParser;
  readonly #knowledge: Knowledge;
  readonly #options: TreeSessionOptions;
  readonly #outcomes: OutcomeStore | null;
  readonly #program: Program;
  readonly #rules: readonly Rule[];
  readonly #bodies: FunctionBodies;
  #engine: Engine;
  #unhash = new Map<string, readonly UnhashSite[]>();
  #reach = new ReachIndex();
  /** Every filesystem, and the review of each that is asked for. */
  #all: readonly FollowedFilesystem[] = [];
  #reviews: readonly FilesystemReview[] = [];
  #generic: readonly GenericReview[] = [];
  #contexts: TreeContexts | null = null;
  readonly #contextsFact = new Fact();
  #rootsFact = new Fact();
  /** Changed since the last review that came to its end. */
  readonly #touched = new Set<string>();
  /** For questions between two reviews; null before the first, and from an edit to the next review. */
  #scope: QueryScope | null = null;

  constructor(
    tree: LoadedTree,
    parser: SyntaxParser,
    user: readonly KnowledgeData[],
    options: TreeSessionOptions,
    outcomes: OutcomeStore | null,
  ) {
    this.#tree = tree;
    this.#parser = parser;
    this.#options = options;
    this.#outcomes = outcomes;
    this.#program = tree.program;
    this.#knowledge = new Knowledge(BUILT_IN, ...user);
    this.#rules = RULES.filter(
      (rule) => options.rules?.includes(rule.id) ?? (rule.onDemand !== true || options.simulate === "all"),
    );
    this.#bodies = new FunctionBodies(this.#program, parser);
    this.#engine = this.#begin();
    for (const file of this.#program.files.values()) this.#findUnhash(file.path);
  }

  /** Everything anew but the parsed functions. */
  #begin(): Engine {
    const reads = this.#options.edits === false ? null : new Reads(this.#program.names);
    this.#program.reads = reads;
    const bodies = this.#bodies;
    const textOf: TextReader = (file, start, end) => bodies.textOf(file, start, end);
    this.#program.setMade(findMadeFunctions(this.#program, textOf, this.#knowledge.makesNothing));
    const lookup = new Lookup(this.#program);
    const types = new TypeResolver(this.#program, bodies, this.#parser, lookup);
    const indirect = new IndirectCalls(this.#program, types, lookup, this.#knowledge.ownedByFilesystem);
    const constants = new ConstantTable(this.#program, bodies, this.#knowledge);
    const folders = tableFolders(this.#program);
    const live = new LiveFunctions(
      this.#program,
      bodies,
      lookup,
      this.#knowledge,
      ({ path, directory }) =>
        this.#knowledge.isFollowed(path) || folders.has(directory) || isBesideTable(directory, folders),
    );
    const interpreter = new Interpreter(bodies, lookup, this.#knowledge, constants, reads);
    this.#engine = { bodies, lookup, types, indirect, interpreter, knowledge: this.#knowledge, live, reads };
    this.#all = findFilesystems(this.#program, lookup, bodies, ASKED_NAMES);
    this.#reviews = this.#reviewsOf(this.#all, []);
    this.#generic =
      this.#options.filesystems !== undefined
        ? []
        : this.#rules
            .filter((rule) => rule.checkTree !== undefined)
            .map((rule) => new GenericReview(rule, this.#outcomes));
    this.#contexts = null;
    this.#rootsFact = new Fact();
    this.#reach = new ReachIndex();
    return this.#engine;
  }

  /** The reviews of the filesystems that are wanted; those that there are already are kept. */
  #reviewsOf(all: readonly FollowedFilesystem[], old: readonly FilesystemReview[]): FilesystemReview[] {
    const last = new Map<string, FilesystemReview>();
    return all
      .filter((each) => this.#isWanted(each))
      .map((filesystem) => {
        const owner = `${filesystem.id}|${filesystem.table.name}`;
        const before = last.get(owner) ?? null;
        const known = old.find((each) => each.filesystem === filesystem && each.before === before);
        const review = known ?? new FilesystemReview(filesystem, before);
        last.set(owner, review);
        return review;
      });
  }

  #findUnhash(path: string): void {
    const file = this.#program.files.get(path);
    const bytes =
      file === undefined ? null : this.#program.names.find("remove_inode_hash") < 0 ? null : this.#tree.read(path);
    const sites = file === undefined || bytes === null ? [] : findUnhashSites(file, bytes);
    if (sites.length === 0) this.#unhash.delete(path);
    else this.#unhash.set(path, sites);
  }

  /** Takes a file's new bytes; null: it is gone. `before`: its bytes until now, null when they are not known any more. */
  replaceFile(path: string, bytes: Uint8Array | null, before: Uint8Array | null): void {
    this.#scope = null;
    if (bytes === null && !this.#program.files.has(path)) return;
    const isNew = !this.#program.files.has(path);
    let change = this.#program.replaceFile(path, bytes, before);
    this.#touched.add(path);
    this.#findUnhash(path);
    this.#noteProblem(path, change);
    this.#bodies.forget(change.texts);
    const made = change.units || !change.invokes ? [] : this.#moveMade(change.file);
    if (made !== null && made.length > 0) change = { ...change, moves: [...change.moves, ...made] };
    if (made === null || change.units || !this.#follow(change, isNew || bytes === null)) this.#begin();
  }

  /** Where the functions that macros make in an edited file stand now; null when they are not those of before. */
  #moveMade(file: SourceFile): LineMove[] | null {
    const bodies = this.#bodies;
    const textOf: TextReader = (each, start, end) => bodies.textOf(each, start, end);
    const isThere = this.#program.files.get(file.path) === file;
    const made = isThere ? findMadeFunctionsIn(file, this.#program, textOf, this.#knowledge.makesNothing) : null;
    return this.#program.moveMade(file.path, made);
  }

  #noteProblem(path: string, { file }: FileChange): void {
    const { problems } = this.#tree;
    const at = problems.findIndex((each) => each.file === path && each.message === INCOMPLETE);
    if (at >= 0) problems.splice(at, 1);
    if (!file.skeleton.complete) problems.push({ file: path, message: INCOMPLETE });
  }

  /** Makes stale what the change touches, and moves lines. False when it reaches too far to tell. */
  #follow(change: FileChange, files: boolean): boolean {
    const { lookup, types, interpreter, live, reads } = this.#engine;
    if (reads === null) return false;
    const { names } = this.#program;
    const text = (ids: Iterable<number>): string[] => [...ids].map((id) => names.text(id));
    lookup.forget(text(change.definitions));
    types.forget(text(change.structs));
    interpreter.forget(change.texts);
    if ((change.tables || files) && !this.#followTables()) return false;
    live.update(change);
    for (const id of change.definitions) reads.changeName("definition", id);
    for (const id of change.structs) reads.changeName("struct", id);
    for (const id of change.typedefs) reads.changeName("typedef", id);
    for (const id of change.fields) reads.changeName("field", id);
    for (const each of change.texts) reads.changeText(each);
    reads.changeText(change.file);
    if (files || change.walks) reads.changeText(this.#program);
    for (const filesystem of this.#all) filesystem.fileChanged(change);
    if (
      change.tables ||
      files ||
      change.definitions.size > 0 ||
      this.#all.some((each) => each.table.file === change.file)
    )
      this.#refreshTables();
    if (change.moves.length > 0) {
      for (const each of this.#reviews) each.shift(change.file.path, change.moves);
      for (const each of this.#generic) each.shift(change.file.path, change.moves);
      // The ways into eviction hold lines, too, and are found quickly.
      if (this.#knowledge.reclaim?.between.includes(change.file.directory)) this.#rootsFact.stale = true;
    }
    return true;
  }

  /** Filesystems came or went. False when others' files are told apart by them. */
  #followTables(): boolean {
    const tables = filesystemTables(this.#program);
    const known = new Map(this.#all.map((each) => [keyOf(each.table), each]));
    const keys = tables.map(keyOf);
    if (keys.length === known.size && keys.every((key) => known.has(key))) return true;
    const found = findFilesystems(this.#program, this.#engine.lookup, this.#bodies, ASKED_NAMES);
    const before = new Set(this.#all.map((each) => each.id));
    const now = new Set(found.map((each) => each.id));
    const differing = [...before, ...now].filter((id) => !before.has(id) || !now.has(id));
    const isRelated = (id: string): boolean =>
      [...before, ...now].some((other) => other !== id && (other.startsWith(`${id}/`) || id.startsWith(`${other}/`)));
    if (differing.some((id) => isRelated(id) || !this.#knowledge.isFollowed(`${id}/`))) return false;
    this.#all = found.map((each) => known.get(keyOf(each.table)) ?? each);
    this.#reviews = this.#reviewsOf(this.#all, this.#reviews);
    for (const each of this.#generic) each.invalidate();
    return true;
  }

  #refreshTables(): void {
    const tables = new Map(filesystemTables(this.#program).map((table) => [keyOf(table), table]));
    for (const filesystem of this.#all) {
      const table = tables.get(keyOf(filesystem.table));
      if (table !== undefined) filesystem.refresh(table);
    }
  }

  /** The contexts of an eviction; what was solved with others is stale. */
  #findContexts(): TreeContexts {
    const { reads, lookup } = this.#engine;
    const { reclaim } = this.#knowledge;
    if (reclaim === null) return { roots: [], assumed: true, contexts: ["assumed"], evict: null };
    if (this.#contexts !== null && !this.#rootsFact.stale) return this.#contexts;
    const find = (): TreeContexts => findTreeContexts(this.#program, lookup, this.#bodies, reclaim);
    const found = reads === null ? find() : reads.track(this.#rootsFact, find);
    const before = this.#contexts;
    const same =
      before !== null &&
      before.assumed === found.assumed &&
      before.evict === found.evict &&
      before.contexts.join() === found.contexts.join();
    if (before !== null && !same) reads?.change(this.#contextsFact);
    this.#contexts = found;
    return found;
  }

  /** `onPartial` is told of the filesystems of the files that were edited as soon as these are solved, when others follow. */
  async review(
    token: CancellationToken,
    onProgress?: ProgressListener,
    onPartial?: (partial: PartialReview) => void,
  ): Promise<Review> {
    const started = Date.now();
    const parts: ReviewParts = {
      engine: this.#engine,
      program: this.#program,
      contexts: this.#findContexts(),
      contextsFact: this.#contextsFact,
      rules: this.#rules,
      reach: this.#reach,
      token,
    };
    const stale = this.#reviews.filter((each) => each.isStale);
    const touched = [...this.#touched];
    const first = stale.filter((each) => {
      const files = each.files();
      return touched.some((path) => {
        const file = this.#program.files.get(path);
        return files.has(path) || (file !== undefined && each.filesystem.owns(file));
      });
    });
    const rest = stale.filter((each) => !first.includes(each));
    let done = 0;
    let turn = Date.now();
    const solve = async (list: readonly FilesystemReview[]): Promise<void> => {
      for (const each of list) {
        throwIfCancelled(token);
        onProgress?.({ phase: "solve", done: done++, total: stale.length });
        if (Date.now() - turn > TURN) {
          await nextTurn();
          turn = Date.now();
          throwIfCancelled(token);
        }
        each.solve(parts);
      }
    };
    const facts = (): FilesystemFacts[] => this.#reviews.map((each) => each.facts(parts));
    const solveGeneric = (): void => {
      for (const each of this.#generic) if (each.isStale) each.solve(parts, facts);
    };
    await solve(first);
    if (onPartial !== undefined && rest.length > 0 && rest.length < this.#reviews.length) {
      throwIfCancelled(token);
      solveGeneric();
      const pending = new Set(rest.flatMap((each) => [...each.files()]));
      onPartial({ review: this.#assemble(parts.contexts, started), pending });
    }
    await solve(rest);
    throwIfCancelled(token);
    solveGeneric();
    this.#touched.clear();
    this.#scope = new QueryScope({
      program: this.#program,
      engine: this.#engine,
      parser: this.#parser,
      contexts: parts.contexts,
      filesystems: this.#reviews.map((each) => each.filesystem),
      reach: this.#reach,
      outcomes: this.#outcomes,
    });
    return this.#assemble(parts.contexts, started);
  }

  #assemble(contexts: TreeContexts, started: number): Review {
    const outcomes = this.#reviews.flatMap((each) => (each.outcome === null ? [] : [{ ...each.outcome, each }]));
    const findings: Finding[] = [
      ...outcomes.flatMap((outcome) => outcome.findings),
      ...this.#generic.flatMap((each) => each.findings),
    ];
    findings.sort(
      (a, b) =>
        compare(a.file, b.file) ||
        a.line - b.line ||
        a.column - b.column ||
        compare(a.rule, b.rule) ||
        compare(a.table, b.table),
    );
    const suppressed = [...outcomes, ...this.#generic].reduce((sum, each) => sum + each.suppressed, 0);
    let functions = 0;
    for (const file of this.#program.files.values()) functions += file.functions.length;
    return {
      version: 1,
      tool: { name: TOOL_NAME, version: TOOL_VERSION },
      tree: { root: this.#tree.root, kernelVersion: this.#tree.kernelVersion },
      limits: {
        ...this.#tree.limits,
        maxFunctionBytes: MAX_BODY_BYTES,
        maxGraphNodes: MAX_NODES,
        maxChainCalls: MAX_CHAIN,
      },
      stats: {
        files: this.#tree.filesListed,
        bytes: this.#tree.bytesRead,
        functions,
        functionsParsed: this.#bodies.parsed,
        functionsWithParseErrors: this.#bodies.withErrors,
        elapsedMs: Date.now() - started,
        peakRssBytes: 0,
        cache: "cold",
        suppressed,
      },
      contexts: contexts.roots,
      implementations: listImplementations(this.#all),
      filesystems: outcomes.map(({ properties, each }) => {
        const { line } = each.filesystem.table.span;
        return properties.table.line === line ? properties : { ...properties, table: { ...properties.table, line } };
      }),
      unhashSites: [...this.#unhash.values()].flat().sort((a, b) => compare(a.file, b.file) || a.line - b.line),
      unresolvedCalls: outcomes.flatMap(({ unresolved }) =>
        unresolved.toSorted(
          (a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.expression, b.expression),
        ),
      ),
      problems: this.#tree.problems.toSorted((a: TreeProblem, b: TreeProblem) => compare(a.file, b.file)),
      findings,
    };
  }

  /** Answers from the last review; null when there is none of the present sources. */
  query<K extends QueryName>(query: Query<K>, token: CancellationToken): Answer<K> | null {
    return this.#scope === null ? null : answerQuery(this.#scope, query, token);
  }

  #isWanted(filesystem: Filesystem): boolean {
    const { filesystems } = this.#options;
    return (
      filesystems === undefined ||
      filesystems.some(
        (prefix) => filesystem.id === prefix || filesystem.id.startsWith(`${prefix.replace(/\/$/, "")}/`),
      )
    );
  }
}

/** What tells tables apart: there is one of a name in a file. */
function keyOf(table: TableRef): string {
  return `${table.file.path}|${table.name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
