/** The eviction protocol of a tree, lowered: one fragment for each function that a scenario's thread can start with. */
import type { FunctionRef } from "../callgraph/program.ts";
import { type CancellationToken, NEVER_CANCELLED } from "../text/cancellation.ts";
import type { ExtractionFailure, Fragment } from "./fragment.ts";
import { type CalledWith, FragmentShelf } from "./fragment-shelf.ts";
import { KERNEL_VOCABULARY } from "./kernel-vocabulary.ts";
import type { ExtractionTree, LowerRequest, MethodBinding, QueuedWork } from "./lowering-request.ts";
import { ProtocolFunctions, type Role } from "./protocol-functions.ts";
import { extendVocabulary, Vocabulary, type WordEntry } from "./vocabulary.ts";

/** Slots of the standard scenarios: the inode at hand, and one for each thread that may build it anew. */
export const PROTOCOL_SLOTS = 3;

/** The procedure of a scenario that stands for the filesystem's ->evict_inode. */
export const FILESYSTEM_EVICT = "filesystem_evict";
/** The procedure that stands for ->evict_inode_async, in a tree that has it. */
export const FILESYSTEM_EVICT_ASYNC = "filesystem_evict_async";

/** Procedures of a scenario with an umount: ->put_super, and where it waits for others (fs/super.c, generic_shutdown_super()). */
export const PUT_SUPER = "filesystem_put_super";
export const WAITS_FOR_WRITEBACK = "umount_waits_for_writeback";
export const WAITS_FOR_HOLDERS = "umount_waits_for_holders";

const UMOUNT_WORDS: readonly (WordEntry & { readonly procedure: string })[] = [
  { names: ["cgroup_writeback_umount"], op: "procedure", procedure: WAITS_FOR_WRITEBACK },
  { names: ["fsnotify_sb_delete"], op: "procedure", procedure: WAITS_FOR_HOLDERS },
];

/** A filesystem without methods of its own but ->evict_inode. */
export const PLAIN_METHODS: ReadonlyMap<string, MethodBinding> = new Map<string, MethodBinding>([
  ["evict_inode", { kind: "procedure", procedure: FILESYSTEM_EVICT, sleeps: true }],
  ["evict_inode_async", { kind: "absent" }],
  ["put_super", { kind: "procedure", procedure: PUT_SUPER, sleeps: true, alone: true }],
  ["drop_inode", { kind: "absent" }],
  ["destroy_inode", { kind: "absent" }],
  ["free_inode", { kind: "absent" }],
  ["alloc_inode", { kind: "absent" }],
  ["dirty_inode", { kind: "absent" }],
  // The callbacks of iget5_locked(): the inode's number is the scenario's; filling in the key succeeds.
  ["test", { kind: "value", value: 1 }],
  ["set", { kind: "value", value: 0 }],
]);

export interface ProtocolOptions {
  readonly methods?: ReadonlyMap<string, MethodBinding>;
  readonly vocabulary?: Vocabulary;
  readonly slots?: number;
  readonly waitsFor?: QueuedWork;
  readonly token?: CancellationToken;
}

export class ExtractedProtocol {
  readonly functions: ProtocolFunctions;
  readonly tree: ExtractionTree;
  readonly slots: number;
  readonly #shelf: FragmentShelf;

  constructor(tree: ExtractionTree, options: ProtocolOptions = {}) {
    this.tree = tree;
    this.functions = new ProtocolFunctions(tree);
    this.slots = options.slots ?? PROTOCOL_SLOTS;
    const request: LowerRequest = {
      vocabulary: options.vocabulary ?? new Vocabulary(extendVocabulary(KERNEL_VOCABULARY, { words: UMOUNT_WORDS })),
      slots: this.slots,
      ...(options.waitsFor === undefined ? {} : { waitsFor: options.waitsFor }),
      methods: new Map([...PLAIN_METHODS, ...(options.methods ?? [])]),
    };
    this.#shelf = new FragmentShelf(tree, request, options.token ?? NEVER_CANCELLED);
  }

  get failures(): ExtractionFailure[] {
    return this.#shelf.failures;
  }

  /** Paths of the files whose text it was made from so far. */
  get files(): ReadonlySet<string> {
    const files = new Set(this.functions.file === null ? [] : [this.functions.file.path]);
    for (const path of this.#shelf.files()) files.add(path);
    return files;
  }

  /** The procedures that umount of this tree can wait in, whether or not it does: kernels differ in what they have to wait for. */
  get umountWaits(): ReadonlySet<string> {
    const { program, bodies } = this.tree;
    const shutdown = this.functions.first("shutdown");
    const text = shutdown === null ? "" : bodies.textOf(shutdown.file, shutdown.span.start, shutdown.span.end);
    const isThere = (name: string): boolean => program.functionsNamed(name).length > 0 || text.includes(`${name}(`);
    return new Set(UMOUNT_WORDS.filter(({ names }) => names.some(isThere)).map(({ procedure }) => procedure));
  }

  /** Null when the function cannot be lowered; `failures` says why. Throws when cancelled. */
  fragment(fn: FunctionRef, calledWith: CalledWith = {}): Fragment | null {
    return this.#shelf.get(fn, calledWith);
  }

  first(role: Role): Fragment | null {
    const fn = this.functions.first(role);
    return fn === null ? null : this.fragment(fn, this.functions.calledWith(role));
  }

  all(role: Role): readonly Fragment[] {
    const calledWith = this.functions.calledWith(role);
    return this.functions.of(role).flatMap((fn) => this.fragment(fn, calledWith) ?? []);
  }
}
