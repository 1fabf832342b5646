/**
 * Which functions can lead to an effect at all, judged by the names in their text. Four out of five functions that
 * eviction can call are helpers that touch nothing the rules know; they are told here, at the speed of a byte loop,
 * and never parsed. A function that may matter is always kept: names in dead code count, and so do functions that are
 * only passed on.
 */
import type { FunctionBodies } from "../ir/function-bodies.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Lookup } from "./lookup.ts";
import type { FunctionRef, MacroRef, Program, SourceFile } from "./program.ts";

type Definition = FunctionRef | MacroRef;

interface Node {
  live: boolean;
  /** Those whose text names this one, as long as it is not known to be live. */
  readonly callers: Node[];
}

/** include/linux/cleanup.h: what they lock is their class's business. */
const SCOPES = new Set(["guard", "scoped_guard", "scoped_cond_guard"]);

const UNKNOWN = 0;
/** Nothing of this name is defined, and the knowledge base has no effect for it. */
const NOTHING = 1;
const EFFECT = 2;
/** An allocation: it matters where a gfp value is passed on or made. */
const ALLOCATION = 3;
const DEFINED = 4;

const WORD = new Uint8Array(256);
for (let c = 0; c < 256; c++)
  WORD[c] = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 ? 1 : 0;

export class LiveFunctions {
  readonly #program: Program;
  readonly #bodies: FunctionBodies;
  readonly #lookup: Lookup;
  readonly #knowledge: Knowledge;
  readonly #isFollowed: (file: SourceFile) => boolean;
  #nodes = new Map<Definition, Node>();
  #classes: Uint8Array;
  readonly #nofail: number;

  constructor(
    program: Program,
    bodies: FunctionBodies,
    lookup: Lookup,
    knowledge: Knowledge,
    isFollowed: (file: SourceFile) => boolean,
  ) {
    this.#program = program;
    this.#bodies = bodies;
    this.#lookup = lookup;
    this.#knowledge = knowledge;
    this.#isFollowed = isFollowed;
    // Primitives count in a tree that does not define them, too.
    for (const name of knowledge.functions.keys()) program.names.internString(name);
    this.#nofail = program.names.internString("__GFP_NOFAIL");
    this.#classes = new Uint8Array(program.names.size + 1024);
  }

  /** False when nothing that the rules know can happen below `definition`. */
  mayMatter(definition: Definition): boolean {
    return (this.#nodes.get(definition) ?? this.#discover(definition)).live;
  }

  #discover(first: Definition): Node {
    const node: Node = { live: false, callers: [] };
    this.#nodes.set(first, node);
    const work: Definition[] = [first];
    while (work.length > 0) {
      const definition = work.pop()!;
      const here = this.#nodes.get(definition)!;
      this.#scan(definition, here, (callee) => {
        let below = this.#nodes.get(callee);
        if (below === undefined) {
          below = { live: false, callers: [] };
          this.#nodes.set(callee, below);
          work.push(callee);
        }
        if (below.live) this.#markLive(here);
        else below.callers.push(here);
      });
    }
    return node;
  }

  #markLive(node: Node): void {
    if (node.live) return;
    const work = [node];
    while (work.length > 0) {
      const each = work.pop()!;
      if (each.live) continue;
      each.live = true;
      work.push(...each.callers);
      each.callers.length = 0;
    }
  }

  /** Reads the names of a definition's text. */
  #scan(definition: Definition, node: Node, visit: (callee: Definition) => void): void {
    const bytes = this.#bodies.bytesOf(definition.file);
    if (bytes === null) return;
    const { start, end } = definition.span;
    const bodyStart = "body" in definition.span ? definition.span.body : definition.span.parameters;
    const seen = new Set<number>();
    const headNames = new Set<number>();
    let allocates = false;
    let passesGfp = false;
    for (let i = start; i < end; i++) {
      const c = bytes[i]!;
      if (c === 47 && bytes[i + 1] === 42) {
        i = bytes.indexOf(47, i + 3);
        while (i > 0 && i < end && bytes[i - 1] !== 42) i = bytes.indexOf(47, i + 1);
        if (i < 0) break;
        continue;
      }
      if (c === 47 && bytes[i + 1] === 47) {
        i = bytes.indexOf(10, i);
        if (i < 0) break;
        continue;
      }
      if (c === 34) {
        for (i++; i < end && bytes[i] !== 34 && bytes[i] !== 10; i++) if (bytes[i] === 92) i++;
        continue;
      }
      // A call of what another expression gives: (*fn)(x), table[i](x).
      if ((c === 41 || c === 93) && bytes[i + 1] === 40 && i > bodyStart) {
        this.#markLive(node);
        continue;
      }
      if (WORD[c] === 0 || (c >= 48 && c <= 57)) continue;
      const from = i;
      while (i < end && WORD[bytes[i]!] === 1) i++;
      const id = this.#program.names.findBytes(bytes, from, i);
      i--;
      if (from < bodyStart) {
        if (id >= 0) headNames.add(id);
        if (isGfp(bytes, from, i + 1)) passesGfp = true;
        continue;
      }
      if (isGfp(bytes, from, i + 1) || id === this.#nofail) passesGfp = true;
      if (id < 0) continue;
      const isCall = nextIs(bytes, i + 1, end, 40);
      const isMember = bytes[from - 1] === 46 || (bytes[from - 1] === 62 && bytes[from - 2] === 45);
      if (isMember) {
        if (isCall && this.#program.bindingsOf(this.#program.names.text(id)).length > 0) this.#markLive(node);
        continue;
      }
      if (isCall && headNames.has(id)) this.#markLive(node);
      if (seen.has(id)) continue;
      seen.add(id);
      const kind = this.#classOf(id);
      if (kind === NOTHING) continue;
      if (kind === EFFECT) {
        if (isCall) this.#markLive(node);
      } else if (kind === ALLOCATION) allocates = true;
      else this.#visitNamed(this.#program.names.text(id), definition.file, isCall, visit);
    }
    if (allocates && passesGfp) this.#markLive(node);
  }

  #visitNamed(name: string, from: SourceFile, isCall: boolean, visit: (callee: Definition) => void): void {
    if (isCall) {
      const target = this.#lookup.direct(name, from);
      if (target === null) return;
      const definition = target.kind === "function" ? target.function : target.macro;
      if (this.#isFollowed(definition.file)) visit(definition);
      return;
    }
    const fn = this.#lookup.functionValue(name, from);
    if (fn !== null && this.#isFollowed(fn.file)) visit(fn);
  }

  #classOf(id: number): number {
    if (id >= this.#classes.length) {
      const larger = new Uint8Array(this.#program.names.size + 1024);
      larger.set(this.#classes);
      this.#classes = larger;
    }
    let kind = this.#classes[id]!;
    if (kind === UNKNOWN) {
      kind = this.#classify(this.#program.names.text(id));
      this.#classes[id] = kind;
    }
    return kind;
  }

  #classify(name: string): number {
    const entry = this.#knowledge.functions.get(name);
    if (entry !== undefined) {
      const effects = [...(entry.effects ?? []), ...(entry.undefinedEffects ?? [])];
      if (effects.length > 0) return EFFECT;
      if (entry.gfp !== undefined) return ALLOCATION;
      if (entry.follow !== true) return NOTHING;
    }
    if (SCOPES.has(name)) return EFFECT;
    return this.#program.functionsNamed(name).length > 0 ||
      this.#program.macrosNamed(name).some((macro) => macro.span.functionLike)
      ? DEFINED
      : NOTHING;
  }
}

/** An identifier that holds a gfp value, by its name: gfp, gfp_mask, flags. Constants (GFP_NOFS) do not count. */
function isGfp(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i + 2 < to; i++) {
    if (bytes[i] === 103 && bytes[i + 1] === 102 && bytes[i + 2] === 112) return true;
    if (bytes[i] === 102 && bytes[i + 1] === 108 && bytes[i + 2] === 97 && bytes[i + 3] === 103) return true;
  }
  return false;
}

function nextIs(bytes: Uint8Array, from: number, end: number, wanted: number): boolean {
  let i = from;
  while (i < end && (bytes[i] === 32 || bytes[i] === 9 || bytes[i] === 10)) i++;
  return bytes[i] === wanted;
}
