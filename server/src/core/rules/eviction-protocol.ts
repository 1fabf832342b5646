/**
 * The race simulator, run on the model that is extracted from the tree's own fs/inode.c, finds an invariant violated.
 * The extraction is not part of this release; the rule's id, page and settings are reserved for it.
 */
import type { Rule } from "./rule.ts";

export const evictionProtocol: Rule = {
  id: "eviction-protocol",
  title: "Eviction protocol violated",
  description:
    "The race simulator, run on the model extracted from this tree's own fs/inode.c, finds an invariant violated.",
  severity: "error",
};
