/** Which steps of a function can run, given what is known of its arguments and of the task. */
import type { Env } from "../analysis/env.ts";
import type { Expansion, Interpreter } from "../analysis/interpreter.ts";

export function reachableSteps(interpreter: Interpreter, { body, args, mode }: Expansion): ReadonlySet<number> {
  const envs = new Map<number, Env>([[body.ir.entry, interpreter.entryEnv(body, args)]]);
  const work = [body.ir.entry];
  while (work.length > 0) {
    const at = work.pop()!;
    for (const [target, env] of interpreter.successors(body.ir.steps[at]!, envs.get(at)!, body, mode)) {
      if (target < 0) continue;
      const before = envs.get(target);
      const after = before === undefined ? env : before.join(env);
      if (before !== undefined && after === before) continue;
      envs.set(target, after);
      work.push(target);
    }
  }
  return new Set(envs.keys());
}
