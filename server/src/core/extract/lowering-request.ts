/** What lowering is asked for: the tree, how parameters and methods are bound, and the words it knows. */
import type { Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, Program } from "../callgraph/program.ts";
import type { FunctionBodies } from "../ir/function-bodies.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The opened tree. `Engine` of the analysis has the last two. */
export interface ExtractionTree {
  readonly program: Program;
  readonly bodies: FunctionBodies;
  readonly lookup: Lookup;
}

/** What a call through a pointer of this name does: `op->evict_inode(inode)`, `set(inode, data)`. */
export type MethodBinding =
  /** The pointer is NULL. */
  | { readonly kind: "absent" }
  /** The tree's own function, lowered in place. */
  | { readonly kind: "function"; readonly function: FunctionRef }
  /**
   * A procedure of the scenario with the parameter `inode` (a slot), and `result` (a number local) when `hasResult`.
   * It must take and release locks in balance.
   */
  | {
      readonly kind: "procedure";
      readonly procedure: string;
      readonly hasResult?: boolean;
      /** It cannot be called with a spin lock held. */
      readonly sleeps?: boolean;
      /** It is about no inode and has no parameter. */
      readonly alone?: boolean;
    }
  /** A number that it always returns. */
  | { readonly kind: "value"; readonly value: number };

/** A piece of work and its queue, by the names of the members that hold them. */
export interface QueuedWork {
  readonly work: string;
  readonly queue: string;
}

export interface LowerRequest {
  readonly vocabulary: Vocabulary;
  /** Number of inode slots of the scenarios that will use the fragment; chains and lists are walked slot by slot. */
  readonly slots: number;
  readonly methods: ReadonlyMap<string, MethodBinding>;
  /** Parameters with a value that is known: `is_inode_hash_locked` = 1. */
  readonly constants?: Readonly<Record<string, number>>;
  /**
   * Work that a filesystem hands on is followed, and this is waited for where the code waits for it; counters of its own
   * (`&sbi->in_flight`) are variables. Absent: such counters are not known.
   */
  readonly waitsFor?: QueuedWork;
  /** Locks of its inode that the function is called with, and returns with. */
  readonly holds?: readonly string[];
  /** The procedure's name when it is not the function's. */
  readonly name?: string;
}
