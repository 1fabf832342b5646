/** Whether code that a model takes to leave i_nlink alone might change it between two tests. */
import type { Engine } from "../../analysis/effect-graph.ts";
import type { FunctionRef } from "../../callgraph/program.ts";
import type { Body } from "../../ir/function-bodies.ts";
import type { Procedure } from "../../race/model.ts";
import { callsIn } from "../../rules/walk-steps.ts";
import { CHANGES_LINKS } from "./flow.ts";

/** Calls followed from the functions of the model, and functions looked at. */
const MAX_DEPTH = 3;
const MAX_FUNCTIONS = 400;

/** An assumption for each function that might; none when no two tests of the model could contradict each other. */
export function changesLinks(engine: Engine, procedures: readonly Procedure[], bodies: readonly Body[]): string[] {
  const text = JSON.stringify(procedures);
  if (!text.includes("inode.nlink == 0") || !text.includes("inode.nlink > 0")) return [];
  const found: string[] = [];
  const seen = new Set<FunctionRef | string>();
  let level = [...bodies];
  for (let depth = 0; depth <= MAX_DEPTH && seen.size < MAX_FUNCTIONS; depth++) {
    const next: Body[] = [];
    for (const body of level) {
      const key = body.function ?? `${body.file.path}:${body.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (CHANGES_LINKS.test(body.text)) found.push(`${body.name}() leaves the link count as it was`);
      for (const call of body.ir.steps.flatMap(callsIn)) {
        if (call.callee.k !== "id") continue;
        const target = engine.lookup.direct(call.callee.name, body.file);
        const callee = target?.kind === "function" ? engine.bodies.of(target.function) : null;
        if (callee !== null) next.push(callee);
      }
    }
    level = next;
  }
  return found;
}
