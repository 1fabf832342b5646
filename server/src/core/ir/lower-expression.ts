/** Expressions of the syntax tree to IR expressions. */
import { type AstNode, childByField } from "../syntax/ast.ts";
import { type Expr, type InitEntry, type TypeName, UNKNOWN_TYPE } from "./ir.ts";

/** Lowers the statements of a statement expression `({ ... })` where they stand; returns the value of the last one. */
export type BlockLowering = (block: AstNode) => Expr;

const NOTHING: Expr = { k: "other", parts: [] };

export class ExpressionLowering {
  readonly #text: string;
  readonly #block: BlockLowering;

  constructor(text: string, block: BlockLowering) {
    this.#text = text;
    this.#block = block;
  }

  textOf(node: AstNode): string {
    return this.textBetween(node.start, node.end);
  }

  textBetween(start: number, end: number): string {
    return this.#text.slice(start, end);
  }

  lower(node: AstNode | undefined): Expr {
    if (node === undefined) return NOTHING;
    switch (node.type) {
      case "identifier":
      case "field_identifier":
      case "type_identifier":
        return { k: "id", name: this.textOf(node), at: node.start };
      case "number_literal":
      case "char_literal":
        return { k: "num", value: numberOf(this.textOf(node)) };
      case "true":
        return { k: "num", value: 1 };
      case "false":
      case "null":
        return { k: "num", value: 0 };
      case "string_literal":
      case "concatenated_string":
        return { k: "str" };
      case "parenthesized_expression":
        return this.lowerParenthesized(node);
      case "compound_statement":
        return this.#block(node);
      case "call_expression":
        return this.lowerCall(node);
      case "field_expression": {
        const field = childByField(node, "field");
        return {
          k: "field",
          base: this.lower(childByField(node, "argument")),
          name: field === undefined ? "" : this.textOf(field),
          at: field?.start ?? node.start,
        };
      }
      case "subscript_expression":
        return {
          k: "index",
          base: this.lower(childByField(node, "argument")),
          index: this.lower(childByField(node, "index")),
        };
      case "assignment_expression":
        return {
          k: "assign",
          op: this.operatorOf(node),
          left: this.lower(childByField(node, "left")),
          right: this.lower(childByField(node, "right")),
          at: node.start,
        };
      case "binary_expression":
        return {
          k: "binary",
          op: this.operatorOf(node),
          left: this.lower(childByField(node, "left")),
          right: this.lower(childByField(node, "right")),
        };
      case "unary_expression":
      case "pointer_expression":
      case "update_expression":
        return { k: "unary", op: this.operatorOf(node), operand: this.lower(childByField(node, "argument")) };
      case "conditional_expression": {
        const test = this.lower(childByField(node, "condition"));
        const yes = childByField(node, "consequence");
        return {
          k: "cond",
          test,
          yes: yes === undefined ? test : this.lower(yes),
          no: this.lower(childByField(node, "alternative")),
        };
      }
      case "cast_expression":
        return {
          k: "cast",
          type: this.typeOf(childByField(node, "type")),
          operand: this.lower(childByField(node, "value")),
        };
      case "compound_literal_expression": {
        const value = this.lower(childByField(node, "value"));
        const type = this.typeOf(childByField(node, "type"));
        return value.k === "init" ? { ...value, struct: type.struct } : value;
      }
      case "initializer_list":
        return { k: "init", struct: null, entries: node.children.map((child) => this.lowerInitializer(child)) };
      case "type_descriptor":
      case "primitive_type":
      case "sized_type_specifier":
      case "struct_specifier":
        return { k: "type", type: this.typeOf(node) };
      case "sizeof_expression":
      case "alignof_expression":
      case "offsetof_expression":
        return NOTHING;
      default:
        return { k: "other", parts: node.children.map((child) => this.lower(child)) };
    }
  }

  private lowerParenthesized(node: AstNode): Expr {
    const [first] = node.children;
    if (node.children.length === 1 && first!.type !== "ERROR") return this.lower(first);
    const inner = node.children.filter((child) => child.type !== "ERROR");
    return inner.length === 1 ? this.lower(inner[0]) : { k: "other", parts: inner.map((child) => this.lower(child)) };
  }

  private lowerCall(node: AstNode): Expr {
    const list = childByField(node, "arguments");
    return {
      k: "call",
      callee: this.lower(childByField(node, "function")),
      args: (list?.children ?? []).map((child) => this.lower(child)),
      at: node.start,
      end: node.end,
    };
  }

  private lowerInitializer(node: AstNode): InitEntry {
    if (node.type !== "initializer_pair") return { field: null, value: this.lower(node) };
    const designator = childByField(node, "designator");
    const name = designator?.type === "field_designator" ? this.textOf(designator).replace(/^\.\s*/, "") : null;
    return { field: name, value: this.lower(childByField(node, "value")) };
  }

  private operatorOf(node: AstNode): string {
    const operator = childByField(node, "operator");
    return operator === undefined ? "" : this.textOf(operator);
  }

  /** The type that a type descriptor, or the `type` field of a declaration, names. */
  typeOf(node: AstNode | undefined): TypeName {
    if (node === undefined) return UNKNOWN_TYPE;
    switch (node.type) {
      case "type_descriptor": {
        const base = this.typeOf(childByField(node, "type"));
        const declarator = childByField(node, "declarator");
        return declarator === undefined ? base : { ...base, pointers: base.pointers + starsOf(declarator) };
      }
      case "struct_specifier":
      case "union_specifier": {
        const name = childByField(node, "name");
        return { struct: name === undefined ? null : this.textOf(name), isTypedef: false, pointers: 0, scalar: null };
      }
      case "type_identifier":
      case "identifier": {
        const name = this.textOf(node);
        return { struct: name, isTypedef: true, pointers: 0, scalar: name };
      }
      default:
        return { struct: null, isTypedef: false, pointers: 0, scalar: this.textOf(node) };
    }
  }
}

function starsOf(declarator: AstNode): number {
  let stars = 0;
  for (let node: AstNode | undefined = declarator; node !== undefined; ) {
    if (node.type.endsWith("pointer_declarator")) stars++;
    node = childByField(node, "declarator") ?? node.children.find((child) => child.type.endsWith("_declarator"));
  }
  return stars;
}

/** The declared name and the number of `*` (and `[]`) of a declarator; a function pointer counts as one. */
export function unwrapDeclarator(declarator: AstNode): { name: AstNode | undefined; pointers: number } {
  let pointers = 0;
  let node: AstNode | undefined = declarator;
  while (node !== undefined) {
    if (node.type === "identifier" || node.type === "field_identifier" || node.type === "type_identifier")
      return { name: node, pointers };
    if (node.type.endsWith("pointer_declarator") || node.type.endsWith("array_declarator")) pointers++;
    const inner: AstNode | undefined =
      childByField(node, "declarator") ??
      node.children.find((child) => child.type.endsWith("declarator") || child.type.endsWith("identifier"));
    node = inner;
  }
  return { name: undefined, pointers };
}

/** `int f(void)`, with stars or annotations around it; not `int (*f)(void)`, which is a variable. */
export function declaresFunction(declarator: AstNode): boolean {
  const inner = childByField(declarator, "declarator");
  if (declarator.type === "function_declarator") return inner?.type === "identifier";
  return inner !== undefined && /^(pointer|attributed)_declarator$/.test(declarator.type) && declaresFunction(inner);
}

/** The value of a C integer or character literal; NaN when it is too large or floating. */
export function numberOf(text: string): number {
  if (text.startsWith("'")) return text.length === 3 ? text.charCodeAt(1) : Number.NaN;
  const digits = text.replace(/[uUlLzZ]+$/, "");
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}
