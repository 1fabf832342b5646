/** Runs the rules over a loaded tree, and again over what an edit changed. */
import { ConstantTable } from "../core/analysis/constants.ts";
import { type Engine, MAX_CHAIN, MAX_NODES } from "../core/analysis/effect-graph.ts";
import { FilesystemFacts } from "../core/analysis/filesystem-facts.ts";
import { Interpreter } from "../core/analysis/interpreter.ts";
import { findTreeContexts, type TreeContexts } from "../core/analysis/reclaim-roots.ts";
import { type Filesystem, findFilesystems, TABLE_STRUCT } from "../core/callgraph/filesystem.ts";
import { IndirectCalls } from "../core/callgraph/indirect.ts";
import { LiveFunctions } from "../core/callgraph/live-functions.ts";
import { Lookup } from "../core/callgraph/lookup.ts";
import type { Program } from "../core/callgraph/program.ts";
import { TypeResolver } from "../core/callgraph/types.ts";
import { FunctionBodies, MAX_BODY_BYTES, positionIn } from "../core/ir/function-bodies.ts";
import { BUILT_IN, Knowledge, type KnowledgeData } from "../core/knowledge/knowledge.ts";
import { answerQuery } from "../core/query/answer-query.ts";
import type { Answer, Query, QueryName } from "../core/query/queries.ts";
import { QueryScope } from "../core/query/query-scope.ts";
import { ReachIndex } from "../core/query/reach-index.ts";
import type { FilesystemProperties } from "../core/report/filesystem-properties.ts";
import type { Finding, Review, UnhashSite, UnresolvedCall } from "../core/report/finding.ts";
import { FindingMaker } from "../core/report/make-finding.ts";
import { TOOL_NAME, TOOL_VERSION } from "../core/report/tool-version.ts";
import { RULES } from "../core/rules/all-rules.ts";
import { describeFilesystem } from "../core/rules/filesystem-properties.ts";
import type { SyntaxParser } from "../core/syntax/parser-port.ts";
import { type CancellationToken, throwIfCancelled } from "../core/text/cancellation.ts";
import { listImplementations } from "./implementations.ts";
import { type LoadedTree, nextTurn } from "./load-tree.ts";
import type { ProgressListener } from "./review-session.ts";
import type { TreeSessionOptions } from "./tree-session.ts";
import { findUnhashSites } from "./unhash-sites.ts";

export class Analysis {
  readonly #tree: LoadedTree;
  readonly #parser: SyntaxParser;
  readonly #knowledge: Knowledge;
  readonly #options: TreeSessionOptions;
  readonly #program: Program;
  #engine: Engine;
  #unhash = new Map<string, readonly UnhashSite[]>();
  readonly #reach = new ReachIndex();
  /** For questions between two reviews; null before the first, and from an edit to the next review. */
  #scope: QueryScope | null = null;

  constructor(tree: LoadedTree, parser: SyntaxParser, user: readonly KnowledgeData[], options: TreeSessionOptions) {
    this.#tree = tree;
    this.#parser = parser;
    this.#options = options;
    this.#program = tree.program;
    this.#knowledge = new Knowledge(BUILT_IN, ...user);
    this.#engine = this.#makeEngine(new FunctionBodies(this.#program, parser));
    for (const file of this.#program.files.values()) this.#findUnhash(file.path);
  }

  #makeEngine(bodies: FunctionBodies): Engine {
    const lookup = new Lookup(this.#program);
    const types = new TypeResolver(this.#program, bodies, this.#parser, lookup);
    const indirect = new IndirectCalls(this.#program, types, lookup, this.#knowledge.ownedByFilesystem);
    const constants = new ConstantTable(this.#program, bodies, this.#knowledge);
    const folders = new Set(this.#program.tablesOf(TABLE_STRUCT).map((table) => table.file.directory));
    const live = new LiveFunctions(
      this.#program,
      bodies,
      lookup,
      this.#knowledge,
      (file) => this.#knowledge.isFollowed(file.path) || folders.has(file.directory),
    );
    const interpreter = new Interpreter(bodies, lookup, this.#knowledge, constants);
    return { bodies, lookup, types, indirect, interpreter, knowledge: this.#knowledge, live, reads: null };
  }

  #findUnhash(path: string): void {
    const file = this.#program.files.get(path);
    const bytes =
      file === undefined ? null : this.#program.names.find("remove_inode_hash") < 0 ? null : this.#tree.read(path);
    const sites = file === undefined || bytes === null ? [] : findUnhashSites(file, bytes);
    if (sites.length === 0) this.#unhash.delete(path);
    else this.#unhash.set(path, sites);
  }

  /** Takes a file's new bytes; null: it is gone. */
  replaceFile(path: string, bytes: Uint8Array | null): void {
    this.#scope = null;
    const before = this.#program.files.get(path);
    if (before !== undefined) this.#engine.bodies.forget([...before.functions, ...before.macros]);
    if (bytes === null) this.#program.removeFile(path);
    else if (before !== undefined || /\.[ch]$/.test(path)) this.#program.setFile(path, bytes);
    this.#findUnhash(path);
    // Lookups, types and value propagation look across files: they start anew; parsed bodies of other files stay.
    this.#engine = this.#makeEngine(this.#engine.bodies);
  }

  async review(token: CancellationToken, onProgress?: ProgressListener): Promise<Review> {
    const { bodies, lookup } = this.#engine;
    const started = Date.now();
    const all = findFilesystems(this.#program, lookup, bodies);
    const contexts: TreeContexts =
      this.#knowledge.reclaim === null
        ? { roots: [], assumed: true, contexts: ["assumed"], evict: null }
        : findTreeContexts(this.#program, lookup, bodies, this.#knowledge.reclaim);
    const wanted = all.filter((each) => this.#isWanted(each));
    const maker = new FindingMaker();
    const rules = RULES.filter((rule) => this.#options.rules?.includes(rule.id) ?? true);
    const findings: Finding[] = [];
    const unresolved: UnresolvedCall[] = [];
    const properties: FilesystemProperties[] = [];
    const facts: FilesystemFacts[] = [];
    for (const [index, filesystem] of wanted.entries()) {
      throwIfCancelled(token);
      onProgress?.({ phase: "solve", done: index, total: wanted.length });
      await nextTurn();
      const each = new FilesystemFacts(this.#engine, this.#program, filesystem, contexts);
      facts.push(each);
      for (const rule of rules)
        for (const draft of rule.check?.(each) ?? []) {
          const finding = maker.make(draft, { filesystem: filesystem.id, table: filesystem.table.name });
          if (finding !== null) findings.push(finding);
        }
      unresolved.push(...unresolvedOf(each));
      properties.push(describeFilesystem(each));
      this.#reach.record(each);
      each.release();
    }
    if (this.#options.filesystems === undefined)
      for (const rule of rules)
        for (const draft of rule.checkTree?.({ filesystems: facts }) ?? []) {
          const finding = maker.make(draft, { filesystem: draft.generic ?? "", table: "" });
          if (finding !== null) findings.push(finding);
        }
    findings.sort(
      (a, b) =>
        compare(a.file, b.file) ||
        a.line - b.line ||
        a.column - b.column ||
        compare(a.rule, b.rule) ||
        compare(a.table, b.table),
    );
    this.#scope = new QueryScope({
      program: this.#program,
      engine: this.#engine,
      parser: this.#parser,
      contexts,
      filesystems: wanted,
      reach: this.#reach,
    });
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
        functionsParsed: bodies.parsed,
        functionsWithParseErrors: bodies.withErrors,
        elapsedMs: Date.now() - started,
        peakRssBytes: 0,
        cache: "cold",
        suppressed: maker.suppressed,
      },
      contexts: contexts.roots,
      implementations: listImplementations(all),
      filesystems: properties,
      unhashSites: [...this.#unhash.values()].flat().sort((a, b) => compare(a.file, b.file) || a.line - b.line),
      unresolvedCalls: unresolved,
      problems: this.#tree.problems,
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

function unresolvedOf(facts: FilesystemFacts): UnresolvedCall[] {
  const calls = new Map<string, UnresolvedCall>();
  for (const graph of facts.graphs())
    for (const { body, event, expression } of graph.unresolved) {
      const { line } = positionIn(body, event.call.at);
      const call = { filesystem: facts.filesystem.id, function: body.name, file: body.file.path, line, expression };
      calls.set(`${call.file}:${line}:${expression}`, call);
    }
  return [...calls.values()].sort((a, b) => compare(a.file, b.file) || a.line - b.line);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
