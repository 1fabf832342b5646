/** evictscope.json at a tree's root: what out-of-tree code's own functions do. Checked line by line; a bad entry is named and left out. */
import { EFFECT_KINDS, type EffectKind, type FunctionEntry, type KnowledgeData } from "../core/knowledge/knowledge.ts";
import type { TreeProblem } from "../core/report/finding.ts";
import { oneLine } from "../core/text/one-line.ts";

const FILE = "evictscope.json";
const MAX_BYTES = 1 << 20;
const MAX_ENTRIES = 10_000;
const NAME = /^[A-Za-z_]\w{0,127}$/;

/** Null when nothing of the file can be used; what is wrong goes to `problems`, with the entry's index. */
export function readUserKnowledge(bytes: Uint8Array, problems: TreeProblem[]): KnowledgeData | null {
  const say = (message: string): void => void problems.push({ file: FILE, message });
  if (bytes.length > MAX_BYTES) {
    say(`larger than ${MAX_BYTES} bytes: not read`);
    return null;
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8").decode(bytes));
  } catch (error) {
    // The message cites the text around the place, with its line ends.
    say(`not JSON: ${oneLine((error as Error).message)}`);
    return null;
  }
  const list = isObject(json) ? json.functions : undefined;
  if (!Array.isArray(list)) {
    say('"functions" must be an array');
    return null;
  }
  const functions: FunctionEntry[] = [];
  list.slice(0, MAX_ENTRIES).forEach((each, index) => {
    const problem = problemOf(each);
    if (problem === null) functions.push({ ...(each as FunctionEntry), source: FILE });
    else say(`functions[${index}]: ${problem}`);
  });
  return { functions };
}

function problemOf(entry: unknown): string | null {
  if (!isObject(entry)) return "must be an object";
  const { names, effects, gfp, lockArgument, callback, follow, inert, what } = entry;
  if (
    !Array.isArray(names) ||
    names.length === 0 ||
    !names.every((name) => typeof name === "string" && NAME.test(name))
  )
    return '"names" must be an array of C identifiers';
  if (
    effects !== undefined &&
    (!Array.isArray(effects) || !effects.every((kind) => EFFECT_KINDS.includes(kind as EffectKind)))
  )
    return `"effects" must be an array of: ${EFFECT_KINDS.join(", ")}`;
  for (const [name, value] of Object.entries({ gfp, lockArgument, callback }))
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 0 && (value as number) < 32))
      return `"${name}" must be an argument's index (0 to 31)`;
  for (const [name, value] of Object.entries({ follow, inert }))
    if (value !== undefined && typeof value !== "boolean") return `"${name}" must be true or false`;
  if (what !== undefined && (typeof what !== "string" || what.length > 200)) return '"what" must be a short text';
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
