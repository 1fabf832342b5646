/**
 * An inode whose deletion looks another one up: extended attributes in inodes of their own (fs/ext4/xattr.c,
 * ext4_xattr_inode_dec_ref_all(); fs/ubifs/journal.c, ubifs_jnl_write_inode()).
 */
import type { Fragment } from "./fragment.ts";
import { type Draft, INODE } from "./scenario-draft.ts";
import { type Cast, lookupThread, NUMBER, reclaimThread } from "./scenario-threads.ts";

/** The number of the attached inode. It is the first on the LRU, so the shrinker has it when it comes to the other. */
const ATTACHED = 2;

/**
 * The shrinker must not end up evicting an inode in the middle of its walk: what this looks up may be on its own list. The
 * lookup inside the eviction is one step that waits like any other; the tree's own is judged in the other scenarios.
 */
export function attachedDraft(cast: Cast, lookup: Fragment, reclaim: Fragment): Draft {
  return {
    id: "reclaim-against-unlink-with-attached-inode",
    title: `${reclaim.name}() drops pages of an inode whose deletion looks up one that ${reclaim.name}() has taken`,
    summary:
      "The shrinker has taken an inode off the LRU and drops the pages of another; this is unlinked, and its deletion looks the first one up.",
    threads: [lookupThread(cast, lookup, undefined, true), reclaimThread(reclaim)],
    inode: { ...INODE, ino: ATTACHED, count: 0, lru: "LRU" },
    others: [{ ...INODE, count: 0, lru: "LRU", pages: 1 }],
    functions: [reclaim, lookup, cast.put],
    evictsWith: [
      {
        label: "->evict_inode: has a deleted inode an attached one?",
        if: `inode.ino == ${NUMBER} && inode.nlink == 0`,
        then: [
          {
            label: "->evict_inode: the lookup of the attached inode waits while that is evicted",
            do: `wait(find(${ATTACHED}) == find_live(${ATTACHED}))`,
          },
        ],
      },
    ],
  };
}
