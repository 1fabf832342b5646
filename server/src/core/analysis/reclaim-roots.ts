/**
 * The contexts in which this tree can run an eviction, found from its own sources: backwards from the functions that
 * call ->evict_inode to those that set PF_MEMALLOC (kswapd, direct and memcg reclaim) or begin an umount, a
 * drop_caches, an iput(). Works on names and calls as written, without a parse.
 */
import type { Lookup } from "../callgraph/lookup.ts";
import type { FunctionRef, Program, SourceFile } from "../callgraph/program.ts";
import { Remembered } from "../callgraph/reads.ts";
import type { FunctionBodies } from "../ir/function-bodies.ts";
import type { ReclaimData } from "../knowledge/knowledge.ts";
import type { ChainLink, ContextName } from "../report/finding.ts";

export interface EvictionRoot {
  readonly context: ContextName;
  readonly function: string;
  /** From the root to the function that calls ->evict_inode. */
  readonly chain: readonly ChainLink[];
  /** The same by way of the last iput(), where reclaim can have it: an inode without links comes by no other way. */
  readonly byLastIput?: readonly ChainLink[];
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
  /** Lines below that of the caller's name. */
  readonly below: number;
  readonly via: string | null;
}

/** A call, and the function that it calls; null where that is ->evict_inode. */
type Way = CallSite & { readonly callee: FunctionRef | null };

/** What a file's functions call by name, and through the pointers that matter here. */
interface FileCalls {
  readonly names: ReadonlyMap<string, readonly CallSite[]>;
  readonly pointers: ReadonlyMap<string, readonly CallSite[]>;
  /** The names that it assigns to the shrinkers' pointer, wherever that stands (a macro). */
  readonly assigned: ReadonlySet<string>;
  /** Its functions that set PF_MEMALLOC; true: for kswapd. */
  readonly reclaimers: ReadonlyMap<FunctionRef, boolean>;
}

const NO_SITES: readonly CallSite[] = [];

const CALLS = new Remembered<SourceFile, FileCalls>();

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
  program.reads?.readText(program);
  const byFile = new Map(
    program.filesInOrder
      .filter((file) => data.between.includes(file.directory))
      .map((file) => [file, CALLS.get(program.reads, file, () => collectCalls(file, bodies, data, program.reads))]),
  );
  const files = [...byFile.values()];
  const named = (name: string): CallSite[] => files.flatMap((file) => file.names.get(name) ?? NO_SITES);
  const through = (pointer: string): CallSite[] => files.flatMap((file) => file.pointers.get(pointer) ?? []);
  const reclaimers = new Map(files.flatMap((file) => [...file.reclaimers]));
  const next = new Map<FunctionRef, Way>();
  const queue: FunctionRef[] = [];
  let evict: FunctionRef | null = null;
  for (const pointer of data.evictPointer)
    for (const site of through(pointer)) {
      if (next.has(site.caller)) continue;
      next.set(site.caller, { ...site, callee: null });
      queue.push(site.caller);
      evict ??= site.caller;
    }
  const goBack = (from: FunctionRef[], ways: Map<FunctionRef, Way>): void => {
    for (let i = 0; i < from.length; i++) {
      const callee = from[i]!;
      const sites = named(callee.name).filter((site) => lookup.functionValue(callee.name, site.caller.file) === callee);
      if (
        program.bindingsOf(data.pointer).some((binding) => binding.target === callee.name) ||
        byFile.get(callee.file)?.assigned.has(callee.name)
      )
        sites.push(...through(data.pointer));
      for (const site of sites) {
        if (ways.has(site.caller)) continue;
        ways.set(site.caller, { ...site, callee });
        from.push(site.caller);
      }
    }
  };
  goBack(queue, next);
  // Once more, from iput() alone.
  const put = queue.find(({ name }) => data.others.iput?.includes(name));
  const toPut = new Map<FunctionRef, Way>();
  if (put !== undefined) goBack([put], toPut);
  const throughReclaim = reachesPointer(queue, next, data.pointer);
  const roots: EvictionRoot[] = [];
  for (const fn of queue) {
    const context = contextOf(fn, data, throughReclaim, reclaimers);
    if (context === null) continue;
    const chain = chainFrom(fn, next);
    if (put === undefined || !throughReclaim.has(fn) || !toPut.has(fn)) {
      roots.push({ context, function: fn.name, chain });
      continue;
    }
    const byLastIput = [...chainFrom(fn, toPut, put), ...chainFrom(put, next)];
    roots.push({ context, function: fn.name, chain, byLastIput });
  }
  const hasReclaim = roots.some(
    (root) => root.context === "kswapd" || root.context === "direct-reclaim" || root.context === "memcg-reclaim",
  );
  const found = new Set<ContextName>(roots.map((root) => root.context));
  if (!hasReclaim) found.add("assumed");
  return { roots, assumed: !hasReclaim, contexts: ORDER.filter((each) => found.has(each)), evict };
}

function collectCalls(file: SourceFile, bodies: FunctionBodies, data: ReclaimData, reads: Program["reads"]): FileCalls {
  reads?.readText(file);
  const names = new Map<string, CallSite[]>();
  const pointers = new Map<string, CallSite[]>();
  const reclaimers = new Map<FunctionRef, boolean>();
  const wanted = new Set([data.pointer, ...data.evictPointer]);
  const sets = new RegExp(`flags\\s*\\|=[^;]*\\b${data.setFlag}\\b`);
  const text = bodies.textOf(file, 0, file.size);
  // Offsets are bytes; a file with other than ASCII text is read function by function.
  const isAscii = text.length === file.size;
  const mayReclaim = text.includes(data.setFlag) || data.scopes.some((scope) => text.includes(scope));
  for (const caller of file.functions) {
    const { nameStart, body, end } = caller.span;
    const own = isAscii ? text.slice(body, end) : bodies.textOf(file, body, end);
    if (mayReclaim && (sets.test(own) || data.scopes.some((scope) => own.includes(`${scope}(`))))
      reclaimers.set(caller, own.includes(data.kswapdFlag));
    const slice = blankComments(own);
    let below = countLines(isAscii ? text.slice(nameStart, body) : bodies.textOf(file, nameStart, body));
    let counted = 0;
    for (let open = slice.indexOf("("); open >= 0; open = slice.indexOf("(", open + 1)) {
      const end = endOfWord(slice, open);
      const start = startOfWord(slice, end);
      if (start === end || isDigit(slice.charCodeAt(start))) continue;
      const name = slice.slice(start, end);
      const isArrow = slice.startsWith("->", start - 2);
      const isPointer = isArrow || slice[start - 1] === ".";
      if (isPointer ? !wanted.has(name) : NOT_CALLS.has(name)) continue;
      const from = isArrow ? start - 2 : isPointer ? start - 1 : start;
      for (let at = slice.indexOf("\n", counted); at >= 0 && at < from; at = slice.indexOf("\n", at + 1)) {
        below++;
        counted = at + 1;
      }
      if (isPointer) push(pointers, name, { caller, below, via: pointerText(slice, from, name) });
      else push(names, name, { caller, below, via: null });
    }
  }
  const assignments = text.matchAll(new RegExp(`\\b${data.pointer}\\s*=\\s*&?(\\w+)\\b`, "g"));
  return { names, pointers, reclaimers, assigned: new Set([...assignments].map((match) => match[1]!)) };
}

/** Where the word ends that stands before `at`, blanks between. */
function endOfWord(text: string, at: number): number {
  let end = at;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return end;
}

function startOfWord(text: string, end: number): number {
  let start = end;
  while (start > 0 && isWord(text.charCodeAt(start - 1))) start--;
  return start;
}

function isBlank(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13);
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function isWord(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || isDigit(c);
}

/** Comments as spaces: what they say about do_shrink_slab() is no call of it. */
function blankComments(text: string): string {
  if (!text.includes("/*") && !text.includes("//")) return text;
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) =>
    comment.replace(/[^\n]+/g, (line) => " ".repeat(line.length)),
  );
}

function pointerText(text: string, arrow: number, name: string): string {
  const before = /[\w>.()-]*$/.exec(text.slice(Math.max(0, arrow - 80), arrow))?.[0] ?? "";
  return `${before.replace(/^\(+/, "")}->${name}`;
}

/** Which of the functions come to evict() through the shrinkers' pointer. */
function reachesPointer(
  queue: readonly FunctionRef[],
  next: ReadonlyMap<FunctionRef, Way>,
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
  data: ReclaimData,
  throughReclaim: ReadonlySet<FunctionRef>,
  reclaimers: ReadonlyMap<FunctionRef, boolean>,
): ContextName | null {
  for (const [context, names] of Object.entries(data.others))
    if (names.includes(fn.name)) return context as ContextName;
  const isKswapd = throughReclaim.has(fn) ? reclaimers.get(fn) : undefined;
  if (isKswapd === undefined) return null;
  if (isKswapd) return "kswapd";
  return new RegExp(data.memcgNames).test(fn.name) ? "memcg-reclaim" : "direct-reclaim";
}

/** The calls from `fn` on: up to that of `end`, or to the last one. */
function chainFrom(fn: FunctionRef, next: ReadonlyMap<FunctionRef, Way>, end: FunctionRef | null = null): ChainLink[] {
  const chain: ChainLink[] = [];
  for (let at: FunctionRef | null = fn; at !== end && at !== null && chain.length < 64; ) {
    const site: Way | undefined = next.get(at);
    if (site === undefined) break;
    const line = at.span.line + site.below;
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
