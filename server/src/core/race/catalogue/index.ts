/** The catalogue of races and designs: models as data, each with its sources, toggles and expected verdicts. */

import type { RaceModel } from "../model.ts";
import bcachefsOwnHashWaiter from "./bcachefs-own-hash-waiter.json" with { type: "json" };
import cephIputInDispatch from "./ceph-iput-in-dispatch.json" with { type: "json" };
import cephIputInWritepages from "./ceph-iput-in-writepages.json" with { type: "json" };
import createStepsOverFreeing from "./create-steps-over-freeing.json" with { type: "json" };
import deferredBacklogNoBackpressure from "./deferred-backlog-no-backpressure.json" with { type: "json" };
import deferredEvictVsFreeze from "./deferred-evict-vs-freeze.json" with { type: "json" };
import deferredInodeReclaimRfc from "./deferred-inode-reclaim-rfc.json" with { type: "json" };
import deferredListRevival from "./deferred-list-revival.json" with { type: "json" };
import dropCachesMissesClear from "./drop-caches-misses-clear.json" with { type: "json" };
import evictAfterMountDataFreed from "./evict-after-mount-data-freed.json" with { type: "json" };
import evictAsyncAfterUnhash from "./evict-async-after-unhash.json" with { type: "json" };
import evictAsyncHashed from "./evict-async-hashed.json" with { type: "json" };
import evictAsyncLinkageAndUmount from "./evict-async-linkage-and-umount.json" with { type: "json" };
import evictErrorPutback from "./evict-error-putback.json" with { type: "json" };
import evictUnderLruWalk from "./evict-under-lru-walk.json" with { type: "json" };
import evictWorkerNeedsMemory from "./evict-worker-needs-memory.json" with { type: "json" };
import ext4EaMbcacheVsFreeing from "./ext4-ea-mbcache-vs-freeing.json" with { type: "json" };
import ext4FreezeVsEvictInHandle from "./ext4-freeze-vs-evict-in-handle.json" with { type: "json" };
import f2fsEvictGcSelfWait from "./f2fs-evict-gc-self-wait.json" with { type: "json" };
import flusherIputEvicts from "./flusher-iput-evicts.json" with { type: "json" };
import forcedFinalIputVsPrune from "./forced-final-iput-vs-prune.json" with { type: "json" };
import freeInodeVsSuper from "./free-inode-vs-super.json" with { type: "json" };
import freeingWaitLostWakeupRcu from "./freeing-wait-lost-wakeup-rcu.json" with { type: "json" };
import freeingWaitUnderFsLock from "./freeing-wait-under-fs-lock.json" with { type: "json" };
import fsnotifyConnectorIputVsUmount from "./fsnotify-connector-iput-vs-umount.json" with { type: "json" };
import fuseNodeidReuse from "./fuse-nodeid-reuse.json" with { type: "json" };
import gfpFsReclaimReentersFs from "./gfp-fs-reclaim-reenters-fs.json" with { type: "json" };
import gfs2DeferInDropInode from "./gfs2-defer-in-drop-inode.json" with { type: "json" };
import gfs2DlmInReclaim from "./gfs2-dlm-in-reclaim.json" with { type: "json" };
import gfs2GlockVsFreeing from "./gfs2-glock-vs-freeing.json" with { type: "json" };
import halfBuiltInodeDiscard from "./half-built-inode-discard.json" with { type: "json" };
import hardFlagSetLate from "./hard-flag-set-late.json" with { type: "json" };
import iholdOnZero from "./ihold-on-zero.json" with { type: "json" };
import inoNumberCollision9p from "./ino-number-collision-9p.json" with { type: "json" };
import insertInodeLockedUnderWriteLock from "./insert-inode-locked-under-write-lock.json" with { type: "json" };
import kswapdOnlyInodeReclaim from "./kswapd-only-inode-reclaim.json" with { type: "json" };
import lazytimeLastIputDirties from "./lazytime-last-iput-dirties.json" with { type: "json" };
import memallocUsesAtomicReserve from "./memalloc-uses-atomic-reserve.json" with { type: "json" };
import negativeDentryRaceLastHolder from "./negative-dentry-race-last-holder.json" with { type: "json" };
import nfsdIgetVsCreate from "./nfsd-iget-vs-create.json" with { type: "json" };
import nofailAllocInMemalloc from "./nofail-alloc-in-memalloc.json" with { type: "json" };
import overlayfsStackedLastIput from "./overlayfs-stacked-last-iput.json" with { type: "json" };
import passiveReference from "./passive-reference.json" with { type: "json" };
import syncEvictBaseline from "./sync-evict-baseline.json" with { type: "json" };
import ubifsXattrJournalAbba from "./ubifs-xattr-journal-abba.json" with { type: "json" };
import unhashBeforeClearInode from "./unhash-before-clear-inode.json" with { type: "json" };
import wbSwitchVsUmount from "./wb-switch-vs-umount.json" with { type: "json" };
import xfsEvictZeroesMode from "./xfs-evict-zeroes-mode.json" with { type: "json" };
import xfsIgetWaitsForGcWithAgi from "./xfs-iget-waits-for-gc-with-agi.json" with { type: "json" };
import xfsPrivateCacheRecycle from "./xfs-private-cache-recycle.json" with { type: "json" };
import xfsRcuLookupOfDead from "./xfs-rcu-lookup-of-dead.json" with { type: "json" };

// The files are checked by loadModel() in the tests; their literal types are wider than RaceModel's.
const MODELS: readonly RaceModel[] = [
  syncEvictBaseline,
  evictErrorPutback,
  kswapdOnlyInodeReclaim,
  gfpFsReclaimReentersFs,
  nofailAllocInMemalloc,
  memallocUsesAtomicReserve,
  negativeDentryRaceLastHolder,
  overlayfsStackedLastIput,
  lazytimeLastIputDirties,
  xfsPrivateCacheRecycle,
  evictAsyncHashed,
  evictAsyncAfterUnhash,
  evictAsyncLinkageAndUmount,
  createStepsOverFreeing,
  freeingWaitUnderFsLock,
  evictWorkerNeedsMemory,
  deferredBacklogNoBackpressure,
  deferredEvictVsFreeze,
  deferredInodeReclaimRfc,
  deferredListRevival,
  hardFlagSetLate,
  gfs2DeferInDropInode,
  passiveReference,
  unhashBeforeClearInode,
  forcedFinalIputVsPrune,
  freeingWaitLostWakeupRcu,
  bcachefsOwnHashWaiter,
  f2fsEvictGcSelfWait,
  gfs2GlockVsFreeing,
  gfs2DlmInReclaim,
  insertInodeLockedUnderWriteLock,
  ext4FreezeVsEvictInHandle,
  ext4EaMbcacheVsFreeing,
  evictUnderLruWalk,
  ubifsXattrJournalAbba,
  dropCachesMissesClear,
  flusherIputEvicts,
  wbSwitchVsUmount,
  iholdOnZero,
  fsnotifyConnectorIputVsUmount,
  halfBuiltInodeDiscard,
  nfsdIgetVsCreate,
  cephIputInWritepages,
  cephIputInDispatch,
  fuseNodeidReuse,
  xfsEvictZeroesMode,
  xfsRcuLookupOfDead,
  xfsIgetWaitsForGcWithAgi,
  freeInodeVsSuper,
  inoNumberCollision9p,
  evictAfterMountDataFreed,
] as unknown as RaceModel[];

/** All models, in the order of the catalogue: designs, proposals, historical bugs. */
export function listModels(): readonly RaceModel[] {
  return MODELS;
}

export function getModel(id: string): RaceModel | undefined {
  return MODELS.find((model) => model.id === id);
}
