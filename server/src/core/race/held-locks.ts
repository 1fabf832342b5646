/**
 * Which locks a thread holds at each of its locations. Known without running: a model in which that depends on the path
 * is rejected, as sparse rejects a context imbalance. So a lock needs one bit of state and no owner.
 */
import { expressionKey, readsOf } from "./cell-access.ts";
import type { CompileContext } from "./compile-context.ts";
import type { Cell, Location, LockUse, Stmt, Transition } from "./program.ts";

const key = (lock: LockUse): string => `${lock.cell.id}${lock.index ? `[${expressionKey(lock.index)}]` : ""}`;
const names = (locks: ReadonlyMap<string, LockUse>): string =>
  locks.size === 0 ? "no lock" : [...locks.values()].map((lock) => lock.name).join(", ");

function assigned(body: readonly Stmt[], into: Set<Cell>): void {
  for (const stmt of body) {
    if (stmt.k === "set" && stmt.thread === undefined) into.add(stmt.cell);
    else if (stmt.k === "if") {
      assigned(stmt.yes, into);
      assigned(stmt.no, into);
    }
  }
}

export interface LockKinds {
  readonly spin: ReadonlySet<Cell>;
}

/** Fills `held` of every location; errors go to the context. */
export function computeHeldLocks(
  context: CompileContext,
  thread: string,
  path: string,
  locations: readonly Location[],
  entry: number,
  kinds: LockKinds,
): void {
  const heldAt: (ReadonlyMap<string, LockUse> | undefined)[] = locations.map(() => undefined);
  if (entry >= locations.length) return;
  heldAt[entry] = new Map();
  const work = [entry];
  while (work.length > 0) {
    const l = work.pop() as number;
    const location = locations[l] as Location;
    const held = heldAt[l] as ReadonlyMap<string, LockUse>;
    location.held = [...held.values()];
    for (const transition of location.transitions) {
      const where = { thread, step: transition.step };
      mayBlock(context, path, where, transition, held, kinds);
      for (const [t, target] of transition.targets.entries()) {
        const after = new Map(held);
        for (const lock of transition.releases) {
          if (!after.delete(key(lock)))
            context.error(path, `releases ${lock.name}, which it does not hold here`, where);
        }
        const changed = new Set<Cell>();
        assigned(transition.body, changed);
        for (const lock of after.values()) {
          let moved = false;
          if (lock.index) readsOf(lock.index, (access) => (moved ||= changed.has(access.cell)));
          if (moved) context.error(path, `changes the variable by which it holds ${lock.name}`, where);
        }
        for (const lock of transition.tries === true && t > 0 ? [] : transition.acquires) {
          if (after.has(key(lock))) context.error(path, `takes ${lock.name}, which it holds already`, where);
          after.set(key(lock), lock);
        }
        if (target >= locations.length) {
          if (after.size > 0) context.error(path, `ends while holding ${names(after)}`, where);
          continue;
        }
        const known = heldAt[target];
        if (known === undefined) {
          heldAt[target] = after;
          work.push(target);
        } else if (known.size !== after.size || [...after.keys()].some((one) => !known.has(one))) {
          const there = locations[target]?.transitions[0]?.step ?? "?";
          context.error(
            path,
            `step ${there} is reached with ${names(known)} held and with ${names(after)} held`,
            where,
          );
        }
      }
    }
    if (context.errors.length > 50) return;
  }
}

function mayBlock(
  context: CompileContext,
  path: string,
  where: { thread: string; step: string },
  transition: Transition,
  held: ReadonlyMap<string, LockUse>,
  kinds: LockKinds,
): void {
  const spin = [...held.values()].find((lock) => kinds.spin.has(lock.cell));
  if (spin === undefined) return;
  const sleeps =
    transition.guardKind === "lock"
      ? transition.acquires.some((lock) => !kinds.spin.has(lock.cell))
      : ["sleep", "memory", "grace-period"].includes(transition.guardKind);
  if (sleeps) context.error(path, `sleeps while it holds the spin lock ${spin.name}`, where);
}
