/** How the disk writes a path, where it takes names in any case (macOS, Windows). */
import { readdirSync } from "node:fs";
import { parse, sep } from "node:path";

/** The names in a folder; null when it cannot be read. */
export type ListFolder = (folder: string) => readonly string[] | null;

/**
 * `path` (absolute) with each name as its folder has it. A name that the folder has as it is written stays, whatever else
 * there is: so nothing changes where case tells files apart. So does one that the folder does not have, or has twice.
 * Links are names, too: they are not followed.
 */
export function truePath(path: string, list: ListFolder = listFolder): string {
  const { root } = parse(path);
  let known = root;
  const names = path.slice(root.length).split(sep);
  for (const [at, name] of names.entries()) {
    const there = name === "" ? null : list(known);
    const found = there === null ? undefined : nameIn(there, name);
    // Below what the disk does not have it has nothing.
    if (found === undefined) return join(known, names.slice(at));
    known = join(known, [found]);
  }
  return known;
}

function nameIn(names: readonly string[], wanted: string): string | undefined {
  if (names.includes(wanted)) return wanted;
  const folded = fold(wanted);
  const alike = names.filter((name) => fold(name) === folded);
  return alike.length === 1 ? alike[0] : undefined;
}

/** macOS keeps accents apart from their letters. */
function fold(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function join(folder: string, names: readonly string[]): string {
  return `${folder.endsWith(sep) ? folder : folder + sep}${names.join(sep)}`;
}

function listFolder(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder);
  } catch {
    return null;
  }
}
