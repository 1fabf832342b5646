/** Whether a filesystem's lookups use the inode hash, an index of its own, or none at all. */
import type { FilesystemFacts } from "../analysis/filesystem-facts.ts";
import type { InodeCache } from "../report/filesystem-properties.ts";
import type { Severity } from "../report/finding.ts";

const HASH_LOOKUPS = [
  "iget_locked",
  "iget5_locked",
  "iget5_locked_rcu",
  "ilookup",
  "ilookup5",
  "ilookup5_nowait",
  "inode_insert5",
  "insert_inode_locked",
  "insert_inode_locked4",
  "find_inode_nowait",
  "__insert_inode_hash",
  "insert_inode_hash",
];
const NEVER_HASHED = ["new_inode", "new_inode_pseudo", "alloc_anon_inode"];
/** An index of a filesystem's own is one of the kernel's search structures that inodes are put into. */
const OWN_INDEX = [
  "radix_tree_insert",
  "radix_tree_lookup",
  "xa_insert",
  "xa_load",
  "xa_store",
  "rhashtable_lookup",
  "rhashtable_lookup_fast",
  "rhashtable_insert_fast",
  "rhashtable_lookup_insert_fast",
  "rhltable_lookup",
  "inode_init_always",
  "hash_add",
  "hlist_add_head",
  "inode_fake_hash",
];

/** Of every filesystem it is asked whether it names these. */
export const ASKED_NAMES: readonly string[] = [...HASH_LOOKUPS, ...OWN_INDEX, ...NEVER_HASHED];

export interface HashUse {
  readonly severity: Severity;
  /** Appended to messages; empty when the inode hash is used. */
  readonly note: string;
}

/** Which of them it is, by the names that its own text holds. */
export function inodeCache({ filesystem }: FilesystemFacts): InodeCache {
  const names = (list: readonly string[]): boolean => list.some((name) => filesystem.mentions(name));
  if (names(HASH_LOOKUPS)) return "inode-hash";
  if (names(OWN_INDEX)) return "own-index";
  return names(NEVER_HASHED) ? "never-hashed" : "unknown";
}

export function hashUse(facts: FilesystemFacts): HashUse {
  switch (inodeCache(facts)) {
    case "own-index":
      return { severity: "warning", note: "; its lookups use an index of its own, which must keep them in order" };
    case "never-hashed":
      return { severity: "hint", note: "; its inodes are never hashed, so no lookup can find one" };
    default:
      return { severity: "error", note: "" };
  }
}
