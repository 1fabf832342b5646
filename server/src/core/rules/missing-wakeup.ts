/** An inode that may be I_FREEING is unhashed and no wake-up of __I_NEW follows: a lookup that sleeps on it sleeps for ever. */
import { EffectGraph } from "../analysis/effect-graph.ts";
import { MODES } from "../analysis/interpreter.ts";
import { TypestateWalk, UNHASHED, WOKEN } from "../analysis/typestate.ts";
import type { Filesystem } from "../callgraph/filesystem.ts";
import type { Draft, Rule, TreeFacts } from "./rule.ts";

export const missingWakeup: Rule = {
  id: "missing-wakeup",
  title: "No wake-up after the unhash",
  description:
    "An inode that may be I_FREEING is taken out of the hash and no wake-up of __I_NEW follows: lookups that wait for it never go on.",
  severity: "error",
  *checkTree(tree: TreeFacts): Iterable<Draft> {
    const [any] = tree.filesystems;
    const evict = any?.contexts.evict;
    const body = evict == null ? null : any!.engine.bodies.of(evict);
    if (any === undefined || evict == null || body === null) return;
    const graph = new EffectGraph(any.engine, withoutMethods(any.filesystem, evict.file.path), MODES.any);
    const root = graph.root(evict);
    if (root === null) return;
    const walk = new TypestateWalk(any.engine, graph, false);
    walk.run(root, 0);
    if (
      walk.limitHit ||
      !walk.events.some(
        (event) => event.kind === "exit" && (event.state & UNHASHED) !== 0 && (event.state & WOKEN) === 0,
      )
    )
      return;
    const unhash = walk.events.find((event) => event.kind === "unhash" && event.onInode);
    if (unhash === undefined) return;
    const anchor = unhash.stack[0]?.event.call ?? unhash.event!.call;
    yield {
      rule: "missing-wakeup",
      severity: "error",
      operation: { name: evict.name, body },
      at: anchor.at,
      end: anchor.end,
      first: anchor.callee.k === "id" ? anchor.callee.name : "call",
      chain: [
        ...unhash.stack.map((frame) => ({
          body: frame.body,
          at: frame.event.call.at,
          via: frame.via,
          guard: frame.event.guard,
        })),
        { body: unhash.body, at: unhash.at, via: null, guard: unhash.guard },
      ],
      ends: [
        { body: unhash.body, at: unhash.at, what: "unhashes the inode; __I_NEW is not woken on some path after it" },
      ],
      message: `${evict.name}() unhashes the inode and does not wake __I_NEW on every path after it: a lookup in __wait_on_freeing_inode() sleeps for ever`,
      doubt: null,
      contexts: any.contexts.contexts,
      generic: evict.file.path,
    };
  },
};

/** The generic code alone: a filesystem that registers nothing. */
function withoutMethods(like: Filesystem, id: string): Filesystem {
  return {
    id,
    table: { ...like.table, bindings: [] },
    operations: new Map(),
    owns: (file) => file.path === id,
    mentions: () => false,
  };
}
