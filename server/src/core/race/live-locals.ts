/** Which locals a thread can still read at each location before it writes them: the rest need not be remembered. */
import { accessesOfBody, readsOf } from "./cell-access.ts";
import type { Cell, Location, Stmt, Template, Transition } from "./program.ts";
import { constant } from "./program.ts";

function flow(transition: Transition): { uses: Set<Cell>; writes: Set<Cell> } {
  const uses = new Set<Cell>();
  const writes = new Set<Cell>();
  const read = (access: { cell: Cell; thread?: number; write: boolean }): void => {
    if (access.cell.scope === "local" && access.thread === undefined && !access.write && !writes.has(access.cell)) {
      uses.add(access.cell);
    }
  };
  readsOf(transition.guard, read);
  for (const stmt of transition.body) {
    accessesOfBody([stmt], read);
    if (stmt.k === "set" && stmt.cell.scope === "local" && stmt.thread === undefined) writes.add(stmt.cell);
  }
  return { uses, writes };
}

/** Fills `live` of every location. */
export function computeLiveLocals(locations: readonly Location[]): void {
  const flows = locations.map((location) => location.transitions.map(flow));
  const live = locations.map(() => new Set<Cell>());
  let changed = true;
  while (changed) {
    changed = false;
    for (let l = locations.length - 1; l >= 0; l--) {
      const mine = live[l] as Set<Cell>;
      const before = mine.size;
      const location = locations[l] as Location;
      for (const lock of location.held) {
        if (lock.index) readsOf(lock.index, (access) => access.cell.scope === "local" && mine.add(access.cell));
      }
      for (const [t, transition] of location.transitions.entries()) {
        const { uses, writes } = (flows[l] as { uses: Set<Cell>; writes: Set<Cell> }[])[t] as {
          uses: Set<Cell>;
          writes: Set<Cell>;
        };
        for (const cell of uses) mine.add(cell);
        for (const target of transition.targets) {
          for (const cell of live[target] ?? []) if (!writes.has(cell)) mine.add(cell);
        }
      }
      if (mine.size !== before) changed = true;
    }
  }
  for (const [l, location] of locations.entries()) location.live = [...(live[l] as Set<Cell>)];
}

/** The template with dead locals set to zero on arrival: a bisimilar program with fewer states. */
export function forgettingDeadLocals(template: Template): Template {
  const forgettable = template.locals.filter((cell) => cell !== template.pc && cell.shared !== true);
  const deadAt = (target: number): Cell[] => {
    const live = template.locations[target]?.live ?? [];
    return forgettable.filter((cell) => !live.includes(cell));
  };
  const arrive = (target: number, already: ReadonlySet<Cell>): Stmt[] =>
    deadAt(target)
      .filter((cell) => !already.has(cell))
      .map((cell) => ({ k: "set", cell, value: constant(0) }));
  const locations = template.locations.map((location, from): Location => {
    const deadBefore = new Set(deadAt(from));
    const transitions = location.transitions.map((transition): Transition => {
      // What was dead and is not written here is zero already.
      const written = new Set<Cell>();
      accessesOfBody(transition.body, (access) => access.write && written.add(access.cell));
      const clean = new Set([...deadBefore].filter((cell) => !written.has(cell)));
      const targets = [...new Set(transition.targets)];
      const [first, second] = targets as [number, number?];
      const onFirst = arrive(first, clean);
      const onSecond = second === undefined ? [] : arrive(second, clean);
      if (onFirst.length === 0 && onSecond.length === 0) return transition;
      const extra: Stmt[] =
        second === undefined
          ? onFirst
          : [
              {
                k: "if",
                c: { k: "bin", op: "==", a: { k: "cell", cell: template.pc }, b: constant(first) },
                yes: onFirst,
                no: onSecond,
              },
            ];
      return { ...transition, body: [...transition.body, ...extra] };
    });
    return { ...location, transitions };
  });
  return { ...template, locations };
}
