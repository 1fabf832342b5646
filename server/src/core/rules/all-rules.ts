/** Every rule, in the order in which findings at one place are listed. */
import { asyncEvictContract } from "./async-evict-contract.ts";
import { blockingUnderMemalloc } from "./blocking-under-memalloc.ts";
import { deferredWork } from "./deferred-work.ts";
import { dirtyAfterClear } from "./dirty-after-clear.ts";
import { dirtyUnderMemalloc } from "./dirty-under-memalloc.ts";
import { evictionProtocol } from "./eviction-protocol.ts";
import { iputUnderEvict } from "./iput-under-evict.ts";
import { lookupIgnoresFreeing } from "./lookup-ignores-freeing.ts";
import { lookupUnderEvict } from "./lookup-under-evict.ts";
import { missingClearInode } from "./missing-clear-inode.ts";
import { missingTruncatePages } from "./missing-truncate-pages.ts";
import { missingWakeup } from "./missing-wakeup.ts";
import { nofailUnderMemalloc } from "./nofail-under-memalloc.ts";
import type { Rule } from "./rule.ts";
import { workAfterUnhash } from "./work-after-unhash.ts";

export const RULES: readonly Rule[] = [
  workAfterUnhash,
  dirtyUnderMemalloc,
  nofailUnderMemalloc,
  blockingUnderMemalloc,
  lookupUnderEvict,
  iputUnderEvict,
  missingClearInode,
  missingTruncatePages,
  deferredWork,
  dirtyAfterClear,
  lookupIgnoresFreeing,
  missingWakeup,
  asyncEvictContract,
  evictionProtocol,
];
