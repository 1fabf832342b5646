/**
 * A parse tree copied out of the parser: plain objects that outlive the tree (nodes of a deleted tree must not be
 * touched). Punctuation is left out; tokens that carry a field name (operators) stay. Comments are dropped.
 */
import type { SyntaxCursor, SyntaxTree } from "./parser-port.ts";

export interface AstNode {
  readonly type: string;
  readonly field: string | null;
  readonly start: number;
  readonly end: number;
  readonly children: readonly AstNode[];
}

export interface Ast {
  readonly root: AstNode;
  /** Number of ERROR and MISSING nodes. */
  readonly errors: number;
}

const MAX_DEPTH = 600;

/** Copies the whole tree; nesting deeper than 600 levels is cut (and counted as an error). */
export function copyTree(tree: SyntaxTree): Ast {
  const cursor = tree.rootNode.walk();
  const counter = { errors: 0 };
  try {
    return { root: copyNode(cursor, counter, 0), errors: counter.errors };
  } finally {
    cursor.delete();
  }
}

function copyNode(cursor: SyntaxCursor, counter: { errors: number }, depth: number): AstNode {
  const type = cursor.nodeType;
  // Native cursors answer undefined where WASM's answer null.
  const field = cursor.currentFieldName ?? null;
  const start = cursor.startIndex;
  const end = cursor.endIndex;
  const children: AstNode[] = [];
  if (type === "ERROR" || cursor.nodeIsMissing) counter.errors++;
  if (depth >= MAX_DEPTH) counter.errors++;
  else if (cursor.gotoFirstChild()) {
    do {
      if (cursor.nodeIsNamed) {
        if (cursor.nodeType !== "comment") children.push(copyNode(cursor, counter, depth + 1));
      } else {
        const name = cursor.currentFieldName ?? null;
        if (name !== null)
          children.push({
            type: cursor.nodeType,
            field: name,
            start: cursor.startIndex,
            end: cursor.endIndex,
            children: [],
          });
        else if (cursor.nodeIsMissing) counter.errors++;
      }
    } while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return { type, field, start, end, children };
}

/** The first child with this field name. */
export function childByField(node: AstNode, field: string): AstNode | undefined {
  for (const child of node.children) if (child.field === field) return child;
  return undefined;
}
