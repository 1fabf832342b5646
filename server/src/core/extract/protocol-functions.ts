/**
 * The functions of the eviction protocol in a tree: by their names, and where a tree has none of these names, by what
 * they do. Names and marks are data.
 */
import type { FunctionRef, SourceFile } from "../callgraph/program.ts";
import type { CalledWith } from "./fragment-shelf.ts";
import type { ExtractionTree } from "./lowering-request.ts";

/** What a function is for. */
export type Role =
  | "put"
  | "lookup"
  | "create"
  | "insert"
  | "discard"
  | "grab"
  | "reclaim"
  | "umount"
  | "shutdown"
  | "unlock-new"
  | "new-inode"
  | "written"
  | "fail"
  | "clear"
  | "evict"
  | "unhash"
  | "complete";

interface RoleData {
  readonly names: readonly string[];
  /** All of these stand in the function's text, none of `not` does. Tried in the protocol's file when no name fits. */
  readonly marks?: readonly RegExp[];
  readonly not?: readonly RegExp[];
  /** Take every name that the tree has, not the first. */
  readonly all?: boolean;
  /** Where it may stand beside the protocol's file. */
  readonly file?: string;
  readonly calledWith?: CalledWith;
}

const ROLES: Readonly<Record<Role, RoleData>> = {
  put: {
    names: ["iput"],
    marks: [/i_count/, /atomic_dec_and_lock|atomic_add_unless|atomic_dec_and_test/],
    not: [/i_sb_list/],
  },
  lookup: {
    names: ["iget_locked", "iget5_locked", "iget5_locked_rcu", "ilookup", "ilookup5"],
    marks: [/alloc_inode\s*\(/, /I_NEW/, /return\s+(inode|old|new)/],
    all: true,
  },
  create: { names: ["insert_inode_locked", "insert_inode_locked4"], marks: [/I_CREATING/, /EBUSY/], all: true },
  /** Puts an inode into the hash without a look at what is there. */
  insert: { names: ["__insert_inode_hash"] },
  /** Gives up an inode that was inserted and never filled in. */
  discard: { names: ["discard_new_inode"] },
  grab: { names: ["igrab"], marks: [/__iget\s*\(/, /I_FREEING/], not: [/for_each/] },
  reclaim: { names: ["prune_icache_sb", "prune_icache"], marks: [/list_lru\w*_walk\w*\s*\(/] },
  umount: { names: ["evict_inodes", "invalidate_inodes"], marks: [/i_sb_list/, /I_FREEING/], all: true },
  /** What umount does with a superblock that nobody uses any more. */
  shutdown: { names: ["generic_shutdown_super"], file: "fs/super.c" },
  "unlock-new": {
    names: ["unlock_new_inode"],
    marks: [/~\s*I_NEW|state_clear\s*\(\s*\w+\s*,\s*I_NEW/, /wake/],
    not: [/iput/],
  },
  "new-inode": { names: ["new_inode"], marks: [/i_?n?e?w?_inode_pseudo|alloc_inode/, /sb_list_add/], not: [/I_NEW/] },
  /** Gives up an inode that a lookup has made and could not read. */
  fail: { names: ["iget_failed"], file: "fs/bad_inode.c" },
  /** The end of a writeback, under i_lock: whoever waits for it is woken. */
  written: { names: ["inode_sync_complete"], file: "fs/fs-writeback.c", calledWith: { holds: ["i_lock"] } },
  clear: { names: ["clear_inode"], marks: [/I_FREEING\s*\|\s*I_CLEAR/, /BUG_ON/], not: [/wake/] },
  evict: { names: ["evict"] },
  unhash: { names: ["__remove_inode_hash"] },
  /** The tail of an eviction that a worker finishes (the asynchronous design). */
  complete: { names: ["evict_inode_complete", "evict_finish", "inode_evict_complete"] },
};

/** Looked for when the names are not there: a function that hands the inode to the filesystem's eviction. */
const PROTOCOL_FILE_MARK = /->evict_inode\s*\(/;

export class ProtocolFunctions {
  readonly #tree: ExtractionTree;
  readonly #found = new Map<Role, readonly FunctionRef[]>();
  /** The file that holds the protocol; null when the tree has none. */
  readonly file: SourceFile | null;

  constructor(tree: ExtractionTree) {
    this.#tree = tree;
    this.file = this.#protocolFile();
  }

  /** All functions of a role; empty when the tree has none. */
  of(role: Role): readonly FunctionRef[] {
    let found = this.#found.get(role);
    if (found === undefined) {
      found = this.#find(ROLES[role]);
      this.#found.set(role, found);
    }
    return found;
  }

  calledWith(role: Role): CalledWith {
    return ROLES[role].calledWith ?? {};
  }

  first(role: Role): FunctionRef | null {
    return this.of(role)[0] ?? null;
  }

  #protocolFile(): SourceFile | null {
    for (const name of [...ROLES.put.names, ...ROLES.umount.names])
      for (const fn of this.#tree.program.functionsNamed(name)) if (!fn.file.isHeader && !fn.isStatic) return fn.file;
    for (const file of this.#tree.program.files.values())
      if (/^fs\/[^/]+\.c$/.test(file.path))
        for (const fn of file.functions)
          if (PROTOCOL_FILE_MARK.test(this.#tree.bodies.textOf(file, fn.span.body, fn.span.end))) return file;
    return null;
  }

  #find(role: RoleData): readonly FunctionRef[] {
    const { file } = this;
    if (file === null) return [];
    const byName = role.names.flatMap((name) =>
      this.#tree.program
        .functionsNamed(name)
        .filter((fn) => !fn.file.isHeader && (fn.file === file || fn.file.path === role.file)),
    );
    if (byName.length > 0) return role.all === true ? byName : byName.slice(0, 1);
    if (role.marks === undefined) return [];
    const byMark = file.functions.filter((fn) => {
      if (fn.isStatic) return false;
      const text = this.#tree.bodies.textOf(file, fn.span.body, fn.span.end);
      return (
        role.marks?.every((mark) => mark.test(text)) === true && role.not?.some((mark) => mark.test(text)) !== true
      );
    });
    return role.all === true ? byMark : byMark.slice(0, 1);
  }
}
