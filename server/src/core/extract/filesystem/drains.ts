/** What a filesystem waits for when it is unmounted: flush_workqueue() and its kin on the way from ->put_super and ->kill_sb. */
import type { CallExpr } from "../../analysis/interpreter.ts";
import type { FunctionRef } from "../../callgraph/program.ts";
import { type Body, positionIn } from "../../ir/function-bodies.ts";
import type { Expr } from "../../ir/ir.ts";
import type { SourceSpan } from "../../race/model.ts";
import { callsIn } from "../../rules/walk-steps.ts";
import { WAITS_FOR_WORK } from "../kernel-vocabulary.ts";
import { callText } from "./chain-steps.ts";
import type { FindingScope } from "./finding-scope.ts";

export interface Drain {
  readonly label: string;
  readonly source: SourceSpan;
  readonly function: string;
}

/** Those that cancel leave nothing running either. */
const DRAINS: ReadonlySet<string> = new Set([
  ...WAITS_FOR_WORK,
  "cancel_work_sync",
  "cancel_delayed_work_sync",
  "kthread_stop",
]);
/** include/linux/rcupdate.h: these wait for everything of their kind; they name no queue. */
const DRAINS_ALL: ReadonlyMap<string, RegExp> = new Map([
  ["rcu_barrier", /^call_(s?rcu|rcu_)/],
  ["flush_scheduled_work", /^schedule_(delayed_)?work/],
]);
const UMOUNT_FIELDS = ["put_super", "kill_sb", "shutdown"];
const MAX_FUNCTIONS = 400;

/** The first call at umount that waits for what `queued` handed on; null when none was found. */
export function drainFor(scope: FindingScope, queued: CallExpr): Drain | null {
  const { filesystem, program, engine } = scope;
  if (filesystem === null) return null;
  const names = new Set(queued.args.map(lastName).filter((name) => name !== ""));
  const primitive = queued.callee.k === "id" ? queued.callee.name : "";
  const seen = new Set<FunctionRef>();
  const work: FunctionRef[] = [];
  for (const field of UMOUNT_FIELDS)
    for (const binding of program.bindingsOf(field)) {
      if (!filesystem.owns(binding.file)) continue;
      const fn = engine.lookup.functionValue(binding.target, binding.file);
      if (fn !== null) work.push(fn);
    }
  while (work.length > 0 && seen.size < MAX_FUNCTIONS) {
    const fn = work.shift()!;
    if (seen.has(fn)) continue;
    seen.add(fn);
    const body = engine.bodies.of(fn);
    if (body === null) continue;
    for (const call of body.ir.steps.flatMap(callsIn)) {
      if (call.callee.k !== "id") continue;
      const { name } = call.callee;
      const isIt = DRAINS.has(name)
        ? call.args.some((arg) => names.has(lastName(arg)))
        : (DRAINS_ALL.get(name)?.test(primitive) ?? false);
      if (isIt) return drainAt(body, call);
      const target = engine.lookup.direct(name, body.file);
      if (target?.kind === "function" && filesystem.owns(target.function.file)) work.push(target.function);
    }
  }
  return null;
}

function drainAt(body: Body, call: CallExpr): Drain {
  const source = { file: body.file.path, line: positionIn(body, call.at).line };
  return { label: callText(body, call), source, function: body.name };
}

/** `sbi->wq` and `&wq` both end in `wq`. */
function lastName(expr: Expr): string {
  switch (expr.k) {
    case "id":
    case "field":
      return expr.name;
    case "unary":
    case "cast":
      return lastName(expr.operand);
    case "index":
      return lastName(expr.base);
    default:
      return "";
  }
}
