/**
 * Filesystems that keep their inodes in an index of their own: which they are, with which functions, as data; and these
 * functions, lowered with the words of fs/inode.c and their own.
 */
import type { FunctionRef } from "../callgraph/program.ts";
import { type CancellationToken, NEVER_CANCELLED, throwIfCancelled } from "../text/cancellation.ts";
import type { ExtractionFailure, Fragment } from "./fragment.ts";
import { KERNEL_VOCABULARY } from "./kernel-vocabulary.ts";
import { lowerFunction } from "./lower-body.ts";
import type { ExtractionTree, LowerRequest, MethodBinding } from "./lowering-request.ts";
import { XFS_WORDS } from "./private-cache-vocabulary.ts";
import { ExtractedProtocol, PLAIN_METHODS, PROTOCOL_SLOTS } from "./protocol.ts";
import { extendVocabulary, Vocabulary, type VocabularyData } from "./vocabulary.ts";

/** What a function of such a filesystem is for. */
export type PrivateRole =
  /** Gives the inode of a number: from the index, or from disk. */
  | "lookup"
  /** Decides, under RCU, whether an inode that the index gave is to be freed. */
  | "reclaim-grab"
  /** Takes it out of the index and frees it. */
  | "reclaim"
  /** Cleans up on disk what was queued. */
  | "worker"
  | "destroy_inode"
  | "drop_inode";

interface PrivateFunction {
  readonly names: readonly string[];
  /** All of these stand in its text. Tried when the filesystem has none of the names. */
  readonly marks?: readonly RegExp[];
  /** Parameters whose value the scenario gives. */
  readonly constants?: Readonly<Record<string, number>>;
}

export interface PrivateCacheData {
  readonly id: string;
  readonly title: string;
  /** Its files. */
  readonly folder: string;
  readonly words: Partial<VocabularyData>;
  readonly functions: Readonly<Record<PrivateRole, PrivateFunction>>;
}

export const PRIVATE_CACHES: readonly PrivateCacheData[] = [
  {
    id: "xfs",
    title: "XFS",
    folder: "fs/xfs/",
    words: XFS_WORDS,
    functions: {
      lookup: {
        names: ["xfs_iget"],
        marks: [/radix_tree_lookup\s*\(/, /->pag_ici_root/, /\bagain:/],
        constants: { ino: 1, flags: 0, lock_flags: 0 },
      },
      "reclaim-grab": { names: ["xfs_reclaim_igrab"] },
      reclaim: { names: ["xfs_reclaim_inode"], marks: [/radix_tree_delete\s*\(/, /->pag_ici_root/] },
      worker: { names: ["xfs_inodegc_worker"], marks: [/llist_del_all\s*\(/, /\bi_gclist\b/] },
      destroy_inode: { names: ["xfs_fs_destroy_inode"] },
      drop_inode: { names: ["xfs_fs_drop_inode"] },
    },
  },
];

export class PrivateCache {
  readonly data: PrivateCacheData;
  /** The generic functions, with this filesystem's methods. */
  readonly generic: ExtractedProtocol;
  readonly failures: ExtractionFailure[] = [];
  readonly #tree: ExtractionTree;
  readonly #request: LowerRequest;
  readonly #token: CancellationToken;
  readonly #fragments = new Map<PrivateRole, Fragment | null>();

  constructor(tree: ExtractionTree, data: PrivateCacheData, token: CancellationToken = NEVER_CANCELLED) {
    this.#tree = tree;
    this.#token = token;
    this.data = data;
    const vocabulary = new Vocabulary(extendVocabulary(KERNEL_VOCABULARY, data.words));
    const methods = new Map<string, MethodBinding>([...PLAIN_METHODS, ["evict_inode", { kind: "absent" }]]);
    for (const name of ["destroy_inode", "drop_inode"] as const) {
      const fn = this.function(name);
      if (fn !== null) methods.set(name, { kind: "function", function: fn });
    }
    this.#request = { vocabulary, slots: PROTOCOL_SLOTS, methods };
    this.generic = new ExtractedProtocol(tree, { methods, vocabulary, token });
  }

  /** Null when the tree has no such function. */
  function(role: PrivateRole): FunctionRef | null {
    const { folder, functions } = this.data;
    const { names, marks } = functions[role];
    const { program, bodies } = this.#tree;
    for (const name of names)
      for (const fn of program.functionsNamed(name))
        if (!fn.file.isHeader && fn.file.path.startsWith(folder)) return fn;
    if (marks === undefined) return null;
    for (const file of program.files.values()) {
      if (file.isHeader || !file.path.startsWith(folder)) continue;
      for (const fn of file.functions) {
        const text = bodies.textOf(file, fn.span.body, fn.span.end);
        if (marks.every((mark) => mark.test(text))) return fn;
      }
    }
    return null;
  }

  /** Null when there is none, or it cannot be lowered; `failures` says why. Throws when cancelled. */
  fragment(role: PrivateRole): Fragment | null {
    throwIfCancelled(this.#token);
    let fragment = this.#fragments.get(role);
    if (fragment === undefined) {
      const fn = this.function(role);
      const { constants } = this.data.functions[role];
      const request = constants === undefined ? this.#request : { ...this.#request, constants };
      const result = fn === null ? null : lowerFunction(this.#tree, fn, request);
      if (result !== null && "failure" in result) this.failures.push(result.failure);
      fragment = result !== null && "fragment" in result ? result.fragment : null;
      this.#fragments.set(role, fragment);
    }
    return fragment;
  }
}
