/**
 * What the analysis knows of the kernel's own functions: data (primitives.json, a user's evictscope.json), not code.
 * A new primitive or a filesystem's wrapper is a line there.
 */
import primitives from "./primitives.json" with { type: "json" };

export type EffectKind =
  | "dirty"
  | "nofail"
  | "transaction"
  | "disk"
  | "network"
  | "wait"
  | "freeze"
  | "lock"
  | "lookup"
  | "drop"
  | "defer"
  | "rcu"
  | "unhash"
  | "wake"
  | "clear"
  | "truncate"
  | "remove-folios";

export const EFFECT_KINDS: readonly EffectKind[] = [
  "dirty",
  "nofail",
  "transaction",
  "disk",
  "network",
  "wait",
  "freeze",
  "lock",
  "lookup",
  "drop",
  "defer",
  "rcu",
  "unhash",
  "wake",
  "clear",
  "truncate",
  "remove-folios",
];

export interface FunctionEntry {
  readonly names: readonly string[];
  readonly effects?: readonly EffectKind[];
  /** Effects that count only when the tree at hand does not define the function. */
  readonly undefinedEffects?: readonly EffectKind[];
  /** Its body is walked too. */
  readonly follow?: boolean;
  /** Does nothing that the rules know; its body is not walked. */
  readonly inert?: boolean;
  /** Index of the gfp argument: the call allocates, and with __GFP_NOFAIL there it may not fail. */
  readonly gfp?: number;
  /** Index of the lock that it sleeps on. */
  readonly lockArgument?: number;
  /** Index of a function that runs later. */
  readonly callback?: number;
  readonly what?: string;
  /** In place of `what`, for some of several effects. */
  readonly whats?: Readonly<Partial<Record<EffectKind, string>>>;
  /** Why one may doubt its effects: such a finding is a hint. */
  readonly doubt?: string;
  readonly source: string;
}

/**
 * A journal whose transactions its handles keep open: a commit lets no new handle in, and waits until those that there are
 * have been given back.
 */
export interface TransactionEntry {
  readonly journal: string;
  readonly starts: readonly string[];
  /** How a start says that there is no handle. */
  readonly answers: "error-pointer" | "null" | "error-code";
  readonly stops: readonly string[];
  /** Functions whose value is the handle of the running task, or NULL. */
  readonly current?: readonly string[];
  /** In a task that has a handle a start gives that one, and waits for nothing. */
  readonly nests: boolean;
  /** Where the commit keeps new handles out and where it waits for the others: texts of its function. */
  readonly commit?: { readonly function: string; readonly locks: string; readonly waits: string };
  readonly source: string;
}

export interface KnowledgeData {
  readonly functions?: readonly FunctionEntry[];
  readonly transactions?: readonly TransactionEntry[];
  readonly pure?: {
    readonly values: Readonly<Record<string, number>>;
    readonly parts?: Readonly<Record<string, number>>;
  };
  readonly guards?: { readonly classes: Readonly<Record<string, string>> };
  readonly follow?: { readonly folders: readonly string[] };
  readonly constants?: {
    readonly gfp: Readonly<Record<string, number>>;
    readonly task: Readonly<Record<string, number>>;
  };
  readonly stableMembers?: { readonly names: readonly string[] };
  /** What members of the inode under eviction stand for: another part of it, its mapping, a counter that is zero. */
  readonly objects?: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
  /** Functions whose value is the same wherever they are called on the way: folio_size(). */
  readonly sameValue?: { readonly names: readonly string[] };
  readonly emptyMappingTests?: { readonly whenTrue: readonly string[]; readonly whenFalse: readonly string[] };
  readonly zeroDuringEviction?: { readonly names: readonly string[] };
  /** Flags of an inode that an eviction sets before it calls what tests them. */
  readonly objectFlags?: readonly {
    readonly flags: readonly string[];
    /** Functions of the inode and the flag. */
    readonly set: string;
    readonly clear: string;
    readonly test: string;
    readonly source: string;
  }[];
  readonly ownedByFilesystem?: { readonly structs: readonly string[] };
  /** Macros whose calls at the top level are not expanded: no function that they make matters. */
  readonly makesNothing?: { readonly macros: readonly string[] };
  readonly emptyMappingMembers?: { readonly names: readonly string[] };
  /** Flags that are clear wherever eviction tests them. */
  readonly neverSet?: { readonly flags: readonly string[] };
  /** Functions by which truncation hands a folio of the emptied mapping back to its filesystem. */
  readonly ownFolios?: { readonly handedBackBy: readonly string[] };
  readonly quiet?: { readonly files: readonly string[] };
  readonly reclaim?: ReclaimData;
}

export interface ReclaimData {
  /** Folders (not their sub-folders) and files whose functions can lie on the way from a root to evict(). */
  readonly between: readonly string[];
  readonly setFlag: string;
  readonly kswapdFlag: string;
  readonly scopes: readonly string[];
  readonly pointer: string;
  readonly evictPointer: readonly string[];
  readonly memcgNames: string;
  readonly others: Readonly<Record<string, readonly string[]>>;
}

export class Knowledge {
  readonly functions = new Map<string, FunctionEntry>();
  /** By the functions that start one. */
  readonly transactions = new Map<string, TransactionEntry>();
  /** Functions whose value is that of the argument with this index. */
  readonly values = new Map<string, number>();
  /** Functions that go from one part of an object to another. */
  readonly parts = new Map<string, number>();
  readonly guardClasses = new Map<string, string>();
  readonly constants = new Map<string, number>();
  readonly stableMembers = new Set<string>();
  readonly followed: string[] = [];
  readonly objects = new Map<string, ReadonlyMap<string, string>>();
  readonly sameValue = new Set<string>();
  readonly emptyWhenTrue = new Set<string>();
  readonly emptyWhenFalse = new Set<string>();
  readonly emptyMembers = new Set<string>();
  readonly zeroDuringEviction = new Set<string>();
  /** Functions that set, clear or test a flag of an inode. */
  readonly objectFlags = new Map<
    string,
    { readonly does: "set" | "clear" | "test"; readonly flags: readonly string[] }
  >();
  readonly ownedByFilesystem = new Set<string>();
  readonly makesNothing = new Set<string>();
  readonly handsFoliosBack = new Set<string>();
  readonly quietFiles = new Set<string>();
  reclaim: ReclaimData | null = null;
  /** It is asked for each call. */
  readonly #followedPaths = new Map<string, boolean>();

  /** Later data wins over earlier: a user's file extends and overrides what is built in. */
  constructor(...parts: readonly KnowledgeData[]) {
    for (const part of parts) {
      for (const entry of part.functions ?? []) for (const name of entry.names) this.functions.set(name, entry);
      for (const entry of part.transactions ?? []) for (const name of entry.starts) this.transactions.set(name, entry);
      for (const [name, at] of Object.entries(part.pure?.values ?? {})) this.values.set(name, at);
      for (const [name, at] of Object.entries(part.pure?.parts ?? {})) this.parts.set(name, at);
      for (const [name, target] of Object.entries(part.guards?.classes ?? {})) this.guardClasses.set(name, target);
      for (const group of [part.constants?.gfp, part.constants?.task])
        for (const [name, value] of Object.entries(group ?? {})) this.constants.set(name, value);
      for (const name of part.stableMembers?.names ?? []) this.stableMembers.add(name);
      this.followed.push(...(part.follow?.folders ?? []));
      for (const [name, members] of Object.entries(part.objects ?? {}))
        if (typeof members !== "string") this.objects.set(name, new Map(Object.entries(members)));
      for (const name of part.sameValue?.names ?? []) this.sameValue.add(name);
      for (const name of part.emptyMappingTests?.whenTrue ?? []) this.emptyWhenTrue.add(name);
      for (const name of part.emptyMappingTests?.whenFalse ?? []) this.emptyWhenFalse.add(name);
      for (const name of part.zeroDuringEviction?.names ?? []) this.zeroDuringEviction.add(name);
      for (const { flags, set, clear, test } of part.objectFlags ?? []) {
        this.objectFlags.set(set, { does: "set", flags });
        this.objectFlags.set(clear, { does: "clear", flags });
        this.objectFlags.set(test, { does: "test", flags });
      }
      for (const name of part.ownedByFilesystem?.structs ?? []) this.ownedByFilesystem.add(name);
      for (const name of part.makesNothing?.macros ?? []) this.makesNothing.add(name);
      for (const name of part.emptyMappingMembers?.names ?? []) this.emptyMembers.add(name);
      for (const name of part.neverSet?.flags ?? []) this.constants.set(name, 0);
      for (const name of part.ownFolios?.handedBackBy ?? []) this.handsFoliosBack.add(name);
      for (const file of part.quiet?.files ?? []) this.quietFiles.add(file);
      this.reclaim = part.reclaim ?? this.reclaim;
    }
  }

  /** Whether the bodies of a file's functions are walked. */
  isFollowed(path: string): boolean {
    let followed = this.#followedPaths.get(path);
    if (followed === undefined) {
      followed = this.followed.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
      this.#followedPaths.set(path, followed);
    }
    return followed;
  }
}

export const BUILT_IN: KnowledgeData = primitives as unknown as KnowledgeData;
