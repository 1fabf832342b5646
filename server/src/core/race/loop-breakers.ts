/**
 * A set of locations that every endless run of one thread passes again and again. Steps taken alone (persistent sets)
 * are never taken there, so that no other thread is postponed for ever (the "ignoring problem").
 * Loops that only count upwards end by themselves and need no breaker.
 */
import { accessesOfBody } from "./cell-access.ts";
import type { Cell, Expr, Location, Stmt } from "./program.ts";

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly increments: ReadonlySet<Cell>;
  readonly changes: ReadonlySet<Cell>;
}

function edgesOf(locations: readonly Location[]): Edge[] {
  return locations.flatMap((location, from) =>
    location.transitions.flatMap((transition) => {
      const changes = new Set<Cell>();
      const increments = new Set<Cell>();
      accessesOfBody(transition.body, (a) => {
        if (a.write && a.cell.scope === "local" && a.cell.shared !== true) changes.add(a.cell);
      });
      const kept = new Map<number, Expr>();
      for (const stmt of transition.body) {
        if (stmt.k === "let") kept.set(stmt.temp, stmt.value);
        else if (stmt.k === "set" && isIncrement(stmt, kept)) increments.add(stmt.cell);
      }
      return transition.targets.map((to): Edge => ({ from, to, increments, changes }));
    }),
  );
}

/** `local = local + constant` outside any condition, the only change of that local in its step being this one. */
function isIncrement(stmt: Stmt & { k: "set" }, kept: ReadonlyMap<number, Expr>): boolean {
  if (stmt.cell.scope !== "local" || stmt.thread !== undefined) return false;
  const value = stmt.value.k === "temp" ? kept.get(stmt.value.temp) : stmt.value;
  if (value?.k !== "bin" || value.op !== "+" || value.b.k !== "const" || value.b.v <= 0) return false;
  return value.a.k === "cell" && value.a.cell === stmt.cell && value.a.thread === undefined;
}

export function loopBreakers(locations: readonly Location[]): Set<number> {
  const breakers = new Set<number>();
  const nodes = locations.map((_, i) => i);
  breakLoops(nodes, edgesOf(locations), breakers);
  return breakers;
}

function breakLoops(nodes: readonly number[], edges: readonly Edge[], breakers: Set<number>): void {
  for (const component of components(nodes, edges)) {
    const inside = new Set(component);
    const inner = edges.filter((edge) => inside.has(edge.from) && inside.has(edge.to));
    if (inner.length === 0) continue;
    const counter = findCounter(inner);
    if (counter !== undefined) {
      breakLoops(
        component,
        inner.filter((edge) => !edge.increments.has(counter)),
        breakers,
      );
      continue;
    }
    // The first in the text is the head of the outermost loop.
    const head = Math.min(...component);
    breakers.add(head);
    breakLoops(
      component,
      inner.filter((edge) => edge.to !== head),
      breakers,
    );
  }
}

/** A local that inside these edges is only ever incremented, by at least one of them. */
function findCounter(edges: readonly Edge[]): Cell | undefined {
  const candidates = new Set(edges.flatMap((edge) => [...edge.increments]));
  for (const cell of candidates) {
    if (edges.every((edge) => !edge.changes.has(cell) || edge.increments.has(cell))) return cell;
  }
  return undefined;
}

/** Strongly connected components (Tarjan, without recursion). */
export function components(nodes: readonly number[], edges: readonly { from: number; to: number }[]): number[][] {
  const successors = new Map<number, number[]>();
  for (const { from, to } of edges) {
    const list = successors.get(from);
    if (list === undefined) successors.set(from, [to]);
    else list.push(to);
  }
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const result: number[][] = [];
  for (const root of nodes) {
    if (index.has(root)) continue;
    const work: { node: number; next: number }[] = [{ node: root, next: 0 }];
    while (work.length > 0) {
      const frame = work[work.length - 1] as { node: number; next: number };
      const { node } = frame;
      if (frame.next === 0) {
        index.set(node, index.size);
        low.set(node, index.get(node) as number);
        stack.push(node);
        onStack.add(node);
      }
      const to = (successors.get(node) ?? [])[frame.next++];
      if (to !== undefined) {
        if (!index.has(to)) work.push({ node: to, next: 0 });
        else if (onStack.has(to)) low.set(node, Math.min(low.get(node) as number, index.get(to) as number));
        continue;
      }
      work.pop();
      const parent = work[work.length - 1]?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) as number, low.get(node) as number));
      if (low.get(node) !== index.get(node)) continue;
      const component: number[] = [];
      let member: number;
      do {
        member = stack.pop() as number;
        onStack.delete(member);
        component.push(member);
      } while (member !== node);
      result.push(component);
    }
  }
  return result;
}
