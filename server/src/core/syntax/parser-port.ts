/**
 * The one interface between the analysis and a tree-sitter parser. Native tree-sitter (Node) and web-tree-sitter
 * (WASM) both implement it; the trees they give are the same, node by node.
 */

/** What both bindings' nodes have in common, as far as the analysis uses it. Offsets are UTF-16 units into the text. */
export interface SyntaxNode {
  readonly id: number;
  readonly type: string;
  readonly isNamed: boolean;
  readonly isError: boolean;
  readonly isMissing: boolean;
  readonly hasError: boolean;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly childCount: number;
  child(index: number): SyntaxNode | null;
  childForFieldName(name: string): SyntaxNode | null;
  walk(): SyntaxCursor;
}

export interface SyntaxCursor {
  readonly nodeType: string;
  readonly nodeIsNamed: boolean;
  readonly nodeIsMissing: boolean;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly currentFieldName: string | null;
  gotoFirstChild(): boolean;
  gotoNextSibling(): boolean;
  gotoParent(): boolean;
  /** Frees WASM memory; a no-op on native. */
  delete(): void;
}

export interface SyntaxTree {
  readonly rootNode: SyntaxNode;
  edit(edit: SyntaxEdit): void;
  /** Trees live in WASM memory that is not garbage collected: whoever parsed deletes. */
  delete(): void;
}

export interface SyntaxPoint {
  readonly row: number;
  readonly column: number;
}

export interface SyntaxEdit {
  readonly startIndex: number;
  readonly oldEndIndex: number;
  readonly newEndIndex: number;
  readonly startPosition: SyntaxPoint;
  readonly oldEndPosition: SyntaxPoint;
  readonly newEndPosition: SyntaxPoint;
}

export interface SyntaxParser {
  readonly kind: "native" | "wasm";
  /**
   * Parses `text`; `previous` must have had every edit since its own parse applied.
   * Returns null only when `shouldStop` answered true.
   */
  parse(text: string, previous?: SyntaxTree, shouldStop?: () => boolean): SyntaxTree | null;
  delete(): void;
}
