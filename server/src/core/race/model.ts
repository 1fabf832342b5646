/**
 * The model language of the race simulator, as data: what a model file (JSON) holds.
 *
 * A model is a few inode slots, locks, counters and queues, and threads that work on them in atomic steps. Text inside
 * `do`, `if`, `while` and invariants is a small expression language of our own (expression.ts), parsed into a tree and
 * compiled; nothing is ever evaluated by the host. docs/simulator.md is the guide, model-schema.json the JSON schema.
 *
 * Everything here is untrusted input until `loadModel` has accepted it.
 */

/** Where a step comes from; lines are 1-based. Files are relative to the kernel tree. */
export interface SourceSpan {
  readonly file: string;
  readonly line: number;
  readonly endLine?: number;
}

/** Something a model was made from: a commit, a mail, a place in the tree. */
export interface ModelSource {
  readonly text: string;
  readonly url?: string;
  readonly file?: string;
  readonly line?: number;
  /** How sure we are: read in the source, read in part, from memory, inferred (races.md's marks R, R-part, M, I). */
  readonly mark?: "read" | "read-part" | "memory" | "inferred";
}

export type ToggleValue = string | number | boolean;

/** A choice made before the run: a fix on or off, the place of a step. Used in expressions as a constant. */
export interface Toggle {
  readonly name: string;
  readonly description: string;
  /** All values; strings become distinct constants that can be compared: `order == after`. */
  readonly values: readonly ToggleValue[];
  readonly default: ToggleValue;
}

export type ToggleSettings = Readonly<Record<string, ToggleValue>>;

/** A global integer. */
export interface VariableDeclaration {
  readonly name: string;
  /** First value (0); an expression of constants and toggles is allowed. */
  readonly initial?: number | string;
  /** Largest value (255 at most); leaving the range is reported as a defect of the model, never wrapped. */
  readonly max?: number;
  /** Given: an array of this many, written `name[0]`. */
  readonly count?: number;
  /** Which part of the picture shows it. */
  readonly group?: "memory" | "disk" | "transaction" | "superblock" | "other";
  readonly description?: string;
}

/** A lock. `spin`: its holder may not sleep. `sleep`: mutex, rwsem, glock, journal handle, buffer lock. */
export interface LockDeclaration {
  readonly name: string;
  readonly kind: "spin" | "sleep";
  /** `slot`: one lock for each inode slot, written `i_lock[x]`. */
  readonly per?: "slot";
  readonly description?: string;
}

/** A first-in first-out list of inode slots (work queue, dispose list, deferred list). */
export interface QueueDeclaration {
  readonly name: string;
  readonly capacity: number;
  readonly description?: string;
}

/** First contents of an inode slot. Slots that are not mentioned are free. */
export type SlotInitial = Readonly<Record<string, number | string>>;

export interface SlotsDeclaration {
  /** 1 to 8; constants and toggles may be used. */
  readonly count: number | string;
  /** Display names, `A`, `B`, ... unless given. A name can be used in expressions: `A.count`. */
  readonly names?: readonly string[];
  /** Index = slot. Keys are field names (`ino`, `count`, `FREEING`, ...); `hashed: 1` puts it on the chain. */
  readonly initial: readonly SlotInitial[];
  /** Fields beyond the built-in ones. */
  readonly fields?: readonly VariableDeclaration[];
}

export interface LocalDeclaration {
  readonly name: string;
  /** `slot` holds a slot or `none`; `number` 0..max. Locals start as none or 0 unless `initial` says otherwise. */
  readonly type?: "slot" | "number";
  readonly max?: number;
  readonly initial?: number | string;
}

/** A step in short form: the text is both the operation and its label. */
export type Step = string | StepObject;

/**
 * One step. One of `do`, `if`, `while`, `choose`, `call`, `goto`, `end` says what it does; `do` and `if` together are one
 * step that works and then branches. `do` is one atomic step; a test (`if`, `while`) is one atomic step that reads;
 * `goto`, `call` and `end` cost no step.
 */
export interface StepObject {
  /** Name for `goto` and for traces; must be unique in its thread or procedure. */
  readonly id?: string;
  /** What a kernel developer calls this step, usually source text: `spin_lock(&inode->i_lock)`. */
  readonly label?: string;
  readonly source?: SourceSpan;
  /** Left out of the compiled model unless this constant expression (toggles, constants) is true. */
  readonly when?: string;
  /** Statements of one atomic step, separated by `;`. A blocking one (`lock(..)`, `wait(..)`) must come first. */
  readonly do?: string;
  readonly if?: string;
  readonly then?: readonly Step[];
  readonly else?: readonly Step[];
  readonly while?: string;
  readonly loop?: readonly Step[];
  /** One of these is taken, whichever can run; the scheduler decides. */
  readonly choose?: readonly (readonly Step[])[];
  /** Runs a procedure in place (no recursion). */
  readonly call?: string;
  /** Values for the procedure's parameters; they are passed by name and evaluated where they are used. */
  readonly with?: Readonly<Record<string, string>>;
  readonly goto?: string;
  /** The thread ends here. */
  readonly end?: true;
}

/** A piece of code used in several places; expanded where it is called. */
export interface Procedure {
  readonly name: string;
  readonly parameters?: readonly string[];
  readonly locals?: readonly LocalDeclaration[];
  readonly steps: readonly Step[];
}

/** MEMALLOC: kswapd or direct reclaim (PF_MEMALLOC). NOFS: may not reclaim inodes. */
export type ThreadContext = "MEMALLOC" | "NOFS" | "worker";

export interface ThreadDeclaration {
  readonly name: string;
  /** Number of identical threads (1); they are named `lookup`, `lookup 2`, ... and are interchangeable. */
  readonly count?: number | string;
  readonly description?: string;
  readonly context?: readonly ThreadContext[];
  /** A daemon (worker, kswapd loop) need not finish: waiting for work for ever is no deadlock. */
  readonly daemon?: boolean;
  readonly when?: string;
  readonly locals?: readonly LocalDeclaration[];
  readonly steps: readonly Step[];
}

export const BUILT_IN_INVARIANTS = [
  "UNIQ",
  "ONCE",
  "UAF",
  "WAKE",
  "PROG",
  "RECL",
  "UMNT",
  "GEN",
  "STATE",
  "BOUND",
  "DIRT",
] as const;
export type BuiltInInvariant = (typeof BUILT_IN_INVARIANTS)[number];

/** Something that must be true in every state (an expression over globals and slots). */
export interface UserInvariant {
  readonly id: string;
  readonly description: string;
  readonly always: string;
}

export interface ExpectedVerdict {
  readonly toggles: ToggleSettings;
  readonly verdict: "violated" | "holds";
  /** Any of these may be the one found first. */
  readonly invariant?: readonly string[];
  readonly note?: string;
}

export interface RaceModel {
  /** Version of the language. */
  readonly format: 1;
  readonly id: string;
  readonly title: string;
  /** `design`, `deadlock`, `use-after-free`, ... as in the catalogue. */
  readonly kind?: string;
  readonly summary: string;
  readonly affected?: string;
  readonly sources?: readonly ModelSource[];
  /** What the model takes for granted; a verdict `holds` is only as good as these. */
  readonly assumptions?: readonly string[];
  readonly notes?: readonly string[];
  readonly toggles?: readonly Toggle[];
  /** Integer constants; an expression may use toggles and constants before it. */
  readonly constants?: Readonly<Record<string, number | string>>;
  readonly variables?: readonly VariableDeclaration[];
  readonly slots?: SlotsDeclaration;
  readonly locks?: readonly LockDeclaration[];
  readonly queues?: readonly QueueDeclaration[];
  readonly procedures?: readonly Procedure[];
  readonly threads: readonly ThreadDeclaration[];
  /** Which invariants are checked; `PROG` is deadlock and, unless `progress` says otherwise, fair termination. */
  readonly invariants: readonly (BuiltInInvariant | UserInvariant)[];
  /** `termination` (default): every fair run ends. `deadlock`: only that no state is stuck. */
  readonly progress?: "termination" | "deadlock";
  /** Whether a sleeper may wake without a wake-up (default true where there are wait queues). */
  readonly spuriousWakeups?: boolean;
  /** Largest values allowed by BOUND: a global or queue length, `{"queue": 4}`. */
  readonly bounds?: Readonly<Record<string, number>>;
  readonly expected?: readonly ExpectedVerdict[];
}

/** What is wrong with a model and where. `path` is the way to the place: `threads[1].steps[3].do`. */
export interface ModelError {
  readonly path: string;
  /** Thread and step in words, when the place is inside one. */
  readonly thread?: string;
  readonly step?: string;
  readonly message: string;
}
