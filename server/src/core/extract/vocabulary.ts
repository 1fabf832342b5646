/**
 * What lowering knows of the kernel's words, as data: which call, member, flag or macro becomes which statement of a model.
 * The built-in words are in kernel-vocabulary.ts; a caller adds its own (a filesystem's primitives) with `extendVocabulary`.
 * A word of the vocabulary wins over the tree's own definition; a call that is neither here nor relevant is left out.
 */

import type { VariableDeclaration } from "../race/model.ts";

/** Numbers are indices of arguments. */
export type Operation =
  /**
   * `member`: the argument is the inode or object, whose lock of that name it takes. `yields`: what a lock answers, in the
   * model language; absent: 0.
   */
  | { readonly op: "lock"; readonly lock: number; readonly member?: string; readonly yields?: string }
  | { readonly op: "unlock" | "trylock"; readonly lock: number; readonly member?: string }
  /** What comes next relies on this thread holding the lock. */
  | { readonly op: "lock-is-held"; readonly lock: number }
  /** Takes the lock of an object and gives the object: inode_to_wb_and_lock_list(). */
  | { readonly op: "lock-object"; readonly object: string; readonly member: string }
  /** atomic_dec_and_lock(count, lock) */
  | { readonly op: "dec-and-lock"; readonly count: number; readonly lock: number }
  /** The value of the call is that argument: READ_ONCE(), container_of(). */
  | { readonly op: "value"; readonly of: number }
  | { readonly op: "assign"; readonly target: number; readonly value: number }
  /** Accessors of i_state: inode_state_read(inode), inode_state_set(inode, mask), inode_state_replace(inode, clear, set). */
  | { readonly op: "state-read" }
  | { readonly op: "state-set" | "state-clear" | "state-assign" }
  | { readonly op: "state-replace" }
  /** BUG_ON(condition); with `must` ASSERT(condition). */
  | { readonly op: "assert"; readonly condition?: number; readonly value?: boolean; readonly must?: boolean }
  | { readonly op: "count-read" | "count-inc" | "count-dec" | "count-inc-return" | "count-dec-and-test" }
  /** atomic_add_unless(count, amount, unless); atomic_inc_not_zero(count) is (1, 0). */
  | { readonly op: "count-add-unless"; readonly amount?: number; readonly unless?: number }
  /** Is this link of an inode (or this list) empty? */
  | { readonly op: "is-empty"; readonly negated?: boolean }
  | { readonly op: "link-add"; readonly link: number; readonly list: number; readonly moves?: boolean }
  /** `poisons`: the link is not made anew: it is on no list and does not look empty either (list_del()). */
  | { readonly op: "link-del"; readonly link: number; readonly poisons?: boolean }
  /** Makes a link or a list anew, whatever was on it. */
  | { readonly op: "link-init"; readonly link: number }
  | { readonly op: "list-first"; readonly orNull?: boolean }
  | { readonly op: "lru-add" | "lru-del" | "lru-isolate"; readonly link: number }
  | { readonly op: "lru-isolate-move"; readonly link: number; readonly list: number }
  /** list_lru_walk(lru, isolate, arg, ..): the callback for each inode of the LRU, under the LRU's lock. */
  | { readonly op: "lru-walk" }
  /** The wait queue of a bit: (.., inode or &inode->i_state, bit). */
  | { readonly op: "wait-queue"; readonly of: number; readonly bit: number }
  | { readonly op: "prepare-wait"; readonly queue: number }
  | { readonly op: "sleep" | "finish-wait" }
  /** wait_var_event(queue, condition): the condition is looked at again after each wake-up. */
  | { readonly op: "wait-event"; readonly queue: number; readonly condition: number }
  /** wait_on_bit(&inode->i_state, bit, mode): until the bit is clear. */
  | { readonly op: "wait-on-bit"; readonly of: number; readonly bit: number }
  /** __wait_on_bit(queue, entry, action, mode): the same by its queue. */
  | { readonly op: "wait-on-queue"; readonly queue: number }
  | { readonly op: "wake"; readonly queue?: number; readonly of?: number; readonly bit?: number }
  | { readonly op: "rcu-lock" | "rcu-unlock" }
  /** Frees the inode after a grace period, or at once. */
  | { readonly op: "call-rcu" | "free" }
  | { readonly op: "alloc" }
  /**
   * An index by number that a filesystem keeps: the entry of a number, 0 or -EEXIST, the entry that was taken out. `lock`:
   * two who change the index without it damage it.
   */
  | { readonly op: "index-find"; readonly number: number }
  | { readonly op: "index-delete"; readonly number: number; readonly lock?: string }
  | { readonly op: "index-insert"; readonly number: number; readonly inode: number; readonly lock?: string }
  /** Marks the entry of a number, or takes the mark away. `fields`: the slot's field of each mark that the model has. */
  | {
      readonly op: "index-tag";
      readonly number: number;
      readonly tag: number;
      readonly fields: Readonly<Record<number, string>>;
      readonly sets: boolean;
      readonly lock?: string;
    }
  /** Takes this inode out: 0, or -ENOENT when it is not there. */
  | { readonly op: "index-remove"; readonly inode: number }
  /** test_bit(bit, &inode->word) and its kin, atomic: one step each. */
  | {
      readonly op: "bit";
      readonly does: "test" | "set" | "clear" | "test-and-clear";
      readonly bit: number;
      readonly word: number;
    }
  /** A procedure of the scenario without parameters, which may sleep. */
  | { readonly op: "procedure"; readonly procedure: string }
  /** An object that is the same for everybody. */
  | { readonly op: "object"; readonly object: string }
  | { readonly op: "is-error" | "is-error-or-null" | "error" }
  | { readonly op: "memalloc" }
  | StatementOperation
  /** queue_work(queue, work): the inode goes to the model's queue of work; null: the system's queue. */
  | { readonly op: "queue-work"; readonly queue: number | null; readonly work: number }
  /** flush_workqueue(queue), flush_work(work). */
  | { readonly op: "drain"; readonly queue: number | null }
  /** Hands work to another thread: what that does cannot be followed, so the function is not lowered. */
  | { readonly op: "defer" }
  /** The same where nothing is asked of that thread: it is done elsewhere, which is taken for granted. */
  | { readonly op: "hand-on" }
  /**
   * Does nothing that the model language knows. `value`: what it answers; absent: anything. `unread`: a macro that is
   * empty, so that its arguments are no code.
   */
  | { readonly op: "ignore"; readonly value?: number; readonly unread?: boolean };

/**
 * Statements of one atomic step, in the model language; `$0`, `$1` are the slots that these arguments lead to (an inode
 * pointer, or the address of a part of an inode), `$each` is each slot in turn. Absent `does`: only a value. Absent
 * `yields`: a value that may be anything.
 */
export interface StatementOperation {
  readonly op: "statement";
  readonly does?: string;
  readonly yields?: string;
  /** Cannot be called with a spin lock held. */
  readonly sleeps?: boolean;
  /** A lock that is taken and given back inside. */
  readonly briefly?: string;
}

export type WordEntry = Operation & {
  readonly names: readonly string[];
  /** What is taken for granted by modelling it so. */
  readonly assume?: string;
  /** Only where the tree has no definition of its own that may be followed. */
  readonly elsewhere?: boolean;
};

/** What a member of an object stands for. */
export type Member =
  /**
   * `state`: i_state; `sb`: the superblock's; others are words of `slotFlags`. `lock`: who changes the word holds it;
   * without it `|=` is a reading and a writing, and what others change in between is lost.
   */
  | { readonly is: "flags"; readonly domain: string; readonly lock?: string }
  | { readonly is: "number"; readonly field: string }
  | { readonly is: "lock"; readonly lock: string }
  /** `lock`: two who change the list without it damage it. */
  | { readonly is: "link"; readonly link: "hash" | "lru" | "sb" | "io"; readonly lock?: string }
  /** A link of a filesystem's own list of work, in a field of the slot: what walks the list takes the inodes off it. */
  | { readonly is: "link"; readonly link: "own"; readonly field: string; readonly lock?: string }
  | { readonly is: "list"; readonly list: "sb" | "lru" | "hash" }
  /** Another object: `inode->i_sb` is the superblock, `inode->i_data` still leads to the inode. */
  | { readonly is: "object"; readonly object: string }
  /** Always the same in a scenario. */
  | { readonly is: "value"; readonly value: number }
  /** inode->i_ino: the number that the scenario is about. */
  | { readonly is: "number-of-inode" };

export interface LockWord {
  readonly name: string;
  readonly kind: "spin" | "sleep";
  readonly per?: "slot";
  readonly description?: string;
}

export interface VocabularyData {
  readonly words: readonly WordEntry[];
  /** Struct tag (or `inode`, `sb`, `lru`, `mapping`) to its members. */
  readonly members: Readonly<Record<string, Readonly<Record<string, Member>>>>;
  /** Variables of the tree that are locks: inode_hash_lock. */
  readonly globalLocks: Readonly<Record<string, string>>;
  readonly locks: readonly LockWord[];
  /** Classes of guard() and scoped_guard(): what is called at the start and at the end of the scope. */
  readonly guards: Readonly<Record<string, readonly [string, string]>>;
  /** Flag names to the bits of the model that they set; an empty list: a flag that the model does not have. */
  readonly stateFlags: Readonly<Record<string, readonly string[]>>;
  readonly sbFlags: Readonly<Record<string, readonly string[]>>;
  /** Flags of other words of an inode, by the word's domain. */
  readonly slotFlags?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Fields of a slot that the model language does not have. */
  readonly fields?: readonly VariableDeclaration[];
  readonly waitBits: Readonly<Record<string, string>>;
  /** Plain numbers by name: LRU_REMOVED, true, GFP flags that do not matter. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Bits of `current->flags` that are set in every task that runs the function; absent: nothing is known of the task. */
  readonly taskFlags?: Readonly<Record<string, number>>;
  /** Struct tags of pointers that are the superblock, the LRU list, ... */
  readonly objects: Readonly<Record<string, string>>;
  /** Further names that make a function one that is looked into. */
  readonly relevant?: readonly string[];
  /** Folders and files whose functions may be lowered in place, and those that never are. */
  readonly follow: readonly string[];
}

export class Vocabulary {
  readonly data: VocabularyData;
  readonly words: ReadonlyMap<string, WordEntry>;
  /** Bits of a slot by domain. */
  readonly #bits: ReadonlyMap<string, readonly string[]>;
  /** Flags of the domains beside i_state and the superblock's. */
  readonly slotFlags: ReadonlyMap<string, { readonly domain: string; readonly bits: readonly string[] }>;

  constructor(data: VocabularyData) {
    this.data = data;
    const words = new Map<string, WordEntry>();
    for (const entry of data.words) for (const name of entry.names) words.set(name, entry);
    this.words = words;
    const domains = Object.entries({ ...data.slotFlags, state: data.stateFlags });
    this.#bits = new Map(domains.map(([domain, flags]) => [domain, [...new Set(Object.values(flags).flat())]]));
    this.slotFlags = new Map(
      Object.entries(data.slotFlags ?? {}).flatMap(([domain, flags]) =>
        Object.entries(flags).map(([name, bits]) => [name, { domain, bits }] as const),
      ),
    );
  }

  bitsOf(domain: string): readonly string[] {
    return this.#bits.get(domain) ?? [];
  }

  /** Whether the bodies of a file's functions may be lowered in place. */
  follows(path: string): boolean {
    return this.data.follow.some((each) => new RegExp(each).test(path));
  }
}

/** Later words win. */
export function extendVocabulary(base: VocabularyData, more: Partial<VocabularyData>): VocabularyData {
  const members: Record<string, Record<string, Member>> = {};
  for (const part of [base.members, more.members ?? {}])
    for (const [object, list] of Object.entries(part)) members[object] = { ...members[object], ...list };
  return {
    words: [...base.words, ...(more.words ?? [])],
    members,
    globalLocks: { ...base.globalLocks, ...more.globalLocks },
    locks: [...base.locks, ...(more.locks ?? [])],
    guards: { ...base.guards, ...more.guards },
    stateFlags: { ...base.stateFlags, ...more.stateFlags },
    sbFlags: { ...base.sbFlags, ...more.sbFlags },
    slotFlags: { ...base.slotFlags, ...more.slotFlags },
    fields: [...(base.fields ?? []), ...(more.fields ?? [])],
    waitBits: { ...base.waitBits, ...more.waitBits },
    numbers: { ...base.numbers, ...more.numbers },
    taskFlags: { ...base.taskFlags, ...more.taskFlags },
    objects: { ...base.objects, ...more.objects },
    relevant: [...(base.relevant ?? []), ...(more.relevant ?? [])],
    follow: [...base.follow, ...(more.follow ?? [])],
  };
}
