/** Which definition a name means in a file: static-first, then the neighbourhood, then the tree. */
import type { FunctionRef, MacroRef, Program, SourceFile } from "./program.ts";

export type DirectTarget =
  | { readonly kind: "function"; readonly function: FunctionRef }
  | { readonly kind: "macro"; readonly macro: MacroRef };

const SLASH = 47;

export class Lookup {
  readonly #program: Program;
  readonly #cache = new Map<SourceFile, Map<string, DirectTarget | null>>();
  /** Mostly the file that was asked for last is asked for again. */
  #lastFrom: SourceFile | null = null;
  #lastTargets = new Map<string, DirectTarget | null>();
  readonly #values = new Map<SourceFile, Map<string, FunctionRef | null>>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** What `name(...)` in `from` calls; null when the tree does not define it. */
  direct(name: string, from: SourceFile): DirectTarget | null {
    this.#program.reads?.readName("definition", name);
    if (from !== this.#lastFrom) {
      this.#lastTargets = this.#targetsFrom(from);
      this.#lastFrom = from;
    }
    const targets = this.#lastTargets;
    let target = targets.get(name);
    if (target === undefined) {
      target = this.#find(name, from);
      targets.set(name, target);
    }
    return target;
  }

  #targetsFrom(file: SourceFile): Map<string, DirectTarget | null> {
    let targets = this.#cache.get(file);
    if (targets === undefined) {
      targets = new Map();
      this.#cache.set(file, targets);
    }
    return targets;
  }

  /** What these names mean may have changed. */
  forget(names: Iterable<string>): void {
    for (const name of names)
      for (const cache of [this.#cache, this.#values]) for (const ofFile of cache.values()) ofFile.delete(name);
  }

  /** Files came, went, or include others: everything may have changed. */
  clear(): void {
    this.#cache.clear();
    this.#lastFrom = null;
    this.#values.clear();
  }

  #find(name: string, from: SourceFile): DirectTarget | null {
    const macro = best(
      this.#program.macrosNamed(name).filter((each) => each.span.functionLike && isVisible(each.file, from)),
      from,
      macroSize,
    );
    const candidates = this.#program.functionsNamed(name).filter((each) => isCallable(each, from));
    const fn = best(candidates, from, functionSize);
    if (fn !== null && (macro === null || nearness(fn.file, from) >= nearness(macro.file, from)))
      return { kind: "function", function: fn };
    return macro === null ? null : { kind: "macro", macro };
  }

  /** The function that a name means when it is used as a value (`.evict_inode = name`). */
  functionValue(name: string, from: SourceFile): FunctionRef | null {
    this.#program.reads?.readName("definition", name);
    let ofFile = this.#values.get(from);
    if (ofFile === undefined) {
      ofFile = new Map();
      this.#values.set(from, ofFile);
    }
    let value = ofFile.get(name);
    if (value === undefined) {
      value = best(
        this.#program.functionsNamed(name).filter((each) => isCallable(each, from)),
        from,
        functionSize,
      );
      ofFile.set(name, value);
    }
    return value;
  }
}

/** A static function is called in its own file only; a static inline of a header wherever the header is visible. */
function isCallable(candidate: FunctionRef, from: SourceFile): boolean {
  if (candidate.file === from) return true;
  if (candidate.isStatic)
    return candidate.file.isHeader ? isVisible(candidate.file, from) : isOneUnit(candidate.file, from);
  return true;
}

/** One file includes the other's text: `#include "itree_common.c"`. */
function isOneUnit(a: SourceFile, b: SourceFile): boolean {
  return includesFile(a, b) || includesFile(b, a);
}

function includesFile(includer: SourceFile, included: SourceFile): boolean {
  return includer.skeleton.includes.some((name) => `${includer.directory}/${name}` === included.path);
}

/** A header under include/ may be included anywhere; another header by files of its own directory and those below it. */
function isVisible(definition: SourceFile, from: SourceFile): boolean {
  if (definition === from) return true;
  if (!definition.isHeader) return false;
  if (/(^|\/)include(\/|$)/.test(definition.directory)) return true;
  return sharedFolders(definition.directory, from.directory) > 0;
}

function sharedFolders(a: string, b: string): number {
  if (a === b) return a.split("/").length;
  let shared = 0;
  let i = 0;
  for (; i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i); i++)
    if (a.charCodeAt(i) === SLASH) shared++;
  // The one that ends here is a folder of the other.
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  return i === shorter.length && longer.charCodeAt(i) === SLASH ? shared + 1 : shared;
}

function nearness(definition: SourceFile, from: SourceFile): number {
  if (definition === from) return 1000;
  if (!definition.isHeader && isOneUnit(definition, from)) return 900;
  if (definition.directory === from.directory) return 500;
  return sharedFolders(definition.directory, from.directory) * 10;
}

/** The nearest; among equals the one with the larger body, since the others are stubs for a feature that is configured out. */
function best<T extends { readonly file: SourceFile }>(
  candidates: readonly T[],
  from: SourceFile,
  size: (candidate: T) => number,
): T | null {
  let winner: T | null = null;
  let winnerScore = -1;
  for (const candidate of candidates) {
    const score = nearness(candidate.file, from) * 1e7 + Math.min(size(candidate), 1e7 - 1);
    if (score > winnerScore) {
      winner = candidate;
      winnerScore = score;
    }
  }
  return winner;
}

function functionSize(candidate: FunctionRef): number {
  // An inline stub in a header never wins over a definition in a .c file.
  return candidate.span.end - candidate.span.body + (candidate.file.isHeader ? 0 : 100_000);
}

function macroSize(candidate: MacroRef): number {
  return candidate.span.end - candidate.span.start;
}
