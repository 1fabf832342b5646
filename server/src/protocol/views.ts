/**
 * What the editor's views show: the eviction tree, the survey's matrix, a call chain. The server makes them of a review;
 * the client hands the last two on to their pages. Each page's messages are checked at both ends.
 */
import type { ContextName, EvictionOperation, RuleId, Verdict } from "../core/report/finding.ts";
import type { RootPhase } from "./messages.ts";

/** A finding's severity as the problem list has it: a rule's setting counts, and a hint is an information. */
export const SHOWN_SEVERITIES = ["error", "warning", "information"] as const;
export type ShownSeverity = (typeof SHOWN_SEVERITIES)[number];

/** A line of the tree; `file` is relative to its root. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export type Counts = Readonly<Record<ShownSeverity, number>>;

// The eviction tree ----------------------------------------------------------------------------------------------------

/** Request, client to server. */
export const EVICTION_TREE_REQUEST = "evictscope/views/tree";

/** Empty lists and an empty folder let everything through. */
export interface ViewFilter {
  readonly rules: readonly RuleId[];
  readonly contexts: readonly ContextName[];
  /** Relative to the tree's root: findings in files below it, and of filesystems below it. */
  readonly folder: string;
}
export const NO_FILTER: ViewFilter = { rules: [], contexts: [], folder: "" };

export interface EvictionTreeParams {
  readonly filter: ViewFilter;
}

export interface EvictionTreeResult {
  readonly roots: readonly TreeRoot[];
  /** What can be filtered by, with the number of findings, whatever the filter is at present. */
  readonly rules: readonly { readonly name: RuleId; readonly findings: number }[];
  readonly contexts: readonly { readonly name: ContextName; readonly findings: number }[];
  readonly folders: readonly { readonly name: string; readonly findings: number }[];
}

export interface TreeRoot {
  readonly root: string;
  readonly name: string;
  readonly phase: RootPhase;
  readonly message: string;
  readonly kernelVersion: string;
  readonly revision: number;
  /** All findings, and those that the filter lets through. */
  readonly findings: number;
  readonly counts: Counts;
  readonly filesystems: readonly TreeFilesystem[];
}

export interface TreeFilesystem extends Place {
  readonly id: string;
  readonly tables: readonly string[];
  readonly counts: Counts;
  readonly operations: readonly TreeOperation[];
}

export interface TreeOperation extends Place {
  readonly operation: EvictionOperation | string;
  readonly function: string;
  /** Empty for generic code. */
  readonly table: string;
  /** False when the tree holds no definition: the place is the table's then. */
  readonly defined: boolean;
  readonly counts: Counts;
  readonly findings: readonly TreeFinding[];
}

export interface TreeFinding extends Place {
  readonly id: string;
  readonly rule: RuleId;
  readonly severity: ShownSeverity;
  readonly message: string;
  readonly column: number;
  readonly function: string;
  readonly contexts: readonly ContextName[];
  readonly conditions: readonly string[];
  readonly confidence: string;
  readonly model: string;
  readonly verdict: Verdict;
}

// The survey -------------------------------------------------------------------------------------------------------------

/** Request, client to server: the matrix of one tree, of the first one without `root`. Null: no such tree is reviewed. */
export const SURVEY_REQUEST = "evictscope/views/survey";
export interface SurveyParams {
  readonly root?: string;
}

export const CELL_STATES = ["reclaim", "outside", "doubtful", "none", "value"] as const;
/** Reclaim gets there; only other contexts do; perhaps; nothing was found; the cell has a text of its own. */
export type CellState = (typeof CELL_STATES)[number];

export interface SurveyColumn {
  readonly id: string;
  readonly title: string;
  readonly hint: string;
}

export interface SurveyEvidence extends Place {
  readonly what: string;
  /** The functions on the way, the operation first. */
  readonly way: readonly { readonly function: string; readonly file: string; readonly line: number }[];
  readonly doubt?: string;
}

export interface SurveyCell {
  readonly state: CellState;
  readonly text: string;
  readonly findings: readonly {
    readonly id: string;
    readonly rule: RuleId;
    readonly severity: ShownSeverity;
    readonly message: string;
  }[];
  readonly evidence?: SurveyEvidence;
}

export interface SurveyRow extends Place {
  readonly filesystem: string;
  readonly table: string;
  readonly cells: readonly SurveyCell[];
}

export interface SurveyView {
  readonly root: string;
  readonly name: string;
  readonly kernelVersion: string;
  readonly revision: number;
  readonly columns: readonly SurveyColumn[];
  readonly rows: readonly SurveyRow[];
}

// The call chain ---------------------------------------------------------------------------------------------------------

/** Request, client to server. Null: the finding is gone. */
export const CALL_CHAIN_REQUEST = "evictscope/views/chain";
export interface CallChainParams {
  readonly root: string;
  readonly finding: string;
}

export const NODE_ROLES = ["root", "way", "operation", "call", "effect"] as const;
/** Where the kernel sets out; between there and the operation; the operation; below it; what happens. */
export type NodeRole = (typeof NODE_ROLES)[number];

export interface ChainNode extends Place {
  readonly id: string;
  readonly role: NodeRole;
  /** The function, or what happens. */
  readonly title: string;
  /** The contexts that come through here. */
  readonly contexts: readonly ContextName[];
}

export interface ChainEdge extends Place {
  readonly from: string;
  readonly to: string;
  /** The pointer through which it is called, as written. */
  readonly via?: string;
  /** The conditions around the call, in source words. */
  readonly guards: readonly string[];
}

export interface CallChainView {
  readonly root: string;
  readonly finding: string;
  readonly rule: RuleId;
  readonly severity: ShownSeverity;
  readonly message: string;
  readonly filesystem: string;
  readonly table: string;
  readonly operation: string;
  readonly confidence: string;
  readonly contexts: readonly ContextName[];
  /** Contexts of the finding for which the tree shows no way in (assumed ones). */
  readonly withoutWay: readonly ContextName[];
  /** Ways in that are not drawn: the shortest of each context is. */
  readonly moreWays: number;
  readonly conditions: readonly string[];
  readonly nodes: readonly ChainNode[];
  readonly edges: readonly ChainEdge[];
  /** Other things that the same call leads to. */
  readonly others: readonly (Place & { readonly function: string; readonly what: string })[];
}

export const CONTEXT_WORDS: Readonly<Record<ContextName, string>> = {
  kswapd: "kswapd",
  "direct-reclaim": "direct reclaim",
  "memcg-reclaim": "memcg reclaim",
  iput: "iput",
  umount: "umount",
  "drop-caches": "drop_caches",
  workqueue: "work queue",
  rcu: "RCU callback",
  assumed: "assumed (no mm/ in this tree)",
};
