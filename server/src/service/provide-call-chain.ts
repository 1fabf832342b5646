/** A finding's call chain as a graph: from where the kernel sets out, through the operation, to what happens. */
import type { ChainLink, ContextName, ContextRoot, Finding, Review } from "../core/report/finding.ts";
import { waysIn } from "../core/report/ways-in.ts";
import type { Settings } from "../protocol/settings.ts";
import type { CallChainView, ChainEdge, ChainNode, NodeRole } from "../protocol/views.ts";
import { shownSeverity } from "./shown-severity.ts";

export function provideCallChain(root: string, finding: Finding, review: Review, settings: Settings): CallChainView {
  const graph = new Graph();
  const ways = (review.contexts ?? []).filter(({ context }) => finding.contexts.includes(context));
  const roots = [...waysIn(finding, ways).values()];
  const [first] = finding.chain;
  const start = first === undefined ? null : { function: first.function, file: first.file };
  for (const entry of roots) addWay(graph, entry, finding.operation, start);
  addChain(graph, finding);
  const { rule, message, filesystem, table, operation, confidence, confidenceReason, contexts, conditions } = finding;
  const last = finding.chain[finding.chain.length - 1];
  return {
    root,
    finding: finding.id,
    rule,
    severity: shownSeverity(finding, settings),
    message,
    filesystem,
    table,
    operation,
    confidence: confidenceReason === undefined ? confidence : `${confidence}: ${confidenceReason}`,
    contexts,
    withoutWay: contexts.filter((context) => !roots.some((entry) => entry.context === context)),
    moreWays: ways.length - roots.length,
    conditions,
    nodes: graph.nodes(),
    edges: graph.edges(),
    others: finding.ends
      .filter((end) => end.file !== last?.file || end.line !== last.line)
      .map(({ function: name, file, line, what }) => ({ function: name, file, line, what })),
  };
}

interface MutableNode {
  readonly node: Omit<ChainNode, "contexts">;
  readonly contexts: Set<ContextName>;
}

class Graph {
  readonly #nodes = new Map<string, MutableNode>();
  readonly #edges = new Map<string, ChainEdge>();

  add(node: Omit<ChainNode, "contexts">, contexts: Iterable<ContextName>): string {
    let held = this.#nodes.get(node.id);
    if (held === undefined) {
      held = { node, contexts: new Set() };
      this.#nodes.set(node.id, held);
    }
    for (const context of contexts) held.contexts.add(context);
    return node.id;
  }

  connect(edge: ChainEdge): void {
    const key = `${edge.from}>${edge.to}`;
    if (edge.from !== edge.to && !this.#edges.has(key)) this.#edges.set(key, edge);
  }

  nodes(): ChainNode[] {
    return [...this.#nodes.values()].map(({ node, contexts }) => ({ ...node, contexts: [...contexts] }));
  }

  edges(): ChainEdge[] {
    return [...this.#edges.values()];
  }
}

function nodeId(name: string, file: string): string {
  return `${file}:${name}`;
}

/** A node for each link; each is joined to the next, the last to `next`. */
function addLinks(
  graph: Graph,
  links: readonly ChainLink[],
  role: (index: number) => NodeRole,
  contexts: readonly ContextName[],
  next: string | null,
): void {
  links.forEach((link, index) => {
    const { function: name, file, line, via, guards = [] } = link;
    const id = graph.add({ id: nodeId(name, file), role: role(index), title: `${name}()`, file, line }, contexts);
    const following = links[index + 1];
    const to = following === undefined ? next : nodeId(following.function, following.file);
    if (to !== null) graph.connect({ from: id, to, file, line, guards, ...(via === undefined ? {} : { via }) });
  });
}

/**
 * The tree's ways in end where ->evict_inode is called. The other methods are called beside it: ->drop_inode by the caller
 * of evict(), ->destroy_inode after it; their last edge names the method and no pointer that is not there.
 */
function addWay(
  graph: Graph,
  entry: ContextRoot,
  operation: string,
  start: { readonly function: string; readonly file: string } | null,
): void {
  const next = start === null ? null : nodeId(start.function, start.file);
  const links = [...entry.chain];
  const last = links.pop();
  if (last === undefined) return;
  if (last.via?.includes(operation)) links.push(last);
  else if (operation !== "drop_inode" || links.length === 0) {
    links.push({ function: last.function, file: last.file, line: last.line, via: `->${operation}` });
  } else {
    const caller = links.pop()!;
    links.push({ function: caller.function, file: caller.file, line: caller.line, via: `->${operation}` });
  }
  addLinks(graph, links, (index) => (index === 0 ? "root" : "way"), [entry.context], next);
}

function addChain(graph: Graph, finding: Finding): void {
  const { chain, contexts, ends } = finding;
  addLinks(graph, chain, (index) => (index === 0 ? "operation" : "call"), contexts, "effect");
  const last = chain[chain.length - 1];
  if (last === undefined) return;
  const end = ends.find(({ file, line }) => file === last.file && line === last.line) ?? ends[0];
  const what = end?.what ?? finding.message;
  graph.add({ id: "effect", role: "effect", title: what, file: last.file, line: last.line }, contexts);
}
