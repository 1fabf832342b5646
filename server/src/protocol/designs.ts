/** The table that compares designs of inode eviction for one filesystem: asked of the server, drawn by the client. */
import type { DesignTable } from "../core/extract/filesystem/design-table.ts";

export type { DesignCell, DesignRow, DesignRun, DesignTable } from "../core/extract/filesystem/design-table.ts";

/** Client to server. A cell opens by the panel's own request, with the cell's `model` and the same `root`. */
export const DESIGNS_REQUEST = "evictscope/designs";

export interface DesignsParams {
  /** URI of the tree. */
  readonly root: string;
  /** As in a finding: `fs/ext4`. */
  readonly filesystem: string;
}

/** Null when the tree is not indexed yet or has no such filesystem. */
export type DesignsResult = DesignTable | null;
