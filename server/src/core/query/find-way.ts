/** The shortest way from a filesystem's operations to a function. */
import type { Edge, GraphNode } from "../analysis/effect-graph.ts";
import type { FilesystemFacts, Operation } from "../analysis/filesystem-facts.ts";
import type { Mode } from "../analysis/interpreter.ts";
import type { TreeContexts } from "../analysis/reclaim-roots.ts";
import type { FunctionRef } from "../callgraph/program.ts";
import { positionIn } from "../ir/function-bodies.ts";
import type { ChainLink, ContextName } from "../report/finding.ts";
import { needsLastIput } from "../report/ways-in.ts";
import type { QueryScope } from "./query-scope.ts";

export interface WayStep {
  readonly node: GraphNode;
  readonly edge: Edge;
}

export interface Way {
  readonly operation: Operation;
  /** The calls that lead down; empty in the operation itself. */
  readonly steps: readonly WayStep[];
  /** The node arrived at. */
  readonly node: GraphNode;
}

interface Visit {
  readonly node: GraphNode;
  readonly operation: Operation;
  readonly parent: Visit | null;
  readonly edge: Edge | null;
}

/** Breadth first over sure calls, then over doubtful ones; null when the graph has no way. */
export function findWay(facts: FilesystemFacts, mode: Mode, fn: FunctionRef): Way | null {
  const graph = facts.graph(mode);
  const seen = new Set<GraphNode>();
  const queue: Visit[] = [];
  let doubtful: Visit[] = [];
  const add = (visit: Visit): void => {
    if (seen.has(visit.node)) return;
    seen.add(visit.node);
    queue.push(visit);
  };
  for (const operation of facts.operations) {
    const node = graph.root(operation.binding.function!);
    if (node !== null) add({ node, operation, parent: null, edge: null });
  }
  for (let i = 0; ; i++) {
    if (i === queue.length) {
      for (const each of doubtful) add(each);
      doubtful = [];
      if (i === queue.length) return null;
    }
    const here = queue[i]!;
    const { body } = here.node.expansion;
    if (body.function !== null && body.name === fn.name && body.file.path === fn.file.path) return wayOf(here);
    for (const edge of [...here.node.edges, ...here.node.callbacks]) {
      const next = { node: edge.target, operation: here.operation, parent: here, edge };
      if (edge.doubt === null) add(next);
      else doubtful.push(next);
    }
  }
}

function wayOf(arrival: Visit): Way {
  const steps: WayStep[] = [];
  for (let at = arrival; at.parent !== null && at.edge !== null; at = at.parent)
    steps.unshift({ node: at.parent.node, edge: at.edge });
  return { operation: arrival.operation, steps, node: arrival.node };
}

/** The calls of a way as links: each with the line where the next is called. */
export function linksOf(way: Way): ChainLink[] {
  return way.steps.map(({ node, edge }) => {
    const { body } = node.expansion;
    return {
      function: body.name,
      file: body.file.path,
      line: positionIn(body, edge.event.call.at).line,
      ...(edge.via === null ? {} : { via: edge.via }),
    };
  });
}

const ROOTS: readonly ContextName[] = ["kswapd", "direct-reclaim", "memcg-reclaim", "umount", "iput", "drop-caches"];

/** A way of the tree from one of its roots to ->evict_inode. */
export interface WayIn {
  readonly context: ContextName;
  readonly chain: readonly ChainLink[];
}

/** Each root's shortest way, then those of reclaim by way of the last iput(). */
export function waysIntoEviction({ roots }: TreeContexts): readonly WayIn[] {
  return [
    ...roots,
    ...roots.flatMap(({ context, byLastIput }) => (byLastIput === undefined ? [] : [{ context, chain: byLastIput }])),
  ];
}

/**
 * From a root of the tree (kswapd where eviction gets there) to the call of ->evict_inode, for what is done under these
 * conditions; empty for an operation that evict() calls elsewhere, or when the tree has no roots.
 */
export function wayToOperation(
  scope: QueryScope,
  operation: string,
  conditions: readonly string[],
): readonly ChainLink[] {
  if (operation !== "evict_inode" && operation !== "evict_inode_async") return [];
  for (const context of ROOTS) {
    const root = scope.contexts.roots.find((each) => each.context === context);
    const last = root?.chain[root.chain.length - 1];
    // The links were noted at the call of one of the two methods: the chain fits only that one.
    if (root === undefined || !last?.via?.endsWith(`->${operation}`)) continue;
    return needsLastIput(operation, conditions) ? (root.byLastIput ?? root.chain) : root.chain;
  }
  return [];
}
