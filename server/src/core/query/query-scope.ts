/** The solved tree as the questions see it: which filesystems come to a function, and the graphs of the few asked about. */
import type { Engine, GraphNode } from "../analysis/effect-graph.ts";
import { FilesystemFacts, STARTING_OPERATIONS } from "../analysis/filesystem-facts.ts";
import { MODES, type Mode } from "../analysis/interpreter.ts";
import type { TreeContexts } from "../analysis/reclaim-roots.ts";
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { FunctionRef, Program } from "../callgraph/program.ts";
import type { OutcomeStore } from "../extract/filesystem/verdict.ts";
import type { SyntaxParser } from "../syntax/parser-port.ts";
import { filesystemKey, type ReachIndex } from "./reach-index.ts";

export interface QueryScopeParts {
  readonly program: Program;
  readonly engine: Engine;
  readonly parser: SyntaxParser;
  readonly contexts: TreeContexts;
  readonly filesystems: readonly Filesystem[];
  readonly reach: ReachIndex;
  /** Null where nothing is kept beyond the session. */
  readonly outcomes: OutcomeStore | null;
}

/** Filesystems whose graphs are kept between questions: the one being read, and those it was compared with. */
const GRAPHS_KEPT = 3;

export class QueryScope {
  readonly program: Program;
  readonly engine: Engine;
  readonly parser: SyntaxParser;
  readonly contexts: TreeContexts;
  readonly filesystems: readonly Filesystem[];
  readonly outcomes: OutcomeStore | null;
  readonly #reach: ReachIndex;
  readonly #facts = new Map<string, FilesystemFacts>();

  constructor(parts: QueryScopeParts) {
    this.program = parts.program;
    this.engine = parts.engine;
    this.parser = parts.parser;
    this.contexts = parts.contexts;
    this.filesystems = parts.filesystems;
    this.outcomes = parts.outcomes;
    this.#reach = parts.reach;
  }

  /** Those whose eviction reaches the function, the file's own first. */
  reaching(fn: FunctionRef): readonly Filesystem[] {
    const found = this.filesystems.filter((each) => this.#reach.reaches(each, fn));
    const own = found.filter((each) => each.owns(fn.file));
    // In generic code the filesystem that was asked about last is most likely the one that is being read.
    const recent = [...this.#facts.keys()].reverse();
    const rest = found
      .filter((each) => !own.includes(each))
      .toSorted((a, b) => recent.indexOf(filesystemKey(b)) - recent.indexOf(filesystemKey(a)));
    return [...own, ...rest];
  }

  filesystem(id: string, table: string): Filesystem | undefined {
    return this.filesystems.find((each) => each.id === id && (table === "" || each.table.name === table));
  }

  facts(filesystem: Filesystem): FilesystemFacts {
    const key = filesystemKey(filesystem);
    const facts = this.#facts.get(key) ?? new FilesystemFacts(this.engine, this.program, filesystem, this.contexts);
    // Last in, last out.
    this.#facts.delete(key);
    this.#facts.set(key, facts);
    for (const [other, old] of this.#facts) {
      if (this.#facts.size <= GRAPHS_KEPT) break;
      old.release();
      this.#facts.delete(other);
    }
    return facts;
  }

  /** The nodes of a function in a filesystem's graph under one assumption about the task: one for each argument list. */
  nodesOf(facts: FilesystemFacts, mode: Mode, fn: FunctionRef): GraphNode[] {
    const nodes: GraphNode[] = [];
    for (const node of facts.graph(mode).nodes.values()) {
      const { body } = node.expansion;
      if (body.function === fn || (body.name === fn.name && body.function !== null && body.file.path === fn.file.path))
        nodes.push(node);
    }
    return nodes;
  }

  /** The functions that begin a way into a filesystem's eviction. */
  rootsOf(facts: FilesystemFacts): readonly FunctionRef[] {
    return STARTING_OPERATIONS.flatMap((name) => facts.operation(name)?.binding.function ?? []);
  }

  /** Graphs of both assumptions, without telling them apart where they are one. */
  modesOf(facts: FilesystemFacts): readonly Mode[] {
    return facts.graph(MODES.any) === facts.graph(MODES.reclaim) ? [MODES.reclaim] : [MODES.reclaim, MODES.any];
  }

  release(): void {
    for (const facts of this.#facts.values()) facts.release();
    this.#facts.clear();
  }
}
