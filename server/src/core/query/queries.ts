/**
 * The questions that an editor asks of a reviewed tree beside its findings, and the shape of each answer. Plain data:
 * both travel between threads. Files are relative to the tree's root; lines and columns are 1-based, columns in UTF-16
 * units, ends exclusive.
 */
import type { ChainFailure } from "../extract/filesystem/chain-steps.ts";
import type { DesignTable } from "../extract/filesystem/design-table.ts";
import type { FindingVerdict } from "../extract/filesystem/verdict.ts";
import type { RaceModel } from "../race/model.ts";
import type { ChainLink, ContextName, EvictionOperation, Finding } from "../report/finding.ts";

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Span {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** An operation of one filesystem that reaches the function at hand. */
export interface ReachingOperation {
  readonly filesystem: string;
  readonly table: string;
  readonly operation: EvictionOperation;
  readonly function: string;
}

/** A context that the place can run in, in words: "kswapd (PF_MEMALLOC set)". */
export interface ContextNote {
  readonly context: ContextName;
  readonly memalloc: boolean;
}

/** Something that a call does, itself or by what it calls. */
export interface CallEffect {
  /** A kind of the knowledge base: dirty, disk, lock, ... */
  readonly kind: string;
  /** In words, with the primitive: "mark_buffer_dirty() dirties a buffer of the block device". */
  readonly what: string;
  /** The calls from the one at hand down to the effect; empty when the call is the primitive itself. */
  readonly chain: readonly ChainLink[];
  readonly doubt: string | null;
  /** It can happen with PF_MEMALLOC set. */
  readonly underMemalloc: boolean;
}

export interface CallTarget {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

export interface CallExplanation {
  readonly name: string;
  readonly span: Span;
  /** The pointer as written, for a call through one. */
  readonly via: string | null;
  readonly targets: readonly CallTarget[];
  /** One for each kind, nearest first. */
  readonly effects: readonly CallEffect[];
  /** The gfp flags of an allocation, as far as they are known here: ["GFP_NOFS", "__GFP_NOFAIL"]. */
  readonly gfp: readonly string[];
  /** The pointer leads to functions that nothing in the tree tells. */
  readonly unresolved: boolean;
}

/** What is known of a statement of a function that eviction reaches. */
export interface PlaceExplanation {
  readonly function: string;
  /** The operation that the answer speaks of: one that belongs to the file's own filesystem, where there is one. */
  readonly operation: ReachingOperation;
  /** Filesystems, besides that one, whose eviction comes here. */
  readonly others: number;
  /** Span of the statement. */
  readonly statement: Span | null;
  /** The inode's state on each way that leads here, in words; empty where no walk of the operation came. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly contexts: readonly ContextNote[];
  /** The function can run in reclaim, but this statement can't: a guard cuts the way. */
  readonly guardedFromReclaim: boolean;
  readonly call: CallExplanation | null;
  /** From a root of reclaim (or of another context, where there is none) down to the statement. */
  readonly way: readonly ChainLink[];
}

/** One inlay hint: what holds at the end of a line. */
export interface LineHint {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly detail: string;
}

/** A function in a call hierarchy. */
export interface HierarchyItem {
  readonly function: string;
  readonly file: string;
  readonly span: Span;
  readonly selection: Span;
  /** "evict_inode of fs/ext2", "called through inode->i_sb->s_op->evict_inode", "sets PF_MEMALLOC". */
  readonly detail: string;
  /** The filesystem through whose operations the hierarchy is walked; "" before it is known. */
  readonly filesystem: string;
}

export interface HierarchyCall {
  readonly item: HierarchyItem;
  /** Where the calls stand: in the caller. */
  readonly ranges: readonly Span[];
}

/** One function that a tree binds to a field of a table of pointers. */
export interface FieldBindingSite {
  readonly struct: string;
  readonly field: string;
  readonly filesystem: string;
  /** Name of the table; "" for an assignment in a function. */
  readonly table: string;
  readonly function: string;
  /** Where the table names the function. */
  readonly binding: { readonly file: string; readonly span: Span };
  /** Where it is defined; null when the tree does not define it. */
  readonly definition: { readonly file: string; readonly span: Span } | null;
}

export interface FieldUse {
  readonly file: string;
  readonly span: Span;
}

/** A change to the code that takes a finding away. */
export interface FixOffer {
  readonly fix: string;
  readonly title: string;
}

export interface FixEdit {
  readonly file: string;
  readonly span: Span;
  readonly text: string;
  /** Why the text changes here, in a few words: shown beside the change in a preview. */
  readonly why: string;
}

export interface Fix extends FixOffer {
  readonly edits: readonly FixEdit[];
}

interface Questions {
  /** The finding's own model, made from the tree's code; the reason where none can be made. */
  readonly model: { readonly ask: { readonly finding: Finding }; readonly answer: RaceModel | ChainFailure };
  readonly verdict: {
    readonly ask: { readonly finding: Finding; readonly maxStates?: number };
    readonly answer: FindingVerdict;
  };
  /** The designs of inode eviction, compared for one filesystem; null when the tree has no such filesystem. */
  readonly designs: {
    readonly ask: { readonly filesystem: string; readonly table?: string };
    readonly answer: DesignTable | null;
  };
  /** The model of one cell of that table. */
  readonly designModel: {
    readonly ask: {
      readonly filesystem: string;
      readonly table?: string;
      readonly design: string;
      readonly question: string;
    };
    readonly answer: RaceModel | null;
  };
  readonly place: { readonly ask: Place; readonly answer: PlaceExplanation | null };
  readonly hints: {
    readonly ask: { readonly file: string; readonly fromLine: number; readonly toLine: number };
    readonly answer: readonly LineHint[];
  };
  readonly hierarchy: { readonly ask: Place; readonly answer: HierarchyItem | null };
  readonly incoming: { readonly ask: { readonly item: HierarchyItem }; readonly answer: readonly HierarchyCall[] };
  readonly outgoing: { readonly ask: { readonly item: HierarchyItem }; readonly answer: readonly HierarchyCall[] };
  readonly implementations: { readonly ask: Place; readonly answer: readonly FieldBindingSite[] };
  readonly references: { readonly ask: Place; readonly answer: readonly FieldUse[] };
  readonly fixes: { readonly ask: { readonly finding: FixSubject }; readonly answer: readonly FixOffer[] };
  readonly fix: {
    readonly ask: { readonly finding: FixSubject; readonly fix: string };
    readonly answer: Fix | null;
  };
}

/** What a fix needs of a finding. */
export interface FixSubject {
  readonly rule: string;
  readonly filesystem: string;
  readonly table: string;
  readonly operation: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly function: string;
  readonly chain: readonly ChainLink[];
}

export type QueryName = keyof Questions;
export type Query<K extends QueryName = QueryName> = { [N in K]: { readonly name: N } & Questions[N]["ask"] }[K];
export type Answer<K extends QueryName = QueryName> = Questions[K]["answer"];
