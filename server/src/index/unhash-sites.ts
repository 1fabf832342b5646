/** Every call of remove_inode_hash() and __remove_inode_hash() in the tree: in code, not in comments or strings. */
import type { SourceFile } from "../core/callgraph/program.ts";
import type { UnhashSite } from "../core/report/finding.ts";
import { WordSearch } from "../core/text/word-search.ts";

export const UNHASH_WORD = "remove_inode_hash";
const DECODER = new TextDecoder("utf-8");
let search: WordSearch | null = null;

/** The calls in one file, in source order. `bytes` are the file's. */
export function findUnhashSites(file: SourceFile, bytes: Uint8Array): UnhashSite[] {
  search ??= new WordSearch([UNHASH_WORD]);
  if (!search.holdsOne(bytes)) return [];
  const sites: UnhashSite[] = [];
  for (const fn of file.functions) {
    const { nameStart, body, end, line } = fn.span;
    const text = blankComments(DECODER.decode(bytes.subarray(nameStart, end)));
    const from = body - nameStart;
    for (const match of text.matchAll(/\b(_*remove_inode_hash)\s*\(/g)) {
      if (match.index < from) continue;
      sites.push({ function: fn.name, file: file.path, line: line + countLines(text, match.index), call: match[1]! });
    }
  }
  return sites;
}

/** Comments, strings and characters become blanks of the same length. */
export function blankComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?(\*\/|$)|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (match) =>
    match.replace(/[^\n]/g, " "),
  );
}

function countLines(text: string, to: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
