/** What a survey says: `evictscope survey --format json`. Readers ignore fields they don't know. */
import type {
  EvictionOperation,
  Implementation,
  TableReference,
  TreeProblem,
  UnhashSite,
} from "../core/report/finding.ts";

/** Named in the method's own body; what it does through calls is for `check` to say. */
export interface SurveyProperty {
  readonly id: string;
  /** One letter for the text report. */
  readonly letter: string;
  readonly meaning: string;
  readonly pattern: RegExp;
}

export const SURVEY_PROPERTIES: readonly SurveyProperty[] = [
  property("truncates-pages", "T", "empties the page cache", /\btruncate_inode_pages(_final|_range)?\s*\(/),
  property("clears-inode", "C", "calls clear_inode()", /\bclear_inode\s*\(/),
  property("tests-link-count", "N", "looks at i_nlink", /\bi_nlink\b/),
  property("tests-bad-inode", "B", "looks at is_bad_inode()", /\bis_bad_inode\s*\(/),
  property(
    "tests-memalloc",
    "M",
    "looks at PF_MEMALLOC or current_is_kswapd()",
    /\bPF_MEMALLOC\b|\bcurrent_is_kswapd\s*\(/,
  ),
  property("unhashes", "U", "removes the inode from the hash", /\b_*remove_inode_hash\s*\(/),
  property(
    "defers",
    "D",
    "queues work, or an RCU callback",
    /\b(queue_(delayed_)?work(_on)?|mod_delayed_work|schedule_(delayed_)?work|call_rcu|task_work_add)\s*\(/,
  ),
];

function property(id: string, letter: string, meaning: string, pattern: RegExp): SurveyProperty {
  return { id, letter, meaning, pattern };
}

export interface SurveyedMethod extends Omit<Implementation, "table" | "filesystem"> {
  /** Ids of SURVEY_PROPERTIES. */
  readonly properties: readonly string[];
}

export interface SurveyedFilesystem {
  readonly filesystem: string;
  readonly table: TableReference;
  readonly methods: readonly SurveyedMethod[];
}

export interface SurveyCounts {
  readonly tables: number;
  /** For each operation: tables that have it, functions that they name, tables that name a function of another file. */
  readonly operations: readonly {
    readonly operation: EvictionOperation;
    readonly tables: number;
    readonly functions: number;
    readonly definedElsewhere: number;
  }[];
  readonly unhashSites: number;
}

export interface Survey {
  readonly version: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly tree: { readonly root: string; readonly kernelVersion: string };
  readonly limits: Readonly<Record<string, number>>;
  readonly stats: {
    /** C files searched, their bytes, and those that were looked at closely. */
    readonly files: number;
    readonly bytes: number;
    readonly filesScanned: number;
    readonly elapsedMs: number;
    readonly peakRssBytes: number;
  };
  readonly counts: SurveyCounts;
  readonly filesystems: readonly SurveyedFilesystem[];
  /** The same as `implementations` of `check`. */
  readonly implementations: readonly Implementation[];
  readonly unhashSites: readonly UnhashSite[];
  readonly problems: readonly TreeProblem[];
}
