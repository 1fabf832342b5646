/**
 * The way by which a filesystem's operations come to the inode hash: from ->lookup down to its function that calls
 * iget_locked() or a relative, and from ->create, ->mkdir, ... down to the one that calls insert_inode_locked(). Found by who
 * calls what; no filesystem is known by its name.
 */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { Program } from "../../callgraph/program.ts";
import { type Definition, type OwnCalls, ownCallsOf } from "./own-calls.ts";

export type EntryKind = "lookup" | "create";

export interface EntryPath {
  readonly kind: EntryKind;
  /** From the method down to the function that calls the generic one. */
  readonly chain: readonly Definition[];
  /** Names of the generic functions that the last of the chain calls. */
  readonly generic: ReadonlySet<string>;
  /** The filesystem's methods that come to this function, as `table.field`. */
  readonly operations: readonly string[];
}

/** Methods of struct inode_operations that look a name up, and that make an inode (include/linux/fs.h). */
const FIELDS: Readonly<Record<EntryKind, readonly string[]>> = {
  lookup: ["lookup", "atomic_open"],
  create: ["create", "mkdir", "mknod", "symlink", "tmpfile", "atomic_open"],
};
/** include/linux/fs.h: into the hash without a look at what is there. */
export const INSERTS_BLINDLY: ReadonlySet<string> = new Set(["insert_inode_hash", "__insert_inode_hash"]);
/** fs/inode.c: those that build an inode that they do not find (ilookup() and its relatives only look), and those that insert one. */
const GENERIC: Readonly<Record<EntryKind, readonly string[]>> = {
  lookup: ["iget_locked", "iget5_locked", "iget5_locked_rcu", "inode_insert5"],
  create: ["insert_inode_locked", "insert_inode_locked4", ...INSERTS_BLINDLY],
};

export interface EntryScope {
  readonly engine: Engine;
  readonly program: Program;
  readonly filesystem: Filesystem;
}

/**
 * The function that most methods come to; among equals one that looks before it inserts, then the one of ->lookup (->create), of the
 * directories that can most, by the shortest way, then the one that most of the filesystem's functions come to, then the first in
 * the order of the files. Null where no method comes to the hash: an index of its own, or inodes that are never hashed.
 */
export function entryPath(scope: EntryScope, kind: EntryKind): EntryPath | null {
  const calls = ownCallsOf(scope.engine, scope.program, scope.filesystem);
  const known = KNOWN.get(calls) ?? {};
  KNOWN.set(calls, known);
  known[kind] ??= { path: findPath(scope, calls, kind) };
  return known[kind].path;
}

const KNOWN = new WeakMap<OwnCalls, Partial<Record<EntryKind, { readonly path: EntryPath | null }>>>();

function findPath(scope: EntryScope, calls: OwnCalls, kind: EntryKind): EntryPath | null {
  const roots = methodsOf(scope, kind);
  if (roots.length === 0) return null;
  const wanted = new Set(GENERIC[kind]);
  let best: { readonly path: EntryPath; readonly score: readonly number[] } | null = null;
  for (const last of calls.all) {
    const generic = [...calls.names(last)].filter((name) => wanted.has(name));
    if (generic.length === 0) continue;
    const next = waysTo(last, calls);
    const reached = roots.filter(({ method }) => next.has(method));
    if (reached.length === 0) continue;
    const chains = reached.map(({ method, ...rest }) => ({ chain: chainFrom(method, next), ...rest }));
    chains.sort((a, b) => a.rank - b.rank || b.methods - a.methods || a.chain.length - b.chain.length);
    const { chain, rank, methods } = chains[0]!;
    const operations = [...new Set(reached.map(({ name }) => name))];
    const looks = generic.some((name) => !INSERTS_BLINDLY.has(name)) ? 1 : 0;
    const score = [operations.length, looks, -rank, methods, -chain.length, next.size];
    if (best !== null && compare(score, best.score) <= 0) continue;
    best = { path: { kind, chain, generic: new Set(generic), operations }, score };
  }
  return best?.path ?? null;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

interface Method {
  readonly method: Definition;
  readonly name: string;
  /** Its place among the fields: ->lookup before ->atomic_open. */
  readonly rank: number;
  /** Methods of its table. */
  readonly methods: number;
}

function methodsOf({ engine, program, filesystem }: EntryScope, kind: EntryKind): Method[] {
  const fields = FIELDS[kind];
  return [...program.tablesOf("inode_operations")].flatMap(({ file, name, bindings }) =>
    filesystem.owns(file)
      ? bindings.flatMap(({ field, target }): Method[] => {
          const rank = fields.indexOf(field);
          const method = rank < 0 ? null : engine.lookup.functionValue(target, file);
          return method === null ? [] : [{ method, name: `${name}.${field}`, rank, methods: bindings.length }];
        })
      : [],
  );
}

/** For everything that comes to `last`: the next one on its shortest way there. */
function waysTo(last: Definition, calls: OwnCalls): Map<Definition, Definition | null> {
  const next = new Map<Definition, Definition | null>([[last, null]]);
  const work = [last];
  for (let i = 0; i < work.length; i++)
    for (const caller of calls.callers(work[i]!)) {
      if (next.has(caller)) continue;
      next.set(caller, work[i]!);
      work.push(caller);
    }
  return next;
}

function chainFrom(method: Definition, next: ReadonlyMap<Definition, Definition | null>): Definition[] {
  const chain: Definition[] = [];
  for (let at: Definition | null = method; at !== null; at = next.get(at) ?? null) chain.push(at);
  return chain;
}
