/**
 * The types of a review: what `evictscope check --format json` prints, what the language server turns into
 * diagnostics and what the HTML report draws. One shape for all three, so that they cannot disagree.
 *
 * Readers ignore fields they don't know; a field is never removed or given another meaning within a version.
 * File names are relative to the root of the tree, with `/`. Lines and columns are 1-based; columns count UTF-16 units.
 */
import type { FilesystemProperties } from "./filesystem-properties.ts";

export const RULE_IDS = [
  "work-after-unhash",
  "dirty-under-memalloc",
  "nofail-under-memalloc",
  "blocking-under-memalloc",
  "lookup-under-evict",
  "iput-under-evict",
  "missing-clear-inode",
  "missing-truncate-pages",
  "deferred-work",
  "dirty-after-clear",
  "lookup-ignores-freeing",
  "missing-wakeup",
  "async-evict-contract",
  "eviction-protocol",
] as const;
export type RuleId = (typeof RULE_IDS)[number];

export type Severity = "error" | "warning" | "hint";
export type Confidence = "high" | "medium" | "low";

/** The five methods of struct super_operations from which eviction's code is reached (include/linux/fs.h). */
export const EVICTION_OPERATIONS = ["evict_inode", "destroy_inode", "free_inode", "drop_inode", "dirty_inode"] as const;
/** `evict_inode_async` is the method proposed in 2025; a tree that has it gets it listed with the rest. */
export type EvictionOperation = (typeof EVICTION_OPERATIONS)[number] | "evict_inode_async";

export type ContextName =
  | "kswapd"
  | "direct-reclaim"
  | "memcg-reclaim"
  | "iput"
  | "umount"
  | "drop-caches"
  | "workqueue"
  | "rcu"
  | "assumed";

export interface TableReference {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** One method that one super_operations table names, joined with its definition. */
export interface Implementation {
  readonly operation: EvictionOperation;
  readonly function: string;
  /** File and line of the definition; those of the table entry when no definition was found. */
  readonly file: string;
  readonly line: number;
  readonly table: TableReference;
  readonly filesystem: string;
  /** False when the tree holds no definition of the function. */
  readonly defined: boolean;
}

/** A call of remove_inode_hash() or __remove_inode_hash(). */
export interface UnhashSite {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly call: string;
}

export interface UnresolvedCall {
  readonly filesystem: string;
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly expression: string;
}

/** A link of a chain: `function` is the caller, `line` the line where the next link is called (last link: the effect). */
export interface ChainLink {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** The pointer through which the next link is called, as written: `inode->i_sb->s_op->evict_inode`. */
  readonly via?: string;
  /** The conditions around the call in its own function, in source words, outermost first. */
  readonly guards?: readonly string[];
}

export interface ChainEnd {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** What happens there, in a few words with the primitive's name: `mark_inode_dirty() dirties the inode`. */
  readonly what: string;
}

export type Verdict = "violated" | "holds" | "bounded" | "not-run";

export interface FindingSimulation {
  /** A catalogue id, or the id of the model extracted for this finding. */
  readonly model: string;
  readonly verdict: Verdict;
  readonly invariant?: string;
  readonly assumptions: readonly string[];
  readonly states?: number;
  readonly traceString?: string;
}

export interface Finding {
  readonly id: string;
  readonly rule: RuleId;
  readonly severity: Severity;
  /** The severity before the simulator raised or lowered it. */
  readonly staticSeverity: Severity;
  readonly confidence: Confidence;
  readonly confidenceReason?: string;
  /** One sentence that says the point. */
  readonly message: string;
  readonly filesystem: string;
  readonly table: string;
  readonly operation: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly function: string;
  readonly contexts: readonly ContextName[];
  /** In source words: `inode->i_nlink == 0`. */
  readonly conditions: readonly string[];
  readonly chain: readonly ChainLink[];
  readonly ends: readonly ChainEnd[];
  readonly simulation: FindingSimulation;
}

export interface ReviewStats {
  readonly files: number;
  readonly bytes: number;
  readonly functions: number;
  readonly functionsParsed: number;
  readonly functionsWithParseErrors: number;
  readonly elapsedMs: number;
  readonly peakRssBytes: number;
  readonly cache: "cold" | "warm";
  readonly suppressed: number;
}

/** One way of the tree into eviction, from its root (kswapd(), a system call's iput(), ...) to the caller of ->evict_inode. */
export interface ContextRoot {
  readonly context: ContextName;
  readonly function: string;
  readonly chain: readonly ChainLink[];
  /** The same by way of the last iput(), which an inode without links takes; reclaim alone has another. */
  readonly byLastIput?: readonly ChainLink[];
}

/** A file or folder that could not be read, with the reason; shown, never hidden. */
export interface TreeProblem {
  readonly file: string;
  readonly message: string;
}

export interface Review {
  readonly version: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly tree: { readonly root: string; readonly kernelVersion: string };
  /** Counts (files, bytes, functions, states), never times, so that editor, command line and report agree. */
  readonly limits: Readonly<Record<string, number>>;
  readonly stats: ReviewStats;
  /** The ways into eviction that the contexts of findings stand for; the shortest from each root. */
  readonly contexts?: readonly ContextRoot[];
  readonly implementations: readonly Implementation[];
  /** What each table's methods can do in any context, with the way to it. */
  readonly filesystems?: readonly FilesystemProperties[];
  readonly unhashSites: readonly UnhashSite[];
  readonly unresolvedCalls: readonly UnresolvedCall[];
  readonly problems: readonly TreeProblem[];
  readonly findings: readonly Finding[];
}
