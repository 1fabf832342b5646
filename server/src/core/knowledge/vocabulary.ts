/**
 * The names of the eviction protocol and what each means for an inode on its way out: for hovers and reports. Data
 * (glossary.json), each entry with its source in the kernel. Both idioms of i_state are there: the open-coded bits (to
 * 6.18) and the inode_state_*() accessors (from 6.19).
 */
import type { RuleId } from "../report/finding.ts";
import glossary from "./glossary.json" with { type: "json" };

export interface VocabularyEntry {
  /** What the name is or does, in one sentence. */
  readonly meaning: string;
  /** What holds when control is here, or once the flag is set. */
  readonly holds: string;
  readonly rules?: readonly RuleId[];
  /** The place in the kernel tree that says so: file, function or document. */
  readonly source: string;
  /** Files of the kernel's own documentation; a partial tree may lack them. */
  readonly documentation?: readonly string[];
}

export const VOCABULARY: ReadonlyMap<string, VocabularyEntry> = new Map(
  Object.entries(glossary.names as unknown as Record<string, VocabularyEntry>),
);
