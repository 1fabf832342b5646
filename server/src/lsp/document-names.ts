/**
 * What a document is called in its tree, where the disk takes names in any case: two spellings of one file must not count
 * as two files. A workspace folder keeps the spelling that its editor uses; below it counts the disk's.
 */
import { canonicalUri, pathIn, uriOf } from "../service/tree-location.ts";

export type TrueUri = (uri: string) => Promise<string>;

/** The name of the document at `uri`. `folders`: the workspace's, as the editor writes them. */
export async function nameOf(uri: string, folders: readonly string[], trueUri: TrueUri): Promise<string> {
  const name = canonicalUri(await trueUri(uri));
  // The innermost folder first.
  for (const folder of folders.toSorted((a, b) => b.length - a.length)) {
    if (pathIn(folder, name) !== null) return name;
    const path = pathIn(canonicalUri(await trueUri(folder)), name);
    if (path !== null) return uriOf(folder, path);
  }
  return name;
}

/** How the editor writes the open documents that it calls otherwise than the tree does, by their names there. */
export class Spellings {
  readonly #byName = new Map<string, string>();

  open(uri: string, name: string): void {
    if (canonicalUri(uri) !== name) this.#byName.set(name, uri);
  }

  close(uri: string): void {
    for (const [name, spelling] of this.#byName) if (spelling === uri) this.#byName.delete(name);
  }

  of(name: string): string {
    return this.#byName.get(name) ?? name;
  }
}
