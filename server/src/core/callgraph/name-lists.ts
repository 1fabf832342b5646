/** Lists of what has one name, by the number of the name. */
import type { SourceFile } from "./program.ts";

/** Adds in the order of files: which of several definitions wins must not depend on which was read or edited last. */
export function push<T extends { readonly file: SourceFile }>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) {
    map.set(key, [value]);
    return;
  }
  const { order } = value.file;
  let at = list.length;
  while (at > 0 && list[at - 1]!.file.order > order) at--;
  if (at === list.length) list.push(value);
  else list.splice(at, 0, value);
}

/** Takes out those of a file, or of these some. */
export function drop<T extends { readonly file: SourceFile }>(
  map: Map<number, T[]>,
  key: number,
  file: SourceFile,
  isGone: (each: T) => boolean = () => true,
): void {
  const list = map.get(key);
  if (list === undefined) return;
  const rest = list.filter((each) => each.file !== file || !isGone(each));
  if (rest.length === 0) map.delete(key);
  else map.set(key, rest);
}
