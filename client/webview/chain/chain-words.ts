/** The chain in words: for readers, and for a mail. No DOM. */
import { type CallChainView, type ChainNode, CONTEXT_WORDS } from "../../../server/src/protocol/views.ts";

export interface Way {
  /** "kswapd", or "The operation" for the part that all share. */
  readonly title: string;
  readonly steps: readonly WayStep[];
}
export interface WayStep {
  readonly node: ChainNode;
  /** Conditions and pointer of the call that leads on. */
  readonly note: string;
}

/** A way in for each root, then the operation's own chain down to the effect. */
export function waysOf(view: CallChainView): readonly Way[] {
  const byId = new Map(view.nodes.map((node) => [node.id, node]));
  const walk = (start: ChainNode, ends: (node: ChainNode) => boolean): WayStep[] => {
    const steps: WayStep[] = [];
    const seen = new Set<string>();
    let node: ChainNode | undefined = start;
    while (node !== undefined && !ends(node) && !seen.has(node.id)) {
      seen.add(node.id);
      const id: string = node.id;
      const own: ChainNode = node;
      const leaving = view.edges.filter(({ from }) => from === id);
      // The edge of the same context, where a function calls on in two ways.
      const edge =
        leaving.find(({ to }) => byId.get(to)?.contexts.some((name) => start.contexts.includes(name))) ?? leaving[0];
      const guards = edge === undefined || edge.guards.length === 0 ? "" : `if ${edge.guards.join(" and ")}`;
      const via = edge?.via === undefined ? "" : `through ${edge.via}`;
      steps.push({ node: own, note: [guards, via].filter(Boolean).join(", ") });
      node = edge === undefined ? undefined : byId.get(edge.to);
    }
    return steps;
  };
  const ways = view.nodes
    .filter(({ role }) => role === "root")
    .map((root) => ({
      title: root.contexts.map((context) => CONTEXT_WORDS[context]).join(", "),
      steps: walk(root, ({ role }) => role === "operation"),
    }));
  const operation = view.nodes.find(({ role }) => role === "operation");
  return operation === undefined ? ways : [...ways, { title: "The operation", steps: walk(operation, () => false) }];
}

export function chainToText(view: CallChainView): string {
  const lines = [`${view.severity}: ${view.message} [${view.rule}]`, ""];
  for (const { title, steps } of waysOf(view)) {
    lines.push(`${title}:`);
    steps.forEach(({ node, note }, i) => {
      lines.push(
        `${"  ".repeat(Math.min(i + 1, 12))}${node.title}  ${node.file}:${node.line}${note === "" ? "" : `  (${note})`}`,
      );
    });
    lines.push("");
  }
  for (const end of view.others) lines.push(`also: ${end.function}(): ${end.what}  ${end.file}:${end.line}`);
  return `${lines.join("\n").trimEnd()}\n`;
}
