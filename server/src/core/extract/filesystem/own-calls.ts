/**
 * Which functions of a filesystem name which others, by the words in front of a parenthesis. A way that is found like this is
 * lowered from the parsed functions afterwards: what only a comment names leads nowhere then.
 */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { FunctionRef, MacroRef, Program, SourceFile } from "../../callgraph/program.ts";
import type { Body } from "../../ir/function-bodies.ts";
import type { EffectKind } from "../../knowledge/knowledge.ts";

export type Definition = FunctionRef | MacroRef;

const CALL = /\b([A-Za-z_]\w*)\s*\(/g;
const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
/** Calls followed when it is asked what lies below a function. */
const MAX_DEPTH = 5;

/** Made once for each state of the tree. */
const KNOWN = new WeakMap<Filesystem, { readonly generation: number; readonly calls: OwnCalls }>();

/** A function is the same one through edits; its text is that of its file. */
const NAMES = new WeakMap<Definition, { readonly generation: number; readonly names: ReadonlySet<string> }>();

export function ownCallsOf(engine: Engine, program: Program, filesystem: Filesystem): OwnCalls {
  let known = KNOWN.get(filesystem);
  if (known === undefined || known.generation !== program.generation) {
    known = { generation: program.generation, calls: new OwnCalls(engine, program, filesystem) };
    KNOWN.set(filesystem, known);
  }
  return known.calls;
}

export class OwnCalls {
  readonly #engine: Engine;
  readonly #program: Program;
  readonly #filesystem: Filesystem;
  #all: readonly Definition[] | null = null;
  #byName: ReadonlyMap<string, readonly Definition[]> | null = null;
  #callers: ReadonlyMap<Definition, readonly Definition[]> | null = null;

  constructor(engine: Engine, program: Program, filesystem: Filesystem) {
    this.#engine = engine;
    this.#program = program;
    this.#filesystem = filesystem;
  }

  /** Functions and function-like macros of the filesystem's own files, in the order of the files. */
  get all(): readonly Definition[] {
    this.#all ??= this.#program.filesInOrder
      .filter((file) => this.#filesystem.owns(file))
      .flatMap((file): Definition[] => [...file.functions, ...file.macros.filter(({ span }) => span.functionLike)]);
    return this.#all;
  }

  /** Every name that stands in front of a parenthesis in its text. */
  names(definition: Definition): ReadonlySet<string> {
    const { file, span } = definition;
    let known = NAMES.get(definition);
    if (known === undefined || known.generation !== file.generation) {
      const from = "parameters" in span && !("body" in span) ? span.parameters : (span as FunctionRef["span"]).body;
      const text = this.#engine.bodies.textOf(file, from, span.end).replace(COMMENTS, " ");
      known = { generation: file.generation, names: new Set([...text.matchAll(CALL)].map((match) => match[1]!)) };
      NAMES.set(definition, known);
    }
    return known.names;
  }

  /** What a name means to one of the filesystem's files; null when it is not one of its own functions. */
  target(name: string, from: SourceFile): Definition | null {
    this.#byName ??= byName(this.all);
    const candidates = this.#byName.get(name);
    if (candidates === undefined) return null;
    const here = candidates.find(({ file }) => file === from);
    return here ?? candidates.find((each) => !("isStatic" in each) || !each.isStatic || each.file.isHeader) ?? null;
  }

  callers(definition: Definition): readonly Definition[] {
    this.#callers ??= this.#findCallers();
    return this.#callers.get(definition) ?? [];
  }

  /** Whether a function, or what it calls in the filesystem's own files, names one of these, which are not its own. */
  reaches(definition: Definition, wanted: (name: string) => boolean, depth = MAX_DEPTH): boolean {
    return this.#comesTo(definition, (name, target) => target === null && wanted(name), depth);
  }

  /** The same for any function. */
  comesTo(definition: Definition, wanted: (name: string) => boolean, depth = MAX_DEPTH): boolean {
    return this.#comesTo(definition, wanted, depth);
  }

  #comesTo(
    definition: Definition,
    wanted: (name: string, target: Definition | null) => boolean,
    depth: number,
  ): boolean {
    const seen = new Set<Definition>([definition]);
    let level: Definition[] = [definition];
    for (let i = 0; i <= depth && level.length > 0; i++) {
      const next: Definition[] = [];
      for (const each of level)
        for (const name of this.names(each)) {
          const target = this.target(name, each.file);
          if (wanted(name, target)) return true;
          if (target !== null && !seen.has(target)) {
            seen.add(target);
            next.push(target);
          }
        }
      level = next;
    }
    return false;
  }

  /** Whether a call of this name in `body` can have an effect of these kinds, as far as the filesystem's own functions show. */
  does(name: string, body: Body, kinds: ReadonlySet<EffectKind>): boolean {
    const { functions } = this.#engine.knowledge;
    const isOne = (each: string): boolean => functions.get(each)?.effects?.some((kind) => kinds.has(kind)) === true;
    const target = this.target(name, body.file);
    return target === null ? isOne(name) : this.reaches(target, isOne);
  }

  bodyOf(definition: Definition): Body | null {
    const { bodies } = this.#engine;
    return "isStatic" in definition ? bodies.of(definition) : bodies.ofMacro(definition);
  }

  #findCallers(): Map<Definition, Definition[]> {
    const callers = new Map<Definition, Definition[]>();
    for (const each of this.all)
      for (const name of this.names(each)) {
        const target = this.target(name, each.file);
        if (target === null || target === each) continue;
        const list = callers.get(target);
        if (list === undefined) callers.set(target, [each]);
        else list.push(each);
      }
    return callers;
  }
}

function byName(all: readonly Definition[]): Map<string, Definition[]> {
  const found = new Map<string, Definition[]>();
  for (const each of all) {
    const list = found.get(each.name);
    if (list === undefined) found.set(each.name, [each]);
    else list.push(each);
  }
  return found;
}
