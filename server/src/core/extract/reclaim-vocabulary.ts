/**
 * The kernel's words as a task in reclaim has them: PF_MEMALLOC is set, and work that it hands to another task runs there,
 * without PF_MEMALLOC. Nothing is said of what that task does.
 */
import { KERNEL_VOCABULARY } from "./kernel-vocabulary.ts";
import { extendVocabulary, Vocabulary } from "./vocabulary.ts";

/** include/linux/sched.h */
const PF_MEMALLOC = 0x00000800;

export const RECLAIM_VOCABULARY = new Vocabulary(
  extendVocabulary(KERNEL_VOCABULARY, {
    taskFlags: { PF_MEMALLOC },
    relevant: ["PF_MEMALLOC"],
    words: KERNEL_VOCABULARY.words.filter(({ op }) => op === "defer").map(({ names }) => ({ names, op: "hand-on" })),
  }),
);
