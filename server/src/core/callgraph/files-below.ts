/** The files of one folder among all of a program's, without a look at each. */
import type { Program, SourceFile } from "./program.ts";

/** Those that stand in `directory` ("" is the root) or in a folder in it, in the program's order. */
export function filesBelow(directory: string, { filesInOrder }: Program): readonly SourceFile[] {
  if (directory === "") return filesInOrder;
  const prefix = `${directory.replaceAll("/", "\0")}\0`;
  let from = 0;
  for (let end = filesInOrder.length; from < end; ) {
    const middle = (from + end) >> 1;
    if (filesInOrder[middle]!.order < prefix) from = middle + 1;
    else end = middle;
  }
  let to = from;
  while (to < filesInOrder.length && filesInOrder[to]!.order.startsWith(prefix)) to++;
  return filesInOrder.slice(from, to);
}
