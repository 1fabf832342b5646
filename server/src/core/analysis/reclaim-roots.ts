/**
 * The contexts in which this tree can run an eviction, found from its own sources: backwards from the functions that
 * call ->evict_inode to those that set PF_MEMALLOC (kswapd, direct and memcg reclaim) or begin an umount, a
 * drop_caches, an iput(). Works on names and calls as written, without a parse.
 */
import type { Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, Program, SourceFile } from "../callgraph/program.ts";
import type { FunctionBodies } from "../ir/function-bodies.ts";
import type { ReclaimData } from "../knowledge/knowledge.ts";
import type { ChainLink, ContextName } from "../report/finding.ts";

export interface EvictionRoot {
  readonly context: ContextName;
  readonly function: string;
  /** From the root to the function that calls ->evict_inode. */
  readonly chain: readonly ChainLink[];
}

export interface TreeContexts {
  readonly roots: readonly EvictionRoot[];
  /** True when the tree has no reclaim of its own (no mm/): reclaim is assumed. */
  readonly assumed: boolean;
  /** The contexts of an eviction, in a fixed order. */
  readonly contexts: readonly ContextName[];
  /** The function that calls ->evict_inode; null when the tree has none. */
  readonly evict: FunctionRef | null;
}

interface CallSite {
  readonly caller: FunctionRef;
  readonly offset: number;
  readonly via: string | null;
}

const ORDER: readonly ContextName[] = [
  "kswapd",
  "direct-reclaim",
  "memcg-reclaim",
  "iput",
  "umount",
  "drop-caches",
  "workqueue",
  "rcu",
  "assumed",
];
const NOT_CALLS = new Set(["if", "while", "for", "switch", "return", "sizeof", "typeof", "defined"]);

export function findTreeContexts(
  program: Program,
  lookup: Lookup,
  bodies: FunctionBodies,
  data: ReclaimData,
): TreeContexts {
  const files = [...program.files.values()].filter((file) => data.between.includes(file.directory));
  const calls = collectCalls(files, bodies, data);
  const next = new Map<FunctionRef, CallSite & { readonly callee: FunctionRef | null }>();
  const queue: FunctionRef[] = [];
  let evict: FunctionRef | null = null;
  for (const pointer of data.evictPointer)
    for (const site of calls.pointers.get(pointer) ?? []) {
      if (next.has(site.caller)) continue;
      next.set(site.caller, { ...site, callee: null });
      queue.push(site.caller);
      evict ??= site.caller;
    }
  for (let i = 0; i < queue.length; i++) {
    const callee = queue[i]!;
    const sites = (calls.names.get(callee.name) ?? []).filter(
      (site) => lookup.functionValue(callee.name, site.caller.file) === callee,
    );
    if (
      program.bindingsOf(data.pointer).some((binding) => binding.target === callee.name) ||
      assigns(bodies, data.pointer, callee)
    )
      sites.push(...(calls.pointers.get(data.pointer) ?? []));
    for (const site of sites) {
      if (next.has(site.caller)) continue;
      next.set(site.caller, { ...site, callee });
      queue.push(site.caller);
    }
  }
  const throughReclaim = reachesPointer(queue, next, data.pointer);
  const roots: EvictionRoot[] = [];
  for (const fn of queue) {
    const context = contextOf(fn, bodies, data, throughReclaim);
    if (context !== null) roots.push({ context, function: fn.name, chain: chainFrom(fn, next, bodies) });
  }
  const hasReclaim = roots.some(
    (root) => root.context === "kswapd" || root.context === "direct-reclaim" || root.context === "memcg-reclaim",
  );
  const found = new Set<ContextName>(roots.map((root) => root.context));
  if (!hasReclaim) found.add("assumed");
  return { roots, assumed: !hasReclaim, contexts: ORDER.filter((each) => found.has(each)), evict };
}

function collectCalls(
  files: readonly SourceFile[],
  bodies: FunctionBodies,
  data: ReclaimData,
): { names: Map<string, CallSite[]>; pointers: Map<string, CallSite[]> } {
  const names = new Map<string, CallSite[]>();
  const pointers = new Map<string, CallSite[]>();
  const wanted = new Set([data.pointer, ...data.evictPointer]);
  for (const file of files) {
    const text = bodies.textOf(file, 0, file.size);
    // Offsets are bytes; a file with other than ASCII text is read function by function.
    const isAscii = text.length === file.size;
    for (const caller of file.functions) {
      const { body, end } = caller.span;
      const slice = blankComments(isAscii ? text.slice(body, end) : bodies.textOf(file, body, end));
      for (const match of slice.matchAll(/(->|\.)?\b([A-Za-z_]\w*)\s*\(/g)) {
        const name = match[2]!;
        const offset = body + match.index;
        if (match[1] !== undefined) {
          if (wanted.has(name)) push(pointers, name, { caller, offset, via: pointerText(slice, match.index, name) });
        } else if (!NOT_CALLS.has(name)) push(names, name, { caller, offset, via: null });
      }
    }
  }
  return { names, pointers };
}

/** Comments as spaces: what they say about do_shrink_slab() is no call of it. */
function blankComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, " "));
}

function pointerText(text: string, arrow: number, name: string): string {
  const before = /[\w>.()-]*$/.exec(text.slice(Math.max(0, arrow - 80), arrow))?.[0] ?? "";
  return `${before.replace(/^\(+/, "")}->${name}`;
}

/** `x->scan_objects = fn` may stand in a header or beside the function: any file that names both. */
function assigns(bodies: FunctionBodies, pointer: string, fn: FunctionRef): boolean {
  return new RegExp(`\\b${pointer}\\s*=\\s*&?${fn.name}\\b`).test(bodies.textOf(fn.file, 0, fn.file.size));
}

/** Which of the functions come to evict() through the shrinkers' pointer. */
function reachesPointer(
  queue: readonly FunctionRef[],
  next: ReadonlyMap<FunctionRef, CallSite & { callee: FunctionRef | null }>,
  pointer: string,
): Set<FunctionRef> {
  const through = new Set<FunctionRef>();
  for (const fn of queue) {
    const site = next.get(fn)!;
    if (site.via?.endsWith(pointer) || (site.callee !== null && through.has(site.callee))) through.add(fn);
  }
  return through;
}

function contextOf(
  fn: FunctionRef,
  bodies: FunctionBodies,
  data: ReclaimData,
  throughReclaim: ReadonlySet<FunctionRef>,
): ContextName | null {
  for (const [context, names] of Object.entries(data.others))
    if (names.includes(fn.name)) return context as ContextName;
  if (!throughReclaim.has(fn)) return null;
  const text = bodies.textOf(fn.file, fn.span.body, fn.span.end);
  const sets = new RegExp(`flags\\s*\\|=[^;]*\\b${data.setFlag}\\b`).test(text);
  const scoped = data.scopes.some((scope) => text.includes(`${scope}(`));
  if (!sets && !scoped) return null;
  if (text.includes(data.kswapdFlag)) return "kswapd";
  return new RegExp(data.memcgNames).test(fn.name) ? "memcg-reclaim" : "direct-reclaim";
}

function chainFrom(
  fn: FunctionRef,
  next: ReadonlyMap<FunctionRef, CallSite & { callee: FunctionRef | null }>,
  bodies: FunctionBodies,
): ChainLink[] {
  const chain: ChainLink[] = [];
  for (let at: FunctionRef | null = fn; at !== null && chain.length < 64; ) {
    const site: (CallSite & { callee: FunctionRef | null }) | undefined = next.get(at);
    if (site === undefined) break;
    const line = at.span.line + countLines(bodies.textOf(at.file, at.span.nameStart, site.offset));
    chain.push({ function: at.name, file: at.file.path, line, ...(site.via === null ? {} : { via: site.via }) });
    at = site.callee;
  }
  return chain;
}

function countLines(text: string): number {
  let lines = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lines++;
  return lines;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
