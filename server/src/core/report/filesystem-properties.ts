/** What a filesystem's eviction does, one line for each property: the survey panel's rows. */
import type { ChainLink, EvictionOperation, TableReference } from "./finding.ts";

export const PROPERTY_IDS = [
  "deletes",
  "dirties",
  "no-fail",
  "blocks",
  "looks-up",
  "drops-others",
  "defers",
  "unhashes-early",
] as const;
export type PropertyId = (typeof PROPERTY_IDS)[number];

/** Where a property comes from: the shortest way from the operation to the line. */
export interface PropertyEvidence {
  readonly operation: EvictionOperation;
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** What happens there, in a few words. */
  readonly what: string;
  readonly chain: readonly ChainLink[];
  /** Whether a task in reclaim (PF_MEMALLOC set) gets there; suppressed findings count, too. */
  readonly reclaim: boolean;
  /** Why one may doubt it. */
  readonly doubt?: string;
}

/**
 * How the filesystem finds its inodes again: the kernel's inode hash, an index of its own, never (they are not
 * hashed), or nothing that we know of is named.
 */
export type InodeCache = "inode-hash" | "own-index" | "never-hashed" | "unknown";

export interface FilesystemProperties {
  readonly filesystem: string;
  readonly table: TableReference;
  readonly cache: InodeCache;
  /** Only what was found, in any context: a property that is missing was looked for and not found. */
  readonly properties: Readonly<Partial<Record<PropertyId, PropertyEvidence>>>;
}
