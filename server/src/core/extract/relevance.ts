/** Whether a function does anything that the model language knows, itself or through the functions that it calls. */
import type { FunctionRef, MacroRef, SourceFile } from "../callgraph/program.ts";
import type { ExtractionTree } from "./lowering-request.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Calls of calls that are looked into. What lies deeper in code that names no inode does not touch one. */
const MAX_DEPTH = 4;
const RELEVANT_OPERATIONS = new Set([
  "state-read",
  "state-set",
  "state-clear",
  "state-assign",
  "state-replace",
  "lru-add",
  "lru-del",
  "lru-isolate",
  "lru-isolate-move",
  "lru-walk",
  "wait-queue",
  "wake",
  "wait-on-bit",
  "alloc",
  "statement",
  "defer",
  "hand-on",
  "queue-work",
  "drain",
  "bit",
  "index-find",
  "index-insert",
  "index-delete",
  "index-remove",
  "index-tag",
]);
/** Reading an inode's number or superblock tells nothing, nor what is always the same. */
const NEUTRAL_MEMBERS = new Set(["object", "number-of-inode", "value"]);

export class Relevance {
  readonly #tree: ExtractionTree;
  readonly #vocabulary: Vocabulary;
  readonly #tokens: ReadonlySet<string>;
  readonly #relevant = new Set<FunctionRef | MacroRef>();
  /** Looked into down to this depth without finding anything. */
  readonly #silent = new Map<FunctionRef | MacroRef, number>();

  constructor(tree: ExtractionTree, vocabulary: Vocabulary, more: Iterable<string>) {
    this.#tree = tree;
    this.#vocabulary = vocabulary;
    const tokens = new Set<string>([...more, ...(vocabulary.data.relevant ?? [])]);
    for (const members of Object.values(vocabulary.data.members))
      for (const [name, member] of Object.entries(members))
        if (!NEUTRAL_MEMBERS.has(member.is) && name !== "lock" && name !== "nrpages") tokens.add(name);
    for (const name of Object.keys(vocabulary.data.globalLocks)) tokens.add(name);
    for (const [name, entry] of vocabulary.words) if (RELEVANT_OPERATIONS.has(entry.op)) tokens.add(name);
    this.#tokens = tokens;
  }

  of(target: FunctionRef | MacroRef, depth = MAX_DEPTH): boolean {
    if (this.#relevant.has(target)) return true;
    if ((this.#silent.get(target) ?? -1) >= depth) return false;
    // A function on the way to itself adds nothing.
    this.#silent.set(target, depth);
    const { file, span } = target;
    const start = "body" in span ? span.body : span.parameters;
    const text = this.#tree.bodies.textOf(file, start, span.end).replace(/\/\*.*?\*\//gs, " ");
    const answer = this.#mentions(text) || (depth > 0 && this.#calls(text, file, depth));
    if (answer) this.#relevant.add(target);
    return answer;
  }

  #mentions(text: string): boolean {
    for (const match of text.matchAll(/[A-Za-z_]\w*/g)) if (this.#tokens.has(match[0])) return true;
    return false;
  }

  #calls(text: string, file: SourceFile, depth: number): boolean {
    const seen = new Set<string>();
    for (const match of text.matchAll(/([A-Za-z_]\w*)\s*\(/g)) {
      const name = match[1] as string;
      const word = this.#vocabulary.words.get(name);
      if (seen.has(name) || (word !== undefined && word.elsewhere !== true)) continue;
      seen.add(name);
      const target = this.#tree.lookup.direct(name, file);
      if (target === null) continue;
      const callee = target.kind === "function" ? target.function : target.macro;
      if (this.#vocabulary.follows(callee.file.path) && this.of(callee, depth - 1)) return true;
    }
    return false;
  }
}
