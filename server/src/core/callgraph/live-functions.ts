/**
 * Which functions can lead to an effect at all, judged by the names in their text. Four out of five functions that
 * eviction can call are helpers that touch nothing the rules know; they are told here, at the speed of a byte loop,
 * and never parsed. A function that may matter is always kept: names in dead code count, and so do functions that are
 * only passed on.
 */
import type { FunctionBodies } from "../ir/function-bodies.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { grown } from "../text/name-table.ts";
import type { FileChange } from "./file-change.ts";
import type { Lookup } from "./lookup.ts";
import type { FunctionRef, MacroRef, Program, SourceFile } from "./program.ts";
import { type Fact, newFact } from "./reads.ts";

type Definition = FunctionRef | MacroRef;

interface Node {
  readonly definition: Definition;
  live: boolean;
  /** Its own text is enough to keep it. */
  matters: boolean;
  /** What its text names; not looked for when its own text is enough. */
  callees: readonly Node[];
  /** Those whose text names this one, as long as it is not known to be live. */
  callers: Node[];
  /** Every name of its text, where edits are followed. */
  names: Int32Array;
  readonly fact: Fact;
}

/** include/linux/cleanup.h: what they lock is their class's business. */
const SCOPES = new Set(["guard", "scoped_guard", "scoped_cond_guard"]);

const NO_NAMES = new Int32Array(0);
const NO_NODES: readonly Node[] = [];

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
  #scans = 0;
  /** For each name the last scan that met it. */
  #lastScans = new Int32Array(1024);
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
    const { reads } = this.#program;
    const node =
      this.#nodes.get(definition) ??
      (reads === null ? this.#discover(definition) : reads.apart(() => this.#discover(definition)));
    reads?.read(node.fact);
    return node.live;
  }

  /** Looks again at what an edit touched. */
  update(change: FileChange): void {
    for (const id of change.definitions) if (id < this.#classes.length) this.#classes[id] = UNKNOWN;
    const present = new Set<Definition>([...change.file.functions, ...change.file.macros]);
    const touched = new Set<Node>();
    for (const definition of change.texts) {
      const node = this.#nodes.get(definition);
      if (node === undefined) continue;
      // Whoever names what is gone is looked at for its name's sake.
      if (present.has(definition)) touched.add(node);
      else this.#nodes.delete(definition);
    }
    const names = new Set([...change.definitions, ...change.fields]);
    if (names.size > 0) for (const node of this.#nodes.values()) if (hasAny(node.names, names)) touched.add(node);
    if (touched.size === 0) return;
    const before = new Map<Node, boolean>();
    const { reads } = this.#program;
    const look = (): void => {
      for (const node of touched) before.set(node, node.live);
      let grown = false;
      for (const node of touched) grown = this.#look(node) || grown;
      const stays =
        !grown &&
        [...touched].every((node) =>
          before.get(node)
            ? this.#staysLive(node, touched)
            : !node.matters && node.callees.every((callee) => !callee.live),
        );
      if (!stays) this.#settle();
    };
    if (reads === null) look();
    else reads.apart(look);
  }

  /** Whether a live node is so without the help of others that were touched. */
  #staysLive(node: Node, touched: ReadonlySet<Node>): boolean {
    if (node.matters) return true;
    const seen = new Set<Node>();
    const work = node.callees.filter((each) => !touched.has(each));
    while (work.length > 0) {
      const each = work.pop()!;
      if (seen.has(each)) continue;
      seen.add(each);
      if (each.matters) return true;
      for (const callee of each.callees) if (callee.live && !touched.has(callee)) work.push(callee);
    }
    return false;
  }

  /** Finds out anew who is live; what was made from those that changed is stale. */
  #settle(): void {
    const callers = new Map<Node, Node[]>();
    const live = new Set<Node>();
    const work: Node[] = [];
    for (const node of this.#nodes.values()) {
      if (node.matters) work.push(node);
      for (const callee of node.callees) {
        const list = callers.get(callee);
        if (list === undefined) callers.set(callee, [node]);
        else list.push(node);
      }
    }
    while (work.length > 0) {
      const node = work.pop()!;
      if (live.has(node)) continue;
      live.add(node);
      work.push(...(callers.get(node) ?? []));
    }
    for (const node of this.#nodes.values()) {
      const now = live.has(node);
      node.callers = now ? [] : (callers.get(node) ?? []);
      if (node.live === now) continue;
      node.live = now;
      this.#program.reads?.change(node.fact);
    }
  }

  #discover(first: Definition): Node {
    const node = this.#add(first);
    const work: Node[] = [node];
    while (work.length > 0) this.#expand(work.pop()!, work);
    return node;
  }

  #add(definition: Definition): Node {
    const node: Node = {
      definition,
      live: false,
      matters: false,
      callees: NO_NODES,
      callers: [],
      names: NO_NAMES,
      fact: newFact(this.#program.reads),
    };
    this.#nodes.set(definition, node);
    return node;
  }

  /** Reads a node's text; nodes that it is the first to name go to `work`. */
  #expand(here: Node, work: Node[]): void {
    const callees = this.#scan(here.definition, here);
    if (here.matters) {
      this.#markLive(here);
      return;
    }
    here.callees = callees.map((callee) => {
      let below = this.#nodes.get(callee);
      if (below === undefined) {
        below = this.#add(callee);
        work.push(below);
      }
      if (below.live) this.#markLive(here);
      else below.callers.push(here);
      return below;
    });
  }

  /** As `#expand`, without a word on who is live: that is settled afterwards. True when it named nodes that are new. */
  #look(first: Node): boolean {
    const work = [first];
    for (let i = 0; i < work.length; i++) {
      const here = work[i]!;
      here.matters = false;
      const callees = this.#scan(here.definition, here);
      here.callees = here.matters
        ? NO_NODES
        : callees.map((callee) => {
            let below = this.#nodes.get(callee);
            if (below === undefined) {
              below = this.#add(callee);
              work.push(below);
            }
            if (!below.live) below.callers.push(here);
            return below;
          });
    }
    return work.length > 1;
  }

  #markLive(node: Node): void {
    if (node.live) return;
    const work = [node];
    while (work.length > 0) {
      const each = work.pop()!;
      if (each.live) continue;
      each.live = true;
      work.push(...each.callers);
      each.callers = [];
    }
  }

  /**
   * Reads the names of a definition's text, and gives the definitions that they may stand for. Where no edits are followed it
   * reads no further than to what makes the definition matter by itself.
   */
  #scan(definition: Definition, node: Node): Definition[] {
    const callees: Definition[] = [];
    const bytes = this.#bodies.bytesOf(definition.file);
    if (bytes === null) return callees;
    const { start, end } = definition.span;
    const bodyStart = "body" in definition.span ? definition.span.body : definition.span.parameters;
    const { names, reads } = this.#program;
    const scan = ++this.#scans;
    const headNames: number[] = [];
    const noted = reads === null ? null : new Set<number>();
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
        node.matters = true;
        if (noted === null) break;
        continue;
      }
      if (WORD[c] === 0 || (c >= 48 && c <= 57)) continue;
      const from: number = i;
      while (i < end && WORD[bytes[i]!] === 1) i++;
      // A parameter that is called need not be known by name; and an edit may define any name.
      const id = from < bodyStart || reads !== null ? names.intern(bytes, from, i) : names.findBytes(bytes, from, i);
      i--;
      if (from < bodyStart) {
        headNames.push(id);
        if (isGfp(bytes, from, i + 1)) passesGfp = true;
        continue;
      }
      if (isGfp(bytes, from, i + 1) || id === this.#nofail) passesGfp = true;
      if (id < 0) continue;
      const isCall = nextIs(bytes, i + 1, end, 40);
      const isMember = bytes[from - 1] === 46 || (bytes[from - 1] === 62 && bytes[from - 2] === 45);
      if (isMember) {
        noted?.add(id);
        if (isCall && this.#program.bindingsOf(names.text(id)).length > 0) node.matters = true;
        if (node.matters && noted === null) break;
        continue;
      }
      if (isCall && headNames.includes(id)) node.matters = true;
      if (node.matters && noted === null) break;
      if (id >= this.#lastScans.length) this.#lastScans = grown(this.#lastScans, names.size + 1024);
      if (this.#lastScans[id] === scan) continue;
      this.#lastScans[id] = scan;
      noted?.add(id);
      const kind = this.#classOf(id);
      if (kind === NOTHING) continue;
      if (kind === EFFECT) {
        if (isCall) node.matters = true;
        if (node.matters && noted === null) break;
      } else if (kind === ALLOCATION) allocates = true;
      else {
        const callee = this.#named(names.text(id), definition.file, isCall);
        if (callee !== null) callees.push(callee);
      }
    }
    if (allocates && passesGfp) node.matters = true;
    if (noted !== null) node.names = Int32Array.from(noted);
    return callees;
  }

  /** What a name stands for in a file, where that is followed. */
  #named(name: string, from: SourceFile, isCall: boolean): Definition | null {
    if (!isCall) {
      const fn = this.#lookup.functionValue(name, from);
      return fn !== null && this.#isFollowed(fn.file) ? fn : null;
    }
    const target = this.#lookup.direct(name, from);
    if (target === null) return null;
    const definition = target.kind === "function" ? target.function : target.macro;
    return this.#isFollowed(definition.file) ? definition : null;
  }

  #classOf(id: number): number {
    if (id >= this.#classes.length) this.#classes = grown(this.#classes, this.#program.names.size + 1024);
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

function hasAny(names: Int32Array, wanted: ReadonlySet<number>): boolean {
  for (let i = 0; i < names.length; i++) if (wanted.has(names[i]!)) return true;
  return false;
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
