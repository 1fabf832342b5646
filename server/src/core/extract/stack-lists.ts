/** Lists of inodes on a thread's stack: LIST_HEAD(dispose). */
import type { Lowering } from "./lowering.ts";
import { listFlag } from "./slot-walks.ts";
import type { Value } from "./values.ts";

/** Prefix of the flags of a list on the stack: one local for each slot. */
export function listOnStack(lowering: Lowering, value: Value): string | null {
  if (value.k !== "name") return null;
  const key = `${value.frame}/${value.name}`;
  let prefix = lowering.lists.get(key);
  if (prefix === undefined) {
    const taken = new Set(lowering.lists.values());
    prefix = value.name.replace(/\W/g, "_");
    for (let i = 2; taken.has(prefix); i++) prefix = `${value.name}_${i}`;
    lowering.lists.set(key, prefix);
    for (let i = 0; i < lowering.request.slots; i++) {
      const name = listFlag(prefix, i);
      lowering.locals.set(name, { name, max: 1 });
    }
  }
  return prefix;
}
