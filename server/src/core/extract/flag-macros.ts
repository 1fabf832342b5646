/** Macros of the tree's own that or flags together: `#define I_DYING (I_FREEING | I_WILL_FREE)`. */
import type { ExtractionTree } from "./lowering-request.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Bytes; a longer definition is no handful of flags. */
const MAX_DEFINITION = 1000;

/** Its flags; `files` takes the file that has it. Null where the name is no such macro, or one of several. */
export function flagsOfMacro(
  { program, bodies }: ExtractionTree,
  vocabulary: Vocabulary,
  name: string,
  files: Set<string>,
): readonly string[] | null {
  if (!/^[A-Z][A-Z0-9_]+$/.test(name)) return null;
  const [macro, another] = program.macrosNamed(name).filter(({ span }) => !span.functionLike);
  if (macro === undefined || another !== undefined || !vocabulary.follows(macro.file.path)) return null;
  const { parameters, end } = macro.span;
  if (end - parameters > MAX_DEFINITION) return null;
  const flags = bodies
    .textOf(macro.file, parameters, end)
    .replace(/\/\*.*?\*\/|\\\n/gs, " ")
    // Names alone, or-ed, in brackets or not.
    .replace(/^[\s(]+|[\s)]+$/g, "")
    .split("|")
    .map((each) => each.replace(/\s/g, ""));
  if (!flags.every((each) => /^[A-Z_]\w*$/.test(each))) return null;
  files.add(macro.file.path);
  return flags;
}
