/** What a filesystem's own ->drop_inode says of an inode without links. */

import type { Engine } from "../../analysis/effect-graph.ts";
import { assign, Env, type MutableEnv } from "../../analysis/env.ts";
import { MODES } from "../../analysis/interpreter.ts";
import { NONZERO, truth, ZERO } from "../../analysis/value.ts";
import type { Filesystem } from "../../callgraph/filesystem.ts";
import type { Body } from "../../ir/function-bodies.ts";
import type { Expr } from "../../ir/ir.ts";
import { assignmentOf, bare } from "./entry-conditions.ts";

/** The generic ->drop_inode that keeps nothing: in Linux 6.12, and since 6.18. */
export const ALWAYS_DROPS: ReadonlySet<string> = new Set(["generic_delete_inode", "inode_just_drop"]);

/** Those that say yes of an inode without links (include/linux/fs.h, fs/inode.c): `!inode->i_nlink || inode_unhashed(inode)`. */
const DROPS_UNLINKED: ReadonlySet<string> = new Set([...ALWAYS_DROPS, "generic_drop_inode", "inode_generic_drop"]);

/**
 * Whether its own ->drop_inode lets every inode without links go: on each way to its end it says yes, or asks the generic
 * function, as most do. False where it is not known.
 */
export function dropsUnlinked(engine: Engine, filesystem: Filesystem | null): boolean {
  const own = filesystem?.operations.get("drop_inode")?.function;
  const body = own == null ? null : engine.bodies.of(own);
  const inode = body?.ir.parameters[0]?.name ?? "";
  if (body === null || inode === "") return false;
  const { steps } = body.ir;
  const envs = new Map<number, Env>([[0, Env.of([[`${inode}.i_nlink`, ZERO]])]]);
  const work = [0];
  const arrive = (target: number, env: Env): void => {
    if (target < 0) return;
    const before = envs.get(target);
    const after = before?.join(env) ?? env;
    if (after === before) return;
    envs.set(target, after);
    work.push(target);
  };
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const step = steps[at]!;
    const env = envs.get(at)!;
    if (step.k === "return") {
      if (step.value !== null && !saysYes(step.value, env, body, engine)) return false;
      continue;
    }
    const assigned = assignmentOf(step);
    for (const [target, after] of engine.interpreter.successors(step, env, body, MODES.any)) {
      if (step.k === "branch" && target !== step.yes && saysYes(step.test, env, body, engine)) continue;
      const out: MutableEnv = { env: after, copied: false };
      if (assigned !== null && saysYes(assigned.value, env, body, engine)) assign(out, assigned.name, NONZERO);
      arrive(target, out.env);
    }
  }
  return true;
}

function saysYes(expr: Expr, env: Env, body: Body, engine: Engine): boolean {
  const value = bare(expr);
  if (value.k === "call" && value.callee.k === "id" && DROPS_UNLINKED.has(value.callee.name)) return true;
  if (value.k === "binary" && value.op === "||")
    return saysYes(value.left, env, body, engine) || saysYes(value.right, env, body, engine);
  return truth(engine.interpreter.evaluate(value, env, body, MODES.any)) === true;
}
