/** Which steps can change the truth of an invariant. */
import { accessesOf } from "./cell-access.ts";
import type { Cell, Expr, Program, Transition } from "./program.ts";

/** Transitions that can change the truth of an invariant must be interleaved. */
export function visibility(program: Program): (template: number, location: number, transition: Transition) => boolean {
  const cells = new Set<Cell>();
  const places = program.templates.map(() => new Set<number>());
  const pcOf = new Map(program.templates.map((template, t) => [template.pc, t]));
  const everywhere = new Set<number>();
  const visit = (e: Expr): void => {
    if (e.k === "bin" && e.op === "==" && e.a.k === "cell" && e.b.k === "const" && pcOf.has(e.a.cell)) {
      places[pcOf.get(e.a.cell) as number]?.add(e.b.v);
      return;
    }
    if (e.k === "cell") {
      const t = pcOf.get(e.cell);
      if (t === undefined) cells.add(e.cell);
      else everywhere.add(t);
      if (e.index) visit(e.index);
    } else if (e.k === "not") visit(e.a);
    else if (e.k === "bin") {
      visit(e.a);
      visit(e.b);
    } else if (e.k === "choice") {
      visit(e.c);
      visit(e.a);
      visit(e.b);
    }
  };
  for (const invariant of program.invariants) visit(invariant.holds);
  return (template, location, transition) => {
    if (everywhere.has(template)) return true;
    const watched = places[template] as Set<number>;
    if (watched.has(location) || transition.targets.some((target) => watched.has(target))) return true;
    let writes = false;
    accessesOf(transition, (access) => {
      if (access.write && cells.has(access.cell)) writes = true;
    });
    return writes;
  };
}
