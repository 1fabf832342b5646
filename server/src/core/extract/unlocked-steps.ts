/**
 * What is changed without the lock that others rely on takes two steps, so that others come in between: a word is read and
 * then written back, a list is damaged when two change it at once. With the lock it is one step.
 */
import type { Emission, Outcome } from "./lowered-step.ts";
import type { Lowering } from "./lowering.ts";
import { type Config, goOn, topOf, withoutVariable } from "./lowering-state.ts";
import { writeState } from "./store-steps.ts";
import type { Bit, Value } from "./values.ts";

/** An index by number, as a list that is shared. */
export const INDEX = "index";

/** The variable that says that somebody is in the middle of a change without the lock. */
export const changing = (link: string): string => `changing_${link}`;
export const DAMAGED = (link: string): string =>
  `two threads change the ${link === INDEX ? "index" : "list"} at the same time: it is damaged`;

/** A lock of another inode may be this one's by another name, and a lock that the model does not have may be meant instead. */
function isGuarded(config: Config, lock: string | undefined): boolean {
  if (lock === undefined || (config.others ?? 0) > 0) return true;
  return config.locks.some(({ text }) => text === lock || text.startsWith(`${lock}[`));
}

/** The number of the step that an operation of several steps is at, and the way to one of its steps or to its end. */
function progress(config: Config, name: string) {
  const frame = topOf(config);
  const at = frame.env.get(name);
  return {
    step: at?.k === "number" ? at.value : 0,
    to: (step: number): Config => goOn(config, frame.ip, name, { k: "number", value: step }),
    end: (after: Config): Config => withoutVariable(after, name),
  };
}

/** `|=`, `&=` on a word of flags: `compute` makes the new word out of the old one. `lock` guards the word. */
export function changeWord(
  lowering: Lowering,
  config: Config,
  v: string,
  { domain, lock }: { readonly domain: string; readonly lock?: string },
  compute: (old: Value) => Value,
  after: Config,
): Outcome {
  const word = lowering.evaluator.stateOf(v, domain);
  if (isGuarded(config, lock)) return writeState(lowering, config, v, "whole", compute(word), after, domain);
  const site = `%!change${lowering.siteOf(config)}`;
  const { step, to, end } = progress(config, site);
  const bits = new Map<string, Bit>();
  const reads: string[] = [];
  for (const bit of word.bits.keys()) {
    const local = lowering.local(`${site}:${bit}`, `${v}_had_${bit.replace(/\W/g, "_")}`, "number", 1);
    bits.set(bit, local);
    reads.push(`${local} = ${v}.${bit}`);
  }
  if (step === 0) return { k: "emit", do: reads.join("; "), next: to(1) };
  return writeState(lowering, config, v, "whole", compute({ ...word, bits }), end(after), domain);
}

/** `change` on a list that all threads share. `lock` guards it; absent: nobody knows what does. */
export function changeList(
  lowering: Lowering,
  config: Config,
  list: { readonly link: string; readonly lock?: string | undefined },
  change: string,
  after: Config,
): Outcome {
  return changeShared(lowering, config, list, { k: "emit", do: change, next: after });
}

/** The same where the change has more than one outcome. */
export function changeShared(
  lowering: Lowering,
  config: Config,
  list: { readonly link: string; readonly lock?: string | undefined },
  change: Emission & { readonly do: string },
): Outcome {
  if (list.lock === undefined) return change;
  const busy = changing(list.link);
  lowering.busyLists.add(busy);
  const alone = `assert(UAF, !${busy}, "${DAMAGED(list.link)}")`;
  if (isGuarded(config, list.lock)) return { ...change, do: `${alone}; ${change.do}` };
  const { step, to, end } = progress(config, `%!list${lowering.siteOf(config)}`);
  if (step === 0) return { k: "emit", do: `${alone}; ${busy} = 1`, next: to(1) };
  const { next, no } = change;
  return { ...change, do: `${change.do}; ${busy} = 0`, next: end(next), ...(no === undefined ? {} : { no: end(no) }) };
}
