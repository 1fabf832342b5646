/**
 * iput() itself dirties: with I_DIRTY_TIME and links left it calls mark_inode_dirty_sync() before the final put
 * (fs/inode.c iput(); "fs: Deferred inode reclaim" patch 1/4, 2026-04-29). Reclaim drops dentries, so it comes here too.
 * One finding of the generic code, with the filesystems that it ends in.
 */
import { EffectGraph } from "../analysis/effect-graph.ts";
import { effectsBelow, type FilesystemFacts, type Operation } from "../analysis/filesystem-facts.ts";
import { type CallEvent, MODES } from "../analysis/interpreter.ts";
import type { Filesystem } from "../callgraph/filesystem.ts";
import { Remembered } from "../callgraph/reads.ts";
import type { Body } from "../ir/function-bodies.ts";
import { reclaimContexts } from "./contexts.ts";
import type { Draft, DraftEnd, DraftLink, TreeFacts } from "./rule.ts";

const LAST_PUT = "iput";
/** The weight of a way that ends in a journal. */
const HEAVIEST = 2;

export function* lazytimeDrafts(tree: TreeFacts): Iterable<Draft> {
  const [any] = tree.filesystems;
  if (any === undefined) return;
  const { engine, program, contexts } = any;
  const evict = contexts.evict;
  const iput = program.functionsNamed(LAST_PUT).find((fn) => fn.file === evict?.file);
  const body = iput === undefined ? null : engine.bodies.of(iput);
  if (body === null) return;
  const seen = new Set<number>();
  for (const { event, dirtying: name, links } of dirtyingCalls(any, body)) {
    if (seen.has(event.call.at)) continue;
    seen.add(event.call.at);
    const ends: DraftEnd[] = [];
    let chain: DraftLink[] = [...links];
    let heaviest = 0;
    for (const facts of tree.filesystems) {
      if (facts.filesystem.fact !== undefined) engine.reads?.read(facts.filesystem.fact);
      const binding = facts.filesystem.operations.get("dirty_inode");
      const target = binding?.function == null ? null : engine.bodies.of(binding.function);
      if (binding === undefined || target === null) continue;
      ends.push({
        body: target,
        at: target.ir.steps.length > 0 ? target.text.indexOf("{") : 0,
        what: `${binding.functionName}() of ${facts.filesystem.id}`,
      });
      // None is heavier than one that journals.
      if (heaviest === HEAVIEST) continue;
      const way = waysFrom(name).get(engine.reads, facts.filesystem, () => wayInto(facts, name, body.file));
      const weight = way === null ? 0 : way.journals ? HEAVIEST : 1;
      if (way !== null && weight > heaviest) {
        heaviest = weight;
        chain = [...links, ...way.links];
      }
    }
    yield {
      rule: "dirty-under-memalloc",
      severity: "error",
      operation: { name: LAST_PUT, body },
      at: event.call.at,
      end: event.call.end,
      first: name,
      chain,
      ends: ends.length > 0 ? ends : [{ body, at: event.call.at, what: `${name}() dirties the inode` }],
      message: `${LAST_PUT}() can dirty in reclaim: ${name}() on an inode with lazy timestamps, from the dentry shrinker (${ends.length} filesystems have a ->dirty_inode)`,
      doubt: null,
      contexts: reclaimContexts(any, "drop_inode"),
      generic: body.file.path,
    };
  }
}

interface DirtyingCall {
  /** The call in iput() itself. */
  readonly event: CallEvent;
  readonly dirtying: string;
  readonly links: readonly DraftLink[];
}

/** Calls of `body` that dirty, themselves or through one helper of the same file; the way into evict() is another matter. */
function* dirtyingCalls(facts: FilesystemFacts, body: Body): Iterable<DirtyingCall> {
  const { engine, contexts } = facts;
  const dirties = (name: string): boolean => engine.knowledge.functions.get(name)?.effects?.includes("dirty") ?? false;
  for (const event of engine.interpreter.expand(body, [], MODES.reclaim).events) {
    const name = event.call.callee.k === "id" ? event.call.callee.name : "";
    const link: DraftLink = { body, at: event.call.at, via: null, guard: event.guard };
    if (dirties(name)) {
      yield { event, dirtying: name, links: [link] };
      continue;
    }
    const target = engine.lookup.direct(name, body.file);
    const helper = target?.kind === "function" ? engine.bodies.of(target.function) : null;
    if (helper === null || (contexts.evict !== null && helper.text.includes(`${contexts.evict.name}(`))) continue;
    for (const inner of engine.interpreter.expand(helper, event.args, MODES.reclaim).events) {
      const innerName = inner.call.callee.k === "id" ? inner.call.callee.name : "";
      if (dirties(innerName))
        yield {
          event,
          dirtying: innerName,
          links: [link, { body: helper, at: inner.call.at, via: null, guard: inner.guard }],
        };
    }
  }
}

/** By the function that dirties. */
const WAYS = new Map<string, Remembered<Filesystem, Way | null>>();

function waysFrom(name: string): Remembered<Filesystem, Way | null> {
  let ways = WAYS.get(name);
  if (ways === undefined) {
    ways = new Remembered();
    WAYS.set(name, ways);
  }
  return ways;
}

interface Way {
  readonly links: readonly DraftLink[];
  readonly journals: boolean;
}

/** From the dirtying function into this filesystem's ->dirty_inode, down to what it starts there. */
function wayInto(facts: FilesystemFacts, name: string, from: Operation["body"]["file"]): Way | null {
  const fn = facts.engine.lookup.functionValue(name, from);
  const own = facts.filesystem.operations.get("dirty_inode")?.function;
  const root = fn === null ? null : new EffectGraph(facts.engine, facts.filesystem, MODES.reclaim).root(fn);
  if (root === null || own == null) return null;
  let links: DraftLink[] = [];
  let node = root;
  for (let depth = 0; depth < 6; depth++) {
    const edge =
      node.edges.find((each) => each.target.expansion.body.function === own) ??
      node.edges.find((each) =>
        facts.engine.knowledge.functions.get(each.target.expansion.body.name)?.effects?.includes("dirty"),
      );
    if (edge === undefined) return null;
    links = [...links, { body: node.expansion.body, at: edge.event.call.at, via: edge.via, guard: edge.event.guard }];
    node = edge.target;
    if (node.expansion.body.function === own) break;
  }
  if (node.expansion.body.function !== own) return null;
  const effect = effectsBelow(node)
    .filter((each) => each.doubt === null)
    .sort((a, b) => weightOf(b.site.kind) - weightOf(a.site.kind) || a.chain.length - b.chain.length)[0];
  if (effect === undefined) return null;
  for (const { body, event, via } of effect.chain) links.push({ body, at: event.call.at, via, guard: event.guard });
  links.push({ body: effect.site.body, at: effect.site.event.call.at, via: null, guard: effect.site.event.guard });
  return { links, journals: effect.site.kind === "transaction" };
}

function weightOf(kind: string): number {
  return kind === "transaction" ? 3 : kind === "nofail" ? 2 : kind === "dirty" || kind === "disk" ? 1 : 0;
}
