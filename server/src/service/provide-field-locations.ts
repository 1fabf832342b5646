/** Go to implementations of a field of a table of methods, and its references: what clangd cannot tell from types. */
import type { Location } from "vscode-languageserver";
import type { FieldBindingSite, FieldUse } from "../core/query/queries.ts";
import { spanRange, uriOf } from "./tree-location.ts";
import { locationOf } from "./tree-span.ts";

/** A choice of the functions that filesystems bind; where the tree has no definition, the binding itself. */
export function provideImplementations(root: string, sites: readonly FieldBindingSite[]): Location[] {
  const seen = new Set<string>();
  const locations: Location[] = [];
  for (const site of sites) {
    const { file, span } = site.definition ?? site.binding;
    const key = `${file}:${span.line}`;
    if (seen.has(key)) continue;
    seen.add(key);
    locations.push(locationOf(root, file, span));
  }
  return locations;
}

export function provideReferences(root: string, uses: readonly FieldUse[]): Location[] {
  return uses.map(({ file, span }) => ({ uri: uriOf(root, file), range: spanRange(span) }));
}
