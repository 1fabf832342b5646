/**
 * Filesystems that keep their inodes in an index of their own: which they are, with which functions, as data; and these
 * functions, lowered with the words of fs/inode.c and their own.
 */
import type { FunctionRef } from "../callgraph/program.ts";
import type { SlotInitial } from "../race/model.ts";
import { type CancellationToken, NEVER_CANCELLED } from "../text/cancellation.ts";
import type { ExtractionFailure, Fragment } from "./fragment.ts";
import { type CalledWith, FragmentShelf } from "./fragment-shelf.ts";
import { KERNEL_VOCABULARY } from "./kernel-vocabulary.ts";
import type { ExtractionTree, MethodBinding } from "./lowering-request.ts";
import { XFS_WORDS } from "./private-cache-vocabulary.ts";
import { BCACHEFS_WORDS } from "./private-hash-vocabulary.ts";
import { ExtractedProtocol, PLAIN_METHODS, PROTOCOL_SLOTS } from "./protocol.ts";
import { extendVocabulary, Vocabulary, type VocabularyData } from "./vocabulary.ts";

/** What a function of such a filesystem is for. */
export type PrivateRole =
  /** Gives the inode of a number: from the index, or from disk. */
  | "lookup"
  /** The same for who only wants what is in memory, and for who has taken a free number for a new file. */
  | "lookup-in-memory"
  | "create"
  /** Makes a new file's inode one that others can use. */
  | "set-up"
  /** Decides, under RCU, whether an inode that the index gave is to be freed. */
  | "reclaim-grab"
  /** Takes it out of the index and frees it. */
  | "reclaim"
  /** Marks an inode in the index for the reclaimer. */
  | "mark"
  /** Cleans up on disk what was queued. */
  | "worker"
  | Method;

/** Methods of the superblock that are such a filesystem's own; the others are absent. */
const METHODS = ["evict_inode", "destroy_inode", "drop_inode"] as const;
type Method = (typeof METHODS)[number];

interface PrivateFunction {
  readonly names: readonly string[];
  /** All of these stand in its text. Tried when the filesystem has none of the names. */
  readonly marks?: readonly RegExp[];
  /** Parameters whose value the scenario gives. */
  readonly constants?: Readonly<Record<string, number>>;
  /** The name of its procedure, where one function has several roles. */
  readonly as?: string;
}

export interface PrivateCacheData {
  readonly id: string;
  readonly title: string;
  /** Its files. */
  readonly folder: string;
  readonly words: Partial<VocabularyData>;
  readonly functions: Readonly<Partial<Record<PrivateRole, PrivateFunction>>>;
  /** What an inode is that can be used, and one that must not be any more; `$` is the inode. */
  readonly usable: string;
  readonly dying: string;
  /** What an inode in use has beyond the model language's own fields. */
  readonly inUse: SlotInitial;
  /** Who changes the index holds this lock. */
  readonly indexLock?: string;
  /** The locks by which inodes are held that nobody has a reference to: of an inode's flags, and of the inode. */
  readonly cluster?: { readonly flags: string; readonly inode: string };
  /** What a lookup does not do for itself and is taken for granted. */
  readonly lookupHolds?: { readonly rcu: true; readonly assume: string };
}

export const PRIVATE_CACHES: readonly PrivateCacheData[] = [
  {
    id: "xfs",
    title: "XFS",
    folder: "fs/xfs/",
    words: XFS_WORDS,
    usable: "$.count && $.built && !$.DYING",
    dying: "$.DYING",
    inUse: { i_ino: 1, mode: 1 },
    indexLock: "pag_ici_lock",
    cluster: { flags: "i_flags_lock", inode: "ilock" },
    functions: {
      lookup: {
        names: ["xfs_iget"],
        marks: [/radix_tree_lookup\s*\(/, /->pag_ici_root/, /\bagain:/],
        constants: { ino: 1, flags: 0, lock_flags: 0 },
      },
      // XFS_IGET_INCORE and XFS_IGET_CREATE (xfs_icache.h).
      "lookup-in-memory": {
        names: ["xfs_iget"],
        constants: { ino: 1, flags: 8, lock_flags: 0 },
        as: "xfs_iget_incore",
      },
      create: { names: ["xfs_iget"], constants: { ino: 1, flags: 1, lock_flags: 0 }, as: "xfs_iget_create" },
      "set-up": { names: ["xfs_setup_existing_inode"] },
      "reclaim-grab": { names: ["xfs_reclaim_igrab"] },
      reclaim: { names: ["xfs_reclaim_inode"], marks: [/radix_tree_delete\s*\(/, /->pag_ici_root/] },
      mark: {
        names: ["xfs_perag_set_inode_tag"],
        marks: [/radix_tree_tag_set\s*\(/, /->pag_ici_root/, /XFS_ICI_RECLAIM_TAG/],
      },
      worker: { names: ["xfs_inodegc_worker"], marks: [/llist_del_all\s*\(/, /\bi_gclist\b/] },
      destroy_inode: { names: ["xfs_fs_destroy_inode"] },
      drop_inode: { names: ["xfs_fs_drop_inode"] },
    },
  },
  {
    id: "bcachefs",
    title: "bcachefs",
    folder: "fs/bcachefs/",
    words: BCACHEFS_WORDS,
    usable: "$.count && $.built && $.hashed && !$.FREEING",
    dying: "$.FREEING",
    inUse: { HASHED: 1, listed: 1 },
    functions: {
      lookup: {
        names: ["bch2_vfs_inode_get"],
        marks: [/bch2_inode_hash_find\s*\(/, /\bsubvol_inum\b/, /PTR_ERR_OR_ZERO/],
      },
      evict_inode: { names: ["bch2_evict_inode"] },
    },
    lookupHolds: {
      rcu: true,
      assume:
        "what the index gives stays in memory until the lookup is over: rhashtable_lookup_fast() itself is under RCU no longer than it runs",
    },
  },
];

export class PrivateCache {
  readonly data: PrivateCacheData;
  /** The generic functions, with this filesystem's methods. */
  readonly generic: ExtractedProtocol;
  readonly #tree: ExtractionTree;
  readonly #shelf: FragmentShelf;
  readonly #vocabulary: Vocabulary;

  constructor(tree: ExtractionTree, data: PrivateCacheData, token: CancellationToken = NEVER_CANCELLED) {
    this.#tree = tree;
    this.data = data;
    const vocabulary = new Vocabulary(extendVocabulary(KERNEL_VOCABULARY, data.words));
    const methods = new Map<string, MethodBinding>([...PLAIN_METHODS, ["evict_inode", { kind: "absent" }]]);
    for (const name of METHODS) {
      const fn = this.function(name);
      if (fn !== null) methods.set(name, { kind: "function", function: fn });
    }
    this.#vocabulary = vocabulary;
    this.#shelf = new FragmentShelf(tree, { vocabulary, slots: PROTOCOL_SLOTS, methods }, token);
    this.generic = new ExtractedProtocol(tree, { methods, vocabulary, token });
  }

  /** Null when the tree has no such function. */
  function(role: PrivateRole): FunctionRef | null {
    const { folder, functions } = this.data;
    const { names = [], marks } = functions[role] ?? {};
    const { program, bodies } = this.#tree;
    for (const name of names)
      for (const fn of program.functionsNamed(name)) if (fn.file.path.startsWith(folder)) return fn;
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

  /** Whether the tree has such a function that is lowered where it is called. */
  follows(role: PrivateRole): boolean {
    const fn = this.function(role);
    return fn !== null && this.#vocabulary.follows(fn.file.path);
  }

  get failures(): readonly ExtractionFailure[] {
    return this.#shelf.failures;
  }

  /** Null when there is none, or it cannot be lowered; `failures` says why. Throws when cancelled. */
  fragment(role: PrivateRole): Fragment | null {
    const fn = this.function(role);
    const { constants, as: name } = this.data.functions[role] ?? {};
    const calledWith: CalledWith = {
      ...(constants === undefined ? {} : { constants }),
      ...(name === undefined ? {} : { name }),
    };
    return fn === null ? null : this.#shelf.get(fn, calledWith);
  }
}
