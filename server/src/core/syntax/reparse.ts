/**
 * Incremental parsing whose result is that of a fresh parse, always. tree-sitter takes over what an edit left of the
 * old tree; where the old tree or the new one has errors, what is taken over can keep an error alive that a fresh parse
 * would not have, because the choice among recoveries depends on what was there before. Then the text is parsed afresh.
 */
import type { SyntaxParser, SyntaxTree } from "./parser-port.ts";

/**
 * `previous` must have had every edit since its own parse applied; it stays the caller's to delete.
 * Null when `shouldStop` answered true.
 */
export function reparse(
  parser: SyntaxParser,
  text: string,
  previous: SyntaxTree,
  shouldStop?: () => boolean,
): SyntaxTree | null {
  if (previous.rootNode.hasError) return parser.parse(text, undefined, shouldStop);
  const tree = parser.parse(text, previous, shouldStop);
  if (!tree?.rootNode.hasError) return tree;
  tree.delete();
  return parser.parse(text, undefined, shouldStop);
}
