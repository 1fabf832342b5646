/**
 * The call hierarchy of eviction: upwards, how reclaim and the other contexts get to a function; downwards, what it
 * reaches. Calls through tables of methods are calls: they go where the filesystem at hand registers.
 */
import type { Edge } from "../analysis/effect-graph.ts";
import type { FilesystemFacts } from "../analysis/filesystem-facts.ts";
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { FunctionRef } from "../callgraph/program.ts";
import type { positionIn } from "../ir/function-bodies.ts";
import { waysIntoEviction } from "./find-way.ts";
import { functionAt, offsetIn, spanOf } from "./function-at.ts";
import type { HierarchyCall, HierarchyItem, Place, Span } from "./queries.ts";
import type { QueryScope } from "./query-scope.ts";

/** evict() calls every filesystem's method; a list longer than this is cut. */
const MAX_CALLS = 400;

/** The function that a name at the place means, or the one that the place lies in; null when eviction reaches neither. */
export function prepareHierarchy(scope: QueryScope, place: Place): HierarchyItem | null {
  const here = functionAt(scope, place);
  if (here === null) return null;
  const word = wordAround(here.body.text, here.at);
  const named =
    word === "" || word === here.function.name ? null : scope.engine.lookup.direct(word, here.function.file);
  const own = scope.reaching(here.function)[0];
  if (named?.kind === "function") {
    const item = itemFor(scope, named.function, own);
    if (item !== null) return item;
  }
  return itemFor(scope, here.function, own);
}

function itemFor(scope: QueryScope, fn: FunctionRef, preferred: Filesystem | undefined): HierarchyItem | null {
  const reaching = scope.reaching(fn);
  const filesystem = preferred !== undefined && reaching.includes(preferred) ? preferred : reaching[0];
  if (filesystem === undefined && !isOnWayIn(scope, fn)) return null;
  return itemOf(scope, fn, filesystem);
}

function isOnWayIn(scope: QueryScope, fn: FunctionRef): boolean {
  return waysIntoEviction(scope.contexts).some((way) =>
    way.chain.some((link) => link.function === fn.name && link.file === fn.file.path),
  );
}

/** Who calls it: in the filesystem's graph, and on the tree's ways into eviction. */
export function incomingCalls(scope: QueryScope, item: HierarchyItem): HierarchyCall[] {
  const found = new Calls();
  const fn = functionOf(scope, item);
  const filesystem = filesystemOf(scope, item);
  if (fn !== null && filesystem !== undefined) {
    const facts = scope.facts(filesystem);
    for (const mode of scope.modesOf(facts))
      for (const node of facts.graph(mode).nodes.values())
        for (const edge of [...node.edges, ...node.callbacks]) {
          const target = edge.target.expansion.body;
          if (target.name !== fn.name || target.file.path !== fn.file.path) continue;
          const caller = node.expansion.body;
          if (caller.function === null) continue;
          found.add(itemOf(scope, caller.function, filesystem), rangeOf(node.expansion.body, edge));
        }
    if (isOperation(facts, fn)) addEvict(scope, facts, fn, found);
  }
  for (const { chain } of waysIntoEviction(scope.contexts))
    chain.forEach((link, i) => {
      const next = chain[i + 1];
      if (next?.function !== item.function || next.file !== item.file) return;
      addLink(scope, found, link.function, link.file, link.line, link.via ?? item.function);
    });
  return found.list();
}

/** What it calls, as far as eviction goes on there. */
export function outgoingCalls(scope: QueryScope, item: HierarchyItem): HierarchyCall[] {
  const found = new Calls();
  const fn = functionOf(scope, item);
  if (fn === null) return [];
  const filesystem = filesystemOf(scope, item);
  if (filesystem !== undefined) {
    const facts = scope.facts(filesystem);
    for (const mode of scope.modesOf(facts))
      for (const node of scope.nodesOf(facts, mode, fn)) {
        const { body } = node.expansion;
        for (const edge of [...node.edges, ...node.callbacks]) {
          const target = edge.target.expansion.body;
          if (target.function !== null)
            found.add(itemOf(scope, target.function, filesystem, edge.via), rangeOf(body, edge));
        }
        for (const site of node.effects) {
          const target = scope.engine.lookup.direct(site.primitive, body.file);
          if (target?.kind !== "function") continue;
          const { at, end } = site.event.call;
          const what = `${site.what}${site.doubt === null ? "" : ` (${site.doubt})`}`;
          found.add({ ...itemOf(scope, target.function, filesystem), detail: what }, spanOf(body, at, end));
        }
      }
  }
  if (scope.contexts.evict !== null && sameFunction(scope.contexts.evict, fn)) addMethods(scope, found, fn);
  for (const { chain } of waysIntoEviction(scope.contexts))
    chain.forEach((link, i) => {
      const next = chain[i + 1];
      if (next === undefined || link.function !== item.function || link.file !== item.file) return;
      const target = functionNamed(scope, next.function, next.file);
      if (target === null) return;
      const range = callInLine(scope, fn, link.line, link.via ?? next.function);
      if (range !== null) found.add(itemOf(scope, target, undefined, link.via ?? null), range);
    });
  return found.list();
}

/** The callers of ->evict_inode and its kin: evict() and what the tree has in its place. */
function addEvict(scope: QueryScope, facts: FilesystemFacts, fn: FunctionRef, found: Calls): void {
  for (const operation of facts.operations) {
    if (operation.binding.function === null || !sameFunction(operation.binding.function, fn)) continue;
    for (const root of scope.contexts.roots) {
      const last = root.chain[root.chain.length - 1];
      if (last?.via?.endsWith(`->${operation.name}`))
        addLink(scope, found, last.function, last.file, last.line, last.via);
    }
  }
}

/** Through the pointer: every filesystem's method. */
function addMethods(scope: QueryScope, found: Calls, evict: FunctionRef): void {
  const link = scope.contexts.roots.map((root) => root.chain[root.chain.length - 1]).find((each) => each !== undefined);
  const range = link === undefined ? null : callInLine(scope, evict, link.line, link.via ?? "evict_inode");
  if (link?.via === undefined || range === null) return;
  const operation = link.via.slice(link.via.lastIndexOf(">") + 1);
  for (const filesystem of scope.filesystems) {
    const target = [...filesystem.operations.values()].find((each) => each.operation === operation)?.function;
    if (target != null) found.add(itemOf(scope, target, filesystem, link.via), range);
  }
}

function addLink(scope: QueryScope, found: Calls, name: string, file: string, line: number, callee: string): void {
  const caller = functionNamed(scope, name, file);
  const range = caller === null ? null : callInLine(scope, caller, line, callee);
  if (caller !== null && range !== null) found.add(itemOf(scope, caller, undefined), range);
}

/** The call in a line of a function: by the last name of the callee as written. */
function callInLine(scope: QueryScope, fn: FunctionRef, line: number, callee: string): Span | null {
  const body = scope.engine.bodies.of(fn);
  const start = body === null ? null : offsetIn(body, { line, column: 1 });
  if (body === null || start === null) return null;
  const newline = body.text.indexOf("\n", start);
  const text = body.text.slice(start, newline < 0 ? body.text.length : newline);
  const name = /\w+$/.exec(callee)?.[0] ?? callee;
  const at = text.search(new RegExp(`\\b${name}\\b`));
  return at < 0 ? spanOf(body, start, start + text.length) : spanOf(body, start + at, start + at + name.length);
}

function itemOf(
  scope: QueryScope,
  fn: FunctionRef,
  filesystem: Filesystem | undefined,
  via: string | null = null,
): HierarchyItem {
  const body = scope.engine.bodies.of(fn);
  const { line } = fn.span;
  const span: Span =
    body === null
      ? { line, column: 1, endLine: line, endColumn: 1 }
      : { ...spanOf(body, 0, body.text.length), line: body.line, column: 1 };
  const nameAt = body === null ? -1 : body.text.search(new RegExp(`\\b${fn.name}\\s*\\(`));
  const selection = body === null || nameAt < 0 ? span : spanOf(body, nameAt, nameAt + fn.name.length);
  return {
    function: fn.name,
    file: fn.file.path,
    span,
    selection,
    detail: detailOf(scope, fn, filesystem, via),
    filesystem: filesystem === undefined ? "" : `${filesystem.id}|${filesystem.table.name}`,
  };
}

function detailOf(scope: QueryScope, fn: FunctionRef, filesystem: Filesystem | undefined, via: string | null): string {
  const operation = filesystem === undefined ? undefined : operationName(filesystem, fn);
  if (filesystem !== undefined && operation !== undefined) return `${operation} of ${filesystem.id}`;
  const root = scope.contexts.roots.find(
    (each) => each.function === fn.name && each.chain[0]?.file === fn.file.path && filesystem === undefined,
  );
  if (root !== undefined) return root.context;
  return via === null ? fn.file.path : `${fn.file.path}, through ${via}`;
}

function operationName(filesystem: Filesystem, fn: FunctionRef): string | undefined {
  for (const binding of filesystem.operations.values())
    if (binding.function !== null && sameFunction(binding.function, fn)) return binding.operation;
  return undefined;
}

function isOperation(facts: FilesystemFacts, fn: FunctionRef): boolean {
  return operationName(facts.filesystem, fn) !== undefined;
}

/** The item was made from an earlier text: the function is found again by name and file. */
function functionOf(scope: QueryScope, item: HierarchyItem): FunctionRef | null {
  return functionNamed(scope, item.function, item.file);
}

function functionNamed(scope: QueryScope, name: string, file: string): FunctionRef | null {
  return scope.program.functionsNamed(name).find((each) => each.file.path === file) ?? null;
}

function filesystemOf(scope: QueryScope, item: HierarchyItem): Filesystem | undefined {
  const [id, table] = item.filesystem.split("|");
  return id === undefined || id === "" ? undefined : scope.filesystem(id, table ?? "");
}

function sameFunction(a: FunctionRef, b: FunctionRef): boolean {
  return a.name === b.name && a.file.path === b.file.path;
}

function rangeOf(body: Parameters<typeof positionIn>[0], edge: Edge): Span {
  return spanOf(body, edge.event.call.at, edge.event.call.end);
}

function wordAround(text: string, at: number): string {
  const before = /\w*$/.exec(text.slice(Math.max(0, at - 128), at))?.[0] ?? "";
  const after = /^\w*/.exec(text.slice(at, at + 128))?.[0] ?? "";
  return before + after;
}

/** Calls by the other function, each range once. */
class Calls {
  readonly #calls = new Map<string, { readonly item: HierarchyItem; readonly ranges: Map<string, Span> }>();

  add(item: HierarchyItem, range: Span): void {
    const key = `${item.file}:${item.function}`;
    const known = this.#calls.get(key) ?? { item, ranges: new Map<string, Span>() };
    this.#calls.set(key, known);
    known.ranges.set(`${range.line}:${range.column}`, range);
  }

  list(): HierarchyCall[] {
    return [...this.#calls.values()]
      .slice(0, MAX_CALLS)
      .map(({ item, ranges }) => ({ item, ranges: [...ranges.values()] }));
  }
}
