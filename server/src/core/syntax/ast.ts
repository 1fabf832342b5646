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

/** Named nodes that have nothing below them but text. Not asking each for children halves the calls into the parser. */
const LEAVES = new Set([
  "identifier",
  "field_identifier",
  "type_identifier",
  "statement_identifier",
  "number_literal",
  "primitive_type",
  "string_literal",
  "char_literal",
  "comment",
  "storage_class_specifier",
  "type_qualifier",
  "true",
  "false",
  "preproc_arg",
  "preproc_directive",
  "system_lib_string",
  "break_statement",
  "continue_statement",
]);

/** Every property of a cursor is a call into the parser: ask for as few as possible. */
function copyNode(cursor: SyntaxCursor, counter: { errors: number }, depth: number): AstNode {
  const type = cursor.nodeType;
  // Native cursors answer undefined where WASM's answer null.
  const field = cursor.currentFieldName ?? null;
  const start = cursor.startIndex;
  const end = cursor.endIndex;
  // A missing node is empty: only empty ones need the question.
  if (type === "ERROR" || (start === end && cursor.nodeIsMissing)) counter.errors++;
  if (LEAVES.has(type)) return { type, field, start, end, children: NO_CHILDREN };
  const children: AstNode[] = [];
  if (depth >= MAX_DEPTH) counter.errors++;
  else if (cursor.gotoFirstChild()) {
    do {
      if (cursor.nodeIsNamed) {
        const child = copyNode(cursor, counter, depth + 1);
        if (!EXTRAS.has(child.type)) children.push(child);
        continue;
      }
      // Of the tokens only operators matter, which carry a field name.
      const name = cursor.currentFieldName ?? null;
      if (name === null) {
        if (cursor.nodeIsMissing) counter.errors++;
      } else
        children.push({
          type: cursor.nodeType,
          field: name,
          start: cursor.startIndex,
          end: cursor.endIndex,
          children: NO_CHILDREN,
        });
    } while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return { type, field, start, end, children };
}

/** May stand anywhere: comments, and directives in the middle of a construct (grammars/kernel-c/README.md). */
const EXTRAS = new Set(["comment", "preproc_fragment"]);

const NO_CHILDREN: readonly AstNode[] = [];

/** The first child with this field name. */
export function childByField(node: AstNode, field: string): AstNode | undefined {
  for (const child of node.children) if (child.field === field) return child;
  return undefined;
}
